# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``CreateProcess`` finds, and what a program leaves behind: an exit code and two streams of bytes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
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

LONGEST_LINE = 32_767  # characters, the program's name and its NUL among them (win32 docs, CreateProcessW)
ERROR_FILENAME_EXCED_RANGE = 206

Program = Callable[["Host", list[str]], Completed]
Cut = Callable[[str], list[str]]
PROGRAMS: dict[str, tuple[Program, Cut]] = {}


def program(path: str, cut: Cut | None = None) -> Callable[[Program], Program]:
    """Registers the implementation of a program below the system folder; ``cut`` is how it takes its line apart."""

    def register(function: Program) -> Program:
        PROGRAMS[path.lower()] = function, cut or c_words
        return function

    return register


def start(host: Host, path: str, arguments: list[str], limit: float) -> Completed:
    """Runs a program on one command line; variables in its path are expanded, never in the arguments.

    Raises ``win32`` 2 where there is none, ``timeout`` where it is killed at the limit.
    """
    from . import appcmd, certreq, certutil, netsh, whoami  # noqa: F401 - they register themselves

    full = host.files.expand(path).lower()
    if full.endswith((".bat", ".cmd")) and host.product.os_version.startswith(NO_BATCH_FILES):
        return Completed(0)
    system = host.files.environment["systemroot"].lower() + "\\system32\\"
    name = full.removeprefix(system)
    name = name if name.endswith(".exe") else f"{name}.exe"
    function, cut = PROGRAMS.get(name, (None, c_words))
    if function is None or name in _lacking(host):
        raise win32(2, text="The system cannot find the file specified")
    line = command_line(arguments)
    if len(full) + len(line) + 4 > LONGEST_LINE:  # .NET puts the name in quotation marks; a blank, and the NUL
        raise win32(ERROR_FILENAME_EXCED_RANGE, text="The filename or extension is too long")
    host.events.process_created(f"{full} {line}")
    with host.journal.acting(name.rpartition("\\")[2].removesuffix(".exe")):
        done = function(host, cut(line))
    host.clock.sleep(min(done.seconds, limit))
    if done.seconds > limit:
        raise WindowsError("timeout", 0, "", f"{path} was ended after {limit:g} s")
    return done


def _lacking(host: Host) -> set[str]:
    without_iis = [] if host.options.iis else [r"inetsrv\appcmd.exe"]
    return {each.lower() for each in (*host.product.lacks, *host.options.missing_programs, *without_iis)}


def command_line(arguments: Sequence[str]) -> str:
    """What the script makes of the arguments: quotation marks by the rules of CommandLineToArgvW.

    CreateProcess gets one text, which ends at its first NUL.
    """
    return " ".join(map(quote, arguments)).partition("\0")[0]


def quote(argument: str) -> str:
    if argument and not re.search(r'[\s"]', argument):
        return argument
    escaped = re.sub(r'(\\*)"', r'\1\1\\"', argument)
    return '"' + re.sub(r"(\\+)\Z", r"\1\1", escaped) + '"'


def c_words(line: str) -> list[str]:
    """As a C program gets its arguments (CommandLineToArgvW): 2n backslashes before a mark are n, one more is a mark.

    Two marks within a quoted part are one that stands for itself.
    """
    words: list[str] = []
    word, inside, begun, at = "", False, False, 0
    while at < len(line):
        slashes = len(line) - at - len(line[at:].lstrip("\\"))
        at += slashes
        mark = line[at : at + 1] == '"'
        word += "\\" * (slashes // 2 if mark else slashes)
        begun = begun or slashes > 0 or mark
        if mark and slashes % 2:
            word, at = word + '"', at + 1
        elif mark and inside and line[at + 1 : at + 2] == '"':
            word, at = word + '"', at + 2
        elif mark:
            inside, at = not inside, at + 1
        elif line[at : at + 1] in (" ", "\t") and not inside:
            words, word, begun, at = [*words, word] if begun else words, "", False, at + 1
        elif at < len(line):
            word, begun, at = word + line[at], True, at + 1
    return [*words, word] if begun else words


def blank_words(line: str) -> list[str]:
    """As netsh cuts its line: at white space outside quotation marks, which it takes away; a backslash is only that.

    That it cuts again by itself is seen (``appid={...}`` in PowerShell); what it does with a mark inside of a value
    is not, so that nothing may depend on it.
    """
    words, word, quoted, begun = [], "", False, False
    for character in line:
        if character == '"':
            quoted, begun = not quoted, True
        elif character.isspace() and not quoted:
            if begun:
                words.append(word)
            word, begun = "", False
        else:
            word, begun = word + character, True
    return [*words, word] if begun else words
