# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal keeps of a site's certificate on IIS 6.0, and how an entry that a cut off run left is settled."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Collection, Iterable

from ..._errors import TlsOpsError
from ..._model.change import Change
from ..._model.web import Endpoint, Repaired, Site, WebServer
from ..journal import SSL_BINDING
from . import swap6
from .metabase import CERTIFICATE, STORE, Value, Values, save
from .repair import check_certificate, needless, settled
from .sites6 import path_named, path_of
from .swap import drop_journal

_NAMES = (CERTIFICATE, STORE)


def entry(selector: str, values: Values) -> str:
    """``values`` are those of the site as they are before the swap: one that is not there has none."""
    kept = {
        name: {"kind": values[name].kind, "data": values[name].data.hex(), "inherited": values[name].inherited}
        for name in _NAMES
        if name in values
    }
    return json.dumps({"selector": selector, "values": kept}, sort_keys=True)


def from_entry(text: str) -> tuple[str, dict[str, Value]]:
    """The inverse of ``entry``; raises TlsOpsError."""
    try:
        read = json.loads(text)
        selector, kept = read["selector"], read["values"]
        values = {name: _value(kept[name]) for name in _NAMES if name in kept}
        if not isinstance(selector, str) or CERTIFICATE not in values:
            raise ValueError("it names no certificate")
        _checked = values[CERTIFICATE].binary, values[STORE].text if STORE in values else ""
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, TlsOpsError) as error:
        raise TlsOpsError(f"the journal entry is not readable: {error}.") from error
    return selector, values


def _value(kept: dict[str, object]) -> Value:
    kind, data, inherited = kept["kind"], kept["data"], kept["inherited"]
    if not (isinstance(kind, str) and isinstance(data, str) and isinstance(inherited, bool)):
        raise ValueError("a value of the wrong kind")
    return Value(kind, bytes.fromhex(data), inherited)


def repaired(web: WebServer, name: str, text: str, stored: Collection[tuple[str, str]] | None) -> Repaired:
    """Settles one entry of the journal. Raises TlsOpsError where only a person can: every run says it until then."""
    if name.startswith(swap6.RESTART):
        return _started_again(web, name, text)
    try:
        return _settled_by(web, name, text, stored)
    except TlsOpsError as error:
        hint = (
            f"{error.hint} It is the value '{name}' under {SSL_BINDING}: what the site's certificate was before an "
            "earlier run was cut off. Before you delete it, look at the site in IIS Manager (Directory Security, View "
            "Certificate): it has to hold the right certificate."
        )
        raise TlsOpsError(error.message, hint=hint.strip()) from error


def _started_again(web: WebServer, name: str, text: str) -> Repaired:
    """For a site that was to be stopped and started. Raises TlsOpsError while its service does not run."""
    path = name.removeprefix(swap6.RESTART)
    site = _at(path, web.sites)
    if site is None:
        return Repaired(needless(name, text, "there is no such site any more"), web)
    if web.start_services():
        raise TlsOpsError(f"the services that serve '{site.name}' do not run, so it cannot be started again yet.")
    if site.state not in ("stopped", "stopping"):
        return Repaired(needless(name, text, "the site runs"), web)
    other = next((each.name for each in web.sites if _in_the_way(each, site)), "")
    if other:
        told = f"The site '{site.name}', which an earlier run had stopped when it was cut off, was not started again: "
        why = f"'{other}' is started and has a binding of it."
        return Repaired(needless(name, text, "another site has its binding"), web, (told + why,))
    steps = (*(dataclasses.replace(each, undo=()) for each in web.start(site)), drop_journal(name))
    mode_before, mode_after = web.start_modes(site, "started")
    change = Change(
        f"start the site '{site.name}' again, which an earlier run had stopped when it was cut off",
        f"site {site.name}",
        "\n".join(filter(None, [site.state, mode_before])),
        "\n".join(filter(None, ["started", mode_after])),
        steps,
        permanent=f"the site '{site.name}' was started again",
        permanent_from=0,
    )
    return Repaired(change, web.with_state(site, "started"))


def _in_the_way(other: Site, site: Site) -> bool:
    """IIS does not start a site that has a binding of a started one."""
    return other.state in ("started", "starting") and bool(set(other.bindings) & set(site.bindings))


def _settled_by(web: WebServer, name: str, text: str, stored: Collection[tuple[str, str]] | None) -> Repaired:
    path = path_named(name)
    if _at(path, web.sites) is None:
        told = f"{name}, whose certificate an earlier run was about to change, is no site of this server any more."
        return Repaired(needless(name, text, "there is no such site any more"), web, (told,))
    now = next((each for each in web.endpoints if each.selector == name), None)
    if now is None:
        return Repaired(needless(name, text, "the site has no SecureBindings any more"), web)
    if now.thumbprint:
        return Repaired(_saved(settled(name, text, "the site holds a certificate")), web)
    _selector, kept = from_entry(text)
    if kept[CERTIFICATE].inherited:
        raise TlsOpsError(
            f"its certificate was set above the site, where there is none now, and {name} has none of its own.",
            hint="Assign a certificate to the site, or to the web sites as a whole.",
        )
    old = _as_it_was(now, kept)
    check_certificate(old, stored)
    return Repaired(_put_back(path, old), web.with_endpoint(old))


def _saved(change: Change) -> Change:
    """A run that was cut off may have written what it did not save: the entry goes behind that."""
    return dataclasses.replace(change, closing=(save(), *change.closing))


def _at(path: str, sites: Iterable[Site]) -> Site | None:
    return next((site for site in sites if path_of(site) == path), None)


def _as_it_was(now: Endpoint, kept: Values) -> Endpoint:
    """A store that was not set on the site is set now: what stood above it may have changed since."""
    store = kept[STORE].text if STORE in kept else now.store
    return dataclasses.replace(now, thumbprint=kept[CERTIFICATE].binary.hex().upper(), store=store, inherited_from="")


def _put_back(path: str, old: Endpoint) -> Change:
    """Has no way back: a certificate that was lost must not be lost once more because something later fails."""
    return Change(
        f"put back the certificate of {old.selector}, which an earlier run had taken away when it was cut off",
        old.selector,
        "",
        f"certificate: {old.thumbprint}\nstore: {old.store}",
        swap6.put_back(path, swap6.certificate(old.thumbprint, old.store)),
        closing=(drop_journal(old.selector),),
        permanent=f"the certificate of {old.selector} was put back",
        permanent_from=0,
    )
