# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.thumbprint import of_bytes, of_text
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ab" * 20, "AB" * 20),
        ("AB" * 32, "AB" * 32),
        ("\u200eab " + "cd " * 19, "AB" + "CD" * 19),
        (":".join(["0a"] * 20) + "\0", "0A" * 20),
        ("", ""),
        (" ", ""),
        ("00" * 20, ""),
        ("ab" * 19, None),
        ("zz" * 20, None),
    ],
)
def test_text(text: str, expected: str | None) -> None:
    assert of_text(text) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [(b"\xab" * 20, "AB" * 20), (b"\xab" * 32, "AB" * 32), (b"", ""), (bytes(20), ""), (b"\xab", None)],
)
def test_bytes(data: bytes, expected: str | None) -> None:
    assert of_bytes(data) == expected


@given(st.text(max_size=70))
def test_hostile_text(text: str) -> None:
    assert of_text(text) is None or len(of_text(text) or "") in (0, 40, 64)
