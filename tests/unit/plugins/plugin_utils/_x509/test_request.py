# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.request import (
    SigningRequest,
    assembled,
    key_name,
    key_sha256,
    read_request,
    request_info,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import PrivateKey, ec_key, rsa_key
from tests.unit.request_host import csr, windows_pem

EC, RSA = ec_key(), rsa_key()
NAMES = ["www.example.com", "xn--r8jz45g.jp", "*.example.com", "10.0.0.1", "2001:db8::1"]


def public(key: PrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class TestRead:
    @pytest.mark.parametrize("form", ["der", "pem", "windows", "mail"])
    def test_every_form(self, form: str) -> None:
        made = csr(EC, NAMES)
        forms = {"der": made.der, "pem": made.pem.encode(), "windows": windows_pem(made)}
        forms["mail"] = b"Please sign:\r\n\r\n" + windows_pem(made) + b"\r\nThanks\r\n"
        assert read_request(forms[form]) == made
        assert x509.load_pem_x509_csr(made.pem.encode()).public_bytes(Encoding.DER) == made.der

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            (b"", "0 certificate requests"),
            (b"hello", "0 certificate requests"),
            (csr(EC, NAMES).pem.encode() * 2, "2 certificate requests"),
            (b"\x30\x03\x02\x01\x00", "not a certificate request"),
            (csr(EC, NAMES).pem.replace("-----END", "").encode(), "has no END line"),
        ],
        ids=["nothing", "text", "two", "other DER", "cut off"],
    )
    def test_what_is_none(self, data: bytes, message: str) -> None:
        with pytest.raises(TlsOpsError, match=message):
            read_request(data)

    def test_what_it_says(self) -> None:
        made = csr(EC, ["WWW.example.com", "10.0.0.1"])
        assert (made.dns_names, made.ip_addresses, made.key) == (("www.example.com",), ("10.0.0.1",), "ecdsa-p256")
        assert made.public_key == public(EC)
        assert made.key_sha256 == key_sha256(public(EC))
        assert made.signed_by_its_key
        assert not made.sha1

    def test_without_names(self) -> None:
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        made = SigningRequest(builder.sign(EC, hashes.SHA256()).public_bytes(Encoding.DER))
        assert (made.dns_names, made.ip_addresses) == ((), ())

    def test_a_changed_one_is_not_signed_by_its_key(self) -> None:
        made = csr(EC, NAMES)
        assert not SigningRequest(made.der[:-1] + bytes([made.der[-1] ^ 1])).signed_by_its_key
        assert not SigningRequest(made.der.replace(b"www.example.com", b"www.exemple.com")).signed_by_its_key

    def test_a_key_that_no_server_uses(self) -> None:
        key = ed25519.Ed25519PrivateKey.generate()
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        made = SigningRequest(builder.sign(key, None).public_bytes(Encoding.DER))
        assert (made.key, made.signed_by_its_key) == ("", False)

    @given(st.binary(max_size=200))
    def test_any_bytes_are_a_request_or_an_error(self, data: bytes) -> None:
        for given_data in (data, b"\x30" + data):
            with pytest.raises(TlsOpsError):
                read_request(given_data)

    @given(st.data())
    def test_a_damaged_request_is_a_request_or_an_error(self, data: st.DataObject) -> None:
        der = bytearray(_WHOLE.der)
        der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
        try:
            found = read_request(bytes(der))
        except TlsOpsError:
            return
        _all = found.dns_names, found.ip_addresses, found.key, found.signed_by_its_key, found.sha1, found.pem


_WHOLE = csr(EC, NAMES)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (EC, "ecdsa-p256"),
        (ec.generate_private_key(ec.SECP384R1()), "ecdsa-p384"),
        (ec.generate_private_key(ec.SECP521R1()), "ecdsa-secp521r1"),
        (RSA, "rsa-2048"),
        (ed25519.Ed25519PrivateKey.generate(), ""),
    ],
    ids=["p256", "p384", "p521", "rsa", "ed25519"],
)
def test_keys_in_words(key: PrivateKey, name: str) -> None:
    assert key_name(public(key)) == name
    assert key_name(b"") == key_sha256(b"") == ""


def sign(key: PrivateKey, data: bytes, algorithm: str) -> bytes:
    """As .NET gives it."""
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA1() if algorithm.endswith("sha1") else hashes.SHA256())
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    size = (key.key_size + 7) // 8
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (EC, "ecdsa-sha256"),
        (ec.generate_private_key(ec.SECP384R1()), "ecdsa-sha256"),
        (RSA, "rsa-pkcs1-sha256"),
        (RSA, "rsa-pkcs1-sha1"),
    ],
    ids=["p256", "p384", "rsa", "sha1"],
)
def test_made_again_by_a_key_that_signs(key: PrivateKey, algorithm: str) -> None:
    subject = x509.Name.from_rfc4514_string("CN=www.example.com,O=株式会社例,C=JP").public_bytes()
    info = request_info(subject, public(key), NAMES[:3], NAMES[3:])
    made = assembled(info, algorithm, sign(key, info, algorithm))
    assert made.parsed.tbs_certrequest_bytes == info
    assert (made.dns_names, made.ip_addresses) == (tuple(NAMES[:3]), tuple(NAMES[3:]))
    assert made.subject.public_bytes() == subject
    assert (made.sha1, made.signed_by_its_key) == (algorithm.endswith("sha1"), True)
    extensions = made.parsed.extensions
    assert extensions.get_extension_for_class(x509.ExtendedKeyUsage).value == x509.ExtendedKeyUsage(
        [ExtendedKeyUsageOID.SERVER_AUTH]
    )
    usage = extensions.get_extension_for_class(x509.KeyUsage)
    assert (usage.critical, usage.value.digital_signature) == (True, True)
    assert usage.value.key_encipherment is isinstance(key, rsa.RSAPrivateKey)


@pytest.mark.parametrize(
    ("algorithm", "signature", "message"),
    [
        ("rsa-pss", b"x", "not one of the known ways"),
        ("ecdsa-sha256", b"", "not by the key"),
        ("ecdsa-sha256", b"odd", "not by the key"),
        ("rsa-pkcs1-sha256", b"x" * 256, "not by the key"),
    ],
)
def test_a_signature_that_is_not_the_key_s(algorithm: str, signature: bytes, message: str) -> None:
    info = request_info(x509.Name([]).public_bytes(), public(EC), ["a"], [])
    with pytest.raises(TlsOpsError, match=message):
        assembled(info, algorithm, signature)


@given(
    st.lists(st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{1,10}){0,3}", fullmatch=True), max_size=40),
    st.lists(st.ip_addresses().map(str), max_size=5),
)
def test_any_names_arrive(names: list[str], addresses: list[str]) -> None:
    info = request_info(x509.Name([]).public_bytes(), public(EC), names, addresses)
    made = assembled(info, "ecdsa-sha256", sign(EC, info, "ecdsa-sha256"))
    assert (made.dns_names, made.ip_addresses) == (tuple(names), tuple(addresses))
