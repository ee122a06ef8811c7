# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import NoMatch, TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.leaf import find_leaf

from tests.unit.mint import NOW, ec_key, mint

ROOT = mint("Root", ca=True)
LEAF = mint("www.example.com", issuer=ROOT)
OTHER = mint("mail.example.com", issuer=ROOT)


@pytest.mark.parametrize("order", [1, -1])
def test_the_key_decides_not_the_place(order: int) -> None:
    answer = [each.certificate for each in (ROOT, OTHER, LEAF)][::order]
    assert find_leaf(answer, {LEAF.certificate.public_key}) == LEAF.certificate


@pytest.mark.parametrize("order", [1, -1])
def test_of_an_old_and_a_new_one_the_new_one_is_meant(order: int) -> None:
    old = mint("www.example.com", issuer=ROOT, key=LEAF.key, not_before=NOW - timedelta(days=400))
    answer = [old.certificate, LEAF.certificate][::order]
    assert find_leaf(answer, {LEAF.certificate.public_key}) == LEAF.certificate


def test_none_fits_and_which_there_are() -> None:
    with pytest.raises(NoMatch, match=rf"none of the 2 .*'www.example.com' \({LEAF.thumbprint}\)") as error:
        find_leaf([LEAF.certificate, ROOT.certificate], {mint("x", key=ec_key()).certificate.public_key})
    assert "pending request" in error.value.hint


def test_a_key_of_an_unknown_kind_fits_nothing() -> None:
    with pytest.raises(TlsOpsError):
        find_leaf([LEAF.certificate], {b""})


def test_two_of_the_same_moment_are_refused() -> None:
    keys = {LEAF.certificate.public_key, OTHER.certificate.public_key}
    with pytest.raises(TlsOpsError, match="2 certificates for keys of this host") as error:
        find_leaf([LEAF.certificate, OTHER.certificate, LEAF.certificate], keys)
    assert not isinstance(error.value, NoMatch)
