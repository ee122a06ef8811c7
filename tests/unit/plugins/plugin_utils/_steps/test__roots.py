# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conflicts between a root and its cross certificate: the real ones, and look-alikes of the others."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._roots import conflicts, stands_beside, stores_of
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509 import catalogue
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.chain import Trust

from tests.unit.crosses import Family, day, families, like
from tests.unit.mint import mint
from tests.unit.root_host import HOST, NONE, SITES, F, Target, Web, blobs, endpoint, operations, step
from tests.unit.shelves import copy, real, stores

FAMILIES = families()
REAL = [name for name in FAMILIES if name.startswith("real")]
each_family = pytest.mark.parametrize("family", FAMILIES.values(), ids=FAMILIES)


def sent(snapshot: Snapshot, leaf: Certificate) -> list[str]:
    path = Trust(stores_of(snapshot), snapshot.host.clock).sent(leaf, expired_leaf=True)
    return [each.thumbprint for each in path]


@pytest.mark.parametrize("name", [name for name, each in FAMILIES.items() if each.below != each.cross])
def test_without_the_cross_certificate_there_is_no_conflict(name: str) -> None:
    family = FAMILIES[name]
    before = family.host(family.good, cross=False)
    assert conflicts(before) == ()
    assert step().plan(before).changes == ()


@each_family
def test_without_the_root_or_with_a_disabled_one_there_is_no_conflict(family: Family) -> None:
    for before in (family.host(family.good, root=False), family.host(family.good, usages=NONE)):
        assert conflicts(before) == ()
        assert step().plan(before).changes == ()
        assert family.root.thumbprint not in sent(before, family.below)


@each_family
def test_another_key_of_the_same_name_is_no_conflict(family: Family) -> None:
    other = like(family.root, family.above, day(2020, 1, 1), day(2030, 1, 1)).root
    assert other.subject == family.root.subject
    assert not stands_beside(family.cross, other)
    assert conflicts(dataclasses.replace(family, root=other).host(family.good)) == ()


@each_family
def test_a_conflict_is_found_and_the_result_names_the_cross_certificate(family: Family) -> None:
    plan = step("reported").plan(family.host(family.good))
    (found,) = plan.result["conflicts"]
    assert (found["root"], found["cross_certificate"]) == (family.root.thumbprint, family.cross.thumbprint)
    assert found["issuer"] == family.above.subject_text
    assert not found["expired"]
    assert family.cross.thumbprint in plan.findings[0]
    assert f"{family.cross.not_after:%Y-%m-%d}" in plan.findings[0]
    assert (plan.changes, plan.proofs) == ((), ())


@pytest.mark.parametrize("state", ["disabled", "distrusted"])
@each_family
def test_the_way_round_is_taken(family: Family, state: str) -> None:
    before = family.host(family.good)
    plan = step(state).plan(before)
    target = Target(before)
    target.do(operations(plan))
    (root,) = plan.result["roots"]
    assert root["conflicting"]
    assert root["thumbprint"] == family.root.thumbprint
    if state == "disabled":
        assert len(root["copies"]) == 2
        assert {key: blob for (key, name), blob in target.values.items() if name == "Blob"} == blobs(plan.snapshot)
    else:
        assert target.disallowed == {family.root.thumbprint}
    assert family.cross.thumbprint in sent(plan.snapshot, family.below)
    assert plan.result["conflicts"][0]["cross_certificate"] == family.cross.thumbprint
    again = step(state).plan(dataclasses.replace(plan.snapshot, journal=before.journal))
    assert (again.changes, again.result["conflicts"]) == ((), [])


@pytest.mark.parametrize("state", ["disabled", "distrusted"])
@each_family
def test_where_the_cross_certificate_has_expired_it_is_refused(family: Family, state: str) -> None:
    before = family.host(family.late)
    (found,) = conflicts(before)
    assert (found.expired, found.cross) == (True, family.cross)
    with pytest.raises(TlsOpsError) as error:
        step(state).plan(before)
    assert f"{family.root.label} ({family.root.thumbprint}) must not be {state}: " in str(error.value)
    expired = f"expired on {family.cross.not_after:%Y-%m-%d}"
    assert f"the cross certificate of the same name ({family.cross.thumbprint}) {expired}" in str(error.value)
    assert "Ask the CA for a newer cross certificate, or leave the root as it is" in error.value.hint


@each_family
def test_an_answer_that_delivers_the_cross_certificate_counts_as_well(family: Family) -> None:
    answer = tuple(dict.fromkeys((family.below, family.cross)))
    delivering = dataclasses.replace(step(), answer=answer)
    before = family.host(family.good, cross=False, used=False)
    (found,) = conflicts(before, answer)
    assert (found.root, found.cross, found.delivered) == (family.root, family.cross, True)
    plan = delivering.plan(before)
    assert {each.where for each in plan.changes} >= {each.key for each in found.copies}
    with pytest.raises(TlsOpsError, match="expired on"):
        delivering.plan(family.host(family.late, cross=False, used=False))


@pytest.mark.parametrize("name", REAL)
def test_the_catalogue_only_gives_names(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = FAMILIES[name].host(FAMILIES[name].good)
    told = step().plan(before)
    monkeypatch.setattr(catalogue, "entries", lambda: ())
    plain = step().plan(before)
    assert plain.changes == told.changes
    assert told.result["roots"][0]["name"]
    assert not plain.result["roots"][0]["name"]
    assert told.result["conflicts"][0]["reason"].startswith(plain.result["conflicts"][0]["reason"])
    assert "See https://" in told.result["conflicts"][0]["reason"]


def test_look_alikes_are_none_of_the_catalogue() -> None:
    others = [family for name, family in FAMILIES.items() if name not in REAL]
    assert len(others) == 4
    for family in others:
        assert catalogue.by_thumbprint(family.root.thumbprint) is None
        assert step().plan(family.host(family.good)).result["roots"][0]["name"] == ""


def test_a_root_of_the_catalogue_alone_is_no_conflict() -> None:
    """It is found by the cross certificate that stands beside it, not by its name."""
    leaf = real("lets_encrypt_r12")
    before = dataclasses.replace(
        F.snapshot(),
        host=dataclasses.replace(HOST, clock=day(2024, 6, 1)),
        stores=stores((real("isrg_root_x1"), real("gts_root_r1")), (leaf,)),
        personal=(PersonalCertificate("MY", leaf, True),),
        web=Web((endpoint(leaf.thumbprint),), SITES),
    )
    assert conflicts(before) == ()
    plan = step().plan(before)
    assert plan.changes == ()
    assert "no cross certificate of that root is in the stores" in plan.findings[0]


def test_dst_root_x3_had_expired_before_the_cross_certificate_did() -> None:
    """From 2021-09-30 to 2024-09-30: the cross certificate is valid, and leads nowhere."""
    family = FAMILIES["real ISRG X1 by DST X3"]
    before = family.host(day(2022, 6, 1))
    (found,) = conflicts(before)
    assert not found.expired
    with pytest.raises(TlsOpsError, match=r"DST Root CA X3 .* expired on 2021-09-30"):
        step().plan(before)


def test_the_newer_of_two_cross_certificates_is_the_way_round() -> None:
    """Both of ISRG Root X2 in CA, the one of 2025 expired: no reason to refuse."""
    family = FAMILIES["real ISRG X2 by X1 (to 2032)"]
    stale = real("isrg_root_x2_cross_by_x1_2025")
    before = family.host(family.good)
    both = dataclasses.replace(stores_of(before), copies=(*stores_of(before).copies, copy(stale, store="CA")))
    before = dataclasses.replace(before, stores=both)
    assert {each.cross: each.expired for each in conflicts(before)} == {family.cross: False, stale: True}
    plan = step().plan(before)
    assert [each["thumbprint"] for each in plan.result["roots"]] == [family.root.thumbprint]
    assert family.cross.thumbprint in sent(plan.snapshot, family.below)


def test_two_storeys_of_cross_certificates_go_together() -> None:
    """Root YE by X2 and X2 by X1: with both roots away the chain goes up to X1."""
    ye, x2 = FAMILIES["real Root YE by X2"], FAMILIES["real ISRG X2 by X1 (to 2032)"]
    leaf = ye.cross
    before = dataclasses.replace(
        ye.host(ye.good), stores=stores((ye.root, x2.root, x2.above), (ye.cross, x2.cross)), web=ye.host(ye.good).web
    )
    assert sent(before, leaf) == [leaf.thumbprint]
    plan = step().plan(before)
    assert {each["thumbprint"] for each in plan.result["roots"]} == {ye.root.thumbprint, x2.root.thumbprint}
    assert sent(plan.snapshot, leaf) == [leaf.thumbprint, x2.cross.thumbprint]
    late = dataclasses.replace(before, host=dataclasses.replace(HOST, clock=ye.late))
    with pytest.raises(TlsOpsError, match="expired on 2032-09-02"):
        step().plan(late)


def test_both_cross_certificates_of_g5_are_one_conflict_each_and_one_root() -> None:
    one, two = FAMILIES["real G5 by G1 (250ce8e0)"], FAMILIES["real G5 by G1 (1b093b78)"]
    before = one.host(one.good)
    both = dataclasses.replace(stores_of(before), copies=(*stores_of(before).copies, copy(two.cross, store="CA")))
    plan = step().plan(dataclasses.replace(before, stores=both))
    assert {each["cross_certificate"] for each in plan.result["conflicts"]} == {
        one.cross.thumbprint,
        two.cross.thumbprint,
    }
    assert len(plan.result["roots"]) == 1
    late = dataclasses.replace(before, stores=both, host=dataclasses.replace(HOST, clock=one.late))
    with pytest.raises(TlsOpsError, match="expired on 2021-11-07"):
        step().plan(late)


def test_a_self_signed_certificate_is_no_cross_certificate() -> None:
    root = mint("Root", ca=True)
    again = mint("Root", key=root.key, ca=True)
    assert not stands_beside(again.certificate, root.certificate)
