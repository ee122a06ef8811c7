# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a batch is made of: native-level operations out, one answer each back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Literal

Value = str | bytes
Arguments = tuple[tuple[str, Value], ...]


@dataclasses.dataclass(frozen=True)
class Operation:
    """One native-level operation of ``batch.ps1``.

    ``arguments`` are (name, value) pairs; a repeated name is a list, in order. ``expect`` is the SHA-256 (lower-case
    hex) that the answer's payload must have: a difference is not ok. ``undo`` are the operations that take this one
    back; the target runs them itself, newest first, when a later operation of a write batch fails.
    ``keep_going`` lets a write batch go on although this operation is not ok: a proof's error is data.
    ``secret`` marks a batch that must not travel unencrypted. ``before_os`` is the first major version of Windows on
    which it is not done at all (an error of kind ``os``): a read that would do harm there, or find nothing.
    ``differs`` says in words, from a payload that was not the one to ``expect``, what differs, and nothing where that
    does not count; it stays here.
    """

    name: str
    arguments: Arguments = dataclasses.field(default=(), repr=False)  # may hold a secret
    expect: str = ""
    undo: tuple[Operation, ...] = ()
    keep_going: bool = False
    secret: bool = False
    before_os: int = 0
    differs: Callable[[bytes], str] | None = dataclasses.field(default=None, repr=False, compare=False)


AnswerStatus = Literal["ok", "error", "skipped"]


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the target said about one operation.

    ``kind`` says what ``number`` counts in: ``hresult`` (signed 32 bit), ``win32``, ``exit`` (a program's exit code),
    ``expect`` (the value is not the one expected), ``timeout``, ``deadline``, ``os`` (not done on this Windows), or
    nothing.
    ``undone`` are the answers of the undo operations, in the order they ran.
    """

    status: AnswerStatus
    payload: bytes = b""
    kind: str = ""
    number: int = 0
    type: str = ""
    text: str = ""
    undone: tuple[Answer, ...] = ()

    @property
    def ok(self) -> bool:
        return self.status == "ok"

    @property
    def missing(self) -> bool:
        """Whether a file, key or path was not there (ERROR_FILE_NOT_FOUND, ERROR_PATH_NOT_FOUND)."""
        code = self.number & 0xFFFFFFFF
        return self.status == "error" and code in (2, 3, 0x80070002, 0x80070003)

    def describe(self) -> str:
        """The error in words, with its number in the form in which it is looked up."""
        number = f"0x{self.number & 0xFFFFFFFF:08X}" if self.kind == "hresult" else str(self.number)
        return f"{self.text.strip() or self.type or self.status} ({self.kind or 'error'} {number})"
