# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import (
    Stores,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob

from tests.unit.mint import mint
from tests.unit.root_host import G5, LISTED, NONE, PHYSICAL, F, Target, blobs, held, operations, step
from tests.unit.shelves import copy, stores


def test_the_old_bytes_are_saved_first_and_come_back_exactly() -> None:
    before = F.snapshot()
    there = step().plan(before)
    target = Target(before)
    target.do(operations(there, closing=True))
    assert set(there.snapshot.journal.roots[F.new.thumbprint].values()) == {copy(F.new, usages=LISTED).blob}
    back = step("enabled", F.new.thumbprint).plan(there.snapshot)
    target.do(operations(back, closing=True))
    assert target.values == Target(before).values
    assert back.snapshot.stores == before.stores
    assert back.snapshot.journal == before.journal
    assert step("enabled", F.new.thumbprint).plan(back.snapshot).changes == ()


def test_undo_takes_back_every_change() -> None:
    for before, made in (
        (F.snapshot(), step()),
        (step().plan(F.snapshot()).snapshot, step("enabled", F.new.thumbprint)),
        (F.snapshot(), step("distrusted", F.new.thumbprint)),
    ):
        target, done = Target(before), operations(made.plan(before))
        target.do(done)
        target.undo(done)
        assert target.values == Target(before).values
        assert not target.disallowed


def test_the_real_g5_is_disabled_in_every_store_and_restored() -> None:
    leaf = mint("unrelated")
    copies = [copy(G5, physical, usages=LISTED) for physical in PHYSICAL]
    before = dataclasses.replace(F.snapshot(used=False), stores=stores((leaf,), (), *copies))
    with pytest.raises(TlsOpsError, match="no other chain takes its place"):
        step("disabled", "verisign_g5").plan(before)
    there = step("disabled", "verisign_g5", force=True).plan(before)
    assert len(there.changes) == 5
    assert "all the same" in there.warnings[0]
    back = step("enabled", "4e:b6:d5:78:49:9b:1c:cf:5f:58:1e:ad:56:be:3d:9b:67:44:a5:e5").plan(there.snapshot)
    assert held(back.snapshot) == held(before)


def test_distrusted_names_its_side_effect() -> None:
    before = F.snapshot()
    plan = step("distrusted").plan(before)
    target = Target(before)
    target.do(operations(plan))
    assert target.disallowed == {F.new.thumbprint}
    assert "outgoing TLS" in plan.result["side_effects"][0]
    assert plan.snapshot.journal.distrusted == {F.new.thumbprint}
    (own,) = [each for each in plan.changes if "Disallowed" in each.where]
    names = [each.name for each in own.operations if each.expect or each.undo]
    assert names.index("reg.read") < names.index("store.add")  # another run's is not taken out again with this one's
    assert step("distrusted").plan(plan.snapshot).changes == ()
    back = step("enabled", F.new.thumbprint).plan(plan.snapshot)
    target.do(operations(back))
    assert not target.disallowed
    assert held(back.snapshot) == held(before)


def test_enabled_without_a_saved_value_needs_force() -> None:
    before = F.snapshot(copy(F.new, usages=NONE))
    with pytest.raises(TlsOpsError, match="not disabled by this collection"):
        step("enabled", F.new.thumbprint).plan(before)
    plan = step("enabled", F.new.thumbprint, force=True).plan(before)
    assert plan.changes[0].after == "allowed usages: all"


def test_a_copy_of_which_nothing_is_saved_stays_disabled_beside_one_that_comes_back() -> None:
    there = step().plan(F.snapshot(copy(F.new), copy(F.new, "AuthRoot", usages=NONE)))
    back = step("enabled", F.new.thumbprint).plan(there.snapshot)
    assert "AuthRoot stays disabled" in back.findings[0]
    assert len([each for each in back.changes if "bring back" in each.what]) == 1


def test_someone_elses_disallowed_is_not_touched() -> None:
    before = F.snapshot(copy(F.new), copy(F.new, store="Disallowed"), copy(F.new, "Policies", "Disallowed"))
    with pytest.raises(TlsOpsError, match="not put into Disallowed by this collection"):
        step("enabled", F.new.thumbprint).plan(before)
    plan = step("enabled", F.new.thumbprint, force=True).plan(before)
    assert [each.name for each in operations(plan)][:1] == ["store.remove"]
    assert r"Policies\Microsoft\SystemCertificates\Disallowed" in plan.findings[0]


def test_what_was_saved_of_a_copy_that_came_back_is_overwritten() -> None:
    """Somebody, or Windows, has enabled it since: what is there now is what has to come back."""
    stale, fresh = copy(F.new, usages=LISTED), copy(F.new)
    before = F.snapshot(fresh, journal=Journal(roots={F.new.thumbprint: {stale.key: stale.blob}}))
    there = step().plan(before)
    target = Target(before)
    target.do(operations(there))
    assert target.values[saved_at(fresh.key)] == fresh.blob
    target.undo(operations(there))
    assert target.values == Target(before).values
    back = step("enabled", F.new.thumbprint).plan(there.snapshot)
    assert held(back.snapshot) == held(before)


def saved_at(key: str) -> tuple[str, str]:
    return rf"HKLM\SOFTWARE\tlsops.windows\Undo\TrustedRoot\{F.new.thumbprint}", key


def test_an_entry_under_another_spelling_of_the_key_is_the_same_entry() -> None:
    stale, fresh = copy(F.new, usages=LISTED), copy(F.new)
    before = F.snapshot(fresh, journal=Journal(roots={F.new.thumbprint: {stale.key.lower(): stale.blob}}))
    assert step().plan(before).snapshot.journal.roots[F.new.thumbprint] == {fresh.key: fresh.blob}


def test_what_is_saved_already_is_not_saved_twice() -> None:
    original = copy(F.new, usages=LISTED)
    journal = Journal(roots={F.new.thumbprint: {original.key: original.blob}})
    plan = step().plan(F.snapshot(original, journal=journal))
    assert plan.snapshot.journal == journal
    assert [each.name for each in plan.changes[0].operations] == ["reg.write", "reg.read", "reg.write", "reg.read"]


@pytest.mark.parametrize("usages", [None, bytes.fromhex("300a06082b06010505070301"), NONE])
def test_a_copy_that_somebody_changed_since_stays_unless_forced(usages: bytes | None) -> None:
    original, there = copy(F.new, usages=LISTED), copy(F.new, usages=usages)
    if usages == NONE:
        blob = Blob.parse(there.blob).with_property(11, "by hand\0".encode("utf-16-le")).encode()
        there = dataclasses.replace(there, blob=blob)
    before = F.snapshot(there, journal=Journal(roots={F.new.thumbprint: {original.key: original.blob}}))
    plan = step("enabled", F.new.thumbprint).plan(before)
    assert (plan.changes, plan.snapshot) == ((), before)
    assert "was changed since this collection disabled it" in plan.findings[0]
    forced = step("enabled", F.new.thumbprint, force=True).plan(before)
    assert blobs(forced.snapshot)[original.key] == original.blob
    assert forced.snapshot.journal.roots == {}


def test_a_copy_that_is_gone_comes_back_by_force_only() -> None:
    before = F.snapshot(copy(F.new))
    there = step().plan(before).snapshot
    gone = Stores(tuple(each for each in held(there).copies if each.certificate != F.new.certificate), False)
    there = dataclasses.replace(there, stores=gone)
    back = step("enabled", F.new.thumbprint).plan(there)
    assert (back.changes, held(back.snapshot)) == ((), gone)
    assert "no longer there and stays away" in back.findings[0]
    forced = step("enabled", F.new.thumbprint, force=True).plan(there)
    assert sorted(blobs(forced.snapshot).items()) == sorted(blobs(before).items())
    assert forced.changes[0].before == "not in the store"
