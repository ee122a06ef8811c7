# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import account_sid
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.accounts import operations, parse
from hypothesis import given
from hypothesis import strategies as st


def answer(*lines: tuple[str, list[bytes]]) -> Answer:
    return Answer("ok", encode_lines(lines))


def test_nothing_is_asked_where_no_account_was_named() -> None:
    assert operations(()) == ()
    assert operations(("a", "b")) == (account_sid("a", "b"),)
    assert parse([]) == {}


def test_names_as_they_were_asked_for() -> None:
    found = answer(
        ("account", ["NT-AUTORIT\u00c4T\\NETZWERKDIENST".encode(), b"S-1-5-20"]), ("account", [b"nobody", b""])
    )
    assert parse([found]) == {"NT-AUTORIT\u00c4T\\NETZWERKDIENST": "S-1-5-20", "nobody": ""}


def test_an_error_is_told() -> None:
    with pytest.raises(TlsOpsError, match=r"could not be looked up: .*1789"):
        parse([Answer("error", kind="win32", number=1789, text="The trust relationship failed.")])


@pytest.mark.parametrize("line", [("account", [b"a"]), ("account", [b"a", b"S", b"x"]), ("sid", [b"a", b"S"])])
def test_a_malformed_answer_is_a_clear_error(line: tuple[str, list[bytes]]) -> None:
    with pytest.raises(TlsOpsError, match="expected form"):
        parse([answer(line)])


@given(st.binary(max_size=200), st.lists(st.binary(max_size=8), max_size=3))
def test_any_payload_is_read_or_refused(data: bytes, fields: list[bytes]) -> None:
    for each in (Answer("ok", data), answer(("account", fields))):
        try:
            found = parse([each])
        except TlsOpsError:
            continue
        assert all(isinstance(name, str) and isinstance(sid, str) for name, sid in found.items())
