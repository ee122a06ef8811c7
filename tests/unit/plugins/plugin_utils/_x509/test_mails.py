# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The corpus of ``tests/data/mails``: exactly the expected certificates out of each answer, or the expected words."""

from __future__ import annotations

import re
import warnings

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._cryptography import x509 as x509_of_plugins
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.answer import read_answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.leaf import find_leaf, labels
from hypothesis import given
from hypothesis import strategies as st

from tests.data.mails.authority import certificates, der
from tests.data.mails.make import corpus, damaged

CORPUS, DAMAGED = corpus(), damaged()
LEAF, ISSUER = certificates()["leaf"].certificate, certificates()["issuer"].certificate
KNOWN = {each.der for each in certificates().values()}


def test_the_corpus_is_as_large_as_it_has_to_be() -> None:
    assert len(CORPUS) >= 60
    assert len(DAMAGED) >= 15
    assert len({mail.data for mail in CORPUS.values()}) == len(CORPUS), "each is another one"


@pytest.mark.parametrize("name", CORPUS)
def test_exactly_the_expected_certificates(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = read_answer(CORPUS[name].data)
    expected = {der(role): role for role in CORPUS[name].expected}
    assert sorted(expected.get(each.der, each.label) for each in found) == sorted(CORPUS[name].expected)


@pytest.mark.parametrize("name", CORPUS)
def test_the_leaf_is_found_by_its_key(name: str) -> None:
    found = read_answer(CORPUS[name].data)
    if "leaf" in CORPUS[name].expected:
        assert find_leaf(found, {LEAF.public_key}).der == LEAF.der
    else:
        with pytest.raises(TlsOpsError, match="belongs to a private key of this host"):
            find_leaf(found, {LEAF.public_key})


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_broken_is_an_error_that_says_where(name: str) -> None:
    with pytest.raises(TlsOpsError) as error:
        read_answer(DAMAGED[name].data)
    assert re.search(DAMAGED[name].words, str(error.value)), str(error.value)
    assert error.value.hint


def harmless(found: tuple[Certificate, ...]) -> None:
    """What came out can be shown, and a changed leaf is none that its issuer, where it is whole, would have signed."""
    assert labels(found)
    if ISSUER in found:
        for one in found:
            assert one.der in KNOWN or not names_its_issuer(one), one.label


def names_its_issuer(one: Certificate) -> bool:
    identifier = one.extension(x509_of_plugins.AuthorityKeyIdentifier)
    own = ISSUER.extension(x509_of_plugins.SubjectKeyIdentifier)
    return one.issuer == ISSUER.subject and getattr(identifier, "key_identifier", None) == getattr(own, "digest", b"")


def read(data: bytes) -> tuple[Certificate, ...]:
    """Certificates or a clear error, whatever it is."""
    try:
        found = read_answer(data)
    except TlsOpsError as error:
        return says_what_to_do(error)
    harmless(found)
    return found


def says_what_to_do(error: TlsOpsError) -> tuple[()]:
    assert error.message
    assert error.hint or "at most" in error.message
    return ()


NAMES = st.sampled_from([*CORPUS, *DAMAGED])
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["set", "cut", "insert", "double"]), st.floats(0, 1), st.integers(1, 90), st.binary(max_size=9)
    ),
    min_size=1,
    max_size=6,
)


@given(NAMES, EDITS)
def test_a_mail_changed_anywhere_is_certificates_or_a_clear_error(
    name: str, edits: list[tuple[str, float, int, bytes]]
) -> None:
    data = bytearray((CORPUS.get(name) or DAMAGED[name]).data)
    for kind, where, length, new in edits:
        at = int(where * len(data))
        if kind == "set":
            data[at : at + len(new)] = new
        elif kind == "cut":
            del data[at : at + length]
        elif kind == "insert":
            data[at:at] = new
        else:
            data[at:at] = data[at : at + length]
    read(bytes(data))


@given(NAMES, NAMES, st.floats(0, 1), st.floats(0, 1))
def test_two_mails_spliced_are_certificates_or_a_clear_error(one: str, two: str, first: float, second: float) -> None:
    start, end = ((CORPUS.get(each) or DAMAGED[each]).data for each in (one, two))
    read(start[: int(first * len(start))] + end[int(second * len(end)) :])


TEXTS = [name for name, mail in CORPUS.items() if name.startswith(("text_", "pem_")) and b"\0" not in mail.data]


@given(st.sampled_from(TEXTS), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["", " ", "> ", "\t", "\u3000"]))
def test_what_mail_programs_do_to_lines_changes_nothing(name: str, end: str, prefix: str) -> None:
    text = CORPUS[name].data.decode("utf-8-sig")
    moved = "".join(f"{prefix}{row}{end}" for row in re.split(r"\r\n|\r|\n", text))
    assert {each.der for each in read_answer(moved.encode())} == {der(role) for role in CORPUS[name].expected}
