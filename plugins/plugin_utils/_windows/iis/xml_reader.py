# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""XML from a host, read without trust: no document type, and so no entity."""

from __future__ import annotations

from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from ..._errors import TlsOpsError


def _refuse(*_: object) -> NoReturn:
    raise ValueError("it holds a document type definition")


def elements(data: bytes, what: str, *, texts: bool = False) -> Element:
    """The root element; raises TlsOpsError, which names ``what``, where it is not well-formed.

    ``texts``: the text of elements too, which is left out otherwise.
    """
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.StartDoctypeDeclHandler = _refuse
    if texts:
        parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(data, True)
        return builder.close()
    except (expat.ExpatError, ValueError, LookupError, AssertionError) as error:
        raise TlsOpsError(f"{what} is not readable XML: {error}.") from error
