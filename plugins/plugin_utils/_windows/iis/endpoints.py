# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every TLS endpoint of a host: http.sys records and the bindings of sites, brought together."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping

from ..._errors import TlsOpsError
from ..._model.place import ANY, ANY_V6, Place, tls_places
from ..._model.web import Binding, Endpoint, Owner, Site
from ..httpsys import IIS_APP_ID, Record, Selector
from .bindings import selector

# Programs that keep their own records and must be told a new certificate by their own tools.
FOREIGN_APP_IDS = {
    "{ba195980-cd49-458b-9e23-c84ee0adcd75}": "SSTP (Routing and Remote Access)",
    "{5d89a20c-beab-4389-9447-324788eb944a}": "AD FS",
    "{f955c070-e044-456c-ac00-e9e4275b3f04}": "Web Application Proxy",
    "{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}": "the WinRM listener",
    # Azure docs on WMSVC's certificate; without this id the service does not start.
    "{d7d72267-fcf9-4424-9eec-7e1d8dcec9a9}": "the IIS management service (WMSVC)",
    "{1d40ebc7-1983-4ac5-82aa-1e17a7ae9a0e}": "SQL Server Reporting Services",  # as in two public renewal scripts
}
FOREIGN_PORTS = {8172: "the IIS management service (WMSVC)", 5986: "the WinRM listener"}

IIS = "IIS"

_Identity = tuple[str, str, int]
_REMEMBERED = 65536  # bindings of a large server: each is asked for once an endpoint


def foreign_program(app_id: str, port: int) -> str:
    """The program that a record belongs to, empty where none is known."""
    if app_id.lower() == IIS_APP_ID:
        return ""
    return FOREIGN_APP_IDS.get(app_id.lower()) or FOREIGN_PORTS.get(port, "")


def endpoints(records: Mapping[Selector, Record], sites: Iterable[Site]) -> tuple[Endpoint, ...]:
    """An endpoint for each record, then one for each https binding that has no record yet."""
    users: dict[_Identity, list[str]] = {}
    places: dict[_Identity, list[Place]] = {}
    planned: dict[_Identity, Selector] = {}
    for site in sites:
        for binding, place in tls_places(site):
            own = selector(binding, place)
            planned.setdefault(own.identity, own)
            for each in answering(own):
                places.setdefault(each.identity, []).append(place)
                if site.name not in users.setdefault(each.identity, []):
                    users[each.identity].append(site.name)
    recorded = {each.identity for each in records}
    missing = {each: Record() for identity, each in planned.items() if identity not in recorded}
    return tuple(
        _endpoint(each, record, users.get(each.identity, []), places.get(each.identity, []))
        for each, record in {**records, **missing}.items()
    )


def answering(own: Selector) -> tuple[Selector, ...]:
    """The records that may answer for a binding: one on every address listens on IPv6 too."""
    if own.kind == "ipport" and own.place[0] == ANY:
        return own, Selector("ipport", f"{ANY_V6}:{own.place[1]}")
    return (own,)


@functools.lru_cache(_REMEMBERED)
def identity(name: str) -> _Identity:
    """Equal for two spellings of the same record. Raises TlsOpsError where ``name`` names none."""
    return Selector.parse(name).identity


@functools.lru_cache(_REMEMBERED)
def met_by(binding: Binding) -> frozenset[_Identity]:
    """The records that may answer for a binding; none for one that is not https, or has no place."""
    place = Place.parse(binding.information)
    if place is None or binding.protocol.lower() != "https":
        return frozenset()
    return frozenset(each.identity for each in answering(selector(binding, place)))


def served_sites(own: Selector, sites: Iterable[Site]) -> tuple[str, ...]:
    """The sites whose https bindings meet a record of this name, whether it is there or not."""
    found = (site.name for site in sites for binding in site.bindings if own.identity in met_by(binding))
    return tuple(dict.fromkeys(found))


def _endpoint(own: Selector, record: Record, sites: list[str], places: list[Place]) -> Endpoint:
    host, port = own.place
    addresses = [place.address for place in places]
    address = host if own.kind == "ipport" else ANY if ANY in addresses or not addresses else addresses[0]
    return Endpoint(
        selector=str(own),
        address=address,
        port=port,
        host=host if own.kind == "hostnameport" else "",
        sites=tuple(sites),
        owner=_owner(own, record, sites),
        thumbprint=record.thumbprint,
        store=record.store,
        settings=record.settings() if record != Record() else {},
        program=_program(own, record, sites),
    )


def _owner(own: Selector, record: Record, sites: list[str]) -> Owner:
    if own.kind == "ccs":
        return "central_store"
    if foreign_program(record.app_id, own.place[1]) and record != Record():
        return "foreign"
    return "iis" if sites else "unbound"


def _program(own: Selector, record: Record, sites: list[str]) -> str:
    if _owner(own, record, sites) == "iis" or record.app_id.lower() == IIS_APP_ID:
        return IIS
    return foreign_program(record.app_id, own.place[1]) or (IIS if own.kind == "ccs" else "")


def entry(endpoint: Endpoint) -> str:
    """What the journal keeps of an endpoint."""
    names = ("selector", "address", "port", "host", "thumbprint", "store")
    kept: dict[str, object] = {name: getattr(endpoint, name) for name in names}
    return json.dumps(kept | {"settings": dict(endpoint.settings)}, sort_keys=True)


def from_entry(text: str) -> Endpoint:
    """The inverse of ``entry``, as IIS's own; raises TlsOpsError."""
    try:
        kept = json.loads(text)
        texts = {name: kept[name] for name in ("selector", "address", "host", "thumbprint", "store")}
        port, settings = kept["port"], kept["settings"]
        fit = all(isinstance(each, str) for each in texts.values())
        if not (fit and isinstance(port, int) and isinstance(settings, dict) and bytes.fromhex(texts["thumbprint"])):
            raise ValueError("a value of the wrong kind")
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise TlsOpsError(f"the journal entry is not readable: {error}.") from error
    return Endpoint(port=port, settings=settings, sites=(), owner="iis", **texts)
