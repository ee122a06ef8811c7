# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import warnings

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509 import pkcs7
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import mint

ROOT = mint("Root", ca=True)
LEAF = mint("www.example.com", issuer=ROOT, names=["www.example.com"])
BUNDLE = serialize_certificates([ROOT.certificate.parsed, LEAF.certificate.parsed], Encoding.DER)


def element(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    return bytes([tag, 0x84]) + len(content).to_bytes(4, "big") + content


def indefinite(tag: int, *contents: bytes) -> bytes:
    return bytes([tag, 0x80]) + b"".join(contents) + b"\0\0"


def message(*certificates: bytes, content: bytes = b"", wrap=element) -> bytes:
    inner = element(0x30, element(6, pkcs7.DATA), *([wrap(0xA0, content)] if content else []))
    version, digests, signers = element(2, b"\x01"), element(0x31), element(0x31)
    body = wrap(0x30, version, digests, inner, wrap(0xA0, *certificates), signers)
    return wrap(0x30, element(6, pkcs7.SIGNED_DATA), wrap(0xA0, body))


def test_a_bundle_gives_all_its_certificates() -> None:
    assert set(pkcs7.signed_data(BUNDLE).certificates) == {ROOT.der, LEAF.der}
    assert pkcs7.content_type(BUNDLE) == pkcs7.SIGNED_DATA


@pytest.mark.parametrize("wrap", [element, indefinite])
def test_unsorted_sets_and_ber_are_read_without_a_warning(wrap) -> None:
    certificates = sorted([ROOT.der, LEAF.der], reverse=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = pkcs7.signed_data(message(*certificates, wrap=wrap))
    assert read.certificates == tuple(certificates)


def test_obsolete_forms_beside_certificates_are_passed_over() -> None:
    assert pkcs7.signed_data(message(element(0xA1, b"\x02\x01\x00"), LEAF.der)).certificates == (LEAF.der,)


@pytest.mark.parametrize("wrapped", [b"\x04\x05hello", b"\x24\x80\x04\x03hel\x04\x02lo\x00\x00"])
def test_signed_content_is_handed_on(wrapped: bytes) -> None:
    assert pkcs7.signed_data(message(content=wrapped)) == pkcs7.SignedData((), b"hello")


@pytest.mark.parametrize(
    "data", [LEAF.der, b"", b"\x30\x00", BUNDLE[:-200], element(0x30, element(6, pkcs7.SIGNED_DATA))]
)
def test_anything_else_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        pkcs7.signed_data(data)


@given(st.integers(0, len(BUNDLE) - 1), st.integers(0, 255))
def test_a_damaged_bundle_is_read_or_refused(position: int, value: int) -> None:
    damaged = bytearray(BUNDLE)
    damaged[position] = value
    pkcs7.content_type(bytes(damaged))
    with contextlib.suppress(ValueError):
        pkcs7.signed_data(bytes(damaged))
