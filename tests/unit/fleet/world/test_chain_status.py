# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Windows says of a certificate's chain."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fleet.world.chain_status import NOT_SIGNATURE_VALID, NOT_TIME_VALID, PARTIAL_CHAIN, UNTRUSTED_ROOT
from tests.fleet.world.errors import CRYPT_E_NO_MATCH
from tests.fleet.world.host import Host
from tests.unit.fleet.world.asking import ask
from tests.unit.fleet.world.old_host import NAMES, STORES, scenario

ROOT, INTERMEDIATE = [STORES[0]], [STORES[1]]
EC = [{"certificate": "ec.root", "in": ["Root"]}, {"certificate": "ec.intermediate", "in": ["CA"]}]


def status(host: Host, der: bytes) -> int:
    return int(ask(host, ("chain.status", "certificate", der))[0].rows[0][1])


def leaf(authority: str = "rsa", **more: Any) -> tuple[Host, bytes]:
    certificate = {"authority": authority, "names": NAMES, "key": "rsa-2048"}
    world = scenario(**{"product": "2022", "sites": [], "certificates": {"old": certificate}, **more})
    return world.hosts["web"], world.certificates["web"]["old"]


@pytest.mark.parametrize(
    ("stores", "days", "expected"),
    [
        (STORES, 0, 0),
        (STORES, 4000, NOT_TIME_VALID),
        (INTERMEDIATE, 0, PARTIAL_CHAIN),
        (ROOT, 0, PARTIAL_CHAIN),
        ([{"certificate": "rsa.root", "in": ["CA"]}, *INTERMEDIATE], 0, UNTRUSTED_ROOT),
    ],
    ids=["good", "expired", "no root", "no intermediate", "untrusted"],
)
def test_flags_by_what_the_stores_have(stores: list[dict[str, Any]], days: int, expected: int) -> None:
    host, der = leaf(stores=stores, clock_offset_days=days)
    assert status(host, der) == expected


def test_a_signature_that_does_not_hold() -> None:
    host, der = leaf(stores=STORES)
    assert status(host, der[:-1] + bytes([der[-1] ^ 1])) == NOT_SIGNATURE_VALID


@pytest.mark.parametrize(("sha2", "expected"), [(True, 0), (False, NOT_SIGNATURE_VALID)])
def test_sha_2_needs_a_hotfix_on_server_2003(sha2: bool, expected: int) -> None:
    assert status(*leaf(stores=STORES, product="2003", options={"sha2": sha2})) == expected


@pytest.mark.parametrize("said", [0, 1 << 20])
def test_how_it_shows_what_it_cannot_check_is_not_known(said: int) -> None:
    options = {"sha2": False, "sha2_status": said}
    assert status(*leaf(stores=STORES, product="2003", options=options)) == said
    assert status(*leaf("ec", stores=EC, product="2003", options=options)) & NOT_SIGNATURE_VALID


def test_server_2003_knows_no_ecdsa() -> None:
    assert status(*leaf("ec", stores=EC, product="2003")) == NOT_SIGNATURE_VALID
    assert status(*leaf("ec", stores=EC)) == 0


def test_what_is_no_certificate() -> None:
    host, _der = leaf()
    assert ask(host, ("chain.status", "certificate", b"no"))[0].hresult == CRYPT_E_NO_MATCH
