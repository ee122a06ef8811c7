# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target's clock beside the controller's: dates of certificates are judged by the target's. Pure."""

from __future__ import annotations

from .._model.snapshot import Snapshot

# Kerberos refuses beyond this (Microsoft docs, "Maximum tolerance for computer clock synchronization").
CLOCK_SECONDS = 300

_UNITS = ((2 * 86400, 86400, "days"), (2 * 3600, 3600, "hours"), (0, 60, "minutes"))


def difference(snapshot: Snapshot) -> float | None:
    """The target's clock minus the controller's, in seconds; what the host took to answer makes it smaller."""
    if snapshot.read_at is None:
        return None
    return round((snapshot.host.clock - snapshot.read_at).total_seconds(), 1) + 0.0  # never -0.0


def outside(snapshot: Snapshot) -> float:
    """By how many seconds the target's clock lies before (negative) or behind the time in which it was asked.

    0 where it may be right: when the host took a long time, nobody knows when it looked at its clock.
    """
    seconds = difference(snapshot) or 0.0
    if seconds >= 0 or snapshot.asked_at is None:
        return seconds
    return min(0.0, (snapshot.host.clock - snapshot.asked_at).total_seconds())


def off(snapshot: Snapshot) -> str:
    """``The server's clock is 1095 days behind the controller's``; empty up to CLOCK_SECONDS."""
    seconds = outside(snapshot)
    if abs(seconds) <= CLOCK_SECONDS:
        return ""
    size, word = next((size, word) for least, size, word in _UNITS if abs(seconds) >= least)
    side = "ahead of" if seconds > 0 else "behind"
    return f"The server's clock is {abs(seconds) / size:.0f} {word} {side} the controller's"
