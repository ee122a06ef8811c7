# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import time
import warnings
from email.message import EmailMessage

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509 import answer, der, pkcs7
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.answer import read_answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.checks import server_problems
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.leaf import labels
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.names import covers
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.hazmat.primitives.serialization.pkcs7 import (
    PKCS7Options,
    PKCS7SignatureBuilder,
    serialize_certificates,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import NOW, ec_key, mint, rsa_key

ROOT = mint("Example Root", ca=True)
ISSUER = mint("Example Issuing CA", issuer=ROOT, ca=True)
LEAF = mint("www.example.com", issuer=ISSUER, names=["www.example.com"])
ALL = {ROOT.der, ISSUER.der, LEAF.der}
P7 = serialize_certificates([each.certificate.parsed for each in (ROOT, ISSUER, LEAF)], Encoding.DER)
CHAIN = LEAF.pem + ISSUER.pem + ROOT.pem


def pem(label: str, data: bytes) -> str:
    return f"-----BEGIN {label}-----\n{base64.encodebytes(data).decode()}-----END {label}-----\n"


def mail(text: str = "Your certificate is attached.", charset: str = "utf-8", **attachments: bytes) -> bytes:
    message = EmailMessage()
    message["Subject"] = "[CA] server certificate"
    message.set_content(text, charset=charset)
    for name, data in attachments.items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return message.as_bytes()


def html_mail() -> bytes:
    message = EmailMessage()
    message.set_content(CHAIN)
    message.add_alternative(f"<html><pre>{CHAIN[:500]}</pre></html>", subtype="html")
    return message.as_bytes()


def html_only() -> bytes:
    message = EmailMessage()
    body = CHAIN.replace("+", "&#43;").replace("/", "&#x2F;").replace("\n", "<br>\n")
    message.set_content(f"<html><body><p>Dear <b>customer</b></p><div>{body}</div></body></html>", subtype="html")
    return message.as_bytes()


def bundle_in_ber() -> bytes:
    """PKCS#7 in BER, as Java tools write it: the outer parts with indefinite lengths."""
    body = pkcs7_parts(P7)
    return b"\x30\x80" + body[0] + b"\xa0\x80\x30\x80" + b"".join(body[1:]) + b"\0\0\0\0\0\0"


def pkcs7_parts(message: bytes) -> list[bytes]:
    oid, explicit = der.children(der.read(message).content)
    return [oid.raw, *(each.raw for each in der.children(der.read(explicit.content).content))]


FORMS = {
    "PEM chain": CHAIN.encode(),
    "PEM, root first": (ROOT.pem + LEAF.pem + ISSUER.pem + LEAF.pem).encode(),
    "PEM with CRLF and a BOM": b"\xef\xbb\xbf" + CHAIN.replace("\n", "\r\n").encode(),
    "UTF-16": CHAIN.encode("utf-16"),
    "X509 CERTIFICATE": CHAIN.replace("CERTIFICATE", "X509 CERTIFICATE").encode(),
    "TRUSTED CERTIFICATE": "".join(
        pem("TRUSTED CERTIFICATE", each.der + b"\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01")
        for each in (ROOT, ISSUER, LEAF)
    ).encode(),
    "PKCS7": pem("PKCS7", P7).encode(),
    "PKCS #7 SIGNED DATA": pem("PKCS #7 SIGNED DATA", P7).encode(),
    "CMS": pem("CMS", P7).encode(),
    "PKCS#7 under CERTIFICATE": pem("CERTIFICATE", P7).encode(),
    "PKCS#7 in DER": P7,
    "PKCS#7 with a stray byte": P7 + b"\n",
    "PKCS#7 in BER": bundle_in_ber(),
    "base64 without markers": base64.encodebytes(P7),
    "mail": mail(f"Dear customer,\n\n{CHAIN}\nRegards"),
    "mail, quoted reply": mail("".join(f"> {row}\n" for row in CHAIN.splitlines())),
    "mail in ISO-2022-JP": mail(f"証明書を送付します。\n{CHAIN.replace('-', '−')}", charset="iso-2022-jp"),
    "mail in Shift_JIS": mail(f"証明書を送付します。\n{CHAIN}", charset="shift_jis"),
    "text in Shift_JIS with minus signs": f"証明書\n{CHAIN}".replace("-", "\uff0d").encode("cp932"),
    "text in EUC-JP with minus signs": f"証明書\n{CHAIN}".replace("-", "\u2212").encode("euc_jp"),
    "text in cp1252 with dashes": CHAIN.replace("-----", "\u2014\u2013").encode("cp1252"),
    "mail with a p7b": mail(chain_p7b=P7),
    "mail with DER files": mail(root_cer=ROOT.der, issuer_cer=ISSUER.der, www_cer=LEAF.der),
    "mail with text and attachment": mail(LEAF.pem, chain_crt=(ISSUER.pem + ROOT.pem).encode()),
    "mail with broken HTML beside the text": html_mail(),
    "mail in HTML only": html_only(),
    "old Mac line ends": mail(CHAIN).replace(b"\n", b"\r"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_certificates(form: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_answer(FORMS[form])
    assert {each.der for each in found} == ALL
    assert len(found) == 3


def test_a_mail_signed_by_its_sender_in_one_piece_is_opened() -> None:
    signer = mint("CA staff", key=rsa_key())
    signed = (
        PKCS7SignatureBuilder()
        .set_data(mail(CHAIN))
        .add_signer(signer.certificate.parsed, signer.key, hashes.SHA256())
        .sign(Encoding.DER, [PKCS7Options.Binary])
    )
    assert {each.der for each in read_answer(signed)} == ALL | {signer.der}


def request() -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    return builder.sign(ec_key(), hashes.SHA256()).public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("data", "seen"),
    [
        (b"", "nothing at all"),
        (b"Dear customer,\nyour order is being processed.\n", "a text of 2 lines"),
        (pem("CERTIFICATE REQUEST", request()).encode(), r"certificate request \(the block at line 1\)"),
        (request(), r"certificate request \(the file\)"),
        (mail(chain_zip=b"PK\x03\x04" + bytes(50)), "'chain.zip' is a damaged zip archive"),
        (mail(logo_png=b"\x89PNG\0\0"), "attachment 'logo.png'"),
        (b"\x89PNG\0\0", "a binary file of 6 bytes"),
        (bytes(pem("PGP SIGNATURE", b"x" * 90), "ascii"), "PGPSIGNATURE"),
        (serialize_certificates([LEAF.certificate.parsed], Encoding.DER).replace(LEAF.der, b""), "damaged"),
    ],
)
def test_without_a_certificate_it_says_what_there_is(data: bytes, seen: str) -> None:
    with pytest.raises(TlsOpsError, match=seen):
        read_answer(data)


@pytest.mark.parametrize(
    "data",
    [
        pem("PGP MESSAGE", b"x" * 120).encode(),
        b"\x30\x80\x06\x09" + bytes.fromhex("2a864886f70d010703") + b"\xa0\x80\x30\x00\x00\x00\x00\x00",
    ],
)
def test_an_encrypted_answer_is_named(data: bytes) -> None:
    with pytest.raises(TlsOpsError, match="encrypted"):
        read_answer(data)


def key_forms() -> dict[str, bytes]:
    rsa, plain = rsa_key(), serialization.NoEncryption()
    locked = serialization.BestAvailableEncryption(b"secret")
    pkcs8, old = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL
    keys = {"rsa": rsa, "ec": ec_key()}
    forms = {
        f"{kind} {form_name} {encoding_name}": key.private_bytes(encoding, form, plain)
        for kind, key in keys.items()
        for form_name, form in (("PKCS8", pkcs8), ("traditional", old))
        for encoding_name, encoding in (("PEM", Encoding.PEM), ("DER", Encoding.DER))
    }
    forms["encrypted PKCS8"] = rsa.private_bytes(Encoding.DER, pkcs8, locked)
    forms["encrypted PKCS8 in PEM"] = rsa.private_bytes(Encoding.PEM, pkcs8, locked)
    forms["legacy encrypted PEM"] = rsa.private_bytes(Encoding.PEM, old, locked)
    forms["PFX"] = pkcs12.serialize_key_and_certificates(b"www", LEAF.key, LEAF.certificate.parsed, None, locked)
    forms["certificates and a key"] = CHAIN.encode() + forms["ec PKCS8 PEM"]
    forms["a mail with a PFX"] = mail(CHAIN, www_pfx=forms["PFX"])
    return forms


KEYS = key_forms()


@pytest.mark.parametrize("form", KEYS)
def test_a_private_key_is_refused_without_being_shown(form: str) -> None:
    with pytest.raises(TlsOpsError, match="private key") as error:
        read_answer(KEYS[form])
    text = str(error.value)
    assert "Never send private keys around" in text
    body = base64.b64encode(KEYS[form]).decode() + KEYS[form].decode("latin-1")
    assert not any(text[start : start + 30] in body for start in range(len(text) - 30))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (CHAIN.replace(LEAF.pem.splitlines()[2], "####").encode(), "line 3"),
        (
            mail(www_cer=LEAF.pem.replace(LEAF.pem.splitlines()[3], "").encode()),
            "the block at line 1 of attachment 'www.cer' is not whole",
        ),
        (LEAF.der[:-20], "the file is not whole"),
        (pem("CERTIFICATE", b"\x30\x82\x00\x60" + b"\x05\x00" * 48).encode(), "not an X.509 certificate"),
        (P7[:-10], "not whole"),
        (LEAF.pem[:-60].encode(), "no END line"),
    ],
)
def test_damage_is_an_error_that_names_the_place(data: bytes, message: str) -> None:
    with pytest.raises(TlsOpsError, match=message):
        read_answer(data)


def test_sizes_are_bounded() -> None:
    with pytest.raises(TlsOpsError, match="at most"):
        read_answer(b" " * (answer.MAX_MAIL_BYTES + 1))
    with pytest.raises(TlsOpsError, match="1048577 bytes"):
        read_answer(b"x" * (answer.MAX_BYTES + 1))


def test_the_number_of_certificates_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MAX_CERTIFICATES", 2)
    with pytest.raises(TlsOpsError, match="3 certificates"):
        read_answer(P7)


MEGABYTE = 1024 * 1024
LONG = {
    "markers": b"-BEGIN AA-\n" * (MEGABYTE // 11),
    "dashes": b"- " * (MEGABYTE // 2),
    "markers without an end": (b"-----BEGIN CERTIFICATE-----\nMIIB" + b"A" * 64 + b"\n") * (MEGABYTE // 98),
    "line ends": b"\n" * MEGABYTE,
    "escape sequences": b"\x1b$B" * (MEGABYTE // 3),
    "tags": b"Content-Type: text/html\n\n" + b"<a" * (MEGABYTE // 2 - 99),
    "soft line breaks": b"Content-Transfer-Encoding: quoted-printable\n\n" + b"=\n" * (MEGABYTE // 2 - 99),
    "elements of no length": b"\x30\x80" * (MEGABYTE // 2),
}


@pytest.mark.parametrize("form", LONG)
def test_a_megabyte_of_anything_is_read_in_seconds(form: str) -> None:
    started = time.monotonic()
    with pytest.raises(TlsOpsError):
        read_answer(LONG[form])
    assert time.monotonic() - started < 20  # below one where nothing else runs


def test_content_type_of_the_bundle() -> None:
    assert pkcs7.content_type(P7) == pkcs7.SIGNED_DATA


def read(data: bytes) -> tuple[Certificate, ...]:
    """Nothing but certificates that can be shown, or a clear error, may come out of anything."""
    try:
        found = read_answer(data)
    except TlsOpsError as error:
        found = ()
        message = error.message
    else:
        message = labels(found)
    assert message
    return found


@given(st.binary(max_size=400))
def test_any_bytes_are_certificates_or_a_clear_error(data: bytes) -> None:
    for head in (b"", b"\x30\x82", b"Content-Type: x\n\n"):
        read(head + data)
    read(pem("CERTIFICATE", b"\x30\x82" + data).encode())


@given(st.sampled_from(sorted(FORMS)), st.integers(0, 5000), st.integers(0, 255))
def test_one_damaged_byte_never_ends_in_a_traceback(form: str, position: int, value: int) -> None:
    damaged = bytearray(FORMS[form])
    damaged[position % len(damaged)] = value
    for each in read(bytes(damaged)):
        assert server_problems(each, NOW) is not None
        covers(each, "www.example.com")
