# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a renewal can be cut off: every message of a clean run, every operation of its batches, with each effect."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Literal

from tests.fleet.faults import Cut, CutEffect, FaultPlan, Rule, When
from tests.fleet.wsman import INVALID, MAX_PROCESSES, MAX_SHELLS, Fault

READ_TIMEOUT = 2  # seconds that such a client waits for a reply; stock Ansible: 30
GONE = 2.0  # seconds for which a host is lost, or a process goes on unheard: the "minute" of a real one
AWAY = 3600.0  # seconds: until all faults are cleared, so that the run ends without the host
LATE = 3.5  # seconds that are longer than the client waits
BATCH_TIME = 10  # seconds that a batch may take where one hangs: the least that the option ``timeout`` takes

_OPERATIONS_QUOTA = Fault(
    2150859174,  # 0x803381A6 ERROR_WSMAN_QUOTA_MAX_OPERATIONS
    "w:QuotaLimit",
    "The WS-Management service cannot process the request. The maximum number of concurrent operations for this user "
    "has been exceeded.",
    sender=True,
)
_BROKEN: dict[str, Rule] = {
    "drop": Rule("drop"),
    "drop reply": Rule("drop_reply"),
    "late": Rule("delay", seconds=LATE),
    "twice": Rule("twice"),
    "500": Rule("status"),
    "garbage": Rule("garbage"),
    "gone": Rule("gone", seconds=GONE),
    "silent": Rule("silent", seconds=LATE),
}
_QUOTAS: dict[str, dict[str, Rule]] = {
    "Create": {"quota": Rule("fault", fault=MAX_SHELLS)},
    "Command": {
        "quota": Rule("fault", fault=MAX_PROCESSES),
        "operations": Rule("fault", fault=_OPERATIONS_QUOTA),
    },
}
_REFUSED = {"fault": Rule("fault", fault=INVALID)}
MESSAGE_EFFECTS = (*_BROKEN, "fault", "quota", "operations")
CUT_EFFECTS: tuple[CutEffect, ...] = ("kill", "lose", "drop", "power", "leave", "hang")
LOST: tuple[CutEffect, ...] = ("lose", "power")  # what was begun is left to the next run
ENDING: tuple[CutEffect, ...] = ("kill", "drop", *LOST)  # a process that was at work may end in the middle of it
_SECONDS: dict[CutEffect, float] = {
    "kill": 0,
    "lose": AWAY,
    "drop": GONE,
    "power": AWAY,
    "leave": GONE,
    "hang": BATCH_TIME + 1,
}
_ACTIONS = ("Create", "Command", "Send", "Receive", "Signal", "Delete")
_WAITS = frozenset({"late", "silent"})  # where the client's own limit has to end the wait


@dataclasses.dataclass(frozen=True)
class Message:
    """The message number ``number`` (from 0) of its kind is met by an effect."""

    action: str
    number: int
    effect: str

    @property
    def row(self) -> str:
        return f"{self.action} {self.number + 1}"

    @property
    def place(self) -> tuple[int, ...]:
        """Where its row stands."""
        return _ACTIONS.index(self.action), self.number

    @property
    def rule(self) -> Rule:
        return {**_BROKEN, **_REFUSED, **_QUOTAS.get(self.action, {})}[self.effect]

    @property
    def impatient(self) -> bool:
        """Whether the client's limits have to be short, so that it meets the effect."""
        return self.effect in _WAITS

    timed = False

    def arm(self, faults: FaultPlan, host: str) -> None:
        faults.add(host, self.action, self.rule, after=self.number)


@dataclasses.dataclass(frozen=True)
class Operation:
    """Batch ``batch`` (from 0) is cut off around its operation ``number`` (from 0), which is called ``name``."""

    batch: int
    number: int
    name: str
    when: When
    effect: CutEffect

    @property
    def row(self) -> str:
        return f"batch {self.batch + 1} {self.when:6} {self.number + 1:2} {self.name}"

    @property
    def place(self) -> tuple[int, ...]:
        """Where its row stands."""
        return self.batch, self.number, self.when == "after"

    impatient = False

    @property
    def timed(self) -> bool:
        """Whether the batch's own time has to be short."""
        return self.effect == "hang"

    def arm(self, faults: FaultPlan, host: str) -> None:
        cut = Cut(self.number, self.when, self.effect, _SECONDS[self.effect])
        faults.cut(host, cut, after=self.batch)


Point = Message | Operation
Transport = Literal["basic", "ntlm"]
TRANSPORTS: tuple[Transport, ...] = ("basic", "ntlm")


def messages(seen: Sequence[str]) -> Iterator[Message]:
    """Every message of a run with every effect that it can meet."""
    numbers: Counter[str] = Counter()
    for action in seen:
        for effect in (*_BROKEN, *_REFUSED, *_QUOTAS.get(action, {})):
            yield Message(action, numbers[action], effect)
        numbers[action] += 1


def operations(batches: Sequence[Sequence[str]], starts: dict[int, int] | None = None) -> Iterator[Operation]:
    """Every place of every batch with every effect: before each operation, and after the last one.

    Nothing happens between two operations, so what is after one is before the next one. ``starts``: the only batches
    that count, by number, each with the first operation that counts.
    """
    for batch, names in enumerate(batches):
        first = 0 if starts is None else starts.get(batch, len(names))
        for number, name in enumerate(names[first:], first):
            yield from (Operation(batch, number, name, "before", effect) for effect in CUT_EFFECTS)
        if first < len(names):
            last = len(names) - 1
            yield from (Operation(batch, last, names[last], "after", effect) for effect in CUT_EFFECTS)
