# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.der import children, octets, read
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import OpenedPfx, make_pfx, open_pfx, prove
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx_mac import mac_holds
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx_structure import authenticated, private_keys
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
    if "-legacy" in arguments and not legacy_provider():
        pytest.skip("the local openssl has no legacy provider")
    command = ["openssl", "pkcs12", "-export", "-in", str(file), "-passout", "pass:secret", *arguments]
    return subprocess.run(command, capture_output=True, check=True).stdout


@functools.cache
def legacy_provider() -> bool:
    command = ["openssl", "list", "-providers", "-provider", "legacy"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


WINDOWS_2012 = ("-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1")
RC4 = ("-legacy", "-certpbe", "PBE-SHA1-RC2-128", "-keypbe", "PBE-SHA1-RC4-128", "-macalg", "sha1")
TRIPLE_DES = ("-certpbe", "PBE-SHA1-3DES", "-keypbe", "PBE-SHA1-3DES", "-macalg", "sha1")


@pytest.mark.parametrize(
    "arguments",
    [WINDOWS_2012, RC4, TRIPLE_DES, ("-certpbe", "AES-256-CBC"), ("-nomac",)],
    ids=["rc2-40", "rc4", "3des", "aes", "no mac"],
)
def test_what_others_make(tmp_path, arguments):
    opened = open_pfx(exported(RSA_LEAF, tmp_path, *arguments), "secret")
    assert opened.certificate == RSA_LEAF.certificate
    assert opened.others == ()


def in_another_process(path: Path, password: str, **environment: str) -> str:
    """What ``open_pfx`` says; cryptography reads the variable about the legacy provider when it is imported."""
    script = (
        "import sys; sys.path[:0] = sys.argv[3:]\n"
        "from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import open_pfx\n"
        "try: print(open_pfx(open(sys.argv[1], 'rb').read(), sys.argv[2]))\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    command = [sys.executable, "-c", script, str(path), password, *sys.path]
    return subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize(
    ("file", "password", "words"),
    [
        ("rc2", "secret", "TlsOpsError the password is right, but the PFX is encrypted with RC2-40"),
        ("rc2", "wrong", "TlsOpsError the password is wrong, or the PFX is damaged."),
        ("sha512", "secret", "TlsOpsError the password is wrong, or this controller lacks the old cipher (RC2-40)"),
        ("3des", "secret", "OpenedPfx("),
    ],
    ids=["rc2", "rc2 and a wrong password", "rc2 and a MAC by SHA-512", "3des"],
)
def test_an_old_cipher_without_openssl_s_legacy_provider(tmp_path, file, password, words):
    arguments = {"rc2": WINDOWS_2012, "sha512": (*WINDOWS_2012[:-1], "sha512"), "3des": TRIPLE_DES}[file]
    path = tmp_path / "in.pfx"
    path.write_bytes(exported(LEAF, tmp_path, *arguments))
    seen = in_another_process(path, password, CRYPTOGRAPHY_OPENSSL_NO_LEGACY="1")
    assert seen.startswith(words)
    if "RC2" in words:
        assert "export it again with AES256-SHA256" in seen
        assert "rebuild" not in seen.lower()


def ber(pfx: bytes) -> bytes:
    """The same in BER: indefinite lengths, and the contents in several strings of octets."""
    version, safe, mac = children(read(pfx).content)
    kind, wrapped = children(safe.content)
    data = octets(read(wrapped.content))
    parts = [data[at : at + 1000] for at in range(0, len(data), 1000)]
    strings = b"".join(b"\x04\x82" + len(part).to_bytes(2, "big") + part for part in parts)
    end = b"\0\0"
    contents = b"\x30\x80" + kind.raw + b"\xa0\x80" + b"\x24\x80" + strings + end + end + end
    return b"\x30\x80" + version.raw + contents + mac.raw + end


WIZARD = Path(__file__).resolve().parents[4] / "data" / "pfx" / "export_wizard_2012r2.pfx"


@pytest.mark.parametrize("form", [bytes, ber], ids=["DER", "BER"])
def test_the_export_wizard_s_form(form):
    data = form(WIZARD.read_bytes())
    opened = open_pfx(data, "secret")
    assert opened.certificate.common_name == "www.example.com"
    assert [each.common_name for each in opened.others] == ["Sample Issuing CA", "Sample Root"]
    assert opened.friendly_name == "www 2012"
    assert (mac_holds(data, "secret"), mac_holds(data, "Secret")) == (True, False)
    prove(data, "secret", (opened.certificate, *opened.others))
    with pytest.raises(TlsOpsError, match="the password is wrong"):
        open_pfx(data, "Secret")


def test_openssl_makes_the_wizard_s_form_from_any_certificate(tmp_path):
    csp = ("-CSP", "Microsoft RSA SChannel Cryptographic Provider", "-LMK", "-keyex", "-name", "www 日本")
    opened = open_pfx(exported(RSA_LEAF, tmp_path, *WINDOWS_2012, *csp), "secret")
    assert (opened.certificate, opened.friendly_name) == (RSA_LEAF.certificate, "www 日本")


@pytest.mark.parametrize("compatibility", ["modern", "windows2016", "windows2003"])
def test_the_friendly_name_of_what_is_made(compatibility):
    assert open_pfx(made(compatibility=compatibility), PASSWORD).friendly_name == "日本 www"
    nameless = make_pfx(LEAF.key, LEAF.certificate, (), "x", compatibility, rounds=1000)
    assert open_pfx(nameless, "x").friendly_name == ""
    assert bytes.fromhex("06092a864886f70d010914") not in nameless  # PKCS#9 friendlyName, of no bag


@pytest.mark.parametrize("compatibility", ["modern", "windows2016", "windows2003"])
def test_the_mac_tells_a_wrong_password(compatibility):
    data = made(compatibility=compatibility)
    assert mac_holds(data, PASSWORD) is True
    assert mac_holds(data, "other") is False


@pytest.mark.parametrize(
    "data", [b"", b"junk", b"\x30\x03\x02\x01\x03", LEAF.der], ids=["none", "junk", "short", "other"]
)
def test_what_has_no_mac(data):
    assert mac_holds(data, "x") is None


def test_a_mac_that_would_take_for_ever():
    data = made(compatibility="windows2003").replace(bytes.fromhex("020207d0"), bytes.fromhex("02047fffffff"))
    assert mac_holds(data, PASSWORD) is None


def two_keys(directory: Path) -> bytes:
    """openssl takes one key only: the second bag is put in by hand, as Windows' wizard has it for two certificates."""
    files = [exported(leaf, directory, *TRIPLE_DES, "-nomac") for leaf in (LEAF, RSA_LEAF)]
    version, safe = children(read(files[0]).content)
    kind, _wrapped = children(safe.content)
    parts = [part.raw for file in files for part in children(read(authenticated(file)).content)]
    contents = tlv(0x30, b"".join(parts))
    return tlv(0x30, version.raw + tlv(0x30, kind.raw + tlv(0xA0, tlv(0x04, contents))))


def tlv(tag: int, content: bytes) -> bytes:
    return bytes([tag, 0x83]) + len(content).to_bytes(3, "big") + content


def test_several_private_keys_are_refused(tmp_path):
    data = two_keys(tmp_path)
    assert private_keys(data) == 2
    with pytest.raises(TlsOpsError, match=r"holds 2 private keys.*Export that one certificate alone"):
        open_pfx(data, "secret")


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


def test_a_certificate_that_is_in_the_file_twice_is_one():
    """openssl writes the chain again where -certfile and -chain both have it."""
    bags = [each.parsed for each in (LEAF.certificate, *CHAIN[1:], *CHAIN[1:])]
    encryption = serialization.BestAvailableEncryption(b"x")
    data = pkcs12.serialize_key_and_certificates(None, LEAF.key, LEAF.certificate.parsed, bags, encryption)
    assert open_pfx(data, "x").others == CHAIN[1:]


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
