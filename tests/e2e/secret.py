# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets in every form in which one could lie about, and the search for them in whatever a run leaves behind."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import html
import json
import re
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator, Mapping
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

_PIECE = 24  # bytes of a key's number that are enough to call it found
_DEEPEST = 4  # a PFX in a field of an answer in a batch's output in a log
_BASE64 = re.compile(rb"[A-Za-z0-9+/]{24,}={0,2}")
_ANSWER = re.compile(rb"-----BEGIN([0-9a-f]+)-----([A-Za-z0-9+/=]*)-----END\1-----")  # without its blanks
_ESCAPE = re.compile(rb"\\u([0-9A-Fa-f]{4})|\\([\"'\\/])|&(quot|amp|lt|gt|apos|#\d+|#x[0-9A-Fa-f]+);|%([0-9A-Fa-f]{2})")
_BREAKS = re.compile(rb"\s+|(?:\\r)?\\n|&#(?:13|10);|_x000[AD]_")


@dataclasses.dataclass(frozen=True)
class Secret:
    """``forms``: bytes to look for, and what they are in words."""

    name: str
    forms: Mapping[bytes, str] = dataclasses.field(repr=False)


def text(name: str, value: str) -> Secret:
    """A password or the like."""
    forms = {value.encode(): "plain"}
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "latin-1"):
        data = value.encode(encoding, "replace")
        forms |= {data: encoding} | _encoded(data, encoding)
    written = {
        "JSON": json.dumps(value)[1:-1],
        "JSON, not in ASCII": json.dumps(value, ensure_ascii=False)[1:-1],
        "Python": repr(value)[1:-1],
        "Python, as bytes": repr(value.encode())[2:-1],
        "XML": escape(value, {'"': "&quot;"}),
        "URL": urllib.parse.quote(value, safe=""),
        "form": urllib.parse.quote_plus(value),
        "shell": value.replace("'", "'\"'\"'"),
        "PowerShell": value.replace("'", "''"),
    }
    return Secret(name, forms | {form.encode(): how for how, form in written.items()})


def octets(name: str, data: bytes) -> Secret:
    """Random bytes: a piece of them is enough."""
    piece = data[:_PIECE]
    return Secret(name, {piece: "bytes"} | _encoded(piece, "bytes"))


def private_key(name: str, key: object) -> Secret:
    """The numbers that only the owner knows, in both byte orders (a CSP's blobs have the other one); and the whole."""
    forms: dict[bytes, str] = {}
    for letter, number in _numbers(key).items():
        data = number.to_bytes((number.bit_length() + 7) // 8, "big")
        for order, piece in (("", data[:_PIECE]), (" backwards", data[::-1][:_PIECE])):
            forms |= {piece: f"{letter}{order}"} | _encoded(piece, f"{letter}{order}")
        forms[str(number)[:60].encode()] = f"{letter}, decimal"
    return Secret(name, forms | _whole(key))


def _numbers(key: object) -> dict[str, int]:
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.private_numbers()
        return {"d": numbers.d, "p": numbers.p, "q": numbers.q}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return {"d": key.private_numbers().private_value}
    raise ValueError(f"{type(key).__name__} is no key that is known here")


def _whole(key: object) -> dict[bytes, str]:
    """Behind the head, which all keys of a kind have in common."""
    forms = {}
    kinds = {"PKCS#8": serialization.PrivateFormat.PKCS8, "PKCS#1": serialization.PrivateFormat.TraditionalOpenSSL}
    for name, form in kinds.items():
        given = form, serialization.NoEncryption()
        der = key.private_bytes(serialization.Encoding.DER, *given)  # type: ignore[attr-defined]
        pem = key.private_bytes(serialization.Encoding.PEM, *given).split(b"\n")  # type: ignore[attr-defined]
        forms |= {der[-_PIECE:]: f"{name}, DER", pem[-3]: f"{name}, PEM"}
    return forms


def _encoded(data: bytes, what: str) -> dict[bytes, str]:
    digits = data.hex()
    pairs = re.findall("..", digits)
    hexadecimal = {digits, digits.upper(), ":".join(pairs), "-".join(pairs).upper()}
    forms = {form.encode(): f"{what}, hex" for form in hexadecimal}
    for before in range(3):
        found = _base64(data, before)
        forms |= {found: f"{what}, base64", found.translate(bytes.maketrans(b"+/", b"-_")): f"{what}, base64url"}
    return forms


def _base64(data: bytes, before: int) -> bytes:
    """As it looks behind so many other bytes: only the characters that no neighbour has a share in."""
    whole = base64.b64encode(bytes(before) + data)
    return whole[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]


def search(data: bytes, secrets: Iterable[Secret]) -> list[str]:
    """Which secrets lie in ``data``, as it is or packed, and in what form; in alphabetical order."""
    texts = list(unpacked(data))
    return sorted(
        {
            f"{secret.name} ({how})"
            for secret in secrets
            for form, how in secret.forms.items()
            if any(form in each for each in texts)
        }
    )


def unpacked(data: bytes) -> Iterator[bytes]:
    """The data, the same without its line breaks, and what escapes, base64 and DEFLATE hide, down to the innermost."""
    seen: set[bytes] = set()
    layer = [data]
    for _depth in range(_DEEPEST):
        layer = [each for each in dict.fromkeys(layer) if each not in seen]
        seen |= set(layer)
        below: list[bytes] = []
        for each in layer:
            joined = _BREAKS.sub(b"", each)
            yield each
            yield joined
            below += [_unescaped(each), *_answers(joined), *_decoded(each), *_decoded(joined)]
        layer = below


def _unescaped(data: bytes) -> bytes:
    """One layer of what JSON, XML and URLs put in the place of a character."""
    return _ESCAPE.sub(_character, data)


def _character(found: re.Match[bytes]) -> bytes:
    code, plain, named, octet = found.groups()
    if code:
        return chr(int(code, 16)).encode("utf-8", "surrogatepass")
    if named:
        return html.unescape(found[0].decode()).encode("utf-8", "surrogatepass")
    return plain or bytes.fromhex(octet.decode())


def _answers(joined: bytes) -> Iterator[bytes]:
    """What a batch answered: raw DEFLATE in base64, between its marks."""
    for found in _ANSWER.finditer(joined):
        yield from _inflated(_plain(found[2]))


def _decoded(text_: bytes) -> Iterator[bytes]:
    for run in _BASE64.findall(text_):
        yield _plain(run)


def _plain(run: bytes) -> bytes:
    run = run.rstrip(b"=")
    run = run[: len(run) - (len(run) % 4 == 1)]
    try:
        return base64.b64decode(run + b"=" * (-len(run) % 4))
    except binascii.Error:
        return b""


def _inflated(data: bytes) -> Iterator[bytes]:
    try:
        yield zlib.decompressobj(-15).decompress(data)
    except zlib.error:
        return
