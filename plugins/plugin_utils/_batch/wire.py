# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A batch as it travels: the request on standard input, the answers between marks on standard output.

Request and answer are lines of tokens: a plain keyword, then values in base64 (``-`` for the empty one). Only the
keyword is plain; numbers, names and statuses are base64 like everything else. Operations and their undos count from 0.
A payload that is lines itself follows its answer as it is, each line behind a space: encoded twice, 2,000 certificates
would take a quarter more room.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
import zlib
from collections.abc import Iterable, Sequence
from typing import Literal

from .._errors import TlsOpsError
from .operation import Answer, AnswerStatus, Operation
from .payload import Fields, encode_lines, line, number, text

VERSION = "1"
# What a hostile host can make this process hold. Stores of thousands of certificates stay below a tenth of each.
MAX_OUTPUT = 64 << 20  # characters
MAX_ANSWER = 64 << 20  # bytes inflated
MAX_VALUES = 2_000_000  # lines and fields: each becomes an object

# Error identifiers are not translated, but PowerShell wraps them at the width of a console that nobody sees.
_CONSTRAINED = re.compile(r"(?:NotSupportedIn|CannotCreateType)ConstrainedLanguage")
_WRAPPING = re.compile(r"\s|_x000[AD]_")
# cmd.exe and POSIX shells name the program that they did not find, whatever the language of the sentence.
_NO_POWERSHELL = re.compile(r"PowerShell(?:\.exe)?(?:['\"\u2019\u201d\xbb]|: )", re.IGNORECASE)


# cmd.exe says so in the language of Windows (error 1260), and so may a security program.
_NOT_STARTED = (
    "Something may keep powershell.exe from starting for this account: a policy (AppLocker, Software Restriction, App "
    "Control), or a security program."
)
_ACCESS_DENIED = 0x80070005  # winerror.h, E_ACCESSDENIED
_BETWEEN = re.compile(rb"\n(?! )")
_STATUS: dict[bytes, AnswerStatus] = {b"ok": "ok", b"error": "error", b"skipped": "skipped"}


class NoAnswer(TlsOpsError):
    """The batch was sent and no whole answer came back: what was done on the target is unknown. Read again."""


class _Refused(TlsOpsError):
    """The target did not begin with the batch."""


def encode(
    operations: Sequence[Operation], *, nonce: str, mode: Literal["read", "write"], deadline: int, mutex_wait: int
) -> str:
    """The batch as text. ``deadline`` and ``mutex_wait`` (for another batch on that host to end) are seconds.

    Raises TlsOpsError for what would not arrive as it is.
    """
    if not re.fullmatch(r"[0-9a-f]{16,64}", nonce):
        raise TlsOpsError("the nonce of a batch must be 16 to 64 hex digits.")
    head = (VERSION, nonce, mode, str(deadline), str(mutex_wait))
    content: list[tuple[str, Iterable[bytes]]] = [("batch", map(_bytes, head))]
    for operation in operations:
        content.extend(_content(operation))
    content.append(("end", ()))
    return encode_lines(content).decode("ascii")


def size(operation: Operation) -> int:
    """How many bytes of a batch the operation takes, its undo operations included. Raises TlsOpsError as ``encode``."""
    return len(encode_lines(_content(operation)))


def _content(operation: Operation) -> list[tuple[str, Iterable[bytes]]]:
    return [("do", _tokens(operation)), *(("undo", _tokens(undo)) for undo in operation.undo)]


def _tokens(operation: Operation) -> list[bytes]:
    tokens = [operation.name.encode("ascii")]
    for name, value in operation.arguments:
        tokens += (name.encode("ascii"), _bytes(value))
    if operation.expect:
        tokens += (b"expect", operation.expect.encode("ascii"))
    if operation.keep_going:
        tokens += (b"keep_going", b"1")
    if operation.before_os:
        tokens += (b"before_os", str(operation.before_os).encode("ascii"))
    return tokens


def _bytes(value: str | bytes) -> bytes:
    try:
        return value.encode("utf-8") if isinstance(value, str) else value
    except UnicodeEncodeError as error:
        raise TlsOpsError("a value to send holds half a character (a lone surrogate).") from error


def decode(stdout: str, stderr: str = "", *, nonce: str, count: int) -> tuple[Answer, ...]:
    """One answer for each of the ``count`` operations that were sent under ``nonce``.

    Raises TlsOpsError where nothing was done (no PowerShell, Constrained Language Mode, another batch still running),
    NoAnswer where that is not known.
    """
    if len(stdout) > MAX_OUTPUT:
        raise NoAnswer(f"the target's answer is longer than {MAX_OUTPUT >> 20} MB.")
    body = _marked(stdout, nonce)
    if body is None:
        raise _silence(stdout, stderr)
    try:
        return _answers(_unfolded(_inflate(body)), count)
    except (NoAnswer, _Refused):
        raise
    except TlsOpsError as error:
        raise NoAnswer(error.message) from error


def _marked(stdout: str, nonce: str) -> str | None:
    """What stands between the marks; None where there is no first one. Raises NoAnswer."""
    begin, end = f"-----BEGIN {nonce}-----", f"-----END {nonce}-----"
    if begin not in stdout:
        return None
    if stdout.count(begin) > 1 or stdout.count(end) > 1:
        raise NoAnswer("the target's answer holds the marks around it more than once, so it is not taken.")
    body, mark, _behind = stdout.partition(begin)[2].partition(end)
    if not mark:
        raise NoAnswer("the target's answer was cut off.")
    return body


def _silence(stdout: str, stderr: str) -> TlsOpsError:
    """Why there may be no marks at all."""
    if _CONSTRAINED.search(_WRAPPING.sub("", stderr)):
        return _Refused(
            "PowerShell on the target runs in Constrained Language Mode, so nothing was done.",
            hint="Use an account, or a rule of App Control (WDAC, AppLocker), that gives it Full Language Mode.",
        )
    if not stdout.strip() and "CLIXML" not in stderr and _NO_POWERSHELL.search(stderr):
        return _Refused(
            "the target did not find PowerShell, so nothing was done.",
            hint="Install Windows PowerShell 2.0 or newer there, or put its folder on the PATH of the account.",
        )
    said = " ".join(stderr.split())[:300] or " ".join(stdout.split())[:300] or "nothing"
    why = "" if stdout.strip() or not stderr.strip() or "CLIXML" in stderr else f" {_NOT_STARTED}"
    return NoAnswer(f"the script on the target did not answer; it said: {said}{why}")


def _inflate(body: str) -> bytes:
    try:
        packed = base64.b64decode(body.encode("ascii").translate(None, b"\r\n\t "), validate=True)
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflater.decompress(packed, MAX_ANSWER)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise NoAnswer(f"the target's answer cannot be unpacked: {error}.") from error
    if inflater.unconsumed_tail:
        raise NoAnswer(f"the target's answer is longer than {MAX_ANSWER >> 20} MB unpacked.")
    if not inflater.eof or inflater.unused_data:
        raise NoAnswer("the target's answer cannot be unpacked: it does not end where it should.")
    return content


def _unfolded(content: bytes) -> list[tuple[str, Fields]]:
    """The lines of an answer, each with what it carries; a payload of lines follows its line, each behind a space."""
    if not content.endswith(b"\n"):
        raise NoAnswer("the target's answer was cut off within a line.")
    if content.count(b" ") + content.count(b"\n") > MAX_VALUES:
        raise NoAnswer(f"the target's answer holds more than {MAX_VALUES} values.")
    found: list[tuple[str, Fields]] = []
    for block in _BETWEEN.split(content[:-1]):
        head, folded, payload = block.partition(b"\n ")
        keyword, fields = line(head)
        if folded and (not fields or fields[-1]):
            raise NoAnswer(f"the target's answer holds a line {keyword!r} with two payloads.")
        carried = (payload.replace(b"\n ", b"\n") + b"\n",) if folded else fields[-1:]
        found.append((keyword, (*fields[:-1], *carried)))
    return found


def _answers(content: Sequence[tuple[str, Fields]], count: int) -> tuple[Answer, ...]:
    if not content or content[-1][0] != "batch":
        raise NoAnswer("the target's answer has no end.")
    _check_outcome(content[-1][1])
    answers: list[Answer] = []
    undone: dict[int, list[Answer]] = {}
    for keyword, fields in content[:-1]:
        if keyword == "answer" and len(fields) == 7 and number(fields[0]) == len(answers):
            answers.append(dataclasses.replace(_answer(fields[1:6]), payload=fields[6]))
        elif keyword == "undone" and len(fields) == 7 and number(fields[1]) == len(undone.get(number(fields[0]), ())):
            undone.setdefault(number(fields[0]), []).append(_answer(fields[2:7]))
        else:
            raise NoAnswer(f"the target's answer holds a line {keyword!r} that does not belong there.")
    if len(answers) != count or not undone.keys() <= set(range(count)):
        raise NoAnswer(f"the target answered {len(answers)} of {count} operations.")
    return tuple(dataclasses.replace(each, undone=tuple(undone.get(i, ()))) for i, each in enumerate(answers))


def _answer(fields: Fields) -> Answer:
    status, kind, code, type_name, words = fields
    if status not in _STATUS:
        raise NoAnswer(f"the target's answer has the status {status[:40]!r}.")
    return Answer(_STATUS[status], kind=text(kind), number=number(code), type=text(type_name), text=text(words))


def _check_outcome(fields: Fields) -> None:
    """The last line: ``batch <ok|error> <kind> <number> <type> <text>``."""
    if len(fields) != 5:
        raise NoAnswer("the target's answer has no proper end.")
    outcome = _answer(fields)
    if outcome.ok:
        return
    if outcome.kind == "busy":
        raise _busy(outcome)
    if outcome.kind == "batch":
        raise _Refused(f"the target did not understand the batch, so nothing was done: {outcome.describe()}")
    raise NoAnswer(f"the script on the target failed: {outcome.describe()}")


def _busy(outcome: Answer) -> _Refused:
    """The time for waiting was over. Numbered like a refused access where another account has the mutex."""
    if outcome.number & 0xFFFFFFFF != _ACCESS_DENIED:
        return _Refused(
            "another batch of this collection is still running on the target, so nothing was done.",
            hint="Another run is at work there, or an earlier one has lost its connection and goes on. Wait for it to "
            "end (no batch starts an operation after its timeout is over), then run again.",
        )
    return _Refused(
        "another account's batch of this collection is still running on the target, so nothing was done.",
        hint=r"Wait for it to end, then run again. If it never does: some program there keeps the mutex "
        r"Global\tlsops.windows; Sysinternals' 'handle -a tlsops.windows' names it.",
    )
