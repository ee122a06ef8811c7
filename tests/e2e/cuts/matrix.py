# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Renewals that are cut off, one host each, all in one play; then the next run, and one more, of all of them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.e2e.playbook import Run, run_playbook
from tests.fleet.fleet import Fleet
from tests.fleet.world.host import Host
from tests.fleet.world.scenario import Scenario

from . import points, verdict
from .farm import KINDS, Kind, facts, farm, troubled, twin
from .guard import Guard
from .points import Point, Transport
from .verdict import Cell, Model, Outcome

PASSWORD = "correct horse battery staple"
FORKS = 16
_ENDS = 120.0  # seconds after which what a cut left running must be over
_SAMPLE = 6  # one of so many


class Ground:
    """A fleet with the files of its user; ``scenario`` has a host of each web server, whose twins are played with."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.scenario = farm()
        self.backups = directory / "backups"
        self.backups.mkdir(mode=0o700)

    @contextlib.contextmanager
    def fleet(self, kinds: Mapping[str, Kind]) -> Iterator[Fleet]:
        hosts = {name: twin(self.scenario.hosts[kind.web], name) for name, kind in kinds.items()}
        own = Scenario(hosts, {}, {}, self.scenario.authorities, {})
        with Fleet.start(own, self.directory) as fleet:
            yield fleet
            assert not fleet.errors, fleet.errors[0]

    def play(
        self, fleet: Fleet, variables: Mapping[str, Mapping[str, Any]], tasks: int, *, options: Sequence[str] = ()
    ) -> list[dict[str, dict[str, Any]]]:
        """Plays the task that many times on these hosts; each time's results by host, with ``status``."""
        content = fleet.inventory()
        content["all"]["hosts"] = {name: content["all"]["hosts"][name] | dict(own) for name, own in variables.items()}
        content["all"]["children"] = {}
        inventory = self.directory / "inventory.json"
        inventory.write_text(json.dumps(content), encoding="utf-8")
        names = [f"run {number}" for number in range(tasks)]
        playbook = self.directory / "cuts.json"
        playbook.write_text(json.dumps([self._play(names)]), encoding="utf-8")
        run = run_playbook(playbook, inventory, "--forks", str(FORKS), *options, timeout=3600)
        assert "Traceback" not in run.output, run.output
        return [_results(run, name) for name in names]

    def _play(self, names: Iterable[str]) -> dict[str, Any]:
        given = {
            "production_site": "Production",
            "renewal_site": "Renewal",
            "answer": "{{ answer }}",
            "backup_password": PASSWORD,
            "backup_destinations": [f"{self.backups}/"],
            "allow_unencrypted": True,
            "timeout": "{{ batch_time | default(300) }}",
        }
        tasks = [{"name": name, "tlsops.windows.renewal": given} for name in names]
        return {"name": "Renewals", "hosts": "all", "gather_facts": False, "tasks": tasks}

    def variables(self, kind: Kind, transport: Transport) -> dict[str, Any]:
        encryption = "always" if transport == "ntlm" else "auto"
        return {
            "answer": self.scenario.mails[kind.web],
            "ansible_winrm_transport": transport,
            "ansible_winrm_message_encryption": encryption,
        }


def _results(run: Run, task: str) -> dict[str, dict[str, Any]]:
    found = [each for each in run.results if each["task"] == task]
    return {each["host"]: {**each["result"], "status": each["status"]} for each in found}


def models(ground: Ground) -> dict[Kind, Model]:
    """A clean run of every kind, and how its hosts are in the end."""
    hosts = {kind.model: kind for kind in KINDS}
    with ground.fleet(hosts) as fleet:
        variables = {name: ground.variables(kind, "ntlm") for name, kind in hosts.items()}
        before = {name: facts(fleet.hosts[name]) for name in hosts}
        guards = {name: Guard(fleet.hosts[name], kind.web) for name, kind in hosts.items()}
        for name, guard in guards.items():
            fleet.faults.watch(name, guard.look)
        plain = {name: own for name, own in variables.items() if not hosts[name].trouble}
        (first,) = ground.play(fleet, plain, 1)
        assert all(each["status"] == "ok" for each in first.values()), first
        batches = {name: len(fleet.faults.batches(name)) for name in plain}
        undo = [troubled(fleet.hosts[name], kind, batches[kind.web]) for name, kind in hosts.items() if kind.trouble]
        (broken,) = ground.play(fleet, {name: own for name, own in variables.items() if name not in plain}, 1)
        assert all(each["status"] == "failed" for each in broken.values()), broken
        del undo
        for name in broken:
            left = verdict.not_taken_back(facts(fleet.hosts[name]), before[name])
            assert not left, f"{name}: {left}"
        return {kind: _model(fleet, kind, broken, guards[kind.web].stays) for kind in KINDS}


def _model(fleet: Fleet, kind: Kind, broken: Mapping[str, Any], stays: int) -> Model:
    clean, faults = fleet.hosts[kind.web], fleet.faults
    messages, batches = faults.messages(kind.model), faults.batches(kind.model)
    starts = None
    if kind.trouble:
        assert "put back" in broken[kind.model]["hint"] or "taken back" in broken[kind.model]["hint"], broken
        starts = _way_back(batches, faults.batches(kind.web))
    again = twin(clean, "crashed")
    again.crash()
    return Model(messages, batches, starts, facts(clean), facts(again), stays)


def _way_back(batches: Sequence[Sequence[str]], clean: Sequence[Sequence[str]]) -> dict[int, int]:
    """The operations that a run that goes back does and a clean one does not, by batch the first of them."""
    starts = {}
    for number, names in enumerate(batches):
        other = clean[number] if number < len(clean) else ()
        pairs = enumerate(zip(names, other, strict=False))
        same = next((place for place, (here, there) in pairs if here != there), len(other))
        if same < len(names):
            starts[number] = same
    return starts


def cells(kind: Kind, model: Model, transport: Transport) -> list[Cell]:
    """One host for each point of a kind; a run with a trouble of its own is cut off where it goes back."""
    every: list[Point] = [*points.operations(model.batches, model.starts)]
    every += points.messages(model.messages) if not kind.trouble else []
    name = f"{kind.model}-{transport}"
    return [Cell(f"{name}-{number:03}", kind, transport, point) for number, point in enumerate(every)]


def run(ground: Ground, known: Mapping[Kind, Model], wanted: Sequence[Cell], *, every: bool) -> list[Outcome]:
    """Cuts each host off at its point, then runs twice more.

    Not ``every`` one: of hosts that are as one that was not cut off, to the last value, a sample is run again. What
    further runs do on the others is known from it.
    """
    with ground.fleet({cell.host: cell.kind for cell in wanted}) as fleet:
        guards, before, cures = _prepared(fleet, known, wanted)
        (broken,) = ground.play(fleet, {cell.host: _cut_off(ground, cell) for cell in wanted}, 1)
        assert fleet.faults.wait_idle(_ENDS), "something goes on for ever"
        outcomes = [
            verdict.judged(fleet, cell, known[cell.kind], broken[cell.host], before[cell.host], guards[cell.host])
            for cell in wanted
        ]
        fleet.faults.clear()
        for cell in wanted:
            cures[cell.host]()
            guards[cell.host].anew()
        _played_on(ground, fleet, outcomes, every=every)
        for outcome in outcomes:
            host = outcome.cell.host
            verdict.lasting(fleet.hosts[host], outcome, known[outcome.cell.kind], guards[host])
        return outcomes


def _played_on(ground: Ground, fleet: Fleet, outcomes: Sequence[Outcome], *, every: bool) -> None:
    """The next run and the one after it."""
    cells = {outcome.cell.host: outcome.cell for outcome in outcomes}
    variables = {name: ground.variables(cell.kind, cell.transport) for name, cell in cells.items()}
    sample = {name for number, name in enumerate(cells) if every or number % _SAMPLE == 0}
    again = {each.cell.host for each in outcomes if each.cell.host in sample or not verdict.as_clean(each)}
    (following,) = ground.play(fleet, {name: own for name, own in variables.items() if name in again}, 1)
    for outcome in outcomes:
        if outcome.cell.host in again:
            verdict.settled(outcome, following[outcome.cell.host], fleet.faults.batches(outcome.cell.host))
    (third,) = ground.play(fleet, {name: own for name, own in variables.items() if name in sample}, 1)
    for outcome in outcomes:
        if outcome.cell.host in sample:
            verdict.at_rest(outcome, third[outcome.cell.host])


def _prepared(
    fleet: Fleet, known: Mapping[Kind, Model], wanted: Sequence[Cell]
) -> tuple[dict[str, Guard], dict[str, dict[str, str]], dict[str, Callable[[], None]]]:
    guards, before, cures = {}, {}, {}
    for cell in wanted:
        host: Host = fleet.hosts[cell.host]
        plain = len(known[Kind(cell.kind.web)].batches)
        guards[cell.host], before[cell.host] = Guard(host, cell.kind.web), facts(host)
        cures[cell.host] = troubled(host, cell.kind, plain)
        fleet.faults.watch(cell.host, guards[cell.host].look)
        cell.point.arm(fleet.faults, cell.host)
    return guards, before, cures


def _cut_off(ground: Ground, cell: Cell) -> dict[str, Any]:
    variables = ground.variables(cell.kind, cell.transport)
    if cell.point.impatient:
        own = {"operation_timeout_sec": points.READ_TIMEOUT - 1, "read_timeout_sec": points.READ_TIMEOUT}
        variables |= {f"ansible_winrm_{name}": value for name, value in own.items()}
    return variables | ({"batch_time": points.BATCH_TIME} if cell.point.timed else {})
