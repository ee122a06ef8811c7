# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""XML from a host, read without trust: no document type, and so no entity; and not more than memory takes."""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ..._errors import TlsOpsError

MAX_VALUES = 1_000_000  # elements and attributes: a server of 5,000 sites has some 200,000 of them
MAX_DEPTH = 100  # the sections of IIS end at about ten


class _Builder(TreeBuilder):
    """Raises ValueError where elements are nested too deep."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def begin(self, tag: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise ValueError(f"its elements are nested more than {MAX_DEPTH} deep")
        self.start(tag, attributes)

    def finish(self, tag: str) -> None:
        self._depth -= 1
        self.end(tag)


def _check_size(data: bytes) -> None:
    """Before the parser runs: it reads all attributes of an element at once. Raises ValueError."""
    if data.count(b"<") + data.count(b"=") > MAX_VALUES:
        raise ValueError(f"it holds more than {MAX_VALUES} elements and attributes")


def _refuse(*_: object) -> NoReturn:
    raise ValueError("it holds a document type definition")


def elements(data: bytes, what: str, *, texts: bool = False) -> Element:
    """The root element; raises TlsOpsError, which names ``what``, where it is not well-formed.

    ``texts``: the text of elements too, which is left out otherwise.
    """
    builder = _Builder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.begin
    parser.EndElementHandler = builder.finish
    parser.StartDoctypeDeclHandler = _refuse
    if texts:
        parser.CharacterDataHandler = builder.data
    try:
        _check_size(data)
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        raise TlsOpsError(f"{what} is not readable XML: {error}.") from error
