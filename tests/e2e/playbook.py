# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the real ``ansible-playbook`` in a process of its own, and gives back what it did."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


@dataclasses.dataclass(frozen=True)
class Run:
    """``results``: one entry a host and task, with ``host``, ``task``, ``status`` and ``result``."""

    returncode: int
    output: str
    results: list[dict[str, Any]]

    def of(self, host: str, module: str = "") -> dict[str, Any]:
        """The last result of a host; ``module`` narrows to tasks whose name holds it."""
        found = [each for each in self.results if each["host"] == host and module.lower() in each["task"].lower()]
        assert found, self.output
        return found[-1]["result"]

    def status(self, host: str) -> str:
        return [each for each in self.results if each["host"] == host][-1]["status"]


def environment(record: Path) -> dict[str, str]:
    """A clean Ansible environment: nothing of the user's own configuration takes part."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "TLSOPS_"))}
    return kept | {
        "ANSIBLE_CONFIG": str(ROOT / "tests" / "e2e" / "ansible.cfg"),
        "ANSIBLE_HOME": str(record.parent / "ansible_home"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")]),
        "TLSOPS_RECORD": str(record),
        "LC_ALL": "C.UTF-8",
    }


def run_playbook(
    playbook: str | Path,
    inventory: Path,
    *options: str,
    variables: Mapping[str, Any] | None = None,
    timeout: float = 300,
) -> Run:
    """``playbook``: a path or a collection's playbook name. ``variables`` go through a file, never the command line."""
    directory = inventory.parent
    record = directory / "record.jsonl"
    record.unlink(missing_ok=True)
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(inventory), str(playbook), *options]
    if variables is not None:
        extra = directory / "variables.json"
        extra.write_text(json.dumps(dict(variables)), encoding="utf-8")
        command += ["--extra-vars", f"@{extra}"]
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment(record),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    lines = record.read_text(encoding="utf-8").splitlines() if record.exists() else []
    return Run(done.returncode, done.stdout, [json.loads(line) for line in lines])


def one_task(module: str, arguments: Mapping[str, Any], directory: Path, **task: Any) -> Path:
    """A playbook of one task on all hosts, written to ``directory``."""
    play = [
        {
            "name": "One task",
            "hosts": "all",
            "gather_facts": False,
            "tasks": [{"name": module, f"tlsops.windows.{module}": dict(arguments), **task}],
        }
    ]
    path = directory / f"{module}.json"  # JSON is YAML
    path.write_text(json.dumps(play), encoding="utf-8")
    return path
