# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a host: each one file of the folder, literally called by its Windows path, ``C:\\Windows\\win.ini``.

On Linux that is a name like any other, below the current directory of whoever has this folder as his: so .NET there
finds it under the path that a script for Windows gives (a program too: .NET looks for it in the current directory).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from ..world.host import Host

_OURS = re.compile(r"[A-Za-z]:\\")
PROGRAM_MODE = 0o755  # the stand-ins of programs are no files of the world


def save(host: Host, folder: Path) -> None:
    """What lies on a share is left out. Raises OSError on Windows, where such a name is the real file's."""
    if os.name != "posix":
        raise OSError("the files of a simulated host can only be kept on a system without drives")
    wanted = dict(_files(host))
    for path in _kept(folder):
        if path.name not in wanted:
            path.unlink()
    for name, data in wanted.items():
        (folder / name).write_bytes(data)


def _files(host: Host) -> Iterator[tuple[str, bytes]]:
    following = sorted(host.files.following)
    for name, data in [*host.files.dump(), *((each, host.files.read(each)) for each in following)]:
        if _OURS.match(name):
            yield name, data


def _kept(folder: Path) -> list[Path]:
    found = [path for path in folder.iterdir() if _OURS.match(path.name) and path.is_file()]
    return [path for path in found if not os.access(path, os.X_OK) or path.stat().st_mode & 0o777 != PROGRAM_MODE]


def take(folder: Path, host: Host) -> None:
    """Makes the host's files what the folder has; only what differs is written, and told to the journal."""
    held, found = dict(_files(host)), {path.name: path for path in _kept(folder)}
    for name in set(held) - set(found):
        host.files.delete(name)
    for name, path in found.items():
        data = path.read_bytes()
        if held.get(name) != data:
            host.files.write(name, data)
