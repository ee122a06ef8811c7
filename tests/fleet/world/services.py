# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Services: status and start type, as ServiceController and the registry value ``Start`` have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .errors import COR_E_SYSTEM, hresult, win32
from .journal import Journal
from .registry import Registry, dword

STOPPED, RUNNING = 1, 4
ERROR_SERVICE_DISABLED = 1058
AUTOMATIC, MANUAL, DISABLED = 2, 3, 4
SERVICES = r"HKLM\SYSTEM\CurrentControlSet\Services"
NEEDS = {"w3svc": ("was", "http"), "was": ()}  # W3SVC depends on WAS and HTTP
# IIS 6.0: HTTP SSL (HTTPFilter) serves TLS in user mode, the metabase lives in IISADMIN.
NEEDS_6 = {"w3svc": ("httpfilter", "iisadmin"), "httpfilter": ("http",)}


class Services:
    """``changed`` hears of each service that starts or stops."""

    def __init__(self, registry: Registry, journal: Journal, needs: Mapping[str, tuple[str, ...]]) -> None:
        self._needs = needs
        self.changed: Callable[[str], None] = lambda _name: None
        self._registry = registry
        self._journal = journal
        self._status: dict[str, tuple[str, int]] = {}

    def add(self, name: str, status: int, start: int) -> None:
        self._status[name.lower()] = (name, status)
        self._registry.set(rf"{SERVICES}\{name}", "Start", dword(start))

    def put(self, name: str, status: int) -> None:
        """For a world that was kept in files: nothing follows from it."""
        action = "start" if status == RUNNING else "stop"
        self._status[name.lower()] = (self._status.get(name.lower(), (name, status))[0], status)
        self._journal.wrote("service", action, name)

    def exists(self, name: str) -> bool:
        return name.lower() in self._status

    def running(self, name: str) -> bool:
        return self._status.get(name.lower(), ("", STOPPED))[1] == RUNNING

    def query(self, name: str) -> tuple[int, int]:
        """Status and start type. A missing service is an error of Get-Service, with no number of its own."""
        if name.lower() not in self._status:
            kind = "Microsoft.PowerShell.Commands.ServiceCommandException"
            raise hresult(COR_E_SYSTEM, kind, f"Cannot find any service with service name '{name}'.")
        start = self._registry.get(rf"{SERVICES}\{name}", "Start")
        return self._status[name.lower()][1], start.number if start else MANUAL

    def start(self, name: str) -> None:
        """A disabled service does not start; the services it depends on are started first."""
        status, start = self.query(name)
        if status == RUNNING:
            return
        if start == DISABLED:
            raise win32(ERROR_SERVICE_DISABLED, text="The service cannot be started, because it is disabled.")
        for needed in self._needs.get(name.lower(), ()):
            if needed in self._status:
                self.start(self._status[needed][0])
        self._set(name, RUNNING, "start")

    def stop(self, name: str) -> None:
        """Services that depend on it stop with it."""
        if self.query(name)[0] == STOPPED:
            return
        for other, needed in self._needs.items():
            if name.lower() in needed and other in self._status:
                self.stop(self._status[other][0])
        self._set(name, STOPPED, "stop")

    def dump(self) -> list[tuple[str, int]]:
        return sorted(self._status.values())

    def _set(self, name: str, status: int, action: str) -> None:
        self._status[name.lower()] = (self._status[name.lower()][0], status)
        self._journal.wrote("service", action, name)
        self.changed(name)
