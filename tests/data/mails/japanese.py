# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Mails from Japan: the encodings that are in use there, and what mail programs make of hyphens and labels."""

from __future__ import annotations

import base64
import quopri

from .authority import Mail, pem
from .mime import HEAD, ROWS_OF_HTML, page

BEFORE = """お客様各位

平素は弊社サービスをご利用いただき、誠にありがとうございます。
www.example.com のサーバ証明書(サーバID)を発行いたしました。

■サーバID
"""
AFTER = """
※「-----BEGIN CERTIFICATE-----」から「-----END CERTIFICATE-----」までをコピーしてください。
--
Example Trust カスタマーサポート
"""


def mails() -> dict[str, Mail]:
    return {**_files(), **_mails(), **_mislabelled()}


def letter(text: str) -> str:
    return f"{BEFORE}{text}{AFTER}"


def mail(text: bytes, charset: str, encoding: str = "7bit", kind: str = "plain") -> bytes:
    head = f"{HEAD}Content-Type: text/{kind}; charset={charset}\nContent-Transfer-Encoding: {encoding}\n\n".encode()
    coded = {"base64": base64.encodebytes, "quoted-printable": quopri.encodestring}
    return head + (coded[encoding](text) if encoding in coded else text)


def _between() -> str:
    return pem("leaf") + "\n■中間CA証明書\n" + pem("issuer") + "\n■クロスルート証明書\n" + pem("cross")


def _files() -> dict[str, Mail]:
    text = letter(_between())
    full, minus = text.replace("-", "\uff0d"), text.replace("-", "\u2212")
    return {
        "japanese_text_in_shift_jis": Mail(text.encode("cp932")),
        "japanese_text_in_shift_jis_with_minus_signs": Mail(full.encode("cp932")),
        "japanese_text_in_euc_jp": Mail(text.encode("euc_jp")),
        "japanese_text_in_euc_jp_with_minus_signs": Mail(minus.encode("euc_jp")),
        "japanese_text_in_iso_2022_jp": Mail(text.encode("iso2022_jp")),
        "japanese_text_in_iso_2022_jp_with_minus_signs": Mail(minus.encode("iso2022_jp")),
        "japanese_text_in_utf8_with_bom": Mail(full.encode("utf-8-sig")),
        "japanese_text_in_utf16": Mail(minus.encode("utf-16")),
        "japanese_text_crlf_in_shift_jis": Mail(text.replace("\n", "\r\n").encode("cp932")),
        "japanese_text_with_long_vowel_marks": Mail(text.replace("-----", "ーーーーー").encode("cp932")),
    }


def _mails() -> dict[str, Mail]:
    text = letter(_between())
    minus = text.replace("-", "\u2212")
    page_of = page(ROWS_OF_HTML["br"](text))
    # NEC's row 13 in JIS form (13 01: a circled one), and half-width katakana: neither belongs into ISO-2022-JP.
    more = minus.encode("iso2022_jp").replace(b"Server", b"") + b"\x1b$B-!\x1b(B end \x1b(I\x3b\x5d\x1b(B\n"
    first = b"\x1b$B-!\x1b(B \x1b(I\x3b\x5d\x1b(B\n"
    return {
        "japanese_mail_iso_2022_jp": Mail(mail(text.encode("iso2022_jp"), "iso-2022-jp")),
        "japanese_mail_iso_2022_jp_with_minus_signs": Mail(mail(minus.encode("iso2022_jp"), "iso-2022-jp")),
        "japanese_mail_iso_2022_jp_with_what_is_not_in_it": Mail(mail(first + more, "iso-2022-jp")),
        "japanese_mail_iso_2022_jp_base64": Mail(mail(minus.encode("iso2022_jp"), "iso-2022-jp", "base64")),
        "japanese_mail_iso_2022_jp_quoted_printable": Mail(
            mail(minus.encode("iso2022_jp"), "iso-2022-jp", "quoted-printable")
        ),
        "japanese_mail_shift_jis": Mail(mail(text.encode("cp932"), "Shift_JIS", "8bit")),
        "japanese_mail_shift_jis_with_minus_signs": Mail(
            mail(text.replace("-", "\uff0d").encode("cp932"), "Shift_JIS", "base64")
        ),
        "japanese_mail_euc_jp": Mail(mail(minus.encode("euc_jp"), "EUC-JP", "8bit")),
        "japanese_mail_euc_jp_quoted_printable": Mail(mail(minus.encode("euc_jp"), "EUC-JP", "quoted-printable")),
        "japanese_mail_utf8": Mail(mail(minus.encode(), "utf-8", "base64")),
        "japanese_mail_html_iso_2022_jp": Mail(mail(page_of.encode("iso2022_jp"), "iso-2022-jp", kind="html")),
        "japanese_mail_html_shift_jis_base64": Mail(mail(page_of.encode("cp932"), "Shift_JIS", "base64", "html")),
    }


def _mislabelled() -> dict[str, Mail]:
    text = letter(_between()).replace("-", "\uff0d")
    return {
        "japanese_mail_shift_jis_called_utf8": Mail(mail(text.encode("cp932"), "utf-8", "8bit")),
        "japanese_mail_shift_jis_called_us_ascii": Mail(mail(text.encode("cp932"), "us-ascii", "8bit")),
        "japanese_mail_shift_jis_called_iso_2022_jp": Mail(mail(text.encode("cp932"), "iso-2022-jp", "8bit")),
        "japanese_mail_utf8_called_shift_jis": Mail(mail(text.encode(), "shift_jis", "8bit")),
        "japanese_mail_euc_jp_called_x_euc": Mail(
            mail(text.replace("\uff0d", "\u2212").encode("euc_jp"), "x-euc-japan", "8bit")
        ),
    }
