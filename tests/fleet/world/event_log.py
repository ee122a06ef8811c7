# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server with all auditing switched on writes into its event logs of what runs on it.

It is no part of the world's digest: a read leaves events too.
"""

from __future__ import annotations

from collections import Counter

PROCESS_CREATED = 4688  # log Security, with the policy "Include command line in process creation events"
SCRIPT_BLOCK = 4104  # log Microsoft-Windows-PowerShell/Operational: the text of what is compiled


class EventLog:
    """Each different text once, however often it was logged."""

    def __init__(self) -> None:
        self.events: Counter[tuple[int, str]] = Counter()

    def process_created(self, command_line: str) -> None:
        self.events[PROCESS_CREATED, command_line] += 1

    def script_block(self, text: str) -> None:
        """PowerShell cuts a long one into several events; what it reads from standard input is none of it."""
        self.events[SCRIPT_BLOCK, text] += 1

    def texts(self, number: int) -> list[str]:
        return [text for each, text in self.events if each == number]
