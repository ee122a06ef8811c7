# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The structure of DER, and of BER with indefinite lengths, as some CAs and Java tools write PKCS#7 (X.690)."""

from __future__ import annotations

import dataclasses

SEQUENCE, SET, OID, INTEGER, OCTET_STRING, BIT_STRING = 0x30, 0x31, 0x06, 0x02, 0x04, 0x03
CONSTRUCTED_OCTET_STRING = 0x24
CONTEXT_0 = 0xA0
MAX_DEPTH = 16


@dataclasses.dataclass(frozen=True)
class Element:
    """One element. ``raw`` is all of it, ``content`` what its header announces; ``end`` is the offset behind it."""

    tag: int
    content: bytes
    raw: bytes
    end: int


def read(data: bytes, offset: int = 0, depth: int = 0) -> Element:
    """The element at ``offset``. Raises ValueError where there is none or it is longer than the data."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    tag, start, length = _header(data, offset)
    if length is None:
        end = _end_of_contents(data, start, depth)
        return Element(tag, data[start : end - 2], data[offset:end], end)
    if start + length > len(data):
        raise ValueError(f"cut off: {start + length - offset} bytes announced, {len(data) - offset} there")
    return Element(tag, data[start : start + length], data[offset : start + length], start + length)


def children(data: bytes) -> tuple[Element, ...]:
    """The elements one behind the other in ``data``. Raises ValueError."""
    found: list[Element] = []
    offset = 0
    while offset < len(data):
        found.append(read(data, offset))
        offset = found[-1].end
    return tuple(found)


def octets(element: Element, depth: int = 0) -> bytes:
    """The value of an OCTET STRING, put together where BER has split it. Raises ValueError where it is none."""
    if element.tag == OCTET_STRING:
        return element.content
    if element.tag != CONSTRUCTED_OCTET_STRING or depth > MAX_DEPTH:
        raise ValueError("not an octet string")
    return b"".join(octets(child, depth + 1) for child in children(element.content))


def encode(tag: int, content: bytes) -> bytes:
    """One element with a definite length (DER)."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def _header(data: bytes, offset: int) -> tuple[int, int, int | None]:
    """Tag, start of the content, and its length (None: indefinite)."""
    if offset + 2 > len(data):
        raise ValueError("cut off in a header")
    tag, first = data[offset], data[offset + 1]
    if tag & 0x1F == 0x1F:
        raise ValueError("a tag that certificates do not use")
    if first < 0x80:
        return tag, offset + 2, first
    if first == 0x80:
        if not tag & 0x20:
            raise ValueError("an indefinite length on a primitive element")
        return tag, offset + 2, None
    size = first & 0x7F
    if size > 4 or offset + 2 + size > len(data):
        raise ValueError("a length that cannot be")
    return tag, offset + 2 + size, int.from_bytes(data[offset + 2 : offset + 2 + size], "big")


def _end_of_contents(data: bytes, offset: int, depth: int) -> int:
    while data[offset : offset + 2] != b"\0\0":
        offset = read(data, offset, depth + 1).end
    return offset + 2
