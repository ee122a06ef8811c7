# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roots that are known to stand in the way of a cross certificate, shipped as data (``catalogue.json``).

It gives names and reasons; conflicts are found by name and key, so one that is not in here is found too.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import pathlib
from datetime import UTC, datetime


@dataclasses.dataclass(frozen=True)
class Entry:
    """One root. ``crosses`` are SHA-1 thumbprints of its cross certificates as far as they are known.

    ``programme``: it is in Microsoft's root programme, so automatic update can bring it. ``cross_until``: the end of
    the day on which the last cross certificate expires; None where that is not known.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    sha1: str
    sha256: str
    programme: bool
    crosses: tuple[str, ...]
    cross_until: datetime | None
    reason: str
    page: str

    def in_use(self, at: datetime) -> bool:
        """Whether its CA still has a cross certificate that is valid, as far as is known."""
        return self.cross_until is None or at <= self.cross_until


@functools.cache
def entries() -> tuple[Entry, ...]:
    text = pathlib.Path(__file__).with_name("catalogue.json").read_text("utf-8")
    return tuple(
        Entry(
            **{
                **raw,
                "aliases": tuple(raw["aliases"]),
                "crosses": tuple(raw["crosses"]),
                "cross_until": _end_of_day(raw["cross_until"]),
            }
        )
        for raw in json.loads(text)
    )


def named(name: str) -> Entry | None:
    """The entry with this name, title or alias, ignoring case."""
    wanted = name.strip().casefold()
    return next((each for each in entries() if wanted in _names(each)), None)


def by_thumbprint(thumbprint: str) -> Entry | None:
    """The entry with this SHA-1 thumbprint (upper-case hex)."""
    return next((each for each in entries() if each.sha1 == thumbprint), None)


def _names(entry: Entry) -> set[str]:
    return {name.casefold() for name in (entry.name, entry.title, *entry.aliases)}


def _end_of_day(date: str | None) -> datetime | None:
    return datetime.fromisoformat(date).replace(hour=23, minute=59, second=59, tzinfo=UTC) if date else None
