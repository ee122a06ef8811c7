# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import OpenedPfx, make_pfx, open_pfx, prove
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mint import Minted, ec_key, mint, rsa_key

ROOT = mint("Root", ca=True)
INTERMEDIATE = mint("Intermediate", ROOT, ca=True)
LEAF = mint("www.example.com", INTERMEDIATE)
RSA_LEAF = mint("rsa.example.com", INTERMEDIATE, key=rsa_key())
CHAIN = (LEAF.certificate, INTERMEDIATE.certificate, ROOT.certificate)
PASSWORD = "paß wörd $(x) '\"日本😀"


def made(leaf: Minted = LEAF, password: str = PASSWORD, compatibility="modern", chain=CHAIN[1:]) -> bytes:
    return make_pfx(leaf.key, leaf.certificate, chain, password, compatibility, "日本 www")


def openssl(
    pfx: bytes, directory: Path, *arguments: str, password: str = PASSWORD
) -> subprocess.CompletedProcess[bytes]:
    file = directory / "backup.pfx"
    file.write_bytes(pfx)
    command = ["openssl", "pkcs12", "-in", str(file), "-passin", "env:PFX_PASSWORD", *arguments]
    return subprocess.run(command, env={**os.environ, "PFX_PASSWORD": password}, capture_output=True, check=False)


@pytest.mark.parametrize("leaf", [LEAF, RSA_LEAF], ids=["ecdsa", "rsa"])
@pytest.mark.parametrize("compatibility", ["modern", "windows2016", "windows2003"])
def test_what_is_made_opens_again(leaf, compatibility):
    opened = prove(made(leaf, compatibility=compatibility), PASSWORD, (leaf.certificate, *CHAIN[1:]))
    assert opened.certificate == leaf.certificate
    assert opened.others == CHAIN[1:]
    assert opened.key.private_numbers() == leaf.key.private_numbers()


@pytest.mark.parametrize(
    ("compatibility", "mac", "cipher"),
    [
        (
            "modern",
            b"MAC: sha256, Iteration 100000",
            b"PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256",
        ),
        ("windows2016", b"MAC: sha1, Iteration 20000", b"pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 20000"),
        ("windows2003", b"MAC: sha1, Iteration 2000", b"pbeWithSHA1And3-KeyTripleDES-CBC, Iteration 2000"),
    ],
)
@pytest.mark.parametrize("password", ["x", "p" * 31, PASSWORD])
def test_openssl_says_the_same(tmp_path, compatibility, mac, cipher, password):
    seen = openssl(made(password=password, compatibility=compatibility), tmp_path, "-info", "-noout", password=password)
    assert seen.returncode == 0, seen.stderr
    assert mac in seen.stderr
    assert seen.stderr.count(cipher) == 2, "certificates and key"
    wrong = openssl(made(compatibility=compatibility), tmp_path, "-info", "-noout", password="wrong")
    assert wrong.returncode != 0


def test_openssl_reads_key_and_chain(tmp_path):
    seen = openssl(made(), tmp_path, "-nodes").stdout
    assert seen.count(b"BEGIN CERTIFICATE") == 3
    assert serialization.load_pem_private_key(seen[seen.index(b"-----BEGIN PRIVATE KEY") :], None) is not None


def exported(leaf: Minted, directory: Path, *arguments: str) -> bytes:
    key = leaf.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = directory / "in.pem"
    file.write_bytes(key + leaf.pem.encode())
    command = ["openssl", "pkcs12", "-export", "-in", str(file), "-passout", "pass:secret", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


WINDOWS_2012 = ("-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1")


@pytest.mark.parametrize(
    "arguments",
    [WINDOWS_2012, ("-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES"), ("-certpbe", "AES-256-CBC"), ("-nomac",)],
    ids=["rc2-40", "3des", "aes", "no mac"],
)
def test_what_others_make(tmp_path, arguments):
    opened = open_pfx(exported(RSA_LEAF, tmp_path, *arguments), "secret")
    assert opened.certificate == RSA_LEAF.certificate
    assert opened.others == ()


def test_an_old_cipher_without_openssl_s_legacy_provider(tmp_path):
    """cryptography reads the variable when it is imported: another process."""
    (tmp_path / "in.pfx").write_bytes(exported(LEAF, tmp_path, *WINDOWS_2012))
    script = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import open_pfx\n"
        "try: print(open_pfx(open(sys.argv[1], 'rb').read(), 'secret'))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    seen = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "in.pfx"), *sys.path],
        env={**os.environ, "CRYPTOGRAPHY_OPENSSL_NO_LEGACY": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert seen.startswith("TlsOpsError the password is wrong, or this controller's OpenSSL lacks the old cipher (RC2")


@pytest.mark.parametrize(
    ("data", "password", "words"),
    [
        (b"", "x", "no PFX file"),
        (b"junk", "x", "no PFX file"),
        (made()[:-30], PASSWORD, "no PFX file, or it is damaged"),
        (made(), "wrong", "the password is wrong"),
        (made(), "", "the password is wrong"),
        (pkcs12.serialize_key_and_certificates(None, None, LEAF.certificate.parsed, None, serialization.NoEncryption()),
         "", "no private key"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened(data, password, words):
    with pytest.raises(TlsOpsError, match=words):
        open_pfx(data, password)


def test_a_key_without_its_certificate():
    secret = serialization.BestAvailableEncryption(b"x")
    data = pkcs12.serialize_key_and_certificates(None, LEAF.key, None, [ROOT.certificate.parsed], secret)
    with pytest.raises(TlsOpsError, match="no certificate that belongs"):
        open_pfx(data, "x")


def test_the_certificate_is_found_by_the_key_in_any_order(tmp_path):
    file = tmp_path / "more.pem"
    file.write_text(ROOT.pem + INTERMEDIATE.pem)
    opened = open_pfx(exported(LEAF, tmp_path, "-certfile", str(file)), "secret")
    assert opened.certificate == LEAF.certificate
    assert set(opened.others) == set(CHAIN[1:])


def test_a_pfx_is_made_only_of_what_fits():
    with pytest.raises(TlsOpsError, match="must not be empty"):
        made(password="")
    with pytest.raises(TlsOpsError, match="does not belong to www"):
        make_pfx(ec_key(), LEAF.certificate, CHAIN, "x")


def test_the_leaf_in_the_chain_is_not_written_twice():
    assert open_pfx(made(chain=CHAIN), PASSWORD).others == CHAIN[1:]


@pytest.mark.parametrize(
    ("chain", "given", "words"),
    [
        (CHAIN, CHAIN[1:2], "lacks certificates of the chain: Root"),
        (CHAIN[:2], CHAIN[1:], "not complete: Intermediate is not a root"),
        ((CHAIN[0], CHAIN[2]), CHAIN[1:], "www.example.com is not signed by Root"),
        ((RSA_LEAF.certificate, *CHAIN[1:]), CHAIN[1:], "with the key, not"),
    ],
)
def test_what_is_not_proven(chain, given, words):
    with pytest.raises(TlsOpsError, match=words):
        prove(made(chain=given), PASSWORD, chain)


def test_no_secret_is_shown():
    opened = open_pfx(made(), PASSWORD)
    assert "key" not in repr(opened)
    assert isinstance(opened, OpenedPfx)


DATA = made(compatibility="windows2003")


@given(at=st.integers(0, len(DATA)), junk=st.binary(max_size=6))
@settings(max_examples=60, deadline=None)
def test_damage_is_found(at, junk):
    damaged = DATA[:at] + junk + DATA[at + len(junk) :]
    if damaged == DATA:
        return
    try:
        opened = open_pfx(damaged, PASSWORD)
    except TlsOpsError:
        return
    assert opened.certificate == LEAF.certificate
