# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import pathlib
import struct

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import (
    CERTIFICATE,
    NO_USAGES,
    USAGES,
    Blob,
    decode_oids,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

BLOBS = sorted(pathlib.Path("tests/data/windows/blobs").glob("*.hex"))


def load(name: str) -> bytes:
    return bytes.fromhex(pathlib.Path(f"tests/data/windows/blobs/{name}.hex").read_text("ascii"))


@pytest.mark.parametrize("path", BLOBS, ids=lambda path: path.stem)
def test_every_real_blob_comes_back_to_the_byte(path: pathlib.Path) -> None:
    data = bytes.fromhex(path.read_text("ascii"))
    blob = Blob.parse(data)
    assert blob.encode() == data
    assert blob.records[-1][0] == CERTIFICATE
    assert Certificate(blob.certificate).subject


def test_disabling_the_real_g5_changes_nothing_but_its_usages() -> None:
    listed = load("constructed_g5_eku_list")
    assert Blob.parse(listed).with_property(USAGES, NO_USAGES).encode() == load("constructed_g5_disabled")
    assert Blob.parse(listed).without_property(USAGES).encode() == load("constructed_g5_no_eku_property")


def test_a_new_property_goes_before_the_certificate() -> None:
    blob = Blob.parse(load("constructed_g5_no_eku_property")).with_property(USAGES, NO_USAGES)
    assert [number for number, _data in blob.records][-2:] == [USAGES, CERTIFICATE]
    assert blob.usages == ()


def test_usages_are_all_some_or_none() -> None:
    assert Blob.parse(load("constructed_g5_no_eku_property")).usages is None
    assert Blob.parse(load("constructed_g5_disabled")).usages == ()
    usages = Blob.parse(load("constructed_g5_eku_list")).usages
    assert usages == ("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4", "1.3.6.1.5.5.7.3.1")


def test_a_filetime_is_read_and_an_empty_one_is_none() -> None:
    # The values that Microsoft's authroot.stl of 2026-10-23 has for VeriSign G5.
    blob = Blob(((104, b""), (126, bytes.fromhex("00c0032f2df8d601"))))
    assert blob.get(104) == b""
    assert blob.moment(104) is None
    moment = blob.moment(126)
    assert moment is not None
    assert moment.isoformat() == "2021-02-01T00:00:00+00:00"
    assert Blob(((126, b"\xff" * 8),)).moment(126) is None


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"\x01", "no record"),
        (struct.pack("<III", 9, 2, 0), "unknown record form"),
        (struct.pack("<III", 0, 1, 0), "unknown record form"),
        (struct.pack("<III", 9, 1, 5) + b"1234", "cut off"),
        (struct.pack("<III", 9, 1, 1) + b"1" + b"\0" * 4, "no record"),
    ],
)
def test_what_is_no_blob_is_refused(data: bytes, why: str) -> None:
    with pytest.raises(TlsOpsError, match=why):
        Blob.parse(data)


def test_a_property_that_is_there_twice_is_not_guessed_at() -> None:
    blob = Blob(((9, NO_USAGES), (9, NO_USAGES), (32, b"x")))
    with pytest.raises(TlsOpsError, match="2 times"):
        blob.with_property(9, b"")


def test_a_blob_without_a_certificate_says_so() -> None:
    with pytest.raises(TlsOpsError, match="record 32"):
        _other = Blob(()).certificate


RECORDS = st.lists(st.tuples(st.integers(1, 0xFFFFFFFF), st.binary(max_size=40)), max_size=8)


@settings(max_examples=100)
@given(RECORDS)
def test_records_round_trip(records: list[tuple[int, bytes]]) -> None:
    blob = Blob(tuple(records))
    assert Blob.parse(blob.encode()) == blob


@settings(max_examples=200)
@given(st.binary(max_size=120))
def test_arbitrary_bytes_are_a_blob_or_an_error(data: bytes) -> None:
    with contextlib.suppress(TlsOpsError):
        assert Blob.parse(data).encode() == data


@settings(max_examples=100)
@given(RECORDS, st.binary(max_size=8))
def test_setting_a_property_leaves_the_others_alone(records: list[tuple[int, bytes]], data: bytes) -> None:
    others = [record for record in records if record[0] != USAGES]
    blob = Blob((*others, (CERTIFICATE, b"der"))) if CERTIFICATE not in dict(others) else Blob(tuple(others))
    changed = blob.with_property(USAGES, data)
    assert changed.without_property(USAGES) == blob
    assert changed.with_property(USAGES, NO_USAGES).with_property(USAGES, data) == changed


OIDS = st.builds(
    lambda first, second, rest: ".".join(map(str, (first, second, *rest))),
    st.integers(0, 2),
    st.integers(0, 39),
    st.lists(st.integers(0, 1 << 40), min_size=1, max_size=6),
)


@settings(max_examples=100)
@given(st.lists(OIDS, max_size=30, unique=True))
def test_usage_lists_are_read_as_cryptography_writes_them(oids: list[str]) -> None:
    der = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in oids]).public_bytes() if oids else NO_USAGES
    assert decode_oids(der) == tuple(oids)


@settings(max_examples=200)
@given(st.binary(max_size=24).map(lambda data: b"\x30" + data) | st.binary(max_size=8))
def test_arbitrary_bytes_are_a_usage_list_or_an_error(data: bytes) -> None:
    with contextlib.suppress(TlsOpsError):
        assert all("." in oid for oid in decode_oids(data))
