# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows brings certificates back: automatic root update from Microsoft's list, and Active Directory.

Roots are fetched on demand during chain building, and "the unwanted certificate may be enabled or installed" again
unless automatic update is off (KB 2831004; ADMX CertMgr_DisableAutoRootUpdates). Enterprise copies are written again
from Active Directory. When this happens on a real host is open; here it is at the beginning of the next batch.
"""

from __future__ import annotations

from . import blob
from .journal import Journal
from .options import Options
from .registry import Registry
from .stores import ENTERPRISE, MACHINE, POLICIES, Stores

AUTHROOT = rf"{MACHINE}\AuthRoot"


class Updates:
    def __init__(self, registry: Registry, stores: Stores, journal: Journal, options: Options) -> None:
        self._registry = registry
        self._stores = stores
        self._journal = journal
        self._options = options
        self._wanted: list[tuple[str, str, bytes]] = []  # actor, physical store's key, Blob

    def remember(self, thumbprints: list[str], *, directory: bool = False) -> None:
        """What the list, or the directory, holds: the Blobs as the scenario put them there."""
        place, actor = (rf"{ENTERPRISE}\Root", "Active Directory") if directory else (AUTHROOT, "automatic update")
        for entry in self._stores.entries(place):
            if entry.thumbprint in thumbprints:
                self._wanted.append((actor, place, entry.blob))

    def publish(self, data: bytes) -> None:
        """A root of the list that this host has not fetched yet."""
        self._wanted.append(("automatic update", AUTHROOT, data))

    def run(self) -> None:
        for actor, place, data in self._wanted:
            if actor == "automatic update" and not self.automatic:
                continue
            there = {entry.der: entry.blob for entry in self._stores.entries(place)}
            der = blob.certificate(data)
            if there.get(der) == data or (der in there and not self._options.automatic_update_overwrites):
                continue
            with self._journal.acting(actor):
                self._stores.put(place, data)

    @property
    def automatic(self) -> bool:
        value = self._registry.get(rf"{POLICIES}\AuthRoot", "DisableRootAutoUpdate")
        return not (value and value.number == 1)
