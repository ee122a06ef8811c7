# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PKCS#7 and CMS messages (RFC 5652): the certificates in them, whatever order or encoding their sets have.

Own walk, because cryptography's loader is strict about DER since release 45 and takes only some PEM labels.
"""

from __future__ import annotations

import dataclasses

from . import der

DATA = bytes.fromhex("2a864886f70d010701")
SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
ENCRYPTED = {
    bytes.fromhex("2a864886f70d010703"),  # envelopedData
    bytes.fromhex("2a864886f70d010704"),  # signedAndEnvelopedData
    bytes.fromhex("2a864886f70d010706"),  # encryptedData
    bytes.fromhex("2a864886f70d0109100117"),  # authEnvelopedData, RFC 5083
}


@dataclasses.dataclass(frozen=True)
class SignedData:
    """``certificates`` are DER, in the order found; ``content`` is what was signed (empty in a bundle)."""

    certificates: tuple[bytes, ...]
    content: bytes = b""


def content_type(message: bytes) -> bytes:
    """The OID (content bytes) of a ContentInfo; empty where the bytes are none."""
    try:
        first = der.children(der.read(message).content)[0]
    except (ValueError, IndexError):
        return b""
    return first.content if first.tag == der.OID else b""


def signed_data(message: bytes) -> SignedData:
    """The parts of a SignedData message. Raises ValueError where it is not one, or is damaged."""
    _other, explicit, *_more = _at_least(der.children(der.read(message).content), 2)
    sequence = der.read(explicit.content)
    version, digests, inner, *rest = _at_least(der.children(sequence.content), 3)
    if (version.tag, digests.tag, inner.tag) != (der.INTEGER, der.SET, der.SEQUENCE):
        raise ValueError("not a SignedData structure")
    found = [child for each in rest if each.tag == der.CONTEXT_0 for child in der.children(each.content)]
    # CertificateChoices: a plain SEQUENCE is an X.509 certificate, the tagged ones are obsolete forms.
    certificates = tuple(child.raw for child in found if child.tag == der.SEQUENCE)
    return SignedData(certificates, _content(inner))


def _content(inner: der.Element) -> bytes:
    kind, *value = _at_least(der.children(inner.content), 1)
    if kind.content != DATA or not value:
        return b""
    return der.octets(der.read(value[0].content))


def _at_least(elements: tuple[der.Element, ...], count: int) -> tuple[der.Element, ...]:
    if len(elements) < count:
        raise ValueError("elements are missing")
    return elements
