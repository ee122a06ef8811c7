# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Payloads: round trips, and suspicion."""

from __future__ import annotations

import contextlib
import hashlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import payload
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import RegistryValue
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.builds(RegistryValue, st.sampled_from(["String", "Binary", "DWord", "MultiString"]), st.binary(max_size=9))
TREES = st.dictionaries(NAMES, st.dictionaries(NAMES, VALUES, max_size=3), max_size=4)


@given(TREES)
@settings(max_examples=60)
def test_registry_round_trip(tree: dict[str, dict[str, RegistryValue]]) -> None:
    assert payload.registry(payload.encode_registry(tree)) == tree


@given(st.lists(st.tuples(st.sampled_from(["key", "x_1"]), st.lists(st.binary(max_size=5), max_size=3).map(tuple))))
@settings(max_examples=60)
def test_lines_round_trip(content: list[tuple[str, tuple[bytes, ...]]]) -> None:
    assert payload.lines(payload.encode_lines(content)) == content


@given(st.one_of(st.binary(), st.text(" -=\nAkeyvlu09").map(str.encode)))
@settings(max_examples=200)
def test_anything_else_is_a_tlsops_error(data: bytes) -> None:
    for read in (payload.lines, payload.registry, payload.program):
        with contextlib.suppress(TlsOpsError):
            read(data)


@pytest.mark.parametrize(
    "data",
    [b"key -", b"key  -\n", b"KEY -\n", b"\n", b"key =\n", b"key QUI\n", b"key QUI=\r\n", b"k\xff\n", b"key A===\n"],
)
def test_malformed_lines(data: bytes) -> None:
    with pytest.raises(TlsOpsError):
        payload.lines(data)


@pytest.mark.parametrize(
    "data",
    [
        b"key - -\n",
        b"other -\n",
        b"value - - QmluYXJ5 -\n",  # of a key that was not named
        b"key -\nvalue - - YmFk -\n",  # an unknown kind
        b"key -\nkey -\n",  # two subkeys matched
    ],
)
def test_malformed_registry(data: bytes) -> None:
    with pytest.raises(TlsOpsError):
        payload.registry(data)


def test_keys_and_values_are_sorted_by_utf16_code_units() -> None:
    value = RegistryValue("Binary", b"")
    tree = {name: {} for name in ("a\\b", "a-b", "B", "", "\uffff", "\U00010000")} | {"a": {"b": value, "B": value}}
    paths = [fields[0].decode() for keyword, fields in payload.lines(payload.encode_registry(tree)) if keyword == "key"]
    assert paths == ["", "B", "a", "a-b", "a\\b", "\U00010000", "\uffff"]
    names = [
        fields[1].decode() for keyword, fields in payload.lines(payload.encode_registry(tree)) if keyword == "value"
    ]
    assert names == ["B", "b"]


def test_registry_values() -> None:
    assert RegistryValue("ExpandString", "é".encode()).text == "é"
    assert RegistryValue("MultiString", b"a\0b").texts == ("a", "b")
    assert RegistryValue("MultiString", b"").texts == ()
    assert RegistryValue("DWord", payload.reg_dword(0xFFFFFFFE)).number == 0xFFFFFFFE
    assert RegistryValue("QWord", bytes(7) + b"\1").number == 1 << 56
    assert payload.reg_texts(["a", "b"]) == b"a\0b"
    assert payload.reg_text("é") == "é".encode()


@pytest.mark.parametrize(
    ("value", "attribute"),
    [
        (RegistryValue("Binary", b"a"), "text"),
        (RegistryValue("String", b"\xff"), "text"),
        (RegistryValue("String", b"a"), "texts"),
        (RegistryValue("String", b"1"), "number"),
        (RegistryValue("DWord", b"1"), "number"),
    ],
)
def test_values_of_another_kind(value: RegistryValue, attribute: str) -> None:
    with pytest.raises(TlsOpsError):
        getattr(value, attribute)


@pytest.mark.parametrize("number", [-1, 1 << 32])
def test_dword_range(number: int) -> None:
    with pytest.raises(TlsOpsError):
        payload.reg_dword(number)


def test_program() -> None:
    content = payload.encode_lines([("exit", [b"-5"]), ("stdout", [b"\xe9"]), ("stderr", [b""])])
    result = payload.program(content)
    assert (result.exit, result.stdout, result.stderr, result.output) == (-5, b"\xe9", b"", "é")


def test_digest_of_nothing() -> None:
    assert payload.digest(b"") == hashlib.sha256().hexdigest()
