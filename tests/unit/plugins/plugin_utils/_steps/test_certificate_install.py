# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Query, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate, Stores
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding, Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import certificate_install
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.certificate_install import CertificateInstall
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.stores import PLACES, with_blob

from tests.unit.mint import NOW, mint, rsa_key

OLD_ROOT = mint("Old Root", ca=True)
NEW_ROOT = mint("New Root", ca=True)
CROSS = mint("New Root", issuer=OLD_ROOT, key=NEW_ROOT.key, ca=True)
ISSUER = mint("Issuing CA", issuer=NEW_ROOT, ca=True)
LEAF = mint("www.example.com", issuer=ISSUER, names=["www.example.com", "10.0.0.1"])
MAIL = f"Dear customer,\n\n{NEW_ROOT.pem}{LEAF.pem}{ISSUER.pem}{CROSS.pem}"
OTHER = mint("other.example.com", issuer=ISSUER, names=["other.example.com"])

HOST = HostInfo("WEB01", "10.0.20348", "", "5.1", "4.0", "FullLanguage", "en-US", r"C:\Windows", NOW, True, frozenset())
WAITING = PersonalCertificate("REQUEST", mint("request", key=LEAF.key).certificate, True)
ROOT_KEY = next(place.key for place in PLACES if (place.store, place.physical) == ("Root", "Registry"))
STORES = with_blob(Stores((), True), rf"{ROOT_KEY}\{OLD_ROOT.thumbprint}", Blob.of(OLD_ROOT.der).encode())

RENEWAL = Site("2", "Renewal", "stopped", (Binding("https", "*:8443:"),))
SHOP = Site("1", "Shop", "started", (Binding("https", "*:443:shop.example.com"), Binding("https", "*:443:")))
PRODUCTION = Endpoint("ipport=0.0.0.0:443", "0.0.0.0", 443, "", ("Shop",), "iis", "AB" * 20)
OWN = Endpoint("ipport=0.0.0.0:8443", "0.0.0.0", 8443, "", ("Renewal",), "iis")
WEB = Iis7((RENEWAL, SHOP), (PRODUCTION, OWN))
SNAPSHOT = Snapshot(HOST, Journal(), STORES, (WAITING,), web=WEB, nonce="0a1b")


class NoFiles:
    def resolve(self, path: str) -> str:
        return path

    def read(self, path: str) -> bytes | None:  # noqa: ARG002
        return None


def step(answer: str = MAIL, **arguments: Any) -> CertificateInstall:
    values = {name: option.get("default") for name, option in certificate_install.ARGUMENTS.items()}
    return CertificateInstall.from_arguments({**values, "answer": answer, **arguments}, NoFiles())  # type: ignore[arg-type]


def names(plan: Plan) -> list[str]:
    return [operation.name for change in plan.changes for operation in change.operations]


def test_it_always_asks_for_the_web_server() -> None:
    """It says what no site can serve, also where no site is named (Server 2003 without the hotfix for SHA-2)."""
    for asked in (step(), step(for_sites=["Shop"]), step(renewal_site="Renewal")):
        assert asked.queries() == {Query.STORES, Query.PERSONAL, Query.WEB}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"port": 0}, "between 1 and 65535"),
        ({"port": 65536}, "between 1 and 65535"),
        ({"bind": True}, "bind needs renewal_site"),
        ({"answer": None}, "answer and answer_path"),
        ({"answer": None, "answer_path": "/nowhere"}, "no file /nowhere"),
        ({"answer": "hello"}, "no certificate"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(TlsOpsError, match=message):
        step(**arguments)


ADDED = ("reg.read", "store.add")


def test_intermediates_first_then_the_leaf_and_nothing_is_left_behind() -> None:
    plan = step().plan(SNAPSHOT)
    assert names(plan) == [*ADDED, *ADDED, "reg.write", "file.write", "run", "file.delete", "reg.delete"]
    added = [dict(each.operations[1].arguments)["certificate"] for each in plan.changes[:2]]
    assert set(added) == {ISSUER.der, CROSS.der}
    assert [proof.name for proof in plan.proofs] == ["private_key"]


def test_the_result_says_what_was_taken_and_what_was_left() -> None:
    plan = step().plan(SNAPSHOT)
    result = json.loads(json.dumps(plan.result))
    assert result["thumbprint"] == LEAF.thumbprint
    assert result["names"] == ["www.example.com", "10.0.0.1"]
    assert result["not_after"] == LEAF.certificate.not_after.isoformat()
    assert (result["matched"], result["store"], result["endpoints"]) == ("pending request", "MY", [])
    assert [each["added"] for each in result["intermediates"]] == [True, True]
    root = {"thumbprint": NEW_ROOT.thumbprint, "subject": "CN=New Root", "reason": "self-signed"}
    assert result["left_out"] == [root]
    assert plan.findings == (f"'New Root' ({NEW_ROOT.thumbprint}) of the CA's answer was left out: self-signed.",)


def test_a_second_plan_on_the_host_as_it_will_be_has_nothing_to_do() -> None:
    install = step(renewal_site="Renewal", bind=True, port=8443)
    first = install.plan(SNAPSHOT)
    assert first.changes
    second = install.plan(first.snapshot)
    assert not second.changes
    assert second.result["matched"] == "installed"
    assert [each["added"] for each in second.result["intermediates"]] == [False, False]
    assert first.snapshot.personal == second.snapshot.personal
    assert [one.store for one in first.snapshot.personal or ()] == ["MY"]


def test_a_key_that_did_not_open_is_proven_in_every_run() -> None:
    there = PersonalCertificate("MY", LEAF.certificate, True)
    opened = dataclasses.replace(there, provider="Microsoft Software Key Storage Provider")
    first = step().plan(SNAPSHOT)
    assert not first.prove_always
    after = first.snapshot
    for one, proven in ((there, True), (opened, False)):
        plan = step().plan(dataclasses.replace(after, personal=(one,)))
        assert (plan.changes_anything, plan.prove_always) == (False, proven)
        assert [proof.name for proof in plan.proofs] == ["private_key"]
    assert step().plan(dataclasses.replace(after, personal=(opened,), prove_all=True)).prove_always


def test_missing_intermediates_come_with_a_certificate_that_is_there() -> None:
    there = PersonalCertificate("MY", LEAF.certificate, True)
    assert names(step().plan(dataclasses.replace(SNAPSHOT, personal=(there,)))) == [*ADDED, *ADDED]


def test_the_renewal_site_is_bound_on_its_own_port() -> None:
    plan = step(renewal_site="renewal", bind=True, port=8443).plan(SNAPSHOT)
    assert plan.result["endpoints"] == ["ipport=0.0.0.0:8443"]
    assert plan.changes[-1].where == "ipport=0.0.0.0:8443"
    assert plan.snapshot.web is not None
    after = {each.selector: each.thumbprint for each in plan.snapshot.web.endpoints}
    assert after == {PRODUCTION.selector: PRODUCTION.thumbprint, OWN.selector: LEAF.thumbprint}


def test_production_is_never_swapped_in_passing() -> None:
    with pytest.raises(TlsOpsError, match=r"ipport=0.0.0.0:443 also serves 'Shop'.*[Nn]ame another port"):
        step(renewal_site="Renewal", bind=True).plan(SNAPSHOT)


def test_without_bind_the_sites_stay_as_they_are() -> None:
    plan = step(renewal_site="Renewal").plan(SNAPSHOT)
    assert plan.snapshot.web == WEB
    assert len(plan.proofs) == 1


def test_every_problem_is_in_one_error() -> None:
    bad = mint(
        "www.example.com", issuer=mint("Unknown CA", ca=True), key=rsa_key(1024), not_after=NOW - timedelta(days=1)
    )
    waiting = PersonalCertificate("REQUEST", bad.certificate, True)
    with pytest.raises(TlsOpsError) as error:
        step(bad.pem, renewal_site="Nowhere", for_sites=["Shop"], bind=True).plan(
            dataclasses.replace(SNAPSHOT, personal=(waiting,))
        )
    text = error.value.message
    for part in ("expired on", "1024 bits", "no trusted chain", "shop.example.com of the site 'Shop'", "'Nowhere'"):
        assert part in text
    assert text.count("'Nowhere'") == text.count("Name it as IIS Manager shows it") == 1
    assert error.value.hint.startswith("Nothing was changed. Take the newest certificate")
    for part in ("Make a new request", "install the CA's root among the server's trusted roots"):
        assert part in error.value.hint


def test_the_clock_is_the_targets() -> None:
    late = dataclasses.replace(HOST, clock=NOW + timedelta(days=2000))
    with pytest.raises(TlsOpsError, match="expired on"):
        step().plan(dataclasses.replace(SNAPSHOT, host=late))


def test_an_answer_for_another_host_is_refused() -> None:
    with pytest.raises(TlsOpsError, match="private key of this host"):
        step(OTHER.pem).plan(SNAPSHOT)


@pytest.mark.parametrize("missing", ["stores", "personal", "web"])
def test_what_was_not_read_is_said(missing: str) -> None:
    with pytest.raises(TlsOpsError, match="not read"):
        step(renewal_site="Renewal").plan(dataclasses.replace(SNAPSHOT, **{missing: None}))


def test_a_certificate_without_a_host_in_its_san_is_refused() -> None:
    bare = mint("www.example.com", issuer=ISSUER)
    waiting = PersonalCertificate("REQUEST", bare.certificate, True)
    with pytest.raises(TlsOpsError, match="browsers ignore the common name"):
        step(bare.pem + MAIL).plan(dataclasses.replace(SNAPSHOT, personal=(waiting,)))


@pytest.mark.parametrize(("port", "fits"), [(8443, False), (9443, True)])
def test_the_renewal_site_s_names_count_only_where_it_is_bound(port: int, fits: bool) -> None:
    bindings = (Binding("https", "*:8443:renewal.internal", 1), Binding("https", "*:9443:"))
    site = dataclasses.replace(RENEWAL, bindings=bindings)
    free = dataclasses.replace(OWN, selector="ipport=0.0.0.0:9443", port=9443)
    snapshot = dataclasses.replace(SNAPSHOT, web=Iis7((site, SHOP), (PRODUCTION, free)))
    assert step(renewal_site="Renewal").plan(snapshot).changes
    install = step(renewal_site="Renewal", bind=True, port=port)
    if fits:
        assert install.plan(snapshot).result["endpoints"] == ["ipport=0.0.0.0:9443"]
    else:
        with pytest.raises(TlsOpsError, match=r"does not cover renewal\.internal of the site 'Renewal'"):
            install.plan(snapshot)


def test_a_renewal_site_that_is_not_there_is_said_although_it_is_not_bound() -> None:
    with pytest.raises(TlsOpsError, match="no web site 'Reneval'"):
        step(renewal_site="Reneval").plan(SNAPSHOT)


def test_the_store_is_the_one_that_the_sites_use() -> None:
    www = dataclasses.replace(SHOP, bindings=(Binding("https", "*:443:"),))
    hosting = dataclasses.replace(PRODUCTION, store="WebHosting")
    snapshot = dataclasses.replace(SNAPSHOT, web=Iis7((RENEWAL, www), (hosting, OWN)))
    plan = step(for_sites=["shop", ""]).plan(snapshot)
    assert plan.result["store"] == "WebHosting"
    assert names(plan)[-1] == "store.copy"
    assert dict(plan.proofs[0].operations[0].arguments)["store"] == "WebHosting"
    assert not step(for_sites=["shop"]).plan(plan.snapshot).changes
    assert step(for_sites=["shop"], store="MY").plan(snapshot).result["store"] == "MY"
    assert step().plan(snapshot).result["store"] == "MY"
    mixed = dataclasses.replace(PRODUCTION, selector="ipport=10.0.0.1:443", address="10.0.0.1")
    several = dataclasses.replace(SNAPSHOT, web=Iis7((RENEWAL, www), (hosting, mixed, OWN)))
    with pytest.raises(TlsOpsError, match="from MY and WebHosting: name the store"):
        step(for_sites=["shop"]).plan(several)


def test_into_web_hosting() -> None:
    plan = step(store="WebHosting").plan(SNAPSHOT)
    assert names(plan)[-1] == "store.copy"
    assert dict(plan.proofs[0].operations[0].arguments)["store"] == "WebHosting"


def test_a_certificate_that_iis_6_compatibility_would_put_back_is_refused() -> None:
    kept = dataclasses.replace(WEB, metabase_certificates={"2": "AB" * 20, "1": "AB" * 20})
    bound = step(renewal_site="Renewal", port=8443, bind=True)
    with pytest.raises(TlsOpsError, match=r"keeps another certificate for 'Renewal' \(ABAB.*customMetadata "):
        bound.plan(dataclasses.replace(SNAPSHOT, web=kept))
    not_bound = step(renewal_site="Renewal").plan(dataclasses.replace(SNAPSHOT, web=kept))
    assert not_bound.changes
    new = dataclasses.replace(WEB, metabase_certificates={"2": LEAF.thumbprint})
    assert bound.plan(dataclasses.replace(SNAPSHOT, web=new)).changes
