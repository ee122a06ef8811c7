# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host into a folder, and back: ``save`` and ``load``. ``take``: what somebody else has changed there meanwhile."""

from __future__ import annotations

from pathlib import Path

from ..world.host import Host
from . import files, keys, metabase, registry, services, state


def save(host: Host, folder: Path, *, with_files: bool = True) -> None:
    """``with_files``: also the host's files, under their Windows paths. Not on Windows: OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in (registry, keys, services, metabase, state):
        part.save(host, folder)
    state.describe(host, folder)
    if with_files:
        files.save(host, folder)


def load(folder: Path) -> Host:
    """A host of its own, with what its services had in memory: its digest is that of the one that was saved."""
    host = state.described(folder)
    with host.journal.silence():
        _take(folder, host)
        files.take(folder, host)
        metabase.restore(folder, host)
        state.restore(folder, host)
    return host


def take(folder: Path, host: Host) -> None:
    """What a script has changed in the folder comes to the host, as if it had been done there."""
    with host.journal.acting("batch"):
        changed = _take(folder, host)
        files.take(folder, host)
        metabase.take(folder, host)
        for name in changed:
            host.services.changed(name)
    host.changed()


def _take(folder: Path, host: Host) -> list[str]:
    registry.take(folder, host)
    keys.take(folder, host)
    return services.take(folder, host)
