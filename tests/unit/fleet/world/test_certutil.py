# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certutil -repairstore: what a Server 2003 has for a key that no pending request holds any more."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509

from tests.fleet.world import blob
from tests.fleet.world.scenario import Scenario
from tests.unit.fleet.world.asking import ask, run, scenario

CERTUTIL = r"%SystemRoot%\System32\certutil.exe"
REQUEST = {"authority": "public", "names": ["www.example.com"], "key_of": "old"}


def reissued(options: dict[str, Any] | None = None) -> tuple[Scenario, bytes]:
    """A host with the answer to an old request in MY, without its key."""
    world = scenario(options, requests={"again": REQUEST})
    leaf = world.answers["web"]["again"].leaf
    assert ask(world.hosts["web"], ("store.add", "store", "MY", "certificate", leaf), mode="write")[0].status == "ok"
    return world, leaf


def repair(world: Scenario, *arguments: str) -> int:
    return run(world.hosts["web"], CERTUTIL, *arguments)[0] & 0xFFFFFFFF


@pytest.mark.parametrize("by", ["serial", "thumbprint"])
def test_the_key_is_linked_again(by: str) -> None:
    world, leaf = reissued()
    number = x509.load_der_x509_certificate(leaf).serial_number
    serial = number.to_bytes(number.bit_length() // 8 + 1, "big").hex()
    assert repair(world, "-repairstore", "my", serial if by == "serial" else blob.thumbprint(leaf)) == 0
    old, new = sorted(world.hosts["web"].store("MY"), key=lambda entry: entry.der == leaf)
    assert new.link is not None
    assert old.link == new.link


def test_what_it_does_not_find() -> None:
    world, leaf = reissued()
    before = world.hosts["web"].digest()
    assert repair(world, "-repairstore", "my", "00ab") == 0x80092004
    (other,) = (
        scenario(certificates={"other": {"authority": "public", "names": ["a"]}}, sites=[]).certificates["web"].values()
    )
    host = world.hosts["web"]
    ask(host, ("store.add", "store", "MY", "certificate", other), mode="write")
    assert repair(world, "-repairstore", "my", blob.thumbprint(other)) == 0x80092004
    ask(host, ("store.remove", "store", "MY", "thumbprint", blob.thumbprint(other)), mode="write")
    assert host.digest() == before
    assert repair(world, "-verifystore", "my", blob.thumbprint(leaf)) == 0x80070057


def test_it_needs_an_administrator() -> None:
    world, leaf = reissued()
    world.hosts["web"].options.elevated = False
    assert repair(world, "-repairstore", "my", blob.thumbprint(leaf)) == 0x80070005
