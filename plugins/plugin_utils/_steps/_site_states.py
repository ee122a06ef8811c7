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


def settle(web: WebServer, production_name: str, renewal_name: str) -> SiteStates:
    """States of sites that were not named are left alone. Raises TlsOpsError where there is no such site."""
    production = find_site(web, production_name) if production_name else None
    renewal = find_site(web, renewal_name) if renewal_name else None
    _check_free(web, production, renewal)
    before = {each.name: each.state for each in (production, renewal) if each}
    changes: list[Change] = []
    services = web.start_services() if production else ()
    if services:
        what = "start the services that serve web sites"
        changes.append(Change(what, "web services", "stopped", "running", services))
        for each in filter(None, (production, renewal)):
            # Windows starts a site with its services unless it was stopped by hand, and which is which is not known.
            web = web.with_state(each, "unknown")
    wanted: tuple[tuple[Site | None, SiteState], ...] = ((renewal, "stopped"), (production, "started"))
    for site, state in wanted:
        if site:
            found = find_site(web, site.name)
            operations = web.stop(found) if state == "stopped" else web.start(found)
            if operations:
                what = f"{'stop' if state == 'stopped' else 'start'} the site '{site.name}'{_why(site, production)}"
                changes.append(Change(what, f"site {site.name}", before[site.name], state, operations))
                web = web.with_state(found, state)
    roles = (("production", production), ("renewal", renewal))
    result = {
        role: {"name": site.name, "before": before[site.name], "after": find_site(web, site.name).state}
        for role, site in roles
        if site
    }
    return SiteStates(web, tuple(changes), result)


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
