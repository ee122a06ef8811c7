# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certreq -accept, keys and stores: what a renewal's first step meets."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from tests.fleet.world import blob
from tests.fleet.world.keys import DEFAULT_ACCESS
from tests.fleet.world.scenario import Scenario
from tests.unit.fleet.world.asking import CERTREQ, STORES, ask, run, scenario, thumbprint

FILE = r"C:\Windows\Temp\tlsops-1.cer"
REQUEST = {"authority": "public", "names": ["www.example.com"], "friendly_name": "this year"}


def pending(options: dict[str, Any] | None = None, **what: Any) -> Scenario:
    return scenario(options, **{"requests": {"renewal": REQUEST}, **what})


def accept(world: Scenario, data: bytes | str, *options: str) -> int:
    host = world.hosts["web"]
    write = ("file.write", "path", FILE, "data", data)
    assert ask(host, ("file.delete", "path", FILE), write, mode="write")[1].status == "ok"
    return run(host, CERTREQ, *(options or ("-q", "-accept", "-machine")), FILE)[0] & 0xFFFFFFFF


def test_the_dummy_goes_and_its_key_moves_to_my() -> None:
    world = pending()
    host, answer = world.hosts["web"], world.answers["web"]["renewal"]
    (dummy,) = host.store("REQUEST")
    assert accept(world, answer.leaf_pem) == 0
    assert host.store("REQUEST") == []
    new = host.stores.find("MY", blob.thumbprint(answer.leaf))
    assert new
    assert (new.link, new.friendly_name) == (dummy.link, "this year")


def test_without_a_matching_request_it_is_not_found() -> None:
    world, other = pending(), pending()
    assert accept(world, other.answers["web"]["renewal"].leaf_pem) == 0x80092004
    assert accept(world, "no certificate") == 0x8009310B
    assert len(world.hosts["web"].store("REQUEST")) == 1


def test_a_reissue_needs_machine() -> None:
    world = scenario(requests={"again": {**REQUEST, "key_of": "old"}})
    leaf = world.answers["web"]["again"].leaf_pem
    assert accept(world, leaf, "-q", "-accept") == 0x80092004
    assert accept(world, leaf, "-q", "-accept", "-machine") == 0
    old, new = world.hosts["web"].store("MY")
    assert old.link == new.link


@pytest.mark.parametrize(("stores", "number"), [(STORES, 0), (STORES[:2], 0x800B010A), (STORES[2:], 0x800B010A)])
def test_chains_are_checked_only_where_set(stores: list[dict[str, Any]], number: int) -> None:
    strict = pending({"certreq_checks_chain": True}, stores=stores)
    assert accept(strict, strict.answers["web"]["renewal"].leaf_pem) == number
    lax = pending(stores=stores)
    assert accept(lax, lax.answers["web"]["renewal"].leaf_pem) == 0


def test_an_untrusted_root_is_told_from_a_missing_one() -> None:
    stores = [{**entry, "usages": "none"} for entry in STORES[:2]] + STORES[2:]
    strict = pending({"certreq_checks_chain": True}, stores=stores)
    assert accept(strict, strict.answers["web"]["renewal"].leaf_pem) == 0x800B0109


def test_a_pkcs7_brings_its_root_along() -> None:
    world = pending(stores=STORES[2:])
    public = world.authorities["public"].certificates
    leaf = x509.load_der_x509_certificate(world.answers["web"]["renewal"].leaf)
    from cryptography.hazmat.primitives.serialization import Encoding

    bundle = [leaf, public["cross"].certificate, public["new_root"].certificate]
    assert accept(world, pkcs7.serialize_certificates(bundle, Encoding.PEM)) == 0
    host = world.hosts["web"]
    assert len(host.store("CA")) == 2
    assert [entry.certificate for entry in host.store("ROOT")] == [public["new_root"].certificate]


def test_without_q_it_waits_for_somebody_until_the_limit() -> None:
    world = pending()
    arguments = ("argument", "-accept", "argument", "-machine", "argument", FILE)
    said = ask(world.hosts["web"], ("run", "program", CERTREQ, *arguments, "seconds", "5"))[0]
    assert said.kind == "timeout"


def test_87_after_a_cng_key() -> None:
    world = pending({"netsh_87_after_certreq": 2})
    answer = world.answers["web"]["renewal"]
    accept(world, answer.leaf_pem)
    assert world.hosts["web"].failing_tries == {blob.thumbprint(answer.leaf): 2}


def rows(world: Scenario, *stores: str) -> list[tuple[Any, ...]]:
    return ask(world.hosts["web"], ("store.read", *(part for store in stores for part in ("store", store))))[0].rows


def test_store_read() -> None:
    certificates = {
        "rsa": {"authority": "public", "names": ["a.example.com"], "key": "rsa-2048", "friendly_name": "日本語"},
        "cng": {"authority": "public", "names": ["b.example.com"], "exportable": False, "archived": True},
        "bare": {"authority": "public", "names": ["c.example.com"], "has_key": False},
    }
    world = scenario(certificates=certificates, sites=[])
    found = {row[2]: row for row in rows(world, "MY", "Nothing") if row[0] == "certificate"}
    first, second, third = (found[world.certificates["web"][name]][3:] for name in certificates)
    assert first[:3] == (b"1", "日本語".encode(), b"0")
    assert (first[3], first[5], first[6]) == (b"Microsoft RSA SChannel Cryptographic Provider", b"1", b"1")
    assert (second[2], second[3], second[5], second[6]) == (
        b"1",
        b"Microsoft Software Key Storage Provider",
        b"0",
        b"0",
    )
    assert (first[7], second[7]) == (DEFAULT_ACCESS.encode(),) * 2
    assert third == (b"0", b"", b"0", b"", b"", b"0", b"", b"")
    assert [row for row in rows(world, "MY", "Nothing", "REQUEST") if row[0] == "store"] == [
        ("store", b"MY"),
        ("store", b"REQUEST"),
    ]


def test_a_key_that_does_not_open_tells_nothing_of_itself() -> None:
    for what in ({"usable": False}, {}):
        certificates = {"old": {"authority": "public", "names": ["www.example.com"], **what}}
        world = scenario(product="2022" if what else "2008r2", certificates=certificates)
        (row,) = (row for row in rows(world, "MY") if row[0] == "certificate")
        assert row[3:] == (b"1", b"", b"0", b"", b"", b"0", b"", b"")


def prove(world: Scenario, data: bytes = b"challenge") -> list[tuple[Any, ...]]:
    host = world.hosts["web"]
    return ask(host, ("key.prove", "store", "MY", "thumbprint", thumbprint(host), "data", data))[0].rows


def test_a_key_is_proven_by_a_real_signature() -> None:
    for kind in ("ecdsa-p256", "rsa-2048"):
        world = scenario(certificates={"old": {"authority": "public", "names": ["www.example.com"], "key": kind}})
        found = {row[0]: row[1] for row in prove(world)}
        assert found.keys() == {"algorithm", "signature", "key"}
        key = blob.parsed(world.certificates["web"]["old"]).public_key()
        if isinstance(key, ec.EllipticCurvePublicKey):
            half = len(found["signature"]) // 2
            numbers = (int.from_bytes(part, "big") for part in (found["signature"][:half], found["signature"][half:]))
            key.verify(utils.encode_dss_signature(*numbers), b"challenge", ec.ECDSA(hashes.SHA256()))
        else:
            key.verify(found["signature"], b"challenge", padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr, call-arg, arg-type]


def test_powershell_2_cannot_reach_a_cng_key() -> None:
    unproven, key = prove(scenario(product="2008r2"))
    assert (unproven[0], key) == ("unproven", ("key", b"", b"", b"0", b""))
    certificates = {"old": {"authority": "public", "names": ["www.example.com"], "key": "rsa-2048"}}
    assert ("algorithm", b"rsa-pkcs1-sha1") in prove(scenario(product="2008r2", certificates=certificates))


def export(world: Scenario) -> Any:
    host = world.hosts["web"]
    return ask(host, ("store.export_pfx", "store", "my", "thumbprint", thumbprint(host).lower(), "password", "p"))[0]


def test_the_pfx_opens_and_holds_leaf_and_key() -> None:
    world = scenario()
    key, certificate, more = pkcs12.load_key_and_certificates(export(world).payload, b"p")
    assert certificate == blob.parsed(world.certificates["web"]["old"])
    assert key
    assert key.public_key() == certificate.public_key()
    assert more == []


@pytest.mark.parametrize(("flag", "number"), [("exportable", 0x8009000B), ("usable", 0x80090016)])
def test_what_cannot_be_exported(flag: str, number: int) -> None:
    certificates = {"old": {"authority": "public", "names": ["www.example.com"], flag: False}}
    assert export(scenario(certificates=certificates)).hresult == number
    assert export(scenario()).status == "ok"


def test_store_add_copy_remove() -> None:
    world = scenario()
    host, mark = world.hosts["web"], thumbprint(world.hosts["web"])
    copy = ("store.copy", "from", "MY", "to", "WebHosting", "thumbprint", mark)
    assert ask(host, copy, copy, mode="write")[1].status == "ok"
    assert host.store("WebHosting")[0].link == host.store("MY")[0].link
    remove = ("store.remove", "store", "WebHosting", "thumbprint", mark.lower())
    assert [each.status for each in ask(host, remove, remove, mode="write")] == ["ok", "ok"]
    assert ask(host, (*copy[:6], "0" * 40))[0].hresult == 0x80092004
    add = ("store.add", "store", "CA", "certificate", world.certificates["web"]["old"])
    assert [each.status for each in ask(host, add, add, mode="write")] == ["ok", "ok"]
    assert [entry["where"].rsplit("\\", 1)[1] for entry in host.write_log if entry["action"] == "set"] == [mark, mark]
