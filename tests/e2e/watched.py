# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of ``ansible-playbook`` that says all it can and keeps all it can, in a home of its own, under observation."""

from __future__ import annotations

import dataclasses
import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from .playbook import environment

_AUDIT = Path(__file__).parent / "audit"
_FOLDERS = ("home", "temporary", "work", "ansible_home", "facts", "junit", "tree", "retry")


@dataclasses.dataclass(frozen=True)
class Watched:
    """``directory`` holds the home, the temporary folder, the working folder, the caches and the logs of one run."""

    returncode: int
    output: str
    directory: Path
    processes: bytes  # arguments and environments of every process of the run, from /proc, at some moments

    @property
    def results(self) -> list[dict[str, Any]]:
        lines = (self.directory / "kept" / "record.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    @property
    def audit(self) -> list[dict[str, Any]]:
        """What ``audit/sitecustomize.py`` has seen."""
        lines = (self.directory / "kept" / "audit.jsonl").read_bytes().splitlines()
        return [json.loads(line) for line in lines]

    def channels(self) -> dict[str, bytes]:
        """Everything that the run said and left, by the place: the output, the processes, and each folder's files."""
        found = {"output": self.output.encode(), "processes": self.processes}
        for name in _FOLDERS:
            files = sorted(path for path in (self.directory / name).rglob("*") if path.is_file())
            found[name] = b"\n".join(str(path).encode() + b"\n" + path.read_bytes() for path in files)
        for path in (self.directory / "kept").iterdir():
            found[path.name] = path.read_bytes()
        return found


class Sampler:
    """Looks at the processes of a run, when it is told to."""

    def __init__(self) -> None:
        self.process = 0
        self._lock = threading.Lock()
        self._seen: set[bytes] = set()

    def look(self) -> None:
        """Arguments and environment of the run's process and all its descendants, as they are now."""
        found = {data for pid in family(self.process) for data in _told(pid)}
        with self._lock:
            self._seen |= found

    @property
    def seen(self) -> bytes:
        with self._lock:
            return b"\n".join(sorted(self._seen))


def _told(pid: int) -> Iterator[bytes]:
    for name in ("cmdline", "environ"):
        try:
            yield Path(f"/proc/{pid}/{name}").read_bytes().replace(b"\0", b"\n")
        except OSError:  # it has ended meanwhile
            continue


def family(first: int) -> list[int]:
    """The process and its descendants. Ansible's workers have sessions of their own: only their parent tells."""
    parents = dict(_parents())
    family = [first]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                behind_name = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            yield int(entry.name), int(behind_name[1])


def run(
    playbook: Path,
    inventory: Path,
    directory: Path,
    *options: str,
    sampler: Sampler,
) -> Watched:
    """Everything that Ansible can be told to say or keep is on. ``directory`` is made."""
    directory.mkdir(mode=0o700)
    for name in (*_FOLDERS, "kept"):
        (directory / name).mkdir(mode=0o700)
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(inventory), str(playbook), *options]
    output = directory / "output"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=directory / "work",
            env=_environment(directory),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
        sampler.process = process.pid
        try:
            returncode = process.wait(timeout=300)
        finally:
            process.kill()
    said = output.read_text(encoding="utf-8", errors="replace")
    return Watched(returncode, said, directory, sampler.seen)


def _environment(directory: Path) -> dict[str, str]:
    kept = directory / "kept"
    return environment(kept / "record.jsonl") | {
        "HOME": str(directory / "home"),
        "TMPDIR": str(directory / "temporary"),
        "PYTHONPATH": str(_AUDIT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "TLSOPS_AUDIT": str(kept / "audit.jsonl"),
        "ANSIBLE_HOME": str(directory / "ansible_home"),
        "ANSIBLE_REMOTE_TMP": str(directory / "home" / "remote"),
        "ANSIBLE_DEBUG": "1",
        "ANSIBLE_LOG_PATH": str(kept / "ansible.log"),
        "ANSIBLE_DISPLAY_ARGS_TO_STDOUT": "1",
        "ANSIBLE_DISPLAY_TRACEBACK": "always",
        "ANSIBLE_KEEP_REMOTE_FILES": "1",
        "ANSIBLE_CALLBACKS_ENABLED": "record,ansible.builtin.junit,ansible.builtin.tree",
        "JUNIT_OUTPUT_DIR": str(directory / "junit"),
        "ANSIBLE_CALLBACK_TREE_DIR": str(directory / "tree"),
        "ANSIBLE_CACHE_PLUGIN": "ansible.builtin.jsonfile",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(directory / "facts"),
        "ANSIBLE_RETRY_FILES_ENABLED": "1",
        "ANSIBLE_RETRY_FILES_SAVE_PATH": str(directory / "retry"),
        "ANSIBLE_DIFF_ALWAYS": "1",
    }


def written(watched: Watched, places: Sequence[Path]) -> list[str]:
    """What the run opened to write outside of its own folder and of ``places``; devices do not count."""
    allowed = (watched.directory, *places)
    opened = {
        os.path.realpath(os.path.join(each["folder"], each["path"]))
        for each in watched.audit
        if each["event"] == "open"
    }
    return sorted(path for path in opened if not _device(path) and not any(_below(path, each) for each in allowed))


def _below(path: str, place: Path) -> bool:
    return Path(path).is_relative_to(place.resolve())


def _device(path: str) -> bool:
    try:
        return stat.S_ISCHR(os.stat(path).st_mode)
    except OSError:
        return False
