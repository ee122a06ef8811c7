# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a line of a mail's part stands in the mail, counted as an editor does: from 1, over the whole file."""

from __future__ import annotations

import quopri
import re
from collections.abc import Sequence

Lines = Sequence[int]

_EOL = re.compile(rb"\r\n|\r|\n")
_AS_THEY_ARE = ("", "7bit", "8bit", "binary")
_QUOTED = ("quoted-printable",)


def every_line(data: bytes) -> Lines:
    """The numbers of the lines of a whole file."""
    return range(1, _count(data) + 2)


class Finder:
    """Finds the bodies of a mail's parts in it, asked for one after the other in their order."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0
        self._line = 1

    def lines(self, body: bytes, encoding: str) -> Lines | None:
        """The number of each line of the decoded body.

        ``body`` is still encoded. None where the encoding has no lines of its own (base64), or the body is not found.
        """
        offset = self._data.find(body, self._offset)
        if offset < 0 or not body.strip():
            return None
        first = self._line + _count(self._data, self._offset, offset)
        self._offset, self._line = offset + len(body), first + _count(body)
        if encoding in _AS_THEY_ARE:
            return range(first, first + _count(body) + 1)
        return _unquoted(body, first) if encoding in _QUOTED else None


def line_of(lines: Lines | None, number: int) -> int:
    """The file's line for line ``number`` (from 1) of a part; the same number where the part has no lines in it."""
    return lines[min(number, len(lines)) - 1] if lines and number > 0 else number


def _unquoted(body: bytes, first: int) -> Lines:
    """A line of quoted-printable may go on in the next one, or hold several."""
    found = [first]
    for number, row in enumerate(body.splitlines(keepends=True), first):
        decoded = quopri.decodestring(row)
        found += [number + (end.end() == len(decoded)) for end in _EOL.finditer(decoded)]
    return tuple(found)


def _count(data: bytes, start: int = 0, end: int | None = None) -> int:
    """How many line ends there are."""
    return sum(1 for _each in _EOL.finditer(data, start, len(data) if end is None else end))
