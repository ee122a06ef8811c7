# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way every task goes: read, plan, apply, verify, report; and what happens when a stage breaks off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .._batch.operation import Answer, Operation
from .._errors import TlsOpsError
from .._model.plan import ControllerFile, Plan, Step
from . import apply, verify
from .plan import plan as make_plan
from .read import read
from .report import report
from .target import Target, UnknownOutcome
from .task import Options

Write = Callable[[ControllerFile, bytes], None]
_T = TypeVar("_T")


class _Unfinished(UnknownOutcome):
    """A write batch whose outcome is unknown; ``plan`` is what it was to do."""

    def __init__(self, plan: Plan, cause: str) -> None:
        super().__init__(cause)
        self.plan = plan


def run(step: Step, target: Target, options: Options, write: Write) -> dict[str, Any]:
    """One task against one host. Raises TlsOpsError.

    Where a connection breaks, what was done is unknown: read again, plan again, do what is still missing; once.
    """
    try:
        return _once(step, target, options, write, unfinished=None)
    except UnknownOutcome as error:
        first = error
    target.reconnect()
    try:
        return _once(step, target, options, write, unfinished=first.plan if isinstance(first, _Unfinished) else None)
    except UnknownOutcome as error:
        written = isinstance(first, _Unfinished) or isinstance(error, _Unfinished)
        raise TlsOpsError(
            f"no answer, twice: {str(error).rstrip('.')}.",
            stage="apply" if written else "read",
            hint="It is not known what was done: run the task again, it does what is still missing."
            if written
            else "Nothing was changed. Look at the WinRM service, its quotas and the network, then run the task again.",
        ) from error


def _once(step: Step, target: Target, options: Options, write: Write, unfinished: Plan | None) -> dict[str, Any]:
    snapshot = _staged("read", lambda: read(step, target, timeout=options.timeout, dry_run=options.dry_run))
    plan = _staged("plan", lambda: make_plan(step, snapshot))
    _staged("plan", lambda: _check_secrets(plan, target, options))
    if options.dry_run:
        return report(plan, (), changed=plan.changes_anything)
    judged: tuple[verify.Judged, ...] = ()
    if plan.changes_anything:
        judged = _do(plan, target, options, write)
    elif plan.prove_always or unfinished is not None:
        judged = _staged("verify", lambda: _look(plan, target, options))
    result = report(plan, judged, changed=plan.changes_anything or unfinished is not None)
    if unfinished is not None:
        result["diff"] = report(unfinished, (), changed=True)["diff"]
    return result


def _check_secrets(plan: Plan, target: Target, options: Options) -> None:
    if options.allow_unencrypted or target.encrypts():
        return
    if any(operation.secret for operation in apply.sequence(plan).operations):
        raise TlsOpsError(
            "a private key would travel over a connection that does not encrypt.",
            hint="Use NTLM or Kerberos with message encryption, or HTTPS; or set allow_unencrypted: true.",
        )


def _do(plan: Plan, target: Target, options: Options, write: Write) -> tuple[verify.Judged, ...]:
    planned = apply.sequence(plan)
    try:
        answers = target.batch(planned.operations, mode="write", timeout=options.timeout)
    except UnknownOutcome as error:
        raise _Unfinished(plan, str(error)) from error
    _staged("apply", lambda: apply.check_done(planned, answers))
    judged = verify.judge(planned.proofs, answers)
    if not all(each.holds for each in judged):
        judged = _look(plan, target, options)
    if not all(each.holds for each in judged):
        _go_back(planned, answers, judged, target, options)
    _staged("report", lambda: _write_files(planned, answers, write))
    return judged


def _look(plan: Plan, target: Target, options: Options) -> tuple[verify.Judged, ...]:
    """The proofs alone, once more: a listener that was only slow must not cost a swap."""
    proofs = tuple((part.step, proof, tuple(proof.operations)) for part in plan.flat() for proof in part.proofs)
    operations: list[Operation] = []
    placed = []
    for step, proof, own in proofs:
        placed.append((step, proof, len(operations)))
        operations += own
    answers = target.batch(operations, mode="read", timeout=options.timeout) if operations else ()
    judged = verify.judge(tuple(placed), answers)
    if not plan.changes_anything and not all(each.holds for each in judged):
        raise TlsOpsError(_missed(judged), stage="verify", hint="Nothing was changed by this run.")
    return judged


def _missed(judged: tuple[verify.Judged, ...]) -> str:
    return "; ".join(each.describe() for each in judged if not each.holds) + "."


def _go_back(
    planned: apply.Sequence,
    answers: tuple[Answer, ...],
    judged: tuple[verify.Judged, ...],
    target: Target,
    options: Options,
) -> None:
    """Takes everything back that has a way back, then says what was seen. Always raises TlsOpsError."""
    undo = apply.way_back(planned, answers)
    try:
        done = target.batch(undo, mode="write", timeout=options.timeout) if undo else ()
    except UnknownOutcome as error:
        raise TlsOpsError(
            _missed(judged),
            stage="verify",
            hint=f"Putting the old state back broke off ({error}): run the task again.",
        ) from error
    broken = [answer.describe() for answer in done if answer.status == "error"]
    hint = f"Putting the old state back failed: {'; '.join(broken)}." if broken else "The old state was put back."
    raise TlsOpsError(_missed(judged), stage="verify", hint=hint)


def _write_files(planned: apply.Sequence, answers: tuple[Answer, ...], write: Write) -> None:
    for export, index in planned.exports:
        content = export.content(answers[index])
        for file in export.files:
            write(file, content)


def _staged(stage: str, work: Callable[[], _T]) -> _T:
    """The work's value; an error that passes is told which stage it happened in."""
    try:
        return work()
    except TlsOpsError as error:
        error.stage = error.stage or stage
        raise
