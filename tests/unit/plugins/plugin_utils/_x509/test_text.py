# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.text import (
    LINE_SEPARATOR,
    decodings,
    is_html,
    without_html,
    without_mark,
)
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_says_the_encoding(encoding: str) -> None:
    assert without_mark("証明書".encode(encoding)) == "証明書".encode()
    assert without_mark("証明書".encode()) == "証明書".encode()


def test_what_the_sender_says_comes_first_and_what_cannot_be_is_left_out() -> None:
    assert next(decodings("－".encode("cp932"), "shift_jis")) == "\u2212"
    assert next(decodings("証明書".encode("cp932"), "utf-8")) == "証明書"
    assert next(decodings(b"plain", "x-nonsense")) == "plain"
    assert next(decodings(b"plain", "hex")) == "plain", "a codec of Python's that is none of texts"


def test_what_does_not_belong_into_iso_2022_jp_costs_only_itself() -> None:
    data = b"\x1b$B-!\x1b(B --- \x1b(I\x3b\x5d\x1b(B" + "証明書".encode("iso2022_jp")
    assert any(" --- " in text and text.endswith("証明書") for text in decodings(data, "iso-2022-jp"))


def test_binary_data_is_no_text() -> None:
    assert list(decodings(b"\x30\x82\0\0")) == []
    for encoding in ("utf-16-le", "utf-16-be"):
        assert "-----BEGIN" in list(decodings("-----BEGIN".encode(encoding)))


@pytest.mark.parametrize("charset", ["punycode", "PunyCode", "idna", "unicode-escape"])
def test_codecs_of_no_mail_are_not_tried(charset: str) -> None:
    started = time.monotonic()
    assert next(decodings(b"a-" + b"zzk9" * 200_000, charset)).startswith("a-zzk9")
    assert time.monotonic() - started < 5


def test_html_keeps_the_lines_of_its_file() -> None:
    page = "<html>\n<p\nclass=a>one<br>two<br\n/>\n<pre>a&#43;b\nc&nbsp;d</pre>&#13;&#10;e</p>"
    assert is_html(page)
    assert not is_html("a < b")
    plain = without_html(page)
    assert plain.count("\n") == page.count("\n")
    assert plain.replace("\n", LINE_SEPARATOR).split(LINE_SEPARATOR) == [
        *("", "", "one", "two", "", "", "a+b", "c\u00a0d", "", "", "e", "")
    ]


@given(st.binary(max_size=300), st.sampled_from(["", "utf-8", "iso-2022-jp", "utf-7", "utf-16", "idna", "rot13"]))
def test_any_bytes_in_any_charset(data: bytes, charset: str) -> None:
    for text in decodings(data, charset):
        assert isinstance(without_html(text), str)
