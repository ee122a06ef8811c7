# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What leaves for a terminal, a log or a callback: text of a host cannot steer any of them.

A name on a host may hold escape sequences, a line that looks like another host's result, or half a character, which
no file takes. ansible-core prints messages, warnings and diffs as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

LONGEST = 8192  # characters of a message, a hint or a warning

# C0 and C1 (a terminal takes U+009B as ESC [), lone surrogates. Line feed, carriage return and tab are data's own.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
# Bidirectional formatting (Unicode Standard Annex 9), line and paragraph separators, the byte order mark.
_FORMAT = re.compile("[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_LINE_END = re.compile(r"\s*[\r\n]\s*")
_PROSE = ("msg", "hint", "warnings", "findings", "before_header", "after_header")


def shown(value: Any, name: str = "") -> Any:
    """A result's value, with what acts on a terminal written out as Python writes it (``\\x1b``, ``\\u202e``).

    ``name`` is its key: what is a sentence has one line, and an end.
    """
    if isinstance(value, str):
        return prose(value) if name in _PROSE else _CONTROL.sub(_written, value)
    if isinstance(value, Mapping):
        return {_key(key): _difference(each) if key == "diff" else shown(each, key) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [shown(each, name) for each in value]
    return value


def prose(text: str) -> str:
    """A sentence on one line, of at most ``LONGEST`` characters."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}... ({len(text)} characters)"
    return _visible(_LINE_END.sub(" ", cut).replace("\t", " "))


def _key(name: Any) -> Any:
    return _CONTROL.sub(_written, name) if isinstance(name, str) else name


def _difference(entries: Any) -> Any:
    """Its bodies have lines; what is in them is read by people, like a sentence."""
    found = shown(entries)
    for entry in found if isinstance(found, list) else ():
        entry |= {name: _visible(text).replace("\r", "") for name, text in entry.items() if isinstance(text, str)}
    return found


def _visible(text: str) -> str:
    return _FORMAT.sub(_written, _CONTROL.sub(_written, text))


def _written(found: re.Match[str]) -> str:
    code = ord(found[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"
