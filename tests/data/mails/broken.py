# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are broken beyond repair, or none at all, and the words that must say so.

A line to blame holds ``###`` here, or is the one behind which something is missing; ``_line`` finds it in the file as
an editor counts, so that the number in the error is not computed by what is tested.
"""

from __future__ import annotations

import base64
import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12

from tests.unit.mint import ec_key

from .authority import BEFORE, Broken, block, bundle, certificates, der, letter, pem
from .files import STORED, zipped
from .japanese import letter as japanese_letter
from .japanese import mail as japanese_mail
from .mime import ROWS_OF_HTML, in_html, mail, page, with_files

BAD = "###"


def mails() -> dict[str, Broken]:
    return {**_rows(), **_in_mails(), **_cut(), **_changed(), **_archives(), **_secrets(), **_nothing()}


def spoilt(text: str, row: int = 7) -> str:
    """PEM with a row in which something stands that is no base64."""
    rows = text.splitlines(keepends=True)
    first = next(number for number, each in enumerate(rows) if "BEGIN CERT" in each)
    rows[first + row] = rows[first + row][:20] + BAD + rows[first + row][23:]
    return "".join(rows)


def _line(text: str, sign: str = BAD) -> int:
    """The number of the line with ``sign``; CRLF, LF and CR each end one."""
    before = text[: text.index(sign)]
    return len(re.findall(r"\r\n|\r|\n", before)) + 1


def _named(data: bytes, text: str | None = None) -> Broken:
    """The error must name the line with ``BAD``."""
    return Broken(data, rf"damaged in line {_line(data.decode() if text is None else text)}: that is not base64")


def _rows() -> dict[str, Broken]:
    text = spoilt(letter(pem()))
    begin = _line(text, "-----BEGIN")
    missing = [row for number, row in enumerate(letter(pem()).splitlines(keepends=True), 1) if number != begin + 3]
    short = letter(pem("leaf")).replace("=", "").splitlines(keepends=True)
    short[begin + 1] = short[begin + 1][0:60] + short[begin + 1][61 + (len(der("leaf")) % 3 == 2) :]
    return {
        "row_of_a_text": _named(text.encode()),
        "row_of_a_text_crlf": _named(text.replace("\n", "\r\n").encode()),
        "row_of_a_text_bare_cr": _named(text.replace("\n", "\r").encode()),
        "row_of_a_text_with_blank_lines": _named(text.replace("\n", "\n\n").encode()),
        "row_of_a_quoted_text": _named("".join(f"> {row}\n" for row in text.splitlines()).encode()),
        "row_of_utf16": _named(text.encode("utf-16"), text),
        "row_of_the_second_block": _named((pem("leaf") + "\n\n" + spoilt(pem("issuer"))).encode()),
        "row_missing": Broken(
            "".join(missing).encode(), rf"^the CA's answer is damaged: the block at line {begin} is not whole"
        ),
        "character_missing": Broken(
            "".join(short).encode(), rf"the block at line {begin} has \d+ base64 characters: at least one"
        ),
        "equals_sign_in_a_row": Broken(
            letter(pem()).replace("\nMI", "\nMI==", 1).encode(), rf"the block at line {begin} is damaged"
        ),
        "nul_in_a_row": Broken(
            text.replace(BAD, "A\0A").encode(), rf"the block at line {begin} (has \d+ base64|is not whole)"
        ),
    }


def _in_mails() -> dict[str, Broken]:
    text = spoilt(letter(pem()))
    quoted = mail(spoilt(letter(pem(width=120)), 3), "quoted-printable")
    attached = with_files(www_crt=spoilt(pem()).encode())
    seven_bit = mail(text).replace(b"text/plain", b'application/x-pem-file; name="www.crt"')
    breaks, tags = (page(ROWS_OF_HTML[rows](text)) for rows in ("br", "spans_and_word_breaks"))
    two = with_files(letter(pem("leaf")), ca_crt=spoilt(pem("issuer")).encode())
    iso = japanese_letter(spoilt(pem()).replace("-", "\u2212"))
    return {
        "row_of_a_mail": _named(mail(text)),
        "row_of_a_mail_crlf": _named(mail(text, end="\r\n")),
        "row_of_a_mail_bare_cr": _named(mail(text, end="\r")),
        "row_of_a_mail_mbox": _named(b"From ca@ca.example Sun Nov 22 01:02:03 2026\n" + mail(text)),
        "row_of_quoted_printable": _named(quoted),
        "row_of_quoted_printable_crlf": _named(mail(spoilt(letter(pem(width=120)), 3), "quoted-printable", end="\r\n")),
        "row_of_a_seven_bit_attachment": Broken(
            seven_bit, rf"\(attachment 'www.crt'\) is damaged in line {_line(seven_bit.decode())}:"
        ),
        "row_of_a_base64_attachment": Broken(
            attached, r"the block at line 1 of attachment 'www.crt' is damaged in line 8:"
        ),
        "row_of_a_base64_attachment_beside_a_good_text": Broken(
            two, r"line 1 of attachment 'ca.crt' is damaged in line 8:"
        ),
        "row_of_a_base64_text": Broken(mail(text, "base64"), rf"of the decoded text is damaged in line {_line(text)}:"),
        "row_of_html": _named(in_html(breaks)),
        "row_of_html_with_tags_over_lines": _named(in_html(tags)),
        "row_of_an_iso_2022_jp_mail": _named(
            japanese_mail(iso.encode("iso2022_jp"), "iso-2022-jp"), japanese_mail(b"", "iso-2022-jp").decode() + iso
        ),
        "row_of_a_shift_jis_text": _named(
            japanese_letter(spoilt(pem())).encode("cp932"), japanese_letter(spoilt(pem()))
        ),
    }


def _cut() -> dict[str, Broken]:
    text = letter(pem())
    begin = _line(text, "-----BEGIN")
    return {
        "cut_off_in_the_first_block": Broken(
            text[: len(BEFORE) + 500].encode(), rf"the block at line {begin} has no END line"
        ),
        "cut_off_and_sent_again": Broken((pem()[:500] + "\n" + pem()).encode(), "the block at line 1 has no END line"),
        "cut_off_der": Broken(der("leaf")[:-20], r"the file is not whole \(cut off: \d+ bytes announced, \d+ there\)"),
        "cut_off_der_attachment": Broken(with_files(www_cer=der("leaf")[:-20]), "attachment 'www.cer' is not whole"),
        "cut_off_pkcs7": Broken(bundle()[:-10], "the file is not whole"),
        "cut_off_base64_attachment": Broken(_cut_base64(), "attachment 'www.cer' is not whole"),
        "pkcs7_with_nonsense_in_it": Broken(
            bundle().replace(b"\x02\x01\x01\x31\x00", b"\x04\x01\x01\x31\x00", 1), "damaged PKCS#7"
        ),
    }


def _cut_base64() -> bytes:
    whole = with_files(www_cer=der("leaf"))
    row = base64.b64encode(der("leaf"))[76:152]
    return whole.replace(row + b"\r\n", b"")


def _changed() -> dict[str, Broken]:
    """PEM has no checksum: a changed letter may give a certificate, which nobody has signed."""
    leaf = der("leaf")
    signature, key = bytearray(leaf), bytearray(leaf)
    signature[-3] ^= 1
    key[leaf.index(b"www.example.com") + 1] ^= 1
    chain = pem("issuer", "cross")
    return {
        "changed_in_the_signature": Broken(
            (block(bytes(signature), "CERTIFICATE") + chain).encode(),
            r"of 'www.example.com' \(the block at line 1\) by 'Example Trust Server CA' \(the block at line \d+\)",
        ),
        "changed_in_the_name": Broken((block(bytes(key), "CERTIFICATE") + chain).encode(), "does not hold"),
        "no_certificate_in_the_block": Broken(
            block(b"\x30\x82\x00\x60" + b"\x05\x00" * 48, "CERTIFICATE").encode(),
            "line 1 holds not an X.509 certificate",
        ),
    }


def _archives() -> dict[str, Broken]:
    usual = {"www.crt": pem().encode()}
    locked = bytearray(zipped(usual))
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(sign) + offset] |= 1  # the bit of encryption
    stored = zipped(usual, STORED)
    three = zipped({"c.zip": zipped({"b.zip": zipped({"a.zip": zipped(usual)})})})
    return {
        "zip_locked": Broken(
            with_files(www_zip=bytes(locked)), r"file 'www.zip/www.crt' locked with a password.*Unpack"
        ),
        "zip_cut_off": Broken(zipped(usual)[:-40], "the file is a damaged zip archive"),
        "zip_with_a_wrong_checksum": Broken(stored.replace(b"MII", b"MIJ", 1), "damaged zip archive: Bad CRC-32"),
        "zip_that_grows": Broken(with_files(a_zip=zipped({"www.crt": bytes(900_000)})), "too large .*100 times"),
        "zip_of_a_large_file": Broken(zipped({"www.crt": bytes(2_000_000)}), "'www.crt' of 2000000 bytes"),
        "zip_of_many_files": Broken(zipped({f"{number}.crt": b"x" for number in range(201)}), "more than 200 files"),
        "zip_in_a_zip_in_a_zip": Broken(three, r"a zip archive in a zip archive in another one \(file 'c.zip/b.zip'\)"),
        "zip_with_a_damaged_row": Broken(
            zipped({"order/www.crt": spoilt(pem()).encode()}),
            "the block at line 1 of file 'order/www.crt' is damaged in line 8:",
        ),
        "zip_of_a_text": Broken(zipped({"readme.txt": b"Your order is being processed.\n"}), "file 'readme.txt'"),
        "zip_empty": Broken(zipped({}), "nothing at all"),
    }


def _secrets() -> dict[str, Broken]:
    key, leaf = certificates()["leaf"].key, certificates()["leaf"].certificate.parsed
    plain, locked = serialization.NoEncryption(), serialization.BestAvailableEncryption(b"secret")
    pkcs8 = serialization.PrivateFormat.PKCS8
    in_pem = key.private_bytes(Encoding.PEM, pkcs8, plain)
    pfx = pkcs12.serialize_key_and_certificates(b"www", key, leaf, None, locked)  # type: ignore[arg-type]
    begin = len(pem().splitlines()) + 1
    return {
        "private_key_behind_the_certificates": Broken(
            pem().encode() + in_pem, rf"private key \(the block at line {begin}\)"
        ),
        "private_key_in_a_zip": Broken(
            zipped({"www.crt": pem().encode(), "www.key": in_pem}), r"private key \(.* file 'www.key'\)"
        ),
        "private_key_in_der_in_a_zip": Broken(
            zipped({"k.der": key.private_bytes(Encoding.DER, pkcs8, plain)}), "private key"
        ),
        "private_key_in_a_pfx": Broken(with_files(pem(), www_pfx=pfx), r"private key \(attachment 'www.pfx'\)"),
        "encrypted_by_pgp": Broken(mail(block(b"\x85" + bytes(150), "PGP MESSAGE")), "the CA's answer is encrypted"),
    }


def _nothing() -> dict[str, Broken]:
    request = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).sign(ec_key(), hashes.SHA256())
    asked = block(request.public_bytes(Encoding.DER), "NEW CERTIFICATE REQUEST")
    return {
        "nothing": Broken(b"", "nothing at all"),
        "only_words": Broken(mail("Your order is being processed.\n"), "a text of 1 lines without a PEM block"),
        "only_words_that_name_the_markers": Broken(
            letter("").replace("BEGIN to END", "-----BEGIN CERTIFICATE-----").encode(), "a text of"
        ),
        "only_the_request": Broken(asked.encode(), r"a certificate request \(the block at line 1\)"),
        "only_a_logo": Broken(with_files(logo_png=b"\x89PNG\r\n\x1a\n" + bytes(50)), "attachment 'logo.png'"),
        "only_a_link": Broken(in_html(page("<a href='https://ca.example/x'>download</a>")), "a text of"),
    }
