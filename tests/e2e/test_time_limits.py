# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that hang, a task whose time is over, a controller that is stopped: nobody waits for them, and all heals."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from tests.fleet.faults import Cut, Rule, When

from .playbook import ROOT, environment
from .stage import PASSWORD, Stage, staged
from .together import converged, fleet, named, swap

QUICK = {"ansible_winrm_operation_timeout_sec": 2, "ansible_winrm_read_timeout_sec": 4}  # seconds; else 20 and 30
HANGING = ["silent-iis7", "silent-later-iis7", "late-iis7", "late-iis6", "program-iis7"]
OTHERS = [f"quick{number}-iis7" for number in range(3)]


def test_a_task_whose_time_is_over_and_hosts_that_hang(tmp_path: Path) -> None:
    hosts = [*HANGING, *OTHERS]
    with staged(fleet(hosts), tmp_path) as stage:
        faults = stage.fleet.faults
        faults.add("silent-iis7", "Create", Rule("silent", seconds=600))
        faults.add("silent-later-iis7", "Receive", Rule("silent", seconds=600), after=1)
        for name in named("late"):
            faults.cut(name, Cut(5, "before", "hang", seconds=15), after=1)
        faults.cut("program-iis7", Cut(3, "before", "hang", seconds=15))
        begun = time.monotonic()
        run = stage.run(swap(stage, hosts, {"timeout": 10}, QUICK), "--forks", "8")
        assert time.monotonic() - begun < 60, "a host that hangs ends with its task, and all wait at the same time"
        assert [name for name in OTHERS if not converged(stage, run, name)] == [], run.output
        assert run.status("silent-iis7") == "unreachable"
        written = {"silent-later-iis7": True, "late-iis7": True, "late-iis6": True, "program-iis7": False}
        for name, changed in written.items():
            result = run.of(name)
            assert run.status(name) == "failed", result
            assert "the time that the keyword timeout gives this task was over" in result["msg"]
            assert result["changed"] == changed
            assert ("it waits up to a minute for that batch" if changed else "Nothing was changed.") in result["hint"]
        for name in HANGING:
            faults.come_back(name)
        again = stage.run(swap(stage, hosts), "--forks", "8")
        assert [name for name in hosts if not converged(stage, again, name)] == [], again.output
        assert all(stage.fleet.open_shells(name) <= 1 for name in hosts)


MOMENTS = {  # which batch and operation is under way, and what the controller gets
    "read-iis7": ((0, 5), signal.SIGINT),
    "write-iis7": ((1, 5), signal.SIGINT),
    "write-iis6": ((1, 5), signal.SIGINT),
    "term-iis7": ((1, 4), signal.SIGTERM),
    "kill-iis7": ((1, 6), signal.SIGKILL),
}
BACKUP = "backup-iis7"
SLOW = """
import os, time
whole = os.fsync
def fsync(descriptor):
    open(os.environ["REACHED"], "w").close()
    time.sleep(30)
    whole(descriptor)
os.fsync = fsync
"""


@dataclasses.dataclass
class Stopped:
    """An ansible-playbook of its own that is to be stopped at its moment."""

    stage: Stage
    name: str
    reached: threading.Event = dataclasses.field(default_factory=threading.Event)
    go_on: threading.Event = dataclasses.field(default_factory=threading.Event)

    def watch(self, moment: tuple[int, int], batch: int, when: When, operation: int, _what: str) -> None:
        if when == "before" and (batch, operation) == moment and not self.reached.is_set():
            self.reached.set()
            self.go_on.wait(60)

    def start(self, playbook: Path, **variables: str) -> subprocess.Popen[bytes]:
        folder = self.stage.directory / f"of_{self.name}"
        folder.mkdir(mode=0o700)
        own = folder / "inventory.yml"
        shutil.copy(self.stage.inventory, own)
        words = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(own), str(playbook), "--limit", self.name]
        with open(folder / "output", "wb") as output:
            return subprocess.Popen(
                words,
                cwd=ROOT,
                env=environment(folder / "record.jsonl") | variables,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def stop(self, process: subprocess.Popen[bytes], number: int) -> None:
        """Ctrl-C goes to the whole group of a terminal, the other signals to one process."""
        (os.killpg if number == signal.SIGINT else os.kill)(process.pid, number)
        process.wait(30)
        self.go_on.set()


def test_a_controller_that_is_stopped(tmp_path: Path) -> None:
    hosts = [*MOMENTS, BACKUP]
    with staged(fleet(hosts), tmp_path) as stage:
        playbook = swap(stage, hosts)
        stopped = {name: Stopped(stage, name) for name in MOMENTS}
        for name, each in stopped.items():
            stage.fleet.faults.watch(name, functools.partial(each.watch, MOMENTS[name][0]))
        processes = {name: each.start(playbook) for name, each in stopped.items()}
        for name, each in stopped.items():
            assert each.reached.wait(60), name
            each.stop(processes[name], MOMENTS[name][1])
        backup = stop_while_the_backup_is_written(stage)
        again = stage.run(playbook, "--forks", "6")
        assert [name for name in hosts if not converged(stage, again, name)] == [], again.output
        assert all(stage.fleet.open_shells(name) <= 1 for name in hosts)
        done = stage.run(backup, "--limit", BACKUP)
        assert done.status(BACKUP) == "ok"
        (kept,) = stage.backups.iterdir()
        assert kept.stat().st_mode & 0o777 == 0o600


def stop_while_the_backup_is_written(stage: Stage) -> Path:
    """Ctrl-C while the file's first bytes are on their way to the disk; gives the playbook."""
    options = {"thumbprint": "{{ new }}", "password": PASSWORD, "destinations": [f"{stage.backups}/"], "vault": False}
    play = {"name": "back up", "hosts": "all", "gather_facts": False}
    path = stage.directory / "backup.json"
    path.write_text(json.dumps([play | {"tasks": [{"tlsops.windows.pfx_backup": options}]}]), encoding="utf-8")
    folder, reached = stage.directory / "slow", stage.directory / "reached"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(SLOW, encoding="utf-8")
    backup = Stopped(stage, BACKUP)
    process = backup.start(path, PYTHONPATH=str(folder), REACHED=str(reached))
    for _attempt in range(1200):
        if reached.exists():
            break
        time.sleep(0.05)
    backup.stop(process, signal.SIGINT)
    assert list(stage.backups.iterdir()) == [], "a file that is not whole, or a temporary one"
    return path
