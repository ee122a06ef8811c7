# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Query
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7, Problem

from tests.unit.mint import mint
from tests.unit.root_host import (
    EXPIRED,
    HOST,
    LISTED,
    NONE,
    PHYSICAL,
    F,
    Target,
    blobs,
    held,
    operations,
    step,
    with_answer,
)
from tests.unit.shelves import copy, real, stores


def test_a_conflict_is_found_by_name_and_key_and_disabled_in_every_store() -> None:
    before = F.snapshot(*(copy(F.new, physical, usages=LISTED) for physical in PHYSICAL))
    plan = step().plan(before)
    target = Target(before)
    target.do(operations(plan))
    (root,) = plan.result["roots"]
    assert [each["physical"] for each in root["copies"]] == list(PHYSICAL)
    assert {(each["before"], each["after"]) for each in root["copies"]} == {("enabled", "disabled")}
    assert root["conflicting"]
    assert {key: blob for (key, name), blob in target.values.items() if name == "Blob"} == blobs(plan.snapshot)
    assert plan.changes[0].before == "allowed usages: clientAuth, serverAuth"
    assert plan.changes[0].after == "allowed usages: none (disabled for all purposes)"
    assert plan.changes[0].where.endswith(rf"ROOT\Certificates\{F.new.thumbprint}")
    again = step().plan(plan.snapshot)
    assert (again.changes, again.proofs, again.result["roots"]) == ((), (), [])


def test_reported_changes_nothing_and_tells_the_reason() -> None:
    plan = step("reported").plan(F.snapshot())
    assert plan.changes == ()
    assert plan.proofs == ()
    assert F.cross.thumbprint in plan.findings[0]
    assert plan.result["roots"][0]["copies"][0]["after"] == "enabled"
    assert plan.result["conflicts"][0]["cross_certificate"] == F.cross.thumbprint


def test_a_stale_cross_certificate_is_only_a_finding_beside_an_answer_without_it() -> None:
    plan = with_answer(step(), EXPIRED.leaf, EXPIRED.issuing).plan(EXPIRED.snapshot())
    assert plan.changes == ()
    assert EXPIRED.cross.thumbprint in plan.findings[0]
    delivered = with_answer(step(), EXPIRED.leaf, EXPIRED.cross)
    with pytest.raises(TlsOpsError, match="expired on"):
        delivered.plan(EXPIRED.snapshot())


@pytest.mark.parametrize("state", ["disabled", "reported"])
def test_an_answer_for_another_host_changes_nothing_here(state: str) -> None:
    other = mint("shop.example.jp", issuer=F.issuing)
    with pytest.raises(TlsOpsError, match="belongs to a private key of this host"):
        with_answer(step(state), other, F.issuing, F.cross).plan(F.snapshot())


def test_no_cross_certificate_is_no_conflict() -> None:
    assert step().plan(F.snapshot(intermediates=(F.issuing,))).changes == ()


def test_a_look_alike_with_another_key_is_no_conflict() -> None:
    other = mint("New Root", ca=True)
    assert step().plan(F.snapshot(copy(F.new, usages=NONE), copy(other))).changes == ()


def test_the_result_says_what_brings_a_root_back() -> None:
    copies = [copy(F.new, physical) for physical in PHYSICAL]
    (root,) = step().plan(F.snapshot(*copies)).result["roots"]
    assert [text.split(":")[0] for text in root["comes_back"]] == ["Active Directory", "Group Policy"]


def test_an_absent_programme_root_is_a_finding_while_automatic_update_is_on() -> None:
    before = F.snapshot(used=False)
    assert step("reported", "sectigo_r46").plan(before).findings == ()
    on = dataclasses.replace(before, stores=dataclasses.replace(held(before), automatic_update=True))
    plan = step("reported", "Sectigo_R46", "isrg_yr").plan(on)
    assert len([finding for finding in plan.findings if "automatic update is on" in finding]) == 1
    assert plan.result["roots"][0]["copies"] == []


def test_a_known_case_without_its_cross_certificate_is_a_finding() -> None:
    r46, x2 = real("sectigo_server_auth_root_r46"), real("isrg_root_x2")
    answer = (real("isrg_root_ye_cross_by_x2"),)
    at = dataclasses.replace(HOST, clock=datetime(2026, 11, 21, tzinfo=UTC))
    own = (PersonalCertificate("REQUEST", answer[0], True),)
    before = F.snapshot(used=False, host=at, stores=stores((r46, x2)), personal=own)
    plan = dataclasses.replace(step("reported"), answer=answer).plan(before)
    assert "ISRG Root X2" in plan.findings[0]
    assert "https://letsencrypt.org/certificates/" in plan.findings[0]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"certificates": []}, "no root is named"),
        ({"certificates": [], "state": "enabled"}, "enabled needs certificates"),
        ({"certificates": ["g5"], "conflicting": True, "state": "enabled"}, "enabled needs certificates"),
        ({"certificates": ["verisign_g6"]}, "no root of the catalogue"),
        ({"certificates": ["ABCD"]}, "not a thumbprint"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(TlsOpsError, match=why):
        step(**({"conflicting": False} | arguments))


def test_the_step_asks_for_all_that_it_judges() -> None:
    assert step().queries() == {Query.STORES, Query.PERSONAL, Query.WEB}
    with pytest.raises(TlsOpsError, match="were not read"):
        step().plan(F.snapshot(stores=None))


def test_what_was_not_understood_is_a_finding() -> None:
    before = F.snapshot()
    odd = dataclasses.replace(held(before), unreadable=(r"HKLM\odd",))
    assert step("reported").plan(dataclasses.replace(before, stores=odd)).findings[0].startswith(r"HKLM\odd")


def test_web_sites_that_are_not_known_are_a_finding() -> None:
    before = F.snapshot(web=Iis7(problem=Problem("IIS takes its configuration from another place.")))
    reported = step("reported", F.new.thumbprint).plan(before)
    assert "from another place. So it is not known which certificates are in use" in reported.findings[0]
    disabled = step("disabled", F.new.thumbprint).plan(before)
    assert [each.where for each in disabled.changes] == [each["key"] for each in disabled.result["roots"][0]["copies"]]
    assert disabled.result["rebound"] == []
