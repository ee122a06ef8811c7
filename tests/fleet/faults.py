# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on purpose: one rule for the next messages of one action to one host."""

from __future__ import annotations

import dataclasses
import threading
from typing import Literal

from .wsman import Fault

Effect = Literal["drop", "drop_reply", "delay", "fault"]


@dataclasses.dataclass(frozen=True)
class Rule:
    """``drop`` closes the connection before the message is acted on, ``drop_reply`` after it, ``delay`` waits
    ``seconds`` first, ``fault`` answers with ``fault`` and does nothing."""

    effect: Effect
    seconds: float = 0.0
    fault: Fault | None = None


class FaultPlan:
    """The rules of a fleet; each is used up by the messages that it acts on."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: dict[tuple[str, str], list[Rule]] = {}

    def add(self, host: str, action: str, rule: Rule, *, times: int = 1) -> None:
        """``action`` is Create, Command, Send, Receive, Signal or Delete."""
        with self._lock:
            self._rules.setdefault((host, action), []).extend([rule] * times)

    def take(self, host: str, action: str) -> Rule | None:
        """The rule for this message, if there is one."""
        with self._lock:
            rules = self._rules.get((host, action))
            return rules.pop(0) if rules else None

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()
