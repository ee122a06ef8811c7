# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of the way back, as it lies in the registry."""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import reg_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import (
    RegistryValue,
    encode_registry,
    reg_dword,
    reg_text,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.journal import (
    JOURNAL,
    REQUESTS,
    is_passing,
    operations,
    parse,
)
from hypothesis import given
from hypothesis import strategies as st

PASSING = "C:\\Windows\\Temp\\tlsops-0a1b.cer"
COPY = "HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\ROOT\\Certificates\\AB"


def test_no_journal() -> None:
    journal = parse([Answer("ok"), Answer("ok")])
    assert not journal.endpoints
    assert not journal.roots
    assert not journal.distrusted
    assert not journal.requests


def test_what_is_asked() -> None:
    assert operations() == (reg_read(JOURNAL), reg_read(REQUESTS, depth=0))


def test_requests_are_read_by_their_names() -> None:
    made = {"": {"AB": RegistryValue("Binary", b"csr")}}
    assert parse([Answer("ok"), Answer("ok", encode_registry(made))]).requests == {"AB": b"csr"}


def test_entries_of_both_kinds_are_read() -> None:
    keys = {
        "": {},
        "SslBinding": {"ipport=0.0.0.0:443": RegistryValue("String", reg_text('{"a": 1}'))},
        "TrustedRoot": {},
        "TrustedRoot\\ab": {COPY: RegistryValue("Binary", b"\1\2")},
        "TrustedRoot\\cd": {"Disallowed": RegistryValue("DWord", reg_dword(1))},
        "TrustedRoot\\ef": {},
        "File": {PASSING: RegistryValue("String", reg_text(""))},
        "TrustedRoot\\01": {"Rebind": RegistryValue("DWord", reg_dword(1))},
    }
    journal = parse([Answer("ok", encode_registry(keys)), Answer("ok")])
    assert journal.endpoints == {"ipport=0.0.0.0:443": '{"a": 1}'}
    assert journal.roots == {"AB": {COPY: b"\1\2"}}
    assert journal.distrusted == {"CD"}
    assert journal.rebind == {"01"}, "a mark is no copy of a root"
    assert journal.files == (PASSING,)


@pytest.mark.parametrize(
    ("path", "passing"),
    [
        (PASSING, True),
        (r"c:\WINDOWS\temp\tlsops-0.inf", True),
        (r"C:\Windows\Temp\tlsops-0.req", True),
        (r"D:\Windows\Temp\tlsops-0.req", False),
        (r"\\other.example\share\Temp\tlsops-0.cer", False),
        (r"C:\Windows\Temp\..\..\Temp\tlsops-0.cer", False),
        (r"%SystemRoot%\Temp\tlsops-0.cer", False),
        ("tlsops-0.cer", False),
        (r"C:\Windows\Temp\tlsops-0.req:stream", False),
        (r"C:\Windows\Temp\tlsops-..\..\win.ini", False),
        (r"C:\Windows\Temp\other.cer", False),
        (r"C:\Windows\tlsops-0.cer", False),
        ("C:\\Windows\\Temp\\tlsops-0.cer\n", False),
        ("", False),
    ],
)
def test_only_files_of_our_own_names_are_passing_ones(path: str, passing: bool) -> None:
    assert is_passing(path, r"C:\Windows") == passing


@pytest.mark.parametrize("number", [0, 1])
def test_a_journal_that_cannot_be_read_is_no_empty_one(number: int) -> None:
    answers = [Answer("ok"), Answer("ok")]
    answers[number] = Answer("error", text="Access is denied.")
    with pytest.raises(TlsOpsError, match=r"journal .*Access is denied"):
        parse(answers)


@given(st.binary(max_size=200))
def test_any_payload_is_read_or_refused(data: bytes) -> None:
    for answers in ([Answer("ok", data), Answer("ok")], [Answer("ok"), Answer("ok", data)]):
        with contextlib.suppress(TlsOpsError):
            parse(answers)
