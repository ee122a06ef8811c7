# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import (
    reg_delete,
    store_copy,
    store_remove,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._placement import (
    found,
    key_opened,
    key_problems,
    place,
    store_of,
    store_problems,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.journal import REQUESTS

from tests.unit.mint import NOW, ec_key, mint, rsa_key
from tests.unit.request_host import CSP, HOST_2003, csr, dummy, windows_pem

ROOT = mint("Root", ca=True)
NEW = mint("www.example.com", issuer=ROOT, names=["www.example.com"])
OLD = mint("www.example.com", issuer=ROOT, key=NEW.key, not_before=NOW.replace(year=NOW.year - 1))
HOST = HostInfo("WEB01", "10.0.20348", "", "5.1", "4.0", "FullLanguage", "en-US", r"C:\Windows", NOW, True, frozenset())
ANSWER = (ROOT.certificate, NEW.certificate)

WAITING = PersonalCertificate("REQUEST", mint("request", key=NEW.key).certificate, True, True, "my request", key_spec=1)
BEFORE = PersonalCertificate("MY", OLD.certificate, True, False)
IN_MY = PersonalCertificate("MY", NEW.certificate, True)
IN_WEB = PersonalCertificate("WebHosting", NEW.certificate, True)
KEYLESS = dataclasses.replace(IN_MY, has_private_key=False)
OTHER = PersonalCertificate("MY", mint("other").certificate, True)


def snapshot(*personal: PersonalCertificate) -> Snapshot:
    return Snapshot(HOST, Journal(), personal=personal, nonce="0a1b")


@pytest.mark.parametrize(
    ("personal", "matched", "entry"),
    [
        ([OTHER, WAITING], "pending request", WAITING),
        ([OTHER, BEFORE], "reissue", BEFORE),
        ([BEFORE, WAITING], "pending request", WAITING),
        ([WAITING, IN_MY], "installed", IN_MY),
        ([BEFORE, IN_WEB], "installed", IN_WEB),
        ([KEYLESS, WAITING], "pending request", WAITING),
    ],
)
def test_where_the_key_is(personal: list[PersonalCertificate], matched: str, entry: PersonalCertificate) -> None:
    origin = found(ANSWER, personal)
    assert (origin.leaf, origin.matched, origin.entry) == (NEW.certificate, matched, entry)


@pytest.mark.parametrize("personal", [[], [OTHER], [KEYLESS], [dataclasses.replace(WAITING, has_private_key=False)]])
def test_no_key_for_it(personal: list[PersonalCertificate]) -> None:
    with pytest.raises(TlsOpsError, match="private key of this host"):
        found(ANSWER, personal)


def test_a_request_that_the_wizard_of_iis_made_is_found_by_its_key_alone() -> None:
    """Another subject than the certificate's, no names, a CSP's key, no copy of it anywhere."""
    key = rsa_key()
    waiting = dummy(
        key, ["www"], bare=True, common_name="www", provider=CSP, key_spec=1, friendly_name="Default Web Site"
    )
    leaf = mint("www.example.com", issuer=ROOT, names=["www.example.com"], key=key).certificate
    here = dataclasses.replace(snapshot(OTHER, waiting), host=HOST_2003)
    origin = found((leaf,), here.personal or ())
    assert (origin.leaf, origin.matched, origin.entry) == (leaf, "pending request", waiting)
    placed = place(origin, "MY", here)
    assert placed.personal == (OTHER, dataclasses.replace(waiting, store="MY", certificate=leaf))
    assert placed.changes[0].closing == ()


def test_the_pending_requests_are_named() -> None:
    waiting = dataclasses.replace(WAITING, certificate=mint("mail.example.com").certificate)
    with pytest.raises(TlsOpsError) as error:
        found(ANSWER, [waiting])
    assert "'mail.example.com'" in error.value.hint


def test_an_answer_for_two_pending_requests_is_refused() -> None:
    second = mint("mail.example.com", issuer=ROOT)
    waiting = PersonalCertificate("REQUEST", mint("request", key=second.key).certificate, True)
    with pytest.raises(TlsOpsError, match=r"several|2 certificates"):
        found((NEW.certificate, second.certificate), [WAITING, waiting])


def test_accepted_into_my() -> None:
    placed = place(found(ANSWER, [OTHER, WAITING]), "MY", snapshot(OTHER, WAITING))
    (change,) = placed.changes
    assert [each.name for each in change.operations] == ["reg.write", "file.write", "run", "file.delete", "reg.delete"]
    assert change.where == rf"MY\{NEW.thumbprint}"
    assert "names www.example.com" in change.after
    assert placed.personal == (OTHER, dataclasses.replace(WAITING, store="MY", certificate=NEW.certificate))


def test_the_copy_of_the_answered_request_goes_in_the_end() -> None:
    requests = {"mine": windows_pem(csr(NEW.key, ["a"])), "other": windows_pem(csr(ec_key(), ["b"])), "junk": b"?"}
    here = dataclasses.replace(snapshot(WAITING), journal=Journal(requests=requests))
    placed = place(found(ANSWER, [WAITING]), "WebHosting", here)
    assert placed.changes[0].closing == (reg_delete(REQUESTS, "mine"),)
    assert set(placed.journal.requests) == {"other", "junk"}
    there = dataclasses.replace(here, personal=(IN_MY,))
    assert place(found(ANSWER, [IN_MY]), "MY", there).journal == here.journal


def test_a_reissue_leaves_the_older_certificate() -> None:
    placed = place(found(ANSWER, [BEFORE]), "MY", snapshot(BEFORE))
    assert placed.personal == (BEFORE, dataclasses.replace(BEFORE, certificate=NEW.certificate))
    assert "-machine" in [value for _other, value in placed.changes[0].operations[2].arguments]


def test_server_2003_links_the_key_of_a_reissue_by_another_way() -> None:
    for there, undone in ((BEFORE,), 1), ((BEFORE, KEYLESS), 0):
        here = dataclasses.replace(snapshot(*there), host=HOST_2003)
        placed = place(found(ANSWER, there), "MY", here)
        (change,) = placed.changes
        assert [each.name for each in change.operations] == ["reg.read", "store.add", "run"][not undone :]
        assert (len(change.operations[-2].undo), change.permanent) == (undone, "")
        assert placed.personal == (BEFORE, dataclasses.replace(BEFORE, certificate=NEW.certificate))


def test_server_2003_completes_a_pending_request_with_certreq() -> None:
    (change,) = place(found(ANSWER, [WAITING]), "MY", dataclasses.replace(snapshot(WAITING), host=HOST_2003)).changes
    arguments = [value for name, value in change.operations[2].arguments if name == "argument"]
    assert arguments[0] == "-accept"
    assert len(arguments) == 2
    assert change.permanent.endswith("its pending request is completed")


def test_one_that_lay_there_without_its_key_has_it_then() -> None:
    placed = place(found(ANSWER, [KEYLESS, WAITING]), "MY", snapshot(KEYLESS, WAITING))
    assert [(one.store, one.has_private_key) for one in placed.personal] == [("MY", True)]


def test_into_web_hosting_by_way_of_my() -> None:
    placed = place(found(ANSWER, [WAITING]), "WebHosting", snapshot(WAITING))
    assert [each.where.split("\\")[0] for each in placed.changes] == ["MY", "WebHosting"]
    look, copy = placed.changes[1].operations
    assert (look.name, look.undo) == ("reg.read", ())
    assert copy.arguments == store_copy("MY", "WebHosting", NEW.thumbprint).arguments
    assert copy.undo == (store_remove("WebHosting", NEW.thumbprint),)
    assert {one.store for one in placed.personal} == {"MY", "WebHosting"}


@pytest.mark.parametrize(("there", "wanted"), [(IN_MY, "WebHosting"), (IN_WEB, "MY")])
def test_from_one_store_to_the_other(there: PersonalCertificate, wanted: str) -> None:
    (change,) = place(found(ANSWER, [there]), wanted, snapshot(there)).changes
    assert change.operations[1].arguments == store_copy(there.store, wanted, NEW.thumbprint).arguments


def test_installed_already() -> None:
    placed = place(found(ANSWER, [IN_MY, WAITING]), "MY", snapshot(IN_MY, WAITING))
    assert placed.changes == ()
    assert placed.personal == (IN_MY, WAITING)


@pytest.mark.parametrize(
    ("version", "key", "fine"),
    [("5.2.3790", "rsa", True), ("5.2.3790", "ecdsa", False), ("6.1.7601", "ecdsa", True)],
)
def test_server_2003_holds_rsa_keys_only(version: str, key: str, fine: bool) -> None:
    leaf = mint("www.example.com", key=rsa_key() if key == "rsa" else ec_key()).certificate
    problems = key_problems(leaf, dataclasses.replace(HOST, os_version=version))
    assert (problems == []) is fine
    assert fine or "Windows Server 2003 holds RSA keys only: take one with an RSA key" in problems[0]


@pytest.mark.parametrize(
    ("version", "fine"), [("6.1.7601", False), ("6.2.9200", True), ("10.0.20348", True), ("", False)]
)
def test_web_hosting_came_with_server_2012(version: str, fine: bool) -> None:
    host = dataclasses.replace(HOST, os_version=version)
    assert (store_problems("WebHosting", host) == []) is fine
    assert store_problems("MY", host) == []


def test_what_stays_is_said_of_what_certreq_does_alone() -> None:
    asked, copied = place(found(ANSWER, [WAITING]), "WebHosting", snapshot(WAITING)).changes
    assert asked.permanent.endswith("stays in MY and its pending request is completed")
    assert copied.permanent == ""
    (again,) = place(found(ANSWER, [BEFORE]), "MY", snapshot(BEFORE)).changes
    assert again.permanent.endswith("stays in MY")


def test_a_key_that_opened_tells_its_provider() -> None:
    opened = dataclasses.replace(IN_MY, provider="Microsoft Software Key Storage Provider")
    assert key_opened(NEW.certificate, "my", [BEFORE, opened])
    assert not key_opened(NEW.certificate, "MY", [IN_MY, dataclasses.replace(opened, has_private_key=False)])
    assert not key_opened(NEW.certificate, "WebHosting", [opened])


def endpoint(site: str, store: str, **values: Any) -> Endpoint:
    base = Endpoint(f"hostnameport={site}:443", "0.0.0.0", 443, site, (site,), "iis", "AB" * 20, store)
    return dataclasses.replace(base, **values)


@pytest.mark.parametrize(
    ("sites", "endpoints", "store"),
    [
        (["Shop"], [endpoint("shop", "webhosting"), endpoint("other", "My")], "WebHosting"),
        (["shop"], [endpoint("Shop", "My")], "MY"),
        (["shop", "other"], [endpoint("shop", "WebHosting"), endpoint("other", "WebHosting")], "WebHosting"),
        (["shop"], [endpoint("shop", "WebHosting", thumbprint="")], "MY"),
        (["shop"], [endpoint("shop", "WebHosting", owner="central_store")], "MY"),
        (["shop"], [], "MY"),
    ],
)
def test_the_store_that_the_sites_use(sites: list[str], endpoints: list[Endpoint], store: str) -> None:
    assert store_of(Iis7((), tuple(endpoints)), sites) == (store, [])


@pytest.mark.parametrize(
    ("endpoints", "names"),
    [
        ([endpoint("shop", "WebHosting"), endpoint("shop", "MY", selector="ipport=0.0.0.0:443")], "MY and WebHosting"),
        ([endpoint("shop", "Remote Desktop")], "Remote Desktop"),
    ],
)
def test_a_store_that_cannot_be_derived(endpoints: list[Endpoint], names: str) -> None:
    store, (problem,) = store_of(Iis7((), tuple(endpoints)), ["shop"])
    assert store == "MY"
    assert f"from {names}: name the store" in problem
