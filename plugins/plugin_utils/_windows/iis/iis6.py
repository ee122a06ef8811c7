# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IIS 6.0: sites and their certificates in the metabase, one certificate a site for all its SecureBindings."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Collection, Mapping

from ..._batch.operation import Operation
from ..._errors import TlsOpsError
from ..._model.consumers import Consumer
from ..._model.place import Place
from ..._model.web import Binding, Endpoint, Repaired, Site, SiteState, WebServer
from ..._x509.certificate import Certificate
from . import entry6, sha2, sites6, swap6
from .listen_list import local_address
from .metabase import AUTO_START, CERTIFICATE, SERVICE, STORE, Value, Values, nodes, read
from .problem import Problem
from .services import State, runs, started
from .sites6 import path_named, path_of
from .swap import drop_journal

# In the order in which they start: the metabase, TLS for http.sys (TechNet cc737578), the sites.
METABASE_SERVICE, TLS_SERVICE = "IISADMIN", "HTTPFilter"
SERVICES = (METABASE_SERVICE, TLS_SERVICE, SERVICE)
_TOGETHER = (CERTIFICATE, STORE)


@dataclasses.dataclass(frozen=True)
class Iis6:
    """The ``WebServer`` of IIS 6.0.

    ``values``: path of a node (``W3SVC/1``, ``W3SVC``) -> its properties. ``fresh``: the sites that the plan starts
    behind what it changes, which take everything anew. ``services`` and ``listen_only`` are as in ``Iis7``.
    ``takes_sha2``: None where the host did not say.
    """

    known_sites: tuple[Site, ...] = ()
    values: Mapping[str, Values] = dataclasses.field(default_factory=dict)
    fresh: frozenset[str] = frozenset()
    services: Mapping[str, State] = dataclasses.field(default_factory=dict)
    listen_only: tuple[str, ...] = ()
    takes_sha2: bool | None = None
    version: str = "6.0"
    consumers: tuple[Consumer, ...] = ()
    unreadable: tuple[str, ...] = ()
    unchanged: tuple[Operation, ...] = ()
    problem: Problem | None = None

    @property
    def sites(self) -> tuple[Site, ...]:
        if self.problem:
            raise self.problem.error()
        return self.known_sites

    @functools.cached_property
    def endpoints(self) -> tuple[Endpoint, ...]:
        found = (sites6.endpoint(site, self.values) for site in self.sites)
        return tuple(each for each in found if each)

    @property
    def metabase_certificates(self) -> Mapping[str, str]:
        """None: here the metabase is what counts, not a copy that comes back."""
        return {}

    def reached_at(self, endpoint: Endpoint) -> tuple[tuple[str, int], ...]:
        pairs = [(place.address, place.port) for place in sites6.places(self._site(endpoint))]
        pairs.append((endpoint.address, endpoint.port))
        return tuple(dict.fromkeys((self._local(address, endpoint), port) for address, port in pairs))

    def _local(self, address: str, endpoint: Endpoint) -> str:
        return local_address(address, self.listen_only, endpoint, shown_by="httpcfg query iplisten")

    def meets(self, site: Site, binding: Binding, endpoint: Endpoint) -> bool:
        own = endpoint.selector == sites6.selector_of(path_of(site))
        return own and binding.protocol == "https" and Place.parse(binding.information) is not None

    def endpoints_on(self, site: Site, port: int) -> tuple[Endpoint, ...]:
        ports = {place.port for place in sites6.places(site)}
        return tuple(each for each in self.endpoints if port in ports and site.name in each.sites)

    def attachment(self, site: Site, port: int) -> Endpoint:
        """With the place that it adds: the certificate is the site's, at its other SecureBindings too."""
        place, _information = sites6.new_place(port)
        if port in sites6.http_ports(site):
            raise TlsOpsError(
                f"port {port} is the HTTP port of the site '{site.name}' itself, and http.sys does not serve HTTP and "
                "TLS on one port.",
                hint="Name another port.",
            )
        other = sites6.in_the_way(site, place, self.known_sites)
        if other and site.state in ("started", "starting"):
            raise TlsOpsError(
                f"port {port} is taken: the site '{other.name}' is started and has it, so '{site.name}', which is "
                "started too, could not answer there.",
                hint=f"Name another port, or stop '{site.name}' or '{other.name}' first.",
            )
        return sites6.endpoint_at(site, place, self.values)

    def refusals(self, certificate: Certificate, provider: str = "") -> tuple[str, ...]:
        return sha2.refusals(certificate, provider, self.takes_sha2)

    def replace(self, endpoint: Endpoint, thumbprint: str, store: str) -> tuple[Operation, ...]:
        """Also for an endpoint without a certificate.

        For the certificate that it has the same values are written once more: one that is inherited stays so.
        """
        path = path_named(endpoint.selector)
        old, new = self.values.get(path, {}), swap6.certificate(thumbprint, store)
        if not endpoint.thumbprint:
            return swap6.create(path, old, new)
        if (endpoint.thumbprint.upper(), endpoint.store.casefold()) == (thumbprint.upper(), store.casefold()):
            new = dict(old)
        kept = entry6.entry(endpoint.selector, old)
        return swap6.replace(path, old, new, endpoint.selector, kept)

    def settle(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        """Where there was no certificate, ``replace`` made no entry."""
        return (drop_journal(endpoint.selector),) if endpoint.thumbprint else ()

    def attach(self, site: Site, port: int, thumbprint: str, store: str) -> tuple[Operation, ...]:
        """Adds the SecureBinding ``:port:`` where the site has none on that port, once the certificate is there."""
        now = self.attachment(site, port)
        same = (now.thumbprint, now.store.casefold()) == (thumbprint.upper(), store.casefold())
        certificate = () if same else self.replace(now, thumbprint, store)
        if self.endpoints_on(site, port):
            return certificate
        path = path_of(site)
        _place, information = sites6.new_place(port)
        return (*certificate, *swap6.add_binding(path, self.values.get(path, {}), information))

    def refresh(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        """A stop and a start of that site alone: whether IIS takes a new certificate without them is (unproven)."""
        site = self._site(endpoint)
        path = path_of(site)
        if site.state != "started" or path in self.fresh:
            return ()
        return swap6.started_anew(path, self._auto_start(site))

    def repaired(self, name: str, entry: str, stored: Collection[tuple[str, str]] | None) -> Repaired:
        return entry6.repaired(self, name, entry, stored)

    def start_modes(self, site: Site, state: SiteState) -> tuple[str, str]:
        """IIS 6.0 rewrites ServerAutoStart as a site is started or stopped (TechNet cc782812)."""
        mode = self._auto_start(site)
        if mode is None or mode.flag is (state == "started"):
            return "", ""
        return f"{AUTO_START}: {_word(mode.flag)}", f"{AUTO_START}: {_word(not mode.flag)}"

    def start(self, site: Site) -> tuple[Operation, ...]:
        """Start may come back before the site listens: what proves it is the look at its listener."""
        if site.state in ("started", "starting"):
            return ()
        back = "Stop" if site.state in ("stopped", "stopping") else ""
        return swap6.controlled(path_of(site), "Start", back, auto_start=self._auto_start(site))

    def stop(self, site: Site) -> tuple[Operation, ...]:
        if site.state in ("stopped", "stopping"):
            return ()
        back = "Start" if site.state in ("started", "starting") else ""
        return swap6.controlled(path_of(site), "Stop", back, auto_start=self._auto_start(site))

    def start_services(self) -> tuple[Operation, ...]:
        """Raises TlsOpsError where one is disabled or not there."""
        secure = any(sites6.places(site) for site in self.known_sites)
        needed = [name for name in SERVICES if secure or name != TLS_SERVICE]
        return tuple(started(name, self.services) for name in needed if not runs(name, self.services))

    def read_back(self, endpoint: Endpoint) -> Operation:
        return read(path_named(endpoint.selector), *_TOGETHER)

    def understood(self, endpoint: Endpoint, payload: bytes) -> Endpoint | None:
        values = nodes(payload).get(path_named(endpoint.selector), {})
        seen = sites6.holding(endpoint, values, self.values.get(SERVICE, {}))
        return seen if seen.thumbprint else None

    def with_endpoint(self, endpoint: Endpoint) -> WebServer:
        """One whose port the site does not listen on is what ``attach`` adds."""
        site, path = self._site(endpoint), path_named(endpoint.selector)
        now = sites6.endpoint_at(site, Place(endpoint.address, endpoint.port, ""), self.values)
        values = dict(self.values)
        if _held(now) != _held(endpoint):
            values[path] = {**values.get(path, {}), **swap6.certificate(endpoint.thumbprint, endpoint.store)}
        if endpoint.port not in {place.port for place in sites6.places(site)}:
            _place, information = sites6.new_place(endpoint.port)
            values[path] = {**values.get(path, {}), **swap6.with_binding(values.get(path, {}), information)}
            site = dataclasses.replace(site, bindings=(*site.bindings, Binding("https", information)))
        return dataclasses.replace(
            self,
            values=values,
            fresh=self.fresh - {path},
            known_sites=self._sites_with(site),
        )

    def with_state(self, site: Site, state: SiteState) -> WebServer:
        now = next((each for each in self.known_sites if each.identifier == site.identifier), site)
        values, own = self.values, self.values.get(path_of(site), {})
        if state in ("started", "stopped") and AUTO_START in own:
            mode = Value("flag", b"1" if state == "started" else b"0")
            values = {**values, path_of(site): {**own, AUTO_START: mode}}
        changed = self._sites_with(dataclasses.replace(now, state=state))
        fresh = self.fresh | ({path_of(site)} if now.state == "stopped" else frozenset())
        return dataclasses.replace(self, known_sites=changed, values=values, fresh=fresh)

    def _auto_start(self, site: Site) -> Value | None:
        return self.values.get(path_of(site), {}).get(AUTO_START)

    def _sites_with(self, changed: Site) -> tuple[Site, ...]:
        return tuple(changed if each.identifier == changed.identifier else each for each in self.known_sites)

    def _site(self, endpoint: Endpoint) -> Site:
        path = path_named(endpoint.selector)
        found = next((site for site in self.known_sites if path_of(site) == path), None)
        if found is None:
            raise TlsOpsError(f"there is no site {endpoint.selector} on this server.")
        return found


def _held(endpoint: Endpoint) -> tuple[str, str, str]:
    return endpoint.thumbprint.upper(), endpoint.store.casefold(), endpoint.inherited_from


def _word(flag: bool) -> str:
    return str(flag).lower()
