# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``tls_info`` tells of a host, its sites and what holds their certificates. Pure."""

from __future__ import annotations

from typing import Any

from .._errors import TlsOpsError
from .._model.consumers import Consumer
from .._model.place import tls_places
from .._model.snapshot import Snapshot
from .._model.web import Binding, Endpoint, Site, WebServer
from .._windows.clock import difference
from ._roots import endpoints_of

# IIS docs, binding, and the enumeration SslFlags of Microsoft.Web.Administration.
_SSL_FLAGS = {
    0x1: "sni",
    0x2: "central_store",
    0x4: "disable_http2",
    0x8: "disable_ocsp_stapling",
    0x10: "disable_quic",
    0x20: "disable_tls13",
    0x40: "disable_legacy_tls",
    0x80: "negotiate_client_certificate",
}
_IIS = "IIS"


def host_facts(snapshot: Snapshot) -> dict[str, Any]:
    """Always read; what only another part of the host tells is None where that was not read."""
    host, web, stores = snapshot.host, snapshot.web, snapshot.stores
    return {
        "computer_name": host.computer_name,
        "os_version": host.os_version,
        "build": _build(host.os_version),
        "edition": host.edition,
        "iis_version": None if web is None else web.version,
        "powershell_version": host.powershell_version,
        "clr_version": host.clr_version,
        "language_mode": host.language_mode,
        "ui_language": host.ui_language,
        "elevated": host.elevated,
        "clock": host.clock.isoformat(timespec="seconds"),
        "clock_difference": difference(snapshot),
        "automatic_root_update": None if stores is None else stores.automatic_update,
    }


def _build(os_version: str) -> int:
    last = os_version.rpartition(".")[2]
    return int(last) if last.isdecimal() else 0


def sites_of(snapshot: Snapshot) -> tuple[Site, ...]:
    """Empty where they are not known: a problem says why."""
    try:
        return snapshot.web.sites if snapshot.web is not None else ()
    except TlsOpsError:
        return ()


def sites(snapshot: Snapshot) -> list[dict[str, Any]]:
    return [
        {
            "name": site.name,
            "id": site.identifier,
            "state": site.state,
            "bindings": [_binding(each) for each in site.bindings],
        }
        for site in sites_of(snapshot)
    ]


def _binding(binding: Binding) -> dict[str, Any]:
    return {
        "protocol": binding.protocol,
        "information": binding.information,
        "ssl_flags": binding.ssl_flags,
        "flags": _flags(binding.ssl_flags),
    }


def _flags(number: int) -> list[str]:
    bits = (1 << position for position in range(number.bit_length()) if number >> position & 1)
    return [_SSL_FLAGS.get(bit, f"0x{bit:x}") for bit in bits]


def records(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Everything that holds a certificate, whoever owns it; a binding that has none is not among them."""
    return [_record(each) for each in endpoints_of(snapshot) if is_record(each)]


def is_record(endpoint: Endpoint) -> bool:
    return bool(endpoint.settings or endpoint.thumbprint)


def _record(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "selector": endpoint.selector,
        "address": endpoint.address,
        "port": endpoint.port,
        "host": endpoint.host,
        "sites": list(endpoint.sites),
        "owner": owner(endpoint),
        "thumbprint": endpoint.thumbprint.upper(),
        "store": endpoint.store,
        "inherited_from": endpoint.inherited_from,
        **endpoint.settings,
    }


def owner(endpoint: Endpoint) -> str:
    """The program that an endpoint belongs to; empty where it is not known."""
    return _IIS if endpoint.owner == "iis" else endpoint.program


def consumers(snapshot: Snapshot) -> tuple[Consumer, ...]:
    """Places other than endpoints that name a certificate; FTP is part of the web server."""
    known = snapshot.consumers.consumers if snapshot.consumers is not None else ()
    return (*known, *(snapshot.web.consumers if snapshot.web is not None else ()))


def names_by_record(web: WebServer) -> dict[str, list[str]]:
    """The host names of the https bindings that meet an endpoint, by its selector."""
    found: dict[str, list[str]] = {each.selector: [] for each in web.endpoints}
    for site in web.sites:
        named = [(binding, place.host) for binding, place in tls_places(site) if place.host]
        for endpoint in web.endpoints if named else ():
            if site.name in endpoint.sites:
                own = ((binding, host) for binding, host in named if endpoint.host in ("", host))
                met = [host for binding, host in own if web.meets(site, binding, endpoint)]
                found[endpoint.selector] = list(dict.fromkeys((*found[endpoint.selector], *met)))
    return found
