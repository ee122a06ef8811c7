# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint, WebServer
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import IIS_APP_ID, Record

from tests.unit.iis_host import NEW, OLD, Host, iis
from tests.unit.mint import mint

ANY = "ipport=0.0.0.0:443"
HTTPS = [("https", "*:443:", 0)]


def words(operation: Operation) -> list[str]:
    return [str(value) for name, value in operation.arguments if name == "argument"]


def endpoint(web: WebServer, selector: str = ANY) -> Endpoint:
    return next(each for each in web.endpoints if each.selector == selector)


@pytest.mark.parametrize(
    ("listen", "selector", "expected"),
    [
        ((), ANY, "127.0.0.1"),
        ((), "ipport=[::]:443", "::1"),
        ((), "ipport=10.0.0.9:443", "10.0.0.9"),
        ((), "ipport=[fd00::9]:443", "fd00::9"),
        ((), "hostnameport=a:443", "127.0.0.1"),
        (("10.0.0.5", "10.0.0.6"), ANY, "10.0.0.5"),
        (("10.0.0.5", "127.0.0.1"), ANY, "127.0.0.1"),
        (("0.0.0.0", "rubbish"), ANY, "127.0.0.1"),
        (("10.0.0.5", "fd00::5"), "ipport=[::]:443", "fd00::5"),
        (("10.0.0.5",), "ipport=10.0.0.9:443", "10.0.0.9"),
    ],
)
def test_where_it_is_reached(listen: tuple[str, ...], selector: str, expected: str) -> None:
    web = Host(records={selector: iis()}, listen_only=listen).web()
    assert web.reached_at(endpoint(web, selector)) == ((expected, 443),)


def test_no_address_to_connect_to() -> None:
    web = Host(records={ANY: iis()}, listen_only=("fd00::5",)).web()
    with pytest.raises(TlsOpsError, match="fd00::5"):
        web.reached_at(endpoint(web))


def test_replace_keeps_everything_else() -> None:
    host = Host({"A": ("started", HTTPS)}, {ANY: iis(flags=0x10, check_mode=1)})
    web = host.web()
    before = endpoint(web)
    assert all(each.ok for each in host.batch(web.replace(before, NEW, before.store)))
    assert host.records[ANY] == iis(NEW, flags=0x10, check_mode=1)
    seen = web.understood(before, host.execute(web.read_back(before)).payload)
    assert seen == dataclasses.replace(before, thumbprint=NEW)
    assert web.understood(before, b"") is None


def test_the_way_back_is_forgotten_by_settle() -> None:
    host = Host({"A": ("started", HTTPS)}, {ANY: iis()})
    web = host.web()
    assert all(each.ok for each in host.batch(web.replace(endpoint(web), NEW, "MY")))
    assert list(host.journal) == [ANY]
    assert all(each.ok for each in host.batch(web.settle(endpoint(web))))
    assert host.journal == {}
    none = Host({"A": ("started", HTTPS)}).web()
    assert none.settle(endpoint(none)) == ()


def test_replace_without_a_record_makes_one() -> None:
    host = Host({"A": ("started", HTTPS)})
    web = host.web()
    assert all(each.ok for each in host.batch(web.replace(endpoint(web), NEW, "WebHosting")))
    assert host.records[ANY] == Record(NEW, "WebHosting", IIS_APP_ID)


@pytest.mark.parametrize("record", [Record(OLD, app_id="{ba195980-cd49-458b-9e23-c84ee0adcd75}"), iis()])
def test_replace_refuses_what_is_not_of_iis(record: Record) -> None:
    web = Host(records={ANY: record}).web()
    with pytest.raises(TlsOpsError, match="not one of IIS's"):
        web.replace(endpoint(web), NEW, "MY")


def test_attach_adds_binding_and_record() -> None:
    host = Host({"R": ("stopped", [("http", "*:80:", 0)])})
    web = host.web()
    operations = web.attach(web.sites[0], 8443, NEW, "MY")
    assert words(operations[0])[:3] == ["set", "site", "/site.name:R"]
    assert all(each.ok for each in host.batch(operations))
    assert host.records == {"ipport=0.0.0.0:8443": iis(NEW)}


def test_attach_to_a_binding_that_is_there() -> None:
    host = Host({"R": ("stopped", [("https", "*:443:r.example.com", 1)])})
    web = host.web()
    assert all(each.ok for each in host.batch(web.attach(web.sites[0], 443, NEW, "MY")))
    assert (list(host.records), host.states) == (["hostnameport=r.example.com:443"], {})
    again = host.web()
    assert again.attach(again.sites[0], 443, NEW, "MY") == ()


@pytest.mark.parametrize(
    ("sites", "record", "whose"),
    [
        ({"P": ("started", HTTPS)}, iis(), "site P"),
        ({"P": ("started", HTTPS)}, None, "site P"),
        ({}, Record(OLD, app_id="{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}"), "WinRM"),
        ({}, Record(OLD, app_id="{11111111-2222-3333-4444-555555555555}"), "another program"),
    ],
)
def test_attach_refuses_what_is_of_others(sites: dict, record: Record | None, whose: str) -> None:
    web = Host({"R": ("stopped", []), **sites}, {ANY: record} if record else {}).web()
    with pytest.raises(TlsOpsError, match=whose):
        web.attach(web.sites[0], 443, NEW, "MY")


def test_a_leftover_record_of_iis_is_taken_over() -> None:
    host = Host({"R": ("stopped", [])}, {ANY: iis()})
    web = host.web()
    assert all(each.ok for each in host.batch(web.attach(web.sites[0], 443, NEW, "MY")))
    assert host.records[ANY].thumbprint == NEW


@pytest.mark.parametrize("selector", [ANY, "ipport=[::]:443"], ids=["IPv4", "IPv6"])
def test_another_sites_record_is_in_the_way_of_a_new_binding(selector: str) -> None:
    web = Host({"R": ("stopped", []), "Shop": ("started", HTTPS)}, {selector: iis()}).web()
    assert web.endpoints_on(web.sites[0], 443) == ()
    with pytest.raises(TlsOpsError, match="also serves 'Shop'") as refused:
        web.attachment(web.sites[0], 443)
    assert "another port" in refused.value.hint


def test_names_and_exact_addresses_of_others_are_not_in_the_way() -> None:
    shop = [("https", "*:443:a", 1), ("https", "10.0.0.9:443:", 0), ("https", "*:443:b", 3)]
    web = Host({"R": ("stopped", []), "Shop": ("started", shop)}).web()
    assert web.attachment(web.sites[0], 443) == Endpoint(ANY, "0.0.0.0", 443, "", ("R",), "iis", program="IIS")


def test_a_record_that_no_site_uses_is_what_is_attached_to() -> None:
    web = Host({"R": ("stopped", [])}, {ANY: iis()}).web()
    assert web.attachment(web.sites[0], 443) == endpoint(web)


def test_all_endpoints_of_a_site_on_a_port() -> None:
    own = [*HTTPS, ("https", "*:443:a", 1), ("https", "*:8443:", 0)]
    web = Host({"R": ("started", own)}, {"ipport=[::]:443": iis()}).web()
    found = [each.selector for each in web.endpoints_on(web.sites[0], 443)]
    assert sorted(found) == ["hostnameport=a:443", ANY, "ipport=[::]:443"]


@pytest.mark.parametrize(
    ("binding", "expected"),
    [
        (("https", "*:443:", 0), [ANY, "ipport=[::]:443"]),
        (("https", "*:443:A", 1), ["hostnameport=a:443"]),
        (("https", "*:443:a", 0), [ANY, "ipport=[::]:443"]),
        (("https", "*:443:", 1), ["hostnameport=*:443"]),
        (("https", "*:443:b", 3), ["ccs=443"]),
        (("https", "10.0.0.9:443:", 0), ["ipport=10.0.0.9:443"]),
        (("http", "*:443:", 0), []),
        (("https", "nonsense", 0), []),
    ],
)
def test_the_endpoints_that_a_binding_meets(binding: tuple[str, str, int], expected: list[str]) -> None:
    records = (ANY, "ipport=[::]:443", "ipport=10.0.0.9:443", "hostnameport=a:443", "hostnameport=*:443", "ccs=443")
    web = Host({"A": ("started", [binding])}, {each: iis() for each in records}).web()
    met = [each.selector for each in web.endpoints if web.meets(web.sites[0], web.sites[0].bindings[0], each)]
    assert sorted(met) == sorted(expected)


def test_http_sys_takes_any_certificate_at_once() -> None:
    web = Host({"A": ("started", HTTPS)}, {ANY: iis()}).web()
    assert web.refresh(endpoint(web)) == ()
    assert web.refusals(mint("www.example.com").certificate, "Any Provider") == ()


def test_services() -> None:
    assert Host().web().start_services() == ()
    was, w3svc = Host(services={"WAS": (1, 3), "W3SVC": (1, 2)}).web().start_services()
    assert [dict(each.arguments)["name"] for each in (was, w3svc)] == ["WAS", "W3SVC"]
    assert [dict(each.arguments)["action"] for each in (was, *was.undo)] == ["start", "stop"]
    for services, match in (({"WAS": (4, 3), "W3SVC": (1, 4)}, "disabled"), ({"WAS": (4, 3)}, "not on this host")):
        with pytest.raises(TlsOpsError, match=match):
            Host(services=services).web().start_services()


def test_the_web_as_it_will_be() -> None:
    web = Host({"A": ("started", HTTPS)}, {ANY: iis()}).web()
    new = dataclasses.replace(endpoint(web), thumbprint=NEW)
    other = dataclasses.replace(new, selector="ipport=0.0.0.0:8443")
    after = web.with_endpoint(new).with_endpoint(other).with_state(web.sites[0], "stopped")
    assert after.endpoints == (new, other)
    assert after.sites[0].state == "stopped"
    assert endpoint(web).thumbprint == OLD
