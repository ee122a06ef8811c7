# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A web server that is no IIS: what the steps ask of one is ``WebServer``, and nothing else.

A site is its own endpoint, with a listener for each https binding; all take another certificate when they start anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.change import Change
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.consumers import Consumer
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import (
    Binding,
    Endpoint,
    Repaired,
    Site,
    SiteState,
    WebServer,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate

from tests.unit.iis_host import flight


@dataclasses.dataclass(frozen=True)
class OtherWeb:
    """``no_service``: certificates (thumbprints) that it refuses. ``remedies``: it can start a listener anew."""

    sites: tuple[Site, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    no_service: tuple[str, ...] = ()
    remedies: bool = True
    takes_sha2: bool | None = True
    version: str = "1.0"
    metabase_certificates: Mapping[str, str] = dataclasses.field(default_factory=dict)
    consumers: tuple[Consumer, ...] = ()
    unreadable: tuple[str, ...] = ()
    unchanged: tuple[Operation, ...] = ()

    def reached_at(self, endpoint: Endpoint) -> tuple[tuple[str, int], ...]:
        own = [site for site in self.sites if site.name in endpoint.sites]
        return tuple(("127.0.0.1", int(each.information.split(":")[1])) for site in own for each in _https(site))

    def meets(self, site: Site, binding: Binding, endpoint: Endpoint) -> bool:
        return site.name in endpoint.sites and binding.protocol == "https"

    def endpoints_on(self, site: Site, port: int) -> tuple[Endpoint, ...]:
        return tuple(each for each in self.endpoints if site.name in each.sites and each.port == port)

    def attachment(self, site: Site, port: int) -> Endpoint:
        return Endpoint(f"vhost={site.identifier}", "0.0.0.0", port, "", (site.name,), "iis")

    def refusals(self, certificate: Certificate, provider: str = "") -> tuple[str, ...]:
        held = f" (key in {provider})" if provider else ""
        return (f"is of a kind that it cannot serve{held}",) if certificate.thumbprint in self.no_service else ()

    def replace(self, endpoint: Endpoint, thumbprint: str, store: str) -> tuple[Operation, ...]:  # noqa: ARG002
        back = _told("set", endpoint.selector, endpoint.thumbprint)
        return (dataclasses.replace(_told("set", endpoint.selector, thumbprint), undo=(back,)),)

    def settle(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        return (_told("forget", endpoint.selector),)

    def attach(self, site: Site, port: int, thumbprint: str, store: str) -> tuple[Operation, ...]:
        return self.replace(self.attachment(site, port), thumbprint, store)

    def refresh(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        running = self.remedies and any(site.state == "started" for site in self.sites if site.name in endpoint.sites)
        return (_told("anew", endpoint.selector),) if running else ()

    def repaired(self, name: str, entry: str, stored: Collection[tuple[str, str]] | None) -> Repaired:
        if entry == "nonsense":
            raise TlsOpsError("it says nonsense.", hint="Look at vhosts.conf.")
        known = stored is None or ("my", entry) in stored
        change = Change("put it back", f"journal {name}", "", entry if known else "lost", (_told("set", name, entry),))
        return Repaired(change, self, () if known else (f"{name} is lost.",))

    def start_modes(self, site: Site, state: SiteState) -> tuple[str, str]:  # noqa: ARG002
        return "", ""

    def start(self, site: Site) -> tuple[Operation, ...]:
        return () if site.state == "started" else (_told("start", site.name),)

    def stop(self, site: Site) -> tuple[Operation, ...]:
        return () if site.state == "stopped" else (_told("stop", site.name),)

    def start_services(self) -> tuple[Operation, ...]:
        return ()

    def read_back(self, endpoint: Endpoint) -> Operation:
        return _told("get", endpoint.selector)

    def understood(self, endpoint: Endpoint, payload: bytes) -> Endpoint | None:
        return dataclasses.replace(endpoint, thumbprint=payload.decode()) if payload else None

    def with_endpoint(self, endpoint: Endpoint) -> WebServer:
        others = tuple(each for each in self.endpoints if each.selector != endpoint.selector)
        return dataclasses.replace(self, endpoints=(*others, endpoint))

    def with_state(self, site: Site, state: SiteState) -> WebServer:
        sites = (dataclasses.replace(each, state=state) if each.name == site.name else each for each in self.sites)
        return dataclasses.replace(self, sites=tuple(sites))


def _https(site: Site) -> list[Binding]:
    return [each for each in site.bindings if each.protocol == "https"]


def _told(verb: str, *words: str) -> Operation:
    return Operation(f"other.{verb}", tuple(("word", word) for word in words))


def site(number: int, name: str, *ports: int, state: SiteState = "started") -> Site:
    """With an https binding on each port."""
    return Site(str(number), name, state, tuple(Binding("https", f":{port}:") for port in ports))


def vhost(one: Site, thumbprint: str, **fields: object) -> Endpoint:
    """The endpoint of a site."""
    port = int(one.bindings[0].information.split(":")[1])
    made = Endpoint(f"vhost={one.identifier}", "0.0.0.0", port, "", (one.name,), "iis", thumbprint)
    return dataclasses.replace(made, **fields)  # type: ignore[arg-type]


@dataclasses.dataclass
class OtherHost:
    """Does its operations. ``set``: what each endpoint holds; ``sent``: port -> the chain its listener goes on with."""

    set: dict[str, str]
    sent: dict[int, Sequence[bytes]]
    chains: dict[str, Sequence[bytes]]
    ports: dict[str, list[int]]
    stale: bool = True  # a listener goes on with what it has until it is started anew

    def execute(self, operation: Operation) -> Answer:
        words = [str(value) for name, value in operation.arguments if name == "word"]
        if operation.name == "tcp.exchange":
            return Answer("ok", flight(self.sent[int(str(dict(operation.arguments)["port"]))]))
        if operation.name == "other.get":
            return Answer("ok", self.set[words[0]].encode())
        if operation.name == "other.set":
            self.set[words[0]] = words[1]
        if operation.name == "other.anew" or (operation.name == "other.set" and not self.stale):
            self.sent |= {port: self.chains[self.set[words[0]]] for port in self.ports[words[0]]}
        return Answer("ok")
