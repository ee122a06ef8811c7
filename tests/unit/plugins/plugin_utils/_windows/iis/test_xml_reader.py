# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import xml_reader
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.xml_reader import MAX_DEPTH, elements
from hypothesis import given
from hypothesis import strategies as st

BOMB = b"""<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x "xx"><!ENTITY y "&x;&x;">]><a b="&y;"/>"""
OUTSIDE = b"""<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>"""


@pytest.mark.parametrize("data", [BOMB, OUTSIDE, b"", b"<a>", b"\x00", b"<?xml version='1.0' encoding='x-no'?><a/>"])
def test_refused(data: bytes) -> None:
    with pytest.raises(TlsOpsError, match="the file is not readable XML"):
        elements(data, "the file")


def test_forms() -> None:
    text = '<?xml version="1.0"?><a b="名前"><c/></a>'
    for data in (text.encode(), text.encode("utf-8-sig"), text.encode("utf-16")):
        root = elements(data, "the file")
        assert (root.get("b"), [each.tag for each in root]) == ("名前", ["c"])


def test_texts_only_where_they_are_asked_for() -> None:
    data = b"<a> <b>true</b></a>"
    assert elements(data, "the file").findtext("b") == ""
    assert elements(data, "the file", texts=True).findtext("b") == "true"


@given(st.one_of(st.binary(max_size=60), st.text("<>/ab=\"'!&;x#?", max_size=40).map(str.encode)))
def test_hostile(data: bytes) -> None:
    with contextlib.suppress(TlsOpsError):
        elements(data, "the file")


def test_deep_nesting_is_refused() -> None:
    assert elements(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH, "the file").tag == "a"
    with pytest.raises(TlsOpsError, match="nested more than"):
        elements(b"<a>" * 200_000 + b"</a>" * 200_000, "the file")


@pytest.mark.parametrize("one", [b"<b/>", b'<b c="" d="" e=""/>'], ids=["elements", "attributes"])
def test_more_than_memory_takes_is_refused(one: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xml_reader, "MAX_VALUES", 1000)
    assert len(elements(b"<a>" + one * 200 + b"</a>", "the file")) == 200
    with pytest.raises(TlsOpsError, match="holds more than 1000"):
        elements(b"<a>" + one * 1000 + b"</a>", "the file")
