# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a certificate that cannot be a server's."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._advice import advice, check_fit
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.checks import server_flaws

from tests.unit.mint import NOW, mint, rsa_key
from tests.unit.root_host import HOST

ROOT = mint("Root", ca=True)
WEAK = mint("www.example.com", ROOT, key=rsa_key(1024), names=["www.example.com"]).certificate
RESYNC = "set it right first ('w32tm /resync')"


def at(days: float) -> Snapshot:
    """A host whose clock is so far from the controller's."""
    return Snapshot(dataclasses.replace(HOST, clock=NOW + timedelta(days=days)), Journal(), read_at=NOW)


def test_each_flaw_has_its_advice_once() -> None:
    flaws = server_flaws(WEAK, NOW)
    assert [each.by_clock for each in flaws] == [False]
    assert advice((*flaws, *flaws), at(0)).count("Make a new request") == 1


@pytest.mark.parametrize(("days", "words"), [(-1095, "1095 days behind"), (1095, "1095 days ahead of")])
def test_a_clock_that_is_off_comes_first_and_speaks_for_the_dates(days: float, words: str) -> None:
    with pytest.raises(TlsOpsError) as error:
        check_fit(WEAK, at(days))
    assert error.value.hint.startswith(f"Nothing was changed. The server's clock is {words} the controller's: {RESYNC}")
    assert "Make a new request" in error.value.hint
    assert "Wait until then" not in error.value.hint
    assert "Take the newest" not in error.value.hint


def test_dates_by_a_clock_that_is_right_are_the_certificates_own_matter() -> None:
    old = mint("www.example.com", ROOT, names=["www.example.com"], not_after=NOW - timedelta(days=1)).certificate
    with pytest.raises(TlsOpsError, match="expired on") as error:
        check_fit(old, at(0), more=["is nothing that this server can use"])
    assert "is nothing that this server can use" in error.value.message
    assert "ask the CA for a new one" in error.value.hint
    assert RESYNC not in error.value.hint


def test_a_chain_that_is_broken_may_be_so_by_the_clock() -> None:
    assert RESYNC in advice((), at(-1095), broken_chain=True)
    assert "install the CA's root" in advice((), at(0), broken_chain=True)
    assert RESYNC not in advice((), at(-1095))


def test_a_good_one_passes() -> None:
    check_fit(mint("www.example.com", ROOT, names=["www.example.com"]).certificate, at(0))
