# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail taken apart: its texts and attachments, decoded (RFC 2045), to any reasonable depth."""

from __future__ import annotations

import dataclasses
import email
import re
from collections.abc import Iterator
from email.message import Message

from .._errors import TlsOpsError
from . import position, text

MAX_PARTS = 100
MAX_FIELD = 2000
MAX_HEAD = 256 * 1024
_EOL = rb"(?:\r\n|\r|\n)"
_FIELD = rb"[!-9;-~]+:[^\r\n]*" + _EOL + rb"(?:[ \t][^\r\n]*" + _EOL + rb")*"
_HEADER = re.compile(rb"\A\s*(?:From [^\r\n]*" + _EOL + rb")?((?:" + _FIELD + rb")+)")
_MIME = re.compile(rb"(?:\A|[\r\n])(?:MIME-Version|Content-(?:Type|Transfer-Encoding)):", re.I)
_BOUNDARY = re.compile(rb"\A\s*--([^\r\n]{1,200})" + _EOL + rb"Content-", re.I)
_DECLARED = re.compile(rb"boundary[*0]{0,3}\s{0,9}=\s{0,9}\"?([^\"\r\n;]{1,200})", re.I)
_CONTAINER = re.compile(rb"(?:multipart|message)/", re.I)
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")


@dataclasses.dataclass(frozen=True)
class Part:
    """One text or attachment. ``fallback``: an HTML version of a text that is there in plain form too.

    ``lines`` has, for each line of ``data``, its number in the file that was given; None where a line of it is none of
    the file's, as in base64.
    """

    data: bytes
    name: str = ""
    media_type: str = ""
    charset: str = ""
    fallback: bool = False
    lines: position.Lines | None = None

    def texts(self) -> Iterator[str]:
        """The part as text in the encodings it may be in, likeliest first; nothing where it is binary."""
        for each in text.decodings(self.data, self.charset):
            yield text.without_html(each) if self.media_type == "text/html" or text.is_html(each) else each


def parts(given: bytes) -> tuple[Part, ...]:
    """The parts of a mail, or the data itself as the only part where it is none. Raises TlsOpsError.

    The parts that hold a mail's own signature are left out: the sender's certificates are not the answer.
    """
    data = given = text.without_mark(given)
    boundary = _BOUNDARY.match(data)
    if boundary:  # a mail's body without its head
        head = b'Content-Type: multipart/mixed; boundary="' + boundary[1].strip() + b'"\n\n'
        data = head + data.lstrip()
    header = _HEADER.match(data)
    if header is None or len(header[1]) > MAX_HEAD or not _MIME.search(header[1]):
        return (Part(given, lines=position.every_line(given)),)
    _refuse_too_many(data)
    data = data[header.start(1) :]
    if b"\n" not in data:  # the parser and the decoders know no bare CR
        data, given = data.replace(b"\r", b"\n"), given.replace(b"\r", b"\n")
    return tuple(_walk(email.message_from_bytes(data), position.Finder(given), False))


def _refuse_too_many(data: bytes) -> None:
    """The parser recurses into containers, and takes minutes for a million parts: bounded before it runs."""
    if len(_CONTAINER.findall(data)) > MAX_PARTS:
        raise TlsOpsError(f"the mail has more than {MAX_PARTS} nested parts.", hint="Give the certificate alone.")
    boundaries = set(_DECLARED.findall(data))
    if sum(data.count(b"--" + boundary.strip()) for boundary in boundaries) > 2 * MAX_PARTS:
        raise TlsOpsError(f"the mail has more than {MAX_PARTS} parts.", hint="Give the certificate alone.")


def _walk(message: Message, finder: position.Finder, has_plain: bool) -> Iterator[Part]:
    media_type = message.get_content_type()
    if message.is_multipart():
        payload = [child for child in message.get_payload() if isinstance(child, Message)]
        if media_type == "multipart/alternative":
            has_plain = any(child.get_content_type() == "text/plain" for child in payload)
        for child in payload:
            yield from _walk(child, finder, has_plain)
        return
    if media_type in _SIGNATURES:
        return
    _without_endless_fields(message)
    name, charset, encoding = _name(message), _charset(message), _encoding(message)
    del message["Content-Type"]  # newer releases of the email package decode by its charset, whatever that is
    data = _data(message)
    del message["Content-Transfer-Encoding"]
    lines = finder.lines(_data(message), encoding)
    yield Part(data, name, media_type, charset, has_plain and media_type == "text/html", lines)


# What the email package raises where a parameter of a part's head is nonsense.
_NONSENSE = (ValueError, TypeError, LookupError)


def _without_endless_fields(message: Message) -> None:
    """A name or charset may be in an encoding that takes time by the square of its length (RFC 2231, punycode)."""
    for field in ("Content-Type", "Content-Disposition"):
        if len(str(message.get(field, ""))) > MAX_FIELD:
            del message[field]


def _data(message: Message) -> bytes:
    decoded = message.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


def _encoding(message: Message) -> str:
    return str(message.get("Content-Transfer-Encoding", "")).strip().lower()


def _charset(message: Message) -> str:
    try:
        return message.get_content_charset() or ""
    except _NONSENSE:
        return ""


def _name(message: Message) -> str:
    try:
        return message.get_filename() or ""
    except _NONSENSE:
        return ""
