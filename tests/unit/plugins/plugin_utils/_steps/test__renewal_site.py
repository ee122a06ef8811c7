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
    bound,
    find_site,
    site_problems,
    uncovered,
)

from tests.unit.mint import mint

NEW = mint("www.example.com", names=["www.example.com", "*.shop.example.com"])
OLD = "AB" * 20


@dataclasses.dataclass(frozen=True)
class Web:
    """As much of a web server as a renewal site needs; operations only say what was asked."""

    sites: tuple[Site, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()

    def replace(self, endpoint: Endpoint, thumbprint: str, store: str) -> tuple[Operation, ...]:
        return (Operation("replace", (("selector", endpoint.selector), ("to", thumbprint), ("store", store))),)

    def attach(self, site: Site, port: int, thumbprint: str, store: str) -> tuple[Operation, ...]:
        return (Operation("attach", (("site", site.name), ("port", str(port)), ("to", thumbprint), ("store", store))),)

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


def bind(web: Web, port: int = 443, store: str = "MY") -> Bound:
    return bound(web, RENEWAL, port, NEW.certificate, store)  # type: ignore[arg-type]


def test_sites_by_name_without_case() -> None:
    assert find_site(WEB, "RENEWAL") is RENEWAL  # type: ignore[arg-type]
    with pytest.raises(TlsOpsError, match="no web site 'x'; there are: 'Renewal', 'Shop'") as error:
        find_site(WEB, "x")  # type: ignore[arg-type]
    assert error.value.hint == "Name it as IIS Manager shows it."


def test_only_https_host_names_have_to_be_covered() -> None:
    assert uncovered(NEW.certificate, RENEWAL) == ()
    assert uncovered(NEW.certificate, SHOP) == ("b.a.shop.example.com",)


def test_only_the_ports_that_it_is_for_count() -> None:
    assert uncovered(NEW.certificate, SHOP, [443]) == uncovered(NEW.certificate, SHOP, []) == ()
    assert uncovered(NEW.certificate, SHOP, [8443]) == ("b.a.shop.example.com",)
    (unknown,) = site_problems(WEB, ["Shop", "Nowhere"], NEW.certificate, [])  # type: ignore[arg-type]
    assert "Nowhere" in unknown


def test_a_binding_of_the_central_store_needs_no_other_certificate() -> None:
    central = Binding("https", "*:443:other.example.net", 3)
    assert uncovered(NEW.certificate, Site("4", "Farm", "started", (central,))) == ()


def test_all_problems_of_all_sites() -> None:
    missing, unknown = site_problems(WEB, ["Shop", "Renewal", "Nowhere"], NEW.certificate)  # type: ignore[arg-type]
    assert missing == "it does not cover b.a.shop.example.com of the site 'Shop'"
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
    result = bind(Web((RENEWAL,), (endpoint("ipport=0.0.0.0:8443", "Shop"),)))
    (change,) = result.changes
    assert change.operations == WEB.attach(RENEWAL, 443, NEW.thumbprint, "MY")
    assert (change.before, result.endpoints[0].selector) == ("", "ipport=0.0.0.0:443")
    assert change.after == f"certificate {NEW.thumbprint} from MY\nhttps binding *:443: of the site 'Renewal'"


@pytest.mark.parametrize("known", [OLD, NEW.thumbprint], ids=["old", "new"])
def test_a_record_that_no_site_used_is_shown_as_it_was(known: str) -> None:
    left = endpoint("ipport=0.0.0.0:443", owner="unbound", thumbprint=known, settings={"flags": 2})
    result = bind(Web((RENEWAL,), (left,)))
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


def test_a_new_binding_on_another_sites_record_is_refused() -> None:
    with pytest.raises(TlsOpsError, match="also serves 'Shop'"):
        bind(Web((RENEWAL, SHOP), (endpoint("ipport=0.0.0.0:443", "Shop"),)))


def test_sni_and_exact_addresses_of_others_are_not_in_the_way() -> None:
    others = (endpoint("hostnameport=a.example.com:443", "Shop"), endpoint("ipport=10.0.0.9:443", "Shop"))
    assert len(bind(Web((RENEWAL, SHOP), others)).changes) == 1


def test_the_central_store_is_recognized() -> None:
    ccs = endpoint("ccs=443:443", "Renewal", owner="central_store", thumbprint="")
    with pytest.raises(TlsOpsError, match="central certificate store"):
        bind(Web((RENEWAL,), (ccs,)))
    assert bind(Web((RENEWAL,), (dataclasses.replace(ccs, sites=("Shop",)),))).changes


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
