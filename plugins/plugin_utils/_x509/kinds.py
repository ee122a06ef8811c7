# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What some bytes are that came where a certificate should be."""

from __future__ import annotations

from collections.abc import Callable

from .._cryptography import x509
from . import der


def is_der(data: bytes) -> bool:
    """Whether the bytes begin as a SEQUENCE of DER does; in text no such code follows the digit 0."""
    if data[:1] != b"\x30" or len(data) < 2:
        return False
    return data[1] in (0x80, 0x81, 0x82, 0x83, 0x84) or data[1] == len(data) - 2


def is_private(message: bytes) -> bool:
    """Whether it is a key (RFC 5208, 5915, 8017) or a PKCS#12 file (RFC 7292). Raises ValueError for no DER."""
    elements = der.children(der.read(message).content)
    tags = [element.tag for element in elements[:3]]
    if tags[:2] == [der.SEQUENCE, der.OCTET_STRING] and len(elements) == 2:
        return True  # EncryptedPrivateKeyInfo
    if tags[:1] != [der.INTEGER]:
        return False
    if tags[1:2] == [der.SEQUENCE]:  # PrivateKeyInfo, or PFX with version 3
        return tags[2:] == [der.OCTET_STRING] or elements[0].content == b"\x03"
    return tags[1:2] == [der.OCTET_STRING] or (len(elements) >= 9 and tags[1:] == [der.INTEGER, der.INTEGER])


def other_kind(message: bytes) -> str:
    """What DER that is no certificate is, for a person; empty where that is not known."""
    loaders: tuple[tuple[str, Callable[[bytes], object]], ...] = (
        ("a certificate request", x509.load_der_x509_csr),
        ("a revocation list", x509.load_der_x509_crl),
    )
    for name, load in loaders:
        try:
            load(message)
        except ValueError:
            continue
        return name
    return ""
