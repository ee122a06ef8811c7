# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's own clock. Waiting moves it instead of taking time, so that a retry of minutes tests in milliseconds."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


class Clock:
    """``offset`` is how far the host's clock is from this machine's."""

    def __init__(self, offset: timedelta = timedelta()) -> None:
        self.offset = offset
        self._waited = 0.0

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset + timedelta(seconds=self._waited)

    def filetime(self) -> int:
        """100-nanosecond units since 1601, UTC."""
        passed = self.now() - EPOCH
        return (passed.days * 86_400 + passed.seconds) * 10_000_000 + passed.microseconds * 10

    def monotonic(self) -> float:
        """Seconds for measuring a time limit: real time and what was waited."""
        return time.monotonic() + self._waited

    def sleep(self, seconds: float) -> None:
        self._waited += seconds

    def advance(self, seconds: float) -> None:
        """For tests: time passes on the host."""
        self._waited += seconds
