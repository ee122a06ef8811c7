# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import quopri
import re

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.position import Finder, every_line, line_of
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_bodies_are_found_one_behind_the_other(end: bytes) -> None:
    finder = Finder(end.join([b"head", b"", b"same", b"text", b"--x", b"", b"same", b"text", b"last"]))
    body = b"same" + end + b"text"
    assert list(finder.lines(body, "7bit") or ()) == [3, 4]
    assert list(finder.lines(body, "") or ()) == [7, 8]
    assert list(finder.lines(b"last", "8bit") or ()) == [9]


def test_what_has_no_lines_of_its_own_or_is_not_there_has_no_numbers() -> None:
    finder = Finder(b"aGVsbG8=\nelse\n")
    assert finder.lines(b"aGVsbG8=\n", "base64") is None
    assert finder.lines(b"absent", "7bit") is None
    assert finder.lines(b"\n", "7bit") is None
    assert list(finder.lines(b"else", "7bit") or ()) == [2]


def test_quoted_printable_joins_and_splits_lines() -> None:
    finder = Finder(b"head\n\none=\ntwo\nthree=0Afour\nfive\n")
    assert finder.lines(b"one=\ntwo\nthree=0Afour\nfive\n", "quoted-printable") == (3, 5, 5, 6, 7)


def test_lines_of_a_whole_file() -> None:
    assert list(every_line(b"one\r\ntwo\rthree\n")) == [1, 2, 3, 4]
    assert line_of(None, 7) == 7
    assert line_of(range(10, 13), 2) == 11
    assert line_of(range(10, 13), 99) == 12, "what is behind the end is at the end"


@given(st.lists(st.text("ab=é~ \t", max_size=90), min_size=1, max_size=12), st.integers(0, 5))
def test_each_line_of_quoted_printable_is_where_it_begins(rows: list[str], above: int) -> None:
    body = quopri.encodestring("\n".join(rows).encode())
    lines = Finder(b"x: y\n" * above + body).lines(body, "quoted-printable")
    if lines is None:
        return
    decoded = quopri.decodestring(body)
    assert len(lines) == len(re.findall(rb"\n", decoded)) + 1
    written = body.split(b"\n")
    for number, row in zip(lines, decoded.split(b"\n"), strict=True):
        start = quopri.decodestring(written[number - 1 - above].removesuffix(b"="))
        assert row.startswith(start) or start.startswith(row)
