# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Windows host: everything it is made of, and what the fleet and the tests may ask of it."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from ..batch import At, run_batch
from . import no_powershell, trouble
from .clock import Clock
from .event_log import EventLog
from .files import Files
from .httpsys import PARAMETERS, HttpSys, socket_name
from .iis import STARTED, Iis
from .iis6 import Iis6
from .iis7 import Iis7
from .journal import Journal
from .keys import Keys
from .language import Language
from .metabase import Metabase
from .options import PRODUCTS, Options
from .registry import Registry, dword, multi_string, string
from .schannel import Credential, Schannel
from .services import AUTOMATIC, MANUAL, NEEDS, NEEDS_6, RUNNING, Services
from .stores import Entry, Stores, path
from .updates import Updates
from .web import WebServer

SERVICES = (("HTTP", MANUAL), ("WAS", MANUAL), ("W3SVC", AUTOMATIC), ("WinRM", AUTOMATIC))
WITHOUT_IIS = frozenset({"HTTP", "WinRM"})
SERVICES_6 = (("HTTP", MANUAL), ("HTTPFilter", MANUAL), ("IISADMIN", AUTOMATIC), *SERVICES[2:])


class Host:
    """``connect`` and ``changed`` are set by the fleet; until then nothing listens and nobody is told."""

    def __init__(
        self,
        name: str,
        product: str = "2022",
        language: str = "en-US",
        options: Options | None = None,
        clock_offset: timedelta = timedelta(),
        addresses: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.product = PRODUCTS[product]
        self.options = options or Options()
        self.addresses = addresses
        self.tls_versions = tuple(self.options.tls_versions or self.product.tls)
        self.clr = self.options.clr or self.product.clr
        self.powershell = self.product.powershell
        self.winrm = self.options.winrm or ("2.0" if self.powershell.startswith("2.") else "3.0")
        self.clock = Clock(clock_offset)
        self.language = Language(language, self.options.code_page)
        self.journal = Journal()
        self.events = EventLog()
        self.mutex = threading.Lock()  # Global\tlsops.windows: batches of one host run one at a time
        self.connect: Callable[[str, int], socket.socket] = _refuse
        self.changed: Callable[[], None] = lambda: None
        self.failing_tries: dict[str, int] = {}  # thumbprint -> netsh calls that still fail with 87
        with self.journal.silence():
            self.registry = Registry(self.journal)
            self.files = Files(self.journal)
            self.services = Services(self.registry, self.journal, NEEDS if self.product.iis >= (7, 0) else NEEDS_6)
            self.keys = Keys(self.journal)
            self.stores = Stores(self.registry, self.options)
            self.schannel = Schannel(self.stores, self.options)
            self.updates = Updates(self.registry, self.stores, self.journal, self.options)
            self._furnish()
            trouble.guard(self)
            self.web: WebServer = Iis7(self) if self.product.iis >= (7, 0) else Iis6(self)

    # What the fleet calls

    def execute(self, lines: list[str], at: At = lambda _when, _operation: None) -> str:
        """The text that the script prints for a request, marks included. One batch at a time. Raises Killed."""
        return run_batch(self, lines, at)

    def instead_of_powershell(self) -> str:
        """What comes on standard error where no script of ours runs; empty where one does."""
        return no_powershell.instead(self)

    def listening(self) -> set[tuple[str, int]]:
        """Address and port where TLS is accepted."""
        return self.web.listening()

    def endpoint(self, address: str, port: int) -> tuple[str, int] | None:
        """The member of ``listening()`` that takes a connection to a literal address of this host."""
        listening, name = self.listening(), socket_name(address)
        if (name, port) in listening:
            return name, port
        any_address = "::" if ":" in name else "0.0.0.0"
        known = {"127.0.0.1", "::1", *(socket_name(each) for each in self.addresses)}
        return (any_address, port) if (any_address, port) in listening and name in known else None

    def credential(self, ip: str, port: int, server_name: str | None) -> Credential | None:
        """What a handshake gets; None: it is refused by closing."""
        return self.web.credential(ip, port, server_name)

    # What happens to a server

    def restart(self) -> None:
        """The server restarts: Schannel forgets, every certificate is taken anew."""
        self.schannel.forget()
        self.web.restart(crash=False)

    def crash(self) -> None:
        """It loses power: what had not reached the disk is lost."""
        self.schannel.forget()
        self.web.restart(crash=True)

    # What tests read

    @property
    def iis7(self) -> Iis7:
        """Raises ValueError on IIS 6.0."""
        if not isinstance(self.web, Iis7):
            raise ValueError(f"{self.name} has no IIS 7 or newer: no applicationHost.config, no http.sys records")
        return self.web

    @property
    def iis6(self) -> Iis6:
        """Raises ValueError on IIS 7 and newer."""
        if not isinstance(self.web, Iis6):
            raise ValueError(f"{self.name} has no IIS 6.0: no metabase")
        return self.web

    @property
    def iis(self) -> Iis:
        return self.iis7.iis

    @property
    def httpsys(self) -> HttpSys:
        return self.iis7.httpsys

    @property
    def metabase(self) -> Metabase:
        return self.iis6.metabase

    @property
    def write_log(self) -> list[dict[str, Any]]:
        return self.journal.entries

    @property
    def sites(self) -> dict[str, str]:
        """Name to state."""
        return self.web.states()

    def sslcert(self, selector: str) -> dict[str, Any] | None:
        """By ``ipport=0.0.0.0:443`` or the like, ``metabase=W3SVC/1`` on IIS 6.0; the certificate as upper-case hex."""
        return self.web.sslcert(selector)

    def store(self, name: str) -> list[Entry]:
        """What lies in a machine store's own registry key."""
        return self.stores.entries(path(name))

    def digest(self) -> str:
        """Of the whole world but the clock: two are equal when nothing is different."""
        found = hashlib.sha256()
        for part in self._everything():
            found.update(json.dumps(part, default=_plain, ensure_ascii=True).encode() + b"\n")
        return found.hexdigest()

    def _everything(self) -> Iterator[object]:
        for where, name, value in self.registry.dump():
            yield where, name, value.kind, value.data
        yield from self.files.dump()
        yield from self.web.dump()
        yield self.services.dump()
        yield self.schannel.dump()
        for key in self.keys.all():
            yield key.name, key.public, key.provider, key.exportable, key.usable, key.key_spec, key.access

    def _furnish(self) -> None:
        """What is there on a fresh server with IIS."""
        for name, start in SERVICES if self.product.iis >= (7, 0) else SERVICES_6:
            if self.options.iis or name in WITHOUT_IIS:
                self.services.add(name, RUNNING, start)
        if self.options.listen_only:
            self.registry.set(PARAMETERS, "ListenOnlyList", multi_string(*self.options.listen_only))
        self._furnish_version()
        if self.options.iis:
            self._furnish_iis()
        for store in ("MY", "ROOT", "CA", "AuthRoot", "REQUEST", "Disallowed", "TrustedPeople"):
            self.registry.create(path(store))
        if self.product.iis >= (8, 0):  # in every IIS install since Server 2012
            self.registry.create(path("WebHosting"))

    def _furnish_iis(self) -> None:
        major, minor = self.product.iis
        inetstp = r"HKLM\SOFTWARE\Microsoft\InetStp"
        self.registry.set(inetstp, "MajorVersion", dword(major))
        self.registry.set(inetstp, "MinorVersion", dword(minor))
        self.registry.set(inetstp, "VersionString", string(f"Version {major}.{minor}"))

    def _furnish_version(self) -> None:
        """Windows 10 and Server 2016 brought the version in numbers; ``CurrentVersion`` stayed at 6.3 then."""
        key = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
        major, minor, build = self.product.os_version.split(".")
        if int(major) >= 10:
            self.registry.set(key, "CurrentMajorVersionNumber", dword(int(major)))
            self.registry.set(key, "CurrentMinorVersionNumber", dword(int(minor)))
        values = {
            "CurrentVersion": "6.3" if int(major) >= 10 else f"{major}.{minor}",
            "CurrentBuildNumber": build,
            "EditionID": self.product.edition,
            "ProductName": self.product.full_name,
        }
        for name, text in values.items():
            if text:
                self.registry.set(key, name, string(text))


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _refuse(address: str, port: int) -> socket.socket:
    raise ConnectionRefusedError(f"{address}:{port}")


__all__ = ["STARTED", "Credential", "Host"]
