# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A CA's answer in whatever form it came: a mail, PEM, PKCS#7, DER, a zip archive. Out come certificates, in no order.

Where an error names a line, it is the line that an editor shows in the file that was given, also for quoted-printable
(where a row goes on in the next line, the one in which it begins).
A line of base64 or of an archive's file is no line of that file: there the lines of what comes out are counted, and
the error says so ("line 3 of attachment 'www.crt'").
"""

from __future__ import annotations

import dataclasses
import re

from .._errors import TlsOpsError, UnreadableAnswer
from . import archive, der, kinds, mail, pem, pkcs7
from .certificate import Certificate
from .checks import unreadable
from .damage import broken_signatures

MAX_MAIL_BYTES = 16 * 1024 * 1024
MAX_BYTES = 1024 * 1024  # of one text or attachment
MAX_CERTIFICATES = 100
MAX_DEPTH = 3  # of signed mails in signed mails
MAX_ARCHIVES = 2  # an archive may hold archives, but those no further ones
_CERTIFICATES = re.compile("CERT|PKCS|CMS|X509")  # what the labels of certificates, requests and bundles have
_NAMES = dict.fromkeys(("CERTIFICATEREQUEST", "NEWCERTIFICATEREQUEST"), "a certificate request")
_DAMAGED = "Fetch it again from the CA, best as a file."


@dataclasses.dataclass(frozen=True)
class _Place:
    """Where something is read: the attachment's or the archive's file's name, and how deep."""

    name: str = ""
    signed: int = 0
    archives: int = 0

    @property
    def label(self) -> str:
        if not self.name:
            return ""
        shown = "".join(each if each.isprintable() else "?" for each in self.name)[-200:]
        return f"{'file' if self.archives else 'attachment'} '{shown}'"

    def block(self, line: int, *, in_file: bool) -> str:
        """The block that begins at ``line``: of the file that was given, or of what came out of the attachment."""
        if in_file:
            return f"the block at line {line}{f' ({self.label})' if self.label else ''}"
        return f"the block at line {line} of {self.label or 'the decoded text'}"


@dataclasses.dataclass
class _Found:
    certificates: dict[bytes, Certificate] = dataclasses.field(default_factory=dict)
    places: dict[bytes, str] = dataclasses.field(default_factory=dict)
    problems: list[str] = dataclasses.field(default_factory=list)
    others: list[str] = dataclasses.field(default_factory=list)
    encrypted: bool = False
    locked: bool = False
    budget: archive.Budget = dataclasses.field(default_factory=archive.Budget)


def read_answer(data: bytes) -> tuple[Certificate, ...]:
    """The certificates of a CA's answer, each once.

    Raises TlsOpsError where there is none (saying what there is instead), where a block is damaged (saying which line),
    where a signature by a certificate beside it does not hold, where the answer is encrypted or too large, and where it
    holds a private key.
    """
    if len(data) > MAX_MAIL_BYTES:
        raise TlsOpsError(f"the CA's answer has {len(data)} bytes; at most {MAX_MAIL_BYTES} are read.")
    found = _Found()
    _take_message(data, found, _Place())
    if found.problems:
        raise UnreadableAnswer("the CA's answer is damaged: " + "; ".join(found.problems) + ".", hint=_DAMAGED)
    if not found.certificates:
        raise _nothing(found)
    if len(found.certificates) > MAX_CERTIFICATES:
        raise TlsOpsError(
            f"the answer holds {len(found.certificates)} certificates; at most {MAX_CERTIFICATES} are read."
        )
    certificates = tuple(found.certificates.values())
    for one, issuer in broken_signatures(certificates):
        raise UnreadableAnswer(
            f"the CA's answer is damaged: the signature of '{one.label}' ({found.places[one.der]}) by '{issuer.label}' "
            f"({found.places[issuer.der]}) does not hold, so one of the two was changed on its way.",
            hint=_DAMAGED,
        )
    return certificates


def _nothing(found: _Found) -> TlsOpsError:
    if found.encrypted:
        return UnreadableAnswer("the CA's answer is encrypted.", hint="Decrypt the mail and give its content.")
    seen = ", ".join(dict.fromkeys(found.others)) or "nothing at all"
    hint = "Give the mail with the certificate, or the certificate's file (PEM, PKCS#7 or DER)."
    kind = TlsOpsError
    if found.locked:
        kind, hint = UnreadableAnswer, "Unpack the zip archive with the CA's password, and give the certificate's file."
    return kind(f"there is no certificate in the CA's answer; what it holds: {seen}.", hint=hint)


def _take_message(data: bytes, found: _Found, place: _Place) -> None:
    parts = mail.parts(data)
    for part in parts:
        if not part.fallback:
            _take_part(part, found, _inside(place, part))
    if not found.certificates and not found.problems:
        for part in parts:
            if part.fallback:
                _take_part(part, found, _inside(place, part))


def _inside(place: _Place, part: mail.Part) -> _Place:
    return dataclasses.replace(place, name="/".join(filter(None, (place.name, part.name))))


def _take_part(part: mail.Part, found: _Found, place: _Place) -> None:
    if not part.data.strip():
        return
    if archive.is_archive(part.data):
        _take_archive(part.data, found, place)
    elif len(part.data) > MAX_BYTES:
        found.others.append(f"{place.label or 'text'} of {len(part.data)} bytes (at most {MAX_BYTES} are read)")
    elif kinds.is_der(part.data):
        _take_der(part.data, found, place.label or "the file", place)
    elif not _take_text(part, found, place):
        found.others.append(_described(part, place))


def _take_archive(data: bytes, found: _Found, place: _Place) -> None:
    if place.archives >= MAX_ARCHIVES:
        found.others.append(f"a zip archive in a zip archive in another one ({place.label})")
        return
    try:
        for file in archive.files(data, found.budget):
            name = "/".join(filter(None, (place.name, file.name)))
            inside = dataclasses.replace(place, name=name, archives=place.archives + 1)
            if file.problem:
                found.others.append(f"{inside.label} {file.problem}")
                found.locked |= file.problem == archive.LOCKED
            else:
                _take_message(file.data, found, inside)
    except ValueError as error:
        found.problems.append(f"{place.label or 'the file'} is {error}")


def _take_text(part: mail.Part, found: _Found, place: _Place) -> bool:
    """Whether the text held any block, in the encoding in which it is whole, else in the likeliest."""
    in_file = part.lines is not None and not place.archives and not place.signed
    blocks: tuple[pem.Block, ...] = ()
    for text in part.texts():
        reading = pem.blocks(text, part.lines if in_file else None)
        whole = bool(reading) and not any(each.problem for each in reading)
        blocks = reading if whole else blocks or reading
        if whole:
            break
    for block in blocks:
        _take_block(block, found, place.block(block.line, in_file=in_file), place)
    return bool(blocks) or any(_take_bare(pem.bare(text), found, place) for text in part.texts())


def _take_bare(data: bytes, found: _Found, place: _Place) -> bool:
    """What a text that is nothing but base64 stands for: DER, or a mail's body that lost its head."""
    if kinds.is_der(data):
        _take_der(data, found, place.label or "the text", place)
    elif pem.blocks(data.decode("latin-1")) and place.signed < MAX_DEPTH:
        _take_message(data, found, dataclasses.replace(place, signed=place.signed + 1))
    else:
        return False
    return True


def _take_block(block: pem.Block, found: _Found, where: str, place: _Place) -> None:
    if block.label.endswith("PRIVATEKEY") or block.label == "PGPPRIVATEKEYBLOCK":
        raise _private_key(where)
    found.encrypted |= block.label == "PGPMESSAGE"
    if not _CERTIFICATES.search(block.label) or block.label.endswith("REQUEST"):
        found.others.append(f"{_NAMES.get(block.label, repr(block.label))} ({where})")
    elif block.problem:
        found.problems.append(f"{where} {block.problem}")
    else:
        _take_der(block.der, found, where, place)


def _take_der(data: bytes, found: _Found, where: str, place: _Place) -> None:
    try:
        data = der.read(data).raw  # a TRUSTED CERTIFICATE has more behind it; PKCS#7 often has a stray byte
        if kinds.is_private(data):
            raise _private_key(where)
    except ValueError as error:
        found.problems.append(f"{where} is not whole ({error})")
        return
    kind = pkcs7.content_type(data)
    if kind == pkcs7.SIGNED_DATA:
        _take_signed(data, found, where, place)
    elif kind in pkcs7.ENCRYPTED:
        found.encrypted = True
    else:
        _take_certificate(data, found, where)


def _take_signed(data: bytes, found: _Found, where: str, place: _Place) -> None:
    try:
        message = pkcs7.signed_data(data)
    except ValueError as error:
        found.problems.append(f"{where} is a damaged PKCS#7 message ({error})")
        return
    for certificate in message.certificates:
        _take_certificate(certificate, found, where)
    if message.content and place.signed < MAX_DEPTH:
        _take_message(message.content, found, dataclasses.replace(place, signed=place.signed + 1))
    elif not message.certificates:
        found.others.append(f"a PKCS#7 message without certificates ({where})")


def _take_certificate(data: bytes, found: _Found, where: str) -> None:
    certificate = Certificate(data)
    problem = unreadable(certificate)
    if not problem:
        found.certificates.setdefault(data, certificate)
        found.places.setdefault(data, where)
    elif other := kinds.other_kind(data):
        found.others.append(f"{other} ({where})")
    else:
        found.problems.append(f"{where} holds {problem}")


def _private_key(where: str) -> TlsOpsError:
    return TlsOpsError(
        f"the answer holds a private key ({where}). Nothing was read from it and nothing was done.",
        hint="Never send private keys around: a CA's answer has none, the key stays on the server. If this key is in "
        "use, treat it as disclosed: make a new request and have the old certificate revoked.",
    )


def _described(part: mail.Part, place: _Place) -> str:
    if part.media_type == "application/ms-tnef":
        return "an Outlook attachment (winmail.dat): ask the sender for a plain one"
    if place.label:
        return place.label
    if b"\0" in part.data:
        return f"a binary file of {len(part.data)} bytes"
    return f"a text of {len(part.data.splitlines())} lines without a PEM block"
