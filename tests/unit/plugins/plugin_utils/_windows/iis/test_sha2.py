# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import sha2
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import mint, rsa_key
from tests.unit.shelves import real

KEY = rsa_key()
SHA2 = mint("www.example.com", key=KEY).certificate
EC = mint("www.example.com").certificate
SHA1 = real("verisign_g5_root_selfsigned")
CSP = "Microsoft RSA SChannel Cryptographic Provider"


def test_the_sample_is_what_it_says() -> None:
    sample = Certificate(sha2.SAMPLE)
    assert sample.self_signed
    assert isinstance(sample.parsed.signature_hash_algorithm, hashes.SHA256)
    assert isinstance(sample.parsed.public_key(), rsa.RSAPublicKey)
    assert list(sample.parsed.extensions) == []
    assert (sample.not_before.year, sample.not_after.year) == (2000, 2049)
    assert sample.parsed.version is x509.Version.v3


@pytest.mark.parametrize(
    ("status", "usable"), [(0, True), (32, True), (32 | 65536, True), (8, False), (8 | 32, False), (-1, False)]
)
def test_what_the_host_says_of_it(status: int, *, usable: bool) -> None:
    assert sha2.usable(Answer("ok", encode_lines([("status", [b"%d" % status])]))) is usable


@pytest.mark.parametrize(
    "answer",
    [
        Answer("error", kind="os", number=10),
        Answer("ok", b""),
        Answer("ok", encode_lines([("status", [b"x"])])),
        Answer("ok", encode_lines([("state", [b"8"])])),
        Answer("ok", encode_lines([("status", [b"8", b"8"])])),
    ],
    ids=["not done", "empty", "no number", "another word", "two numbers"],
)
def test_no_answer_is_none(answer: Answer) -> None:
    assert sha2.usable(answer) is None


@given(st.binary(max_size=100))
def test_any_payload_is_an_answer_or_none(payload: bytes) -> None:
    assert sha2.usable(Answer("ok", payload)) in (True, False, None)


@pytest.mark.parametrize(
    ("certificate", "provider", "takes_sha2", "why"),
    [
        (SHA2, CSP, True, []),
        (SHA2, "", None, []),
        (SHA2, "", False, ["KB968730"]),
        (SHA1, CSP, False, []),
        (EC, "", True, ["not RSA"]),
        (SHA2, "Microsoft Software Key Storage Provider", True, ["CNG"]),
        (EC, "Microsoft Software Key Storage Provider", False, ["not RSA", "CNG", "KB938397"]),
    ],
    ids=["good", "not known", "SHA-2", "SHA-1", "EC", "KSP", "all"],
)
def test_refusals(certificate: Certificate, provider: str, why: list[str], *, takes_sha2: bool | None) -> None:
    found = sha2.refusals(certificate, provider, takes_sha2)
    assert len(found) == len(why)
    assert all(word in text for word, text in zip(why, found, strict=True))
