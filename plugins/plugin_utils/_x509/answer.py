# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CA's answer in whatever form it came: a mail, PEM, PKCS#7, DER. What comes out is certificates, in no order."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable

from .._cryptography import x509
from .._errors import TlsOpsError
from . import der, mail, pem, pkcs7
from .certificate import Certificate
from .checks import unreadable

MAX_MAIL_BYTES = 16 * 1024 * 1024
MAX_BYTES = 1024 * 1024  # of one text or attachment
MAX_CERTIFICATES = 100
_CERTIFICATES = re.compile("CERT|PKCS|CMS|X509")  # what the labels of certificates, requests and bundles have
MAX_DEPTH = 3  # of signed mails in signed mails


@dataclasses.dataclass
class _Found:
    certificates: dict[bytes, Certificate] = dataclasses.field(default_factory=dict)
    problems: list[str] = dataclasses.field(default_factory=list)
    others: list[str] = dataclasses.field(default_factory=list)
    encrypted: bool = False


def read_answer(data: bytes) -> tuple[Certificate, ...]:
    """The certificates of a CA's answer, each once.

    Raises TlsOpsError where there is none (saying what there is instead), where a block is damaged (saying which line),
    where the answer is encrypted, and where it holds a private key.
    """
    if len(data) > MAX_MAIL_BYTES:
        raise TlsOpsError(f"the CA's answer has {len(data)} bytes; at most {MAX_MAIL_BYTES} are read.")
    found = _Found()
    _take_message(data, found, 0)
    if found.problems:
        raise TlsOpsError(
            "the CA's answer is damaged: " + "; ".join(found.problems) + ".",
            hint="Fetch it again from the CA, best as a file.",
        )
    if not found.certificates:
        raise _nothing(found)
    if len(found.certificates) > MAX_CERTIFICATES:
        raise TlsOpsError(
            f"the answer holds {len(found.certificates)} certificates; at most {MAX_CERTIFICATES} are read."
        )
    return tuple(found.certificates.values())


def _nothing(found: _Found) -> TlsOpsError:
    if found.encrypted:
        return TlsOpsError("the CA's answer is encrypted.", hint="Decrypt the mail and give its content.")
    seen = ", ".join(dict.fromkeys(found.others)) or "nothing at all"
    return TlsOpsError(
        f"there is no certificate in the CA's answer; what it holds: {seen}.",
        hint="Give the mail with the certificate, or the certificate's file (PEM, PKCS#7 or DER).",
    )


def _take_message(data: bytes, found: _Found, depth: int) -> None:
    parts = mail.parts(data)
    for part in parts:
        if not part.fallback:
            _take_part(part, found, depth)
    if not found.certificates and not found.problems:
        for part in parts:
            if part.fallback:
                _take_part(part, found, depth)


def _take_part(part: mail.Part, found: _Found, depth: int) -> None:
    where = f"attachment '{part.name}'" if part.name else ""
    if not part.data.strip():
        return
    if len(part.data) > MAX_BYTES:
        found.others.append(f"{where or 'text'} of {len(part.data)} bytes (at most {MAX_BYTES} are read)")
    elif _whole(part.data):
        _take_der(part.data, found, where or "the file", depth)
    elif not _take_text(part, found, where, depth):
        found.others.append(_described(part, where))


def _take_text(part: mail.Part, found: _Found, where: str, depth: int) -> bool:
    """Whether the text held any block."""
    for text in part.texts():
        blocks = pem.blocks(text)
        for block in blocks:
            _take_block(block, found, where, depth)
        if blocks:
            return True
        data = pem.bare(text)
        if _whole(data):
            _take_der(data, found, where or "the text", depth)
            return True
    return False


def _take_block(block: pem.Block, found: _Found, where: str, depth: int) -> None:
    place = f"{where + ', ' if where else ''}the block at line {block.line}"
    if block.label.endswith("PRIVATEKEY") or block.label == "PGPPRIVATEKEYBLOCK":
        raise _private_key(place)
    found.encrypted |= block.label == "PGPMESSAGE"
    if not _CERTIFICATES.search(block.label):
        found.others.append(f"'{block.label}' ({place})")
    elif block.problem:
        found.problems.append(f"{place} {block.problem}")
    else:
        _take_der(block.der, found, place, depth)


def _take_der(data: bytes, found: _Found, place: str, depth: int) -> None:
    try:
        data = der.read(data).raw  # a TRUSTED CERTIFICATE has more behind it; PKCS#7 often has a stray byte
        if _is_private(der.children(der.read(data).content)):
            raise _private_key(place)
    except ValueError as error:
        found.problems.append(f"{place} is not whole ({error})")
        return
    kind = pkcs7.content_type(data)
    if kind == pkcs7.SIGNED_DATA:
        _take_signed(data, found, place, depth)
    elif kind in pkcs7.ENCRYPTED:
        found.encrypted = True
    else:
        _take_certificate(data, found, place)


def _take_signed(data: bytes, found: _Found, place: str, depth: int) -> None:
    try:
        message = pkcs7.signed_data(data)
    except ValueError as error:
        found.problems.append(f"{place} is a damaged PKCS#7 message ({error})")
        return
    for certificate in message.certificates:
        _take_certificate(certificate, found, place)
    if message.content and depth < MAX_DEPTH:
        _take_message(message.content, found, depth + 1)
    elif not message.certificates:
        found.others.append(f"a PKCS#7 message without certificates ({place})")


def _take_certificate(data: bytes, found: _Found, place: str) -> None:
    certificate = Certificate(data)
    problem = unreadable(certificate)
    if not problem:
        found.certificates.setdefault(data, certificate)
    elif other := _other_kind(data):
        found.others.append(f"{other} ({place})")
    else:
        found.problems.append(f"{place} holds {problem}")


def _other_kind(data: bytes) -> str:
    loaders: tuple[tuple[str, Callable[[bytes], object]], ...] = (
        ("a certificate request", x509.load_der_x509_csr),
        ("a revocation list", x509.load_der_x509_crl),
    )
    for name, load in loaders:
        try:
            load(data)
        except ValueError:
            continue
        return name
    return ""


def _is_private(elements: tuple[der.Element, ...]) -> bool:
    """Whether these are the elements of a key (RFC 5208, 5915, 8017) or of a PKCS#12 file (RFC 7292)."""
    tags = [element.tag for element in elements[:3]]
    if tags[:2] == [der.SEQUENCE, der.OCTET_STRING] and len(elements) == 2:
        return True  # EncryptedPrivateKeyInfo
    if tags[:1] != [der.INTEGER]:
        return False
    if tags[1:2] == [der.SEQUENCE]:  # PrivateKeyInfo, or PFX with version 3
        return tags[2:] == [der.OCTET_STRING] or elements[0].content == b"\x03"
    return tags[1:2] == [der.OCTET_STRING] or (len(elements) >= 9 and tags[1:] == [der.INTEGER, der.INTEGER])


def _private_key(place: str) -> TlsOpsError:
    return TlsOpsError(
        f"the answer holds a private key ({place}). Nothing was read from it and nothing was done.",
        hint="Never send private keys around: a CA's answer has none, the key stays on the server. If this key is in "
        "use, treat it as disclosed: make a new request and have the old certificate revoked.",
    )


def _whole(data: bytes) -> bool:
    """Whether the bytes begin as a SEQUENCE of DER does; in text no such code follows the digit 0."""
    if data[:1] != b"\x30" or len(data) < 2:
        return False
    return data[1] in (0x80, 0x81, 0x82, 0x83, 0x84) or data[1] == len(data) - 2


def _described(part: mail.Part, where: str) -> str:
    if part.data.startswith(b"PK\x03\x04"):
        return f"a zip archive ({where or 'the file'}): unpack it"
    if part.media_type == "application/ms-tnef":
        return "an Outlook attachment (winmail.dat): ask the sender for a plain one"
    if where:
        return where
    if b"\0" in part.data:
        return f"a binary file of {len(part.data)} bytes"
    return f"a text of {len(part.data.splitlines())} lines without a PEM block"
