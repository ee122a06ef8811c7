# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user is told of the roots of a plan. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._model.snapshot import Snapshot
from .._windows.roots import comes_back, disallowed, state
from .._x509 import catalogue
from ._roots import Conflict, copies_of, stores_of

_SIDE_EFFECTS = {
    "disabled": "while {label} is disabled, this server itself accepts nothing that needs it: certificates of other "
    "servers, and code signatures, that have no other chain",
    "distrusted": "while {label} is in Disallowed, this server's own outgoing TLS connections fail wherever a chain "
    "holds it, and so do code signatures below it",
}


def result(
    wanted: str,
    before: Snapshot,
    after: Snapshot,
    targets: Sequence[str],
    found: Sequence[Conflict],
) -> dict[str, Any]:
    """What the result says of roots; ``wanted`` is the state asked for, ``targets`` are thumbprints."""
    roots = [_root(before, after, each, found) for each in targets]
    effect = _SIDE_EFFECTS.get(wanted, "")
    return {
        "state": wanted,
        "automatic_update": stores_of(before).automatic_update,
        "roots": roots,
        "conflicts": [_conflict(each) for each in found],
        "side_effects": [effect.format(label=root["label"]) for root in roots if effect and root["copies"]],
        "restart_required": False,
    }


def absent(snapshot: Snapshot, targets: Sequence[str], wanted: str) -> list[str]:
    """Findings on roots that are not there, and on copies that could not be read."""
    stores = stores_of(snapshot)
    findings = [f"{key} is not understood and stays as it is." for key in stores.unreadable]
    for thumbprint in targets:
        entry = catalogue.by_thumbprint(thumbprint)
        if copies_of(stores, thumbprint):
            continue
        if entry and entry.programme and stores.automatic_update:
            findings.append(
                f"{entry.title} is in no store, but automatic update is on: Windows may fetch it at the next chain "
                "building."
            )
        if wanted == "distrusted" and thumbprint not in disallowed(stores):
            findings.append(f"{thumbprint} is in no store: it cannot be put into Disallowed from there.")
    return findings


def _root(before: Snapshot, after: Snapshot, thumbprint: str, found: Sequence[Conflict]) -> dict[str, Any]:
    """What a user is told of one root."""
    entry = catalogue.by_thumbprint(thumbprint)
    now = {copy.key.casefold(): copy for copy in copies_of(stores_of(after), thumbprint)}
    then = {copy.key.casefold(): copy for copy in copies_of(stores_of(before), thumbprint)}
    some = next(iter((then | now).values()), None)
    copies = [
        {
            "physical": now[key].physical,
            "key": now[key].key,
            "before": state(then[key]) if key in then else "absent",
            "after": state(now[key]),
        }
        for key in now
    ]
    return {
        "thumbprint": thumbprint,
        "label": some.certificate.label if some else entry.title if entry else thumbprint,
        "subject": some.certificate.subject_text if some else "",
        "name": entry.name if entry else "",
        "page": entry.page if entry else "",
        "copies": copies,
        "distrusted_before": thumbprint in disallowed(stores_of(before)),
        "distrusted": thumbprint in disallowed(stores_of(after)),
        "comes_back": comes_back(now.values(), stores_of(after).automatic_update, bool(entry and entry.programme)),
        "conflicting": any(each.root.thumbprint == thumbprint for each in found),
    }


def _conflict(conflict: Conflict) -> dict[str, Any]:
    return {
        "root": conflict.root.thumbprint,
        "cross_certificate": conflict.cross.thumbprint,
        "issuer": conflict.cross.issuer_text,
        "not_after": conflict.cross.not_after.isoformat(),
        "expired": conflict.expired,
        "delivered": conflict.delivered,
        "reason": conflict.reason,
    }
