# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import store_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.personal import (
    operations,
    parse,
    with_key,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import mint

ONE, TWO = mint("one"), mint("two")
CNG, ACCESS = "Microsoft Software Key Storage Provider", "D:PAI(A;;FA;;;SY)"
FULL = (b"MY", ONE.der, b"1", "証明書".encode(), b"0", CNG.encode(), b"te-1", b"0", b"1", ACCESS.encode())
BARE = (b"REQUEST", TWO.der, b"0", b"", b"1", b"", b"", b"", b"", b"")


def answer(*certificates: tuple[bytes, ...]) -> Answer:
    return Answer("ok", encode_lines([("store", [b"MY"]), *(("certificate", each) for each in certificates)]))


def test_one_operation_asks_for_all_three_stores() -> None:
    assert operations() == (store_read("MY", "WebHosting", "REQUEST"),)


def test_every_field_has_its_place() -> None:
    found, left_out = parse([answer(FULL, BARE)])
    assert found == (
        PersonalCertificate("MY", ONE.certificate, True, True, "証明書", False, CNG, "te-1", 0, ACCESS),
        PersonalCertificate("REQUEST", TWO.certificate, False, None, archived=True),
    )
    assert left_out == ()


def test_an_unreadable_certificate_is_left_out() -> None:
    broken = Certificate(b"\x30\x00")
    given = [answer((b"MY", broken.der, *FULL[2:]), FULL)]
    found, left_out = parse(given)
    assert [each.certificate for each in found] == [ONE.certificate]
    assert left_out == (f"MY {broken.thumbprint}",)


def test_with_key() -> None:
    found, _left_out = parse([answer(FULL, BARE)])
    assert with_key(found, ("my", "REQUEST")) == found[:1]
    assert with_key(found, ("WebHosting",)) == ()


def test_stores_that_cannot_be_read() -> None:
    with pytest.raises(TlsOpsError, match="0x80070005"):
        parse([Answer("error", kind="hresult", number=-2147024891)])


@pytest.mark.parametrize(
    "fields",
    [FULL[:-1], (*FULL, b""), (*FULL[:8], b"maybe", b""), (*FULL[:7], b"x", b"", b"")],
    ids=["too few", "too many", "no flag", "no number"],
)
def test_a_malformed_line_is_a_clear_error(fields: tuple[bytes, ...]) -> None:
    with pytest.raises(TlsOpsError, match="expected form"):
        parse([answer(fields)])


@given(st.binary(max_size=200), st.lists(st.binary(max_size=8), min_size=10, max_size=10))
def test_any_payload_is_read_or_refused(data: bytes, fields: list[bytes]) -> None:
    for each in (Answer("ok", data), answer(tuple(fields))):
        try:
            found, _left_out = parse([each])
        except TlsOpsError:
            found = ()
        assert found == ()
