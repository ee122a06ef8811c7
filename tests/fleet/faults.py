# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on purpose: at a message of a client, at an operation of a batch, or with what a batch answers."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Literal, TypeVar

from .wsman import Fault

Effect = Literal["drop", "drop_reply", "delay", "fault", "status", "garbage", "twice", "gone", "silent"]
When = Literal["before", "after"]
CutEffect = Literal["kill", "drop", "leave", "lose", "power", "hang"]
Forger = Callable[[str, list[str]], bytes]
Watcher = Callable[[int, When, int, str], None]
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Rule:
    """What becomes of one message.

    ``drop`` closes the connection before the message is acted on, ``drop_reply`` after it; ``delay`` waits ``seconds``
    first; ``fault`` answers with ``fault`` and ``status`` with HTTP 500 and no SOAP, both without acting;
    ``garbage`` acts and answers 200 with what is no XML; ``twice`` acts once and sends the answer two times; ``gone``
    loses the host for ``seconds``, before the message is acted on: every connection to it is closed without a word;
    ``silent`` loses it so that nothing is closed either, until the time is over.
    """

    effect: Effect
    seconds: float = 0.0
    fault: Fault | None = None


@dataclasses.dataclass(frozen=True)
class Cut:
    """What happens ``when`` a batch is before or after its operation number ``operation``.

    Operations are counted from 0 in the order in which they are done, those that take others back included.
    ``kill`` ends the process; ``drop`` closes the client's connection and goes on after ``seconds``, unless the client
    has ended the process by then (Signal, Delete); ``leave`` does the same and loses these messages too; ``lose``
    ends the process and loses the host for ``seconds``; ``power`` crashes it too; ``hang`` goes on after ``seconds``.
    """

    operation: int
    when: When
    effect: CutEffect
    seconds: float = 0.0


class FaultPlan:
    """The rules of a fleet, each used up by what it acts on; and what hosts were asked, so that rules can be made."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[tuple[str, str], list[Rule | None]] = {}
        self._cuts: dict[str, list[Cut | None]] = {}
        self._forgers: dict[str, list[Forger | None]] = {}
        self._lost: dict[str, tuple[float, bool]] = {}
        self._watchers: dict[str, Watcher] = {}
        self._messages: dict[str, list[str]] = {}
        self._batches: dict[str, list[list[str]]] = {}
        self._working = 0
        self._rest = threading.Condition()
        self.acted: Counter[str] = Counter()  # by host: how many rules, cuts and forgers were used

    def add(self, host: str, action: str, rule: Rule, *, times: int = 1, after: int = 0) -> None:
        """``action`` is Create, Command, Send, Receive, Signal or Delete; ``after`` so many of them have passed."""
        with self._lock:
            self._rules.setdefault((host, action), []).extend([*[None] * after, *[rule] * times])

    def cut(self, host: str, cut: Cut, *, after: int = 0) -> None:
        """``after`` so many batches have been let through."""
        with self._lock:
            self._cuts.setdefault(host, []).extend([*[None] * after, cut])

    def forge(self, host: str, forger: Forger, *, times: int = 1, after: int = 0) -> None:
        """``forger`` makes of a batch's output (text) and its request's lines what goes out on standard output."""
        with self._lock:
            self._forgers.setdefault(host, []).extend([*[None] * after, *[forger] * times])

    def watch(self, host: str, watcher: Watcher) -> None:
        """Is called (batch number, when, operation number, operation) around every operation of that host's batches."""
        self._watchers[host] = watcher

    def messages(self, host: str) -> list[str]:
        """The actions that were asked of a host since the last ``clear``."""
        return list(self._messages.get(host, ()))

    def batches(self, host: str) -> list[list[str]]:
        """The names of the operations that each batch did, in order, since the last ``clear``."""
        return [list(each) for each in self._batches.get(host, ())]

    def clear(self) -> None:
        with self._lock:
            for each in (self._rules, self._cuts, self._forgers, self._lost, self._messages, self._batches):
                each.clear()
            self.acted.clear()

    def wait_idle(self, seconds: float) -> bool:
        """Waits until no message is being acted on and no process is running; whether it came to that in time."""
        with self._rest:
            return self._rest.wait_for(lambda: not self._working, seconds)

    # What the service asks

    @contextlib.contextmanager
    def at_work(self) -> Iterator[None]:
        """While a message is acted on, or a process is running."""
        with self._rest:
            self._working += 1
        try:
            yield
        finally:
            with self._rest:
                self._working -= 1
                self._rest.notify_all()

    def take(self, host: str, action: str) -> Rule | None:
        """The rule for this message, if there is one."""
        with self._lock:
            self._messages.setdefault(host, []).append(action)
            rule = _next(self._rules.get((host, action)))
            self.acted[host] += rule is not None
            if rule is not None and rule.effect in ("gone", "silent"):
                self._lost[host] = (time.monotonic() + rule.seconds, rule.effect == "silent")
            return rule

    def take_forger(self, host: str) -> Forger | None:
        with self._lock:
            forger = _next(self._forgers.get(host))
            self.acted[host] += forger is not None
            return forger

    def lose(self, host: str, seconds: float) -> None:
        with self._lock:
            self._lost[host] = (time.monotonic() + seconds, False)

    def come_back(self, host: str) -> None:
        """A host that was lost is there again."""
        with self._lock:
            self._lost.pop(host, None)

    def lost(self, host: str) -> tuple[float, bool]:
        """For how many seconds more a host is lost, and whether it is silent; 0 where it is there."""
        until, silent = self._lost.get(host, (0.0, False))
        return max(until - time.monotonic(), 0.0), silent

    def begin(self, host: str) -> Progress:
        """A batch begins."""
        with self._lock:
            batches = self._batches.setdefault(host, [])
            batches.append([])
            return Progress(self, host, len(batches) - 1, batches[-1], _next(self._cuts.get(host)))


class Progress:
    """How far a batch has come."""

    def __init__(self, plan: FaultPlan, host: str, number: int, done: list[str], cut: Cut | None) -> None:
        self._plan = plan
        self._host = host
        self._number = number
        self._done = done
        self._cut = cut

    def at(self, when: When, operation: str) -> Cut | None:
        """What is to happen now."""
        if when == "before":
            self._done.append(operation)
        number = len(self._done) - 1
        watcher = self._plan._watchers.get(self._host)
        if watcher is not None:
            watcher(self._number, when, number, operation)
        if self._cut is None or (self._cut.operation, self._cut.when) != (number, when):
            return None
        self._plan.acted[self._host] += 1
        return self._cut


def _next(rules: list[_T | None] | None) -> _T | None:
    return rules.pop(0) if rules else None
