# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states that Step 2 leaves: services running, the renewal site stopped, the production site started. Pure."""

from __future__ import annotations

import dataclasses

from .._errors import TlsOpsError
from .._model.plan import Change
from .._model.web import Site, SiteState, WebServer
from ._renewal_site import find_site


@dataclasses.dataclass(frozen=True)
class SiteStates:
    """``web`` is the web server as it will be; ``result`` has a part for each site that was named."""

    web: WebServer
    changes: tuple[Change, ...]
    result: dict[str, dict[str, str]]
    warnings: tuple[str, ...] = ()


def settle(web: WebServer, production_name: str, renewal_name: str, *, serve: bool, acting: bool) -> SiteStates:
    """States of sites that were not named are left alone. Raises TlsOpsError where there is no such site.

    ``serve``: there is something to look at, so the services must run. ``acting``: certificates are swapped too.

    appcmd cannot list the sites where one of them has very many bindings (error 122), and nothing else that
    every Windows has tells their states. ``appcmd start`` and ``stop`` do no harm to a site that is in that state
    already, so they are run beside a swap, which changes the host anyway. In a run that has nothing to swap they would
    be a change each time: there such a site is left alone, and a warning says so.
    """
    production = find_site(web, production_name) if production_name else None
    renewal = find_site(web, renewal_name) if renewal_name else None
    _check_free(web, production, renewal)
    before = {each.name: each.state for each in (production, renewal) if each}
    changes: list[Change] = []
    warnings: list[str] = []
    services = web.start_services() if serve or production else ()
    if services:
        changes.append(
            Change("start the services that serve web sites", "web services", "stopped", "running", services)
        )
        web = _with_services(web)
    wanted: tuple[tuple[Site | None, SiteState], ...] = ((renewal, "stopped"), (production, "started"))
    for site, state in wanted:
        found = find_site(web, site.name) if site else None
        if found is None:
            continue
        if found.state == "unknown" and not (services or acting):
            warnings.append(_left_alone(found, state))
            continue
        change = _changed(web, found, state, before[found.name], production)
        if change:
            changes.append(change)
            web = web.with_state(found, state)
    roles = (("production", production), ("renewal", renewal))
    result = {
        role: {"name": site.name, "before": before[site.name], "after": find_site(web, site.name).state}
        for role, site in roles
        if site
    }
    return SiteStates(web, tuple(changes), result, tuple(warnings))


def _with_services(web: WebServer) -> WebServer:
    """Windows starts a site with its services unless it was stopped by hand, and which is which is not known."""
    for each in web.sites:
        web = web.with_state(each, "unknown")
    return web


def _changed(web: WebServer, site: Site, state: SiteState, before: str, production: Site | None) -> Change | None:
    operations = web.stop(site) if state == "stopped" else web.start(site)
    if not operations:
        return None
    verb = "stop" if state == "stopped" else "start"
    untold = before == "unknown"
    return Change(
        f"{verb} the site '{site.name}'{_why(site, production)}",
        f"site {site.name}",
        before,
        state,
        operations,
        permanent=f"the site '{site.name}' is {state}; how it was before could not be read" if untold else "",
    )


def _left_alone(site: Site, wanted: str) -> str:
    return (
        f"The state of the site '{site.name}' could not be read, so it was left as it is (appcmd does not list a "
        f"site that has very many bindings). It should be {wanted}: look in IIS Manager."
    )


def _check_free(web: WebServer, production: Site | None, renewal: Site | None) -> None:
    """Raises TlsOpsError where a started site, which nobody stops, keeps the production site from starting."""
    if production is None or production.state != "stopped":
        return
    for site in web.sites:
        common = _common(site, production)
        if common and site.state == "started" and site not in (production, renewal):
            raise TlsOpsError(
                f"the site '{production.name}' is stopped and cannot be started: '{site.name}' is started and has its "
                f"binding {', '.join(common)} too.",
                hint=f"Where '{site.name}' is the renewal site, name it by renewal_site: it is stopped first then.",
            )


def _common(one: Site, other: Site) -> list[str]:
    """IIS does not start a site that has a binding of a started one (0x800700B7)."""
    return sorted({str(each) for each in one.bindings} & {str(each) for each in other.bindings})


def _why(site: Site, production: Site | None) -> str:
    common = _common(site, production) if production and site is not production else []
    return f", which has {', '.join(common)} as '{production.name}' has" if production and common else ""
