# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import make_pfx
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx_structure import (
    authenticated,
    old_ciphers,
    private_keys,
)
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.mint import mint

LEAF = mint("www.example.com")
WIZARD = Path(__file__).resolve().parents[4].joinpath("data/pfx/export_wizard_2012r2.pfx").read_bytes()
MODERN = make_pfx(LEAF.key, LEAF.certificate, (), "x", "modern", rounds=1000)


def test_what_is_seen_without_the_password():
    assert (private_keys(WIZARD), old_ciphers(WIZARD)) == (1, ("RC2-40",))
    assert (private_keys(MODERN), old_ciphers(MODERN)) == (1, ())


@pytest.mark.parametrize("data", [b"", b"\x30\x00", b"junk", LEAF.der], ids=["nothing", "empty", "junk", "certificate"])
def test_what_is_no_pfx(data):
    assert private_keys(data) == 0
    with pytest.raises((ValueError, IndexError)):
        authenticated(data)


@given(data=st.binary(max_size=300))
@example(data=b"\x30\x80" * 40)
def test_any_bytes(data):
    assert private_keys(data) == 0
    assert isinstance(old_ciphers(data), tuple)


@given(at=st.integers(0, len(MODERN) - 1), junk=st.binary(max_size=4))
def test_a_damaged_file(at, junk):
    assert private_keys(MODERN[:at] + junk + MODERN[at + len(junk) :]) in (0, 1)
