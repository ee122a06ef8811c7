# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The states that Step 2 leaves: services running, the renewal site stopped, the production site started. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from .._errors import TlsOpsError
from .._model.change import Change
from .._model.place import tls_places
from .._model.web import Site, SiteState, WebServer
from ._renewal_site import find_site
from ._site_patterns import matched

_SHOWN = 10  # names in one sentence; a server can have hundreds


@dataclasses.dataclass(frozen=True)
class SiteStates:
    """``web`` is the web server as it will be.

    ``production`` has ``name``, ``before`` and ``after`` of each production site, ``renewal`` of the renewal site.
    """

    web: WebServer
    changes: tuple[Change, ...]
    production: tuple[dict[str, str], ...]
    renewal: dict[str, str] | None
    warnings: tuple[str, ...] = ()


def settle(
    web: WebServer,
    names: Sequence[str],
    renewal_name: str,
    *,
    serve: bool,
    acting: bool,
    left: Collection[str] = (),
) -> SiteStates:
    """The renewal site stopped, then the production sites ``names`` started, but for those ``left`` as they are.

    Raises TlsOpsError where there is no such site, or one could not be started.

    ``serve``: there is something to look at, so the services must run. ``acting``: certificates are swapped too.

    The state of a site can be unknown (appcmd lists none where one of them has very many bindings: error 122). To
    start or stop a site that is in that state already does no harm, so that is done beside a swap, which changes the
    host anyway. In a run that has nothing to swap it would be a change each time: there such a site is left alone, and
    a warning says so.
    """
    production = [find_site(web, name) for name in names]
    started = [site for site in production if site.name not in left]
    renewal = [find_site(web, renewal_name)] if renewal_name else []
    _check_free(web, started, renewal)
    before = {each.name: each.state for each in (*production, *renewal)}
    changes: list[Change] = []
    warnings: list[str] = []
    services = web.start_services() if serve or production else ()
    if services:
        changes.append(
            Change("start the services that serve web sites", "web services", "stopped", "running", services)
        )
        web = _with_services(web)
    wanted: list[tuple[Site, SiteState]] = [(site, "stopped") for site in renewal]
    wanted += [(site, "started") for site in started]
    for site, state in wanted:
        found = find_site(web, site.name)
        if found.state == "unknown" and not (services or acting):
            warnings.append(_left_alone(found, state))
            continue
        change = _changed(web, found, state, before[found.name], production)
        if change:
            changes.append(change)
            web = web.with_state(found, state)
    told = tuple(_told(web, site) for site in production)
    stopped = _told(web, renewal[0]) if renewal else None
    return SiteStates(web, tuple(changes), told, stopped, tuple(warnings))


def also_started(web: WebServer, live: Sequence[str], stopped: Collection[str]) -> tuple[str, ...]:
    """A finding where other sites than ``live`` (names and patterns) have an https binding and are started.

    The document ends with a look that "virtual sites other than the live one are stopped". Somebody may need the
    others, so they are named and left alone. ``stopped``: sites that the plan stops.
    """
    known = {site.name.casefold() for site in web.sites if site.state == "started" and tls_places(site)}
    known -= {name.casefold() for name in stopped}
    known -= {name.casefold() for name in matched([site.name for site in web.sites], live, ()).names}
    others = [f"'{site.name}'" for site in web.sites if site.name.casefold() in known]
    if not others:
        return ()
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    return (
        f"Also started: {', '.join(others[:_SHOWN])}{more}. They have https bindings, and the documented procedure "
        "ends with only the live site running: they were left alone.",
    )


def _told(web: WebServer, before: Site) -> dict[str, str]:
    return {"name": before.name, "before": before.state, "after": find_site(web, before.name).state}


def _with_services(web: WebServer) -> WebServer:
    """Windows starts a site with its services unless it was stopped by hand, and which is which is not known."""
    for each in web.sites:
        web = web.with_state(each, "unknown")
    return web


def _changed(web: WebServer, site: Site, state: SiteState, before: str, production: Sequence[Site]) -> Change | None:
    operations = web.stop(site) if state == "stopped" else web.start(site)
    if not operations:
        return None
    verb = "stop" if state == "stopped" else "start"
    untold = before == "unknown"
    mode_before, mode_after = web.start_modes(site, state)
    return Change(
        f"{verb} the site '{site.name}'{_why(site, production)}",
        f"site {site.name}",
        "\n".join(filter(None, [before, mode_before])),
        "\n".join(filter(None, [state, mode_after])),
        operations,
        permanent=f"the site '{site.name}' is {state}; how it was before could not be read" if untold else "",
    )


def _left_alone(site: Site, wanted: str) -> str:
    return (
        f"The state of the site '{site.name}' is not known, so it was left as it is (IIS does not tell it where a site "
        f"has very many bindings, and a paused one is neither started nor stopped). It should be {wanted}: look in IIS "
        "Manager."
    )


def _check_free(web: WebServer, production: Sequence[Site], renewal: Sequence[Site]) -> None:
    """Raises TlsOpsError where a site that is to run beside it keeps a production site from starting."""
    running = [site for site in web.sites if site not in renewal and (site.state == "started" or site in production)]
    for own in production:
        other = next((site for site in running if site != own and own.state == "stopped" and _common(site, own)), None)
        if other is not None:
            raise _in_the_way(own, other, chosen=other in production)


def _in_the_way(own: Site, other: Site, *, chosen: bool) -> TlsOpsError:
    common = ", ".join(_common(other, own))
    if chosen:
        return TlsOpsError(
            f"the site '{own.name}' is stopped and cannot be started: '{other.name}', which is to run too, has its "
            f"binding {common} too.",
            hint="Name only one of the two, or choose the endpoints by binding or replaces: that starts no site.",
        )
    return TlsOpsError(
        f"the site '{own.name}' is stopped and cannot be started: '{other.name}' is started and has its "
        f"binding {common} too.",
        hint=f"Where '{other.name}' is the renewal site, name it by renewal_site: it is stopped first then.",
    )


def _common(one: Site, other: Site) -> list[str]:
    """IIS does not start a site that has a binding of a started one (0x800700B7)."""
    return sorted({str(each) for each in one.bindings} & {str(each) for each in other.bindings})


def _why(site: Site, production: Sequence[Site]) -> str:
    for each in production:
        common = _common(site, each) if site is not each else []
        if common:
            return f", which has {', '.join(common)} as '{each.name}' has"
    return ""
