# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IIS 7 to 10: sites in applicationHost.config, certificates in http.sys."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from ..._batch.operation import Operation
from ..._batch.payload import registry
from ..._errors import TlsOpsError
from ..._model.consumers import Consumer
from ..._model.place import ANY, ANY_V6, tls_places
from ..._model.web import Binding, Endpoint, Repaired, Site, SiteState, WebServer
from ..._x509.certificate import Certificate
from ..httpsys import IIS_APP_ID, Record, Selector
from ..netsh import Netsh
from . import shared, site_states, swap
from .bindings import selector
from .endpoints import IIS, entry, foreign_program, identity, met_by
from .listen_list import local_address
from .problem import Problem
from .repair import repaired
from .services import State, runs, started

SERVICES = ("WAS", "W3SVC")  # in the order in which they start


@dataclasses.dataclass(frozen=True)
class Iis7:
    """The ``WebServer`` of IIS 7 to 10, and of a host without IIS (no sites then).

    ``listen_only`` is http.sys's IP listen list, empty for all addresses. ``services``: name -> (status, start) as the
    service control manager counts; a service that is not there is left out. ``digests``: identity of a record -> the
    ``expect`` of a read of it, as long as no change is planned for it. ``shared``: the configuration is another
    server's too.
    """

    known_sites: tuple[Site, ...] = ()
    known_endpoints: tuple[Endpoint, ...] = ()
    listen_only: tuple[str, ...] = ()
    netsh: Netsh = dataclasses.field(default_factory=Netsh)
    services: Mapping[str, State] = dataclasses.field(default_factory=dict)
    digests: Mapping[tuple[str, str, int], str] = dataclasses.field(default_factory=dict)
    version: str = ""
    metabase_certificates: Mapping[str, str] = dataclasses.field(default_factory=dict)
    consumers: tuple[Consumer, ...] = ()
    unreadable: tuple[str, ...] = ()
    takes_sha2: bool = True
    shared: bool = False
    unchanged: tuple[Operation, ...] = ()
    lacks_appcmd: bool = False
    problem: Problem | None = None

    @property
    def sites(self) -> tuple[Site, ...]:
        self._check()
        return self.known_sites

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        self._check()
        return self.known_endpoints

    def _check(self) -> None:
        if self.problem:
            raise self.problem.error()

    def reached_at(self, endpoint: Endpoint) -> tuple[tuple[str, int], ...]:
        address = local_address(endpoint.address, self.listen_only, endpoint, shown_by="netsh http show iplisten")
        return ((address, endpoint.port),)

    def meets(self, site: Site, binding: Binding, endpoint: Endpoint) -> bool:  # noqa: ARG002
        return identity(endpoint.selector) in met_by(binding)

    def endpoints_on(self, site: Site, port: int) -> tuple[Endpoint, ...]:
        return tuple(each for each in self.endpoints if each.port == port and site.name in each.sites)

    def attachment(self, site: Site, port: int) -> Endpoint:
        """The record for every address of the port; one for IPv6 is met by the new binding too."""
        new = _on_every_address(site, port)
        by_address = [each for each in self.endpoints if each.port == port and each.address in (ANY, ANY_V6)]
        for each in by_address:
            if not each.host and each.owner != "central_store":
                _check_alone(each, site)
        own = identity(new.selector)
        return next((each for each in by_address if identity(each.selector) == own), new)

    def refusals(self, certificate: Certificate, provider: str = "") -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def replace(self, endpoint: Endpoint, thumbprint: str, store: str) -> tuple[Operation, ...]:
        """Also for an endpoint without a certificate: it gets one, with ``settings`` where it has some."""
        own = Selector.parse(endpoint.selector)
        if endpoint.owner != "iis":
            whose = foreign_program(str(endpoint.settings.get("app_id", "")), endpoint.port) or endpoint.owner
            raise TlsOpsError(f"the http.sys record {own} is not one of IIS's ({whose}) and is not touched.")
        settings = endpoint.settings or {"app_id": IIS_APP_ID}
        new = Record.from_settings(thumbprint, store, settings)
        if not endpoint.thumbprint:
            return swap.create(self.netsh, own, new)
        old = Record.from_settings(endpoint.thumbprint, endpoint.store, settings)
        as_read = self.digests.get(own.identity, "")
        return swap.replace(self.netsh, own, old, new, entry(endpoint), as_read=as_read)

    def settle(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        """Where there was no record, ``replace`` made no entry."""
        return (swap.drop_journal(str(Selector.parse(endpoint.selector))),) if endpoint.thumbprint else ()

    def attach(self, site: Site, port: int, thumbprint: str, store: str) -> tuple[Operation, ...]:
        """Adds the binding ``*:port:`` where the site has no https binding on that port.

        Raises TlsOpsError where another site or program would get the certificate too, and where the binding would
        have to be added to a configuration that other servers share.
        """
        targets, information = self._targets(site, port)
        if information and self.shared:
            raise TlsOpsError(
                f"site {site.name} has no https binding on port {port}, and this server takes its configuration from "
                "another place (redirection.config): a binding added here would be added to every server that does.",
                hint=f"Add the https binding *:{port}: where the shared configuration is kept, then run this again.",
            )
        added = (site_states.add_binding(site, information),) if information else ()
        changed = [one for one in targets if (one.thumbprint, one.store) != (thumbprint.upper(), store)]
        return added + tuple(each for one in changed for each in self.replace(one, thumbprint, store))

    def _targets(self, site: Site, port: int) -> tuple[list[Endpoint], str]:
        """The endpoints that ``attach`` fills, and the binding that it adds for them (empty: it is there)."""
        own = {selector(*each).identity for each in tls_places(site) if each[1].port == port}
        new = _on_every_address(site, port)
        wanted = own or {identity(new.selector)}
        found = [each for each in self.endpoints if identity(each.selector) in wanted]
        for each in found:
            _check_own(each, site)
        mine = [dataclasses.replace(each, sites=(site.name,), owner="iis") for each in found]
        return mine or [new], "" if own else f"*:{port}:"

    def refresh(self, endpoint: Endpoint) -> tuple[Operation, ...]:  # noqa: ARG002
        """http.sys takes another certificate at once."""
        return ()

    def repaired(self, name: str, entry: str, stored: Collection[tuple[str, str]] | None) -> Repaired:
        return repaired(self, name, entry, stored)

    def start_modes(self, site: Site, state: SiteState) -> tuple[str, str]:  # noqa: ARG002
        """appcmd leaves the site's serverAutoStart as it is."""
        return "", ""

    def start(self, site: Site) -> tuple[Operation, ...]:
        self._check_tool(site)
        return site_states.start(site)

    def stop(self, site: Site) -> tuple[Operation, ...]:
        self._check_tool(site)
        return site_states.stop(site)

    def _check_tool(self, site: Site) -> None:
        """Raises TlsOpsError where there is no appcmd, which starts and stops sites, or it cannot be told this one."""
        _check_name(site)
        if self.lacks_appcmd:
            raise TlsOpsError(
                f"{site_states.APPCMD} is not on this server, so the site '{site.name}' cannot be started or stopped.",
                hint="It belongs to the role Web Server (IIS): install its feature Management Tools again.",
            )

    def start_services(self) -> tuple[Operation, ...]:
        """Raises TlsOpsError where one is disabled or not there."""
        return tuple(started(name, self.services) for name in SERVICES if not runs(name, self.services))

    def read_back(self, endpoint: Endpoint) -> Operation:
        return swap.read_record(Selector.parse(endpoint.selector))

    def understood(self, endpoint: Endpoint, payload: bytes) -> Endpoint | None:
        values = registry(payload).get("")
        if not values:
            return None
        record = Record.from_registry(values)
        return dataclasses.replace(
            endpoint, thumbprint=record.thumbprint, store=record.store, settings=record.settings()
        )

    def with_endpoint(self, endpoint: Endpoint) -> WebServer:
        own = identity(endpoint.selector)
        same = [identity(each.selector) == own for each in self.known_endpoints]
        changed = [endpoint if one else each for one, each in zip(same, self.known_endpoints, strict=True)]
        return dataclasses.replace(
            self,
            known_endpoints=tuple(changed if any(same) else [*changed, endpoint]),
            digests={each: value for each, value in self.digests.items() if each != own},
        )

    def with_state(self, site: Site, state: SiteState) -> WebServer:
        changed = [
            dataclasses.replace(each, state=state) if each.identifier == site.identifier else each
            for each in self.known_sites
        ]
        return dataclasses.replace(self, known_sites=tuple(changed))


def _check_name(site: Site) -> None:
    """Raises TlsOpsError where appcmd, which knows sites by their names, cannot be told this one's."""
    if not shared.nameable(site):
        raise TlsOpsError(
            f"the name of site {site.identifier} could not be read ('{site.name}'): it cannot be started or stopped.",
            hint="The session's code page lacks its characters: connect by the winrm plugin, which sets UTF-8 (65001).",
        )


def _on_every_address(site: Site, port: int) -> Endpoint:
    return Endpoint(f"ipport={ANY}:{port}", ANY, port, "", (site.name,), "iis", program=IIS)


def _check_alone(endpoint: Endpoint, site: Site) -> None:
    """Raises TlsOpsError where other sites would get a certificate that is bound here: one record is one."""
    others = [f"'{name}'" for name in endpoint.sites if name != site.name]
    if others:
        raise TlsOpsError(
            f"{endpoint.selector} also serves {', '.join(others)}: binding the site '{site.name}' there would swap "
            "the certificate of those sites too.",
            hint=f"Name another port, give '{site.name}' an address of its own, or leave it without a certificate.",
        )


def _check_own(endpoint: Endpoint, site: Site) -> None:
    """Raises TlsOpsError where the endpoint is not this site's alone."""
    others = ", ".join(name for name in endpoint.sites if name != site.name)
    app_id = str(endpoint.settings.get("app_id", IIS_APP_ID))
    foreign = endpoint.owner in ("foreign", "central_store") or (not endpoint.sites and app_id != IIS_APP_ID)
    if others or foreign:
        whose = f"site {others}" if others else foreign_program(app_id, endpoint.port) or f"another program ({app_id})"
        raise TlsOpsError(
            f"{endpoint.selector} belongs to {whose}: a certificate for site {site.name} would change that too.",
            hint="Give the site another port, or an https binding of its own with a host name and SNI.",
        )
