# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""MetaBase.xml: an element for each node, named by its class, with a property in each attribute."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import quoteattr

SPACE = "urn:microsoft-catalog:XML_Metabase_V64_0"
_HEAD = f'<?xml version ="1.0"?>\r\n<configuration xmlns="{SPACE}">\r\n<MBProperty>\r\n'
_TAIL = "</MBProperty>\r\n</configuration>\r\n"
_MORE = "\r\n\t\t\t"  # between the texts of a list


def encode(nodes: Iterable[tuple[str, str, Mapping[str, object]]]) -> bytes:
    """Path, class and properties of each node, as the service writes them."""
    return (_HEAD + "".join(_element(*node) for node in nodes) + _TAIL).encode()


def _element(path: str, kind: str, values: Mapping[str, object]) -> str:
    location = f"/LM/{path}".rstrip("/")
    rows = "".join(f"\r\n\t\t{name}={_quoted(value)}" for name, value in values.items())
    return f'<{kind}\tLocation ="{location}"{rows}\r\n\t>\r\n</{kind}>\r\n'


def _quoted(value: object) -> str:
    """Binary in hex, lists over several lines, TRUE and FALSE."""
    if isinstance(value, bytes):
        return f'"{value.hex()}"'
    if isinstance(value, bool):
        return '"TRUE"' if value else '"FALSE"'
    if isinstance(value, tuple):
        return _MORE.join(value).join(('"', '"'))
    text = quoteattr(str(value), {'"': "&quot;"})
    return f'"{text[1:-1]}"'


def decode(data: bytes) -> Iterator[tuple[str, str, dict[str, str]]]:
    """Path below ``/LM``, class and texts of each node in the file's order: parents come first."""
    for node in ET.fromstring(data).findall(f"./{{{SPACE}}}MBProperty/*"):
        texts = dict(node.attrib)
        path = texts.pop("Location").removeprefix("/LM").strip("/")
        yield path, node.tag.rpartition("}")[2], texts
