# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process that a remote shell has started."""

from __future__ import annotations

import asyncio
import threading

from .payload import Outcome


class Command:
    """A process: its input while that is collected, its output once it has ended.

    ``news`` is set when it has ended, or when the client is to lose its connection (``dropped``). ``killed`` is set by
    the client's wish to end it, which a ``deaf`` one never hears.
    """

    def __init__(self, command_line: str = "") -> None:
        self.command_line = command_line
        self.stdin = bytearray()
        self.stdin_open = True
        self.news = asyncio.Event()
        self.ended = self.dropped = self.deaf = False
        self.killed = threading.Event()
        self.pending: dict[str, bytes] = {}
        self.exit_code = 0

    def end(self, outcome: Outcome) -> None:
        self.pending = {"stdout": outcome.stdout, "stderr": outcome.stderr}
        self.exit_code = outcome.exit_code
        self.ended = True
        self.news.set()

    def drop(self, *, deaf: bool) -> None:
        self.dropped, self.deaf = True, deaf
        self.news.set()

    def take(self, room: int) -> dict[str, bytes]:
        """The next pieces of output, together no longer than ``room`` bytes."""
        pieces = {}
        for name, data in self.pending.items():
            pieces[name], self.pending[name] = data[:room], data[room:]
            room -= len(pieces[name])
        return pieces

    @property
    def drained(self) -> bool:
        return not any(self.pending.values())
