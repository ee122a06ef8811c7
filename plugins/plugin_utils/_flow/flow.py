# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way every task goes: read, plan, apply, verify, report; and what happens when a stage breaks off."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, TypeVar

from .._batch.operation import Answer, Operation
from .._errors import TlsOpsError
from .._model.plan import ControllerFile, Plan, Step
from .._model.snapshot import Snapshot
from . import apply, lost, verify
from . import remedy as remedies
from .plan import plan as make_plan
from .read import read
from .report import diff, report
from .target import Target, UnknownOutcome
from .task import Options
from .verify import Judged

Write = Callable[[ControllerFile, bytes], None]
_T = TypeVar("_T")


_READINGS = 3  # of a server that changes by itself between the two rounds: then it is said


class _Passed(Exception):
    """The batch of changes did nothing: what was read has changed, in what does not count."""


class _Unfinished(UnknownOutcome):
    """A write batch whose outcome is unknown; ``plan`` is what it was to do."""

    def __init__(self, plan: Plan, cause: str) -> None:
        super().__init__(cause)
        self.plan = plan


def run(step: Step, target: Target, options: Options, write: Write) -> dict[str, Any]:
    """One task against one host. Raises TlsOpsError.

    Where a connection breaks, what was done is unknown: read again, plan again, do what is still missing and prove all
    of it; once. Where Ansible ends the task (its keyword ``timeout``) nothing more is sent.
    """
    try:
        return _at_most_twice(step, target, options, write)
    except BaseException as error:
        if type(error).__name__ != "TaskTimeoutError":  # its module differs from one ansible-core to the next
            raise
        raise lost.timed_out(options.timeout, written=target.has_written) from error


def _at_most_twice(step: Step, target: Target, options: Options, write: Write) -> dict[str, Any]:
    try:
        return _once(step, target, options, write, unfinished=None)
    except UnknownOutcome as error:
        first = error
    target.reconnect()
    unfinished = first.plan if isinstance(first, _Unfinished) else None
    try:
        return _once(step, target, options, write, unfinished)
    except TlsOpsError as error:
        error.changed = error.changed or unfinished is not None
        error.hint = " ".join(filter(None, [error.hint, lost.left_by(unfinished)]))
        raise
    except UnknownOutcome as error:
        raise lost.twice(error, written=unfinished is not None or isinstance(error, _Unfinished)) from error
    except Exception as error:  # a fault of ours must not hide that the first batch may have changed the host
        if unfinished is None:
            raise
        hint = f"{lost.left_by(unfinished)} Please report this; -vvv shows more."
        raise TlsOpsError(f"unexpected {type(error).__name__}: {error}.", hint=hint, changed=True) from error


def _once(step: Step, target: Target, options: Options, write: Write, unfinished: Plan | None) -> dict[str, Any]:
    """Read, plan, apply; again where the server was only on its way while it was read."""
    for _reading in range(_READINGS - 1):
        with contextlib.suppress(_Passed):
            return _gone_through(step, target, options, write, unfinished)
    return _gone_through(step, target, options, write, unfinished, last=True)


def _gone_through(
    step: Step, target: Target, options: Options, write: Write, unfinished: Plan | None, *, last: bool = False
) -> dict[str, Any]:
    unknown = unfinished is not None
    snapshot = _staged("read", lambda: _read(step, target, options, unknown=unknown))
    plan = _staged("plan", lambda: make_plan(step, snapshot))
    _staged("plan", lambda: _check_secrets(plan, target, options))
    if options.dry_run and plan.changes_anything:
        return report(plan, (), changed=True, foreseen=remedies.foreseen(plan))
    judged: tuple[Judged, ...] = ()
    if plan.changes_anything:
        planned = apply.sequence(plan, _unchanged(plan, snapshot))
        judged = _do(plan, planned, target, options, write, last=last)
    elif plan.wants_proof or unknown:
        judged = _proven(plan, target, options, unknown=unknown)
    cured = any(each.remedied or (options.dry_run and each.curable and not each.holds) for each in judged)
    result = report(plan, judged, changed=plan.changes_anything or unknown or cured)
    if unfinished is not None:
        result["diff"] = diff(unfinished)
    return result


def _read(step: Step, target: Target, options: Options, *, unknown: bool) -> Snapshot:
    return read(step, target, timeout=options.timeout, dry_run=options.dry_run, unknown=unknown)


def _check_secrets(plan: Plan, target: Target, options: Options) -> None:
    if options.allow_unencrypted or target.encrypts():
        return
    if any(operation.secret for operation in apply.sequence(plan).operations):
        raise TlsOpsError(
            "a private key would travel over a connection that does not encrypt.",
            hint="Use NTLM or Kerberos with message encryption, or HTTPS; or set allow_unencrypted: true.",
        )


def _unchanged(plan: Plan, read_before: Snapshot) -> tuple[Operation, ...]:
    """What stops the batch before its first change where the web sites are no longer as they were read."""
    changes = any(part.changes for part in plan.flat())
    return read_before.web.unchanged if changes and read_before.web else ()


def _do(
    plan: Plan, planned: apply.Sequence, target: Target, options: Options, write: Write, *, last: bool
) -> tuple[Judged, ...]:
    """Raises _Passed unless it is the ``last`` reading of the server."""
    try:
        answers = _staged("apply", lambda: target.batch(planned.operations, mode="write", timeout=options.timeout))
    except UnknownOutcome as error:
        raise _Unfinished(plan, str(error)) from error
    if not last and apply.passed(planned, answers):
        raise _Passed
    try:
        return _finish(plan, planned, answers, target, options, write)
    except (TlsOpsError, UnknownOutcome):
        raise
    except Exception as error:  # a fault of ours must not hide that the host has changed
        raise TlsOpsError(
            f"unexpected {type(error).__name__}: {error}.",
            stage="verify",
            hint="The batch had been sent, so the host has changed. Please report this.",
            changed=True,
        ) from error


def _finish(
    plan: Plan,
    planned: apply.Sequence,
    answers: tuple[Answer, ...],
    target: Target,
    options: Options,
    write: Write,
) -> tuple[Judged, ...]:
    _staged("apply", lambda: apply.check_done(planned, answers))
    judged = verify.judge(planned.proofs, answers)
    remedy = remedies.remedy(judged)
    if remedy is not None:
        given = _more(plan, (*remedy.operations, *planned.closing), target, options)
        judged, last = remedy.outcome(given), given[len(remedy.operations) :]
        if not any(each.status == "skipped" for each in last):  # as they are where a remedy has failed
            planned, answers = planned.closed(), (*answers, *last)
    if not all(each.holds for each in judged):
        judged = _second_look(plan, judged, target, options)
    if not all(each.holds for each in judged):
        _go_back(planned, answers, judged, target, options)
    left = planned.closing or apply.left_open(planned, answers)
    if left:
        _more(plan, left, target, options)
    _write_files(planned, answers, write)
    return judged


def _look(plan: Plan, target: Target, options: Options) -> tuple[Judged, ...]:
    """The proofs alone, in a read batch."""
    proofs = apply.placed(plan)
    operations = [each for _part, proof, _start in proofs for each in proof.operations]
    answers = target.batch(operations, mode="read", timeout=options.timeout) if operations else ()
    return verify.judge(proofs, answers)


def _second_look(plan: Plan, judged: tuple[Judged, ...], target: Target, options: Options) -> tuple[Judged, ...]:
    """A listener that was only slow must not cost a swap; where nobody answers, the first look counts."""
    try:
        return verify.carried(judged, _look(plan, target, options))
    except (UnknownOutcome, TlsOpsError):
        target.reconnect()
        return judged


def _more(plan: Plan, operations: tuple[Operation, ...], target: Target, options: Options) -> tuple[Answer, ...]:
    """A further write batch of a plan that is done."""
    try:
        return target.batch(operations, mode="write", timeout=options.timeout)
    except UnknownOutcome as error:
        raise _Unfinished(plan, str(error)) from error
    except TlsOpsError as error:
        error.stage, error.changed = error.stage or "verify", True
        raise


def _proven(plan: Plan, target: Target, options: Options, *, unknown: bool) -> tuple[Judged, ...]:
    """Looks at a host on which nothing is left to do. Raises TlsOpsError where it does not serve what it should."""
    judged = _staged("verify", lambda: _look(plan, target, options))
    if options.dry_run:
        if all(each.holds or each.curable for each in judged):
            return judged
    else:
        remedy = remedies.remedy(judged, restarts=unknown)
        judged = remedy.outcome(_more(plan, remedy.operations, target, options)) if remedy else judged
    if not all(each.holds for each in judged):
        done = any(each.remedied for each in judged)
        hint = "Nothing else was done." if done else "This look changed nothing."
        raise TlsOpsError(_missed(judged), stage="verify", hint=hint, changed=done)
    return judged


def _missed(judged: tuple[Judged, ...]) -> str:
    return "; ".join(each.describe() for each in judged if not each.holds) + "."


def _go_back(
    planned: apply.Sequence,
    answers: tuple[Answer, ...],
    judged: tuple[Judged, ...],
    target: Target,
    options: Options,
) -> None:
    """Takes everything back that has a way back, then says what was seen. Always raises TlsOpsError."""
    undo = apply.way_back(planned, answers, remedies.done(judged))
    stays = apply.permanent(planned, planned.proofs_at)
    try:
        done = target.batch(undo, mode="write", timeout=options.timeout) if undo else ()
    except (UnknownOutcome, TlsOpsError) as error:
        raise TlsOpsError(
            _missed(judged),
            stage="verify",
            hint=f"Putting the old state back broke off, so it is not known which one is in place ({error}). Run the "
            "task again, with verify: always where it has that option: else what is bound already is taken for proven.",
            changed=True,
        ) from error
    broken = [undone.describe() for answer in done for undone in answer.undone if not undone.ok]
    broken += [f"it was not gone through with ({each.describe()})" for each in done[:-1] if each.status == "error"]
    if broken:
        hint = f"Putting the old state back failed in part: {'; '.join(broken)}. Look at the server."
    else:
        hint = "The old state was put back." if undo else "This batch had nothing to put back."
    raise TlsOpsError(
        _missed(judged), stage="verify", hint=" ".join(filter(None, [hint, stays])), changed=bool(broken or stays)
    )


def _write_files(planned: apply.Sequence, answers: tuple[Answer, ...], write: Write) -> None:
    """Raises TlsOpsError where a file cannot be made; what was done on the host is proven by then and stays."""
    written = False
    try:
        for export, index in planned.exports:
            content = export.content(answers[index])
            for file in export.files:
                write(file, content)
                written = True
    except TlsOpsError as error:
        error.stage = "report"
        error.changed = error.changed or written
        if planned.changes:
            error.changed = True
            error.hint = f"{error.hint} All changes on the host are done and proven: run again for the file.".strip()
        raise


def _staged(stage: str, work: Callable[[], _T]) -> _T:
    """The work's value; an error that passes is told which stage it happened in."""
    try:
        return work()
    except TlsOpsError as error:
        error.stage = error.stage or stage
        raise
