# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is looked at around every operation: whether the production site has its certificates, and is started."""

from __future__ import annotations

import dataclasses
from typing import Any

from tests.fleet.faults import When
from tests.fleet.world.host import Host

from .farm import SELECTORS, Web

ONE_ACT = 2  # looks: behind the operation that takes away, and before the one that brings back
WITH_WAY_BACK = 6  # the same, where that one fails: then a further delete that finds nothing, and an add
FIRST_OF_ALL = 5  # operations of a later batch: checks that all is as it was read, then what brings back


@dataclasses.dataclass
class Guard:
    """Looks at one host; ``stays`` are the longest times without, in looks, of batches that began with everything.

    ``left``: how often a batch ended, or was cut off, without. ``within``: the number of the operation behind which a
    later batch had brought everything back. ``batches``: how many had been begun before the host was watched anew.
    """

    host: Host
    web: Web
    stays: int = 0
    left: int = 0
    within: int = 0
    _batch: int = -1
    _inherited: bool = False
    _now: int = 0

    def __post_init__(self) -> None:
        self._first = self._held()

    def _held(self) -> list[Any]:
        return [self.host.sslcert(selector) for selector in SELECTORS[self.web]]

    @property
    def swapped(self) -> bool:
        """Whether an endpoint has another certificate than in the beginning."""
        return any(now not in (None, first) for now, first in zip(self._held(), self._first, strict=True))

    @property
    def whole(self) -> bool:
        """Whether each endpoint has a certificate, and the site is started."""
        return None not in self._held() and self.host.sites["Production"] == "Started"

    def look(self, batch: int, when: When, number: int, operation: str) -> None:
        del when, operation
        whole = self.whole
        if batch != self._batch:
            self._batch, self._inherited, self._now = batch, not whole, 0
            self.left += self._inherited
        if whole:
            self.within = max(self.within, number) if self._inherited else self.within
            self._inherited, self._now = False, 0
        elif not self._inherited:
            self._now += 1
            self.stays = max(self.stays, self._now)

    def anew(self) -> None:
        """Batches are counted from 0 again."""
        self._batch = -1
