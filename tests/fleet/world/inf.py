# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An INF file as SetupAPI reads it (Microsoft docs, "General syntax rules for INF files"), for ``certreq -new``.

Sections and keys compare without case. A value is fields between commas; a quoted field keeps its blanks, and a doubled
quotation mark is one. ``;`` outside quotes begins a comment, a backslash at the end of a line continues it,
``%name%`` is a string of ``[Strings]``, ``%%`` a per cent sign.
"""

from __future__ import annotations

import re

Section = list[tuple[str, list[str]]]

_SECTION = re.compile(r"\[([^\[\]]+)\]")
_LINE_END = re.compile(r"\r\n|\r|\n")
_TOKEN = re.compile(r"%([^%\r\n]*)%")
_LONGEST = 4096  # characters of a field (MAX_INF_STRING_LENGTH)


class BadInf(Exception):
    """SetupAPI does not take the file."""


def decode(data: bytes, code_page: str) -> str:
    """UTF-16LE with its mark, else the system's ANSI code page: UTF-8 becomes other characters there."""
    if data[:2] == b"\xff\xfe":
        return data[2:].decode("utf-16-le", "replace")
    return data.decode(code_page, "replace")


def parse(text: str) -> dict[str, Section]:
    """Sections by lower-case name, each with its entries in order. Raises BadInf."""
    sections: dict[str, Section] = {}
    current: Section | None = None
    for line in _lines(text):
        found = _SECTION.fullmatch(line)
        if found:
            current = sections.setdefault(found[1].strip().lower(), [])
            continue
        if current is None:
            raise BadInf(f"a line outside of every section: {line}")
        current.append(_entry(line))
    strings = {key.lower(): fields[0] for key, fields in sections.get("strings", []) if fields}
    return {name: [_replaced(entry, strings) for entry in entries] for name, entries in sections.items()}


def _lines(text: str) -> list[str]:
    """Without comments and blank lines, continued ones joined."""
    found, open_line = [], ""
    for row in _LINE_END.split(text):
        line = open_line + _uncommented(row).strip()
        if line.endswith("\\") and not _is_quoted(line):
            open_line = line[:-1]
            continue
        open_line = ""
        if line:
            found.append(line)
    return found


def _uncommented(row: str) -> str:
    quoted = False
    for at, character in enumerate(row):
        if character == '"':
            quoted = not quoted
        elif character == ";" and not quoted:
            return row[:at]
    return row


def _is_quoted(line: str) -> bool:
    return line.count('"') % 2 == 1


def _entry(line: str) -> tuple[str, list[str]]:
    key, separator, value = line.partition("=")
    if not separator or '"' in key:
        return "", _fields(line)
    return key.strip(), _fields(value)


def _fields(value: str) -> list[str]:
    """Blanks at the ends count only where they are quoted."""
    fields: list[list[tuple[str, bool]]] = [[]]
    quoted, at = False, 0
    while at < len(value):
        character = value[at]
        if character == '"' and quoted and value[at + 1 : at + 2] == '"':
            fields[-1].append(('"', True))
            at += 1
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            fields.append([])
        else:
            fields[-1].append((character, quoted))
        at += 1
    if quoted:
        raise BadInf(f"a quotation mark is not closed: {value}")
    found = [_trimmed(field) for field in fields]
    if any(len(each) > _LONGEST for each in found):
        raise BadInf("a string is too long")
    return found


def _trimmed(field: list[tuple[str, bool]]) -> str:
    blank = [character.isspace() and not quoted for character, quoted in field]
    kept = [at for at, each in enumerate(blank) if not each]
    return "".join(character for character, _quoted in field[kept[0] : kept[-1] + 1]) if kept else ""


def _replaced(entry: tuple[str, list[str]], strings: dict[str, str]) -> tuple[str, list[str]]:
    def text(found: re.Match[str]) -> str:
        return strings.get(found[1].lower(), found[0]) if found[1] else "%"

    key, fields = entry
    return _TOKEN.sub(text, key), [_TOKEN.sub(text, field) for field in fields]
