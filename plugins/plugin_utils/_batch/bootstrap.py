# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line that starts a batch, and the script that goes with it on standard input.

Not the script itself is on the command line: cmd.exe ends a line at 8,191 characters, and whoever lists processes
reads it. Standard input carries the script, a line of four NUL characters, and the batch.
"""

from __future__ import annotations

import base64
import functools
from pathlib import Path

SEPARATOR = "\0\0\0\0"

# $input is one enumerator: $input.GetEnumerator() would unroll it. It does not touch [Console], so that it also works
# where the lines come through a runspace's pipeline (PSRP).
BOOTSTRAP = (
    "$t=New-Object Text.StringBuilder;"
    "while($input.MoveNext()){"
    "$l=[string]$input.Current;"
    'if($l -eq "`0`0`0`0"){break};'
    '[void]$t.Append($l).Append("`n")'
    "};"
    "$input|&([ScriptBlock]::Create($t.ToString()))"
)

# ansible-core's psrp connection takes the script out of what begins exactly so; ssh runs it as it is.
PREFIX = "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "


def command(connection: str) -> str:
    """What to have a connection plugin execute; the same for every batch.

    The winrm plugin makes an encoded command line of a plain script itself, in every ansible-core; up to 2.18 it would
    encode an encoded one once more, and start two PowerShells.
    """
    return BOOTSTRAP if connection == "winrm" else command_line()


def command_line() -> str:
    """The whole command line: what the target starts in the end, whatever the connection."""
    return PREFIX + base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode("ascii")


def stdin(batch: str) -> bytes:
    """What goes to its standard input: the script, the separator, the batch (``wire.encode``)."""
    return f"{script()}{SEPARATOR}\n{batch}".encode("ascii")


@functools.cache
def script() -> str:
    """The shipped ``batch.ps1``."""
    return Path(__file__).with_name("batch.ps1").read_text(encoding="ascii")
