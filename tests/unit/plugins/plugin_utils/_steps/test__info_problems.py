# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.consumers import Consumer, Consumers
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._info_problems import CLOCK_SECONDS, Problem, found
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Problem as WebProblem

from tests.unit.info_host import LEAF, endpoint, leaf, personal, site, snapshot
from tests.unit.mint import NOW, mint
from tests.unit.root_host import HOST, F
from tests.unit.shelves import copy, stores

NET_46 = dataclasses.replace(HOST, clr_version="4.0.30319.42000")
EXPIRED = leaf(not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(hours=1))
FUTURE = leaf(not_before=NOW + timedelta(hours=1))


def served(*endpoints: Any, bindings: tuple[tuple[str, int], ...] = (("*:443:", 0),), **changes: Any) -> Snapshot:
    return snapshot(web=Iis7((site(*bindings),), endpoints), **changes)


def kinds(given: Snapshot) -> list[str]:
    return [each.kind for each in found(given)]


def test_a_sound_host() -> None:
    assert found(snapshot()) == ()


@pytest.mark.parametrize("seconds", [CLOCK_SECONDS + 1, -CLOCK_SECONDS - 1])
def test_a_clock_that_is_off(seconds: int) -> None:
    (problem,) = found(snapshot(read_at=NOW - timedelta(seconds=seconds)))
    assert problem.kind == "clock"
    assert ("ahead of" if seconds > 0 else "behind") in problem.text
    assert kinds(snapshot(read_at=NOW - timedelta(seconds=seconds * 0.9))) == []


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (personal(store="WebHosting"), "certificate_missing"),
        (personal(has_private_key=False, provider=""), "no_private_key"),
        (personal(provider=""), "private_key_unusable"),
    ],
    ids=["in another store", "no key", "key does not open"],
)
def test_a_record_whose_certificate_cannot_serve(one: Any, kind: str) -> None:
    (problem,) = found(snapshot(host=NET_46, personal=(one,)))
    assert (problem.kind, problem.where, problem.thumbprint) == (kind, "ipport=0.0.0.0:443", LEAF.thumbprint)
    assert "www" in problem.text


def test_a_store_that_was_not_read_says_nothing() -> None:
    assert kinds(served(endpoint(store="Remote Desktop"))) == []
    assert kinds(snapshot(personal=None)) == []


def test_a_binding_without_a_certificate() -> None:
    assert [(each.kind, each.where) for each in found(served(endpoint("")))] == [
        ("no_certificate", "ipport=0.0.0.0:443")
    ]
    assert kinds(served(endpoint("", owner="central_store", selector="ccs=443"))) == []


@pytest.mark.parametrize(
    ("name", "flags", "selector", "missing"),
    [
        ("www.example.com", 0, "ipport=0.0.0.0:443", False),
        ("WWW.example.com", 1, "hostnameport=www.example.com:443", False),
        ("192.0.2.1", 0, "ipport=0.0.0.0:443", False),
        ("other.example.com", 0, "ipport=[::]:443", True),
        ("other.example.com", 1, "hostnameport=other.example.com:443", True),
    ],
)
def test_names_that_are_not_covered(name: str, flags: int, selector: str, missing: bool) -> None:
    problems = found(served(endpoint(selector=selector), bindings=((f"*:443:{name}", flags),)))
    assert [(each.kind, each.where) for each in problems] == [("name_not_covered", selector)] * missing


def test_dates_of_what_is_in_use() -> None:
    both = (personal(EXPIRED), personal(FUTURE))
    assert kinds(served(endpoint(EXPIRED), endpoint(FUTURE), personal=both))[:2] == ["expired", "not_yet_valid"]
    assert kinds(served(personal=both)) == [], "nothing uses them"
    programs = Consumers((Consumer("Remote Desktop", "HKLM", EXPIRED.thumbprint),))
    assert kinds(served(personal=both, consumers=programs)) == ["expired"]


def test_chains_that_do_not_end_in_a_root_of_the_host() -> None:
    (problem,) = found(snapshot(stores=stores()))
    assert (problem.kind, problem.thumbprint) == ("no_trusted_chain", LEAF.thumbprint)
    assert "Issuing CA" in problem.text
    assert kinds(snapshot(stores=None)) == []


@pytest.mark.parametrize(("sites", "expected"), [((), []), (("www",), ["no_trusted_chain"])])
def test_a_program_s_own_certificate_needs_no_chain(sites: tuple[str, ...], expected: list[str]) -> None:
    """WMSVC makes itself one; a site that serves such a one is another matter."""
    own = mint("WMSvc-SHA2-WEB")
    assert own.certificate.self_signed
    record = endpoint(own, "ipport=0.0.0.0:8172", port=8172, sites=sites, owner="foreign")
    given = served(endpoint(), record, personal=(personal(), personal(own)))
    assert [kind for kind in kinds(given) if kind != "foreign_record"] == expected


def test_a_root_that_stands_in_the_way() -> None:
    given = F.snapshot(copy(F.new), web=snapshot(web=Iis7((site(("*:443:", 0)),), (endpoint(F.leaf),))).web)
    given = dataclasses.replace(given, personal=(personal(F.leaf),))
    (problem,) = found(given)
    assert (problem.kind, problem.thumbprint) == ("root_conflict", F.new.thumbprint)
    assert F.cross.thumbprint in problem.text


def test_what_could_not_be_read_does_not_hide_the_rest() -> None:
    given = snapshot(web=Iis7(problem=WebProblem("IIS 6.0 is not supported.")))
    assert given.stores is not None
    given = dataclasses.replace(given, stores=dataclasses.replace(given.stores, unreadable=(r"HKLM\x",)))
    given = dataclasses.replace(given, left_out=(f"WebHosting {'AB' * 20}",))
    first, second, third = found(given)
    assert (first.kind, second.where) == ("web_unreadable", r"HKLM\x")
    assert (third.kind, third.where, third.thumbprint) == ("unreadable", "WebHosting", "AB" * 20)


def test_traps_are_problems_too() -> None:
    (problem,) = found(snapshot(consumers=Consumers(certificate_rebind=True)))
    assert problem.kind == "certificate_rebind"
    assert problem.result().keys() == {"kind", "text", "where", "thumbprint"}
    assert Problem("a", "b").result()["where"] == ""
