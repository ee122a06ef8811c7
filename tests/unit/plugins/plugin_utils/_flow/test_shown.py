# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.shown import LONGEST, prose, shown
from hypothesis import given
from hypothesis import strategies as st

ACTS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("本番サイト é 👩\u200d🔧", "本番サイト é 👩\u200d🔧"),
        ("a\x1b[31mb\x9b2Jc\x7f", r"a\x1b[31mb\x9b2Jc\x7f"),
        ("a\u202egpj.exe", r"a\u202egpj.exe"),
        ("half \ud83d", r"half \ud83d"),
        ("one\r\n\n  ok: [web02]\tx", "one ok: [web02] x"),
        ("x" * (LONGEST + 1), "x" * LONGEST + f"... ({LONGEST + 1} characters)"),
    ],
    ids=["text", "escape", "right-to-left", "surrogate", "lines", "long"],
)
def test_a_sentence(text: str, expected: str) -> None:
    assert prose(text) == expected
    assert shown({"msg": text, "warnings": [text]}) == {"msg": expected, "warnings": [expected]}


@given(st.text(st.characters()))
def test_nothing_in_a_sentence_acts_on_a_terminal(text: str) -> None:
    found = prose(text)
    assert not ACTS.search(found)
    found.encode("utf-8")
    assert prose(found) == found


def test_data_keeps_its_lines_and_marks() -> None:
    given = {"request": "-----BEGIN\r\n\tx", "name": "\u200fאתר", "number": 1, "none": None, "list": ("a\x00",)}
    assert shown(given) == {**given, "list": ["a\\x00"]}


def test_a_difference_has_lines_that_nothing_in_them_can_steer() -> None:
    entry = {"before_header": "site a\nb", "after_header": "c", "before": "one\ntwo\u202e\x1b\r\n", "after": "x"}
    assert shown({"diff": [entry]})["diff"] == [
        {"before_header": "site a b", "after_header": "c", "before": "one\ntwo\\u202e\\x1b\n", "after": "x"}
    ]


def test_names_of_keys() -> None:
    assert shown({"proofs": {"ipport=\x1b": {"seen": "x"}}}) == {"proofs": {"ipport=\\x1b": {"seen": "x"}}}
