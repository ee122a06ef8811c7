# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be true of a renewal that was cut off, and of the runs after it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from tests.fleet.faults import FaultPlan
from tests.fleet.fleet import Fleet
from tests.fleet.world.host import Host

from .farm import Kind, differences, facts, twin
from .guard import FIRST_OF_ALL, ONE_ACT, WITH_WAY_BACK, Guard
from .points import ENDING, LOST, Message, Point, Transport

_OLD_STORE = "\\SystemCertificates\\MY\\Certificates\\"  # what is in it from the start is the old certificate
_COMPLETED = (_OLD_STORE, "\\SystemCertificates\\REQUEST\\Certificates\\")  # what a way back leaves as it is
_LOOK = "tcp.exchange"


@dataclasses.dataclass(frozen=True)
class Cell:
    """One host of the matrix: cut off at ``point``."""

    host: str
    kind: Kind
    transport: Transport
    point: Point


@dataclasses.dataclass
class Outcome:
    """What became of a cell. ``ended``: healed, error, unreachable; ``gap``: the next run had to bring back what the
    production site was left without; ``unproven``: it had to look what the production site serves. ``problems``: what
    must not be, in words."""

    cell: Cell
    ended: str = ""
    changed: bool = False
    message: str = ""
    gap: bool = False
    unproven: bool = False
    shells: int = 0
    within: int = 0
    problems: list[str] = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Model:
    """What a run does on a host of a kind that is not cut off. ``end``: how it and the next runs leave the host.

    ``stays``: for how many looks it leaves the production site without.
    """

    messages: Sequence[str]
    batches: Sequence[Sequence[str]]
    starts: dict[int, int] | None
    end: Mapping[str, str]
    after_crash: Mapping[str, str]
    stays: int


def heals(cell: Cell) -> bool:
    """A process that was killed, or a connection that was lost, once: the same task reads again and goes on."""
    point = cell.point
    if cell.kind.trouble:
        return False
    if isinstance(point, Message):
        unread = (point.action, point.effect) == ("Send", "garbage")  # pywinrm does not look into the answer to Send
        known = point.effect in ("drop", "drop reply", "garbage", "500") and point.action not in ("Create", "Delete")
        return known and not unread
    return point.effect == "kill"


def judged(
    fleet: Fleet, cell: Cell, model: Model, result: Mapping[str, Any], before: dict[str, str], guard: Guard
) -> Outcome:
    """The run that was cut off."""
    status = {"ok": "healed", "failed": "error"}.get(result["status"], result["status"])
    changed, message = bool(result.get("changed")), f"{result.get('msg', '')} | {result.get('hint', '')}"
    outcome = Outcome(cell, status, changed, message, not guard.whole, shells=fleet.open_shells(cell.host))
    outcome.unproven = status != "healed" and guard.swapped and not _looked_at(fleet.faults, cell, model)
    now = facts(fleet.hosts[cell.host])
    outcome.problems += [f"not kept: {each}" for each in differences(_keys(now), _keys(before))]
    outcome.problems += [f"gone: {place}" for place in before if _OLD_STORE in place and place not in now]
    if status == "healed":
        outcome.problems += [f"said ok, but {each}" for each in differences(now, dict(model.end))]
        outcome.problems += [] if changed else ["said that nothing was changed"]
    elif not changed:
        kept = "said that nothing was changed, but "
        outcome.problems += [f"{kept}{each}" for each in differences(_telling(now), _telling(before))]
    if status == "error" and not (result["msg"].startswith(f"{cell.host} renewal ") and result.get("hint")):
        outcome.problems.append(f"unclear: {message}")
    outcome.problems += _uncut(fleet.faults, outcome, model)
    return outcome


def _looked_at(faults: FaultPlan, cell: Cell, model: Model) -> bool:
    """Whether it came to all the looks at what the production site serves.

    A run whose proof has failed has dropped its entries by then: where it cannot go back either, only its error tells.
    """
    batches = faults.batches(cell.host), model.batches
    done, all_of_them = (sum(names.count(_LOOK) for names in each) for each in batches)
    return cell.kind.trouble == "proof" or 0 < all_of_them <= done


def _uncut(faults: FaultPlan, outcome: Outcome, model: Model) -> list[str]:
    """Problems where a cut has not done what it is there for."""
    cell, healed = outcome.cell, outcome.ended == "healed"
    effect, host = cell.point.effect, cell.host
    found = [] if faults.acted[host] else ["was not cut off"]
    if isinstance(cell.point, Message):
        again = cell.kind.web == "iis6" or len(faults.messages(host)) > len(model.messages)  # maybe fewer portions
        return [*found, *(["went on as if nothing had been"] if healed and heals(cell) and not again else [])]
    if outcome.gap and effect not in ENDING:
        found.append("left production without, though its process was not ended")
    if healed and effect in LOST:
        found.append("healed although the host was gone")
    again = cell.kind.trouble or len(faults.batches(host)) > len(model.batches)
    if healed and effect in ("kill", "drop", "leave") and not again:
        found.append("went on as if nothing had been")
    return found


def not_taken_back(now: Mapping[str, str], before: Mapping[str, str]) -> list[str]:
    """What a way back has left that is not as it was, but for what is installed for good.

    A record of http.sys is put back before the root is: what is sent with its leaf gets a certificate more, the cross.
    """
    both = _telling(now), _telling(before)
    left, there = ({place: what for place, what in each.items() if not _completed(place)} for each in both)
    longer = {
        place
        for place, what in there.items()
        if place.startswith("served ") and left.get(place, "").startswith(what.rstrip(")"))
    }
    return list(differences(left, there | {place: left[place] for place in longer}))


def _completed(place: str) -> bool:
    return any(each in place for each in _COMPLETED)


def _keys(known: Mapping[str, str]) -> dict[str, str]:
    """A renewal makes no key and deletes none, however it ends."""
    return {place: what for place, what in known.items() if place.startswith("key ")}


def _telling(known: Mapping[str, str]) -> dict[str, str]:
    """Without the journal's own keys, where they hold nothing."""
    own = "HKLM\\SOFTWARE\\tlsops.windows"
    return {place: what for place, what in known.items() if not (place.startswith(own) and place.endswith("\\"))}


def as_clean(outcome: Outcome) -> bool:
    """Whether the host is as one that was not cut off: what the next runs do on it is known then."""
    return outcome.ended == "healed" and not outcome.problems


def settled(outcome: Outcome, following: Mapping[str, Any], batches: Sequence[list[str]]) -> None:
    """The next run; ``batches`` are its."""
    _went("next", outcome, following)
    if outcome.unproven and not any(_LOOK in names for names in batches):
        outcome.problems.append("next run: took for granted what nobody has looked at")


def at_rest(outcome: Outcome, third: Mapping[str, Any]) -> None:
    """The run after it."""
    _went("third", outcome, third)
    if third.get("changed"):
        outcome.problems.append("third run: changed something")


def _went(name: str, outcome: Outcome, result: Mapping[str, Any]) -> None:
    if result.get("status") != "ok":
        outcome.problems.append(f"{name} run: {result.get('msg', result)} {result.get('hint', '')}")


def lasting(host: Host, outcome: Outcome, model: Model, guard: Guard) -> None:
    """How it ends, on disk too, and how long production was without."""
    outcome.problems += [f"in the end {each}" for each in differences(facts(host), dict(model.end))]
    crashed = twin(host, "crashed")
    crashed.crash()
    outcome.problems += [f"once power is lost {each}" for each in differences(facts(crashed), dict(model.after_crash))]
    outcome.within = guard.within
    # Where an operation hangs the batch's time is over behind it, and the batch goes back.
    goes_back = outcome.ended == "error" or outcome.cell.point.effect == "hang"
    if guard.stays > (WITH_WAY_BACK if goes_back else ONE_ACT):
        outcome.problems.append(f"production was without for {guard.stays} looks")
    if guard.within > FIRST_OF_ALL:
        outcome.problems.append(f"production was brought back behind operation {guard.within + 1} only")
    if not guard.whole:
        outcome.problems.append("production is without in the end")
