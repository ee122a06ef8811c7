# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PEM blocks in any text: found by their markers however a mail system changed these, and rebuilt (RFC 7468)."""

from __future__ import annotations

import base64
import dataclasses
import itertools
import quopri
import re

from . import position
from .text import LINE_SEPARATOR

# Mail systems and web pages turn the hyphen into these; Python decodes the minus of JIS as U+2212 or U+FF0D.
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u2500\u2501\u30fc\ufe58\ufe63\uff0d\uff70\u0096\u0097"
_FOLD = (
    {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
    | {ord(space): " " for space in "\u00a0\u3000\u2007\u202f"}
    | {ord(dash): "-" for dash in _DASHES}
)
_MARKER = re.compile(r"(?:-[ \t]?){1,12}[ \t]{0,4}(BEGIN|END)[ \t]{0,4}([A-Z0-9][A-Z0-9#. \t]{1,60}?)[ \t]{0,4}-", re.I)
_ROW_END = re.compile(r"\r\n|\r|\n")
_INNER_END = re.compile(rf"\\r\\n|\\n|\\r|{LINE_SEPARATOR}")  # in one line: text out of JSON or a log, and HTML
_TAG = re.compile(r"<[^<>\r\n]{0,200}>")
_NOISE = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_QUOTE = re.compile(r"^[\s>|]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/]*")
_SHORTEST = 60  # characters of a block
_DENSE = 40  # characters of a line that is no prose


@dataclasses.dataclass(frozen=True)
class Block:
    """One block. ``label`` is upper case without spaces; ``line`` counts from 1. ``problem``: why ``der`` is empty."""

    label: str
    line: int
    der: bytes
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class _Row:
    number: int
    text: str
    dense: bool


def blocks(text: str, lines: position.Lines | None = None) -> tuple[Block, ...]:
    """Every block of the text, in order. Prose that only names the markers is no block.

    ``lines`` are the numbers of the text's lines in the file it comes from; without them they count from 1.
    """
    folded = text.translate(_FOLD)
    found: list[Block] = []
    marks = list(_MARKER.finditer(folded))
    line, counted = 1, 0
    for mark, following in itertools.zip_longest(marks, marks[1:]):
        line += len(_ROW_END.findall(folded, counted, mark.start()))
        counted = mark.start()
        if mark[1].upper() != "BEGIN":
            continue
        body = folded[mark.end() : following.start() if following else len(folded)]
        closed = following is not None and following[1].upper() == "END"
        block = _block(_NOISE.sub("", mark[2]).upper(), line, body, closed, lines)
        if block is not None:
            found.append(block)
    return tuple(found)


def bare(text: str) -> bytes:
    """The bytes of a text that is nothing but base64, without markers; else nothing."""
    plain = _NOISE.sub("", text).rstrip("=")
    if len(plain) < _SHORTEST or not _BASE64.fullmatch(plain) or len(plain) % 4 == 1:
        return b""
    return _decoded(plain)


def _block(label: str, first: int, body: str, closed: bool, lines: position.Lines | None) -> Block | None:
    rows, line = _rows(body, first, lines), position.line_of(lines, first)
    joined = "".join(row.text for row in rows)
    # Every block of DER begins with 30 8x, base64 "MI"; a damaged one still has whole lines. Prose has neither.
    if not (joined.startswith("MI") and len(joined) >= _SHORTEST) and not any(row.dense for row in rows):
        return None
    if not closed:
        return Block(label, line, b"", "has no END line: the text is cut off there")
    plain = joined.rstrip("=")
    if not _BASE64.fullmatch(plain):  # quoted-printable whose mail head was lost
        plain = _NOISE.sub("", _unquoted("\n".join(row.text for row in rows))).rstrip("=")
    if not _BASE64.fullmatch(plain):
        return Block(label, line, b"", _illegal(rows))
    if len(plain) % 4 == 1:
        return Block(label, line, b"", f"has {len(plain)} base64 characters: at least one is missing")
    return Block(label, line, _decoded(plain))


def _rows(body: str, first: int, lines: position.Lines | None) -> list[_Row]:
    """The lines of a body, without what mail programs put around them and without PEM headers (RFC 1421)."""
    rows: list[_Row] = []
    for number, line in enumerate(_ROW_END.split(body), first):
        for raw in _INNER_END.split(line):
            row = _QUOTE.sub("", _TAG.sub("", raw))
            text = _NOISE.sub("", row).strip("-")
            if text and ": " not in raw:
                plain = row.strip().rstrip("=")
                dense = len(plain) >= _DENSE and _BASE64.fullmatch(plain) is not None
                rows.append(_Row(position.line_of(lines, number), text, dense))
    return rows


def _illegal(rows: list[_Row]) -> str:
    for row in rows:
        if not any(_BASE64.fullmatch(text.rstrip("=")) for text in (row.text, _unquoted(row.text))):
            return f"is damaged in line {row.number}: that is not base64"
    return "is damaged: it has '=' in the middle"


def _unquoted(text: str) -> str:
    return quopri.decodestring(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _decoded(joined: str) -> bytes:
    # Padding may be missing, and bits behind the end may be set: what counts is whether the DER is whole.
    return base64.b64decode(joined + "=" * (-len(joined) % 4))
