# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A running fleet with a user's inventory beside it, and the four beats that every feature is tried in."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.fleet.auth import Account
from tests.fleet.fleet import Fleet, Scenario

from .playbook import ROOT, Run, one_task, run_playbook

SCENARIOS = ROOT / "tests" / "fleet" / "scenarios"
PASSWORD = "correct horse \"battery\" $(staple) 'é'"


@dataclasses.dataclass(frozen=True)
class Beats:
    """The results of a dry run, a run, a second run and a second dry run, all of the same playbook."""

    dry: Run
    done: Run
    again: Run
    dry_again: Run
    commands: Mapping[str, int]  # WinRM commands of the run, by host
    requests: Mapping[str, int]  # HTTP requests of the run, by host


@dataclasses.dataclass(frozen=True)
class Case:
    """A task on one host, among others that are played in one go; ``keywords`` are further ones of the task."""

    host: str
    module: str
    arguments: Mapping[str, Any]
    keywords: Mapping[str, Any] = dataclasses.field(default_factory=dict)

    def play(self, name: str) -> dict[str, Any]:
        call = {f"tlsops.windows.{self.module}": dict(self.arguments)}
        task = {"name": name, **call, "ignore_errors": True, **self.keywords}
        return {"name": name, "hosts": self.host, "gather_facts": False, "tasks": [task]}


@dataclasses.dataclass(frozen=True)
class Stage:
    """``directory`` is private to the test; backups go to ``directory / "backups"``."""

    fleet: Fleet
    directory: Path
    inventory: Path

    @property
    def backups(self) -> Path:
        return self.directory / "backups"

    def host(self, name: str) -> Any:
        return self.fleet.hosts[name]

    def answer(self, host: str) -> str:
        """The path of the CA's mail for a host."""
        return str(self.directory / "mails" / f"{host}.txt")

    def text(self, host: str, request: str) -> str:
        """The CA's mail for one request of a host."""
        return str(self.fleet.scenario.answers[host][request].mail)  # type: ignore[attr-defined]

    def thumbprint(self, host: str, name: str) -> str:
        """Of what a scenario calls ``name``: a certificate of the host, or the leaf of an answer."""
        scenario: Any = self.fleet.scenario
        der = scenario.certificates[host].get(name) or scenario.answers[host][name].leaf
        return hashlib.sha1(der).hexdigest().upper()

    def digests(self, hosts: list[str]) -> dict[str, str]:
        return {name: self.host(name).digest() for name in hosts}

    def set_variables(self, hosts: Mapping[str, Mapping[str, Any]], **common: Any) -> None:
        """Adds variables to the inventory and leaves only ``hosts`` in it."""
        content = yaml.safe_load(self.inventory.read_text(encoding="utf-8"))
        content["all"]["vars"] |= common
        content["all"]["hosts"] = {name: content["all"]["hosts"][name] | dict(own) for name, own in hosts.items()}
        content["all"]["children"] = {}
        self.inventory.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")

    def run(self, playbook: str | Path, *options: str) -> Run:
        result = run_playbook(playbook, self.inventory, *options)
        assert not self.fleet.errors, self.fleet.errors
        assert "Traceback" not in result.output, result.output
        return result

    def task(self, module: str, arguments: Mapping[str, Any], *options: str, **task: Any) -> Run:
        return self.run(one_task(module, arguments, self.directory, **task), *options)

    def role(self, name: str, hosts: str = "all") -> Path:
        """A playbook of one role; the hosts' variables say the rest."""
        play = [{"name": name, "hosts": hosts, "gather_facts": False, "roles": [f"tlsops.windows.{name}"]}]
        path = self.directory / f"role_{name}.json"
        path.write_text(json.dumps(play), encoding="utf-8")
        return path

    def cases(self, cases: Mapping[str, Case], *options: str) -> dict[str, dict[str, Any]]:
        """Plays every case, in order and whatever becomes of the others; by name their results, with ``status``."""
        path = self.directory / "cases.json"
        path.write_text(json.dumps([case.play(name) for name, case in cases.items()]), encoding="utf-8")
        run = self.run(path, *options)
        results = {each["task"]: {**each["result"], "status": each["status"]} for each in run.results}
        assert set(results) == set(cases), run.output
        return results

    def refused(self, cases: Mapping[str, tuple[Case, str]], *options: str) -> dict[str, dict[str, Any]]:
        """Every case fails with its words in a message that names host and step, and no host is touched."""
        hosts = [case.host for case, _other in cases.values()]
        before = self.digests(hosts)
        results = self.cases({name: case for name, (case, _other) in cases.items()}, *options)
        other = {
            name: results[name].get("msg", results[name])
            for name, (case, words) in cases.items()
            if not _refuses(results[name], case, words)
        }
        assert not other, json.dumps(other, indent=1)
        assert self.digests(hosts) == before
        assert not any(self.host(name).write_log for name in hosts)
        return results

    def beats(self, playbook: str | Path, hosts: list[str], *options: str, looking: Sequence[str] = ()) -> Beats:
        """Plays the four beats on hosts that are to be changed, and holds what must be true of each.

        ``looking`` are hosts whose key no read can tell of (CNG under PowerShell 2.0): each task asks them once more.
        """
        before, logs = self.digests(hosts), {name: len(self.host(name).write_log) for name in hosts}
        dry = self.run(playbook, "--check", "--diff", *options)
        assert self.digests(hosts) == before, "the dry run changed a host"
        assert {name: len(self.host(name).write_log) for name in hosts} == logs, "the dry run wrote"
        self.fleet.reset_traffic()
        done = self.run(playbook, "--diff", *options)
        traffic = {name: self.fleet.traffic(name) for name in hosts}
        after = self.digests(hosts)
        self.fleet.reset_traffic()
        again = self.run(playbook, "--diff", *options)
        quiet = {name: self.fleet.traffic(name) for name in hosts}
        dry_again = self.run(playbook, "--check", "--diff", *options)
        for run in (dry, done, again, dry_again):
            assert run.returncode == 0, run.output
            assert {each["status"] for each in run.results} == {"ok"}, run.output
        assert self.digests(hosts) == after, "a second run changed a host"
        for name in hosts:
            assert changed(dry, name) == changed(done, name) != [], name
            assert diffs(dry, name) == diffs(done, name) != [], name
            assert changed(again, name) == changed(dry_again, name) == [], name
            assert diffs(again, name) == diffs(dry_again, name) == [], name
            tasks = sum(each["host"] == name and "proofs" in str(each["result"]) for each in again.results)
            assert quiet[name].commands == max(tasks, 1) * (2 if name in looking else 1), name
        return Beats(
            dry,
            done,
            again,
            dry_again,
            {name: each.commands for name, each in traffic.items()},
            {name: each.requests for name, each in traffic.items()},
        )


def _refuses(result: Mapping[str, Any], case: Case, words: str) -> bool:
    if result["status"] != "failed" or result["changed"]:
        return False
    where = f"{case.host} {case.module} {result['stage']}".removesuffix(" task")
    return words in result["msg"] and result["msg"].startswith(f"{where}: ")


def changed(run: Run, host: str) -> list[str]:
    """The tasks that report a change on a host."""
    return [each["task"] for each in run.results if each["host"] == host and each["result"].get("changed")]


def diffs(run: Run, host: str) -> list[Any]:
    """Every diff of a host, in order."""
    return [diff for each in run.results if each["host"] == host for diff in each["result"].get("diff", [])]


@contextlib.contextmanager
def staged(
    scenario: str | dict[str, Any] | Scenario,
    directory: Path,
    *,
    https: Sequence[str] = (),
    account: Account | None = None,
) -> Iterator[Stage]:
    """Starts a fleet; ``scenario`` is the name of one of ``tests/fleet/scenarios`` or a scenario's content.

    ``https`` are the names in the certificate of WinRM's HTTPS listener, which there is only where some are given.
    """
    os.chmod(directory, 0o700)
    (directory / "backups").mkdir(mode=0o700)
    source = SCENARIOS / f"{scenario}.yml" if isinstance(scenario, str) else scenario
    with Fleet.start(source, directory, https=https, account=account) as fleet:
        yield Stage(fleet, directory, fleet.write_files())
