# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One Windows host: everything it is made of, and what the fleet and the tests may ask of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from ..batch import run_batch
from .blob import thumbprint
from .clock import Clock
from .files import Files
from .httpsys import HttpSys, Record, socket_name
from .iis import CONFIG, REDIRECTION, REDIRECTION_TEMPLATE, STARTED, TEMPLATE, Iis
from .journal import Journal
from .keys import Keys
from .language import Language
from .options import EDITION, PRODUCTS, Options
from .registry import Registry, dword, string
from .schannel import Credential, Schannel
from .services import AUTOMATIC, MANUAL, RUNNING, Services
from .stores import Entry, Stores, path
from .updates import Updates


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
        self.clock = Clock(clock_offset)
        self.language = Language(language, self.options.code_page)
        self.journal = Journal()
        self.mutex = threading.Lock()  # Global\tlsops.windows: batches of one host run one at a time
        self.connect: Callable[[str, int], socket.socket] = _refuse
        self.changed: Callable[[], None] = lambda: None
        self.failing_tries: dict[str, int] = {}  # thumbprint -> netsh calls that still fail with 87
        with self.journal.silence():
            self.registry = Registry(self.journal)
            self.files = Files(self.journal)
            self.services = Services(self.registry, self.journal)
            self.keys = Keys(self.journal)
            self.stores = Stores(self.registry, self.options)
            self.schannel = Schannel(self.stores, self.options)
            self.httpsys = HttpSys(self.registry, self.options)
            self.iis = Iis(self.files, self.services, self.journal, self.options.shared_configuration)
            self.updates = Updates(self.registry, self.stores, self.journal, self.options)
            self._furnish()

    # What the fleet calls

    def execute(self, lines: list[str]) -> str:
        """The text that the script prints for a request, marks included. One batch at a time."""
        return run_batch(self, lines)

    def listening(self) -> set[tuple[str, int]]:
        """Where http.sys accepts TLS: https bindings of started sites, and any address that has a record of its own.

        A binding to ``*`` listens on IPv6 where ``[::]`` has a record. With a listen list: on its addresses only.
        """
        found: set[tuple[str, int]] = set()
        recorded = self.httpsys.addresses()
        for address, port in self._https():
            found.add((socket_name(address), port))
            if address in ("*", "0.0.0.0"):
                found |= {(socket_name(each), port) for each, own in recorded if own == port}
        return self._allowed(found) if self.httpsys.listen_list() else found

    def endpoint(self, address: str, port: int) -> tuple[str, int] | None:
        """The member of ``listening()`` that takes a connection to a literal address of this host."""
        listening, name = self.listening(), socket_name(address)
        if (name, port) in listening:
            return name, port
        any_address = "::" if ":" in name else "0.0.0.0"
        known = {"127.0.0.1", "::1", *(socket_name(each) for each in self.addresses)}
        return (any_address, port) if (any_address, port) in listening and name in known else None

    def credential(self, ip: str, port: int, server_name: str | None) -> Credential | None:
        """What a handshake gets; None: it is refused by closing (no record, key gone, a central store's file)."""
        record = self.httpsys.answering(ip, port, server_name)
        chain = self.schannel.bound(record.selector) if record else None
        if record is None or chain is None:
            return None
        entry = self.stores.find(record.store or "MY", thumbprint(chain[0]))
        container = self.keys.find(entry.link) if entry else None
        return Credential(chain, container.key) if container else None

    # What programs call

    def bind(self, record: Record) -> None:
        """Writes an http.sys record; Schannel then builds its chain."""
        self.httpsys.write(record)
        entry = self.stores.find(record.store or "MY", record.certificate.hex())
        if entry:
            self.schannel.bind(record.selector, entry.der, self.clock.now())
        self.changed()

    def unbind(self, kind: str, name: str) -> bool:
        record = self.httpsys.find(kind, name)
        if record is None:
            return False
        self.httpsys.delete(kind, name)
        self.schannel.release(record.selector)
        self.changed()
        return True

    def restart(self) -> None:
        """The server restarts: Schannel forgets, every record is bound anew."""
        self.schannel.forget()
        with self.journal.silence():
            for record in self.httpsys.records():
                self.bind(record)

    # What tests read

    @property
    def write_log(self) -> list[dict[str, Any]]:
        return self.journal.entries

    @property
    def sites(self) -> dict[str, str]:
        """Name to state."""
        return {site.name: self.iis.state(site) for site in self.iis.sites()}

    def sslcert(self, selector: str) -> dict[str, Any] | None:
        """A record by ``ipport=0.0.0.0:443`` or the like; the certificate as upper-case hex."""
        kind, _other, name = selector.partition("=")
        record = self.httpsys.find(kind, name)
        if record is None:
            return None
        return {**dataclasses.asdict(record), "certificate": record.certificate.hex().upper()}

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
        yield self.iis.dump()
        yield self.services.dump()
        yield self.schannel.dump()
        for key in self.keys.all():
            yield key.name, key.public, key.provider, key.exportable, key.usable, key.key_spec, key.access

    def _furnish(self) -> None:
        """What is there on a fresh server with IIS."""
        for name, start in (("HTTP", MANUAL), ("WAS", MANUAL), ("W3SVC", AUTOMATIC), ("WinRM", AUTOMATIC)):
            self.services.add(name, RUNNING, start)
        self._furnish_version()
        major, minor = self.product.iis
        inetstp = r"HKLM\SOFTWARE\Microsoft\InetStp"
        self.registry.set(inetstp, "MajorVersion", dword(major))
        self.registry.set(inetstp, "MinorVersion", dword(minor))
        self.registry.set(inetstp, "VersionString", string(f"Version {major}.{minor}"))
        for store in ("MY", "ROOT", "CA", "AuthRoot", "REQUEST", "Disallowed", "TrustedPeople"):
            self.registry.create(path(store))
        if self.product.iis >= (8, 0):  # in every IIS install since Server 2012
            self.registry.create(path("WebHosting"))
        redirection = REDIRECTION_TEMPLATE.format(self.options.shared_configuration)
        self.files.put(self.files.expand(REDIRECTION), redirection.replace("\n", "\r\n").encode())
        # The server's own stays behind when it is shared.
        for config in dict.fromkeys((self.files.expand(CONFIG), self.iis.path)):
            self.files.put(config, TEMPLATE.replace("\n", "\r\n").encode())

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
            "EditionID": EDITION,
            "ProductName": f"Windows Server {self.product.name}",
        }
        for name, text in values.items():
            self.registry.set(key, name, string(text))

    def _https(self) -> list[tuple[str, int]]:
        bindings = [binding for site in self.iis.started() for binding in site.bindings]
        return [binding.parts[:2] for binding in bindings if binding.protocol == "https"]

    def _allowed(self, found: set[tuple[str, int]]) -> set[tuple[str, int]]:
        """With a listen list an any-address listener is one on each listed address."""
        listed = {socket_name(address) for address in self.httpsys.listen_list()}
        allowed = {(address, port) for address, port in found if address in listed}
        for address, port in found:
            if address in ("0.0.0.0", "::") and address not in listed:
                same = {each for each in listed if (":" in each) == (":" in address)}
                allowed |= {(each, port) for each in same}
        return allowed


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def _refuse(address: str, port: int) -> socket.socket:
    raise ConnectionRefusedError(f"{address}:{port}")


__all__ = ["STARTED", "Credential", "Host"]
