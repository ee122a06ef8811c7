# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an interrupted run left behind comes before the step, and goes only behind a proof."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any, cast

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import reg_delete
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import plan as stage
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.change import Change
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.journal import drop_file

from tests.unit.mint import NOW
from tests.unit.root_host import HOST

from .steps import Planned, proof

PASSING = "C:\\Windows\\Temp\\tlsops-0a1b.cer"
RECORD = "ipport=0.0.0.0:443"
DROP = reg_delete("HKLM\\SOFTWARE\\tlsops.windows\\Undo\\SslBinding", RECORD)
SETTLED = Change("drop", f"journal {RECORD}", "entry", "", (), closing=(DROP,))
PUT_BACK = Change("put back", "ipport=0.0.0.0:444", "", "x", (DROP,), closing=(DROP,))


def snapshot(**entries: str) -> Snapshot:
    return Snapshot(cast(Any, None), Journal(endpoints=entries), web=cast(Any, object()))


def planned(*changes: Change, name: str, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A step that proves ``name``, after a repair of ``changes``."""
    given = snapshot(any="entry")
    monkeypatch.setattr(stage, "repair", lambda _snapshot: Plan("repair", given, changes=changes))
    own = Plan("planned", given, proofs=(dataclasses.replace(proof(Outcome.PROVEN), name=name),))
    return stage.plan(Planned([own]), given)


def test_without_a_journal_there_is_no_repair() -> None:
    given = snapshot()
    assert stage.plan(Planned([Plan("planned", given)]), given).parts == ()


def test_a_passing_file_that_was_left_is_deleted_and_no_other() -> None:
    given = Snapshot(HOST, Journal(files=(PASSING, "C:\\boot.ini")))
    repaired, _own = stage.plan(Planned([Plan("planned", given)]), given).parts
    assert [change.operations for change in repaired.changes] == [drop_file(PASSING)]
    assert repaired.result == {"repaired": [PASSING]}
    (warning,) = repaired.warnings
    assert "boot.ini" in warning


def test_an_entry_goes_behind_a_proof_of_its_record(monkeypatch: pytest.MonkeyPatch) -> None:
    repaired, _own = planned(SETTLED, name=RECORD.upper(), monkeypatch=monkeypatch).parts
    assert repaired.changes == (SETTLED,)
    assert repaired.result == {"repaired": [f"journal {RECORD}"]}


def test_an_entry_whose_record_this_task_does_not_prove_stays_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    repaired, _own = planned(SETTLED, PUT_BACK, name="private_key", monkeypatch=monkeypatch).parts
    assert repaired.changes == (PUT_BACK,)
    assert "not proven" in repaired.warnings[0]
    assert RECORD in repaired.warnings[0]


@pytest.mark.parametrize(("seconds", "told"), [(0, False), (-600, True), (86400 * 365, True)])
def test_a_clock_that_is_off_is_told_where_something_changes(seconds: float, told: bool) -> None:
    here = dataclasses.replace(HOST, clock=NOW + timedelta(seconds=seconds))
    given = Snapshot(here, Journal(), read_at=NOW)
    changing = stage.plan(Planned([Plan("planned", given, changes=(PUT_BACK,))]), given)
    assert [warning for warning in changing.warnings if "The server's clock is" in warning] == list(changing.warnings)
    assert bool(changing.warnings) is told
    assert stage.plan(Planned([Plan("planned", given)]), given).warnings == ()
