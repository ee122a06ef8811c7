# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A first batch whose answer is lost: it goes on, it was killed, it is another account's, or its time is over.

The connection is Ansible's own winrm with NTLM, which cannot end a process once its socket is gone: that goes on.
"""

from __future__ import annotations

import functools
import threading
from pathlib import Path

from tests.fleet.faults import Cut, Rule, When

from .stage import Stage, staged
from .together import converged, fleet, holds, named, swap

HEALED = [*named("goes-on", "killed"), "refused-iis7", "moment-iis7"]
WORDS = {
    "busy-iis7": ("another batch of this collection is still running on the target", "Wait for it to end"),
    "another-account-iis7": ("another account's batch of this collection is still running", "handle -a tlsops.windows"),
    "over-time-iis7": ("(deadline 0)", "What had been done before it was taken back.", "option timeout"),
    "over-time-iis6": ("(deadline 0)", "What had been done before it was taken back.", "option timeout"),
    "slow-reads-iis7": ("in the 300 seconds that a batch has", "Nothing was changed."),
    "outlasts-iis7": ("still running on the target", "may have changed, from: ipport=0.0.0.0:443 (certificate: "),
    "lost-iis6": ("no answer, twice", "Run the task again, it does what is still missing"),
}
UNKNOWN = ("outlasts-iis7", "lost-iis6")  # a batch was sent, so the result says "changed"
HOSTS = [*HEALED, *WORDS]
SHORT = "{{ 10 if inventory_hostname in ['busy-iis7', 'outlasts-iis7'] else 300 }}"


class Diary:
    """Which of a host's batches began or ended an operation, in order; the first write batch is number 1."""

    def __init__(self, stage: Stage, hosts: list[str]) -> None:
        self.batches: dict[str, list[int]] = {name: [] for name in hosts}
        self.go_on = threading.Event()
        for name in hosts:
            stage.fleet.faults.watch(name, functools.partial(self._watch, stage, name))

    def _watch(self, stage: Stage, name: str, batch: int, when: When, operation: int, _what: str) -> None:
        self.batches[name].append(batch)
        if name == "outlasts-iis7" and (batch, when, operation) == (1, "before", 6):
            assert self.go_on.wait(100)
        over = {"over-time": (1, "after", 4), "slow-reads": (0, "after", 3)}.get(name.rpartition("-")[0])
        if (batch, when, operation) == over:
            stage.host(name).clock.advance(400)


def prepared(stage: Stage) -> Diary:
    """Every host with its trouble."""
    faults = stage.fleet.faults
    for name in named("goes-on"):
        faults.cut(name, Cut(5, "before", "leave", seconds=3), after=1)
    for name in named("killed"):
        faults.cut(name, Cut(5, "after", "kill"), after=1)
    faults.cut("outlasts-iis7", Cut(5, "before", "leave"), after=1)
    faults.add("moment-iis7", "Receive", Rule("gone", seconds=1), after=1)
    faults.add("lost-iis6", "Receive", Rule("gone", seconds=3600), after=1)
    stage.host("refused-iis7").options.mutex_refused_seconds = 30
    stage.host("another-account-iis7").options.mutex_refused_seconds = 90
    stage.host("busy-iis7").mutex.acquire()
    return Diary(stage, HOSTS)


def test_lost_answers_and_batches_in_the_way(tmp_path: Path) -> None:
    with staged(fleet(HOSTS), tmp_path) as stage:
        diary = prepared(stage)
        playbook = swap(stage, HOSTS, timeout=SHORT)
        run = stage.run(playbook, "--forks", "15")
        stage.host("busy-iis7").mutex.release()
        stage.host("another-account-iis7").options.mutex_refused_seconds = 0
        diary.go_on.set()
        stage.fleet.faults.come_back("lost-iis6")

        assert [name for name in HEALED if not converged(stage, run, name)] == [], run.output
        for name in named("goes-on"):
            batches, asked = diary.batches[name], stage.fleet.faults.batches(name)
            assert batches == sorted(batches), "a batch began before the one before it had ended"
            assert len(asked[1]) > 6, "the first batch went on to its end"
            assert asked[2] == asked[0], "it was read again"
        assert all(stage.fleet.open_shells(name) <= 1 for name in HOSTS)
        for name, words in WORDS.items():
            result = run.of(name)
            assert run.status(name) == "failed"
            assert [each for each in words if each not in result["msg"]] == [], result["msg"]
            assert result["changed"] == (name in UNKNOWN)
        assert {holds(stage, name) for name in WORDS if name not in UNKNOWN} == {"old"}

        again = stage.run(playbook, "--forks", "15")
        assert [name for name in HOSTS if not converged(stage, again, name)] == [], again.output
        assert [name for name in HEALED if again.of(name)["changed"]] == []
