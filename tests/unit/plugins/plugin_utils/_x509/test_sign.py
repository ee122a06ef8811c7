# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.answer import read_answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.checks import server_problems
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.sign import (
    Authority,
    answer_of,
    certificates_of,
    check_authority,
    private_key,
    signed,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.signable import signable
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.unit.mint import NOW, Minted, ec_key, mint, rsa_key
from tests.unit.requests_made import request_pem

ROOT = mint("Own Root", ca=True)
ISSUING = mint("Own Issuing CA", issuer=ROOT, ca=True)
NAMES = ("www.example.com", "shop.example.com")


def authority(minted: Minted, *chain: Minted) -> Authority:
    return Authority(minted.certificate, minted.key, tuple(one.certificate for one in chain))


def made(ca: Minted = ISSUING, *, days: int = 90, **request: object) -> Certificate:
    wanted = signable(request_pem(*NAMES, **request))  # type: ignore[arg-type]
    return signed(wanted, authority(ca), NOW, days=days, serial=(1 << 159) - 1)


def encrypted(key: object, passphrase: bytes | None) -> bytes:
    kind = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, kind)  # type: ignore[attr-defined]


def refused(work, *arguments: object) -> str:
    with pytest.raises(TlsOpsError) as caught:
        work(*arguments)
    return str(caught.value)


@pytest.mark.parametrize("key", [rsa_key(), ec.generate_private_key(ec.SECP384R1())], ids=["rsa", "p384"])
def test_a_server_can_use_what_was_signed(key) -> None:
    leaf = made(key=key)
    assert server_problems(leaf, NOW) == ()
    assert leaf.dns_names == NAMES
    assert leaf.signed_by(ISSUING.certificate)
    assert leaf.parsed.public_key() == key.public_key()
    assert leaf.parsed.serial_number == (1 << 159) - 1
    usage = leaf.extension(x509.KeyUsage)
    assert usage.digital_signature
    assert usage.key_encipherment is (leaf.parsed.public_key().key_size == 2048)


def test_nothing_of_the_request_but_key_subject_and_names_is_taken_over() -> None:
    wish = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING])
    other = x509.PolicyInformation(x509.ObjectIdentifier("1.2.3.4"), None)
    leaf = made(extensions=[wish, x509.CertificatePolicies([other])])
    assert list(leaf.extension(x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert leaf.extension(x509.CertificatePolicies) is None
    assert leaf.common_name == "www.example.com"


def test_key_identifiers() -> None:
    leaf = made()
    own = ISSUING.certificate.extension(x509.SubjectKeyIdentifier)
    assert leaf.extension(x509.AuthorityKeyIdentifier).key_identifier == own.digest
    assert leaf.extension(x509.SubjectKeyIdentifier) == x509.SubjectKeyIdentifier.from_public_key(
        leaf.parsed.public_key()
    )


def test_an_old_ca_without_an_identifier() -> None:
    old = mint("Old CA", ca=True, extensions=False)
    expected = x509.AuthorityKeyIdentifier.from_issuer_public_key(old.key.public_key())
    assert made(old).extension(x509.AuthorityKeyIdentifier) == expected


@pytest.mark.parametrize(("common_name", "critical"), [("www.example.com", False), ("", True)])
def test_without_a_subject_the_names_are_critical(common_name: str, critical: bool) -> None:
    leaf = made(common_name=common_name)
    assert leaf.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).critical is critical


def test_validity_begins_a_little_before_now() -> None:
    leaf = made(days=90)
    assert leaf.not_before == NOW - timedelta(minutes=5)
    assert leaf.not_after == NOW + timedelta(days=90)


def test_validity_ends_with_the_cas_own() -> None:
    ca = mint("Ending CA", ca=True, not_before=NOW, not_after=NOW + timedelta(days=10))
    leaf = made(ca, days=90)
    assert (leaf.not_before, leaf.not_after) == (ca.certificate.not_before, ca.certificate.not_after)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (rsa_key(), "sha256"),
        (ec_key(), "sha256"),
        (ec.generate_private_key(ec.SECP384R1()), "sha384"),
        (ec.generate_private_key(ec.SECP521R1()), "sha512"),
    ],
    ids=["rsa", "p256", "p384", "p521"],
)
def test_the_hash_is_as_strong_as_the_cas_key(key, name: str) -> None:
    assert made(mint("CA", key=key, ca=True)).parsed.signature_hash_algorithm.name == name


def test_the_answer_is_the_leaf_and_what_is_above_but_no_root() -> None:
    leaf = made()
    answer = answer_of(leaf, authority(ISSUING, ROOT, ISSUING))
    assert [one.der for one in read_answer(answer.encode())] == [leaf.der, ISSUING.der]
    by_root = made(ROOT)
    assert [one.der for one in read_answer(answer_of(by_root, authority(ROOT)).encode())] == [by_root.der]


@pytest.mark.parametrize(
    ("ca", "words"),
    [
        (mint("www.example.com", issuer=ROOT), "is not a CA's"),
        (mint("Old", ca=True, not_after=NOW - timedelta(days=1)), "expired on"),
        (mint("New", ca=True, not_before=NOW + timedelta(days=1)), "valid only from"),
        (mint("Mail CA", ca=True, usages=[ExtendedKeyUsageOID.EMAIL_PROTECTION]), "not for server authentication"),
        (Minted(ROOT.certificate, ec_key()), "does not belong to the CA's key"),
    ],
    ids=["leaf", "expired", "early", "usage", "another key"],
)
def test_a_ca_that_cannot_sign(ca: Minted, words: str) -> None:
    assert words in refused(check_authority, authority(ca), NOW)


def test_a_ca_that_can_sign() -> None:
    check_authority(authority(ISSUING), NOW)


class TestFiles:
    def test_certificates_in_pem_and_der(self) -> None:
        assert [one.der for one in certificates_of((ISSUING.pem + ROOT.pem).encode())] == [ISSUING.der, ROOT.der]
        assert [one.der for one in certificates_of(ROOT.der)] == [ROOT.der]

    @pytest.mark.parametrize("data", [b"", b"text", b"0\x82", ROOT.der[:-3]], ids=["empty", "text", "head", "cut"])
    def test_what_is_no_certificate(self, data: bytes) -> None:
        assert "holds none that can be read" in refused(certificates_of, data)

    @pytest.mark.parametrize("passphrase", [b"", "pässword".encode()], ids=["plain", "encrypted"])
    def test_the_key(self, passphrase: bytes) -> None:
        key = private_key(encrypted(ROOT.key, passphrase), passphrase)
        assert key.public_key() == ROOT.key.public_key()

    @pytest.mark.parametrize(
        ("data", "passphrase", "words"),
        [
            (encrypted(ROOT.key, None), b"x", "is not encrypted"),
            (encrypted(ROOT.key, b"right"), b"", "passphrase is needed"),
            (encrypted(ROOT.key, b"right"), b"wrong", "passphrase is wrong"),
            (b"text", b"", "none in PEM form"),
            (encrypted(rsa_key(1024), None), b"", "1024 bits"),
            (encrypted(ec.generate_private_key(ec.SECP256K1()), None), b"", "curve secp256k1"),
            (encrypted(ed25519.Ed25519PrivateKey.generate(), None), b"", "neither RSA nor ECDSA"),
        ],
        ids=["too many", "none", "wrong", "text", "small", "curve", "ed25519"],
    )
    def test_a_key_that_cannot_be_used(self, data: bytes, passphrase: bytes, words: str) -> None:
        said = refused(private_key, data, passphrase)
        assert words in said
        assert "right" not in said


def test_openssl_accepts_it(tmp_path: Path) -> None:
    (tmp_path / "root.pem").write_text(ROOT.pem)
    (tmp_path / "issuing.pem").write_text(ISSUING.pem)
    (tmp_path / "leaf.pem").write_text(answer_of(made(), authority(ISSUING)))
    command = ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", NAMES[1]]
    files = ["-CAfile", "root.pem", "-untrusted", "issuing.pem", "leaf.pem"]
    done = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
