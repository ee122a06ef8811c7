# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The far side of the wire: request lines in, the text that the script prints out. Written independently of it.

A line is a plain keyword and base64 fields (``-`` is empty). A read batch answers everything; a write batch stops at
the first operation that is not ok (unless that has the argument ``keep_going``), skips the rest and takes back what was
done, newest first. An operation that is not known makes the whole request malformed: nothing is done.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from .arguments import Arguments
from .operations import OPERATIONS
from .world.errors import WindowsError

if TYPE_CHECKING:
    from .world.host import Host


_ACCESS_DENIED = -2147024891  # E_ACCESSDENIED
RAW = frozenset({"file.read", "store.export_pfx", "tcp.exchange"})  # payloads that are bytes; all others are lines


At = Callable[[Literal["before", "after"], str], None]  # around each operation; may raise Killed


class Killed(Exception):
    """The process that does the batch ends here: nothing more is done, and nothing is answered."""


class Malformed(Exception):
    """The request is none: the script says so in its last line."""


@dataclasses.dataclass
class Do:
    """One operation of the request, with what takes it back."""

    name: str
    arguments: Arguments
    undo: list[Do] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Request:
    nonce: str
    mode: str
    deadline: float
    wait: float
    operations: list[Do]


@dataclasses.dataclass(frozen=True)
class Outcome:
    status: str
    kind: str = ""
    number: int = 0
    type: str = ""
    text: str = ""
    payload: bytes = b""

    @property
    def fields(self) -> tuple[str, ...]:
        return self.status, self.kind, str(self.number), self.type, self.text


def run_batch(host: Host, lines: list[str], at: At = lambda _when, _operation: None) -> str:
    """The text that the script prints for these lines; nothing where not even the nonce can be read.

    Raises what ``at`` raises.
    """
    nonce = ""
    try:
        nonce, header = read_header(lines[0] if lines else "")
        request = read_request(nonce, header, lines[1:])
        answers = _locked(host, request, at)
    except Malformed as problem:
        answers = [_line("batch", "error", "batch", "0", "", str(problem))]
    return framed(nonce, answers) if nonce else ""


def framed(nonce: str, answers: list[str]) -> str:
    """Marks around base64 (76 columns) of the raw DEFLATE stream."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress("".join(f"{line}\n" for line in answers).encode()) + packer.flush()
    text = base64.b64encode(packed).decode()
    rows = [text[at : at + 76] for at in range(0, len(text), 76)]
    return "\r\n".join([f"-----BEGIN {nonce}-----", *rows, f"-----END {nonce}-----", ""])


def read_header(line: str) -> tuple[str, list[bytes]]:
    keyword, fields = _split(line)
    if keyword != "batch" or len(fields) != 5:
        raise Malformed("the first line is no batch line")
    nonce = fields[1].decode("ascii", "replace")
    if not re.fullmatch("[0-9a-fA-F]+", nonce):
        raise Malformed("the nonce is not hexadecimal")
    return nonce, fields


def read_request(nonce: str, header: list[bytes], lines: list[str]) -> Request:
    version, _nonce, mode, deadline, wait = (field.decode("utf-8") for field in header)
    if version != "1" or mode not in ("read", "write"):
        raise Malformed(f"version {version!r}, mode {mode!r}")
    try:
        request = Request(nonce, mode, float(deadline), float(wait), [])
    except ValueError as problem:
        raise Malformed(f"a time is no number: {problem}") from problem
    for line in lines:
        keyword, fields = _split(line)
        if keyword == "end":
            return request
        operation = _operation(fields)
        if keyword == "do":
            request.operations.append(operation)
        elif keyword == "undo" and request.operations:
            request.operations[-1].undo.append(operation)
        else:
            raise Malformed(f"unexpected line {keyword!r}")
    raise Malformed("the request has no end")


def _operation(fields: list[bytes]) -> Do:
    if len(fields) % 2 == 0:
        raise Malformed("an argument has no value")
    name, *rest = fields
    if name.decode("utf-8", "replace") not in OPERATIONS:
        raise Malformed(f"{name!r} is no operation")
    pairs = [(rest[at].decode("utf-8"), rest[at + 1]) for at in range(0, len(rest), 2)]
    return Do(name.decode("utf-8"), Arguments(pairs))


def _split(line: str) -> tuple[str, list[bytes]]:
    keyword, *tokens = line.split(" ")
    try:
        return keyword, [b"" if token == "-" else base64.b64decode(token, validate=True) for token in tokens]
    except (binascii.Error, ValueError) as problem:
        raise Malformed(f"a field is not base64: {problem}") from problem


def _line(keyword: str, *fields: str | bytes) -> str:
    encoded = (base64.b64encode(field.encode() if isinstance(field, str) else field).decode() for field in fields)
    return " ".join([keyword, *(field or "-" for field in encoded)])


def _locked(host: Host, request: Request, at: At) -> list[str]:
    refused = host.options.mutex_refused_seconds
    if refused > request.wait:
        return [_line("batch", "error", "busy", str(_ACCESS_DENIED), "", "another account has the mutex")]
    host.clock.sleep(refused)
    host.options.mutex_refused_seconds = 0
    if not host.mutex.acquire(timeout=max(request.wait - refused, 0)):
        return [_line("batch", "error", "busy", "0", "", "another batch is running")]
    try:
        with host.journal.acting("batch"):
            host.updates.run()
            return _answers(host, request, at)
    finally:  # Windows gives the mutex of a process that was killed to the next one, which goes on with it
        host.mutex.release()


def _answers(host: Host, request: Request, at: At) -> list[str]:
    ends = host.clock.monotonic() + request.deadline
    lines, done, stopped = [], [], False
    for index, operation in enumerate(request.operations):
        outcome = Outcome("skipped") if stopped else _watched(host, operation, ends, at)
        lines += _answer(index, operation.name, outcome)
        if outcome.status == "ok":
            done.append(index)
        elif request.mode == "write" and not operation.arguments.text("keep_going", ""):
            stopped = True
    if stopped:
        lines += _undo(host, request, reversed(done), at)
    return [*lines, _line("batch", *Outcome("ok").fields)]


def _answer(index: int, name: str, outcome: Outcome) -> list[str]:
    """A payload of lines follows as it is, each behind a space."""
    plain = "" if name in RAW else outcome.payload.decode("ascii")
    head = _line("answer", str(index), *outcome.fields, b"" if plain else outcome.payload)
    return [head, *(f" {line}" for line in plain.splitlines())]


def _undo(host: Host, request: Request, indexes: Iterable[int], at: At) -> list[str]:
    """Whatever the deadline says: production must not wait for another round. Each operation's own undo list runs in
    its order, up to the first that is not ok."""
    lines = []
    for index in indexes:
        for number, operation in enumerate(request.operations[index].undo):
            outcome = _watched(host, operation, float("inf"), at)
            lines.append(_line("undone", str(index), str(number), *outcome.fields))
            if outcome.status != "ok":
                break
    return lines


def _watched(host: Host, operation: Do, ends: float, at: At) -> Outcome:
    at("before", operation.name)
    outcome = perform(host, operation, ends)
    at("after", operation.name)
    return outcome


def perform(host: Host, operation: Do, ends: float) -> Outcome:
    """One operation; what the script catches becomes its answer."""
    first = int(operation.arguments.number("before_os", 0))
    if first and host.product.major >= first:
        return Outcome("error", "os", host.product.major, text=f"not done on Windows {host.product.major} and newer")
    left = ends - host.clock.monotonic()
    if left <= 0:
        return Outcome("error", "deadline", text="the batch's time is over")
    try:
        payload = OPERATIONS[operation.name](host, operation.arguments, left)
    except WindowsError as problem:
        return Outcome("error", problem.kind, problem.number, problem.type, problem.text, problem.payload)
    wanted = operation.arguments.text("expect", "")
    if wanted and hashlib.sha256(payload).hexdigest() != wanted:
        return Outcome("error", "expect", text="not the value that was expected", payload=payload)
    return Outcome("ok", payload=payload)
