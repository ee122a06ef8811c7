# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys that a PFX brings, who may use them, and the accounts by their names."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, PrivateFormat, pkcs12

from tests.fleet.world import access, blob
from tests.fleet.world.host import Host
from tests.fleet.world.keys import CNG, DEFAULT_ACCESS, ENHANCED
from tests.fleet.world.scenario import Scenario
from tests.unit.fleet.world.asking import Said, ask, scenario, thumbprint

PASSWORD = "p"
BACKEND = "S-1-5-21-1-2-3-1001"


def world(kind: str = "ecdsa-p256", options: dict[str, Any] | None = None, **host: Any) -> Scenario:
    """One host whose certificate ``old`` is in MY."""
    certificates = {"old": {"authority": "public", "names": ["www.example.com"], "key": kind, "friendly_name": "n"}}
    return scenario(options, certificates=certificates, sites=[], **host)


def pfx(made: Scenario, *, modern: bool = False) -> bytes:
    der = made.certificates["web"]["old"]
    (container,) = made.hosts["web"].keys.all()
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000).hmac_hash(hashes.SHA1())
    old = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).build(PASSWORD.encode())
    encryption = BestAvailableEncryption(PASSWORD.encode()) if modern else old
    return pkcs12.serialize_key_and_certificates(b"named", container.key, blob.parsed(der), None, encryption)


def import_pfx(host: Host, data: bytes, mark: str, *more: str, password: str = PASSWORD) -> Said:
    arguments = ("store", "WebHosting", "thumbprint", mark, "pfx", data, "password", password, *more)
    return ask(host, ("store.import_pfx", *arguments), mode="write")[0]


@pytest.mark.parametrize(
    ("kind", "provider", "link"), [("rsa-2048", ENHANCED, (1, 1)), ("ecdsa-p256", CNG, (0, 0))], ids=["rsa", "ec"]
)
def test_an_import_makes_a_machine_key_of_its_own(kind: str, provider: str, link: tuple[int, int]) -> None:
    made = world(kind)
    host = made.hosts["web"]
    assert import_pfx(host, pfx(made), thumbprint(host).lower()).status == "ok"
    (entry,), (first, second) = host.store("WebHosting"), host.keys.all()
    assert entry.link
    assert (entry.link.provider, entry.link.provider_type, entry.link.key_spec) == (provider, *link)
    assert (first.name != second.name, first.public) == (True, second.public)
    assert entry.friendly_name == "named"
    assert host.keys.open(entry.link).access == DEFAULT_ACCESS
    assert not host.keys.open(entry.link).exportable


def test_flag_and_name_are_kept_and_the_link_gets_there() -> None:
    made = world()
    host, mark = made.hosts["web"], thumbprint(made.hosts["web"])
    ask(host, ("store.add", "store", "WebHosting", "certificate", host.store("MY")[0].der), mode="write")
    assert import_pfx(host, pfx(made), mark, "exportable", "1", "friendly_name", "日本語").status == "ok"
    (entry,) = host.store("WebHosting")
    assert entry.friendly_name == "日本語"
    assert host.keys.open(entry.link).exportable


def test_where_a_key_lands_can_be_set() -> None:
    made = world("rsa-2048", {"pfx_provider": CNG})
    host = made.hosts["web"]
    import_pfx(host, pfx(made), thumbprint(host))
    link = host.store("WebHosting")[0].link
    assert link
    assert link.provider == CNG


@pytest.mark.parametrize(
    ("product", "options", "modern", "password"),
    [
        ("2022", {}, False, "other"),
        ("2016", {}, True, PASSWORD),
        ("2022", {"network_logon_dpapi": False}, False, PASSWORD),
    ],
    ids=["wrong password", "AES on 2016", "network logon"],
)
def test_what_windows_calls_a_wrong_password(
    product: str, options: dict[str, Any], modern: bool, password: str
) -> None:
    made = world(options=options, product=product)
    host = made.hosts["web"]
    host.journal.entries.clear()
    said = import_pfx(host, pfx(made, modern=modern), thumbprint(host), password=password)
    assert (said.hresult, said.type) == (0x80070056, "System.Security.Cryptography.CryptographicException")
    assert host.write_log == []


@pytest.mark.parametrize(("product", "modern"), [("2012r2", False), ("2016", False), ("2019", True)])
def test_which_cipher_which_windows_reads(product: str, modern: bool) -> None:
    made = world(product=product)
    host = made.hosts["web"]
    assert import_pfx(host, pfx(made, modern=modern), thumbprint(host)).status == "ok"


def test_what_is_no_pfx_and_what_is_not_in_it() -> None:
    made = world()
    host = made.hosts["web"]
    assert import_pfx(host, b"junk", thumbprint(host)).hresult == 0x80092009
    assert import_pfx(host, pfx(made), "00" * 20).hresult == 0x80092004
    made = world(options={"elevated": False})
    assert import_pfx(made.hosts["web"], pfx(made), thumbprint(made.hosts["web"])).hresult == 0x80070005


def remove(host: Host, *more: str) -> Said:
    return ask(host, ("store.remove", "store", "MY", "thumbprint", thumbprint(host), *more), mode="write")[0]


def test_a_certificate_goes_with_its_key_only_where_asked() -> None:
    for more, left in (((), 1), (("with_key", "1"), 0)):
        host = world().hosts["web"]
        assert remove(host, *more).status == "ok"
        assert (host.store("MY"), len(host.keys.all())) == ([], left)


def test_a_key_that_is_not_there_keeps_no_certificate() -> None:
    host = world().hosts["web"]
    (container,) = host.keys.all()
    host.keys.change(container.name, usable=False)
    assert remove(host, "with_key", "1").status == "ok"
    assert host.store("MY") == []


def test_powershell_2_does_not_reach_a_cng_key_to_delete_it() -> None:
    host = world(product="2008r2").hosts["web"]
    assert remove(host, "with_key", "1").hresult == 0x80090014
    assert (len(host.store("MY")), len(host.keys.all())) == (1, 1)


def acl(host: Host, *more: str) -> Said:
    return ask(host, ("key.acl", "store", "MY", "thumbprint", thumbprint(host), *more), mode="write")[0]


def test_an_access_list_is_read_granted_and_replaced() -> None:
    host = world().hosts["web"]
    before = host.digest()
    assert acl(host).rows == [("sddl", DEFAULT_ACCESS.encode())]
    assert (host.digest(), host.write_log) == (before, [])
    assert acl(host, "grant", "S-1-5-20", "grant", BACKEND).rows[0][1].decode() == (
        f"{DEFAULT_ACCESS}(A;;FR;;;NS)(A;;FR;;;{BACKEND})"
    )
    assert host.digest() != before
    assert acl(host, "sddl", f"O:BAD:P(A;;FA;;;S-1-5-18)(A;;0x1;;;{BACKEND})", "grant", BACKEND).rows == [
        ("sddl", f"D:P(A;;FA;;;SY)(A;;FR;;;{BACKEND})".encode())
    ]
    read = ask(host, ("store.read", "store", "MY"))[0].rows[1]
    assert read[-1] == f"D:P(A;;FA;;;SY)(A;;FR;;;{BACKEND})".encode()


@pytest.mark.parametrize(
    "more", [("sddl", "nonsense"), ("sddl", "D:(A;;FA)"), ("sddl", "D:(A;;ZZ;;;SY)"), ("grant", "NETWORK SERVICE")]
)
def test_a_list_that_is_none(more: tuple[str, str]) -> None:
    host = world().hosts["web"]
    before = host.digest()
    assert acl(host, *more).hresult == 0x80070057
    assert host.digest() == before


def test_access_to_a_key_that_is_gone_elsewhere_or_nobodys() -> None:
    host = world().hosts["web"]
    (container,) = host.keys.all()
    host.keys.change(container.name, provider="Microsoft Platform Crypto Provider")
    assert acl(host).hresult == 0x80070002
    assert ask(host, ("store.read", "store", "MY"))[0].rows[1][-1] == b""
    host.keys.change(container.name, usable=False)
    assert acl(host).hresult == 0x80090016
    assert acl(world(options={"elevated": False}).hosts["web"], "grant", "S-1-5-20").hresult == 0x80070005


def sids(host: Host, *names: str) -> list[str]:
    rows = ask(host, ("account.sid", *(part for name in names for part in ("name", name))))[0].rows
    assert [row[:2] for row in rows] == [("account", name.encode()) for name in names]
    return [row[2].decode() for row in rows]


@pytest.mark.parametrize(
    ("language", "known", "unknown"),
    [
        ("en-US", r"NT AUTHORITY\NETWORK SERVICE", "NETZWERKDIENST"),
        ("ja-JP", "network service", "NETZWERKDIENST"),
        ("de-DE", r"NT-Autorität\Netzwerkdienst", "NETWORK SERVICE"),
    ],
)
def test_names_are_those_of_the_hosts_language(language: str, known: str, unknown: str) -> None:
    assert sids(world(language=language).hosts["web"], known, unknown, "S-1-5-20") == ["S-1-5-20", "", "S-1-5-20"]


def test_virtual_accounts_and_further_ones() -> None:
    host = world(options={"accounts": {r"CORP\backend": BACKEND}}).hosts["web"]
    pool = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"
    assert sids(host, r"IIS AppPool\DefaultAppPool", r"IIS APPPOOL\none", r"corp\Backend") == [pool, "", BACKEND]
    assert sids(host, r"NT SERVICE\W3SVC")[0].startswith("S-1-5-80-")
    assert sids(host, r"NT SERVICE\none", "nobody") == ["", ""]


def test_an_entry_that_is_there_is_joined() -> None:
    assert (
        access.grant_read("D:(D;;FR;;;BU)(A;ID;FX;;;BU)", "S-1-5-32-545") == "D:(D;;FR;;;BU)(A;ID;FX;;;BU)(A;;FR;;;BU)"
    )
    assert access.grant_read("D:(A;;FW;;;BU)", "S-1-5-32-545") == "D:(A;;0x12019f;;;BU)"


def test_a_value_can_be_a_files_bytes() -> None:
    host = world().hosts["web"]
    path = r"C:\Windows\Temp\request.req"
    write = ("file.write", "path", path, "data", b"\x00csr")
    value = (
        "reg.write",
        "key",
        r"HKLM\SOFTWARE\x",
        "name",
        "n",
        "kind",
        "Binary",
        "file",
        r"%SystemRoot%\Temp\request.req",
    )
    missing = (*value[:-1], r"C:\none")
    assert [each.status for each in ask(host, write, value, missing, mode="write")] == ["ok", "ok", "error"]
    found = host.registry.get(r"HKLM\SOFTWARE\x", "n")
    assert found
    assert (found.kind, found.data) == ("Binary", b"\x00csr")
