# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 3: from what was read to what is to be done. Pure."""

from __future__ import annotations

from .._model.plan import Plan, Step
from .._model.snapshot import Snapshot
from .._windows.iis.repair import repair


def plan(step: Step, snapshot: Snapshot) -> Plan:
    """What an interrupted run left behind comes first, then the step, planned on the host as it will be by then.

    Raises TlsOpsError where the step refuses.
    """
    if not snapshot.journal.endpoints or snapshot.web is None:
        return step.plan(snapshot)
    repaired = repair(snapshot)
    planned = step.plan(repaired.snapshot)
    return Plan(planned.step, planned.snapshot, parts=(repaired, planned))
