# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A batch as several commands, for a host that takes little in one: WinRM 2.0 refuses a message above 150 KB.

Ansible's winrm connection sends standard input in pieces of 200,000 bytes, each as base64 in an envelope: 267 KB. So
there one command's input, script and batch together, stays below half of that.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Literal

from .._batch import bootstrap, wire
from .._batch.operation import Answer, Operation
from .._errors import TlsOpsError
from . import apply

LIMIT = 100_000  # bytes of standard input; 135 KB on the wire, where MaxEnvelopeSizekb is 150 (MS-WSMV, ConfigType)

Portion = tuple[Operation, ...]
Send = Callable[[Sequence[Operation]], tuple[Answer, ...]]
_NUMBER = 999_999_999  # seconds; only its length counts here


def run(operations: Sequence[Operation], mode: Literal["read", "write"], send: Send) -> tuple[Answer, ...]:
    """One answer for each operation, as if it had been one batch; ``send`` runs a portion.

    A portion of a write batch that stops, or is refused, has been taken back by the target; then the portions before it
    are taken back too, newest first. Where ``send`` cannot say what became of a portion its error passes and nothing
    more is sent: what is known then is only what the host says when it is read again.
    Raises TlsOpsError before anything is sent where one operation is too large by itself.
    """
    answers: list[tuple[Answer, ...]] = []
    portions = cut(operations)
    for portion in portions:
        try:
            answers.append(send(portion))
        except TlsOpsError as refusal:
            raise _refused(refusal, _taken_back(portions, answers, send) if mode == "write" else ()) from refusal
        if mode == "write" and _stopped(portion, answers[-1]):
            answers = [*_taken_back(portions, answers[:-1], send), answers[-1]]
            break
    given = tuple(answer for answered in answers for answer in answered)
    return given + (Answer("skipped"),) * (len(operations) - len(given))


def cut(operations: Sequence[Operation], limit: int = LIMIT) -> tuple[Portion, ...]:
    """The operations in order, each portion small enough for one command, and so is the batch that takes it back.

    Raises TlsOpsError for an operation that is too large by itself.
    """
    room = limit - _frame()
    portions: list[list[Operation]] = [[]]
    left = room
    for operation in operations:
        size = _size(operation)
        if size > room:
            raise _too_large(operation, size, room)
        if size > left:
            portions.append([])
            left = room
        portions[-1].append(operation)
        left -= size
    return tuple(map(tuple, portions))


def _frame() -> int:
    """Bytes of a command's input around its operations, those of the read that makes a way back run among them."""
    empty = wire.encode((), nonce="0" * 64, mode="write", deadline=_NUMBER, mutex_wait=_NUMBER)
    return len(bootstrap.stdin(empty)) + wire.size(apply.FAILING)


def _size(operation: Operation) -> int:
    size = wire.size(operation)
    return max(size, wire.size(apply.carrier(operation))) if operation.undo else size


def _stopped(portion: Portion, answers: tuple[Answer, ...]) -> bool:
    return any(not answer.ok and not each.keep_going for each, answer in zip(portion, answers, strict=True))


def _taken_back(
    portions: Sequence[Portion], answers: Sequence[tuple[Answer, ...]], send: Send
) -> list[tuple[Answer, ...]]:
    """The answers of the portions that were done, with those of what took each operation back."""
    done = list(zip(portions, answers, strict=False))
    return [_undone(portion, answered, send) for portion, answered in reversed(done)][::-1]


def _undone(portion: Portion, answers: tuple[Answer, ...], send: Send) -> tuple[Answer, ...]:
    back = apply.taking_back(portion, answers)
    carried = iter(_going_back(back, send) if back else ())
    return tuple(
        dataclasses.replace(answer, undone=next(carried).undone) if answer.ok and each.undo else answer
        for each, answer in zip(portion, answers, strict=True)
    )


def _going_back(back: Portion, send: Send) -> tuple[Answer, ...]:
    try:
        return send(back)
    except TlsOpsError as refusal:
        raise TlsOpsError(
            f"an operation failed, and what takes back those of an earlier command was refused: {refusal.message}",
            hint="Run the task again: it repairs what the journal on the host holds, and does what is still missing.",
            changed=True,
        ) from refusal


def _refused(refusal: TlsOpsError, taken_back: Sequence[tuple[Answer, ...]]) -> TlsOpsError:
    """The target's refusal of a portion, with what became of those before it."""
    undone = [each for answers in taken_back for answer in answers for each in answer.undone]
    if not undone:
        return refusal
    broken = [each.describe() for each in undone if not each.ok]
    words = f"Going back failed in part: {'; '.join(broken)}." if broken else "What had been done was taken back."
    return TlsOpsError(refusal.message, hint=f"{refusal.hint} {words}".strip(), changed=bool(broken))


def _too_large(operation: Operation, size: int, room: int) -> TlsOpsError:
    return TlsOpsError(
        f"{operation.name} takes {size} bytes, and a command to a host with WinRM 2.0 has room for {room}.",
        hint="Nothing was sent. Connect to it with ansible_connection: psrp, which cuts what it sends by itself.",
    )
