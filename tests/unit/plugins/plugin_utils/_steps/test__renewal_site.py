# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding, Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._renewal_site import (
    Bound,
    Wanted,
    bound,
    find_site,
    site_problems,
    uncovered,
)

from tests.unit.iis_host import flight
from tests.unit.mint import mint

NEW = mint("www.example.com", names=["www.example.com", "*.shop.example.com"])
OLD = "AB" * 20


@dataclasses.dataclass(frozen=True)
class Web:
    """As much of a web server as a renewal site needs; operations only say what was asked.

    ``free`` is what it would attach a certificate to where the site has no endpoint on the port.
    """

    sites: tuple[Site, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    free: Endpoint | None = None

    def meets(self, site: Site, binding: Binding, endpoint: Endpoint) -> bool:  # noqa: ARG002
        return binding.ssl_flags == 3 and endpoint.owner == "central_store"

    def endpoints_on(self, site: Site, port: int) -> tuple[Endpoint, ...]:
        return tuple(each for each in self.endpoints if each.port == port and site.name in each.sites)

    def attachment(self, site: Site, port: int) -> Endpoint:  # noqa: ARG002
        if self.free is None:
            raise TlsOpsError("somebody else is there.", hint="Name another port.")
        return self.free

    def replace(self, endpoint: Endpoint, thumbprint: str, store: str) -> tuple[Operation, ...]:
        return (Operation("replace", (("selector", endpoint.selector), ("to", thumbprint), ("store", store))),)

    def attach(self, site: Site, port: int, thumbprint: str, store: str) -> tuple[Operation, ...]:
        return (Operation("attach", (("site", site.name), ("port", str(port)), ("to", thumbprint), ("store", store))),)

    def refresh(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        running = [site.name for site in self.sites if site.state == "started"]
        return (Operation("anew"),) if endpoint.selector.startswith("metabase=") and running else ()

    def reached_at(self, endpoint: Endpoint) -> tuple[tuple[str, int], ...]:
        if self.free is not None:
            raise TlsOpsError("http.sys does not listen there.")
        return (("127.0.0.1", endpoint.port),)

    def settle(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        return (Operation("settle", (("selector", endpoint.selector),)),)

    def read_back(self, endpoint: Endpoint) -> Operation:
        return Operation("read", (("selector", endpoint.selector),))

    def understood(self, endpoint: Endpoint, payload: bytes) -> Endpoint | None:
        return dataclasses.replace(endpoint, thumbprint=payload.decode()) if payload else None

    def with_endpoint(self, endpoint: Endpoint) -> Web:
        others = tuple(each for each in self.endpoints if each.selector != endpoint.selector)
        return dataclasses.replace(self, endpoints=(*others, endpoint))


def endpoint(selector: str, *sites: str, **values) -> Endpoint:
    kind, _other, place = selector.partition("=")
    host, _other, port = place.rpartition(":")
    sni = host if kind == "hostnameport" else ""
    base = Endpoint(selector, "0.0.0.0" if sni else host, int(port), sni, sites, "iis", OLD)
    return dataclasses.replace(base, **values)


def site(name: str, *https: str) -> Site:
    return Site(
        "2", name, "started", (*(Binding("https", each) for each in https), Binding("http", "*:80:plain.example"))
    )


RENEWAL, SHOP = site("Renewal", "*:443:"), site("Shop", "*:443:a.shop.example.com", "*:8443:b.a.shop.example.com")
WEB = Web((RENEWAL, SHOP))
INHERITED = Endpoint("metabase=W3SVC/2", "0.0.0.0", 443, "", ("Renewal",), "iis", OLD, inherited_from="W3SVC")


def missing(site: Site, ports: list[int] | None = None, web: Web = WEB) -> tuple[str, ...]:
    return uncovered(web, NEW.certificate, site, ports)  # type: ignore[arg-type]


def bind(web: Web, port: int = 443, store: str = "MY", *, looks: bool = True) -> Bound:
    return bound(web, RENEWAL, port, Wanted(NEW.certificate, store, looks))  # type: ignore[arg-type]


def test_sites_by_name_without_case() -> None:
    assert find_site(WEB, "RENEWAL") is RENEWAL  # type: ignore[arg-type]
    with pytest.raises(TlsOpsError, match="no web site 'x'; there are: 'Renewal', 'Shop'") as error:
        find_site(WEB, "x")  # type: ignore[arg-type]
    assert error.value.hint == "Name it as IIS Manager shows it."


def test_only_https_host_names_have_to_be_covered() -> None:
    assert missing(RENEWAL) == ()
    assert missing(SHOP) == ("b.a.shop.example.com",)


def test_only_the_ports_that_it_is_for_count() -> None:
    assert missing(SHOP, [443]) == missing(SHOP, []) == ()
    assert missing(SHOP, [8443]) == ("b.a.shop.example.com",)
    (unknown,) = site_problems(WEB, ["Shop", "Nowhere"], NEW.certificate, [])  # type: ignore[arg-type]
    assert "Nowhere" in unknown


def test_a_binding_of_the_central_store_needs_no_other_certificate() -> None:
    central = Binding("https", "*:443:other.example.net", 3)
    farm = Site("4", "Farm", "started", (central,))
    assert missing(farm) == ("other.example.net",)
    assert missing(farm, web=Web((), (endpoint("ccs=443:443", "Farm", owner="central_store"),))) == ()


def test_all_problems_of_all_sites() -> None:
    lacking, unknown = site_problems(WEB, ["Shop", "Renewal", "Nowhere"], NEW.certificate)  # type: ignore[arg-type]
    assert lacking == "it does not cover b.a.shop.example.com of the site 'Shop'"
    assert "Nowhere" in unknown
    assert unknown.endswith(". Name it as IIS Manager shows it")


def test_an_own_endpoint_is_swapped() -> None:
    own = endpoint("ipport=10.0.0.5:443", "Renewal")
    other = endpoint("ipport=0.0.0.0:443", "Shop")
    result = bind(Web((RENEWAL, SHOP), (other, own)))
    (change,) = result.changes
    assert change.operations == WEB.replace(own, NEW.thumbprint, "MY")
    assert (change.before, change.after) == (f"certificate {OLD} from MY", f"certificate {NEW.thumbprint} from MY")
    after = dataclasses.replace(own, thumbprint=NEW.thumbprint)
    assert result.endpoints == (after,)
    assert result.web is not None
    assert list(result.web.endpoints) == [other, after]


def test_several_own_endpoints_on_the_port_change_together() -> None:
    web = Web((RENEWAL,), (endpoint("ipport=0.0.0.0:443", "Renewal"), endpoint("ipport=[::]:443", "Renewal")))
    result = bind(web)
    assert [each.where for each in result.changes] == ["ipport=0.0.0.0:443", "ipport=[::]:443"]
    assert len(result.proofs) == 2
    assert result.web is not None
    assert {each.thumbprint for each in result.web.endpoints} == {NEW.thumbprint}


def test_a_new_endpoint_where_there_is_none() -> None:
    free = endpoint("ipport=0.0.0.0:443", "Renewal", thumbprint="")
    result = bind(Web((RENEWAL,), (endpoint("ipport=0.0.0.0:8443", "Shop"),), free))
    (change,) = result.changes
    assert change.operations == WEB.attach(RENEWAL, 443, NEW.thumbprint, "MY")
    assert (change.before, result.endpoints[0].selector) == ("", "ipport=0.0.0.0:443")
    assert change.after == f"certificate {NEW.thumbprint} from MY\nhttps binding on port 443 of the site 'Renewal'"


@pytest.mark.parametrize("known", [OLD, NEW.thumbprint], ids=["old", "new"])
def test_a_record_that_no_site_used_is_shown_as_it_was(known: str) -> None:
    left = endpoint("ipport=0.0.0.0:443", owner="unbound", thumbprint=known, settings={"flags": 2})
    result = bind(Web((RENEWAL,), (left,), left))
    (change,) = result.changes
    assert change.before == f"certificate {known} from MY"
    assert change.before != change.after
    after = dataclasses.replace(left, owner="iis", sites=("Renewal",), thumbprint=NEW.thumbprint)
    assert result.endpoints == (after,)


@pytest.mark.parametrize("known", [OLD, NEW.thumbprint, ""], ids=["old", "new", "none"])
def test_an_endpoint_shared_with_another_site_is_refused(known: str) -> None:
    shared = endpoint("ipport=0.0.0.0:443", "Renewal", "Shop", thumbprint=known)
    with pytest.raises(TlsOpsError, match="also serves 'Shop'") as error:
        bind(Web((RENEWAL, SHOP), (shared,)))
    assert "another port" in error.value.hint


def test_what_the_web_server_says_is_in_the_way_is_refused() -> None:
    with pytest.raises(TlsOpsError, match="somebody else is there"):
        bind(Web((RENEWAL, SHOP), (endpoint("ipport=0.0.0.0:443", "Shop"),)))


def test_the_central_store_is_recognized() -> None:
    ccs = endpoint("ccs=443:443", "Renewal", owner="central_store", thumbprint="")
    with pytest.raises(TlsOpsError, match="central certificate store"):
        bind(Web((RENEWAL,), (ccs,)))


def test_an_inherited_certificate_is_shown_as_such_before_and_is_the_sites_own_after() -> None:
    result = bind(Web((RENEWAL,), (INHERITED,)))
    (change,) = result.changes
    assert change.before == f"certificate {OLD} from MY, inherited from W3SVC"
    assert change.after == f"certificate {NEW.thumbprint} from MY"


def test_a_renewal_site_that_may_go_on_with_what_it_has_is_looked_at_and_started_anew() -> None:
    web = Web((RENEWAL,), (INHERITED,))
    (proof,) = bind(web).proofs
    assert (proof.name, proof.remedy) == ("metabase=W3SVC/2", (Operation("anew"),))
    assert proof.listener == "the site 'Renewal' (metabase=W3SVC/2)"
    read, *looks = proof.operations
    assert (read.name, {each.name for each in looks}) == ("read", {"tcp.exchange"})
    held = Answer("ok", NEW.thumbprint.encode())
    judged = {
        "old": proof.judge((held, *[Answer("ok", flight((mint("other").der,)))] * len(looks))),
        "any chain": proof.judge((held, *[Answer("ok", flight((NEW.der, mint("other").der)))] * len(looks))),
        "nobody there": proof.judge((held, *[Answer("error", kind="socket", number=10061)] * len(looks))),
    }
    outcomes = {name: (each.outcome, each.curable) for name, each in judged.items()}
    assert outcomes["old"] == (Outcome.MISSED, True)
    assert outcomes["any chain"][0] is Outcome.PROVEN
    assert outcomes["nobody there"][0] is Outcome.UNPROVABLE, "Step 1 does not fail by that"


def test_where_nobody_can_look_or_the_site_is_stopped_next_only_what_it_holds_is_read() -> None:
    web = Web((RENEWAL,), (INHERITED,))
    stopped = Web((dataclasses.replace(RENEWAL, state="stopped"),), (INHERITED,))
    elsewhere = dataclasses.replace(web, free=INHERITED)
    for result in (bind(web, looks=False), bind(stopped), bind(elsewhere)):
        (proof,) = result.proofs
        assert (proof.name, proof.remedy) == ("binding metabase=W3SVC/2", ())
        assert [each.name for each in proof.operations] == ["read"]


def test_bound_already_is_nothing_to_do_but_still_proven() -> None:
    own = endpoint("ipport=0.0.0.0:443", "Renewal", thumbprint=NEW.thumbprint.lower(), store="My")
    result = bind(Web((RENEWAL,), (own,)))
    assert (result.changes, result.endpoints, len(result.proofs)) == ((), (own,), 1)
    assert bind(Web((RENEWAL,), (own,)), store="WebHosting").changes


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer("ok", NEW.thumbprint.encode()), Outcome.PROVEN),
        (Answer("ok", OLD.encode()), Outcome.MISSED),
        (Answer("ok"), Outcome.MISSED),
        (Answer("error", kind="win32", number=5), Outcome.NOT_PROVEN),
    ],
)
def test_what_is_read_back_decides(answer: Answer, outcome: Outcome) -> None:
    (proof,) = bind(Web((RENEWAL,), (endpoint("ipport=0.0.0.0:443", "Renewal"),))).proofs
    assert proof.operations == (Operation("read", (("selector", "ipport=0.0.0.0:443"),)),)
    assert proof.judge((answer,)).outcome is outcome
