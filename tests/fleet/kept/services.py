# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services, ``services/<name>``: the status in digits. Accounts, ``accounts.txt``: ``<name in base64> <SID>``."""

from __future__ import annotations

from pathlib import Path

from ..world.accounts import known
from ..world.host import Host
from . import lines

FOLDER = "services"
ACCOUNTS = "accounts.txt"


def save(host: Host, folder: Path) -> None:
    (folder / FOLDER).mkdir(exist_ok=True)
    for name, status in host.services.dump():
        (folder / FOLDER / name).write_text(str(status), encoding="ascii")
    lines.write(folder / ACCOUNTS, ([lines.token(name), sid] for name, sid in known(host).items()))


def take(folder: Path, host: Host) -> list[str]:
    """Which services have another status now. What follows from it is the caller's."""
    held = {name.lower(): status for name, status in host.services.dump()}
    changed = []
    for path in sorted((folder / FOLDER).iterdir()):
        status = int(path.read_text(encoding="utf-8").strip().lstrip("!"))
        if held.get(path.name.lower()) != status:
            host.services.put(path.name, status)
            changed.append(path.name)
    return changed
