# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The target's clock beside the controller's, in numbers and in words."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any, cast

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.clock import CLOCK_SECONDS, difference, off

from tests.unit.mint import NOW
from tests.unit.root_host import HOST


def snapshot(seconds: float) -> Snapshot:
    """A host whose clock is so far from the controller's."""
    return Snapshot(dataclasses.replace(HOST, clock=NOW + timedelta(seconds=seconds)), Journal(), read_at=NOW)


@pytest.mark.parametrize("seconds", [0, CLOCK_SECONDS, -CLOCK_SECONDS])
def test_a_clock_that_is_nearly_right_is_not_spoken_of(seconds: float) -> None:
    assert off(snapshot(seconds)) == ""
    assert difference(snapshot(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (CLOCK_SECONDS + 1, "5 minutes ahead of"),
        (-3600, "60 minutes behind"),
        (3 * 3600, "3 hours ahead of"),
        (-1095 * 86400, "1095 days behind"),
    ],
)
def test_how_far_it_is_off(seconds: float, words: str) -> None:
    assert off(snapshot(seconds)) == f"The server's clock is {words} the controller's"


@pytest.mark.parametrize(
    ("seconds", "words"), [(-900, ""), (-1, ""), (-1200, ""), (-1201, "5 minutes behind"), (301, "5 minutes ahead of")]
)
def test_a_host_that_took_long_to_answer_has_no_wrong_clock_for_that(seconds: float, words: str) -> None:
    slow = dataclasses.replace(snapshot(seconds), asked_at=NOW - timedelta(minutes=15))
    assert off(slow) == (f"The server's clock is {words} the controller's" if words else "")
    assert difference(slow) == seconds


def test_without_a_reading_nothing_is_known() -> None:
    assert difference(Snapshot(cast(Any, None), Journal())) is None
    assert off(Snapshot(cast(Any, None), Journal())) == ""
