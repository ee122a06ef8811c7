# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509 import der
from hypothesis import example, given
from hypothesis import strategies as st


def test_definite_and_long_lengths() -> None:
    assert der.read(b"\x30\x03\x02\x01\x05\xff").raw == b"\x30\x03\x02\x01\x05"
    long = b"\x04\x82\x01\x00" + b"x" * 256
    assert der.read(long) == der.Element(0x04, b"x" * 256, long, len(long))


def test_indefinite_length_ends_at_its_own_end_of_contents() -> None:
    inner = b"\x30\x80\x02\x01\x05\x00\x00"
    outer = b"\x30\x80" + inner + b"\x00\x00" + b"behind"
    element = der.read(outer)
    assert element.content == inner
    assert outer[element.end :] == b"behind"


def test_an_octet_string_in_pieces_is_put_together() -> None:
    pieces = b"\x24\x80\x04\x02ab\x24\x03\x04\x01c\x00\x00"
    assert der.octets(der.read(pieces)) == b"abc"
    with pytest.raises(ValueError, match="octet string"):
        der.octets(der.read(b"\x02\x01\x05"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x05\x02",
        b"\x30\x85\x01\x01\x01\x01\x01",
        b"\x1f\x81\x00",
        b"\x04\x80\x00\x00",
        b"\x30\x80\x02",
    ],
)
def test_what_is_no_element_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        der.read(data)


def test_depth_is_bounded() -> None:
    with pytest.raises(ValueError, match="deep"):
        der.read(b"\x30\x80" * 5000)


@given(st.binary(max_size=200))
@example(b"\x30\x80\x00")
def test_any_bytes_give_an_element_within_them_or_a_value_error(data: bytes) -> None:
    try:
        element = der.read(data)
    except ValueError:
        return
    assert data.startswith(element.raw)
    assert element.end == len(element.raw)


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_children_are_those_written(values: list[bytes]) -> None:
    def encoded(value: bytes) -> bytes:
        size = len(value)
        return b"\x04" + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + value

    assert [each.content for each in der.children(b"".join(map(encoded, values)))] == values


@given(st.integers(0, 0xFF).filter(lambda tag: tag & 0x1F != 0x1F), st.binary(max_size=300))
@example(0x04, b"x" * 0x7F)
@example(0x04, b"x" * 0x80)
@example(0x04, b"x" * 0x10000)
def test_what_is_encoded_is_read_again(tag: int, content: bytes) -> None:
    encoded = der.encode(tag, content)
    assert der.read(encoded + b"behind") == der.Element(tag, content, encoded, len(encoded))
