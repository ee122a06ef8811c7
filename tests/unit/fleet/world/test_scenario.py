# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scenarios: what they make, how fast, and the lists that bring certificates back."""

from __future__ import annotations

import ast
import dataclasses
import email
import re
import time
from email.policy import default
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7

from tests.fleet.world import blob
from tests.fleet.world.furnish import DATA
from tests.fleet.world.httpsys import listen_list
from tests.fleet.world.options import Options
from tests.fleet.world.scenario import load
from tests.fleet.world.stores import MACHINE, PHYSICAL, POLICIES
from tests.unit.fleet.world.asking import AUTHORITIES, CERTIFICATES, STORES, ask, make, scenario

FLEET = Path(__file__).parents[3] / "fleet"
G5 = "4EB6D578499B1CCF5F581EAD56BE3D9B6744A5E5"


def test_the_double_imports_nothing_of_the_collection_nor_of_ansible() -> None:
    for path in FLEET.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not [name for name in names if name.split(".")[0] in ("ansible", "ansible_collections", "plugins")]


def test_the_readme_lists_every_option_with_its_default() -> None:
    text = (FLEET / "world" / "README.md").read_text(encoding="utf-8")
    listed = dict(re.findall(r"^\| `(\w+)` \| ([^|]+?) \|", text, re.MULTILINE))
    options = dataclasses.asdict(Options())
    assert listed.keys() == options.keys()
    flags = {name: str(value).lower() for name, value in options.items() if isinstance(value, bool)}
    assert {name: listed[name] for name in flags} == flags


def test_demo() -> None:
    start = time.monotonic()
    world = load(FLEET / "scenarios" / "demo.yml")
    assert time.monotonic() - start < 3
    assert set(world.hosts) == set(world.mails) == {"web01", "web02", "web03", "web04"}
    assert all(host.listening() and not host.write_log for host in world.hosts.values())
    old = blob.parsed(world.certificates["web01"]["old"])
    assert old.public_key().key_size == 2048  # type: ignore[union-attr]


def test_two_hundred_hosts_start_in_seconds() -> None:
    start = time.monotonic()
    world = load(FLEET / "scenarios" / "fleet200.yml")
    assert time.monotonic() - start < 15
    assert len(world.hosts) == len(world.mails) == 200
    assert world.hosts["web200"].sites["Production"] == "Started"


def test_the_real_g5_lies_in_every_physical_store_with_its_bytes() -> None:
    world = load(FLEET / "scenarios" / "g5.yml")
    host = world.hosts["g5"]
    for name, place in PHYSICAL["root"].items():
        (found,) = [entry for entry in host.stores.entries(place) if entry.thumbprint == G5]
        state = "eku_list" if name == "AuthRoot" else "no_eku_property"
        assert found.blob.hex() == (DATA / "blobs" / f"constructed_g5_{state}.hex").read_text().strip().lower()
    enabled = {
        name: [blob.thumbprint(der) for der in each.stores.trusted_roots()] for name, each in world.hosts.items()
    }
    assert [G5 in enabled[name] for name in ("g5", "g5-disabled")] == [True, False]


@pytest.mark.parametrize("form", ["pem", "pem-leaf-last", "pkcs7", "japanese"])
def test_mails(form: str) -> None:
    world = scenario(requests={"renewal": {"authority": "public", "names": ["www.example.com"], "mail": form}})
    text = world.mails["web"]
    assert text.isascii()
    message = email.message_from_string(text, policy=default)
    answer = world.answers["web"]["renewal"]
    if form == "pkcs7":
        (part,) = message.iter_attachments()
        found = pkcs7.load_der_pkcs7_certificates(part.get_content())
        assert set(found) == {blob.parsed(der) for der in (answer.leaf, *answer.chain)}
        return
    body = message.get_content()
    assert body.count("-----BEGIN CERTIFICATE-----") >= 3
    leaf = answer.leaf_pem.splitlines()[1]
    assert leaf in body
    assert ("サーバ証明書" in body) == (form == "japanese")


def test_unknown_keys_and_options_are_errors() -> None:
    with pytest.raises(ValueError, match="sitse"):
        make(sitse=[])
    with pytest.raises(TypeError, match="netsh_updat"):
        make({"netsh_updat": True})
    with pytest.raises(ValueError, match="host"):
        load({"host": {}})


def test_a_root_comes_back_by_automatic_update_at_the_next_batch() -> None:
    host = make({"automatic_update_restores": ["public.new_root"]})
    place = rf"{MACHINE}\AuthRoot"
    before = {entry.thumbprint: entry.blob for entry in host.stores.entries(place)}
    mark = next(each for each in before if b" - G5" in blob.certificate(before[each]))
    host.registry.delete(rf"{place}\Certificates\{mark}")
    ask(host, ("host.info",))
    assert {entry.thumbprint: entry.blob for entry in host.stores.entries(place)} == before
    assert host.write_log[-1]["by"] == "automatic update"


def test_automatic_update_can_be_off_and_can_leave_a_changed_copy_alone() -> None:
    for options, back in (
        ({"automatic_update": False}, False),
        ({"automatic_update_overwrites": False}, False),
        ({}, True),
    ):
        host = make({"automatic_update_restores": ["public.new_root"], **options})
        entry = next(each for each in host.stores.entries(rf"{MACHINE}\AuthRoot") if b" - G5" in each.der)
        host.stores.put(rf"{MACHINE}\AuthRoot", blob.put(entry.blob, blob.ENHKEY_USAGE, b"\x30\x00"))
        ask(host, ("host.info",))
        now = next(each for each in host.stores.entries(rf"{MACHINE}\AuthRoot") if each.path == entry.path)
        assert (now.blob == entry.blob) == back
    off = make({"automatic_update": False}).registry.get(rf"{POLICIES}\AuthRoot", "DisableRootAutoUpdate")
    assert off
    assert off.number == 1


def test_directory_copies_come_back_and_unfetched_roots_arrive() -> None:
    enterprise = [{"certificate": "public.new_root", "in": ["Enterprise/Root"]}]
    host = make(
        {"directory_restores": ["public.new_root"]},
        stores=[*STORES[2:], *enterprise],
        programme=[{"certificate": "public.old_root"}],
    )
    (entry,) = host.stores.entries(PHYSICAL["root"]["Enterprise"])
    host.registry.delete(entry.path)
    ask(host, ("host.info",))
    assert host.stores.entries(PHYSICAL["root"]["Enterprise"]) == [entry]
    assert len(host.store("AuthRoot")) == 1
    assert {each["by"] for each in host.write_log} >= {"Active Directory", "automatic update"}


def test_many_hosts_from_one_description_and_defaults() -> None:
    host = {"count": 2, "certificates": {"old": {"authority": "public", "names": ["w{number}.example.com"]}}}
    defaults = {"product": "2016", "options": {"listen_only": ["10.0.0.1"]}}
    world = load({"authorities": AUTHORITIES, "defaults": defaults, "hosts": {"w{number}": host}})
    assert list(world.hosts) == ["w001", "w002"]
    assert world.hosts["w002"].product.os_version == "10.0.14393"
    assert "w002.example.com" in str(blob.parsed(world.certificates["w002"]["old"]).subject)
    assert listen_list(world.hosts["w001"].registry) == ["10.0.0.1"]


def test_a_host_has_its_own_clock() -> None:
    late = make(clock_offset_days=10, certificates=CERTIFICATES)
    here = make()
    assert 9.9 < (late.clock.now() - here.clock.now()).total_seconds() / 86400 < 10.1
    here.clock.sleep(3600)
    assert here.clock.filetime() > 13 * 10**16
