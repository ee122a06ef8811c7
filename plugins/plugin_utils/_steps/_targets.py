# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which endpoints a swap is about. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Sequence

from .._errors import NoMatch, TlsOpsError
from .._model.place import Place, tls_places
from .._model.web import Endpoint, WebServer
from ._renewal_site import find_site, site_names
from ._site_patterns import Match, matched

_SHOWN = 10  # records that an error lists; a server can have hundreds


@dataclasses.dataclass(frozen=True)
class Targets:
    """``endpoints`` are to hold the certificate; ``asked`` are the sites they were chosen by (all of them if empty).

    ``by_pattern`` are those of ``asked`` that nobody named: whether they run is none of this step's business.
    """

    endpoints: tuple[Endpoint, ...]
    asked: tuple[str, ...] = ()
    skipped: tuple[Endpoint, ...] = ()  # served from the central certificate store
    warnings: tuple[str, ...] = ()
    findings: tuple[str, ...] = ()
    by_pattern: frozenset[str] = frozenset()

    def shared_with(self, endpoint: Endpoint) -> tuple[str, ...]:
        """The sites that change together with the one that was asked for."""
        asked = self.asked or endpoint.sites
        return tuple(name for name in endpoint.sites if name not in asked)

    def without_record_in(self, store: str) -> Targets:
        """Endpoints that hold nothing yet are to take their certificate from ``store``."""
        return dataclasses.replace(
            self,
            endpoints=tuple(
                each if each.thumbprint else dataclasses.replace(each, store=store) for each in self.endpoints
            ),
        )


def of_site(web: WebServer, name: str) -> Targets:
    """Every TLS endpoint of a site. Raises NoMatch where there is no such site, else TlsOpsError."""
    site = find_site(web, name)
    found = [each for each in web.endpoints if site.name in each.sites]
    if not found:
        raise _no_https(site.name)
    return _sorted(found, (site.name,))


def of_sites(web: WebServer, wanted: Sequence[str], never: Collection[str], *, lenient: bool) -> Targets:
    """Every TLS endpoint of the sites that names and patterns mean, but for the sites named in ``never``.

    Raises NoMatch where there is none, TlsOpsError where a name (not a pattern) finds a site without https binding or,
    unless ``lenient``, no site while others are there.
    """
    match = matched([site.name for site in web.sites], wanted, never)
    asked = ", ".join(f"'{each}'" for each in wanted)
    if not match.names:
        raise NoMatch(
            " ".join((f"no web site is meant by {asked}; there are: {site_names(web)}.", *_shut(match))),
            hint="Names are as IIS Manager shows.",
        )
    if match.unknown and not lenient:
        find_site(web, match.unknown[0])
    bare = [name for name in match.names if not any(name in each.sites for each in web.endpoints)]
    if len(bare) == len(match.names) and not match.named:
        raise NoMatch(f"no site that {asked} means has an https binding: {', '.join(bare)}.", hint="Add one in IIS.")
    for name in bare:
        if name in match.named:
            raise _no_https(name)
    return _of_names(web, match, bare)


def _of_names(web: WebServer, match: Match, bare: Sequence[str]) -> Targets:
    targets = _sorted([each for each in web.endpoints if set(match.names) & set(each.sites)], match.names)
    served = {name for each in targets.endpoints for name in each.sites}
    unknown = (f"There is no web site '{name}'; there are: {site_names(web)}." for name in match.unknown)
    unused = (f"No web site matches '{pattern}'." for pattern in match.unused)
    left = (f"The site '{name}' matches, but has no https binding: it was left out." for name in bare)
    asked = tuple(name for name in match.names if name in served)
    by_pattern = frozenset(asked) - match.named
    resting = (
        f"The site '{site.name}' matches and is stopped: it was not started."
        for site in web.sites
        if site.name in by_pattern and site.state == "stopped"
    )
    return dataclasses.replace(
        targets, asked=asked, by_pattern=by_pattern, findings=(*unknown, *unused, *_shut(match), *left, *resting)
    )


def _shut(match: Match) -> tuple[str, ...]:
    texts = {pattern: " and ".join(f"'{site}'" for site in sites) for pattern, sites in match.shut}
    return tuple(
        f"'{pattern}' matches only the renewal site {sites}, which is left out." for pattern, sites in texts.items()
    )


def _no_https(name: str) -> TlsOpsError:
    return TlsOpsError(
        f"the site '{name}' has no https binding.",
        hint="Add one in IIS, or by certificate_install with bind, then run this step again. What is not of the form "
        "ip:port:host is none.",
    )


def of_binding(web: WebServer, information: str, renewal: str = "") -> Targets:
    """The endpoint of one binding, ``ip:port:host``. Raises NoMatch where there is none, else TlsOpsError.

    Several sites can have the binding, of which one runs. What only the site ``renewal`` has is left out beside that of
    others: Step 1 sees to it.
    """
    wanted = Place.parse(information)
    chosen = [(site, binding) for site in web.sites for binding, place in tls_places(site) if place == wanted]
    if not chosen:
        there = ", ".join(binding.information for site in web.sites for binding, _other in tls_places(site)) or "none"
        raise NoMatch(
            f"no site has the https binding '{information}'; there are: {there}.",
            hint="Name one of these, or add the binding in IIS first.",
        )
    found = [each for each in web.endpoints if any(web.meets(site, binding, each) for site, binding in chosen)]
    others = [each for each in found if {name.casefold() for name in each.sites} != {renewal.casefold()}]
    targets = _sorted(others or found, tuple(dict.fromkeys(site.name for site, _other in chosen)))
    left = [each for each in found if others and each not in others]
    told = (f"{each.selector} is the renewal site's alone: it was left as it is." for each in left)
    return dataclasses.replace(targets, findings=(*targets.findings, *told))


def of_thumbprint(web: WebServer, old: str, new: str) -> Targets:
    """Every endpoint of IIS that holds the old certificate, and those that hold the new one already.

    Raises NoMatch where there is none, TlsOpsError where only records of other programs hold the old one.
    """
    others = [each for each in web.endpoints if each.thumbprint.upper() == old and each.owner != "iis"]
    warnings = tuple(
        f"{each.selector} holds the old certificate too, but is not one of IIS's: it is left alone." for each in others
    )
    mine = [each for each in web.endpoints if each.owner == "iis" and each.thumbprint.upper() in (old, new)]
    if not mine and others:
        raise TlsOpsError(
            f"no site uses the certificate {old}. {' '.join(warnings)}",
            hint="Replace it by the tool of the program that made the record.",
        )
    if not mine:
        raise NoMatch(
            f"no endpoint of IIS holds the certificate {old}, or the new one; there are: {_held(web)}.",
            hint="Check replaces; production_site names the site instead, with all its https bindings. no_match: "
            "ignore passes over hosts on which nothing matches.",
        )
    return Targets(tuple(mine), warnings=warnings)


def _held(web: WebServer) -> str:
    held = [f"{each.selector} {each.thumbprint.upper()}" for each in web.endpoints if each.thumbprint]
    more = [f"and {len(held) - _SHOWN} more"] if len(held) > _SHOWN else []
    return ", ".join([*held[:_SHOWN], *more]) or "none"


def _sorted(found: Iterable[Endpoint], asked: tuple[str, ...]) -> Targets:
    found = tuple(found)
    foreign = [each for each in found if each.owner == "foreign"]
    if foreign:
        names = ", ".join(f"{each.selector} ({each.program or each.settings.get('app_id', '')})" for each in foreign)
        raise TlsOpsError(
            f"{names}: this is kept for another program, so it is not touched.",
            hint="Replace its certificate by that program's own tool; 'binding' chooses the site's other bindings.",
        )
    skipped = tuple(each for each in found if each.owner == "central_store")
    mine = tuple(each for each in found if each.owner == "iis")
    names = ", ".join(each.selector for each in skipped)
    hint = "Replace the site's .pfx file on the share of the central certificate store."
    if skipped and not mine:
        raise TlsOpsError(f"{names} is served from the central certificate store, which is left alone.", hint=hint)
    warnings = (f"{names} is served from the central certificate store and was left alone. {hint}",) if skipped else ()
    return Targets(mine, asked, skipped, warnings)


def host_names(web: WebServer, endpoint: Endpoint, sites: Collection[str]) -> tuple[str, ...]:
    """The host names that these sites' bindings give the endpoint."""
    return tuple(
        dict.fromkeys(
            place.host
            for site in web.sites
            if site.name in sites and site.name in endpoint.sites
            for binding, place in tls_places(site)
            if place.host and endpoint.host in ("", place.host) and web.meets(site, binding, endpoint)
        )
    )
