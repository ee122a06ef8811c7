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
from .._windows.journal import FILES, drop_file, is_passing

STEP = "repair"


def repair(snapshot: Snapshot) -> Plan:
    """The plan that settles every entry of the journal; those of the web server only where that was read."""
    web, stored = snapshot.web, _stored(snapshot)
    changes, warnings = _files(snapshot)
    if web is None:
        return _plan(snapshot, changes, warnings)
    for name, text in sorted(snapshot.journal.endpoints.items()):
        try:
            settled = web.repaired(name, text, stored)
        except TlsOpsError as error:
            warnings.append(f"The journal's entry for {name} was left alone: {error}")
            continue
        web = settled.web
        changes.append(settled.change)
        warnings += settled.warnings
    return _plan(dataclasses.replace(snapshot, web=web), changes, warnings)


def _files(snapshot: Snapshot) -> tuple[list[Change], list[str]]:
    """Passing files that were left behind: deleted, as far as their names are such."""
    paths = snapshot.journal.files
    ours = [path for path in paths if is_passing(path, snapshot.host.system_root)]
    changes = [
        Change("delete a file that a broken-off run left behind", path, "a file for certreq", "", drop_file(path))
        for path in ours
    ]
    others = (path for path in paths if path not in ours)
    told = "was left alone, because this collection makes no such file: delete that value under"
    return changes, [f"The journal's entry for the file {path!r} {told} {FILES}." for path in others]


def _plan(snapshot: Snapshot, changes: list[Change], warnings: list[str]) -> Plan:
    return Plan(
        STEP,
        snapshot,
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
