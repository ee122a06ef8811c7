# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of the way back, as it lies in the registry."""

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import (
    RegistryValue,
    encode_registry,
    reg_dword,
    reg_text,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.journal import parse

COPY = "HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\ROOT\\Certificates\\AB"


def test_no_journal() -> None:
    journal = parse([Answer("ok")])
    assert not journal.endpoints
    assert not journal.roots
    assert not journal.distrusted


def test_entries_of_both_kinds_are_read() -> None:
    keys = {
        "": {},
        "SslBinding": {"ipport=0.0.0.0:443": RegistryValue("String", reg_text('{"a": 1}'))},
        "TrustedRoot": {},
        "TrustedRoot\\ab": {COPY: RegistryValue("Binary", b"\1\2")},
        "TrustedRoot\\cd": {"Disallowed": RegistryValue("DWord", reg_dword(1))},
        "TrustedRoot\\ef": {},
        "TrustedRoot\\01": {"Rebind": RegistryValue("DWord", reg_dword(1))},
    }
    journal = parse([Answer("ok", encode_registry(keys))])
    assert journal.endpoints == {"ipport=0.0.0.0:443": '{"a": 1}'}
    assert journal.roots == {"AB": {COPY: b"\1\2"}}
    assert journal.distrusted == {"CD"}
    assert journal.rebind == {"01"}, "a mark is no copy of a root"


def test_a_journal_that_cannot_be_read_is_no_empty_one() -> None:
    with pytest.raises(TlsOpsError, match="journal"):
        parse([Answer("error", text="Access is denied.")])
