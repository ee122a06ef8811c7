# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A shell's command done by a real PowerShell: the very command line and standard input, on the host's world in files.

In front of the decoded command stand the stand-ins for what only Windows has (``tests/contract/*.ps1``): they are
aliases, which win over the functions of the same names that the script defines later. Nothing else is changed.
"""

from __future__ import annotations

import base64
import dataclasses
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ..payload import Outcome
from ..world.host import Host
from . import folder as world
from .desk import VARIABLE, Desk

STAND_INS = Path(__file__).parents[2] / "contract"
SCRIPTS = ("world.ps1", "stores.ps1", "metabase.ps1", "windows.ps1")
STAND_IN_FILE = "stand_ins.ps1"
PROGRAMS = ("netsh.exe", "certreq.exe", "certutil.exe", r"inetsrv\appcmd.exe")
SWITCHES = ("-NoProfile", "-NonInteractive", "-ExecutionPolicy", "Unrestricted", "-EncodedCommand")
SECONDS = 300.0  # no batch of a test takes longer


def put_stand_ins(folder: Path) -> None:
    """All in one file: a class is only known to what is parsed with it, or after it."""
    text = "".join((STAND_INS / name).read_text(encoding="ascii") for name in SCRIPTS)
    (folder / STAND_IN_FILE).write_text(text, encoding="ascii", newline="\n")


def prelude(folder: Path) -> str:
    """What stands in front of the decoded command."""
    path = str(folder / STAND_IN_FILE).replace("'", "''")
    return f". '{path}'\n"


def decoded(command_line: str) -> str:
    """The script of ``-EncodedCommand``. Raises ValueError where there is none."""
    found = re.search(r" -EncodedCommand ([A-Za-z0-9+/=]+)\s*$", command_line)
    if found is None:
        raise ValueError(f"no encoded command: {command_line[:100]}")
    return base64.b64decode(found[1], validate=True).decode("utf-16-le")


def encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode("ascii")


@dataclasses.dataclass(frozen=True)
class PowerShell:
    """``program``: an executable that takes PowerShell's switches. Each host gets a folder below ``root``."""

    program: str
    root: Path
    on_error: Callable[[str], None]

    def __call__(self, host: Host, command_line: str, stdin: bytes) -> Outcome:
        """A host's batches one at a time. Raises subprocess.TimeoutExpired."""
        with host.mutex:
            return self._run(host, command_line, stdin)

    def _run(self, host: Host, command_line: str, stdin: bytes) -> Outcome:
        folder = self.root / host.name
        with host.journal.acting("batch"):
            host.updates.run()
        world.save(host, folder)
        put_programs(host, folder)
        put_stand_ins(folder)
        command = [self.program, *SWITCHES, encoded(prelude(folder) + decoded(command_line))]
        with Desk(host, folder, self.on_error) as desk:
            environment = surroundings(folder) | {VARIABLE: desk.where}
            done = subprocess.run(
                command, input=stdin, capture_output=True, cwd=folder, env=environment, timeout=SECONDS, check=False
            )
        world.take(folder, host)
        return Outcome(done.stdout, done.stderr, done.returncode)


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of the process. The stores of .NET on Linux lie below HOME."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    windows = {"SystemRoot": r"C:\Windows", "windir": r"C:\Windows", "SystemDrive": "C:"}
    quiet = {"POWERSHELL_TELEMETRY_OPTOUT": "1", "POWERSHELL_UPDATECHECK": "Off", "NO_COLOR": "1"}
    ours = {"HOME": str(home), "TLSOPS_WORLD": str(folder), "TLSOPS_STORE_PREFIX": "tlsops-"}
    return {**os.environ, **windows, **quiet, **ours}


def put_programs(host: Host, folder: Path) -> None:
    """Those that this Windows has, each as an executable that is literally called by its Windows path."""
    code = Path(__file__).with_name("program.py").read_text(encoding="utf-8")
    for name in PROGRAMS:
        path = folder / rf"C:\Windows\System32\{name}"
        if name not in host.product.lacks and not path.exists():
            path.write_text(f"#!{sys.executable} -IS\n{code}", encoding="utf-8")
            path.chmod(0o755)


def find_powershell() -> str:
    """``TLSOPS_PWSH``, else ``pwsh`` on the PATH; empty where there is none."""
    return os.environ.get("TLSOPS_PWSH", "") or shutil.which("pwsh") or ""
