# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The search for secrets finds each in every form in which it could lie about, and nothing where there is none."""

from __future__ import annotations

import base64
import html
import json
import secrets
import urllib.parse
import zlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.e2e import secret

PASSWORD = "Pa55 \"word\" of <$(somebody)> & 'é' 日\\n+/%"
RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
KNOWN = [secret.text("password", PASSWORD), secret.private_key("rsa", RSA), secret.private_key("ec", EC)]
PKCS8, PKCS1 = serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL


def written(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, form: serialization.PrivateFormat, kind: str) -> bytes:
    return key.private_bytes(getattr(serialization.Encoding, kind), form, serialization.NoEncryption())


def answer(payload: bytes) -> bytes:
    """As a batch's answer, as a log shows it."""
    packer = zlib.compressobj(wbits=-15)
    packed = packer.compress(b"answer b2s= " + base64.b64encode(payload)) + packer.flush()
    body = base64.encodebytes(packed).decode().replace("\n", "\\r\\n")
    return f"stdout='-----BEGIN 0a1b-----\\r\\n{body}-----END 0a1b-----\\r\\n'".encode()


TEXTS: dict[str, Callable[[str], bytes]] = {
    "as it is": lambda text: text.encode(),
    "UTF-16LE": lambda text: text.encode("utf-16-le"),
    "UTF-16BE": lambda text: text.encode("utf-16-be"),
    "hex": lambda text: text.encode().hex().encode(),
    "upper-case hex of UTF-16": lambda text: text.encode("utf-16-le").hex().upper().encode(),
    "hex with colons": lambda text: text.encode().hex(":").encode(),
    "JSON": lambda text: json.dumps({"a": text}).encode(),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"a": text})).encode(),
    "JSON in XML": lambda text: html.escape(json.dumps({"a": text})).encode(),
    "JSON, not in ASCII": lambda text: json.dumps(text, ensure_ascii=False).encode(),
    "XML": lambda text: html.escape(text).encode(),
    "a URL": lambda text: urllib.parse.quote(text, safe="").encode(),
    "a form": lambda text: urllib.parse.urlencode({"a": text}).encode(),
    "Python": lambda text: repr([text]).encode(),
    "bytes of Python": lambda text: repr(text.encode()).encode(),
    "an encoded command": lambda text: base64.b64encode(f"$x = '{text}'".encode("utf-16-le")),
    "base64, broken into lines": lambda text: base64.encodebytes(b"some " + text.encode() + bytes(60)),
    "base64url": lambda text: base64.urlsafe_b64encode(b"?>" + text.encode()),
    "an answer": lambda text: answer(text.encode()),
    "base64 of JSON": lambda text: base64.b64encode(json.dumps(text).encode()),
}


@pytest.mark.parametrize("form", TEXTS)
def test_a_password(form: str) -> None:
    found = secret.search(b"before\n" + TEXTS[form](PASSWORD) + b"\nbehind", KNOWN)
    assert {each.partition(" (")[0] for each in found} == {"password"}


@pytest.mark.parametrize("before", range(3))
def test_base64_at_any_place(before: int) -> None:
    whole = base64.b64encode(bytes(before) + PASSWORD.encode() + b"\xff" * (4 - before))
    assert secret.search(whole, [secret.text("it", PASSWORD)])
    number = EC.private_numbers().private_value.to_bytes(32, "big")
    assert secret.search(base64.b64encode(bytes(before) + number), KNOWN)


KEYS: dict[str, bytes] = {
    "PKCS#8, DER": written(RSA, PKCS8, "DER"),
    "PKCS#1, DER": written(RSA, PKCS1, "DER"),
    "PKCS#8, PEM": written(RSA, PKCS8, "PEM"),
    "PKCS#1, PEM": written(RSA, PKCS1, "PEM"),
    "PEM in JSON": json.dumps(written(RSA, PKCS8, "PEM").decode()).encode(),
    "the last lines of PEM": b"\n".join(written(RSA, PKCS1, "PEM").split(b"\n")[-5:]),
    "d": RSA.private_numbers().d.to_bytes(256, "big"),
    "p, decimal": str(RSA.private_numbers().p).encode(),
    "q as a CSP's blob has it": RSA.private_numbers().q.to_bytes(128, "little"),
    "q of openssl rsa -text": RSA.private_numbers().q.to_bytes(128, "big").hex(":").encode(),
    "an answer": answer(written(RSA, PKCS8, "DER")),
}


@pytest.mark.parametrize("form", KEYS)
def test_a_key(form: str) -> None:
    found = secret.search(b"before " + KEYS[form], KNOWN)
    assert {each.partition(" (")[0] for each in found} == {"rsa"}


@pytest.mark.parametrize("kind", ["DER", "PEM"])
def test_a_key_of_a_curve(kind: str) -> None:
    for form in (PKCS8, PKCS1):
        found = secret.search(written(EC, form, kind), KNOWN)
        assert {each.partition(" (")[0] for each in found} == {"ec"}


def test_where_there_is_none() -> None:
    public = RSA.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    other = ec.generate_private_key(ec.SECP256R1())
    locked = other.private_bytes(serialization.Encoding.PEM, PKCS8, serialization.BestAvailableEncryption(b"x"))
    for data in (b"", public, locked, secrets.token_bytes(1000), written(other, PKCS8, "PEM"), answer(b"nothing")):
        assert secret.search(data, KNOWN) == []


def test_a_secret_does_not_show_itself() -> None:
    assert PASSWORD not in repr(KNOWN)
    assert len(KNOWN[0].forms) > 20
