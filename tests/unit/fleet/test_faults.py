# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes wrong on purpose: each rule acts where it says, once, on one host."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from winrm.exceptions import WinRMTransportError
from winrm.protocol import Protocol

from tests.fleet.batch import At
from tests.fleet.faults import Cut, CutEffect, FaultPlan, Rule
from tests.fleet.fleet import Fleet
from tests.unit.fleet.fakes import FakeHost, client, command_line, run, scenario, settings, stdin

NAMES = ("one", "two", "three")
BATCH = stdin(*NAMES)


@dataclasses.dataclass
class Stepping(FakeHost):
    """Each line is an operation; ``done`` are those that were done, ``crashes`` how often power was lost."""

    done: list[str] = dataclasses.field(default_factory=list)
    crashes: int = 0

    def execute(self, lines: list[str], at: At = lambda _when, _operation: None) -> str:
        for line in lines:
            at("before", line)
            self.done.append(line)
            at("after", line)
        return "\n".join(lines)

    def crash(self) -> None:
        self.crashes += 1


@pytest.fixture
def host() -> Stepping:
    return Stepping("web01")


@pytest.fixture
def fleet(host: Stepping, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet.start(scenario(host, Stepping("web02")), tmp_path, settings=settings()) as running:
        yield running
        assert not running.errors


def started(fleet: Fleet, transport: str = "basic") -> tuple[Protocol, str, str]:
    """A batch that runs, of a client that has not asked for its output yet: client, shell, command."""
    protocol = client(fleet, "web01", transport, timeout=1)
    protocol.read_timeout_sec = protocol.transport.read_timeout_sec = 2
    shell = protocol.open_shell(codepage=65001)
    command = protocol.run_command(shell, command_line(), console_mode_stdin=False)
    protocol.send_command_input(shell, command, BATCH, end=True)
    return protocol, shell, command


def cut_off(fleet: Fleet, cut: Cut) -> tuple[Protocol, str, str]:
    """A client that loses its connection while it waits for the answer."""
    fleet.faults.cut("web01", cut)
    protocol, shell, command = started(fleet)
    with pytest.raises(requests.exceptions.ConnectionError):
        protocol.get_command_output_raw(shell, command)
    return protocol, shell, command


@pytest.mark.parametrize(
    ("cut", "done"),
    [
        (Cut(1, "before", "kill"), ["one"]),
        (Cut(1, "after", "kill"), ["one", "two"]),
        (Cut(2, "after", "kill"), ["one", "two", "three"]),
    ],
    ids=str,
)
def test_a_killed_process_does_no_more_and_answers_nothing(
    fleet: Fleet, host: Stepping, cut: Cut, done: list[str]
) -> None:
    fleet.faults.cut("web01", cut)
    assert run(client(fleet, "web01"), BATCH) == (b"", b"", 1)
    assert host.done == done
    assert fleet.faults.acted == {"web01": 1}
    assert run(client(fleet, "web01"), BATCH)[2] == 0, "it acts once"


def test_a_cut_can_wait_for_a_later_batch(fleet: Fleet, host: Stepping) -> None:
    fleet.faults.cut("web01", Cut(0, "before", "kill"), after=1)
    assert run(client(fleet, "web01"), BATCH)[2] == 0
    assert run(client(fleet, "web02"), BATCH)[2] == 0
    assert run(client(fleet, "web01"), BATCH)[2] == 1
    assert host.done == [*NAMES]


def test_a_dropped_client_that_signals_ends_the_process(fleet: Fleet, host: Stepping) -> None:
    protocol, shell, command = cut_off(fleet, Cut(1, "before", "drop", 30))
    protocol.cleanup_command(shell, command)
    assert fleet.faults.wait_idle(10)
    assert host.done == ["one"]


def test_a_dropped_client_that_says_nothing_more_leaves_it_running(fleet: Fleet, host: Stepping) -> None:
    cut_off(fleet, Cut(1, "before", "drop", 0.2))
    assert fleet.faults.wait_idle(10)
    assert host.done == [*NAMES]


def test_a_process_that_is_left_running_hears_no_signal(fleet: Fleet, host: Stepping) -> None:
    protocol, shell, command = cut_off(fleet, Cut(1, "before", "leave", 1))
    with pytest.raises(requests.exceptions.ConnectionError):
        protocol.cleanup_command(shell, command)
    assert fleet.faults.wait_idle(10)
    assert host.done == [*NAMES]


def test_power_loss_takes_process_shells_and_the_host(fleet: Fleet, host: Stepping) -> None:
    cut_off(fleet, Cut(1, "after", "power", 1))
    with pytest.raises(requests.exceptions.ConnectionError):
        client(fleet, "web01", "basic").open_shell()
    assert fleet.faults.wait_idle(10)
    assert (host.done, host.crashes, fleet.open_shells("web01")) == (["one", "two"], 1, 0)
    while fleet.faults.lost("web01")[0]:
        time.sleep(0.05)
    assert run(client(fleet, "web01"), BATCH)[2] == 0


def test_a_lost_host_keeps_its_shells_and_what_it_has_not_saved(fleet: Fleet, host: Stepping) -> None:
    cut_off(fleet, Cut(1, "after", "lose", 3600))
    with pytest.raises(requests.exceptions.ConnectionError):
        client(fleet, "web01", "basic").open_shell()
    assert fleet.faults.wait_idle(10)
    assert (host.done, host.crashes, fleet.open_shells("web01")) == (["one", "two"], 0, 1)
    fleet.faults.clear()
    assert run(client(fleet, "web01"), BATCH)[2] == 0


def test_a_hanging_process_goes_on_and_its_client_asks_again(fleet: Fleet, host: Stepping) -> None:
    fleet.faults.cut("web01", Cut(1, "before", "hang", 1.5))
    protocol, shell, command = started(fleet)
    assert protocol.get_command_output(shell, command)[2] == 0
    assert fleet.faults.messages("web01").count("Receive") > 1
    assert host.done == [*NAMES]


@pytest.mark.parametrize("effect", ["drop", "leave", "kill", "lose", "power", "hang"])
def test_an_unheard_batch_of_one_host_touches_no_other(fleet: Fleet, host: Stepping, effect: CutEffect) -> None:
    fleet.faults.cut("web01", Cut(0, "before", effect, 0.5))
    started(fleet)
    assert run(client(fleet, "web02"), BATCH)[2] == 0
    assert fleet.faults.wait_idle(10)
    assert host.crashes == (effect == "power")


def test_a_reply_can_be_sent_twice(fleet: Fleet) -> None:
    """On the connection's own socket: an HTTP client that keeps it takes the second one for its next reply."""
    fleet.faults.add("web01", "Create", Rule("twice"))
    client(fleet, "web01", "basic").open_shell()
    once = fleet.traffic("web01").sent_bytes
    assert fleet.faults.acted == {"web01": 1}
    assert fleet.open_shells("web01") == 1
    assert once


@pytest.mark.parametrize(("effect", "shells"), [("status", 0), ("garbage", 1)])
def test_what_is_no_envelope(fleet: Fleet, effect: str, shells: int) -> None:
    fleet.faults.add("web01", "Create", Rule(effect))  # type: ignore[arg-type]
    wrong: type[Exception] = WinRMTransportError if effect == "status" else Exception
    with pytest.raises(wrong):
        client(fleet, "web01").open_shell()
    assert fleet.open_shells("web01") == shells


def test_a_late_message_is_acted_on_although_its_client_is_gone(fleet: Fleet) -> None:
    fleet.faults.add("web01", "Create", Rule("delay", seconds=1.5))
    protocol = client(fleet, "web01", "basic", timeout=1)
    protocol.transport.read_timeout_sec = 1
    with pytest.raises(requests.exceptions.Timeout):
        protocol.open_shell()
    assert fleet.faults.wait_idle(10)
    assert fleet.open_shells("web01") == 1


@pytest.mark.parametrize("effect", ["gone", "silent"])
def test_a_lost_host_comes_back(fleet: Fleet, effect: str) -> None:
    fleet.faults.add("web01", "Create", Rule(effect, seconds=0.5))  # type: ignore[arg-type]
    with pytest.raises(requests.exceptions.ConnectionError):
        client(fleet, "web01", "basic").open_shell()
    while fleet.faults.lost("web01")[0]:
        time.sleep(0.05)
    assert run(client(fleet, "web01"), BATCH)[2] == 0


def test_what_a_batch_answers_can_be_forged(fleet: Fleet) -> None:
    fleet.faults.forge("web01", lambda text, lines: f"{len(lines)} {text[:3]}".encode())
    assert run(client(fleet, "web01"), BATCH)[0] == b"3 one"
    assert run(client(fleet, "web01"), BATCH)[0] != b"3 one"


def test_messages_and_batches_are_told_until_they_are_cleared(fleet: Fleet) -> None:
    seen: list[tuple[int, str, int, str]] = []
    fleet.faults.watch("web01", lambda *look: seen.append(look))
    run(client(fleet, "web01"), BATCH)
    assert fleet.faults.messages("web01") == ["Create", "Command", "Send", "Receive", "Signal", "Delete"]
    assert fleet.faults.batches("web01") == [[*NAMES]]
    assert seen == [(0, when, number, name) for number, name in enumerate(NAMES) for when in ("before", "after")]
    fleet.faults.add("web01", "Create", Rule("drop"))
    fleet.faults.clear()
    assert (fleet.faults.messages("web01"), fleet.faults.batches("web01")) == ([], [])
    assert run(client(fleet, "web01"), BATCH)[2] == 0


def test_idle_is_waited_for_only_so_long() -> None:
    plan = FaultPlan()
    with plan.at_work():
        assert not plan.wait_idle(0.01)
    assert plan.wait_idle(0.01)
