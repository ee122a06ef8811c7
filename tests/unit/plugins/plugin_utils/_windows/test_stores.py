# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import pathlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import (
    RegistryValue,
    encode_registry,
    reg_dword,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows import stores as codec
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.stores import PLACES, operations, parse
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate

from tests.unit.mint import mint
from tests.unit.shelves import copy, key_of, real, stores

G5 = real("verisign_g5_root_selfsigned")
G5_BLOB = bytes.fromhex(pathlib.Path("tests/data/windows/blobs/constructed_g5_eku_list.hex").read_text("ascii"))


def answers(held: dict[str, dict[str, dict[str, RegistryValue]]]) -> list[Answer]:
    """An answer per operation; ``held`` is by the key that is read."""
    return [
        Answer("ok", encode_registry(held[str(key)]) if (key := dict(operation.arguments)["key"]) in held else b"")
        for operation in operations()
    ]


def one(name: str, blob: bytes, kind: str = "Binary") -> dict[str, dict[str, RegistryValue]]:
    return {"": {}, name: {"Blob": RegistryValue(kind, blob)}}


def test_the_real_g5_is_found_in_every_physical_store() -> None:
    roots = [place for place in PLACES if place.store == "Root"]
    read = parse(answers({place.key: one(G5.thumbprint, G5_BLOB) for place in roots}))
    assert {copy.physical for copy in read.copies} == {"Registry", "AuthRoot", "Policies", "Enterprise", "System"}
    assert {copy.certificate for copy in read.copies} == {G5}
    assert all(copy.blob == G5_BLOB for copy in read.copies)
    assert read.copies[0].key == rf"HKLM\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates\{G5.thumbprint}"
    assert not read.unreadable


@pytest.mark.parametrize(
    "values",
    [
        one(G5.thumbprint, G5_BLOB[:-1]),
        one("00" * 20, G5_BLOB),
        one(G5.thumbprint, G5_BLOB, "String"),
        one(Certificate(b"no certificate").thumbprint, Blob.of(b"no certificate").encode()),
        one(G5.thumbprint, Blob.parse(G5_BLOB).with_property(9, b"\x30\x05").encode()),
        {"": {}, G5.thumbprint: {}},
    ],
)
def test_what_cannot_be_understood_is_named_and_left_alone(values: dict[str, dict[str, RegistryValue]]) -> None:
    read = parse(answers({PLACES[0].key: values}))
    assert read.copies == ()
    assert len(read.unreadable) == 1
    assert read.unreadable[0].startswith(PLACES[0].key)


def test_key_names_compare_without_case() -> None:
    (read,) = parse(answers({PLACES[0].key: one(G5.thumbprint.lower(), G5_BLOB)})).copies
    assert read.key.endswith(G5.thumbprint.lower())
    assert codec.with_blob(stores((G5,)), key_of("Registry", G5).lower(), G5_BLOB).copies[0].blob == G5_BLOB


def test_automatic_update_is_on_unless_switched_off() -> None:
    key = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates\AuthRoot"

    def switch(number: int) -> dict[str, dict[str, RegistryValue]]:
        return {"": {"disablerootautoupdate": RegistryValue("DWord", reg_dword(number))}}

    assert parse(answers({})).automatic_update
    assert parse(answers({key: switch(0)})).automatic_update
    assert not parse(answers({key: switch(1)})).automatic_update


def test_a_store_that_cannot_be_read_is_an_error_and_a_missing_one_is_empty() -> None:
    read = answers({})
    denied = Answer("error", kind="hresult", number=-2147024891, text="Access is denied.")
    with pytest.raises(TlsOpsError, match="ROOT"):
        parse([denied, *read[1:]])
    missing = Answer("error", kind="hresult", number=-2147024894)
    assert parse([missing, *read[1:]]).copies == ()


def test_the_stores_after_a_change() -> None:
    root, intermediate = mint("Root", ca=True), mint("CA", ca=True)
    before = stores((root,))
    after = codec.with_intermediate(before, intermediate.certificate)
    assert [each.store for each in after.copies] == ["Root", "CA"]
    assert codec.with_intermediate(after, intermediate.certificate) == after
    assert codec.without(after, key_of("Registry", intermediate.certificate, "CA")) == before
    assert codec.with_disallowed(before, root.certificate).copies[-1].store == "Disallowed"
    changed = dataclasses.replace(copy(root), blob=copy(root, usages=b"\x30\x00").blob)
    assert codec.with_blob(before, changed.key, changed.blob).copies == (changed,)


def test_a_blob_belongs_to_its_key() -> None:
    with pytest.raises(TlsOpsError, match="another certificate"):
        codec.copy_from(key_of("Registry", mint("Other", ca=True).certificate), G5_BLOB)
    with pytest.raises(TlsOpsError, match="no key of a certificate store"):
        codec.copy_from(rf"HKLM\SOFTWARE\{G5.thumbprint}", G5_BLOB)
