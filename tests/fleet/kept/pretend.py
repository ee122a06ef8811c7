# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No PowerShell: a program that takes a PowerShell's command line and standard input, for trying out what lies around.

It checks both (switches, stand-ins, bootstrap; the shipped script), loads the host from the folder it is started in,
does the batch by the double's own reading of it, starts programs as processes, and saves. Nothing of ``batch.ps1``, and
nothing of the stand-ins, is run by it; but it says of itself what PowerShell on Linux says, and knows no friendly
names. ``python -m tests.fleet.kept.pretend`` with PowerShell's switches.
"""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
from pathlib import Path

from .. import payload
from ..arguments import Arguments
from ..batch import run_batch
from ..operations import OPERATIONS, host_info
from ..world import adsi, programs
from ..world.errors import WindowsError, win32
from ..world.host import Host
from ..world.stores import Entry
from . import desk, files, keys, metabase, registry, services, state
from . import folder as world
from . import lines as made
from .interpreter import STAND_IN_FILE, SWITCHES, decoded, prelude


class Process:
    """What acts on the folder in the place of PowerShell's process; ``where`` is the desk."""

    def __init__(self, folder: Path, where: str) -> None:
        self.folder = folder
        self.where = where
        self.host = world.load(folder)
        self.host.endpoint = lambda address, port: (address, port)  # type: ignore[method-assign]
        self.host.connect = self._connect

    def start(self, host: Host, path: str, arguments: list[str], limit: float) -> programs.Completed:
        """As ``programs.start``, but a process of its own, found where .NET on Linux finds it."""
        name = self.folder / host.files.expand(path)
        world.save(host, self.folder)
        try:
            done = subprocess.run([name, *arguments], capture_output=True, timeout=limit, check=False)
        except FileNotFoundError:
            raise win32(2, text="No such file or directory") from None
        except subprocess.TimeoutExpired:
            raise WindowsError("timeout", 0, "", "The program did not end in time and was stopped.") from None
        self._reload()
        return programs.Completed(done.returncode, done.stdout, done.stderr)

    def invoke(self, node: adsi.AdsiObject, method: str) -> None:
        world.save(self.host, self.folder)
        desk.ask(self.where, "invoke", node.path, method)
        self._reload()

    def _reload(self) -> None:
        """What the fleet's host has in memory comes with it."""
        for part in (registry, keys, services, files):
            part.take(self.folder, self.host)
        for restored in (metabase, state):
            restored.restore(self.folder, self.host)

    def _connect(self, address: str, port: int) -> socket.socket:
        world.save(self.host, self.folder)
        (found,) = desk.ask(self.where, "port", address, str(port))
        return socket.create_connection(("127.0.0.1", int(found) or 1), timeout=10)


def on_linux(host: Host, arguments: Arguments, left: float) -> bytes:
    """host.info as PowerShell 7 on Linux gives it: its own versions, and no language."""
    own = {b"powershell_version": "7.6.5", b"clr_version": "10.0.0", b"ui_language": ""}
    rows = (line.split(b" ") for line in host_info(host, arguments, left).splitlines())
    shown = (
        [keyword.decode(), made.token(own[keyword]) if keyword in own else value.decode()] for keyword, value in rows
    )
    return "".join(" ".join(row) + "\n" for row in shown).encode("ascii")


def batch_of(folder: Path, arguments: list[str], stdin: bytes) -> list[str]:
    """The lines of the batch. Raises ValueError, and payload.Refused, for what a PowerShell should not be given."""
    if tuple(arguments[:-1]) != SWITCHES:
        raise ValueError(f"not the switches of PowerShell: {arguments[:-1]}")
    command = decoded(f" -EncodedCommand {arguments[-1]}")
    if not command.startswith(prelude(folder)) or not (folder / STAND_IN_FILE).is_file():
        raise ValueError("the stand-ins are not in front of the command")
    payload.check_bootstrap(command.removeprefix(prelude(folder)))
    return payload.batch_lines(stdin, payload.script_digest())


def _invoke(node: adsi.AdsiObject, process: Process, method: str) -> None:
    process.invoke(node, method)


def main() -> int:
    folder = Path(os.environ["TLSOPS_WORLD"])
    if Path.cwd() != folder:
        raise ValueError(f"started in {Path.cwd()}: .NET would find no file and no program there")
    request = batch_of(folder, sys.argv[1:], sys.stdin.buffer.read())
    process = Process(folder, os.environ[desk.VARIABLE])
    programs.start = process.start
    OPERATIONS["host.info"] = on_linux
    Entry.friendly_name = property(lambda _entry: "")  # type: ignore[method-assign,assignment]
    adsi.AdsiObject.invoke = functools.partialmethod(_invoke, process)  # type: ignore[method-assign,assignment]
    text = run_batch(process.host, request)
    world.save(process.host, folder)
    sys.stdout.write(text.replace("\r\n", "\n"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
