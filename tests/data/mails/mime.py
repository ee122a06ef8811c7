# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mails as they come: quoted-printable, base64, parts in parts, HTML, forwarded and signed ones."""

from __future__ import annotations

import base64
import html
import quopri
from collections.abc import Callable
from email.message import EmailMessage
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from .authority import ALL, Mail, bundle, certificates, der, letter, pem

HEAD = (
    "Return-Path: <no-reply@ca.example>\nFrom: Example Trust <no-reply@ca.example>\nTo: web-admin@example.com\n"
    "Subject: Your certificate\nMIME-Version: 1.0\n"
)
ROWS_OF_HTML: dict[str, Callable[[str], str]] = {
    "br": lambda text: "<p>" + html.escape(text).replace("\n", "<br>\n") + "</p>",
    "br_without_line_ends": lambda text: "<p>" + html.escape(text).replace("\n", "<br/>") + "</p>",
    "pre": lambda text: f"<PRE style='font: 9pt'>{html.escape(text)}</PRE>",
    "div_a_row": lambda text: "".join(f"<div>{html.escape(row)}</div>" for row in text.split("\n")),
    "table": lambda text: "<table>" + "".join(f"<tr><td>{html.escape(row)}</td></tr>" for row in text.split("\n")),
    "nbsp": lambda text: html.escape(text).replace(" ", "&nbsp;").replace("\n", "&nbsp;<br>\n"),
    "entities": lambda text: (
        html.escape(text).translate({ord(each): f"&#{ord(each)};" for each in "+/=-"}).replace("\n", "<br>")
    ),
    "spans_and_word_breaks": lambda text: "<br>".join(
        f"<span lang=EN-US>{html.escape(row[:30])}</span><wbr><span\nstyle='x'>{html.escape(row[30:])}</span>"
        for row in text.split("\n")
    ),
    "encoded_line_ends": lambda text: "<p>" + html.escape(text).replace("\n", "&#13;&#10;") + "</p>",
}


def mails() -> dict[str, Mail]:
    return {**_encoded(), **_html(), **_nested(), **_attached(), **_odd(), **_signed()}


def mail(text: str, encoding: str = "7bit", charset: str = "us-ascii", end: str = "\n") -> bytes:
    """A mail of one text; quoted-printable in rows of 76, as mail programs write it."""
    body, lines = text.encode(charset), text
    if encoding == "base64":
        lines = base64.encodebytes(body).decode()
    elif encoding == "quoted-printable":
        lines = quopri.encodestring(body).decode()
    head = f'{HEAD}Content-Type: text/plain; charset="{charset}"\nContent-Transfer-Encoding: {encoding}\n\n'
    return (head + lines).replace("\n", end).encode("utf-8" if lines is text else "ascii")


def with_files(text: str = "Your certificate is attached.", **files: bytes) -> bytes:
    """Attachments by name; ``_`` stands for the dot."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = "Your certificate"
    message.set_content(text)
    for name, data in files.items():
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name.replace("_", "."))
    return message.as_bytes()


def in_html(rows: str, *, plain: str = "") -> bytes:
    message = EmailMessage()
    message["Subject"] = "Your certificate"
    if plain:
        message.set_content(plain)
        message.add_alternative(rows, subtype="html")
    else:
        message.set_content(rows, subtype="html", cte="8bit")
    return message.as_bytes()


def page(rows: str) -> str:
    style = "<style>\n<!-- p {margin: 0} -->\n</style>"
    return f"<html><head>{style}</head>\n<body lang=JA>{rows}</body></html>\n"


def _encoded() -> dict[str, Mail]:
    text = letter(pem())
    soft = "=\n".join(text.replace("=", "=3D").replace("\n", "=0A")[at : at + 73] for at in range(0, 9999, 73))
    soft = (
        soft.replace("==\n0A", "=0A=\n")
        .replace("=0=\nA", "=0A=\n")
        .replace("==\n3D", "=3D=\n")
        .replace("=3=\nD", "=3D=\n")
    )
    return {
        "mail_7bit": Mail(mail(text)),
        "mail_crlf": Mail(mail(text, end="\r\n")),
        "mail_bare_cr": Mail(mail(text, end="\r")),
        "mail_without_mime": Mail(f"From: ca@ca.example\nSubject: certificate\n\n{text}".encode()),
        "mail_mbox": Mail(b"From ca@ca.example Sun Nov 22 01:02:03 2026\n" + mail(text)),
        "mail_utf8_with_bom": Mail(b"\xef\xbb\xbf" + mail(text, "base64")),
        "mail_utf16_with_bom": Mail(mail(text, "base64").decode().encode("utf-16")),
        "mail_quoted_printable": Mail(mail(text, "quoted-printable")),
        "mail_quoted_printable_crlf": Mail(mail(text, "quoted-printable", end="\r\n")),
        "mail_quoted_printable_rows_of_120": Mail(mail(letter(pem(width=120)), "quoted-printable")),
        "mail_quoted_printable_one_long_row": Mail(mail(letter(pem(width=9999)), "quoted-printable")),
        "mail_quoted_printable_line_ends_encoded": Mail(
            f"{HEAD}Content-Type: text/plain\nContent-Transfer-Encoding: Quoted-Printable\n\n{soft}".encode()
        ),
        "mail_base64": Mail(mail(text, "base64")),
        "mail_base64_crlf": Mail(mail(text.replace("\n", "\r\n"), "base64", end="\r\n")),
        "mail_base64_upper_case": Mail(mail(text, "base64").replace(b"Encoding: base64", b"Encoding: BASE64 ")),
        "mail_format_flowed": Mail(
            mail("".join(f" {row} \n" if row.startswith("-") else f"{row}\n" for row in text.splitlines())).replace(
                b"plain; ", b"plain; format=flowed; delsp=yes; "
            )
        ),
        "mail_reply_quoted": Mail(mail("".join(f"> {row}\n" for row in text.splitlines()), "quoted-printable")),
    }


def _html() -> dict[str, Mail]:
    text = letter(pem())
    found = {f"html_{name}": Mail(in_html(page(rows(text)))) for name, rows in ROWS_OF_HTML.items()}
    coded = {
        encoding: f"{HEAD}Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: {encoding}\n\n".encode()
        for encoding in ("quoted-printable", "base64")
    }
    body = page(ROWS_OF_HTML["br"](text)).encode()
    return found | {
        "html_quoted_printable": Mail(coded["quoted-printable"] + quopri.encodestring(body)),
        "html_base64": Mail(coded["base64"] + base64.encodebytes(body)),
        "html_file": Mail(body),
        "html_of_a_quoted_reply": Mail(
            in_html(page("<blockquote>" + "<br>\n".join(f"&gt; {row}" for row in text.split("\n")) + "</blockquote>"))
        ),
        "html_beside_plain_text": Mail(in_html(page(ROWS_OF_HTML["br"](text)), plain=text)),
        "html_cut_off_beside_plain_text": Mail(in_html(page(ROWS_OF_HTML["pre"](text)[:900]), plain=text)),
        "html_with_the_certificate_beside_plain_text_without": Mail(
            in_html(page(ROWS_OF_HTML["br"](text)), plain="Please see the HTML version of this mail.")
        ),
    }


def _nested() -> dict[str, Mail]:
    inner = EmailMessage()
    inner["Subject"] = "Your certificate"
    inner.set_content(letter(pem("leaf")))
    inner.add_attachment(
        bundle("issuer", "cross"), maintype="application", subtype="x-pkcs7-certificates", filename="c.p7b"
    )
    forwarded = EmailMessage()
    forwarded["Subject"] = "Fwd: Your certificate"
    forwarded.set_content("see below")
    forwarded.add_attachment(inner)
    mixed, related, alternative = (MIMEMultipart(each) for each in ("mixed", "related", "alternative"))
    alternative.attach(MIMEText(letter(pem("leaf")), "plain", "utf-8"))
    alternative.attach(MIMEText(page("<p>see the text</p>"), "html", "utf-8"))
    related.attach(alternative)
    mixed.attach(related)
    mixed.attach(MIMEText(pem("issuer"), "x-pem-file"))
    mixed.attach(MIMEText(pem("cross"), "plain"))
    digest = MIMEMultipart("digest")
    digest.attach(forwarded)
    whole = mail(letter(pem()))
    return {
        "nested_mixed_related_alternative": Mail(mixed.as_bytes()),
        "nested_forwarded_as_attachment": Mail(forwarded.as_bytes()),
        "nested_digest": Mail(digest.as_bytes()),
        "nested_forwarded_in_the_text": Mail(mail("-------- Forwarded message --------\n" + whole.decode())),
        "nested_body_without_its_head": Mail(with_files(chain_pem=pem().encode()).partition(b"\r\n\r\n")[2]),
    }


def _attached() -> dict[str, Mail]:
    named = with_files(**{"x_cer": der("leaf")}).replace(b'filename="x.cer"', b"filename*=utf-8''%E8%A8%BC.cer")
    return {
        "attached_pem": Mail(with_files(www_crt=pem().encode())),
        "attached_der_files": Mail(with_files(www_cer=der("leaf"), ca_cer=der("issuer"), cross_cer=der("cross"))),
        "attached_pkcs7_in_der": Mail(with_files(chain_p7b=bundle())),
        "attached_pkcs7_in_base64": Mail(with_files(chain_p7b=base64.encodebytes(bundle()))),
        "attached_pkcs7_without_the_leaf_in_the_text": Mail(
            with_files(letter(pem("leaf")), p7b=bundle("issuer", "cross"))
        ),
        "attached_with_a_japanese_name": Mail(named, ("leaf",)),
        "attached_beside_a_logo_and_a_pdf": Mail(
            with_files(
                logo_png=b"\x89PNG\r\n\x1a\n" + bytes(99), note_pdf=b"%PDF-1.7\n%\xe2\xe3", www_crt=pem().encode()
            )
        ),
        "attached_pem_in_utf16": Mail(with_files(www_crt=pem().encode("utf-16"))),
    }


def _odd() -> dict[str, Mail]:
    text = letter(pem())
    return {
        "mail_of_an_unknown_charset": Mail(mail(text).replace(b"us-ascii", b"x-nonsense")),
        "mail_of_an_unknown_encoding": Mail(mail(text).replace(b"Encoding: 7bit", b"Encoding: x-nonsense")),
        "mail_without_the_last_boundary": Mail(with_files(www_crt=pem().encode()).rpartition(b"\r\n--")[0]),
    }


def _signed() -> dict[str, Mail]:
    staff = certificates()["staff"]
    builder = PKCS7SignatureBuilder().set_data(mail(letter(pem())))
    builder = builder.add_signer(staff.certificate.parsed, staff.key, hashes.SHA256())  # type: ignore[arg-type]
    return {
        "signed_with_the_signature_apart": Mail(builder.sign(Encoding.SMIME, [PKCS7Options.DetachedSignature])),
        "signed_in_one_piece": Mail(builder.sign(Encoding.DER, [PKCS7Options.Binary]), (*ALL, "staff")),
        "signed_in_one_piece_attached": Mail(
            with_files(smime_p7m=builder.sign(Encoding.DER, [PKCS7Options.Binary])), (*ALL, "staff")
        ),
    }
