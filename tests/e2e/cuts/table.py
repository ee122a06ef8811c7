# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The matrix as text: a row for each message and operation, a column for each effect."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from .farm import KINDS
from .points import CUT_EFFECTS, MESSAGE_EFFECTS, TRANSPORTS, Message
from .verdict import Outcome

_ENDED = {"healed": "ok", "error": "err", "unreachable": "unr"}
_WEBS = {"iis7": "IIS 10 on Server 2016 (delete and add)", "iis6": "IIS 6.0 on Server 2003 (metabase, portions)"}
_TROUBLES = {
    "": "a renewal",
    "undo": "a renewal whose last operation fails: the way back on the host",
    "proof": "a renewal whose proof fails: the way back as a further batch",
}
_LEGEND = """\
A cell is two hosts, cut off at that place, over Basic and over NTLM. Batches are those of a run that is not cut off.
  ok    the run healed by itself: everything is done and proven, as on a host that was not cut off
  err   the run ended with an error, and nothing had been changed; err*: something was, or may have been, and it says so
  unr   unreachable: the host was never reached, nothing was changed
  g     behind it: the production site was without its certificate, or not started, until the next run
  .     not played here      !  a fault: see below
With lose and power the host is away until the run has ended, so what was begun is left to the next one.
Behind every cell but those with ! the next run ended with ok, as a host that was not cut off, to the last value; a
third run changed nothing, also on disk (power was lost then). Where not all cells are played: a sample of both runs
where the cell is ok, of the third one elsewhere.
"""


def lines(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """The whole table, what it counts up to, and every problem."""
    yield from _LEGEND.splitlines()
    for kind in KINDS:
        own = [each for each in outcomes if each.cell.kind == kind]
        if own:
            yield ""
            yield f"{_WEBS[kind.web]}: {_TROUBLES[kind.trouble]}"
            yield from _block([each for each in own if isinstance(each.cell.point, Message)], MESSAGE_EFFECTS)
            yield from _block([each for each in own if not isinstance(each.cell.point, Message)], CUT_EFFECTS)
    yield ""
    yield from _sums(outcomes)
    for each in outcomes:
        if each.problems:
            yield f"! {described(each)}"


def _block(outcomes: Sequence[Outcome], effects: Sequence[str]) -> Iterator[str]:
    if not outcomes:
        return
    points = sorted((each.cell.point for each in outcomes), key=lambda point: point.place)
    found = {(each.cell.point.row, each.cell.point.effect, each.cell.transport): each for each in outcomes}
    yield ""
    yield _line("", *effects)
    for row in dict.fromkeys(point.row for point in points):
        pairs = ([found.get((row, effect, transport)) for transport in TRANSPORTS] for effect in effects)
        yield _line(row, *(" ".join(map(_cell, pair)) for pair in pairs))


def _line(row: str, *cells: str) -> str:
    return f"{row:32}{''.join(f'{cell:12}' for cell in cells)}".rstrip()


def _cell(outcome: Outcome | None) -> str:
    if outcome is None:
        return "."
    changed = "*" if outcome.changed and outcome.ended == "error" else ""
    gap, fault = "g" if outcome.gap else "", "!" if outcome.problems else ""
    return f"{_ENDED.get(outcome.ended, outcome.ended)}{changed}{gap}{fault}"


def _sums(outcomes: Sequence[Outcome]) -> Iterator[str]:
    ends = Counter(each.ended for each in outcomes)
    counted = ", ".join(f"{number} {name}" for name, number in ends.most_common())
    yield f"{len(outcomes)} hosts cut off: {counted}; faults: {sum(bool(each.problems) for each in outcomes)}"
    gaps = sum(each.gap for each in outcomes)
    within = max((each.within + 1 for each in outcomes if each.within), default=0)
    yield f"without a certificate, or not started, until the next run: {gaps} hosts"
    yield f"what an earlier batch had left without was whole again behind a batch's operation {within} at the latest"
    shells = Counter(each.shells for each in outcomes)
    yield f"shells left open, hosts: {', '.join(f'{left}: {number}' for left, number in sorted(shells.items()))}"


def described(outcome: Outcome) -> str:
    """One cell and its problems."""
    cell = outcome.cell
    where = f"{cell.kind.model} {cell.transport} {cell.point.row}, {cell.point.effect} ({cell.host}): {outcome.ended}"
    return "\n    ".join([where, *outcome.problems, f"[{outcome.message}]"])
