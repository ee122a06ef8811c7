# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import pathlib
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.roots import (
    comes_back,
    describe,
    disable,
    disallowed,
    enable_all,
    is_disabled,
    serves,
    state,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.unit.mint import NOW, mint
from tests.unit.shelves import copy, key_of, real, stores

NONE = bytes.fromhex("3000")
SERVER = bytes.fromhex("300a06082b06010505070301")
CLIENT = bytes.fromhex("300a06082b06010505070302")
G5 = real("verisign_g5_root_selfsigned")
ROOT = mint("Root", ca=True)


def filetime(moment: datetime) -> bytes:
    return (int((moment - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000).to_bytes(8, "little")


@pytest.mark.parametrize(
    ("usages", "expected"),
    [((NONE, SERVER), True), ((NONE, None), True), ((NONE, NONE), False), ((NONE, CLIENT), False)],
)
def test_one_enabled_copy_keeps_a_root_enabled(usages: tuple[bytes | None, ...], expected: bool) -> None:
    copies = [
        copy(ROOT, physical, usages=each) for physical, each in zip(("Registry", "AuthRoot"), usages, strict=True)
    ]
    assert serves(copies, NOW) is expected


@pytest.mark.parametrize(
    ("number", "data", "expected"),
    [
        (104, b"", True),  # VeriSign G5 has it so in the list of 2026-10-23: no documented meaning
        (104, filetime(NOW - timedelta(days=1)), False),
        (104, filetime(NOW + timedelta(days=1)), True),
        (122, SERVER, False),
        (122, CLIENT, True),
        (122, b"garbage", True),
        (126, filetime(NOW - timedelta(days=365)), False),
        (126, filetime(NOW), True),
    ],
)
def test_the_programme_has_levers_of_its_own(number: int, data: bytes, expected: bool) -> None:
    leaf = mint("www.example.com").certificate
    blob = Blob.parse(copy(ROOT).blob).with_property(number, data)
    assert serves([dataclasses.replace(copy(ROOT), blob=blob.encode())], NOW, leaf) is expected
    if number == 126:
        other = blob.with_property(127, CLIENT)
        assert serves([dataclasses.replace(copy(ROOT), blob=other.encode())], NOW, leaf)


def test_the_extension_of_the_root_counts_too() -> None:
    root = mint("Client Root", ca=True, usages=(ExtendedKeyUsageOID.CLIENT_AUTH,))
    assert not serves([copy(root)], NOW)


def test_the_three_states_of_the_real_g5_in_words() -> None:
    def blob(name: str) -> bytes:
        return bytes.fromhex(pathlib.Path(f"tests/data/windows/blobs/constructed_g5_{name}.hex").read_text("ascii"))

    assert describe(blob("eku_list")) == "allowed usages: clientAuth, codeSigning, emailProtection, serverAuth"
    assert describe(blob("disabled")) == "allowed usages: none (disabled for all purposes)"
    assert describe(blob("no_eku_property")) == "allowed usages: all"
    assert disable(blob("eku_list")) == blob("disabled")
    assert enable_all(blob("disabled")) == blob("no_eku_property")
    disabled = dataclasses.replace(copy(G5), blob=blob("disabled"))
    assert is_disabled(disabled)
    assert [state(disabled), state(copy(G5)), state(copy(G5, usages=CLIENT))] == ["disabled", "enabled", "restricted"]


def test_disallowed_is_known_by_thumbprint() -> None:
    assert disallowed(stores((ROOT,), (), copy(ROOT, "Policies", "Disallowed"))) == {ROOT.thumbprint}


def test_what_may_bring_a_root_back() -> None:
    copies = [copy(ROOT, physical) for physical in ("Registry", "AuthRoot", "Policies", "Enterprise", "System")]
    assert [text.split(":")[0] for text in comes_back(copies, True)] == [
        "automatic update",
        "Active Directory",
        "Group Policy",
    ]
    assert len(comes_back(copies, False)) == 2
    assert comes_back(copies[:1], True) == []
    assert len(comes_back(copies[:1], True, programme=True)) == 1
    assert comes_back([], False, programme=True) == []


def test_keys_are_where_windows_has_them() -> None:
    assert key_of("AuthRoot", G5).startswith(r"HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot\Certificates")
