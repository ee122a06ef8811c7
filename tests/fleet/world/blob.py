# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry value ``Blob`` of a certificate: records ``id | 1 | length | data``, the certificate itself last.

Rules: little-endian u32, the second always 1, no padding, record 32 last, the key's name is the upper-case SHA-1 of
record 32 (MS-GPEF 2.2.1.1.1; 45 blobs of Windows 7 and 10 hives).
"""

from __future__ import annotations

import functools
import hashlib
import struct
import warnings

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ObjectIdentifier

KEY_PROV_INFO = 2
SHA1_HASH = 3
ENHKEY_USAGE = 9
FRIENDLY_NAME = 11
ARCHIVED = 19
KEY_IDENTIFIER = 20
CERTIFICATE = 32
DISALLOWED_FILETIME = 104

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
PROGRAMME_USAGES = ("1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.3", "1.3.6.1.5.5.7.3.4", SERVER_AUTH)

Records = list[tuple[int, bytes]]


def parse(blob: bytes) -> Records:
    """The records in order. Raises ValueError where Windows would ignore the value."""
    records, at = [], 0
    while at < len(blob):
        if len(blob) - at < 12:
            raise ValueError("a record is cut off")
        number, reserved, length = struct.unpack_from("<III", blob, at)
        if reserved != 1 or len(blob) - at - 12 < length:
            raise ValueError("not a record")
        records.append((number, blob[at + 12 : at + 12 + length]))
        at += 12 + length
    if not records or records[-1][0] != CERTIFICATE:
        raise ValueError("the certificate is not the last record")
    return records


def encode(records: Records) -> bytes:
    return b"".join(struct.pack("<III", number, 1, len(data)) + data for number, data in records)


def build(der: bytes, properties: dict[int, bytes] | None = None) -> bytes:
    """A Blob as a Windows process writes it: hash first, then what is given, the certificate last."""
    records: Records = [(SHA1_HASH, hashlib.sha1(der, usedforsecurity=False).digest())]
    records += sorted((properties or {}).items())
    return encode([*records, (CERTIFICATE, der)])


def certificate(blob: bytes) -> bytes:
    return parse(blob)[-1][1]


def get(blob: bytes, number: int) -> bytes | None:
    return dict(parse(blob)).get(number)


def put(blob: bytes, number: int, data: bytes | None) -> bytes:
    """The Blob with one property set, or removed where ``data`` is None; everything else byte for byte."""
    records = [record for record in parse(blob) if record[0] != number]
    if data is not None:
        records.insert(len(records) - 1, (number, data))
    return encode(records)


def thumbprint(der: bytes) -> str:
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


@functools.lru_cache(maxsize=4096)
def parsed(der: bytes) -> x509.Certificate:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # old roots have serial numbers below 1
        return x509.load_der_x509_certificate(der)


def encoded(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)


def usages(blob: bytes) -> frozenset[str] | None:
    """What property 9 allows; None where there is none: every usage (CertGetEnhancedKeyUsage)."""
    data = get(blob, ENHKEY_USAGE)
    return None if data is None else frozenset(decode_usages(data))


def decode_usages(data: bytes) -> list[str]:
    """SEQUENCE OF OBJECT IDENTIFIER, short enough for one or two length octets."""
    body = data[2:] if len(data) < 2 or data[1] < 0x80 else data[2 + (data[1] & 0x7F) :]
    found, at = [], 0
    while at + 1 < len(body):
        found.append(_oid(body[at + 2 : at + 2 + body[at + 1]]))
        at += 2 + body[at + 1]
    return found


def encode_usages(oids: tuple[str, ...]) -> bytes:
    """``30 00`` for none: what disables a certificate for all purposes."""
    encoded = b"".join(x509_oid(oid) for oid in oids)
    return bytes([0x30, len(encoded)]) + encoded


def x509_oid(oid: str) -> bytes:
    """The DER of an OBJECT IDENTIFIER."""
    first, second, *rest = (int(part) for part in ObjectIdentifier(oid).dotted_string.split("."))
    octets = bytearray()
    for arc in (first * 40 + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        octets += bytes(reversed(groups))
    return bytes([6, len(octets)]) + bytes(octets)


def _oid(octets: bytes) -> str:
    arcs, value = [], 0
    for octet in octets:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    first = min(arcs[0] // 40, 2) if arcs else 0
    return ".".join(str(arc) for arc in (first, arcs[0] - first * 40, *arcs[1:])) if arcs else ""


def utf16(text: str) -> bytes:
    """A string property: UTF-16LE with its NUL."""
    return text.encode("utf-16-le") + b"\0\0"


def from_utf16(data: bytes) -> str:
    return data.decode("utf-16-le", "replace").split("\0")[0]
