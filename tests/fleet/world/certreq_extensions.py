# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an INF asks for in extensions: ``{text}`` since Server 2008, base64 of the value's DER on 2003 (KB931351).

The section [EnhancedKeyUsageExtension] is older than both (KB321051) and holds for every version.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable

from cryptography import x509

from . import inf
from .errors import INVALID_DATA, hresult

USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement")
USAGES += ("key_cert_sign", "crl_sign", "encipher_only")
EXTENDED_KEY_USAGE = "2.5.29.37"
ALTERNATIVE_NAMES = "2.5.29.17"
Extensions = list[tuple[x509.ExtensionType, bool]]


def usage(bits: int) -> Extensions:
    """``KeyUsage`` of [NewRequest]."""
    if not bits:
        return []
    names = {name: bool(bits & 0x80 >> at) for at, name in enumerate(USAGES)}
    agrees = names["key_agreement"]
    return [(x509.KeyUsage(**{**names, "encipher_only": agrees and names["encipher_only"]}, decipher_only=False), True)]


def extensions(sections: dict[str, inf.Section], *, text: bool) -> Extensions:
    """``text``: whether this version knows ``{text}``. Raises an HRESULT."""
    read: Callable[[str, str], x509.ExtensionType] = _from_text if text else _from_der
    try:
        found = [read(oid, value) for oid, value in _values(sections.get("extensions", []))]
        found += _enhanced(sections.get("enhancedkeyusageextension", []))
    except ValueError:
        raise hresult(INVALID_DATA) from None
    return [(each, False) for each in found]


def _values(entries: inf.Section) -> list[tuple[str, str]]:
    """``OID = "..."``, continued by ``_continue_``."""
    values: list[tuple[str, str]] = []
    for key, fields in entries:
        if len(fields) != 1 or (key.lower() == "_continue_" and not values):
            raise ValueError(key)
        if key.lower() == "_continue_":
            oid, begun = values.pop()
            values.append((oid, begun + fields[0]))
        else:
            values.append((key, fields[0]))
    return values


def _enhanced(entries: inf.Section) -> list[x509.ExtensionType]:
    """``OID = 1.3.6.1.5.5.7.3.1``, once for each usage."""
    if any(key.lower() != "oid" or len(fields) != 1 for key, fields in entries):
        raise ValueError(str(entries))
    oids = [x509.ObjectIdentifier(fields[0]) for _key, fields in entries]
    return [x509.ExtendedKeyUsage(oids)] if oids else []


def _from_der(oid: str, value: str) -> x509.ExtensionType:
    try:
        der = base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except binascii.Error as problem:
        raise ValueError(value) from problem
    if der[:1] != b"\x30" or oid == EXTENDED_KEY_USAGE:  # its own section is where that belongs
        raise ValueError(value)
    return x509.UnrecognizedExtension(x509.ObjectIdentifier(oid), der)


def _from_text(oid: str, value: str) -> x509.ExtensionType:
    if not value.startswith("{text}"):
        raise ValueError(value)
    text = value.removeprefix("{text}")
    if oid == EXTENDED_KEY_USAGE:
        return x509.ExtendedKeyUsage([x509.ObjectIdentifier(each.strip()) for each in text.split(",")])
    if oid != ALTERNATIVE_NAMES:
        raise ValueError(oid)
    return x509.SubjectAlternativeName([_general(each) for each in text.split("&") if each])


def _general(item: str) -> x509.GeneralName:
    kind, separator, value = item.partition("=")
    if kind.lower() == "ipaddress":
        return x509.IPAddress(ipaddress.ip_address(value))
    if kind.lower() != "dns" or not separator or not value:
        raise ValueError(item)
    return x509.DNSName(value)
