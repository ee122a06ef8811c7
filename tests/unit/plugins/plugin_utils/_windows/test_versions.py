# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.versions import key_stores, product
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("version", "name", "hosting"),
    [
        ("5.2.3790", "Windows Server 2003", False),
        ("6.0.6002", "Windows Server 2008", False),
        ("6.1.7601", "Windows Server 2008 R2", False),
        ("6.2.9200", "Windows Server 2012", True),
        ("6.3.9600", "Windows Server 2012 R2", True),
        ("10.0.20348", "Windows Server 2022", True),
        ("10.0.99999", "Windows 10.0.99999", True),
        ("5.1.2600", "Windows 5.1.2600", False),
        ("", "Windows", False),
    ],
)
def test_what_people_call_it_and_what_it_has(version: str, name: str, hosting: bool) -> None:
    assert product(version) == name
    assert key_stores(version) == (("MY", "WebHosting") if hosting else ("MY",))


@given(st.text())
def test_whatever_a_host_says_has_a_name(version: str) -> None:
    assert product(version).startswith("Windows")
    assert key_stores(version)[0] == "MY"
