# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import re
import time

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pem import bare, blocks
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import mint

MINTED = mint("www.example.com", names=["www.example.com", "example.com"])
PEM = MINTED.pem
ROWS = PEM.strip().split("\n")
BEGIN, BODY, END = ROWS[0], ROWS[1:-1], ROWS[-1]


def text_with(*rows: str, begin: str = BEGIN, end: str = END, between: str = "\n") -> str:
    return between.join([begin, *rows, end]) + between


SHAPES = {
    "as it is": PEM,
    "CRLF": PEM.replace("\n", "\r\n"),
    "bare CR": PEM.replace("\n", "\r"),
    "blank lines": PEM.replace("\n", "\n\n"),
    "indented": "".join(f"    {row}\n" for row in ROWS),
    "tabs and trailing blanks": "".join(f"\t{row}  \t\n" for row in ROWS),
    "quoted": "".join(f"> {row}\n" for row in ROWS),
    "quoted twice": "".join(f">> > {row}\n" for row in ROWS),
    "text around": f"Dear customer,\n\n{PEM}\nYours, the CA\n",
    "one line": " ".join(ROWS),
    "escaped newlines": PEM.replace("\n", "\\n"),
    "escaped CRLF": PEM.replace("\n", "\\r\\n"),
    "no padding": PEM.replace("=", ""),
    "too much padding": PEM.replace(f"\n{END}", f"==\n{END}"),
    "four dashes": text_with(*BODY, begin=BEGIN[1:-1], end=END[1:-1]),
    "six dashes": text_with(*BODY, begin=f"-{BEGIN}-", end=f"-{END}-"),
    "em and en dashes": text_with(*BODY, begin="—–BEGIN CERTIFICATE—–", end="—–END CERTIFICATE—–"),
    "minus signs": PEM.replace("-", "\u2212"),
    "full-width minus": PEM.replace("-", "\uff0d"),
    "long vowel marks": PEM.replace("-", "\u30fc"),
    "full-width everything": "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in PEM),
    "spaces between dashes": text_with(*BODY, begin="- - - - - BEGIN CERTIFICATE - - - - -"),
    "lower case": text_with(*BODY, begin="-----begin certificate-----", end="-----end certificate-----"),
    "space in the label": text_with(*BODY, begin="----- BEGIN  CERTI FICATE -----"),
    "no-break space": PEM.replace("BEGIN CERT", "BEGIN\u00a0CERT"),
    "zero-width spaces": PEM.replace("\n", "\u200b\n"),
    "byte order mark": "\ufeff" + PEM,
    "76 columns": text_with(*[base64.b64encode(MINTED.der).decode()[i : i + 76] for i in range(0, 2000, 76)]),
    "one long row": text_with(base64.b64encode(MINTED.der).decode()),
    "short rows": text_with(*[base64.b64encode(MINTED.der).decode()[i : i + 20] for i in range(0, 2000, 20)]),
    "PEM headers": text_with("Subject: www", "X-Note: one", "", *BODY),
    "bag attributes": f"Bag Attributes\n    localKeyID: 01 02\nsubject=CN = www\n{PEM}",
    "html breaks": text_with(*[f"{row}<br>" for row in BODY]),
    "quoted-printable": text_with(*BODY).replace("=", "=3D").replace(BODY[1], f"{BODY[1][:30]}=\n{BODY[1][30:]}"),
    "clear-signed": "".join(f"- {row}\n" if row.startswith("-") else f"{row}\n" for row in ROWS),
    "named in prose": f"Copy from -----BEGIN CERTIFICATE----- to -----END CERTIFICATE----- into a file.\n\n{PEM}",
    "begin named in prose": f"Copy everything from -----BEGIN CERTIFICATE----- on:\n\n{PEM}",
    "prose over lines": f"From\n{BEGIN}\nup to and including everything that there is up to the line\n{END}\n\n{PEM}",
    "Japanese prose": f"{BEGIN} から {END} までをコピーしてください。\n{PEM}",
    "other END label": text_with(*BODY, end="-----END X509 CERTIFICATE-----"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_block_is_found_whatever_became_of_it(shape: str) -> None:
    found = blocks(SHAPES[shape])
    assert [(each.label, each.der, each.problem) for each in found] == [("CERTIFICATE", MINTED.der, "")]


@pytest.mark.parametrize(
    ("label", "normalized"),
    [("PKCS #7 SIGNED DATA", "PKCS#7SIGNEDDATA"), ("NEW CERTIFICATE REQUEST", "NEWCERTIFICATEREQUEST"), ("cms", "CMS")],
)
def test_labels_are_compared_without_spaces_and_case(label: str, normalized: str) -> None:
    assert blocks(PEM.replace("CERTIFICATE", label))[0].label == normalized


def test_every_block_has_its_line() -> None:
    assert [each.line for each in blocks(f"one\r\ntwo\r\n{PEM}\n{PEM}")] == [3, 3 + len(ROWS) + 1]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (PEM.replace(BODY[1], BODY[1][:-4] + "@#!?"), "line 3"),
        # "=g" is nothing in quoted-printable either; "=" and two hex digits would be.
        (PEM.replace(BODY[0], BODY[0][:20] + "=g" + BODY[0][22:]), "line 2|middle"),
        (PEM[: len(PEM) // 2], "no END line"),
        (PEM[: len(PEM) // 2] + "\n" + PEM, "no END line"),
        (text_with(*BODY[:-1], "AAAAA"), "missing"),
    ],
)
def test_damage_is_named(text: str, problem: str) -> None:
    first = blocks(text)[0]
    assert not first.der
    assert re.search(problem, first.problem)


@pytest.mark.parametrize("text", ["", BEGIN, END, f"{BEGIN}\n{END}", f"{BEGIN}\nhello world\n{END}", "-" * 100_000])
def test_no_block(text: str) -> None:
    assert blocks(text) == ()


def test_bare_base64() -> None:
    assert bare(base64.encodebytes(MINTED.der).decode()) == MINTED.der
    assert bare("Dear customer, your order is complete and your certificate is attached to this mail.") == b""


@given(st.text(max_size=300))
def test_any_text_is_read(text: str) -> None:
    for each in blocks(f"{text}\n{BEGIN}\n{text}\n{END}{text}"):
        assert bool(each.der) != bool(each.problem)
    bare(text)


@given(st.lists(st.sampled_from([*ROWS, BEGIN, END, "", "> ", "=", "<br>", "\r", "prose"]), max_size=30))
def test_any_arrangement_of_rows_is_read(rows: list[str]) -> None:
    for each in blocks("\n".join(rows)):
        assert bool(each.der) != bool(each.problem)


@given(
    st.binary(min_size=80, max_size=400), st.sampled_from(["\n", "\r\n", "\r", "\n> ", " \n\n\t"]), st.integers(48, 90)
)
def test_what_was_written_is_read(content: bytes, between: str, width: int) -> None:
    data = b"\x30\x82" + content
    encoded = base64.b64encode(data).decode()
    rows = [encoded[start : start + width] for start in range(0, len(encoded), width)]
    assert [each.der for each in blocks(text_with(*rows, between=between))] == [data]


def test_a_text_full_of_markers_is_read_quickly() -> None:
    started = time.monotonic()
    assert blocks("-BEGIN AA-\n" * 40_000) == ()
    assert blocks(f"{BEGIN}\n" + "<a" * 200_000) == ()
    assert time.monotonic() - started < 5
