# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate

from tests.unit.mint import NOW, mint
from tests.unit.shelves import real

G5 = real("verisign_g5_root_selfsigned")
G1 = real("verisign_class3_g1_root_sha1")
G1_MD2 = real("verisign_class3_g1_root_md2")
CROSS = real("verisign_g5_cross_by_g1_250ce8e0")


def test_sha1_signatures_of_old_roots_are_checked() -> None:
    assert G5.self_signed
    assert G1.self_signed
    assert CROSS.signed_by(G1) is True
    assert CROSS.signed_by(G1_MD2) is True  # the same key
    assert CROSS.signed_by(G5) is False
    damaged = Certificate(CROSS.der[:-1] + bytes([CROSS.der[-1] ^ 1]))
    assert damaged.signed_by(G1) is False


def test_an_md2_signature_cannot_be_checked_and_its_root_is_one_all_the_same() -> None:
    assert G1_MD2.signed_by(G1_MD2) is None
    assert G1_MD2.self_signed


def test_what_names_itself_as_issuer_is_not_yet_self_signed() -> None:
    one = mint("Root", ca=True)
    impostor = mint("Root", issuer=mint("Root", ca=True), ca=True)
    assert (impostor.certificate.self_issued, impostor.certificate.self_signed) == (True, False)
    assert one.certificate.self_signed


def test_thumbprints_and_dates_are_what_windows_shows() -> None:
    assert G5.thumbprint == "4EB6D578499B1CCF5F581EAD56BE3D9B6744A5E5"
    assert G5.sha256 == "9ACFAB7E43C8D880D06B262A94DEEEE4B4659989C3D0CAF19BAF6405E41AB7DF"
    assert f"{G5.not_after:%Y-%m-%d}" == "2036-07-16"
    assert G5.valid_at(NOW)
    assert G1.is_ca  # version 1: without basic constraints


@pytest.mark.parametrize(
    ("number", "shown"), [(1, "01"), (0x7F, "7f"), (0x80, "0080"), (0x18DAD19E, "18dad19e"), (0xA1B2, "00a1b2")]
)
def test_serial_numbers_are_what_windows_shows(number: int, shown: str) -> None:
    assert mint("a", serial=number).certificate.serial == shown


def test_what_is_no_certificate_says_so() -> None:
    with pytest.raises(TlsOpsError, match="not an X"):
        _other = Certificate(b"nothing").parsed
