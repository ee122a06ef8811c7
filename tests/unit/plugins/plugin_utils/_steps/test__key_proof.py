# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import key_prove
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._key_proof import key_proof
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import mint, rsa_key

LEAF = mint("www.example.com", key=rsa_key())
PROOF = key_proof(LEAF.certificate, "MY", "0a1b")
DATA = b"tlsops.windows proof of possession 0a1b"
GOOD = LEAF.key.sign(DATA, padding.PKCS1v15(), hashes.SHA256())  # type: ignore[call-arg,arg-type,union-attr]


def answer(**fields: bytes) -> Answer:
    return Answer("ok", encode_lines((name, [value]) for name, value in fields.items()))


def told(*key: bytes, **fields: bytes) -> Answer:
    """An answer with what the key says of itself."""
    return Answer("ok", encode_lines([*((name, [value]) for name, value in fields.items()), ("key", list(key))]))


CAPI = (b"Microsoft RSA SChannel Cryptographic Provider", b"{1}", b"1", b"0")
UNKNOWN = (b"", b"", b"0", b"")


@pytest.mark.parametrize(
    ("answer", "outcome", "facts"),
    [
        (
            told(*CAPI, algorithm=b"rsa-pkcs1-sha256", signature=GOOD),
            Outcome.PROVEN,
            {"algorithm": "rsa-pkcs1-sha256", "provider": CAPI[0].decode(), "key_spec": 1, "exportable": False},
        ),
        (
            told(*UNKNOWN, unproven=b"no way"),
            Outcome.UNPROVABLE,
            {"provider": "", "key_spec": 0, "exportable": None},
        ),
        (answer(unproven=b"no way"), Outcome.UNPROVABLE, {}),
    ],
    ids=["proven", "unproven", "without the line"],
)
def test_what_the_key_says_of_itself_is_told(answer: Answer, outcome: Outcome, facts: dict[str, object]) -> None:
    verdict = PROOF.judge((answer,))
    assert (verdict.outcome, verdict.facts) == (outcome, facts)


@given(st.lists(st.binary(max_size=4), min_size=1, max_size=6))
def test_a_line_of_another_form_proves_nothing(key: list[bytes]) -> None:
    verdict = PROOF.judge((told(*key, unproven=b"no way"),))
    if verdict.outcome is Outcome.NOT_PROVEN:
        assert "expected form" in verdict.seen
    else:
        assert verdict.facts.keys() == {"provider", "key_spec", "exportable"}


@given(st.binary(max_size=100))
def test_any_payload_proves_nothing(data: bytes) -> None:
    assert PROOF.judge((Answer("ok", data),)).outcome is not Outcome.PROVEN


def test_the_data_is_of_this_run_and_of_no_other_use() -> None:
    assert PROOF.operations == (key_prove("MY", LEAF.thumbprint, DATA),)
    assert PROOF.name == "private_key"


@pytest.mark.parametrize(
    ("answer", "outcome", "seen"),
    [
        (answer(algorithm=b"rsa-pkcs1-sha256", signature=GOOD), Outcome.PROVEN, "by the certificate's key"),
        (answer(algorithm=b"rsa-pkcs1-sha1", signature=GOOD), Outcome.MISSED, "not by the certificate's key"),
        (answer(algorithm=b"rsa-pkcs1-sha256", signature=GOOD[::-1]), Outcome.MISSED, "not by the certificate's key"),
        (answer(algorithm=b"rsa-pkcs1-sha256"), Outcome.MISSED, "not by"),
        (answer(algorithm=b"dsa", signature=GOOD), Outcome.NOT_PROVEN, "'dsa'"),
        (answer(), Outcome.NOT_PROVEN, "''"),
        (answer(unproven=b"CNG key under PowerShell 2.0"), Outcome.UNPROVABLE, "PowerShell 2.0"),
        (Answer("error", kind="hresult", number=-2146893802), Outcome.MISSED, "0x80090016"),
    ],
    ids=["good", "other hash", "other signature", "none", "other algorithm", "empty", "unproven", "error"],
)
def test_verdicts(answer: Answer, outcome: Outcome, seen: str) -> None:
    verdict = PROOF.judge((answer,))
    assert verdict.outcome is outcome
    assert seen in verdict.seen
