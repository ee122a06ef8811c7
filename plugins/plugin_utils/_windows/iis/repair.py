# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that was cut off left behind: a record that it had deleted comes back, a needless entry goes."""

from __future__ import annotations

import dataclasses

from ..._errors import TlsOpsError
from ..._model.plan import Change, Plan
from ..._model.snapshot import Snapshot
from ..._model.web import Endpoint, WebServer
from .endpoints import from_entry
from .swap import drop_journal

STEP = "repair"


def repair(snapshot: Snapshot) -> Plan:
    """The plan that settles every entry of the journal; an empty one where there is none or the web was not read."""
    web = snapshot.web
    if web is None:
        return Plan(STEP, snapshot)
    changes: list[Change] = []
    warnings: list[str] = []
    there = {each.selector for each in web.endpoints if each.thumbprint}
    for selector, text in sorted(snapshot.journal.endpoints.items()):
        if selector in there:
            changes.append(_settled(selector))
            continue
        try:
            old = from_entry(text)
            _check_certificate(old, snapshot)
            changes.append(_put_back(old, web))
        except TlsOpsError as error:
            warnings.append(f"The journal's entry for {selector} was left alone: {error}")
            continue
        web = web.with_endpoint(_known(old, web))
    return Plan(
        STEP,
        dataclasses.replace(snapshot, web=web),
        changes=tuple(changes),
        result={"repaired": [change.where for change in changes]} if changes else {},
        warnings=tuple(warnings),
    )


def _settled(selector: str) -> Change:
    what = f"drop the journal's entry for {selector}, which an earlier run left: the record is there"
    return Change(what, f"journal {selector}", "entry of an earlier run", "", (drop_journal(selector),))


def _check_certificate(old: Endpoint, snapshot: Snapshot) -> None:
    """http.sys refuses a certificate that is not in the store (error 1312): that would stop every later run."""
    if snapshot.personal is None:
        return
    stored = {(one.store.lower(), one.certificate.thumbprint) for one in snapshot.personal if one.has_private_key}
    if (old.store.lower(), old.thumbprint.upper()) not in stored:
        raise TlsOpsError(f"its certificate {old.thumbprint} is no longer in the store {old.store} with its key.")


def _put_back(old: Endpoint, web: WebServer) -> Change:
    added = web.replace(dataclasses.replace(old, thumbprint=""), old.thumbprint, old.store)
    what = f"put back {old.selector}, which an earlier run had deleted when it was cut off"
    after = f"certificate: {old.thumbprint}\nstore: {old.store}"
    return Change(what, old.selector, "", after, (*added, drop_journal(old.selector)))


def _known(old: Endpoint, web: WebServer) -> Endpoint:
    """The endpoint with the sites that it has now."""
    for each in web.endpoints:
        if each.selector == old.selector:
            return dataclasses.replace(each, thumbprint=old.thumbprint, store=old.store, settings=old.settings)
    return old
