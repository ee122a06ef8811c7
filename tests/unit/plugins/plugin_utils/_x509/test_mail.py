# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from email.message import EmailMessage

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.mail import MAX_PARTS, Part, parts
from hypothesis import example, given
from hypothesis import strategies as st


def test_what_is_no_mail_is_one_part() -> None:
    text = b"Dear customer:\n\n-----BEGIN X-----"
    assert parts(text) == (Part(text, lines=range(1, 4)),)
    assert parts(b"Subject: no MIME here\n\nbody\n")[0].data == b"Subject: no MIME here\n\nbody\n"


@pytest.mark.parametrize("head", [b"", b"\n\n", b"From ca@example.com Sat Nov 21\n", b"Received: a\n by b\n"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_transfer_encodings_are_undone(head: bytes, end: bytes) -> None:
    mail = head + b"MIME-Version: 1.0\nContent-Type: text/plain; charset=us-ascii\n"
    mail += b"Content-Transfer-Encoding: quoted-printable\n\nab=\ncd=3D\n"
    (part,) = parts(mail.replace(b"\n", end))
    assert part.data.strip() == b"abcd="


def test_a_pasted_body_without_its_head() -> None:
    body = b"--xyz\nContent-Type: text/plain\n\none\n--xyz\nContent-Type: text/plain\n\ntwo\n--xyz--\n"
    assert [part.data.strip() for part in parts(body)] == [b"one", b"two"]


def test_attachments_have_names_and_forwarded_mails_are_opened() -> None:
    inner = EmailMessage()
    inner["Subject"] = "your certificate"
    inner.set_content("inside")
    inner.add_attachment(b"\x30\x82", maintype="application", subtype="x-x509-ca-cert", filename="証明書.cer")
    outer = EmailMessage()
    outer["Subject"] = "Fwd"
    outer.set_content("see below")
    outer.add_attachment(inner)
    found = parts(outer.as_bytes())
    assert [(part.data.strip(), part.name) for part in found] == [
        (b"see below", ""),
        (b"inside", ""),
        (b"\x30\x82", "証明書.cer"),
    ]


def test_html_beside_plain_text_is_only_a_fallback_and_signatures_are_left_out() -> None:
    mail = EmailMessage()
    mail["Subject"] = "x"
    mail.set_content("plain")
    mail.add_alternative("<p>html</p>", subtype="html")
    mail.add_attachment(b"sig", maintype="application", subtype="pkcs7-signature", filename="smime.p7s")
    assert [(part.media_type, part.fallback) for part in parts(mail.as_bytes())] == [
        ("text/plain", False),
        ("text/html", True),
    ]


def test_html_alone_is_no_fallback_and_reads_as_text() -> None:
    mail = EmailMessage()
    mail.set_content("<html><p>a&#43;b<br>c&nbsp;</p></html>", subtype="html")
    (part,) = parts(mail.as_bytes())
    assert not part.fallback
    assert next(part.texts()).split() == ["a+b", "c"]


@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16", "iso2022_jp", "euc_jp", "cp932", "cp1252"])
def test_texts_in_any_of_the_usual_encodings(charset: str) -> None:
    text = "caf\u00e9 \u2013" if charset == "cp1252" else "証明書 \u30fc"
    assert text in list(Part(text.encode(charset)).texts())


def test_binary_data_is_no_text_and_an_unknown_charset_is_passed_over() -> None:
    assert list(Part(b"\x00\x01").texts()) == []
    assert next(Part(b"plain", charset="x-nonsense").texts()) == "plain"


@pytest.mark.parametrize("field", ["Content-Disposition: attachment; filename", "Content-Type: x/y; charset"])
def test_an_endless_field_is_left_out(field: str) -> None:
    started = time.monotonic()
    (part,) = parts(f"MIME-Version: 1.0\n{field}*=punycode''a-{'zzk9' * 50_000}\n\nbody\n".encode())
    assert (part.data, part.name, part.charset) == (b"body\n", "", "")
    assert time.monotonic() - started < 5


def test_nesting_is_bounded() -> None:
    deep = b"Content-Type: message/rfc822\n\n" * (MAX_PARTS + 1)
    with pytest.raises(TlsOpsError, match="nested"):
        parts(b"MIME-Version: 1.0\n" + deep)


def test_what_takes_the_parser_minutes_is_refused() -> None:
    started = time.monotonic()
    for declared in (b"boundary=b", b'BOUNDARY = "b"', b"boundary*0=b"):
        many = b"MIME-Version: 1.0\nContent-Type: multipart/mixed; " + declared + b"\n\n" + b"--b\n\nx\n" * 500_000
        with pytest.raises(TlsOpsError, match="more than 100 parts"):
            parts(many)
    endless = b"MIME-Version: 1.0\n" + b"a: b\n" * 1_000_000
    assert [len(part.data) for part in parts(endless)] == [len(endless)]
    assert time.monotonic() - started < 10


HEADS = [
    "Content-Type: text/plain",
    "Content-Type: multipart/mixed; boundary=b",
    "--b",
    "--b--",
    "",
    "x",
    "MIME-Version: 1.0",
]
HEADS += [
    "Content-Transfer-Encoding: base64",
    "Content-Type: message/rfc822",
    "Content-Disposition: attachment; filename*0*=x'",
]
HEADS += [
    "Content-Type: text/html; charset*=q'%%'%ff",
    "Content-Transfer-Encoding: x-uuencode",
    "begin 666 x",
    "\u8a3c",
]


@given(st.lists(st.sampled_from(HEADS), max_size=20))
@example(["Content-Type: multipart/mixed; boundary=b", "", "--b"])
def test_any_arrangement_of_a_mail_is_read(rows: list[str]) -> None:
    for part in parts("\n".join(rows).encode()):
        list(part.texts())


@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    for head in (b"", b"Content-Type: text/plain; charset=" + data[:10].replace(b"\n", b"") + b"\n\n"):
        for part in parts(head + data):
            list(part.texts())
