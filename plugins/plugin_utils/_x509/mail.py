# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A mail taken apart: its texts and attachments, decoded (RFC 2045), to any reasonable depth."""

from __future__ import annotations

import dataclasses
import email
import html
import re
from collections.abc import Iterator
from email.message import Message

from .._errors import TlsOpsError

MAX_PARTS = 100
_EOL = rb"(?:\r\n|\r|\n)"
_FIELD = rb"[!-9;-~]+:[^\r\n]*" + _EOL + rb"(?:[ \t][^\r\n]*" + _EOL + rb")*"
_HEADER = re.compile(rb"\A\s*(?:From [^\r\n]*" + _EOL + rb")?((?:" + _FIELD + rb")+)")
_MIME = re.compile(rb"(?:\A|[\r\n])(?:MIME-Version|Content-(?:Type|Transfer-Encoding)):", re.I)
_BOUNDARY = re.compile(rb"\A\s*--([^\r\n]{1,200})" + _EOL + rb"Content-", re.I)
_CONTAINER = re.compile(rb"(?:multipart|message)/", re.I)
_SIGNATURES = ("application/pkcs7-signature", "application/x-pkcs7-signature", "application/pgp-signature")
_BREAK = re.compile(r"<(?:br|/p|/div|/tr|/li|/pre)\b[^<>]{0,200}>", re.I)
_TAG = re.compile(r"<[^<>]{0,2000}>")


@dataclasses.dataclass(frozen=True)
class Part:
    """One text or attachment. ``fallback``: an HTML version of a text that is there in plain form too."""

    data: bytes
    name: str = ""
    media_type: str = ""
    charset: str = ""
    fallback: bool = False

    def texts(self) -> Iterator[str]:
        """The part as text in the encodings it may be in, likeliest first; nothing where it is binary."""
        data = self.data
        if data.startswith((b"\xff\xfe", b"\xfe\xff")):
            yield data.decode("utf-16", "replace")
            return
        if b"\0" in data:
            return
        guesses = ["utf-8-sig", "euc_jp", "cp932", "cp1252"]
        if b"\x1b" in data:
            guesses.insert(0, "iso2022_jp")
        for charset in dict.fromkeys([self.charset, *guesses, "latin-1"]):
            try:
                text = data.decode(charset)
            except (LookupError, ValueError):
                continue
            yield _without_html(text) if self._is_html(text) else text

    def _is_html(self, text: str) -> bool:
        return self.media_type == "text/html" or re.search(r"<(?:html|br|div)\b", text, re.I) is not None


def parts(data: bytes) -> tuple[Part, ...]:
    """The parts of a mail, or the data itself as the only part where it is none. Raises TlsOpsError.

    The parts that hold a mail's own signature are left out: the sender's certificates are not the answer.
    """
    boundary = _BOUNDARY.match(data)
    if boundary:  # a mail's body without its head
        head = b'Content-Type: multipart/mixed; boundary="' + boundary[1].strip() + b'"\n\n'
        data = head + data.lstrip()
    header = _HEADER.match(data)
    if header is None or not _MIME.search(header[1]):
        return (Part(data),)
    # The parser recurses into containers: bounded here, before it runs.
    if len(_CONTAINER.findall(data)) > MAX_PARTS:
        raise TlsOpsError(f"the mail has more than {MAX_PARTS} nested parts.", hint="Give the certificate alone.")
    text = data[header.start(1) :]
    if b"\n" not in text:  # the parser and the decoders know no bare CR
        text = text.replace(b"\r", b"\n")
    message = email.message_from_bytes(text)
    return tuple(_walk(message, False))


def _walk(message: Message, has_plain: bool) -> Iterator[Part]:
    media_type = message.get_content_type()
    if message.is_multipart():
        payload = [child for child in message.get_payload() if isinstance(child, Message)]
        if media_type == "multipart/alternative":
            has_plain = any(child.get_content_type() == "text/plain" for child in payload)
        for child in payload:
            yield from _walk(child, has_plain)
        return
    if media_type in _SIGNATURES:
        return
    name, charset = _name(message), _charset(message)
    yield Part(_data(message), name, media_type, charset, has_plain and media_type == "text/html")


# What the email package raises where a parameter of a part's head is nonsense.
_NONSENSE = (ValueError, TypeError, LookupError)


def _data(message: Message) -> bytes:
    try:
        decoded = message.get_payload(decode=True)
    except _NONSENSE:  # the charset is none: without it the same bytes come out
        del message["Content-Type"]
        decoded = message.get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""


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


def _without_html(text: str) -> str:
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", text)))
