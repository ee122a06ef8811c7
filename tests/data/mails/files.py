# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are files: DER, PKCS#7, and zip archives as CAs and their portals pack them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

from .authority import AFTER, Mail, block, bundle, der, pem
from .mime import mail, with_files

STORED, DEFLATED = zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED


def mails() -> dict[str, Mail]:
    return {**_files(), **_archives()}


def zipped(files: Mapping[str, bytes], method: int = DEFLATED) -> bytes:
    """A zip archive; a name that ends with a slash is a folder."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def in_windows_code_page(name: str, data: bytes) -> bytes:
    """An archive whose one file is named as Japanese Windows names it: in code page 932, and not marked as UTF-8."""
    stand_in = "x" * len(name.encode("cp932"))
    return zipped({stand_in: data}).replace(stand_in.encode(), name.encode("cp932"))


def bundle_in_ber() -> bytes:
    """PKCS#7 in BER, as Java tools write it: the outer parts with indefinite lengths."""
    message = bundle()
    oid = message.index(bytes.fromhex("06092a864886f70d010702"))
    explicit = message[oid + 11 :]
    signed = explicit[_head(explicit) :]
    return b"\x30\x80" + message[oid : oid + 11] + b"\xa0\x80\x30\x80" + signed[_head(signed) :] + b"\0\0" * 3


def _head(element: bytes) -> int:
    """How long tag and length are."""
    return 2 + (element[1] & 0x7F if element[1] & 0x80 else 0)


def _files() -> dict[str, Mail]:
    return {
        "der_leaf": Mail(der("leaf"), ("leaf",)),
        "der_leaf_with_a_line_end_behind": Mail(der("leaf") + b"\r\n", ("leaf",)),
        "der_pkcs7": Mail(bundle()),
        "der_pkcs7_without_the_leaf": Mail(bundle("issuer", "cross"), ("issuer", "cross")),
        "der_pkcs7_with_a_stray_byte": Mail(bundle() + b"\n"),
        "ber_pkcs7_with_indefinite_lengths": Mail(bundle_in_ber()),
    }


def _archives() -> dict[str, Mail]:
    usual = {"www_example_com.crt": pem("leaf").encode(), "www_example_com.ca-bundle": pem("issuer", "cross").encode()}
    folders = {
        "order/": b"",
        "order/server/": b"",
        "order/server/www.cer": der("leaf"),
        "order/ca/issuer.der": der("issuer"),
        "order/ca/cross.pem": pem("cross").encode(),
    }
    macos = {
        "order/www.crt": pem().encode(),
        "__MACOSX/order/._www.crt": b"\0\5\x16\7\0\2\0\0Mac OS X" + bytes(80),
        "order/.DS_Store": b"\0\0\0\1Bud1" + bytes(40),
        "Thumbs.db": b"\xd0\xcf\x11\xe0" + bytes(60),
    }
    others = {
        "readme.txt": AFTER.encode() * 30,
        "logo.png": b"\x89PNG\r\n\x1a\n" + bytes(50),
        "www.pem": pem().encode(),
    }
    inner = zipped(usual)
    return {
        "zip_crt_and_ca_bundle": Mail(with_files(www_zip=zipped(usual))),
        "zip_pkcs7": Mail(with_files(www_zip=zipped({"www.p7b": bundle()}))),
        "zip_pkcs7_in_base64": Mail(with_files(www_zip=zipped({"www.p7b": block(bundle(), "PKCS7").encode()}))),
        "zip_without_the_leaf_beside_the_text": Mail(
            with_files(pem("leaf"), ca_zip=zipped({"ca.p7b": bundle("issuer", "cross")}))
        ),
        "zip_file": Mail(zipped(usual)),
        "zip_file_not_compressed": Mail(zipped(usual, STORED)),
        "zip_folders_and_der_files": Mail(zipped(folders)),
        "zip_made_on_macos": Mail(zipped(macos)),
        "zip_with_readme_and_logo": Mail(zipped(others)),
        "zip_in_a_zip": Mail(with_files(order_zip=zipped({"order/certificates.zip": inner}))),
        "zip_with_a_mail": Mail(zipped({"answer.eml": mail(pem(), "quoted-printable")})),
        "zip_with_utf16_and_bom": Mail(
            zipped({"a.crt": pem("leaf").encode("utf-16"), "b.crt": pem("issuer", "cross").encode("utf-8-sig")})
        ),
        "zip_with_japanese_names": Mail(zipped({"証明書/サーバ証明書.crt": pem().encode()})),
        "zip_with_japanese_names_in_shift_jis": Mail(in_windows_code_page("サーバ証明書.crt", pem().encode())),
    }
