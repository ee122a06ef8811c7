# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Windows does behind a swap: it puts the old certificate back, hides a site's behind another, uses it elsewhere.

Pure. ``findings`` tells of a host as it is, ``check`` of endpoints that are to get a certificate.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Iterator, Sequence

from .._errors import TlsOpsError
from .._model.consumers import Consumer, Consumers
from .._model.place import ANY, ANY_V6, tls_places
from .._model.snapshot import Snapshot
from .._model.web import Endpoint, Site, WebServer
from .._windows.iis.site_states import APPCMD
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from ._info_web import consumers, owner
from ._roots import endpoints_of

_SHOWN = 5  # names in one sentence
_REBIND = (
    "IIS's scheduled task for Certificate Rebind (IIS-AutoCertRebind) is on: when Windows takes a certificate for the "
    "renewal of another, the task binds it wherever the old one was bound."
)


@dataclasses.dataclass(frozen=True)
class Traps:
    """For a step's plan: ``warnings`` may spoil what it does, ``findings`` are left for somebody to look at."""

    warnings: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()


def findings(snapshot: Snapshot) -> tuple[tuple[str, str], ...]:
    """All traps of a host, as far as it was read: its web server, its consumers. A kind and a sentence for each.

    Kinds: ``certificate_rebind``, ``kept_certificate``, ``hidden_name``, ``foreign_record``, ``unreadable``. Never
    raises.
    """
    web, known = snapshot.web, snapshot.consumers or Consumers()
    found = [("unreadable", text) for text in _unread(known)]
    if known.certificate_rebind:
        found.append(("certificate_rebind", _REBIND))
    if web is None:
        return tuple(found)
    try:
        return (*found, *(("unreadable", text) for text in web.unreadable), *_of_web(web))
    except TlsOpsError:  # sites and endpoints are not known: whoever asks for them says why
        return tuple(found)


def _unread(known: Consumers) -> list[str]:
    return [f"{place} is not understood: it may name a certificate." for place in known.unreadable]


def _of_web(web: WebServer) -> Iterator[tuple[str, str]]:
    names = {site.identifier: site for site in web.sites}
    for number, thumbprint in web.metabase_certificates.items():
        site = names.get(number)
        yield "kept_certificate", _kept(site, number, thumbprint, _bound(web, site))
    yield from (("hidden_name", text) for text in _hidden(web, web.endpoints))
    met = (each for each in web.endpoints if each.owner == "foreign" and each.sites)
    yield from (("foreign_record", _met(each)) for each in met)


def _of_others(endpoint: Endpoint) -> bool:
    return endpoint.owner in ("foreign", "unbound") and bool(endpoint.thumbprint)


def _consumer(endpoint: Endpoint) -> Consumer:
    program = owner(endpoint) or f"another program ({endpoint.settings.get('app_id', '')})"
    if program == "IIS":
        program = "a record of IIS that no site uses"
    return Consumer(program, f"http.sys {endpoint.selector}", endpoint.thumbprint.upper())


def check(snapshot: Snapshot, web: WebServer, endpoints: Sequence[Endpoint], certificate: Certificate) -> Traps:
    """``endpoints`` (as they are) are to hold the certificate.

    Raises TlsOpsError where IIS 6 compatibility would put another certificate back at one that is to change.
    """
    changing = [each for each in endpoints if each.thumbprint.upper() != certificate.thumbprint]
    names = {name for each in changing for name in each.sites}
    refuse_kept(web, names, certificate)
    mine = {each.selector for each in endpoints}
    after = [dataclasses.replace(each, thumbprint=certificate.thumbprint) for each in endpoints]
    warnings = _hidden(web, after, mine)
    if changing and snapshot.consumers and snapshot.consumers.certificate_rebind:
        warnings.append(_REBIND)
    other_sites = [
        _kept(site, site.identifier, web.metabase_certificates[site.identifier], _bound(web, site))
        for site in web.sites
        if site.identifier in web.metabase_certificates and site.name not in names
    ]
    used = _used_elsewhere(snapshot, {each.thumbprint.upper() for each in changing if each.thumbprint})
    unread = _unread(snapshot.consumers or Consumers()) if changing else []
    return Traps(tuple(warnings), (*used, *unread, *other_sites, *web.unreadable))


def refuse_kept(web: WebServer, names: Iterable[str], certificate: Certificate) -> None:
    """Raises TlsOpsError where IIS 6 compatibility keeps another certificate for one of these sites."""
    sites = [site for site in web.sites if site.name in set(names)]
    kept = {site: web.metabase_certificates.get(site.identifier) for site in sites}
    wrong = [site for site, thumbprint in kept.items() if thumbprint not in (None, certificate.thumbprint)]
    if not wrong:
        return
    told = ", ".join(f"'{site.name}' ({kept[site] or 'not understood'})" for site in wrong)
    raise TlsOpsError(
        f"IIS 6 compatibility keeps another certificate for {told}: customMetadata in applicationHost.config, property "
        "5506. The next program that opens the old metabase would bind that one again.",
        hint="Take it out in a command prompt, after 'appcmd add backup', by: "
        f"{' and '.join(map(_take_out, wrong))}. (The command is put together from Microsoft's reference and was not "
        "tried on a server.)",
    )


def _take_out(site: Site) -> str:
    """Collections in collections are written as in IIS docs' appcmd examples for ``site`` and ``application``."""
    element = f"/-[path='LM/W3SVC/{site.identifier}'].[id='5506']"
    return f'{APPCMD} set config /section:system.applicationHost/customMetadata "{element}" /commit:apphost'


def _bound(web: WebServer, site: Site | None) -> set[str]:
    return {each.thumbprint.upper() for each in web.endpoints if site and site.name in each.sites and each.thumbprint}


def _kept(site: Site | None, number: str, thumbprint: str, bound: set[str]) -> str:
    whose = f"the site '{site.name}'" if site else f"site {number}, which is not there"
    what = f"the certificate {thumbprint}" if thumbprint else "a certificate that is not understood"
    if site and bound == {thumbprint}:
        then = "It is the one in use, and it will stand in the way of the next one."
    else:
        then = "The next program that opens the old metabase binds it again." if site else "It does no harm as it is."
    return f"IIS 6 compatibility keeps {what} for {whose} (customMetadata, property 5506). {then}"


def _hiding(web: WebServer, endpoint: Endpoint) -> list[Endpoint]:
    """Records of one address that answer there instead of this one, which goes by name, with another certificate.

    http.sys takes a record of the exact address first, then the name's, then that of any address ("SSL scalability with
    IIS 8" and SNI posts of the IIS team; other sources put the name first: only a handshake at the address tells).
    """
    if not endpoint.host or not endpoint.thumbprint:
        return []
    exact = [each for each in web.endpoints if _is_exact(each) and each.port == endpoint.port]
    other = [each for each in exact if each.thumbprint.upper() != endpoint.thumbprint.upper()]
    own = _addresses(web, endpoint) if other else set()
    return [each for each in other if ANY in own or each.address in own]


def _is_exact(endpoint: Endpoint) -> bool:
    kind, _separator, _name = endpoint.selector.partition("=")
    return kind == "ipport" and endpoint.address not in (ANY, ANY_V6) and bool(endpoint.thumbprint)


def _addresses(web: WebServer, endpoint: Endpoint) -> set[str]:
    """Those of the bindings that the endpoint serves; any, where no site has such a binding."""
    places = [place for site in web.sites if site.name in endpoint.sites for _binding, place in tls_places(site)]
    return {each.address for each in places if (each.host, each.port) == (endpoint.host, endpoint.port)} or {ANY}


def _hidden(web: WebServer, by_name: Iterable[Endpoint], apart_from: Collection[str] = ()) -> list[str]:
    """A sentence for each record that hides some of these endpoints, but for those that are named."""
    found: dict[str, tuple[Endpoint, list[str]]] = {}
    for endpoint in by_name:
        for other in _hiding(web, endpoint):
            if other.selector not in apart_from:
                found.setdefault(other.selector, (other, []))[1].append(endpoint.selector)
    return [
        f"{_some(names)} not reached at {other.address}: the record {selector} comes before a name's and sends the "
        f"certificate {other.thumbprint.upper()}."
        for selector, (other, names) in found.items()
    ]


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more} {'is' if len(names) == 1 else 'are'}"


def _met(endpoint: Endpoint) -> str:
    sites = ", ".join(f"'{name}'" for name in endpoint.sites)
    program = owner(endpoint)
    return f"{endpoint.selector} belongs to {program}, and bindings of {sites} meet it: it is never changed here."


def _used_elsewhere(snapshot: Snapshot, old: set[str]) -> list[str]:
    records = (_consumer(each) for each in endpoints_of(snapshot) if _of_others(each))
    known = Consumers((*consumers(snapshot), *records))
    certificates = {one.certificate.thumbprint: one.certificate for one in snapshot.personal or ()}
    found = []
    for thumbprint in sorted(old):
        certificate = certificates.get(thumbprint)
        users = known.of(thumbprint, certificate.sha256 if certificate else "")
        if users:
            name = labels([certificate]) if certificate else thumbprint
            where = "; ".join(f"{each.program} ({each.place})" for each in users)
            found.append(f"The old certificate {name} is also used by: {where}. It stays there until it is changed.")
    return found
