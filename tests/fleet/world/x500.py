# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A distinguished name from text, as CertStrToName does it (win32 docs).

Parts stand between commas or semicolons; a value in quotation marks keeps everything, a doubled mark in it is one; a
backslash is a character like any other. ``+`` makes a part of several values. ``#`` stands for hexadecimal DER.
"""

from __future__ import annotations

import re

from cryptography import x509

from .errors import INVALID_IA5_STRING, INVALID_PRINTABLE_STRING, INVALID_X500_STRING

KEYS = {
    "CN": "2.5.4.3",
    "SN": "2.5.4.4",
    "SERIALNUMBER": "2.5.4.5",
    "C": "2.5.4.6",
    "L": "2.5.4.7",
    "S": "2.5.4.8",
    "ST": "2.5.4.8",
    "STREET": "2.5.4.9",
    "O": "2.5.4.10",
    "OU": "2.5.4.11",
    "T": "2.5.4.12",
    "TITLE": "2.5.4.12",
    "G": "2.5.4.42",
    "GN": "2.5.4.42",
    "I": "2.5.4.43",
    "E": "1.2.840.113549.1.9.1",
    "EMAIL": "1.2.840.113549.1.9.1",
    "DC": "0.9.2342.19200300.100.1.25",
}
_PART = re.compile(r'\s*([^=,;+"]+?)\s*=\s*(?:"((?:[^"]|"")*)"|([^,;+"=]*))\s*([,;+]|\Z)', re.DOTALL)


PRINTABLE = {"2.5.4.5", "2.5.4.6"}  # CERT_RDN_PRINTABLE_STRING only (win32 docs, CryptGetOIDInfo's RDN value types)
IA5 = {"1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.25"}


class BadName(ValueError):
    """``number`` is what CertStrToName says of it."""

    def __init__(self, text: str, number: int = INVALID_X500_STRING) -> None:
        super().__init__(text)
        self.number = number


def name(text: str, *, reverse: bool) -> x509.Name:
    """``reverse``: the part that is written last comes first in the certificate. Raises BadName."""
    rdns: list[list[x509.NameAttribute]] = []
    at, joined = 0, False
    while True:
        found = _PART.match(text, at)
        if found is None:
            raise BadName(text[at:])
        attribute = _attribute(found[1], found[2].replace('""', '"') if found[2] is not None else found[3].strip())
        if joined:
            rdns[-1].append(attribute)
        else:
            rdns.append([attribute])
        joined, at = found[4] == "+", found.end()
        if not found[4]:
            break
    ordered = reversed(rdns) if reverse else rdns
    return x509.Name([x509.RelativeDistinguishedName(rdn) for rdn in ordered])


def _attribute(key: str, value: str) -> x509.NameAttribute:
    if value.startswith("#") or not value:
        raise BadName(value)
    oid = KEYS.get(key.upper()) or key.upper().removeprefix("OID.")
    if oid in PRINTABLE and not re.fullmatch(r"[A-Za-z0-9 '()+,./:=?-]+", value):
        raise BadName(value, INVALID_PRINTABLE_STRING)
    if oid in IA5 and not value.isascii():
        raise BadName(value, INVALID_IA5_STRING)
    try:
        return x509.NameAttribute(x509.ObjectIdentifier(oid), value)
    except ValueError as problem:
        raise BadName(f"{key}: {problem}") from problem
