# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way of a task: which batches go out, in which order, and what becomes of each kind of trouble."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import file_delete
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import (
    ControllerFile,
    Outcome,
    Plan,
    Verdict,
)

from .steps import WRITE, Planned, Scripted, change, export, host_answer, proof


def plan(**parts: Any) -> Plan:
    return Plan("planned", cast(Any, None), **parts)


def run(
    target: Scripted, *plans: Plan, dry_run: bool = False, allow_unencrypted: bool = False, files: Any = None
) -> dict[str, Any]:
    written: list[tuple[ControllerFile, bytes]] = [] if files is None else files
    options = Options(dry_run, 300, allow_unencrypted)
    return flow.run(Planned(list(plans)), target, options, lambda file, content: written.append((file, content)))


def taken_back(target: Scripted) -> list[str]:
    """What the last batch makes the target undo: its last operation must fail for that."""
    *carriers, last = target.batches[-1][1]
    assert last.expect == "0" * 64
    return [undo.name for carrier in reversed(carriers) for undo in carrier.undo]


def test_nothing_to_do_is_one_read_batch() -> None:
    target = Scripted()
    result = run(target, plan(result={"thumbprint": "AB"}))
    assert [mode for mode, _other in target.batches] == ["read"]
    assert result["changed"] is False
    assert result["diff"] == []
    assert result["thumbprint"] == "AB"


def test_a_change_is_one_read_and_one_write_batch_that_proves_too() -> None:
    target = Scripted()
    result = run(target, plan(changes=(change(WRITE),), proofs=(proof(Outcome.PROVEN),)))
    assert [mode for mode, _other in target.batches] == ["read", "write"]
    assert target.written == ["file.write", "tcp.exchange"]
    assert [operation.keep_going for operation in target.batches[1][1]] == [False, True]
    assert result["changed"] is True
    assert result["proofs"]["listener"] == {"outcome": "proven", "seen": "what was there", "port": 443}


def test_a_dry_run_reads_only_and_shows_the_same_diff() -> None:
    changes = (change(WRITE),)
    dry, target = run(Scripted(), plan(changes=changes), dry_run=True), Scripted()
    assert run(target, plan(changes=changes), dry_run=True)["changed"] is True
    assert [mode for mode, _other in target.batches] == ["read"]
    assert dry["diff"] == run(Scripted(), plan(changes=changes))["diff"] != []


@pytest.mark.parametrize("outcome", [Outcome.MISSED, Outcome.NOT_PROVEN])
def test_a_promise_that_is_not_kept_is_looked_at_again_and_then_taken_back(outcome: Outcome) -> None:
    target, files = Scripted(), []
    with pytest.raises(TlsOpsError, match="what was there") as caught:
        run(target, plan(changes=(change(WRITE),), proofs=(proof(outcome),), exports=(export("/b"),)), files=files)
    assert caught.value.stage == "verify"
    assert "old state was put back" in caught.value.hint
    assert [mode for mode, _other in target.batches] == ["read", "write", "read", "write"]
    assert taken_back(target) == ["file.delete"]
    assert files == []


def test_a_slow_listener_costs_no_swap() -> None:
    looks = iter([Outcome.NOT_PROVEN, Outcome.PROVEN])
    target = Scripted()
    result = run(target, plan(changes=(change(WRITE),), proofs=(proof(lambda _: next(looks)),)))
    assert result["changed"] is True
    assert [mode for mode, _other in target.batches] == ["read", "write", "read"]


@pytest.mark.parametrize("outcome", [Outcome.RESTART_REQUIRED, Outcome.UNPROVABLE])
def test_what_only_a_restart_shows_succeeds_and_is_reported(outcome: Outcome) -> None:
    result = run(Scripted(), plan(changes=(change(WRITE),), proofs=(proof(outcome),)))
    assert result["restart_required"] is (outcome is Outcome.RESTART_REQUIRED)
    assert "what was there" in result["warnings"][-1]


def test_verify_always_looks_at_an_unchanged_host_and_changes_nothing() -> None:
    target = Scripted()
    with pytest.raises(TlsOpsError, match="the site serves it") as caught:
        run(target, plan(proofs=(proof(Outcome.MISSED),), prove_always=True))
    assert "changed nothing" in caught.value.hint
    assert [mode for mode, _other in target.batches] == ["read", "read"]


def test_a_dry_run_that_would_change_nothing_looks_where_asked_to() -> None:
    target = Scripted()
    result = run(target, plan(proofs=(proof(Outcome.PROVEN),), prove_always=True), dry_run=True)
    assert [mode for mode, _other in target.batches] == ["read", "read"]
    assert result["proofs"]["listener"]["outcome"] == "proven"
    assert result["changed"] is False


def test_a_dry_run_that_would_change_something_does_not_look() -> None:
    target = Scripted()
    wanted = plan(changes=(change(WRITE),), proofs=(proof(Outcome.MISSED),), prove_always=True)
    assert run(target, wanted, dry_run=True)["proofs"] == {}
    assert [mode for mode, _other in target.batches] == ["read"]


def test_a_dry_run_fails_where_its_look_misses() -> None:
    with pytest.raises(TlsOpsError, match="the site serves it"):
        run(Scripted(), plan(proofs=(proof(Outcome.MISSED),), prove_always=True), dry_run=True)


def test_what_only_the_host_could_say_is_in_the_result() -> None:
    told = dataclasses.replace(
        proof(Outcome.PROVEN), judge=lambda _answers: Verdict(Outcome.PROVEN, result={"thumbprint": "AB"})
    )
    assert run(Scripted(), plan(changes=(change(WRITE),), proofs=(told,)))["thumbprint"] == "AB"
    part = Plan("one", cast(Any, None), changes=(change(WRITE),), proofs=(told,))
    assert run(Scripted(), plan(parts=(part,)))["one"]["thumbprint"] == "AB"


def test_a_write_that_stopped_names_the_operation_and_what_was_taken_back() -> None:
    failed = Answer("error", kind="hresult", number=-2147024891, text="Access is denied.", undone=(Answer("ok"),))
    target = Scripted({"file.write": failed})
    with pytest.raises(TlsOpsError, match=r"file.write C:\\made failed: Access is denied. \(hresult 0x80070005\)") as e:
        run(target, plan(changes=(change(WRITE),)))
    assert e.value.stage == "apply"
    assert "taken back" in e.value.hint


def test_a_way_back_that_failed_is_said() -> None:
    undone = Answer("error", kind="exit", number=1, text="Error: 1312")
    target = Scripted({"file.write": Answer("error", kind="exit", number=1, undone=(undone,))})
    with pytest.raises(TlsOpsError) as caught:
        run(target, plan(changes=(change(WRITE),)))
    assert "Error: 1312" in caught.value.hint


def test_a_broken_read_is_tried_once_more() -> None:
    target = Scripted(breaks=["read"])
    assert run(target, plan())["changed"] is False
    assert target.reconnected == 1


def test_two_broken_reads_end_in_words() -> None:
    target = Scripted(breaks=["read", "read"])
    with pytest.raises(TlsOpsError, match="connection reset") as caught:
        run(target, plan())
    assert caught.value.stage == "read"
    assert "Nothing was changed" in caught.value.hint


def test_after_a_broken_write_the_host_is_read_again_and_what_was_done_counts() -> None:
    changes = (change(WRITE),)
    target = Scripted(breaks=["write"])
    result = run(target, plan(changes=changes), plan(proofs=(proof(Outcome.PROVEN),)))
    assert [mode for mode, _other in target.batches] == ["read", "write", "read", "read"]
    assert result["changed"] is True
    assert result["diff"] == run(Scripted(), plan(changes=changes))["diff"]
    assert result["proofs"]["listener"]["outcome"] == "proven"


def test_two_broken_writes_do_not_claim_that_nothing_was_done() -> None:
    target = Scripted(breaks=["write", "write"])
    with pytest.raises(TlsOpsError) as caught:
        run(target, plan(changes=(change(WRITE),)))
    assert caught.value.stage == "apply"
    assert "not known" in caught.value.hint


def test_an_exported_file_is_written_after_everything_was_proven() -> None:
    files: list[Any] = []
    target = Scripted({"store.export_pfx": Answer("ok", b"pfx")})
    result = run(target, plan(exports=(export("/a", "/b"),), proofs=(proof(Outcome.PROVEN),)), files=files)
    assert [(file.path, content) for file, content in files] == [("/a", b"pfx"), ("/b", b"pfx")]
    assert result["changed"] is True


def test_a_secret_does_not_travel_in_clear_unless_allowed() -> None:
    with pytest.raises(TlsOpsError, match="does not encrypt"):
        run(Scripted(encrypted=False), plan(exports=(export("/a"),)))
    with pytest.raises(TlsOpsError, match="does not encrypt"):
        run(Scripted(encrypted=False), plan(exports=(export("/a"),)), dry_run=True)
    assert run(Scripted(encrypted=False), plan(exports=(export("/a"),)), allow_unencrypted=True)["changed"]
    assert run(Scripted(encrypted=False), plan(changes=(change(WRITE),)))["changed"]


def test_a_filtered_token_is_refused_before_planning() -> None:
    target = Scripted({"host.info": host_answer(elevated="0")})
    with pytest.raises(TlsOpsError, match="administrator") as caught:
        run(target, plan(changes=(change(WRITE),)))
    assert caught.value.stage == "read"
    assert target.written == []


def test_parts_are_applied_in_order_and_reported_apart() -> None:
    first = Plan("one", cast(Any, None), changes=(change(WRITE),), result={"a": 1}, findings=("f",), warnings=("w",))
    second = Plan("two", cast(Any, None), changes=(change(),), proofs=(proof(Outcome.PROVEN),), result={"b": 2})
    target = Scripted()
    result = run(target, plan(parts=(first, second)))
    assert result["one"]["a"] == 1
    assert result["two"]["proofs"]["listener"]["outcome"] == "proven"
    assert result["one"]["proofs"] == {}
    assert len(result["diff"]) == 2
    assert result["findings"] == ["f"]
    assert result["warnings"] == ["w"]


def test_what_closes_a_change_runs_after_the_proofs() -> None:
    closing = dataclasses.replace(change(WRITE), closing=(file_delete("C:\\journal"),))
    target = Scripted()
    run(target, plan(changes=(closing,), proofs=(proof(Outcome.PROVEN),)))
    assert target.written == ["file.write", "tcp.exchange", "file.delete"]
    assert [operation.keep_going for operation in target.batches[1][1]] == [False, True, True]


def test_a_second_look_that_breaks_does_not_hide_the_miss() -> None:
    target = Scripted()
    looks = iter([Outcome.MISSED])

    def judge(_answers: object) -> Outcome:
        target.breaks.append("read")
        return next(looks)

    with pytest.raises(TlsOpsError, match="the site serves it") as caught:
        run(target, plan(changes=(change(WRITE),), proofs=(proof(judge),)))
    assert "old state was put back" in caught.value.hint
    assert taken_back(target) == ["file.delete"]
    assert target.reconnected == 1


def test_a_way_back_that_breaks_off_says_that_the_new_state_is_in_place() -> None:
    target = Scripted(breaks=[])
    original = target.batch

    def batch(operations: Any, *, mode: str, timeout: int) -> Any:
        if mode == "write" and operations[-1].expect:
            raise TlsOpsError("another batch is still running on the target.")
        return original(operations, mode=mode, timeout=timeout)

    target.batch = batch  # type: ignore[method-assign]
    with pytest.raises(TlsOpsError, match="the site serves it") as caught:
        run(target, plan(changes=(change(WRITE),), proofs=(proof(Outcome.MISSED),)))
    assert "not known which one is in place" in caught.value.hint
    assert "verify: always" in caught.value.hint, "the entries are dropped by then: a plain run would look at nothing"
    assert "another batch" in caught.value.hint
    assert caught.value.changed


def test_what_stays_is_said_and_counts_as_a_change() -> None:
    lasting = dataclasses.replace(change(WRITE), permanent="the certificate in MY")
    with pytest.raises(TlsOpsError) as caught:
        run(Scripted(), plan(changes=(lasting, lasting, change(WRITE)), proofs=(proof(Outcome.MISSED),)))
    assert "What stays: the certificate in MY. What stays: the certificate in MY." in caught.value.hint
    assert caught.value.changed


def test_a_file_that_cannot_be_written_does_not_hide_what_was_done() -> None:
    def write(*_given: object) -> None:
        raise TlsOpsError("the disk is full.", hint="Make room.")

    step = Planned([plan(changes=(change(WRITE),), exports=(export("/a"),))])
    with pytest.raises(TlsOpsError, match="disk is full") as caught:
        flow.run(step, Scripted(), Options(False, 300, False), write)
    assert caught.value.changed
    assert "run again for the file" in caught.value.hint


def test_a_lost_answer_makes_the_next_plan_prove_everything() -> None:
    seen: list[bool] = []

    class Watching(Planned):
        def plan(self, snapshot: Any) -> Plan:
            seen.append(snapshot.prove_all)
            return super().plan(snapshot)

    target = Scripted(breaks=["write"])
    step = Watching([plan(changes=(change(WRITE),)), plan(proofs=(proof(Outcome.MISSED),))])
    with pytest.raises(TlsOpsError, match="the site serves it") as caught:
        flow.run(step, target, Options(False, 300, False), lambda *_given: None)
    assert seen == [False, True]
    assert caught.value.changed
    assert "answer was lost" in caught.value.hint


def test_a_fault_of_ours_after_the_batch_says_that_the_host_has_changed() -> None:
    def judge(_answers: object) -> Outcome:
        raise KeyError("served")

    with pytest.raises(TlsOpsError, match="unexpected KeyError") as caught:
        run(Scripted(), plan(changes=(change(WRITE),), proofs=(proof(judge),)))
    assert caught.value.changed


def test_an_error_of_the_second_try_names_what_the_first_may_have_left() -> None:
    target = Scripted(breaks=["write"])
    missed = plan(changes=(change(WRITE),), proofs=(proof(Outcome.MISSED),))
    with pytest.raises(TlsOpsError) as caught:
        run(target, plan(changes=(change(WRITE),)), missed)
    assert "may have changed, from: C:\\ (nothing)" in caught.value.hint
