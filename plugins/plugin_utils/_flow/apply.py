# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 4: the plan as one batch. The only place that writes on a host."""

from __future__ import annotations

import dataclasses

from .._batch.operation import Answer, Operation
from .._errors import TlsOpsError
from .._model.plan import Export, Plan, Proof


@dataclasses.dataclass(frozen=True)
class Sequence:
    """A plan's operations in the order in which they run: each part's changes and exports, then every proof."""

    operations: tuple[Operation, ...]
    exports: tuple[tuple[Export, int], ...]  # with the index of its operation
    proofs: tuple[tuple[str, Proof, int], ...]  # step, proof, index of its first operation
    writes: int  # so many operations come before the first proof


def sequence(plan: Plan) -> Sequence:
    operations: list[Operation] = []
    exports: list[tuple[Export, int]] = []
    for part in plan.flat():
        operations += [each for change in part.changes for each in change.operations]
        for export in part.exports:
            exports.append((export, len(operations)))
            operations.append(export.operation)
    writes = len(operations)
    proofs: list[tuple[str, Proof, int]] = []
    for part in plan.flat():
        for proof in part.proofs:
            proofs.append((part.step, proof, len(operations)))
            operations += [dataclasses.replace(each, keep_going=True) for each in proof.operations]
    return Sequence(tuple(operations), tuple(exports), tuple(proofs), writes)


def check_done(planned: Sequence, answers: tuple[Answer, ...]) -> None:
    """Raises TlsOpsError where the target stopped at an operation and took back what it had done."""
    failed = next(((op, answer) for op, answer in _written(planned, answers) if answer.status == "error"), None)
    if failed is None:
        return
    operation, answer = failed
    for export, index in planned.exports:
        if operation is planned.operations[index]:
            export.content(answer)  # raises with the words for it: a key that cannot be exported, for one
    undone = [each for answer in answers for each in answer.undone]
    broken = [each.describe() for each in undone if not each.ok]
    if broken:
        after = f"Going back failed too: {'; '.join(broken)}. The next run repairs what the journal on the host holds."
    elif undone:
        after = "What had been done before it was taken back."
    else:
        after = "Nothing had been changed before it."
    raise TlsOpsError(f"{_named(operation)} failed: {answer.describe()}.", hint=after)


def _written(planned: Sequence, answers: tuple[Answer, ...]) -> list[tuple[Operation, Answer]]:
    return list(zip(planned.operations, answers, strict=True))[: planned.writes]


_ABOUT = ("key", "match_data", "path", "program", "name", "store")


def _named(operation: Operation) -> str:
    """The operation in words that help to find it: its name and what it is about, never a secret."""
    about = [str(value) for name, value in operation.arguments if name in _ABOUT]
    arguments = [str(value) for name, value in operation.arguments if name == "argument"]
    if operation.expect:
        return f"a check of {' '.join(about)} (it is not as it was or should be)"
    return " ".join([operation.name, *about, *arguments])


def way_back(planned: Sequence, answers: tuple[Answer, ...]) -> tuple[Operation, ...]:
    """What takes back everything that was done, newest first."""
    done = [operation for operation, answer in _written(planned, answers) if answer.ok]
    return tuple(undo for operation in reversed(done) for undo in operation.undo)
