# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A batch whose time is over in the middle: what closes is done all the same, and what goes back goes all the way."""

from __future__ import annotations

import base64
import dataclasses
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import file_delete, reg_delete, reg_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import apply, flow
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.target import ConnectionTarget, UnknownOutcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Export, Outcome, Plan

from .steps import WRITE, Planned, Scripted, change, proof

OVER = Answer("error", kind="deadline", text="the batch's time is over")
ENTRIES = (reg_delete("HKLM\\SOFTWARE\\a", "one"), reg_delete("HKLM\\SOFTWARE\\a", "two"))
CLOSED = dataclasses.replace(change(WRITE), closing=ENTRIES)


@dataclasses.dataclass
class Slow(Scripted):
    """Write batches have time for so many operations, one after another; then for all."""

    times: list[int] = dataclasses.field(default_factory=list)

    def batch(self, operations: Any, *, mode: str, timeout: int) -> tuple[Answer, ...]:
        answers = super().batch(operations, mode=mode, timeout=timeout)
        left = self.times.pop(0) if mode == "write" and self.times else len(answers)
        return (*answers[:left], *([OVER] * (len(answers) - left)))


def run(target: Scripted, outcome: Any = Outcome.PROVEN) -> dict[str, Any]:
    plan = Plan("planned", Any, changes=(CLOSED,), proofs=(proof(outcome),))  # type: ignore[arg-type]
    return flow.run(Planned([plan]), target, Options(False, 300, False), lambda _file, _content: None)


@pytest.mark.parametrize(("time_for", "again"), [(4, ()), (3, ENTRIES[1:]), (2, ENTRIES)])
def test_what_closes_is_sent_again_where_there_was_no_time_for_it(time_for: int, again: tuple[Operation, ...]) -> None:
    target = Slow(times=[time_for])
    assert run(target)["changed"]
    sent = [batch for mode, batch in target.batches if mode == "write"][1:]
    assert [[each.arguments for each in batch] for batch in sent] == [[each.arguments for each in again]] * bool(again)


def test_what_is_proven_only_by_a_second_look_is_closed_too() -> None:
    """There was no time for the first look."""
    looks = iter([Outcome.MISSED, Outcome.PROVEN])
    target = Slow(times=[1])
    assert run(target, lambda _answers: next(looks))["changed"]
    assert target.written[-2:] == ["reg.delete", "reg.delete"]


def test_a_way_back_that_was_not_gone_through_with_is_not_said_to_be_done() -> None:
    target = Slow(times=[4, 0])
    with pytest.raises(TlsOpsError) as error:
        run(target, Outcome.MISSED)
    assert error.value.changed
    assert "failed in part: it was not gone through with (" in error.value.hint


@pytest.mark.parametrize(("time_for", "stays"), [(0, False), (1, False), (2, True), (3, True)])
@pytest.mark.parametrize("permanent_from", [-2, 1])
def test_what_stays_is_told_from_the_operation_on_that_makes_it_permanent(
    time_for: int, stays: bool, permanent_from: int
) -> None:
    three = dataclasses.replace(change(WRITE, WRITE, WRITE), permanent="it is installed", permanent_from=permanent_from)
    plan = Plan("planned", Any, changes=(three, change(WRITE)))  # type: ignore[arg-type]
    answers = [*[Answer("ok")] * time_for, OVER, *[Answer("skipped")] * (3 - time_for)]
    with pytest.raises(TlsOpsError) as error:
        apply.check_done(apply.sequence(plan), tuple(answers))
    assert error.value.changed == ("What stays: it is installed." in error.value.hint) == stays


def deadline(operations: tuple[Operation, ...], mode: Any) -> int:
    """What a batch with a limit of 30 seconds tells the target of it."""
    sent: list[bytes] = []

    def execute(_command: str, in_data: bytes) -> Any:
        sent.append(in_data)
        raise OSError("enough")

    with pytest.raises(UnknownOutcome):
        ConnectionTarget(SimpleNamespace(transport="psrp"), execute).batch(operations, mode=mode, timeout=30)
    head = sent[0].decode().split("\n\0\0\0\0\n", 1)[1].split("\n")[0].split(" ")
    return int(base64.b64decode(head[4]))


def test_only_what_takes_back_is_given_more_time() -> None:
    back = apply.taking_back([WRITE], [Answer("ok")])
    assert apply.goes_back(back)
    assert apply.goes_back(back[:1]), "a portion of it"
    assert not apply.goes_back([*back, file_delete("C:\\x")])
    assert deadline(back, "write") == deadline(back[:1], "write") == 3600
    assert deadline((WRITE,), "write") == 30
    assert deadline((reg_read("HKLM\\SOFTWARE\\a"),), "write") == 30
    assert deadline(back, "read") == 30


@pytest.mark.parametrize(
    ("answer", "words"),
    [(OVER, "failed: the batch's time is over"), (Answer("error"), "cannot be exported")],
)
def test_what_stays_is_told_where_an_export_fails_too(answer: Answer, words: str) -> None:
    def content(_answer: Answer) -> bytes:
        raise TlsOpsError("the key cannot be exported.", hint="Another place.")

    export = Export(dataclasses.replace(WRITE, name="store.export_pfx"), content, (), change())
    installed = dataclasses.replace(change(WRITE), permanent="it is installed")
    plan = Plan("planned", Any, changes=(installed,), exports=(export,))  # type: ignore[arg-type]
    with pytest.raises(TlsOpsError) as error:
        apply.check_done(apply.sequence(plan), (Answer("ok"), answer))
    assert words in error.value.message
    assert "What stays: it is installed." in error.value.hint
    assert error.value.changed
