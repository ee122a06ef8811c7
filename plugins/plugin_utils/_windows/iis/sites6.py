# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sites of IIS 6.0, made of the metabase's nodes, and the one endpoint that each site with SecureBindings is."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Iterator, Mapping

from ..._errors import TlsOpsError
from ..._model.consumers import Consumer
from ..._model.place import ANY, Place, tls_places
from ..._model.web import Binding, Endpoint, Site, SiteState
from ..thumbprint import of_bytes
from .endpoints import IIS
from .metabase import (
    BINDINGS,
    CERTIFICATE,
    DEFAULT_STORE,
    NAME,
    SECURE_BINDINGS,
    SERVICE,
    STATE,
    STATES,
    STORE,
    Nodes,
    Values,
)

_PREFIX = "metabase="
_ABOVE = "the metabase above W3SVC"


def path_of(site: Site) -> str:
    """The site's node below ``IIS://localhost``."""
    return f"{SERVICE}/{site.identifier}"


def selector_of(path: str) -> str:
    return f"{_PREFIX}{path}"


def path_named(selector: str) -> str:
    """The node that a selector names. Raises TlsOpsError where it names none."""
    path = selector.removeprefix(_PREFIX)
    if path == selector or not _number(path):
        raise TlsOpsError(f"{selector} names no site of IIS 6.0.")
    return path


def _number(path: str) -> str:
    """The number of a site in its path; empty where it is no site's."""
    service, _slash, number = path.partition("/")
    return number if service == SERVICE and number.isascii() and number.isdecimal() else ""


def sites(found: Nodes, *, running: bool) -> tuple[Site, ...]:
    """By their numbers. ``running``: the service is, so that a site can be started. Raises TlsOpsError."""
    own = {number: values for path, values in found.items() if (number := _number(path))}
    names = _names({number: _comment(values) for number, values in own.items()})
    return tuple(
        Site(number, names[number], _state(own[number]) if running else "stopped", tuple(_bindings(own[number])))
        for number in sorted(own, key=int)
    )


def _comment(values: Values) -> str:
    return values[NAME].text.strip() if NAME in values else ""


def _names(comments: dict[str, str]) -> dict[str, str]:
    """A name of its own for each site: a comment that several have, or none, is told apart by the number."""
    names = {number: comment or f"{SERVICE}/{number}" for number, comment in comments.items()}
    for _attempt in names:
        used = collections.Counter(name.casefold() for name in names.values())
        double = [number for number, name in names.items() if used[name.casefold()] > 1]
        if not double:
            break
        names |= {number: f"{names[number]} ({SERVICE}/{number})" for number in double}
    return names


def _state(values: Values) -> SiteState:
    return STATES.get(values[STATE].number, "unknown") if STATE in values else "unknown"


def _bindings(values: Values) -> Iterator[Binding]:
    for protocol, name in (("http", BINDINGS), ("https", SECURE_BINDINGS)):
        if name in values:
            yield from (Binding(protocol, each) for each in values[name].texts)


def unreadable(site: Site) -> list[str]:
    """A sentence for each SecureBinding of the site that cannot be looked at."""
    secure = (each.information for each in site.bindings if each.protocol == "https")
    return [
        f"The SecureBinding '{each}' of site '{site.name}' is not understood."
        for each in secure
        if not Place.parse(each)
    ]


def places(site: Site) -> list[Place]:
    """Where the site listens for TLS, each place once."""
    return list(dict.fromkeys(place for _binding, place in tls_places(site)))


def endpoint(site: Site, found: Mapping[str, Values]) -> Endpoint | None:
    """The site's certificate, with its first listener; None where it has none. Raises TlsOpsError."""
    own = places(site)
    return endpoint_at(site, own[0], found) if own else None


def endpoint_at(site: Site, place: Place, found: Mapping[str, Values]) -> Endpoint:
    """The site's certificate, with this listener. Raises TlsOpsError where what the metabase holds is no thumbprint."""
    bare = Endpoint(selector_of(path_of(site)), place.address, place.port, "", (site.name,), "iis", program=IIS)
    return holding(bare, found.get(path_of(site), {}), found.get(SERVICE, {}))


def holding(bare: Endpoint, values: Values, service: Values) -> Endpoint:
    """The endpoint with the certificate of these values; ``service`` are the values of W3SVC. Raises TlsOpsError."""
    value = values.get(CERTIFICATE)
    thumbprint = of_bytes(value.binary) if value else ""
    if thumbprint is None or len(thumbprint) not in (0, 40):
        raise TlsOpsError(
            f"the metabase holds something else than a thumbprint for {bare.selector} (SSLCertHash).",
            hint="Look at the site's certificate in IIS Manager.",
        )
    store = values[STORE].text if STORE in values else DEFAULT_STORE
    return dataclasses.replace(
        bare,
        thumbprint=thumbprint,
        store=store or DEFAULT_STORE,
        inherited_from=_origin(service) if value and thumbprint and value.inherited else "",
    )


def _origin(service: Values) -> str:
    above = service.get(CERTIFICATE)
    return _ABOVE if above and above.inherited else SERVICE


def consumers(program: str, found: Nodes) -> Iterator[Consumer]:
    """The nodes that have a certificate set on themselves; its thumbprint is empty where it is none."""
    for path, values in found.items():
        value = values.get(CERTIFICATE)
        if value is None or value.inherited:
            continue
        thumbprint = of_bytes(value.binary)
        if thumbprint != "":
            yield Consumer(program, f"metabase {path}, {CERTIFICATE}", thumbprint or "")


def http_ports(site: Site) -> set[int]:
    """The ports of its ServerBindings."""
    plain = (Place.parse(each.information) for each in site.bindings if each.protocol == "http")
    return {one.port for one in plain if one}


def in_the_way(own: Site, place: Place, others: Iterable[Site]) -> Site | None:
    """A started site that has this address and port, whatever the host name: it answers there."""
    for each in others:
        parsed = (Place.parse(binding.information) for binding in each.bindings)
        taken = {(one.address, one.port) for one in parsed if one}
        is_up = each.identifier != own.identifier and each.state in ("started", "starting")
        if is_up and (place.address, place.port) in taken:
            return each
    return None


def new_place(port: int) -> tuple[Place, str]:
    """What ``attach`` adds: every address, in the form that the metabase has (``:443:``, no asterisk)."""
    return Place(ANY, port, ""), f":{port}:"
