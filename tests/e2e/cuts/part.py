# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cells of the matrix are played where not all of them are; always the same ones for the same run."""

from __future__ import annotations

from collections.abc import Sequence

from .matrix import Cell, Model
from .points import TRANSPORTS, Operation

# Operations behind which a host is as it was before them.
LOOKS = frozenset({"reg.read", "adsi.read", "file.read", "store.read", "store.export_pfx", "key.prove", "tcp.exchange"})
_READS, _TROUBLED, _MESSAGES = 12, 9, 2  # one place of so many


def wanted(how: str, cells: Sequence[Cell], known: Model) -> list[Cell]:
    """Of all cells of one kind and transport: ``all``, one of a number, or by default a part."""
    if how == "all":
        return list(cells)
    if how:
        return [cell for number, cell in enumerate(cells) if number % int(how) == 0]
    places: dict[tuple[int, ...], list[Cell]] = {}
    for cell in cells:
        places.setdefault(cell.point.place, []).append(cell)
    return [one for place, own in enumerate(places.values()) if (one := _one(own, place, known)) is not None]


def _one(cells: Sequence[Cell], place: int, known: Model) -> Cell | None:
    """Of a place one effect over one transport, others at the next place; nothing where the place is left out."""
    cell = cells[place % len(cells)]
    if cell.transport != TRANSPORTS[place % 2] or not _counts(cell, place, known):
        return None
    return cell


def _counts(cell: Cell, place: int, known: Model) -> bool:
    """In write batches every place counts at which the host is not as it was at the place before."""
    point = cell.point
    if not isinstance(point, Operation):
        return place % _MESSAGES == 0 or cell.kind.web == "iis7"
    if cell.kind.trouble:
        return place % _TROUBLED == 0
    if point.batch == 0:
        return place % _READS == 0
    done = point.number + (point.when == "after")
    return done == 0 or known.batches[point.batch][done - 1] not in LOOKS
