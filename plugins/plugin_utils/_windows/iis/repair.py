# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that was cut off left behind: a record that it had deleted comes back, a needless entry goes."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection

from ..._errors import TlsOpsError
from ..._model.change import Change
from ..._model.web import Endpoint, Repaired, WebServer
from ..httpsys import Selector
from ..journal import SSL_BINDING
from .endpoints import IIS, from_entry, identity, served_sites
from .swap import drop_journal, write_journal

_Stored = Collection[tuple[str, str]] | None


def repaired(web: WebServer, name: str, text: str, stored: _Stored) -> Repaired:
    """Settles one entry of the journal. Raises TlsOpsError where only a person can: every run says it until then."""
    try:
        return _settled_by(web, name, text, stored)
    except TlsOpsError as error:
        hint = (
            f"{error.hint} It is the value '{name}' under {SSL_BINDING}: what the record was before an earlier run was "
            "cut off. Before you delete it, look at 'netsh http show sslcert' and at the https bindings in IIS "
            "Manager: what a site needs there has to hold the right certificate."
        )
        raise TlsOpsError(error.message, hint=hint.strip()) from error


def _settled_by(web: WebServer, name: str, text: str, stored: _Stored) -> Repaired:
    own = Selector.parse(name)
    now = next((each for each in web.endpoints if identity(each.selector) == own.identity), None)
    sites = served_sites(own, web.sites)
    if now is not None and now.thumbprint:
        lost = _lost(text, now)
        told = (f"{now.selector} was made anew since an earlier run was cut off, and lost: {lost}.",) if lost else ()
        return Repaired(settled(name, text, "the record is there"), web, told)
    if not sites:
        told = (f"{name}, which an earlier run had deleted, was not put back: no site has a binding for it any more.",)
        return Repaired(needless(name, text, "no site has a binding for it"), web, told)
    kept = from_entry(text)
    # Only the IPv6 record of a binding to every address has no endpoint while it is missing.
    place = now or Endpoint(str(own), *own.place, host="", sites=sites, owner="iis", program=IIS)
    old = dataclasses.replace(place, thumbprint=kept.thumbprint, store=kept.store, settings=kept.settings)
    check_certificate(old, stored)
    return Repaired(_put_back(name, old, web), web.with_endpoint(old))


def settled(name: str, text: str, why: str) -> Change:
    """The entry says that an earlier run was not proven: it goes behind the proofs, and comes back where they fail."""
    drop = dataclasses.replace(drop_journal(name), undo=(write_journal(name, text),))
    return Change(_dropping(name, why), f"journal {name}", "entry of an earlier run", "", (), closing=(drop,))


def needless(name: str, text: str, why: str) -> Change:
    """The entry goes at once: nothing here is to be proven by it."""
    drop = dataclasses.replace(drop_journal(name), undo=(write_journal(name, text),))
    return Change(_dropping(name, why), f"journal {name}", "entry of an earlier run", "", (drop,))


def _dropping(name: str, why: str) -> str:
    return f"drop the journal's entry for {name}, which an earlier run left: {why}"


def _lost(text: str, now: Endpoint) -> str:
    """The entry's values that the record does not have; the certificate is another one where a swap was done."""
    with contextlib.suppress(TlsOpsError):
        old = from_entry(text)
        before, after = ({**each.settings, "store": each.store.upper()} for each in (old, now))
        changed = (name for name, value in before.items() if value != after.get(name))
        return ", ".join(f"{name}: {before[name]} (now {after.get(name)})" for name in changed)
    return ""


def check_certificate(old: Endpoint, stored: _Stored) -> None:
    """Raises TlsOpsError where the certificate to put back is not in its store with its key any more.

    http.sys refuses it then (error 1312), which would stop every later run; IIS 6.0 takes any number of bytes for a
    certificate, and the site would answer no TLS.
    """
    if stored is not None and (old.store.lower(), old.thumbprint.upper()) not in stored:
        raise TlsOpsError(f"its certificate {old.thumbprint} is no longer in the store {old.store} with its key.")


def _put_back(name: str, old: Endpoint, web: WebServer) -> Change:
    """Has no way back: a record that was lost must not be lost once more because something later fails."""
    added = web.replace(dataclasses.replace(old, thumbprint=""), old.thumbprint, old.store)
    return Change(
        f"put back {old.selector}, which an earlier run had deleted when it was cut off",
        old.selector,
        "",
        f"certificate: {old.thumbprint}\nstore: {old.store}",
        tuple(dataclasses.replace(each, undo=()) for each in added),
        closing=(drop_journal(name),),
        permanent=f"{old.selector} was put back",
    )
