# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that was cut off left behind: the web server itself says how each entry of the journal is settled."""

from __future__ import annotations

import dataclasses

from .._errors import TlsOpsError
from .._model.change import Change
from .._model.plan import Plan
from .._model.snapshot import Snapshot

STEP = "repair"


def repair(snapshot: Snapshot) -> Plan:
    """The plan that settles every entry of the journal; an empty one where there is none or the web was not read."""
    web, stored = snapshot.web, _stored(snapshot)
    if web is None:
        return Plan(STEP, snapshot)
    changes: list[Change] = []
    warnings: list[str] = []
    for name, text in sorted(snapshot.journal.endpoints.items()):
        try:
            settled = web.repaired(name, text, stored)
        except TlsOpsError as error:
            warnings.append(f"The journal's entry for {name} was left alone: {error}")
            continue
        web = settled.web
        changes.append(settled.change)
        warnings += settled.warnings
    return Plan(
        STEP,
        dataclasses.replace(snapshot, web=web),
        changes=tuple(changes),
        result={"repaired": [change.where for change in changes]} if changes else {},
        warnings=tuple(warnings),
    )


def _stored(snapshot: Snapshot) -> frozenset[tuple[str, str]] | None:
    """Store (lower case) and thumbprint of each certificate that has a key here; None where they were not read."""
    if snapshot.personal is None:
        return None
    usable = (one for one in snapshot.personal if one.has_private_key)
    return frozenset((one.store.lower(), one.certificate.thumbprint) for one in usable)
