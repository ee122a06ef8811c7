# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IIS 6.0: what a site serves, when it starts, and what its host lacks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fleet.world.errors import DUPLICATE_NAME, SERVICE_CANNOT_ACCEPT_CTRL, SERVICE_NOT_ACTIVE, signed
from tests.fleet.world.host import Host
from tests.unit.fleet.world.asking import APPCMD, NETSH, ask
from tests.unit.fleet.world.old_host import (
    AT_443,
    CERTIFICATES,
    FIRST,
    digest,
    invoke,
    make,
    read,
    scenario,
    served,
    swap,
    values,
    write,
)

SECURE = "SecureBindings"


def one_site(*bindings: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    return [{"name": "Production", "bindings": list(bindings), **more}]


def service(host: Host, name: str, action: str) -> str:
    return ask(host, ("service", "name", name, "action", action), mode="write")[0].status


def test_one_certificate_for_all_bindings_whatever_name_the_client_sends() -> None:
    bindings = [AT_443, {"information": "10.0.0.1:444:"}, {"information": "*:445:www.example.com"}]
    world = scenario(sites=one_site(*bindings), addresses=["10.0.0.1"])
    host, old = world.hosts["web"], world.certificates["web"]["old"]
    assert host.listening() == {("0.0.0.0", 443), ("10.0.0.1", 444), ("0.0.0.0", 445)}
    assert [served(host, port) for port in (443, 444, 445)] == [old] * 3
    assert served(host, 444, "10.0.0.2") == b""
    found = host.credential("10.0.0.1", 445, "other.example.com")
    assert found
    assert found.chain[0] == old
    assert len(found.chain) == 2


def test_an_exact_address_comes_before_any() -> None:
    exact = {"name": "Exact", "bindings": [{"information": "10.0.0.1:443:", "certificate": "new"}]}
    world = scenario(sites=[*one_site(AT_443), exact])
    made = world.certificates["web"]
    assert served(world.hosts["web"]) == made["new"]
    assert served(world.hosts["web"], ip="10.0.0.2") == made["old"]


def test_of_two_sites_in_one_place_the_first_answers_whatever_name_the_client_sends() -> None:
    sites = [
        {"name": name, "bindings": [{"information": f"*:443:{name}.example.com", "certificate": certificate}]}
        for name, certificate in (("one", "old"), ("two", "new"))
    ]
    world = scenario(sites=sites)
    for name in (None, "one.example.com", "two.example.com"):
        found = world.hosts["web"].credential("10.0.0.1", 443, name)
        assert found
        assert found.chain[0] == world.certificates["web"]["old"]


@pytest.mark.parametrize(("taken", "expected"), [("site_start", "old"), ("at_once", "new")])
def test_when_a_started_site_serves_what_was_written(taken: str, expected: str) -> None:
    world = scenario({"iis6_takes_certificate": taken})
    host, made = world.hosts["web"], world.certificates["web"]
    assert swap(host, digest(world, "new")).status == "ok"
    assert served(host) == made[expected]
    assert [invoke(host, "W3SVC/1", method).status for method in ("Stop", "Start")] == ["ok", "ok"]
    assert served(host) == made["new"]


def test_a_certificate_from_above_is_taken_by_the_sites_that_inherit_it() -> None:
    world = scenario({"iis6_takes_certificate": "at_once"}, sites=one_site({**AT_443, "inherited": True}))
    host = world.hosts["web"]
    assert served(host) == world.certificates["web"]["old"]
    swap(host, digest(world, "new"), "W3SVC")
    assert served(host) == world.certificates["web"]["new"]


def test_the_chain_is_built_when_the_certificate_is_taken() -> None:
    world = scenario()
    host = world.hosts["web"]
    host.stores.remove("CA", host.store("CA")[0].thumbprint)
    before = host.credential("10.0.0.1", 443, None)
    host.restart()
    after = host.credential("10.0.0.1", 443, None)
    assert before
    assert after
    assert (len(before.chain), len(after.chain)) == (2, 1)


def wrong(**certificate: Any) -> Host:
    return make(certificates={"old": {**CERTIFICATES["old"], **certificate}}, sites=one_site(AT_443))


@pytest.mark.parametrize(
    "certificate",
    [{"key_spec": 2}, {"usable": False}, {"has_key": False}, {"key": "ecdsa-p256", "has_key": False}],
    ids=str,
)
def test_a_key_that_schannel_cannot_use_closes_the_handshake(certificate: dict[str, Any]) -> None:
    host = wrong(**certificate)
    assert host.sites == {"Production": "Started"}
    assert host.listening() == {("0.0.0.0", 443)}
    assert served(host) == b""


def test_a_site_without_certificate_and_one_in_another_store() -> None:
    assert served(make(sites=one_site({"information": "*:443:"}))) == b""
    world = scenario()
    host = world.hosts["web"]
    write(host, "W3SVC/1", ("SSLStoreName", "text", b"CA"))
    host.restart()
    assert served(host) == b""


def test_sha_2_needs_a_hotfix() -> None:
    assert served(make({"sha2": False})) == b""
    assert served(make({"sha2": True})) != b""


def test_a_colliding_start_leaves_the_site_stopped() -> None:
    host = make(language="ja-JP")
    said = invoke(host, "W3SVC/2", "Start")
    assert said.hresult == DUPLICATE_NAME
    assert said.text.startswith("ネットワーク上に")
    assert host.sites == {"Production": "Started", "Renewal": "Stopped"}
    assert invoke(host, "W3SVC/1", "Stop").status == "ok"
    assert invoke(host, "W3SVC/2", "Start").status == "ok"
    assert host.sites == {"Production": "Stopped", "Renewal": "Started"}
    assert [(entry["action"], entry["where"]) for entry in host.write_log] == [
        ("stopped", "Production"),
        ("started", "Renewal"),
    ]
    assert invoke(make({"iis6_start_error": 0x800700B7}), "W3SVC/2", "Start").hresult == 0x800700B7


def test_start_and_stop_write_down_whether_the_site_starts_with_the_service() -> None:
    host = make()
    assert values(host, "W3SVC/1", "ServerAutoStart")["ServerAutoStart"][1] == b"1"
    invoke(host, "W3SVC/1", "Stop")
    assert values(host, "W3SVC/1", "ServerAutoStart")["ServerAutoStart"][1] == b"0"
    invoke(host, "W3SVC/2", "Start")
    assert [service(host, "W3SVC", action) for action in ("stop", "start")] == ["ok", "ok"]
    assert host.sites == {"Production": "Stopped", "Renewal": "Started"}
    assert invoke(host, "W3SVC/2", "Start").status == "ok"  # nothing happens to one that has started


def test_a_start_that_fails_once_and_a_state_that_takes_its_time() -> None:
    host = make({"iis6_start_failures": {"Production": 0x80070020}, "iis6_settling_reads": 1})
    assert invoke(host, "W3SVC/1", "Stop").status == "ok"
    assert [values(host, "W3SVC/1", "ServerState")["ServerState"][1] for _time in range(2)] == [b"3", b"4"]
    assert invoke(host, "W3SVC/1", "Start").hresult == 0x80070020
    assert invoke(host, "W3SVC/1", "Start").status == "ok"
    assert [values(host, "W3SVC/1", "ServerState")["ServerState"][1] for _time in range(2)] == [b"1", b"2"]


def test_calls_that_a_site_does_not_take_while_it_is_between_two_states() -> None:
    host = make({"iis6_settling_calls": 2})
    assert invoke(host, "W3SVC/1", "Stop").status == "ok"
    assert [invoke(host, "W3SVC/1", "Start").hresult for _time in range(2)] == [SERVICE_CANNOT_ACCEPT_CTRL] * 2
    assert invoke(host, "W3SVC/1", "Start").status == "ok"
    again = ("retry", str(signed(SERVICE_CANNOT_ACCEPT_CTRL)), "retry_seconds", "5")
    assert invoke(host, "W3SVC/1", "Stop", *again).status == "ok"
    assert invoke(host, "W3SVC/2", "Start").status == "ok", "another site takes calls"


def test_a_start_of_what_has_started_and_a_stop_of_what_has_stopped() -> None:
    for already, calls in ((0, ["ok", "ok"]), (0x80070420, ["error", "error"])):
        host = make({"iis6_already": already})
        before = host.digest()
        assert [invoke(host, *call).status for call in (("W3SVC/1", "Start"), ("W3SVC/2", "Stop"))] == calls
        assert (host.digest(), host.write_log) == (before, [])


@pytest.mark.parametrize(("default", "served_at_all"), [("MY", True), ("", False)])
def test_which_store_a_site_without_one_has_is_not_known(default: str, *, served_at_all: bool) -> None:
    host = make({"iis6_default_store": default})
    write(host, "W3SVC/1", ("SSLStoreName", "clear", b""))
    host.restart()
    assert (served(host) != b"") is served_at_all


@pytest.mark.parametrize("name", ["W3SVC", "HTTPFilter", "IISADMIN", "HTTP"])
def test_a_service_that_stops_takes_the_sites_with_it(name: str) -> None:
    host = make()
    assert service(host, name, "stop") == "ok"
    assert not host.services.running("W3SVC")
    assert (host.listening(), host.sites["Production"]) == (set(), "Stopped")
    assert invoke(host, "W3SVC/1", "Start").hresult == SERVICE_NOT_ACTIVE
    assert service(host, "W3SVC", "start") == "ok"
    assert all(host.services.running(each) for each in ("HTTP", "HTTPFilter", "IISADMIN", "W3SVC"))
    assert served(host) != b""


def test_a_binding_is_live_at_once_and_deactivates_a_site_that_collides() -> None:
    sites = [*one_site(AT_443), {"name": "Other", "bindings": []}]
    host = make(sites=sites)
    assert write(host, "W3SVC/2", (SECURE, "texts", b":444:\0:445:")).status == "ok"
    assert host.listening() == {("0.0.0.0", 443), ("0.0.0.0", 444), ("0.0.0.0", 445)}
    assert write(host, "W3SVC/2", (SECURE, "texts", b":443:")).status == "ok"
    assert host.sites == {"Production": "Started", "Other": "Stopped"}


def test_a_binding_in_the_form_of_iis_7_listens_nowhere() -> None:
    host = make(sites=one_site())
    assert write(host, "W3SVC/1", (SECURE, "texts", b"*:443:")).status == "ok"
    assert host.listening() == set()


def test_the_listen_list_counts_here_too() -> None:
    host = make({"listen_only": ["10.0.0.1"]}, addresses=["10.0.0.1", "10.0.0.2"])
    assert host.listening() == {("10.0.0.1", 443)}


def test_names_that_are_the_same_get_the_number() -> None:
    sites = [{"name": "Shop"}, {"name": ""}, {"name": "Shop", "state": "stopped"}]
    assert make(sites=sites).sites == {"Shop (W3SVC/1)": "Started", "W3SVC/2": "Started", "Shop (W3SVC/3)": "Stopped"}


def test_what_is_no_certificate_of_a_site() -> None:
    host = make()
    assert host.sslcert("metabase=W3SVC/2") is None
    assert host.sslcert("metabase=W3SVC/9") is None
    assert host.sslcert("metabase=AppPools") is None
    assert host.sslcert(FIRST) is not None


def test_what_the_product_says_of_itself_and_lacks() -> None:
    host = make()
    said = {row[0]: row[1].decode() for row in ask(host, ("host.info",))[0].rows}
    assert (said["os_version"], said["edition"], said["powershell_version"]) == (
        *("5.2.3790", "Microsoft Windows Server 2003", "2.0"),  # there is no EditionID
    )
    assert host.tls_versions == ("1.0",)
    assert not host.stores.exists("WebHosting")
    appcmd, netsh, config, was = ask(
        host,
        ("run", "program", APPCMD, "argument", "list"),
        ("run", "program", NETSH, "argument", "http", "argument", "show", "argument", "sslcert"),
        ("file.read", "path", r"%SystemRoot%\System32\inetsrv\config\applicationHost.config"),
        ("service", "name", "WAS", "action", "query"),
    )
    assert (appcmd.kind, appcmd.number) == ("win32", 2)
    assert (netsh.kind, netsh.number) == ("exit", 1)
    assert {config.status, was.status} == {"error"}


@pytest.mark.parametrize(
    "what",
    [
        {"records": [{"ipport": "0.0.0.0:443", "certificate": "old"}]},
        {"config_extra": "<x />"},
        {"consumers": {"ftp": "old"}},
        {"sites": one_site({**AT_443, "ssl_flags": 1})},
        {"sites": one_site(AT_443, loaded=False)},
        {"certificates": {"old": {"authority": "rsa", "names": ["a.example"], "provider": "cng"}}},
    ],
    ids=lambda what: next(iter(what)),
)
def test_what_a_scenario_cannot_have_there(what: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"IIS|CNG"):
        make(**what)


def test_a_dry_look_leaves_everything_as_it_is() -> None:
    host = make()
    before = host.digest()
    read(host, "W3SVC", "SSLCertHash", children="IIsWebServer")
    host.clock.advance(120)
    read(host, "W3SVC")
    assert (host.digest(), host.write_log) == (before, [])
