# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which chain is sent, and when it changes."""

from __future__ import annotations

import pytest

from tests.fleet.world import blob
from tests.fleet.world.host import Host
from tests.fleet.world.scenario import Scenario
from tests.fleet.world.stores import ENTERPRISE, MACHINE, SYSTEM
from tests.unit.fleet.world.asking import APP_ID, STORES, make, netsh, scenario, thumbprint

WITH_CROSS = [*STORES, {"certificate": "public.cross", "in": ["CA"]}]


def names(host: Host, ip: str = "0.0.0.0") -> list[str]:
    found = host.credential(ip, 443, None)
    assert found
    return [blob.parsed(der).subject.rfc4514_string().split(",")[0] for der in found.chain]


def der(world: Scenario, role: str) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return world.authorities["public"].certificates[role].certificate.public_bytes(Encoding.DER)


def disable(host: Host, certificate: bytes, *places: str) -> None:
    usage = {blob.ENHKEY_USAGE: b"\x30\x00"}
    for place in places:
        host.stores.put(place, blob.build(certificate, usage))


def bind_again(host: Host) -> None:
    assert netsh(host, "delete", "sslcert", "ipport=0.0.0.0:443")[0] == 0
    arguments = f"certhash={thumbprint(host)}", f"appid={APP_ID}", "certstorename=MY"
    assert netsh(host, "add", "sslcert", "ipport=0.0.0.0:443", *arguments)[0] == 0


SHORT = ["CN=www.example.com", "CN=Public Class 3 Secure Server CA - G4"]
LONG = [*SHORT, "CN=Public Class 3 Public Primary CA - G5"]


def test_an_enabled_self_signed_root_ends_the_chain_early() -> None:
    assert names(make(stores=WITH_CROSS)) == SHORT


def test_disabling_every_copy_and_binding_again_sends_the_cross_certificate() -> None:
    world = scenario(stores=WITH_CROSS)
    host = world.hosts["web"]
    disable(host, der(world, "new_root"), rf"{MACHINE}\ROOT", rf"{MACHINE}\AuthRoot")
    assert names(host) == SHORT  # the chain stays as built
    bind_again(host)
    assert names(host) == LONG


@pytest.mark.parametrize("place", [rf"{ENTERPRISE}\Root", rf"{SYSTEM}\Root", rf"{MACHINE}\ROOT"])
def test_one_enabled_copy_keeps_a_root_enabled(place: str) -> None:
    world = scenario(stores=WITH_CROSS)
    host, root = world.hosts["web"], der(world, "new_root")
    disable(host, root, rf"{MACHINE}\ROOT", rf"{MACHINE}\AuthRoot")
    host.stores.put(place, blob.build(root))
    bind_again(host)
    assert names(host) == SHORT


REAL = ["verisign_class3_g1_root_sha1", "verisign_g5_root_selfsigned", "verisign_g5_cross_by_g1_250ce8e0"]


@pytest.mark.parametrize(("usages", "length"), [("all", 1), ("none", 2)])
def test_signatures_with_sha1_hold_as_they_did_in_their_time(usages: str, length: int) -> None:
    """The real G5: its chain is the shorter one until its root is disabled."""
    places = (["Root"], ["Root"], ["CA"])
    stores: list[dict[str, object]] = [
        {"pem": f"{name}.pem", "in": place} for name, place in zip(REAL, places, strict=True)
    ]
    stores[1]["usages"] = usages
    real = {"real": {"pem": "symantec_class3_secure_server_ca_g4.pem"}}
    host = make(stores=stores, certificates=real, sites=[], clock_offset_days=-4000)
    (leaf,) = (each.der for each in host.stores.logical("MY"))
    at = host.clock.now()
    trusted = host.schannel.trusted_path(leaf, at)
    assert trusted is not None
    assert len(host.schannel.chain(leaf, at)) == length


def test_disallowed_wins() -> None:
    world = scenario(stores=WITH_CROSS)
    host = world.hosts["web"]
    host.stores.add("Disallowed", der(world, "new_root"))
    bind_again(host)
    assert names(host) == LONG


def test_the_old_chain_can_stay_until_a_restart() -> None:
    world = scenario({"schannel_keeps_chain_until_restart": True}, stores=WITH_CROSS)
    host = world.hosts["web"]
    disable(host, der(world, "new_root"), rf"{MACHINE}\ROOT", rf"{MACHINE}\AuthRoot")
    bind_again(host)
    assert names(host) == SHORT
    host.restart()
    assert names(host) == LONG


def test_a_usage_list_without_server_authentication_can_be_either() -> None:
    email = [{**STORES[1], "usages": ["1.3.6.1.5.5.7.3.4"]}, STORES[0], *WITH_CROSS[2:]]
    assert names(make(stores=email)) == SHORT
    assert names(make({"root_without_server_auth": "disabled"}, stores=email)) == LONG


def test_an_expired_issuer_makes_no_trusted_path() -> None:
    host = make(stores=WITH_CROSS, clock_offset_days=1600)  # the cross certificate is over, the rest is not
    assert names(host) == SHORT
    late = make(stores=WITH_CROSS[:1] + WITH_CROSS[2:], clock_offset_days=1600)
    assert names(late) == LONG  # no trusted path: whatever intermediates are found


def test_without_issuers_only_the_leaf_is_sent() -> None:
    assert names(make(stores=[])) == SHORT[:1]


def test_a_key_that_cannot_be_used_refuses_the_handshake() -> None:
    host = make()
    host.keys.change(host.keys.all()[0].name, usable=False)
    assert host.credential("0.0.0.0", 443, None) is None
