# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web sites and the places where a certificate is attached to them, the same for every IIS."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Literal, Protocol

from .._batch.operation import Operation
from .consumers import Consumer

if TYPE_CHECKING:
    from .._x509.certificate import Certificate
    from .change import Change

SiteState = Literal["started", "stopped", "starting", "stopping", "unknown"]
Owner = Literal["iis", "foreign", "central_store", "unbound"]


@dataclasses.dataclass(frozen=True)
class Binding:
    """One binding of a site as IIS has it: ``information`` is ``ip:port:host``."""

    protocol: str
    information: str
    ssl_flags: int = 0

    def __str__(self) -> str:
        return f"{self.protocol} {self.information}"


@dataclasses.dataclass(frozen=True)
class Site:
    """A web site. ``identifier`` is IIS's number; ``name`` what people call it."""

    identifier: str
    name: str
    state: SiteState
    bindings: tuple[Binding, ...]


@dataclasses.dataclass(frozen=True)
class Endpoint:
    """A place that holds one certificate: an http.sys record on IIS 7 and newer, the site itself on IIS 6.0.

    ``selector`` names it the way the system's own tool does (``ipport=0.0.0.0:443``, ``ccs=443``,
    ``hostnameport=www.example.com:443``, ``metabase=W3SVC/1``). ``thumbprint`` is empty where nothing is attached yet.
    ``sites`` are the names of all sites that it serves: they change together. ``settings`` is every value it holds, for
    the diff and for putting it back.
    ``address`` is what to connect to (``0.0.0.0`` and ``[::]`` mean any); ``host`` is the SNI name, empty for none.
    ``inherited_from`` is the place above it that its certificate comes from; empty where it is set on the endpoint.
    ``program`` is whose it is, as people call it; empty where that is not known.
    """

    selector: str
    address: str
    port: int
    host: str
    sites: tuple[str, ...]
    owner: Owner
    thumbprint: str = ""
    store: str = "MY"
    settings: Mapping[str, object] = dataclasses.field(default_factory=dict)
    inherited_from: str = ""
    program: str = ""


def in_words(endpoint: Endpoint) -> str:
    """Who is served there, and where it is: ``the site 'Shop' (metabase=W3SVC/1)``."""
    if not endpoint.sites:
        return endpoint.selector
    names = ", ".join(f"'{name}'" for name in endpoint.sites)
    return f"the site{'s' if len(endpoint.sites) > 1 else ''} {names} ({endpoint.selector})"


@dataclasses.dataclass(frozen=True)
class Repaired:
    """How an endpoint's entry in the journal, which a run that was cut off left, is settled; ``web`` as it is then."""

    change: Change
    web: WebServer
    warnings: tuple[str, ...] = ()


class WebServer(Protocol):
    """What a step may ask of a web server; one implementation per backend in ``_windows/iis/``. Pure."""

    @property
    def version(self) -> str:
        """The version of IIS (``10.0``); empty where there is none."""

    @property
    def sites(self) -> tuple[Site, ...]: ...

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """Every TLS endpoint, those that no site owns included (``owner`` says so)."""

    @property
    def metabase_certificates(self) -> Mapping[str, str]:
        """Number of a site -> the thumbprint that IIS 6 compatibility keeps for it, empty where not understood.

        When a program opens the old metabase, this certificate is bound to the site again.
        """

    @property
    def consumers(self) -> tuple[Consumer, ...]:
        """What else in the web server's own configuration names a certificate (FTP)."""

    @property
    def unreadable(self) -> tuple[str, ...]:
        """Sentences about what is not known of this web server, and why."""

    @property
    def takes_sha2(self) -> bool | None:
        """Whether its sites can serve a certificate that is signed with SHA-2; None where that is not known."""

    @property
    def unchanged(self) -> tuple[Operation, ...]:
        """Reads that are not ok unless sites, bindings and states are as they were read, each with ``differs``.

        None for what could not be read.
        """

    def reached_at(self, endpoint: Endpoint) -> tuple[tuple[str, int], ...]:
        """Literal address and port of each listener of the endpoint, as it answers on the host itself.

        Raises TlsOpsError where it does not listen (IP listen list considered).
        """

    def meets(self, site: Site, binding: Binding, endpoint: Endpoint) -> bool:
        """Whether what comes in by this binding of the site is answered with the endpoint's certificate."""

    def endpoints_on(self, site: Site, port: int) -> tuple[Endpoint, ...]:
        """Those that a certificate for the site on this port goes to; empty where ``attach`` has to make one."""

    def attachment(self, site: Site, port: int) -> Endpoint:
        """What ``attach`` fills, as it is now. Raises TlsOpsError where somebody else's certificate is in the way."""

    def refusals(self, certificate: Certificate, provider: str = "") -> tuple[str, ...]:
        """Why no site here can serve the certificate, its key held by ``provider`` (empty: not known); mostly nothing.

        Each is a phrase that goes on behind the certificate's name.
        """

    def replace(self, endpoint: Endpoint, thumbprint: str, store: str) -> tuple[Operation, ...]:
        """Swap the endpoint's certificate, everything else as it is, undo prepared; ``settle`` ends it.

        Raises TlsOpsError where a setting is unknown and would be lost.
        """

    def settle(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        """For ``Change.closing``: forgets the way back of ``replace``, which was given this same endpoint.

        ``attach`` needs it too for an endpoint that held a certificate before.
        """

    def attach(self, site: Site, port: int, thumbprint: str, store: str) -> tuple[Operation, ...]:
        """Give a site without a TLS endpoint on ``port`` one that holds the certificate."""

    def refresh(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        """What makes its listeners take the certificate that it holds, where a look still shows the one before.

        Empty where nothing does, or nothing has to.
        """

    def repaired(self, name: str, entry: str, stored: Collection[tuple[str, str]] | None) -> Repaired:
        """Settles the journal's entry ``name``. ``stored``: store (lower case) and thumbprint of what has a key here.

        Raises TlsOpsError where it must be left to a person; the message says what to look at.
        """

    def start_modes(self, site: Site, state: SiteState) -> tuple[str, str]:
        """What else ``start`` or ``stop`` changes on the site, as lines for the diff: before, and in ``state``.

        Both empty where nothing does.
        """

    def start(self, site: Site) -> tuple[Operation, ...]: ...

    def stop(self, site: Site) -> tuple[Operation, ...]: ...

    def start_services(self) -> tuple[Operation, ...]:
        """What must run before a site can serve; empty where it runs already."""

    def read_back(self, endpoint: Endpoint) -> Operation:
        """The read that shows the endpoint as it is now."""

    def understood(self, endpoint: Endpoint, payload: bytes) -> Endpoint | None:
        """The endpoint from a ``read_back`` payload; None where nothing is attached."""

    def with_endpoint(self, endpoint: Endpoint) -> WebServer:
        """This web server as it is once ``endpoint`` (by its selector) is as given."""

    def with_state(self, site: Site, state: SiteState) -> WebServer: ...
