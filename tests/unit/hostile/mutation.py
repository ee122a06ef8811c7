# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a hostile host does to an honest answer: in its lines, in one field of a line, or in the text that is sent."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
from collections.abc import Sequence

from hypothesis import strategies as st

from .replay import NONCE, Block

ESCAPES = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp.\u2066\u2028\r\nok: [web02]"
TEMPLATE = "{{ lookup('pipe', 'touch /tmp/owned') }}{% raw %}"
FIELDS: tuple[bytes, ...] = (
    b"",
    b"0",
    b"1",
    b"-1",
    b"65536",
    b"4294967296",
    b"18446744073709551616",
    b"9" * 5000,
    b"2650467743999999999",  # FILETIME of the last day of the year 9999
    b"-9223372036854775808",
    b"\xff\xfe\x80",
    b"\0",
    b"30" * 20,
    b"\x30\x80" * 40,
    b"\x30\x84\xff\xff\xff\xff",
    b"\x00" * 20,
    b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
    b"<a>" * 5000,
    b"[" * 100_000,
    b'{"selector": 1, "values": [], "port": 1e999}',
    b"..\\..\\..\\Windows\\System32\\config\\SAM",
    b"../../../../etc/cron.d/owned",
    b"\\\\evil.example\\share",
    b"x" * 65_536,
    ESCAPES.encode(),
    TEMPLATE.encode(),
    "\u0661\u0662\u0663".encode(),  # digits to int(), and to nobody else
    b"*:99999999999:",
    b"[::ffff:0.0.0.0%1]:443",
    b"D:P(A;;FA;;;SY)" * 3000,
    b"O:" * 20_000,
    b"{00000000-0000-0000-0000-000000000000}",
    b"S-1-5-18",
    b"MY",
    b"Binary",
    b"MultiString",
    b"started",
)
KEYWORDS = ("answer", "undone", "batch", "key", "value", "certificate", "store", "node", "exit", "x", "", "-----BEGIN")


@dataclasses.dataclass(frozen=True)
class Mutation:
    """``action`` at a field of a line of an answer, each taken modulo what is there; ``value`` is put in."""

    action: str
    answer: int
    line: int = 0
    field: int = 0
    bit: int = 0
    value: bytes = b""

    def lines(self, blocks: list[Block]) -> list[Block]:
        rows = [row for block in blocks for row in block]
        number = self.answer % len(blocks)
        at = sum(map(len, blocks[:number])) + self.line % len(blocks[number])
        rows[at : at + 1] = self._row(rows, at)
        return [(row,) for row in rows]

    def _row(self, rows: list[str], at: int) -> list[str]:
        row, other = rows[at], rows[(at + 1 + self.bit) % len(rows)]
        match self.action:
            case "drop":
                return []
            case "twice":
                return [row, row]
            case "other":
                return [other]
            case "swap":
                rows[(at + 1 + self.bit) % len(rows)] = row
                return [other]
            case "keyword":
                return [f"{KEYWORDS[self.bit % len(KEYWORDS)]} {row.lstrip().partition(' ')[2]}"]
            case "indent":
                return [row[1:] if row.startswith(" ") else f" {row}"]
            case "less":
                return [row.rpartition(" ")[0]]
            case "more":
                return [f"{row} {_token(self.value)}"]
            case "raw":
                return [self.value.decode("ascii", "surrogateescape")]
        return [self._field(row)]

    def _field(self, row: str) -> str:
        indent = " " * row.startswith(" ")
        keyword, *tokens = row.strip(" ").split(" ")
        if tokens:
            at = self.field % len(tokens)
            tokens[at] = _token(self._value(_decoded(tokens[at])))
        return indent + " ".join([keyword, *tokens])

    def _value(self, old: bytes) -> bytes:
        match self.action:
            case "flip":
                return _flipped(old, self.bit)
            case "cut":
                return old[: self.bit % (len(old) + 1)]
            case "longer":
                return old + self.value
        return self.value


@dataclasses.dataclass(frozen=True)
class Damage:
    """The text of an output, damaged: what ``lines`` of a mutation cannot do."""

    action: str
    at: int
    bit: int = 0

    def text(self, output: str) -> str:
        at = self.at % len(output)
        begin, end = f"-----BEGIN {NONCE}-----", f"-----END {NONCE}-----"
        match self.action:
            case "flip":
                return _flipped(output.encode(), self.at * 8 + self.bit).decode("latin-1")
            case "cut":
                return output[:at]
            case "nonce":
                return output.replace(NONCE, NONCE[::-1])
            case "twice":
                return output + output
            case "begin":
                return output[:at] + begin + output[at:]
            case "end":
                return output[:at] + end + output[at:]
            case "late end":
                return f"{output}\r\n{end}\r\n"
            case "early end":
                return f"{end}\r\n{output}"
        return output[:at] + ESCAPES + output[at:]


def _token(value: bytes) -> str:
    return base64.b64encode(value).decode() or "-"


def _decoded(token: str) -> bytes:
    """Of what a mutation before this one has made no token of, nothing."""
    with contextlib.suppress(ValueError):
        return base64.b64decode(token.replace("-", ""))
    return b""


def _flipped(value: bytes, bit: int) -> bytes:
    if not value:
        return b"\x01"
    byte, shift = divmod(bit % (len(value) * 8), 8)
    return value[:byte] + bytes([value[byte] ^ 1 << shift]) + value[byte + 1 :]


ACTIONS: Sequence[str] = (
    *("drop", "twice", "other", "swap", "keyword", "indent", "less", "more", "raw"),
    *("flip", "flip", "flip", "flip", "cut", "longer", "put", "put", "put", "put"),
)
NUMBERS = st.integers(0, 1 << 20)
MUTATIONS = st.builds(
    Mutation,
    st.sampled_from(ACTIONS),
    NUMBERS,
    NUMBERS,
    NUMBERS,
    NUMBERS,
    st.sampled_from(FIELDS) | st.binary(max_size=40),
)
DAMAGES = st.builds(
    Damage,
    st.sampled_from(("flip", "cut", "nonce", "twice", "begin", "end", "late end", "early end", "noise")),
    NUMBERS,
    st.integers(0, 7),
)
