# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Answers that are a text and nothing else: what copying, pasting and saving make of PEM."""

from __future__ import annotations

import base64

from .authority import AFTER, ALL, BEFORE, Mail, block, bundle, der, letter, pem

_DASHES = {
    "full_width_hyphens": "\uff0d",
    "minus_signs": "\u2212",
    "long_vowel_marks": "\u30fc",
    "half_width_vowel_marks": "\uff70",
    "figure_dashes": "\u2012",
    "horizontal_bars": "\u2015",
    "box_drawing": "\u2500",
    "non_breaking_hyphens": "\u2011",
}


def mails() -> dict[str, Mail]:
    return {**_saved(), **_indented(), **_dashed(), **_told(), **_bare()}


def _saved() -> dict[str, Mail]:
    chain = pem()
    return {
        "pem_leaf_first": Mail(chain.encode()),
        "pem_leaf_last": Mail(pem("cross", "issuer", "leaf").encode()),
        "pem_leaf_in_the_middle_with_root": Mail(pem("root", "leaf", "issuer").encode(), ("root", "leaf", "issuer")),
        "pem_leaf_alone": Mail(pem("leaf").encode(), ("leaf",)),
        "pem_crlf": Mail(pem(end="\r\n").encode()),
        "pem_bare_cr": Mail(pem(end="\r").encode()),
        "pem_mixed_line_ends": Mail((pem("leaf", end="\r\n") + pem("issuer") + pem("cross", end="\r")).encode()),
        "pem_utf8_with_bom": Mail(letter(chain).encode("utf-8-sig")),
        "pem_utf16_le_with_bom": Mail(b"\xff\xfe" + letter(pem(end="\r\n")).encode("utf-16-le")),
        "pem_utf16_be_with_bom": Mail(b"\xfe\xff" + letter(chain).encode("utf-16-be")),
        "pem_utf16_without_bom": Mail(letter(pem(end="\r\n")).encode("utf-16-le")),
        "pem_76_columns": Mail(pem(width=76).encode()),
        "pem_one_long_row": Mail(pem(width=10_000).encode()),
        "pem_short_rows": Mail(pem(width=20).encode()),
        "pem_all_in_one_line": Mail(" ".join(chain.split("\n")).encode()),
        "pem_with_escaped_line_ends": Mail(f'{{"certificate": "{chain}"}}'.replace("\n", "\\n").encode()),
        "pem_with_escaped_crlf": Mail(f'{{"certificate": "{chain}"}}'.replace("\n", "\\r\\n").encode()),
        "pem_without_padding": Mail(chain.replace("=", "").encode()),
        "pem_with_too_much_padding": Mail(chain.replace("\n-----END", "==\n-----END").encode()),
        "pem_x509_certificate": Mail(pem(label="X509 CERTIFICATE").encode()),
        "pem_trusted_certificate": Mail(
            "".join(
                block(der(each) + b"\x30\x0c\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01", "TRUSTED CERTIFICATE")
                for each in ALL
            ).encode()
        ),
        "pem_lower_case_markers": Mail(
            chain.replace("BEGIN CERT", "begin Cert").replace("END CERT", "End cert").encode()
        ),
    }


def _indented() -> dict[str, Mail]:
    rows = letter(pem()).splitlines()
    replied = ["Am 22.11.2026 schrieb Example Trust:", *(f"> {row}" for row in rows), "", "please install, thanks"]
    return {
        "pem_blank_lines": Mail(letter(pem()).replace("\n", "\n\n").encode()),
        "pem_indented": Mail("".join(f"    {row}\n" for row in rows).encode()),
        "pem_tabs_and_trailing_blanks": Mail("".join(f"\t{row}  \t\r\n" for row in rows).encode()),
        "pem_quoted_reply": Mail("\n".join(replied).encode()),
        "pem_quoted_twice": Mail("".join(f">> > {row}\n" for row in rows).encode()),
        "pem_quoted_with_bars": Mail("".join(f"| {row}\n" for row in rows).encode()),
        "pem_zero_width_spaces": Mail(letter(pem()).replace("\n", "\u200b\n").encode()),
        "pem_no_break_spaces": Mail("".join(f"\u00a0\u00a0{row.replace(' ', chr(0xA0))}\n" for row in rows).encode()),
        "pem_full_width_spaces": Mail("".join(f"\u3000{row}\n" for row in rows).encode()),
    }


def _dashed() -> dict[str, Mail]:
    chain = pem()
    found = {f"dashes_{name}": Mail(letter(chain.replace("-", dash)).encode()) for name, dash in _DASHES.items()}
    return found | {
        "dashes_four": Mail(letter(chain.replace("-----", "----")).encode()),
        "dashes_six": Mail(letter(chain.replace("-----", "------")).encode()),
        "dashes_four_before_and_five_behind": Mail(chain.replace("-----BEGIN", "----BEGIN").encode()),
        "dashes_em_and_en": Mail(letter(chain.replace("-----", "\u2014\u2014\u2013")).encode()),
        "dashes_em_and_en_in_cp1252": Mail(letter(chain.replace("-----", "\u2014\u2014\u2013")).encode("cp1252")),
        "dashes_with_spaces": Mail(letter(chain.replace("-----", "- - - - -")).encode()),
        "dashes_with_spaces_inside": Mail(chain.replace("-----BEGIN ", "----- BEGIN  ").encode()),
        "everything_full_width": Mail("".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in chain).encode()),
    }


def _told() -> dict[str, Mail]:
    chain, request = pem(), block(b"\x30\x82" + bytes(range(200)), "NEW CERTIFICATE REQUEST")
    return {
        "text_before_between_and_after": Mail(
            f"{BEFORE}[Server ID]\n{pem('leaf')}\n[Intermediate CA]\n{pem('issuer')}\n"
            f"[Cross root certificate]\n{pem('cross')}{AFTER}".encode()
        ),
        "text_names_the_markers": Mail(
            f"Copy from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE----- into a file.\n\n{chain}".encode()
        ),
        "text_names_only_the_first_marker": Mail(f"Copy from -----BEGIN CERTIFICATE----- on:\n\n{chain}".encode()),
        "text_of_openssl": Mail(
            f"Bag Attributes\n    localKeyID: 01 02\nsubject=CN = www.example.com\nissuer=CN = CA\n{chain}".encode()
        ),
        "text_with_pem_headers": Mail(
            chain.replace("CERTIFICATE-----\nM", "CERTIFICATE-----\nSubject: www\nX-Note: one\n\nM").encode()
        ),
        "text_signed_by_pgp": Mail(
            (
                "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
                + chain.replace("-----B", "- -----B").replace("-----E", "- -----E")
                + block(b"\x88" + bytes(90), "PGP SIGNATURE")
            ).encode()
        ),
        "text_with_the_request_quoted": Mail(f"{chain}\nYour request was:\n{request}".encode()),
        "text_with_the_old_certificate_quoted": Mail(
            f"{letter(chain)}\n> The certificate of last year:\n{pem('old')}".encode(), (*ALL, "old")
        ),
        "text_with_everything_twice": Mail(f"{chain}\n{chain}".encode()),
        "text_with_quoted_printable_left_over": Mail(
            letter(chain).replace("=", "=3D").replace("CERTIFICATE-----\nMI", "CERTIFICATE-----\nM=\nI").encode()
        ),
    }


def _bare() -> dict[str, Mail]:
    return {
        "base64_of_pkcs7_without_markers": Mail(base64.encodebytes(bundle())),
        "base64_of_the_leaf_without_markers": Mail(base64.encodebytes(der("leaf")), ("leaf",)),
        "base64_of_a_mails_body_without_its_head": Mail(base64.encodebytes(letter(pem()).encode())),
        "pem_pkcs7": Mail(letter(block(bundle(), "PKCS7")).encode()),
        "pem_pkcs7_signed_data": Mail(letter(block(bundle(), "PKCS #7 SIGNED DATA")).encode()),
        "pem_cms": Mail(letter(block(bundle(), "CMS")).encode()),
        "pem_pkcs7_called_certificate": Mail(letter(block(bundle(), "CERTIFICATE")).encode()),
        "pem_leaf_beside_pkcs7_without_it": Mail((pem("leaf") + block(bundle("issuer", "cross"), "PKCS7")).encode()),
        "pem_pkcs7_without_the_leaf": Mail(block(bundle("issuer", "cross"), "PKCS7").encode(), ("issuer", "cross")),
    }
