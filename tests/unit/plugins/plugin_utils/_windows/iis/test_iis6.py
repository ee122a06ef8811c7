# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import service
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding, Endpoint

from tests.unit.iis6_host import NEW, OLD, SELECTOR, SITE, Host, site
from tests.unit.mint import mint

SECOND = "W3SVC/2"


def two(**second: object) -> Host:
    return Host({"W3SVC": {}, SITE: site(), SECOND: site("Renewal", **second)})  # type: ignore[arg-type]


def invoked(operations: tuple[Operation, ...]) -> list[str]:
    given = (dict(each.arguments) for each in operations if each.name == "adsi.invoke")
    return [f"{each['path']} {each['method']}" for each in given]


# Where it is


@pytest.mark.parametrize(
    ("secure", "listen", "expected"),
    [
        ([":443:"], (), [("127.0.0.1", 443)]),
        (["10.0.0.9:444:", ":443:", "127.0.0.1:443:"], (), [("10.0.0.9", 444), ("127.0.0.1", 443)]),
        ([":443:a.example.jp", ":443:b.example.jp"], (), [("127.0.0.1", 443)]),
        ([":443:"], ("10.0.0.5", "rubbish"), [("10.0.0.5", 443)]),
        ([":443:"], ("10.0.0.5", "127.0.0.1"), [("127.0.0.1", 443)]),
        ([":443:"], ("0.0.0.0",), [("127.0.0.1", 443)]),
        (["10.0.0.9:443:"], ("10.0.0.5",), [("10.0.0.9", 443)]),
    ],
    ids=["any", "each once", "host headers", "listen list", "loopback listens", "all listen", "own address"],
)
def test_where_it_is_reached(secure: list[str], listen: tuple[str, ...], expected: list[tuple[str, int]]) -> None:
    web = Host({"W3SVC": {}, SITE: site(secure=secure)}, listen_only=listen).web()
    assert list(web.reached_at(web.endpoints[0])) == expected


def test_no_address_to_connect_to() -> None:
    web = Host(listen_only=("fd00::5",)).web()
    with pytest.raises(TlsOpsError, match="fd00::5"):
        web.reached_at(web.endpoints[0])


def test_which_bindings_meet_it() -> None:
    web = two(secure=(":8443:",), plain=(":80:",)).web()
    shop, renewal = web.sites
    own, other = web.endpoints
    assert web.meets(shop, Binding("https", ":443:"), own)
    assert not web.meets(shop, Binding("https", "nonsense"), own)
    assert not web.meets(shop, Binding("http", ":443:"), own)
    assert not web.meets(renewal, Binding("https", ":8443:"), own)
    assert web.meets(renewal, Binding("https", ":8443:"), other)


def test_endpoints_on_a_port() -> None:
    web = Host({"W3SVC": {}, SITE: site(secure=(":443:", "10.0.0.1:8443:"))}).web()
    (shop,) = web.sites
    assert web.endpoints_on(shop, 443) == web.endpoints_on(shop, 8443) == web.endpoints
    assert web.endpoints_on(shop, 444) == ()


# A certificate for a site that has no SecureBindings yet


def test_attach() -> None:
    host = two(secure=(), certificate="", state=4, store="")
    web = host.web()
    renewal = web.sites[1]
    there = web.attachment(renewal, 443)
    assert there == Endpoint(f"metabase={SECOND}", "0.0.0.0", 443, "", ("Renewal",), "iis", program="IIS")
    assert all(each.ok for each in host.batch(web.attach(renewal, 443, NEW, "MY")))
    assert web.settle(there) == ()
    assert host.nodes[SECOND]["SecureBindings"] == ("texts", b":443:"), "never with an asterisk"
    assert (host.disk, host.journal) == (host.nodes, {})
    planned = web.with_endpoint(dataclasses.replace(there, thumbprint=NEW))
    assert planned.endpoints == host.web().endpoints
    assert planned.sites == host.web().sites
    assert planned.reached_at(planned.endpoints[1]) == (("127.0.0.1", 443),)


def test_attach_beside_other_bindings() -> None:
    host = Host({"W3SVC": {}, SITE: site(secure=("10.0.0.1:444:",))})
    web = host.web()
    there = web.attachment(web.sites[0], 443)
    assert (there.thumbprint, there.address, there.port) == (OLD, "0.0.0.0", 443)
    assert web.reached_at(there) == (("10.0.0.1", 444), ("127.0.0.1", 443))
    assert all(each.ok for each in host.batch(web.attach(web.sites[0], 443, NEW, "MY")))
    planned = web.with_endpoint(dataclasses.replace(there, thumbprint=NEW))
    assert (planned.endpoints, planned.sites) == (host.web().endpoints, host.web().sites)
    assert [each.name for each in web.settle(there)] == ["reg.delete"]
    assert host.journal


def test_attach_where_the_certificate_is_there() -> None:
    host = two(secure=(), state=4)
    web = host.web()
    assert all(each.ok for each in host.batch(web.attach(web.sites[1], 443, OLD, "my")))
    assert (host.journal, host.web().sites[1].bindings) == ({}, (Binding("https", ":443:"),))
    (shop, *_others) = web.sites
    assert web.attach(shop, 443, OLD, "MY") == ()


@pytest.mark.parametrize("state", [1, 2])
def test_a_port_of_another_started_site_is_named_first(state: int) -> None:
    web = two(secure=(), state=state).web()
    for ask in (web.attachment, lambda own, port: web.attach(own, port, NEW, "MY")):
        with pytest.raises(TlsOpsError, match="port 443 is taken: the site 'Shop' is started"):
            ask(web.sites[1], 443)
    assert web.attachment(web.sites[1], 8443).port == 8443


def test_a_stopped_site_may_have_the_port_of_another() -> None:
    web = two(secure=(), state=4).web()
    assert web.attachment(web.sites[1], 443).port == 443


# States


def test_start_and_stop() -> None:
    host = two(state=4, secure=(":443:",))
    web = host.web()
    shop, renewal = web.sites
    assert web.start(shop) == web.stop(renewal) == ()
    operations = (*web.stop(shop), *web.start(renewal))
    assert invoked(operations) == ["W3SVC/1 Stop", " SaveData", "W3SVC/2 Start", " SaveData"]
    assert [each.undo[0].name for each in operations[::2]] == ["adsi.invoke"] * 2
    host.batch(operations)
    planned = web.with_state(shop, "stopped").with_state(renewal, "started")
    assert planned.sites == host.web().sites


def test_what_else_a_start_and_a_stop_change() -> None:
    """IIS 6.0 rewrites it."""
    web = two(state=4, secure=(":443:",)).web()
    shop, renewal = web.sites
    assert web.start_modes(shop, "stopped") == ("ServerAutoStart: true", "ServerAutoStart: false")
    assert web.start_modes(renewal, "started") == ("", "")
    stopped = web.with_state(shop, "stopped")
    assert stopped.start_modes(stopped.sites[0], "started") == ("ServerAutoStart: false", "ServerAutoStart: true")
    bare = Host({"W3SVC": {}, SITE: {"ServerState": ("number", b"4")}}).web()
    assert bare.start_modes(bare.sites[0], "started") == ("", "")


def test_of_a_state_that_is_not_known_only_the_start_mode_comes_back() -> None:
    web = Host({"W3SVC": {}, SITE: site(state=6)}).web()
    for operations in (web.start(web.sites[0]), web.stop(web.sites[0])):
        assert [each.name for each in operations[0].undo] == ["adsi.write", "adsi.invoke"]
    bare = Host({"W3SVC": {}, SITE: {name: each for name, each in site(state=6).items() if name != "ServerAutoStart"}})
    assert bare.web().start(bare.web().sites[0])[0].undo == ()


def test_a_site_that_the_plan_starts_behind_its_swap_is_not_started_anew() -> None:
    web = Host({"W3SVC": {}, SITE: site(state=4)}).web()
    started = web.with_state(web.sites[0], "unknown").with_state(web.sites[0], "started")
    assert started.refresh(started.endpoints[0]) == ()
    changed = started.with_endpoint(dataclasses.replace(started.endpoints[0], thumbprint=NEW))
    assert invoked(changed.refresh(changed.endpoints[0])) == ["W3SVC/1 Stop", "W3SVC/1 Start"]


@pytest.mark.parametrize("state", [2, 4, 6])
def test_a_port_that_the_site_itself_has_for_http_is_refused_whatever_its_state(state: int) -> None:
    web = two(secure=(), plain=("10.0.0.9:8080:",), state=state).web()
    for act in (web.attachment, lambda one, port: web.attach(one, port, NEW, "MY")):
        with pytest.raises(TlsOpsError, match="port 8080 is the HTTP port of the site 'Renewal' itself") as caught:
            act(web.sites[1], 8080)
        assert "another port" in caught.value.hint
    assert web.attachment(web.sites[1], 8443).port == 8443


def test_a_start_anew_leaves_the_start_mode() -> None:
    target = Host({"W3SVC": {}, SITE: site() | {"ServerAutoStart": ("flag", b"0")}})
    before = copy.deepcopy(target.nodes)
    web = target.web()
    assert all(each.ok for each in target.batch(web.refresh(web.endpoints[0])))
    assert target.nodes == target.disk == before


@pytest.mark.parametrize(("state", "expected"), [(2, ["W3SVC/1 Stop", "W3SVC/1 Start"]), (4, []), (6, [])])
def test_refresh_is_a_stop_and_a_start_of_that_site(state: int, expected: list[str]) -> None:
    host = Host({"W3SVC": {}, SITE: site(state=state), SECOND: site("Other", (":444:",))})
    web = host.web()
    operations = web.refresh(web.endpoints[0])
    assert invoked(operations) == expected
    before = copy.deepcopy(host.nodes)
    host.batch(operations)
    assert (host.nodes, host.journal) == (before, {})
    if operations:
        target = Host(before)
        target.batch(operations, (2, "refuse"))
        assert (target.nodes, target.journal) == (before, {}), "a start that fails is tried once more, on the way back"


def test_a_site_whose_state_was_not_known_may_have_run_before_the_plan_started_it() -> None:
    web = Host({"W3SVC": {}, SITE: site(state=6)}).web()
    assert web.refresh(web.endpoints[0]) == ()
    started = web.with_state(web.sites[0], "started")
    assert invoked(started.refresh(web.endpoints[0])) == ["W3SVC/1 Stop", "W3SVC/1 Start"]


@pytest.mark.parametrize(
    ("secure", "names"), [((":443:",), ["IISADMIN", "HTTPFilter", "W3SVC"]), ((), ["IISADMIN", "W3SVC"])]
)
def test_services(secure: tuple[str, ...], names: list[str]) -> None:
    stopped = {"IISADMIN": (1, 2), "HTTPFilter": (1, 3), "W3SVC": (1, 2)}
    web = Host({"W3SVC": {}, SITE: site(secure=secure)}, services=stopped).web()
    operations = web.start_services()
    assert [dict(each.arguments)["name"] for each in operations] == names
    assert all(each.undo == (service(str(dict(each.arguments)["name"]), "stop"),) for each in operations)
    assert Host().web().start_services() == ()


@pytest.mark.parametrize(
    ("services", "match"),
    [
        ({"IISADMIN": (4, 2), "HTTPFilter": (1, 4), "W3SVC": (4, 2)}, "HTTPFilter is disabled"),
        ({}, "is not on this host"),
    ],
)
def test_services_that_cannot_be_started(services: dict[str, tuple[int, int]], match: str) -> None:
    with pytest.raises(TlsOpsError, match=match):
        Host(services=services).web().start_services()


# What is there


def test_read_back() -> None:
    host = Host()
    web = host.web()
    (before,) = web.endpoints
    payload = host.execute(web.read_back(before)).payload
    assert web.understood(before, payload) == before
    host.batch(web.replace(before, NEW, "MY"))
    wanted = dataclasses.replace(before, thumbprint=NEW)
    assert web.understood(wanted, host.execute(web.read_back(wanted)).payload) == wanted
    host.nodes[SITE] = site(certificate="")
    assert web.understood(wanted, host.execute(web.read_back(wanted)).payload) is None


def test_a_certificate_that_is_inherited_is_set_on_the_site() -> None:
    above = {"SSLCertHash": ("binary", bytes.fromhex(OLD)), "SSLStoreName": ("text", b"MY")}
    host = Host({"W3SVC": above, SITE: site(certificate="", store=""), SECOND: site("Other", (":444:",), "", store="")})
    web = host.web()
    before, other = web.endpoints
    assert before.inherited_from == other.inherited_from == "W3SVC"
    assert all(each.ok for each in host.batch(web.replace(before, NEW, before.store)))
    planned = web.with_endpoint(dataclasses.replace(before, thumbprint=NEW, inherited_from=""))
    assert planned.endpoints == host.web().endpoints
    assert host.web().endpoints[1] == other


def test_a_certificate_that_cannot_be_served() -> None:
    web = Host(chain=8 | 32).web()
    assert len(web.refusals(mint("www.example.com").certificate)) == 2


def test_a_site_that_is_not_there() -> None:
    web = Host().web()
    ghost = dataclasses.replace(web.endpoints[0], selector="metabase=W3SVC/9")
    for ask in (web.reached_at, web.refresh, web.with_endpoint):
        with pytest.raises(TlsOpsError, match="no site metabase=W3SVC/9"):
            ask(ghost)


# Entries that a run that was cut off left


def test_settle() -> None:
    host = Host()
    web = host.web()
    (before,) = web.endpoints
    host.batch(web.replace(before, NEW, "MY"))
    assert list(host.journal) == [SELECTOR]
    assert all(host.execute(each).ok for each in web.settle(before))
    assert host.journal == {}
