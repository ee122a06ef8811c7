# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The mail in which a CA answers a request: header, words before and after, and the certificates in one of the forms
that real mails have. Seven-bit throughout, so a mail is a text."""

from __future__ import annotations

import base64
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

if TYPE_CHECKING:
    from .authority import Authority, Days

FORMS = ("pem", "pem-leaf-last", "pkcs7", "japanese")

ENGLISH_BEFORE = """Dear customer,

your SSL/TLS server certificate for {name} has been issued.
Order number: 0012345678      Valid until: {until:%Y-%m-%d}

Please install the server ID and the intermediate certificates below.
"""
ENGLISH_AFTER = """
Copy each block from BEGIN to END, these lines included, into a text file.
--
Example Trust customer support -- https://support.example/ssl
This mail was sent automatically; please do not reply.
"""
JAPANESE_BEFORE = """お客様各位

平素は弊社サービスをご利用いただき、誠にありがとうございます。
{name} のサーバ証明書(サーバID)を発行いたしました。

■サーバID
"""
JAPANESE_AFTER = """
※「-----BEGIN CERTIFICATE-----」から「-----END CERTIFICATE-----」までをコピーしてください。
--
Example Trust カスタマーサポート
"""


def compose(form: str, leaf: x509.Certificate, chain: list[x509.Certificate], host_name: str) -> str:
    """``form``: ``pem`` (leaf first), ``pem-leaf-last``, ``pkcs7`` (an attachment), ``japanese`` (ISO-2022-JP, PEM)."""
    message = EmailMessage(policy=SMTP)
    message["From"] = "Example Trust <no-reply@ca.example>"
    message["To"] = "web-admin@example.com"
    message["Subject"] = f"Your certificate for {host_name} has been issued"
    message["Message-ID"] = f"<{leaf.serial_number:x}@ca.example>"
    message["Date"] = f"{leaf.not_valid_before_utc:%a, %d %b %Y %H:%M:%S} +0000"
    {"pem": _english, "pem-leaf-last": _leaf_last, "pkcs7": _attached, "japanese": _japanese}[form](
        message, leaf, chain, host_name
    )
    return message.as_bytes().decode("ascii")


def answer(authority: Authority, request: str | bytes, form: str = "pem", days: Days = (-1, 396)) -> str:
    """The mail with which a CA answers a request in PEM."""
    leaf = authority.sign(request, days)
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return compose(form, leaf, authority.chain(), str(next(iter(names)).value))


def _english(message: EmailMessage, leaf: x509.Certificate, chain: list[x509.Certificate], name: str) -> None:
    blocks = "\n".join(["[Server ID]", pem(leaf), "[Intermediate and cross-root certificates]", *map(pem, chain)])
    before = ENGLISH_BEFORE.format(name=name, until=leaf.not_valid_after_utc)
    message.set_content(f"{before}\n{blocks}{ENGLISH_AFTER}", cte="7bit")


def _leaf_last(message: EmailMessage, leaf: x509.Certificate, chain: list[x509.Certificate], name: str) -> None:
    before = ENGLISH_BEFORE.format(name=name, until=leaf.not_valid_after_utc)
    blocks = "\n".join(map(pem, [*reversed(chain), leaf]))
    message.set_content(f"{before}\n{blocks}{ENGLISH_AFTER}", cte="7bit")


def _attached(message: EmailMessage, leaf: x509.Certificate, chain: list[x509.Certificate], name: str) -> None:
    before = ENGLISH_BEFORE.format(name=name, until=leaf.not_valid_after_utc)
    message.set_content(before + ENGLISH_AFTER, cte="7bit")
    data = pkcs7.serialize_certificates([leaf, *chain], Encoding.DER)
    message.add_attachment(data, maintype="application", subtype="x-pkcs7-certificates", filename=f"{name}.p7b")


def _japanese(message: EmailMessage, leaf: x509.Certificate, chain: list[x509.Certificate], name: str) -> None:
    blocks = "\n".join([pem(leaf), "■中間CA証明書・クロスルート証明書", *map(pem, chain)])
    del message["Subject"]
    message["Subject"] = f"サーバ証明書発行のお知らせ {name}"
    text = f"{JAPANESE_BEFORE.format(name=name)}{blocks}{JAPANESE_AFTER}"
    message.set_content(text, charset="iso-2022-jp", cte="7bit")


def pem(certificate: x509.Certificate) -> str:
    """With its line ends as LF; ``SMTP`` makes them CRLF."""
    data = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    rows = [data[at : at + 64] for at in range(0, len(data), 64)]
    return "\n".join(["-----BEGIN CERTIFICATE-----", *rows, "-----END CERTIFICATE-----", ""])
