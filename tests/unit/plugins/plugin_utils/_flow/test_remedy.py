# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A listener that goes on with what it had: what is done about it, when, and what a failure of that leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import adsi_invoke
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Plan, Proof, Verdict

from .steps import WRITE, Planned, Scripted, change, proof

START = adsi_invoke("W3SVC/1", "Start")
STOP = dataclasses.replace(adsi_invoke("W3SVC/1", "Stop"), undo=(START,))
SHOP = "the site 'Shop' (metabase=W3SVC/1)"
OTHER = adsi_invoke("W3SVC/2", "Start")
FAILED = Answer("error", kind="hresult", number=-2147024891, text="access denied")


@dataclasses.dataclass
class Listener(Scripted):
    """It has the old certificate until it is started anew; ``stubborn`` even then. ``refused``: a method."""

    starts: int = 0
    stubborn: bool = False
    refused: str = ""
    stopped: bool = False  # the batch, by what failed in it

    def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
        self.stopped = False
        return super().batch(operations, mode=mode, timeout=timeout)

    def _answer(self, operation: Operation) -> Answer:
        method = dict(operation.arguments).get("method")
        if self.stopped:
            return Answer("skipped")
        if self.refused and method == self.refused:
            self.stopped = True
            return FAILED
        self.starts += method == "Start"
        if operation.name == "tcp.exchange":
            return Answer("ok", b"new" if self.starts and not self.stubborn else b"old")
        return super()._answer(operation)

    @property
    def modes(self) -> list[str]:
        return [mode for mode, _operations in self.batches]

    @property
    def methods(self) -> list[str]:
        """What was called, in order, in write batches."""
        batches = (batch for mode, batch in self.batches if mode == "write")
        return [
            str(dict(each.arguments)["method"]) for batch in batches for each in batch if each.name == "adsi.invoke"
        ]


def looked(otherwise: Outcome = Outcome.MISSED, *remedy: Operation, curable: bool = True, name: str = "it") -> Proof:
    """Proven once the listener sends the new certificate."""

    def judge(answers: tuple[Answer, ...]) -> Verdict:
        fresh = answers[0].ok and answers[0].payload == b"new"
        return Verdict(Outcome.PROVEN if fresh else otherwise, answers[0].payload.decode(), curable=curable)

    own = {"remedy": remedy or (STOP, START), "listener": SHOP, "before": "the old one"}
    return dataclasses.replace(proof(Outcome.PROVEN), name=name, judge=judge, **own)  # type: ignore[arg-type]


def swap(*proofs: Proof, **parts: Any) -> Plan:
    return Plan("planned", cast(Any, None), changes=(change(WRITE),), proofs=proofs or (looked(),), **parts)


def settled(*proofs: Proof, always: bool = True) -> Plan:
    """Everything is in place; only a look is wanted."""
    return Plan("planned", cast(Any, None), proofs=proofs or (looked(),), prove_always=always)


def run(target: Listener, *plans: Plan, dry_run: bool = False) -> dict[str, Any]:
    return flow.run(Planned(list(plans)), target, Options(dry_run, 300, False), lambda *_given: None)


@pytest.mark.parametrize("outcome", [Outcome.MISSED, Outcome.RESTART_REQUIRED])
def test_what_was_there_before_is_remedied_and_looked_at_again_in_a_third_command(outcome: Outcome) -> None:
    target = Listener()
    result = run(target, swap(looked(outcome)))
    assert target.modes == ["read", "write", "write"]
    assert [each.name for each in target.batches[-1][1]] == ["adsi.invoke", "adsi.invoke", "tcp.exchange"]
    assert result["changed"] is True
    assert result["proofs"]["it"]["outcome"] == "proven"
    assert result["proofs"]["it"]["remedy"] == ["adsi.invoke W3SVC/1 Stop", "adsi.invoke W3SVC/1 Start"]
    assert result["warnings"] == [
        f"{SHOP} went on with what it had before, so it was stopped and started: open connections were cut."
    ]
    assert result["restart_required"] is False


CLOSE = adsi_invoke("W3SVC/9", "Pause", retry=(1,))  # any operation that is nothing else's


def closed(*proofs: Proof) -> Plan:
    own = dataclasses.replace(change(WRITE), closing=(CLOSE,))
    return dataclasses.replace(swap(*proofs), changes=(own,))


def names(target: Listener) -> list[list[str]]:
    return [[str(dict(each.arguments).get("method", each.name)) for each in batch] for _mode, batch in target.batches]


def test_the_way_back_is_kept_until_it_is_known_whether_a_remedy_is_needed() -> None:
    """A run that ends between the look and the remedy leaves its journal entry: the next one proves, and remedies."""
    target = Listener(starts=1)
    run(target, closed())
    assert names(target)[1:] == [[WRITE.name, "tcp.exchange"], ["Pause"]]
    target = Listener()
    run(target, closed())
    assert names(target)[1:] == [[WRITE.name, "tcp.exchange"], ["Stop", "Start", "tcp.exchange", "Pause"]]


def test_without_a_remedy_what_closes_goes_with_the_proofs() -> None:
    target = Listener(starts=1)
    run(target, closed(dataclasses.replace(looked(), remedy=())))
    assert names(target)[1:] == [[WRITE.name, "tcp.exchange", "Pause"]]


def test_nothing_is_closed_where_the_proof_fails_for_good() -> None:
    target = Listener()
    with pytest.raises(TlsOpsError):
        run(target, closed(looked(curable=False)))
    assert "Pause" not in target.methods


def test_a_good_first_look_needs_no_remedy() -> None:
    target = Listener(starts=1)
    result = run(target, swap())
    assert (target.modes, target.methods) == (["read", "write"], [])
    assert "remedy" not in result["proofs"]["it"]
    assert "warnings" not in result


def test_a_look_that_a_remedy_cannot_help_gets_none() -> None:
    """The record itself is not as planned, or nobody answers: to start the listener anew would only cut connections."""
    for one in (looked(curable=False), looked(Outcome.NOT_PROVEN)):
        target = Listener()
        with pytest.raises(TlsOpsError, match="Seen: old"):
            run(target, swap(one))
        assert target.methods == []
        assert target.modes == ["read", "write", "read", "write"]


def test_a_remedy_that_several_proofs_share_is_done_once_and_only_what_is_open_is_looked_at() -> None:
    target = Listener()
    fine = dataclasses.replace(proof(Outcome.PROVEN), name="fine", remedy=(OTHER,))
    result = run(
        target, swap(looked(name="one"), fine, looked(name="two"), looked(Outcome.MISSED, STOP, OTHER, name="x"))
    )
    names = [dict(each.arguments).get("path", each.name) for each in target.batches[-1][1]]
    assert names == ["W3SVC/1", "W3SVC/1", "W3SVC/2", "tcp.exchange", "tcp.exchange", "tcp.exchange"]
    assert all(each.keep_going for each in target.batches[-1][1][3:])
    assert "remedy" not in result["proofs"]["fine"]
    assert {each["outcome"] for each in result["proofs"].values()} == {"proven"}


def test_what_does_not_help_is_taken_back_and_then_the_listener_takes_the_old_one_again() -> None:
    target = Listener(stubborn=True)
    with pytest.raises(TlsOpsError, match=r"although the site 'Shop' .* was stopped and started\. Seen: old") as caught:
        run(target, swap())
    assert "The old state was put back" in caught.value.hint
    assert not caught.value.changed
    *carriers, last = target.batches[-1][1]
    assert last.expect == "0" * 64
    undone = [undo for carrier in reversed(carriers) for undo in carrier.undo]
    assert [each.name for each in undone] == ["file.delete", "adsi.invoke", "adsi.invoke"]
    assert undone[1:] == [dataclasses.replace(STOP, undo=()), START]


def test_a_restart_that_is_needed_all_the_same_is_told() -> None:
    result = run(Listener(stubborn=True), swap(looked(Outcome.RESTART_REQUIRED)))
    assert result["restart_required"] is True
    assert result["proofs"]["it"]["outcome"] == "restart required"


@pytest.mark.parametrize("method", ["Stop", "Start"])
def test_a_remedy_that_fails_is_named_and_everything_is_taken_back(method: str) -> None:
    target = Listener(refused=method)
    with pytest.raises(TlsOpsError, match=f"was to be stopped and started .{method} of W3SVC/1 failed: access denied"):
        run(target, swap())
    undone = [undo.name for carrier in target.batches[-1][1] for undo in carrier.undo]
    assert undone.count("file.delete") == 1


def test_a_remedy_that_fails_where_only_a_restart_was_asked_for_is_a_warning() -> None:
    result = run(Listener(refused="Stop"), swap(looked(Outcome.RESTART_REQUIRED)))
    assert result["restart_required"] is True
    assert any("goes on with what it had before" in each and "Stop of W3SVC/1" in each for each in result["warnings"])


@dataclasses.dataclass
class SecondStart(Listener):
    """The first Start fails; the one by which the target takes the Stop back does not."""

    refused: str = "Start"
    back: bool = True

    def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
        answers = super().batch(operations, mode=mode, timeout=timeout)
        if not self.stopped:
            return answers
        self.refused, self.starts = "", int(self.back)
        undone = Answer("ok") if self.back else FAILED
        return (dataclasses.replace(answers[0], undone=(undone,)), *answers[1:])


def test_a_site_that_only_its_way_back_started_keeps_nothing_in_the_journal() -> None:
    """What closes was not done behind the start that failed."""
    target = SecondStart()
    result = run(target, closed())
    assert names(target)[2:] == [["Stop", "Start", "tcp.exchange", "Pause"], ["tcp.exchange"], ["Pause"]]
    assert (result["changed"], result["proofs"]["it"]["outcome"]) == (True, "proven")
    (warning,) = result["warnings"]
    assert "Start of W3SVC/1 failed: access denied" in warning
    assert "What had been stopped was started again, and open connections were cut" in warning
    assert warning.endswith("it runs and serves what it should.")
    assert "adsi" not in warning


def test_a_site_that_does_not_start_at_all_is_told() -> None:
    target = SecondStart(back=False)
    with pytest.raises(TlsOpsError, match="Starting it again failed too: access denied"):
        run(target, closed())
    assert target.modes[-1] == "write", "everything is taken back"
    assert [each for each in names(target) if each == ["Pause"]] == []


@pytest.mark.parametrize("outcome", [Outcome.MISSED, Outcome.RESTART_REQUIRED])
def test_after_a_lost_answer_the_second_try_finds_nothing_to_change_and_does_the_remedy(outcome: Outcome) -> None:
    target = Listener(breaks=["write"])
    result = run(target, swap(looked(outcome)), settled(looked(outcome), always=False))
    assert target.modes == ["read", "write", "read", "read", "write"]
    assert result["changed"] is True
    assert [each["after"] for each in result["diff"]] == ["made\n"]
    assert result["proofs"]["it"]["outcome"] == "proven"


def test_an_answer_that_is_lost_in_the_remedy_is_an_unknown_outcome_like_any_other() -> None:
    class Lost(Listener):
        def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
            if mode == "write" and operations[0] == STOP and not self.reconnected:
                self.breaks.append("write")
            return super().batch(operations, mode=mode, timeout=timeout)

    target = Lost()
    result = run(target, swap(), settled(always=False))
    assert target.reconnected == 1
    assert target.modes == ["read", "write", "write", "read", "read", "write"]
    assert (result["changed"], len(result["diff"])) == (True, 1)


def test_a_remedy_whose_answer_is_lost_twice_is_an_error_that_says_so() -> None:
    class Lost(Listener):
        def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
            if mode == "write" and operations[0] == STOP:
                self.breaks.append("write")
            return super().batch(operations, mode=mode, timeout=timeout)

    with pytest.raises(TlsOpsError, match="no answer, twice") as caught:
        run(Lost(), swap(), settled(always=False))
    assert caught.value.changed


def test_a_host_that_needs_no_change_but_serves_the_old_one_is_remedied_and_that_is_a_change() -> None:
    target = Listener()
    result = run(target, settled())
    assert target.modes == ["read", "read", "write"]
    assert (result["changed"], result["diff"]) == (True, [])
    again = run(target, settled())
    assert (again["changed"], again.get("warnings")) == (False, None)


def test_a_chain_that_waits_for_a_restart_does_not_stop_the_site_in_every_look() -> None:
    target = Listener(stubborn=True)
    result = run(target, settled(looked(Outcome.RESTART_REQUIRED)))
    assert (result["changed"], result["restart_required"], target.methods) == (False, True, [])


def test_a_look_that_shows_that_nothing_helps_is_an_error_that_says_what_was_done() -> None:
    target = Listener(stubborn=True)
    with pytest.raises(TlsOpsError, match=r"although .* was stopped and started") as caught:
        run(target, settled())
    assert (caught.value.changed, target.methods) == (True, ["Stop", "Start"])


def test_a_dry_run_does_no_remedy_and_says_what_a_run_would_do() -> None:
    target = Listener()
    result = run(target, settled(), dry_run=True)
    assert (target.modes, result["changed"]) == (["read", "read"], True)
    assert result["proofs"]["it"]["outcome"] == "missed"
    (warning,) = result["warnings"]
    assert warning == (
        f"{SHOP} goes on with what it had before (old). A run stops and starts it, which cuts open connections, and "
        "looks again."
    )
    assert run(Listener(starts=1), settled(), dry_run=True)["changed"] is False


def test_a_dry_run_of_a_change_says_what_may_follow_it() -> None:
    target = Listener()
    result = run(target, swap(findings=("other",)), dry_run=True)
    assert target.modes == ["read"]
    assert result["findings"] == ["other"]
    assert result["warnings"] == [
        f"{SHOP}: if it goes on with the old one, a run stops and starts it, which cuts open connections."
    ]
    assert "warnings" not in run(Listener(), swap(proof(Outcome.PROVEN)), dry_run=True)


def test_a_dry_run_fails_where_a_run_could_do_nothing_either() -> None:
    with pytest.raises(TlsOpsError, match="This look changed nothing"):
        run(Listener(), settled(looked(), looked(curable=False, name="other")), dry_run=True)


def test_a_refusal_of_the_remedy_says_that_the_host_has_changed() -> None:
    class Refusing(Listener):
        def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
            if operations and operations[0] == STOP:
                raise TlsOpsError("another batch runs.")
            return super().batch(operations, mode=mode, timeout=timeout)

    with pytest.raises(TlsOpsError, match="another batch runs") as caught:
        run(Refusing(), swap())
    assert (caught.value.changed, caught.value.stage) == (True, "verify")
