# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The double's own log: each mutation of the world, with who did it. Reads leave it alone."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


class Journal:
    """``entries`` is what tests read as ``Host.write_log``. While a scenario is being set up nothing is logged."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self._actors: list[str] = ["scenario"]
        self._silent = 0

    @property
    def actor(self) -> str:
        return self._actors[-1]

    @contextlib.contextmanager
    def acting(self, actor: str) -> Iterator[None]:
        """Everything written inside is put down to ``actor``: ``batch``, ``netsh``, ``automatic update`` ..."""
        self._actors.append(actor)
        try:
            yield
        finally:
            self._actors.pop()

    @contextlib.contextmanager
    def silence(self) -> Iterator[None]:
        """For what is no change of the world: setting it up."""
        self._silent += 1
        try:
            yield
        finally:
            self._silent -= 1

    @property
    def silent(self) -> bool:
        return bool(self._silent)

    def wrote(self, kind: str, action: str, where: str, detail: str = "") -> None:
        """``kind``: registry, file, site, service, key."""
        if not self._silent:
            entry = {"kind": kind, "action": action, "where": where, "by": self.actor}
            self.entries.append({**entry, "detail": detail} if detail else entry)
