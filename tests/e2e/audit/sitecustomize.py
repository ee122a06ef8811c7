# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every process that a Python starts, with its arguments and environment, and every file that it opens to write.

A Python that finds this on its PYTHONPATH takes it along into all that it forks, and writes one JSON line an event to
the file named in TLSOPS_AUDIT.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

_PROCESSES = frozenset({"subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def _text(value: Any) -> Any:
    """Something that JSON takes; what is no text is named by its kind."""
    if isinstance(value, bytes):
        return os.fsdecode(value)
    if isinstance(value, (list, tuple)):
        return [_text(each) for each in value]
    if isinstance(value, dict):
        return {_text(name): _text(each) for name, each in value.items()}
    return value if isinstance(value, (str, int, type(None))) else str(value)


def _entry(event: str, arguments: tuple[Any, ...]) -> dict[str, Any] | None:
    if event in _PROCESSES:
        return {"arguments": _text(arguments), "environment": dict(os.environ)}
    if event == "open" and arguments[2] & _WRITING and not isinstance(arguments[0], int):
        return {"path": _text(arguments[0]), "folder": os.getcwd()}
    if event in ("os.rename", "os.link", "os.symlink", "os.mkdir"):
        return {"arguments": _text(arguments), "folder": os.getcwd()}
    return None


def _install(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        entry = _entry(event, arguments)
        if entry is not None:
            line = json.dumps({"event": event, "process": os.getpid(), **entry}) + "\n"
            os.write(descriptor, line.encode("utf-8", "surrogateescape"))

    sys.addaudithook(hook)


if "TLSOPS_AUDIT" in os.environ:
    _install(os.environ["TLSOPS_AUDIT"])
