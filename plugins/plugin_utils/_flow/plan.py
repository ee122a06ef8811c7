# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 3: from what was read to what is to be done. Pure."""

from __future__ import annotations

import dataclasses

from .._model.change import Change
from .._model.plan import Plan, Step
from .._model.snapshot import Snapshot
from .._windows.clock import off
from .repair import repair


def plan(step: Step, snapshot: Snapshot) -> Plan:
    """What an interrupted run left behind comes first, then the step, planned on the host as it will be by then.

    A step that only looks has ``repairs = False``. Raises TlsOpsError where the step refuses.
    """
    planned = _planned(step, snapshot)
    clock = off(snapshot)
    if not clock or not planned.changes_anything:
        return planned
    told = f"{clock}: whether a certificate is valid now was judged by the server's."
    return dataclasses.replace(planned, warnings=(*planned.warnings, told))


def _planned(step: Step, snapshot: Snapshot) -> Plan:
    endpoints = snapshot.journal.endpoints and snapshot.web is not None
    if not (endpoints or snapshot.journal.files) or not getattr(step, "repairs", True):
        return step.plan(snapshot)
    repaired = repair(snapshot)
    planned = step.plan(repaired.snapshot)
    return Plan(planned.step, planned.snapshot, parts=(_justified(repaired, planned), planned))


def _justified(repaired: Plan, planned: Plan) -> Plan:
    """The repair without what this task does not prove.

    A journal entry whose endpoint is there says that a swap was not proven. It may go only behind a proof of that one.
    """
    proven = {proof.name.casefold() for part in planned.flat() for proof in part.proofs}
    kept = tuple(change for change in repaired.changes if change.operations or _endpoint(change) in proven)
    left = [change for change in repaired.changes if change not in kept]
    told = tuple(
        f"An earlier swap of {_endpoint(change)} was not proven: renewal or site_certificate for its site proves it."
        for change in left
    )
    result = {"repaired": [change.where for change in kept]} if kept else {}
    return dataclasses.replace(repaired, changes=kept, result=result, warnings=(*repaired.warnings, *told))


def _endpoint(change: Change) -> str:
    """The endpoint that a journal entry is about, as a proof of it is named."""
    return change.where.removeprefix("journal ").casefold()
