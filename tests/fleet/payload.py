# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Ansible sends for one batch: a PowerShell command line that is our bootstrap, then script and batch on stdin.

No PowerShell is interpreted here. The command line is accepted when it has the shape of the bootstrap (read ``$input``
up to a line of four NUL characters, run that as a script block with the rest as its input), and the script when it is
the shipped one by its SHA-256.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import re
from pathlib import Path

SHIPPED_SCRIPT = Path(__file__).parents[2] / "plugins" / "plugin_utils" / "_batch" / "batch.ps1"

# cmd.exe's own limit; WinRM starts a command through cmd.exe unless WINRS_SKIP_CMD_SHELL is TRUE.
_LONGEST_COMMAND_LINE = 8191
_COMMAND_LINE = re.compile(
    r"powershell(?:\.exe)? -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand ([A-Za-z0-9+/=]+)",
    re.IGNORECASE,
)
_LAST_SCRIPT_LINE = b"\0\0\0\0"
# What the bootstrap has to do, in this order; blanks and letter case do not matter to PowerShell here.
_BOOTSTRAP = re.compile(
    r"while\(\$input\.movenext\(\)\)"  # one enumerator: the loop leaves the rest for the script
    r".*\$input\.current"
    r'.*-eq"`0`0`0`0".*\bbreak\b'
    r".*\$input\|&\(\[(?:system\.management\.automation\.)?scriptblock\]::create\(",
    re.DOTALL,
)


class Refused(Exception):
    """What came is nothing that this double can answer; the text is for a person."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a finished process leaves behind."""

    stdout: bytes = b""
    stderr: bytes = b""
    exit_code: int = 0


def check_command_line(command_line: str) -> str:
    """The bootstrap's text. Raises Refused unless the command line is that of the bootstrap."""
    if len(command_line) > _LONGEST_COMMAND_LINE:
        raise Refused("The command line is too long.")
    match = _COMMAND_LINE.fullmatch(command_line.strip())
    if match is None:
        raise Refused(f"this double only runs the shipped script, not the command line: {command_line[:200]}")
    try:
        text = base64.b64decode(match[1], validate=True).decode("utf-16-le")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Refused("-EncodedCommand is not base64 of UTF-16LE text") from error
    return check_bootstrap(text)


def check_bootstrap(text: str) -> str:
    """The bootstrap's text. Raises Refused unless the script is it."""
    if not _BOOTSTRAP.search(re.sub(r"\s", "", text).lower()):
        raise Refused(f"this double only runs the shipped script, and this is not its bootstrap: {text[:200]}")
    return text


def batch_lines(stdin: bytes, expected: str) -> list[str]:
    """The lines of the batch, where the script before them is the one with the SHA-256 ``expected``. Raises Refused."""
    script, lines = _parts(stdin)
    found = _digest(script)
    if found != expected:
        raise Refused(
            f"this double only runs the shipped script: {SHIPPED_SCRIPT.name} has the SHA-256 "
            f"{expected or '(missing)'}, what came has {found}"
        )
    try:
        return [line.decode("ascii") for line in lines]
    except UnicodeDecodeError as error:
        raise Refused("the batch is not plain ASCII") from error


def script_text(stdin: bytes) -> str:
    """The script in front of the batch. Raises Refused where there is none."""
    return "".join(line.decode("utf-8", "replace") + "\n" for line in _parts(stdin)[0])


def _parts(stdin: bytes) -> tuple[list[bytes], list[bytes]]:
    """The lines of the script and those of the batch."""
    lines = _lines(stdin)
    try:
        end = lines.index(_LAST_SCRIPT_LINE)
    except ValueError:
        raise Refused("this double only runs the shipped script: stdin has no line of four NUL characters") from None
    return lines[:end], lines[end + 1 :]


def script_digest(path: Path = SHIPPED_SCRIPT) -> str:
    """SHA-256 (lower-case hex) of a script as PowerShell gets it, line by line; empty where there is no such file."""
    return _digest(_lines(path.read_bytes())) if path.is_file() else ""


def _lines(data: bytes) -> list[bytes]:
    # CRLF and LF both end a line of $input, and a last line without an end arrives too.
    lines = data.replace(b"\r\n", b"\n").split(b"\n")
    return lines[:-1] if lines[-1] == b"" else lines


def _digest(lines: list[bytes]) -> str:
    return hashlib.sha256(b"".join(line + b"\n" for line in lines)).hexdigest()
