# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two far sides: the Windows double, and the real script in a real PowerShell."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import secrets
import shutil
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import bootstrap, wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation

from . import executed, world
from .world import World

Mode = Literal["read", "write"]
MAIN = "# ---- Here it begins ----\n"
# Behind the script: where each error began that it caught. The answer has gone out on standard output by then.
CAUGHT, ALL_CAUGHT = "---- errors caught ----", "---- no more of them ----"
ERRORS = f"""
[Console]::Error.WriteLine('{CAUGHT}')
foreach ($each in @($error)) {{
    try {{ [Console]::Error.WriteLine([string]$each + "`n" + $each.ScriptStackTrace) }}
    catch {{ [Console]::Error.WriteLine([string]$each) }}
}}
[Console]::Error.WriteLine('{ALL_CAUGHT}')
"""
_HERE = Path(__file__).parent


def find_powershell() -> str:
    """``TLSOPS_PWSH``, else what is on the PATH; empty where there is none."""
    named = os.environ.get("TLSOPS_PWSH", "")
    return named or next(filter(None, map(shutil.which, ("pwsh", "powershell.exe"))), "")


@dataclasses.dataclass(frozen=True)
class Output:
    stdout: str
    stderr: str = ""


class Side(Protocol):
    """One host on one far side."""

    said: str  # on standard error, by the last batch

    def send(self, batch: str) -> Output: ...

    def path(self, *names: str) -> str:
        """The path of a file of the world."""

    def path_by_variable(self, name: str) -> str:
        """The same with an environment variable of the target in it."""


def run(
    side: Side,
    operations: Sequence[Operation],
    *,
    mode: Mode = "read",
    deadline: int = 60,
    wait: int = 10,
) -> tuple[Answer, ...]:
    nonce = secrets.token_hex(16)
    batch = wire.encode(operations, nonce=nonce, mode=mode, deadline=deadline, mutex_wait=wait)
    output = side.send(batch)
    side.said = output.stderr
    try:
        answers = wire.decode(output.stdout, output.stderr, nonce=nonce, count=len(operations))
    except wire.NoAnswer as problem:
        raise AssertionError(f"{problem}\n{output.stdout[:2000]}\n{output.stderr[:6000]}") from problem
    for operation, answer in zip(operations, answers, strict=True):
        print(describe(operation, answer))  # pytest shows it where a test fails
    print(f"standard error: {output.stderr[-2000:]}")
    return answers


def describe(operation: Operation, answer: Answer) -> str:
    """The operation with its arguments, and what it answered, cut where it is long."""
    given = ", ".join(f"{name}={str(value)[:120]!r}" for name, value in operation.arguments)
    undone = f", undone {answer.undone}" if answer.undone else ""
    said = f"{answer.status}, {answer.kind} {answer.number}, {answer.type}, {answer.text[:300]!r}"
    return f"{operation.name}({given})\n  answered {said}, payload {answer.payload[:600]!r}{undone}"


class PowerShell:
    """The shipped script, started as Ansible does it, under StrictMode; what only Windows has is replaced."""

    def __init__(self, setup: World, folder: Path, more: str = "") -> None:
        """``more``: PowerShell that comes behind the script's functions, and may put others in their place."""
        self.said = ""
        self._more = more
        self._program = find_powershell()
        self._folder = folder
        self._prefix = f"tlsops-{secrets.token_hex(4)}-"
        world.write(setup, folder / "world")

    def path(self, *names: str) -> str:
        return str(self._folder.joinpath("world", "files", *names))

    def path_by_variable(self, name: str) -> str:
        return os.sep.join(("%TLSOPS_WORLD%", "files", name))

    def script(self) -> str:
        before, main, after = bootstrap.script().partition(MAIN)
        assert main, f"batch.ps1 has no line {MAIN!r}"
        return f"Set-StrictMode -Version 2\n{before}{stand_ins()}{self._more}{main}{after}{ERRORS}"

    def start(self, batch: str) -> subprocess.Popen[bytes]:
        """The process, with all of its input; nobody reads yet what it says."""
        process = self._spawn()
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it has ended already: its standard error tells why
            process.stdin.write(stdin(self.script(), batch))
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdin = None  # communicate() would flush it
        return process

    def _spawn(self) -> subprocess.Popen[bytes]:
        command = [self._program, *bootstrap.command_line().split(" ")[1:]]
        environment = {
            **os.environ,
            "HOME": str(self._folder),  # the stores of .NET on Linux lie below
            "TLSOPS_WORLD": str(self._folder / "world"),
            "TLSOPS_STORE_PREFIX": self._prefix,
            "POWERSHELL_TELEMETRY_OPTOUT": "1",
            "POWERSHELL_UPDATECHECK": "Off",
        }
        pipe = subprocess.PIPE
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment)

    def send(self, batch: str) -> Output:
        script = self.script()
        if executed.measuring():
            script = f"{executed.TRACE_ON}; {script.removesuffix(ERRORS)}{executed.TRACE_OFF}{ERRORS}"
        process = self._spawn()
        try:
            stdout, stderr = process.communicate(stdin(script, batch), timeout=120)
        finally:
            process.kill()
        said = stderr.decode("utf-8", "replace")
        if executed.measuring():
            said = measured(said, script)
        return Output(stdout.decode("utf-8", "replace"), said)


def stdin(script: str, batch: str) -> bytes:
    return f"{script}{bootstrap.SEPARATOR}\n{batch}".encode("ascii")


def stand_ins() -> str:
    """What takes the place of the functions that only Windows has."""
    return "".join((_HERE / name).read_text(encoding="ascii") for name in ("world.ps1", "stores.ps1", "metabase.ps1"))


def measured(stderr: str, script: str) -> str:
    """Notes which statements of the shipped script were executed; standard error without what told so.

    Whatever goes wrong with that is no fault of the case.
    """
    try:
        numbers = executed.lines_of(bootstrap.script(), script, MAIN)
        rest, caught = executed.parted(stderr, CAUGHT, ALL_CAUGHT)
        executed.RECORD.note(rest, script, numbers, os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0])
        return executed.without_trace(rest) + caught
    except Exception as problem:
        executed.RECORD.problem = repr(problem)
        return stderr


class Double:
    """The Windows double's own reading of the same batch."""

    def __init__(self, setup: World, _folder: Path) -> None:
        self.said = ""
        self.host: Any = world.made(setup)
        self.host.endpoint = lambda address, port: (address, port)
        self.host.connect = lambda address, port: socket.create_connection((address, port), timeout=5)
        for name, data in setup.files.items():
            self.host.files.put(self.path(name), data)

    def send(self, batch: str) -> Output:
        from tests.fleet.batch import run_batch

        return Output(run_batch(self.host, batch.splitlines()))

    def path(self, *names: str) -> str:
        return "\\".join((r"C:\Windows\Temp", *names))

    def path_by_variable(self, name: str) -> str:
        return rf"%SystemRoot%\Temp\{name}"
