# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of lines: a keyword, then tokens behind blanks; what can hold any character is base64, ``-`` is empty."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path


def token(value: str | bytes) -> str:
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return base64.b64encode(data).decode() or "-"


def plain(text: str) -> bytes:
    return base64.b64decode("" if text == "-" else text, validate=True)


def text(given: str) -> str:
    return plain(given).decode("utf-8", "surrogatepass")


def write(path: Path, rows: Iterable[Iterable[str]]) -> None:
    """LF ends each line, whatever the system."""
    path.write_text("".join(" ".join(row) + "\n" for row in rows), encoding="ascii", newline="\n")


def read(path: Path) -> Iterator[list[str]]:
    """PowerShell on Windows ends its lines with CR LF."""
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        if line:
            yield line.split(" ")
