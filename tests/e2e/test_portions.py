# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinRM 2.0 takes little in one command: a large swap goes in several, and still wholly or not at all."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.batch import At
from tests.fleet.faults import Rule

from .plain import OLD, at, host, journal, records, scenario, site, swap
from .stage import Stage, staged

MANY = 30
PRODUCTS = ("2008r2", OLD)


def farm(product: str) -> dict[str, Any]:
    return host(*(site(f"Shop {number:02}", at(f"*:{8000 + number}:")) for number in range(MANY)), product=product)


@pytest.fixture(params=PRODUCTS)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    with staged(scenario(farm=farm(request.param)), tmp_path) as running:
        yield running


def everywhere(stage: Stage) -> dict[str, Any]:
    return {**swap(stage, "farm", production_site=None).arguments, "replaces": stage.thumbprint("farm", "old")}


def bound(stage: Stage) -> set[str]:
    return {record["certificate"] for record in records(stage, "farm").values()}


def test_many_sites_in_four_beats(stage: Stage) -> None:
    given = {f"site_certificate_{name}": value for name, value in everywhere(stage).items()}
    stage.set_variables({"farm": given})
    beats = stage.beats(stage.role("site_certificate"), ["farm"])
    assert bound(stage) == {stage.thumbprint("farm", "new")}
    assert beats.commands["farm"] > 2
    assert journal(stage, "farm") == []


def test_a_failure_in_a_late_command_leaves_every_site_as_it_was(stage: Stage) -> None:
    before = records(stage, "farm")
    commands = spoil(stage, 3)
    result = stage.task("site_certificate", everywhere(stage)).of("farm")
    assert len(commands) > 3
    assert "What had been done before it was taken back." in result["msg"]
    assert not result["changed"]
    assert records(stage, "farm") == before
    assert journal(stage, "farm") == []


def spoil(stage: Stage, number: int) -> list[int]:
    """One operation of that command fails, whatever it is. Gives a list that grows with each command."""
    world, commands = stage.host("farm"), list[int]()
    original = world.execute
    missing = " ".join(["do", *(base64.b64encode(each).decode() for each in (b"file.read", b"path", b"C:\\none"))])
    goes_on = base64.b64encode(b"keep_going").decode()

    def execute(lines: list[str], at: At) -> str:
        commands.append(len(lines))
        if len(commands) == number:
            last = max(at for at, line in enumerate(lines) if line.startswith("do ") and goes_on not in line)
            lines = [*lines[:last], missing, *lines[last + 1 :]]
        return str(original(lines, at))

    world.execute = execute
    return commands


def test_a_connection_that_breaks_between_two_commands_is_taken_up_again(stage: Stage) -> None:
    stage.fleet.faults.add("farm", "Command", Rule("delay"), times=2)
    stage.fleet.faults.add("farm", "Command", Rule("drop_reply"))
    result = stage.task("site_certificate", everywhere(stage)).of("farm")
    assert result["changed"], result
    assert bound(stage) == {stage.thumbprint("farm", "new")}
    assert journal(stage, "farm") == []
