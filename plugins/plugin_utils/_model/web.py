# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Web sites and the places where a certificate is attached to them, the same for every IIS."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Literal, Protocol

from .._batch.operation import Operation
from .consumers import Consumer

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
    ``hostnameport=www.example.com:443``). ``thumbprint`` is empty where nothing is attached yet. ``sites`` are the
    names of all sites that it serves: they change together. ``settings`` is every value it holds, for the diff and for
    putting it back.
    ``address`` is what to connect to (``0.0.0.0`` and ``[::]`` mean any); ``host`` is the SNI name, empty for none.
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

    def connect_address(self, endpoint: Endpoint) -> str:
        """A literal address at which the endpoint answers on the host itself (IP listen list considered)."""

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
