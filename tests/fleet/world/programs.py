# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``CreateProcess`` finds, and what a program leaves behind: an exit code and two streams of bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import WindowsError, win32

if TYPE_CHECKING:
    from .host import Host


@dataclasses.dataclass(frozen=True)
class Completed:
    """``exit`` as .NET shows it (signed). ``seconds``: how long it ran on the host's clock."""

    exit: int
    stdout: bytes = b""
    stderr: bytes = b""
    seconds: float = 0.0


# Under code page 65001, which Ansible's shells have, batch files did nothing at all before 2008 R2 (WinRb/WinRM 232).
NO_BATCH_FILES = ("5.2.", "6.0.")

Program = Callable[["Host", list[str]], Completed]
PROGRAMS: dict[str, Program] = {}


def program(path: str) -> Callable[[Program], Program]:
    """Registers the implementation of a program below the system folder."""

    def register(function: Program) -> Program:
        PROGRAMS[path.lower()] = function
        return function

    return register


def start(host: Host, path: str, arguments: list[str], limit: float) -> Completed:
    """Runs a program; variables in its path are expanded, never in the arguments.

    Raises ``win32`` 2 where there is none, ``timeout`` where it is killed at the limit.
    """
    from . import appcmd, certreq, certutil, netsh  # noqa: F401 - they register themselves

    full = host.files.expand(path).lower()
    if full.endswith((".bat", ".cmd")) and host.product.os_version.startswith(NO_BATCH_FILES):
        return Completed(0)
    system = host.files.environment["systemroot"].lower() + "\\system32\\"
    name = full.removeprefix(system)
    name = name if name.endswith(".exe") else f"{name}.exe"
    function = PROGRAMS.get(name)
    if function is None or name in host.product.lacks:
        raise win32(2, text="The system cannot find the file specified")
    with host.journal.acting(name.rpartition("\\")[2].removesuffix(".exe")):
        done = function(host, arguments)
    host.clock.sleep(min(done.seconds, limit))
    if done.seconds > limit:
        raise WindowsError("timeout", 0, "", f"{path} was ended after {limit:g} s")
    return done


def split_line(arguments: list[str]) -> list[str]:
    """The command line that CreateProcess gets, cut again by the program's own rule: white space outside quotes."""
    line = " ".join(quote(argument) for argument in arguments)
    words, word, quoted, open_word = [], "", False, False
    for character in line:
        if character == '"':
            quoted, open_word = not quoted, True
        elif character.isspace() and not quoted:
            if open_word:
                words.append(word)
            word, open_word = "", False
        else:
            word, open_word = word + character, True
    return [*words, word] if open_word else words


def quote(argument: str) -> str:
    return argument if argument and not any(each.isspace() for each in argument) else f'"{argument}"'
