# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.pfx_import import explain, readable_by


@pytest.mark.parametrize("number", [0x80070056, 0x80070056 - (1 << 32), 0x8009000B])
def test_a_logon_that_may_not(number):
    words = explain(number)
    assert "this network logon may not use the keys" in words.lower()
    assert "ansible_winrm_transport: credssp" in words
    assert "ansible_winrm_kerberos_delegation: true" in words


@pytest.mark.parametrize("number", [0x80090010, 0x80070005])
def test_a_folder_that_is_closed(number):
    assert r"Crypto\RSA\MachineKeys" in explain(number)


def test_what_is_not_known():
    assert explain(0x80004005) == ""


@pytest.mark.parametrize(
    ("version", "compatibility"),
    [
        ("5.0.2195", "windows2003"),
        ("5.2.3790", "windows2003"),
        ("6.1.7601", "windows2003"),
        ("6.3.9600", "windows2003"),
        ("10.0.14393", "windows2003"),
        ("10.0.17763", "modern"),
        ("10.0.20348.2527", "modern"),
        ("10.0", "windows2003"),
        ("", "windows2003"),
    ],
)
def test_what_a_windows_reads(version, compatibility):
    assert readable_by(version) == compatibility
