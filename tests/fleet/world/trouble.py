# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server on which writing fails: keys that are closed to the account, a disk that is full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import denied, disk_full

if TYPE_CHECKING:
    from .host import Host

ACCOUNT = ("batch", "appcmd", "certreq", "certutil", "netsh")  # who writes with the account's rights


def closed(host: Host, key: str) -> bool:
    """Whether the account may not write there; a key's permissions hold for what is below it."""
    return any(_below(key, each) for each in host.options.denied_keys)


def guard(host: Host) -> None:
    """What the host's options say of writing holds from now on."""

    def of_registry(path: str) -> None:
        if not _ours(host):
            return
        if closed(host, path):
            raise denied(f"Access to the registry key '{path}' is denied.")
        if host.options.disk_full == "all":
            raise disk_full()

    def of_files(_path: str) -> None:
        if host.options.disk_full and _ours(host):
            raise disk_full()

    host.registry.guard = of_registry
    host.files.guard = of_files


def _ours(host: Host) -> bool:
    """Not the setting up of a scenario, nor what the system does by itself."""
    return not host.journal.silent and host.journal.actor in ACCOUNT


def _below(key: str, parent: str) -> bool:
    return f"{key.lower()}\\".startswith(f"{parent.lower()}\\")
