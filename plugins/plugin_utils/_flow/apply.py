# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 4: the plan as one batch, what its answers say was done, and the batch that takes it back."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable

from .._batch.operation import Answer, Operation
from .._batch.operations import reg_read
from .._errors import TlsOpsError, naming
from .._model.change import Change
from .._model.plan import Export, Plan, Proof
from .._windows import certreq, certutil, pfx_import, trouble
from .._windows.journal import JOURNAL

_NEVER = "0" * 64  # no payload has this digest


@dataclasses.dataclass(frozen=True)
class Sequence:
    """A plan's operations in the order in which they run: ``checks`` that all is as it was read, each part's changes
    and exports, every proof, what closes.

    Operations from ``proofs_at`` on go on whatever happens. ``closing`` is not among them where a proof has a remedy: a
    run that is cut off between the look and the remedy leaves its entries in the journal, and the next one proves.
    """

    operations: tuple[Operation, ...]
    changes: tuple[tuple[Change, int], ...]  # with the index of the operation that makes it permanent
    exports: tuple[tuple[Export, int], ...]  # with the index of its operation
    proofs: tuple[tuple[Plan, Proof, int], ...]  # its part of the plan, proof, index of its first operation
    proofs_at: int
    parts: tuple[tuple[Plan, int], ...] = ()  # each part, with the index behind its last change or export
    closing: tuple[Operation, ...] = ()
    checks: int = 0

    def closed(self) -> Sequence:
        """As if what closes had been sent with the rest."""
        return dataclasses.replace(self, operations=(*self.operations, *self.closing), closing=())


def sequence(plan: Plan, checks: tuple[Operation, ...] = ()) -> Sequence:
    operations = list(checks)
    changes: list[tuple[Change, int]] = []
    exports: list[tuple[Export, int]] = []
    parts: list[tuple[Plan, int]] = []
    for part in plan.flat():
        for change in part.changes:
            start = len(operations)
            operations += change.operations
            changes.append((change, (start if change.permanent_from >= 0 else len(operations)) + change.permanent_from))
        for export in part.exports:
            exports.append((export, len(operations)))
            operations.append(export.operation)
        parts.append((part, len(operations)))
    proofs_at = len(operations)
    proofs = placed(plan, proofs_at)
    looks = _going_on(each for _part, proof, _start in proofs for each in proof.operations)
    closing = _going_on(each for change, _last in changes for each in change.closing)
    planned = Sequence(
        (*operations, *looks),
        tuple(changes),
        tuple(exports),
        proofs,
        proofs_at,
        tuple(parts),
        closing,
        len(checks),
    )
    return planned if any(proof.remedy for _part, proof, _start in proofs) else planned.closed()


def left_open(planned: Sequence, answers: tuple[Answer, ...]) -> tuple[Operation, ...]:
    """What closes and was sent with the rest, and was not done: where the batch's time was over, for one."""
    behind = planned.proofs_at + sum(len(proof.operations) for _part, proof, _start in planned.proofs)
    last = zip(planned.operations[behind:], answers[behind:], strict=True)
    return tuple(operation for operation, answer in last if not answer.ok)


def _going_on(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    return tuple(dataclasses.replace(each, keep_going=True) for each in operations)


def placed(plan: Plan, start: int = 0) -> tuple[tuple[Plan, Proof, int], ...]:
    """The plan's proofs, each with the index of its first operation; all stand in a row from ``start`` on."""
    found = []
    for part in plan.flat():
        for proof in part.proofs:
            found.append((part, proof, start))
            start += len(proof.operations)
    return tuple(found)


def check_done(planned: Sequence, answers: tuple[Answer, ...]) -> None:
    """Raises TlsOpsError where the target stopped at an operation and took back what it had done."""
    done = list(zip(planned.operations, answers, strict=True))[: planned.proofs_at]
    failed = next((index for index, (_op, answer) in enumerate(done) if answer.status == "error"), None)
    if failed is None:
        return
    error = _refusal(planned, failed, answers[failed])
    stays = permanent(planned, failed)
    error.hint = " ".join(filter(None, [error.hint, _after(answers), stays]))
    error.changed = error.changed or bool(stays)
    raise error


def _refusal(planned: Sequence, failed: int, answer: Answer) -> TlsOpsError:
    """Why the target stopped at an operation; an export knows better words for it, unless the time was over."""
    place = _place(planned, failed)
    if answer.kind != "deadline":
        try:
            for export, index in planned.exports:
                if index == failed:
                    with naming(place):
                        export.content(answer)
        except TlsOpsError as error:
            return error
    operation = planned.operations[failed]
    words = f"{f'{place}: ' if place else ''}{_failure(operation, answer)}."
    return TlsOpsError(words, hint=_explained(operation, answer))


def passed(planned: Sequence, answers: tuple[Answer, ...]) -> bool:
    """Whether a check stopped the batch for what does not count, or for a file that was just being written.

    Nothing was done then, and the plan can be made anew.
    """
    checks = zip(planned.operations[: planned.checks], answers, strict=False)
    failed = next((pair for pair in checks if not pair[1].ok), None)
    if failed is None or failed[1].kind == "deadline":
        return False
    return failed[1].kind != "expect" or _difference(*failed) == ""


def _failure(operation: Operation, answer: Answer) -> str:
    return _difference(operation, answer) or f"{named(operation)} failed: {answer.describe()}"


def _difference(operation: Operation, answer: Answer) -> str | None:
    """What a check found to be different, in words, which are none where it does not count; None where not known."""
    if answer.kind == "expect" and operation.differs is not None:
        with contextlib.suppress(TlsOpsError):
            return operation.differs(answer.payload)
    return None


def _place(planned: Sequence, failed: int) -> str:
    """Which of several alike the operation belongs to, in words; empty where there is only one."""
    if failed < planned.checks:
        return ""
    part = next((each for each, end in planned.parts if failed < end), None)
    return part.place.words if part is not None and part.place else ""


def permanent(planned: Sequence, before: int) -> str:
    """What stays of the changes that were permanent before the operation ``before``, as sentences; mostly nothing."""
    stays = [change.permanent for change, last in planned.changes if change.permanent and last < before]
    return " ".join(f"What stays: {each}." for each in stays)


def _after(answers: tuple[Answer, ...]) -> str:
    undone = [each for answer in answers for each in answer.undone]
    broken = [each.describe() for each in undone if not each.ok]
    if broken:
        return f"Going back failed too: {'; '.join(broken)}. The next run repairs what the journal on the host holds."
    return "What had been done before it was taken back." if undone else "Nothing had been changed before it."


def _explained(operation: Operation, answer: Answer) -> str:
    if answer.kind == "expect" and operation.differs is not None:
        return "Somebody else changes this server. Run the task again: it plans on what is there then."
    if answer.kind == "deadline":
        return "See what keeps the server busy, or give it more time by the option timeout."
    if operation.name == "key.prove":
        return "Where its key is still on the server, 'certutil -repairstore <store> <thumbprint>' links it again."
    if operation.name == "store.import_pfx":
        return pfx_import.explain(answer.number) if answer.kind == "hresult" else ""
    program = dict(operation.arguments).get("program", "")
    if program == certutil.PROGRAM:
        return certutil.explain()
    is_certreq = answer.kind == "exit" and str(program).lower().endswith("certreq.exe")
    return (certreq.explain(answer.number) if is_certreq else "") or trouble.explain(operation, answer)


def named(operation: Operation) -> str:
    """The operation in words that help to find it: its name and what it is about, never a secret."""
    known = ("key", "match_data", "path", "method", "program", "name", "store")
    about = [str(value) for name, value in operation.arguments if name in known and value]
    arguments = [str(value) for name, value in operation.arguments if name == "argument"]
    if operation.expect:
        return f"a check of {' '.join(about)} (it is not as it was or should be)"
    return " ".join([operation.name, *about, *arguments])


def way_back(planned: Sequence, answers: tuple[Answer, ...], last: tuple[Operation, ...] = ()) -> tuple[Operation, ...]:
    """A write batch that takes back everything that was done; empty where nothing has a way back.

    ``last`` is done, in its order, once the old state is there again: what stands first is taken back last.
    """
    undo = taking_back(planned.operations, answers)
    steps = (dataclasses.replace(each, undo=()) for each in reversed(last))
    return (*(dataclasses.replace(_LOOK, undo=(each,)) for each in steps), *undo) if undo else ()


def taking_back(operations: Iterable[Operation], answers: Iterable[Answer]) -> tuple[Operation, ...]:
    """A write batch that takes back the operations that were answered ok; empty where none has a way back.

    Each operation's way back rides on a read, and the last read fails for certain: so the target itself goes back, by
    the same rules as when an operation of the batch had failed (a way back that fails does not stop the others).
    """
    done = [operation for operation, answer in zip(operations, answers, strict=True) if answer.ok]
    carriers = [carrier(operation) for operation in done if operation.undo]
    return (*carriers, FAILING) if carriers else ()


def carrier(operation: Operation) -> Operation:
    """A read that changes nothing, with the operation's way back."""
    return dataclasses.replace(_LOOK, undo=operation.undo)


def goes_back(operations: Iterable[Operation]) -> bool:
    """Whether it is a batch that takes back, or a portion of one: nothing but reads that a way back rides on.

    It must not be stopped by a time limit: what was not read yet would not be taken back, and that is what was done
    last. The target itself looks at no limit once it goes back.
    """
    return all(each.arguments == _LOOK.arguments for each in operations)


_LOOK = reg_read(JOURNAL, depth=0)
FAILING = dataclasses.replace(_LOOK, expect=_NEVER)
