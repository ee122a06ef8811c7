# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.checks import server_problems, unreadable
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.unit.mint import NOW, Minted, mint, rsa_key

ROOT = mint("Root", ca=True)


def leaf(**options) -> Minted:
    return mint("www.example.com", issuer=ROOT, names=["www.example.com"], **options)


def handmade(key, digest=None, usage=None) -> Certificate:
    builder = x509.CertificateBuilder().subject_name(ROOT.certificate.parsed.subject)
    builder = builder.issuer_name(ROOT.certificate.parsed.subject).public_key(key.public_key()).serial_number(7)
    builder = builder.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("www.example.com")]), False)
    if usage:
        builder = builder.add_extension(usage, True)
    return Certificate(builder.sign(key, digest).public_bytes(serialization.Encoding.DER))


def signed_with(number: int) -> Certificate:
    """A certificate that names another algorithm of PKCS#1 (1.2.840.113549.1.1.x): the library makes no weak ones."""
    rsa_with = bytes.fromhex("2a864886f70d0101")
    good = handmade(rsa_key(), hashes.SHA256()).der
    return Certificate(good.replace(rsa_with + b"\x0b", rsa_with + bytes([number])))


@pytest.mark.parametrize(
    "good",
    [
        leaf(),
        leaf(key=rsa_key()),
        leaf(usages=[ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]),
        leaf(usages=[ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE]),
        leaf(usages=[]),
        leaf(digital_signature=False),
    ],
)
def test_a_good_one_has_no_problem(good: Minted) -> None:
    assert server_problems(good.certificate, NOW) == ()


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (leaf(not_before=NOW + timedelta(days=1)).certificate, "valid only from"),
        (leaf(not_after=NOW - timedelta(days=1)).certificate, "expired on"),
        (leaf(key=rsa.generate_private_key(65537, 1024)).certificate, "1024 bits"),
        (leaf(key=ec.generate_private_key(ec.SECP256K1())).certificate, "secp256k1"),
        (leaf(ca=True).certificate, "CA certificate"),
        (leaf(usages=[ExtendedKeyUsageOID.CLIENT_AUTH]).certificate, "server authentication"),
        (signed_with(5), "SHA1"),
        (signed_with(4), "MD5"),
        (signed_with(2), "no longer accepted"),
        (mint("www.example.com", issuer=ROOT).certificate, "subject alternative name (SAN)"),
        (leaf(extensions=False).certificate, "browsers ignore the common name"),
        (handmade(ed25519.Ed25519PrivateKey.generate()), "neither RSA nor ECDSA"),
    ],
)
def test_each_problem_is_named(bad: Certificate, problem: str) -> None:
    (found,) = server_problems(bad, NOW)
    assert problem in found


def test_a_key_usage_without_what_tls_needs() -> None:
    usage = x509.KeyUsage(False, True, False, False, False, False, False, False, False)
    (found,) = server_problems(handmade(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256(), usage), NOW)
    assert "key usage" in found


def test_the_dates_are_those_of_the_target() -> None:
    soon = leaf(not_before=NOW + timedelta(minutes=5)).certificate
    assert server_problems(soon, NOW)
    assert not server_problems(soon, NOW + timedelta(minutes=5))


def test_a_field_that_cannot_be_read() -> None:
    good = leaf().der
    assert unreadable(Certificate(good)) == ""
    assert "not an X.509 certificate" in unreadable(Certificate(b"\x30\x00"))
    bad_date = good.replace(b"\x17\x0d", b"\x17\x0d9", 1)[: len(good)]
    assert unreadable(Certificate(bad_date))
