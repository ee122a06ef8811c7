# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Two ansible-playbook processes at once against the same hosts, made to meet where it hurts."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from tests.fleet.faults import When

from .plain import journal, records
from .playbook import ROOT, Run, run_playbook
from .stage import PASSWORD, Stage, staged
from .together import fleet, holds, named

OVERLAP = [*named("same"), "other-iis7"]  # both read the host before either writes
DURING = named("during")  # the second comes while the first one writes
BESIDE = ["beside-iis7"]  # another step, which leaves the web sites alone
SITES = {"web01": ("Production", "Renewal"), "web04": ("Default Web Site", "Renewal")}  # of the scenario demo
HOSTS = [*OVERLAP, *DURING, *BESIDE]
_LONG = 60  # seconds: what comes at all comes within them


class Meeting:
    """Has two runs meet: ``started`` is set when the first one writes to one of DURING."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.begun = {name: threading.Event() for name in HOSTS}
        self.started = threading.Event()
        for name in HOSTS:
            stage.fleet.faults.watch(name, self._watcher(name))

    def _watcher(self, name: str) -> Any:
        def watch(batch: int, when: When, operation: int, what: str) -> None:
            if (when, operation) != ("before", 0):
                return
            writes = what != "host.info"
            if name in DURING and writes and batch == 1:
                self.started.set()
            if batch == 0 if name in [*OVERLAP, *BESIDE] else writes and batch == 1:
                wait_for_another(self.stage, name, batch + 2)

        return watch


def wait_for_another(stage: Stage, name: str, batches: int) -> None:
    """Until as many batches have begun: the last one waits for the mutex, which this one has."""
    for _attempt in range(_LONG * 20):
        if len(stage.fleet.faults.batches(name)) >= batches:
            return
        threading.Event().wait(0.05)
    raise TimeoutError(f"nobody else came to {name}")


def fleet_of_three() -> dict[str, Any]:
    made = fleet(HOSTS)
    for each in made["hosts"].values():
        each["certificates"]["third"] = dict(each["certificates"]["new"])
    return made


def playbook(stage: Stage, folder: str, certificates: Mapping[str, str], beside: tuple[str, dict[str, Any]]) -> Stage:
    """A user's own folder, with a swap on all hosts but BESIDE, where the step ``beside`` is done."""
    directory = stage.directory / folder
    directory.mkdir(mode=0o700)
    own = dataclasses.replace(stage, directory=directory, inventory=directory / "inventory.yml")
    shutil.copy(stage.inventory, own.inventory)
    own.set_variables({name: {"wanted": stage.thumbprint(name, certificates[name])} for name in HOSTS})
    swap = {"thumbprint": "{{ wanted }}", "production_site": "Production"}
    tasks = [
        {"name": "swap", "tlsops.windows.site_certificate": swap, "when": "'beside' not in inventory_hostname"},
        {
            "name": "beside",
            f"tlsops.windows.{beside[0]}": beside[1],
            "when": "'beside' in inventory_hostname",
        },
    ]
    play = {"name": "run", "hosts": "all", "gather_facts": False, "strategy": "free", "ignore_errors": True}
    (directory / "play.json").write_text(json.dumps([play | {"tasks": tasks}]), encoding="utf-8")
    return own


def test_two_runs_meet(tmp_path: Path) -> None:
    with staged(fleet_of_three(), tmp_path) as stage:
        request = ("certificate_request", {"subject": "CN=new.example.com", "key_size": 2048})
        second = {name: "third" if name.startswith("other") else "new" for name in HOSTS}
        swap = ("site_certificate", {"thumbprint": "{{ wanted }}", "production_site": "Production"})
        users = [
            playbook(stage, "first", dict.fromkeys(HOSTS, "new"), swap),
            playbook(stage, "second", second, request),
        ]
        meeting = Meeting(stage)
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(run, users[0])
            assert meeting.started.wait(_LONG)
            two = pool.submit(run, users[1])
            runs = one.result(), two.result()
        for name in OVERLAP:
            check_one_of_them(stage, name, runs)
        for name in [*DURING, *BESIDE]:
            assert [task(each, name)["failed"] for each in runs] == [False, False], name
            assert holds(stage, name) == "new"
        # On IIS 6.0 a site that goes on with the old one takes a batch of its own: the second run may do that too.
        assert [task(each, "during-iis7")["changed"] for each in runs] == [True, False]
        assert [journal(stage, name) for name in HOSTS] == [[]] * len(HOSTS)
        again = run(users[0])
        assert not any(task(again, name)["failed"] for name in HOSTS), again.output
        assert {holds(stage, name) for name in HOSTS} == {"new"}


def run(user: Stage) -> Run:
    done = run_playbook(user.directory / "play.json", user.inventory, "--forks", "10")
    assert "Traceback" not in done.output, done.output
    return done


def task(done: Run, name: str) -> dict[str, Any]:
    """The result of the task that was for the host."""
    wanted = "beside" if name in BESIDE else "swap"
    (found,) = [each for each in done.results if (each["host"], each["task"]) == (name, wanted)]
    return {**found["result"], "failed": found["status"] != "ok"}


def check_one_of_them(stage: Stage, name: str, runs: tuple[Run, Run]) -> None:
    """The one that wrote first has done it; the other says what it found, and has changed nothing."""
    results = [task(each, name) for each in runs]
    failed = [each["failed"] for each in results]
    assert sorted(failed) == [False, True], results
    loser, winner = results[failed.index(True)], results[failed.index(False)]
    assert winner["changed"]
    assert not loser["changed"]
    assert "since" in loser["msg"]
    assert stage.thumbprint(name, "old") in loser["msg"]
    assert winner["certificate"]["thumbprint"] in loser["msg"]
    assert [each["certificate"] for each in records(stage, name).values()] == [winner["certificate"]["thumbprint"]]
    assert not stage.fleet.errors, stage.fleet.errors


def test_two_whole_renewals_meet(tmp_path: Path) -> None:
    """The one that comes too late takes nothing out that the other one has put in: intermediates, a root's Blob."""
    with staged("demo", tmp_path) as stage:
        users = [renewing(stage, folder) for folder in ("first", "second")]
        for name in SITES:
            stage.fleet.faults.watch(name, both_have_read(stage, name))
        with ThreadPoolExecutor(2) as pool:
            runs = [each.result() for each in [pool.submit(renew, user) for user in users]]
        for name in SITES:
            results = {each.status(name): each.of(name, "renew the certificate") for each in runs}
            assert set(results) == {"ok", "failed"}, results
            assert "since" in results["failed"]["msg"], results["failed"]["msg"]
            assert not results["failed"]["changed"]
        again = renew(users[0], "--check", "--diff")
        changed = {name: again.of(name, "renew the certificate") for name in SITES}
        assert not [each["diff"] for each in changed.values() if each["changed"]], again.output


def renewing(stage: Stage, folder: str) -> Stage:
    """A user with a folder of his own, where his backups are too; both users' inventories say the same."""
    directory = stage.directory / folder
    (directory / "backups").mkdir(parents=True, mode=0o700)
    directory.chmod(0o700)
    own = dataclasses.replace(stage, directory=directory, inventory=directory / "inventory.yml")
    shutil.copy(stage.inventory, own.inventory)
    variables = {
        name: {
            "renewal_production_site": production,
            "renewal_renewal_site": renewal,
            "renewal_answer_path": stage.answer(name),
        }
        for name, (production, renewal) in SITES.items()
    }
    common = {"renewal_backup_password": PASSWORD, "renewal_backup_destinations": [f"{stage.directory}/backups/"]}
    own.set_variables(variables, **common)
    return own


def both_have_read(stage: Stage, name: str) -> Any:
    """Holds a host's first batch until the second run's first one waits for it."""

    def watch(batch: int, when: When, operation: int, _what: str) -> None:
        if (batch, when, operation) == (0, "before", 0):
            wait_for_another(stage, name, 2)

    return watch


def renew(user: Stage, *options: str) -> Run:
    return run_playbook(ROOT / "playbooks" / "renew.yml", user.inventory, "--forks", "10", *options)
