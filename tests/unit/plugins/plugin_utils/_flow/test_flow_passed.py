# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that was only on its way while it was read: the plan is made anew, and another server is told at once."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import file_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow, read
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Snapshot

from .steps import WRITE, Planned, Scripted, change, proof

OTHER = Answer("error", kind="expect", payload=b"now")
HELD = Answer("error", kind="hresult", number=-2147024864, text="The file is being used by another process.")
OVER = Answer("error", kind="deadline", text="The time of the batch was over.")


def _told(words: str) -> Any:
    def differs(payload: bytes) -> str:
        assert payload == b"now"
        return words

    return differs


def _refusing(_payload: bytes) -> str:
    raise TlsOpsError("it is no XML.")


@dataclasses.dataclass
class Passing(Scripted):
    """The check finds another payload so often."""

    times: int = 1
    found: Answer = OTHER

    def _answer(self, operation: Operation) -> Answer:
        if not operation.expect or not self.times:
            return super()._answer(operation)
        self.times -= 1
        return self.found


def run(target: Scripted, differs: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    check = dataclasses.replace(file_read("C:\\a.config"), expect="0" * 64, differs=differs)
    given = flow.read

    def with_web(step: Any, asked: Any, *, timeout: int, dry_run: bool, unknown: bool) -> Snapshot:
        found = given(step, asked, timeout=timeout, dry_run=dry_run, unknown=unknown)
        return dataclasses.replace(found, web=SimpleNamespace(unchanged=(check,)))  # type: ignore[arg-type]

    assert given is read.read
    monkeypatch.setattr(flow, "read", with_web)
    plan = Plan("planned", Any, changes=(change(WRITE),), proofs=(proof(Outcome.PROVEN),))  # type: ignore[arg-type]
    return flow.run(Planned([plan]), target, Options(False, 300, False), lambda _file, _content: None)


@pytest.mark.parametrize("found", [OTHER, HELD], ids=["another", "held"])
@pytest.mark.parametrize("times", [0, 1, 2])
def test_what_does_not_count_is_read_and_planned_once_more(
    times: int, found: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Passing(times=times, found=found)
    assert run(target, _told(""), monkeypatch)["changed"]
    assert [mode for mode, _batch in target.batches] == ["read", "write"] * (times + 1)
    assert target.reconnected == 0


@pytest.mark.parametrize(
    ("differs", "found", "batches", "words"),
    [
        (_told(""), OTHER, 6, "a check of C:\\a.config"),
        (_told(""), HELD, 6, "used by another process"),
        (_told("site 'Shop' is gone"), OTHER, 2, "site 'Shop' is gone."),
        (_refusing, OTHER, 2, "a check of C:\\a.config"),
        (_told(""), OVER, 2, "The time of the batch was over."),
    ],
    ids=["never at rest", "always held", "another server", "nonsense", "time over"],
)
def test_what_counts_ends_the_task_before_the_first_change(
    differs: Any, found: Answer, batches: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = Passing(times=9, found=found)
    with pytest.raises(TlsOpsError) as error:
        run(target, differs, monkeypatch)
    assert words in error.value.message
    assert (error.value.stage, error.value.changed, len(target.batches)) == ("apply", False, batches)
    assert "Nothing had been changed before it." in error.value.hint


def test_a_refused_batch_of_changes_names_its_stage() -> None:
    @dataclasses.dataclass
    class Busy(Scripted):
        def batch(self, operations: Any, *, mode: str, timeout: int) -> tuple[Answer, ...]:
            if mode == "write":
                raise TlsOpsError("another batch is still running.")
            return super().batch(operations, mode=mode, timeout=timeout)

    plan = Plan("planned", Any, changes=(change(WRITE),))  # type: ignore[arg-type]
    with pytest.raises(TlsOpsError) as error:
        flow.run(Planned([plan]), Busy(), Options(False, 300, False), lambda _file, _content: None)
    assert error.value.stage == "apply"
