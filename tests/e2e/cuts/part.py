# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which cells of the matrix are played where not all of them are; always the same ones for the same run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .points import LOST, TRANSPORTS, Operation
from .verdict import Cell, Model

# Operations behind which a host is as it was before them.
LOOKS = frozenset({"reg.read", "adsi.read", "file.read", "store.read", "store.export_pfx", "key.prove", "tcp.exchange"})
_READS, _TROUBLED, _MESSAGES, _GOING_ON = 12, 9, {"iis7": 2, "iis6": 3}, 3  # one place of so many


def wanted(how: str, cells: Sequence[Cell], known: Model) -> list[Cell]:
    """Of all cells of one kind and transport: ``all``, one of a number, or by default a part."""
    if how == "all":
        return list(cells)
    if how:
        return [cell for number, cell in enumerate(cells) if number % int(how) == 0]
    places: dict[tuple[int, ...], list[Cell]] = {}
    for cell in cells:
        places.setdefault(cell.point.place, []).append(cell)
    return [cell for place, own in enumerate(places.values()) for cell in _some(own, place, known)]


def _some(cells: Sequence[Cell], place: int, known: Model) -> Iterator[Cell]:
    """Of a place over one transport: what leaves all to the next run; at some one effect more, with which the run goes
    on. The next place has others; nothing where the place is left out."""
    if cells[0].transport != TRANSPORTS[place % 2] or not _counts(cells[0], place, known):
        return
    lost = [cell for cell in cells if cell.point.effect in LOST and cell.point.place[0] > 0]
    others = [cell for cell in cells if cell.point.effect not in LOST]
    turn = place // len(TRANSPORTS)
    if lost:
        yield lost[turn % len(lost)]
    if not lost or place % _GOING_ON == 0:
        yield others[turn % len(others)]


def _counts(cell: Cell, place: int, known: Model) -> bool:
    """In write batches every place counts at which the host is not as it was at the place before."""
    point = cell.point
    if not isinstance(point, Operation):
        return place % _MESSAGES[cell.kind.web] == 0
    if cell.kind.trouble:
        return place % _TROUBLED == 0
    if point.batch == 0:
        return place % _READS == 0
    done = point.number + (point.when == "after")
    return done == 0 or known.batches[point.batch][done - 1] not in LOOKS
