# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IIS 7 and newer as one web server: sites of applicationHost.config over http.sys records."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from . import named
from .adsi import AdsiObject
from .blob import thumbprint
from .errors import MK_E_SYNTAX, PATH_NOT_FOUND, hresult
from .httpsys import IIS_APP_ID, HttpSys, Record, allowed, socket_name
from .iis import CONFIG, REDIRECTION, REDIRECTION_TEMPLATE, STARTED, STOPPED, TEMPLATE, Binding, Iis, Site
from .registry import dword
from .schannel import Credential

if TYPE_CHECKING:
    from .host import Host

STATES = {"started": STARTED, "stopped": STOPPED}


class Iis7:
    def __init__(self, host: Host) -> None:
        self._host = host
        self.httpsys = HttpSys(host.registry, host.options)
        self.iis = Iis(host.files, host.services, host.journal, host.options.shared_configuration)
        self._furnish()

    # What the fleet asks

    def listening(self) -> set[tuple[str, int]]:
        """Https bindings of started sites, and any address that has a record of its own.

        A binding to ``*`` listens on IPv6 where ``[::]`` has a record. With a listen list: on its addresses only.
        """
        found: set[tuple[str, int]] = set()
        recorded = self.httpsys.addresses()
        for address, port in self._https():
            found.add((socket_name(address), port))
            if address in ("*", "0.0.0.0"):
                found |= {(socket_name(each), port) for each, own in recorded if own == port}
        return allowed(self._host.registry, found)

    def credential(self, ip: str, port: int, server_name: str | None) -> Credential | None:
        """None: no record, key gone, or a central store's file."""
        record = self.httpsys.answering(ip, port, server_name)
        chain = self._host.schannel.bound(record.selector) if record else None
        if record is None or chain is None:
            return None
        entry = self._host.stores.find(record.store or "MY", thumbprint(chain[0]))
        container = self._host.keys.find(entry.link) if entry else None
        return Credential(chain, container.key) if container else None

    def states(self) -> dict[str, str]:
        return {site.name: self.iis.state(site) for site in self.iis.sites()}

    def sslcert(self, selector: str) -> dict[str, Any] | None:
        """A record by ``ipport=0.0.0.0:443`` or the like."""
        kind, _other, name = selector.partition("=")
        record = self.httpsys.find(kind, name)
        if record is None:
            return None
        return {**dataclasses.asdict(record), "certificate": record.certificate.hex().upper()}

    def pools(self) -> Sequence[str]:
        return self.iis.pools()

    def restart(self, *, crash: bool) -> None:
        """Every record is bound anew; how the server went down makes no difference."""
        del crash
        with self._host.journal.silence():
            for record in self.httpsys.records():
                self.bind(record)

    def dump(self) -> Iterator[object]:
        yield self.iis.dump()

    def adsi(self, path: str) -> AdsiObject:
        """There is no provider ``IIS://`` unless IIS 6 compatibility is installed; what it then shows is left out."""
        return self._no_metabase(path)

    def _no_metabase(self, _path: str) -> NoReturn:
        if not self._host.options.iis6_compatibility:
            raise hresult(MK_E_SYNTAX, text=self._host.language.windows(MK_E_SYNTAX))
        named.open_metabase(self._host)
        raise hresult(PATH_NOT_FOUND, text=self._host.language.windows(PATH_NOT_FOUND))

    # What programs call

    def bind(self, record: Record) -> None:
        """Writes an http.sys record; Schannel then builds its chain."""
        self.httpsys.write(record)
        entry = self._host.stores.find(record.store or "MY", record.certificate.hex())
        if entry:
            self._host.schannel.bind(record.selector, entry.der, self._host.clock.now())
        self._host.changed()

    def unbind(self, kind: str, name: str) -> bool:
        record = self.httpsys.find(kind, name)
        if record is None:
            return False
        self.httpsys.delete(kind, name)
        self._host.schannel.release(record.selector)
        self._host.changed()
        return True

    # For a scenario

    def add_site(self, number: int, entry: dict[str, Any], certificates: dict[str, tuple[str, str]]) -> None:
        """With the record that each binding's certificate needs, unless there is one."""
        bindings = []
        for each in entry.get("bindings", []):
            binding = Binding(each.get("protocol", "https"), each["information"], each.get("ssl_flags", 0))
            bindings.append(binding)
            kind, name = binding.record
            if each.get("certificate") and self.httpsys.find(kind, name) is None:
                record = {kind: name, "certificate": each["certificate"], **each.get("record", {})}
                self.add_record(record, certificates)
        identifier = entry.get("id", number)
        self.iis.add_site(Site(entry["name"], identifier, tuple(bindings)), STATES[entry.get("state", "started")])
        if not entry.get("loaded", True):
            self.iis.unloaded.add(identifier)

    def add_record(self, entry: dict[str, Any], certificates: dict[str, tuple[str, str]]) -> None:
        kind = next(each for each in ("ipport", "hostnameport", "ccs") if each in entry)
        name = str(entry[kind])
        values = {key: value for key, value in entry.items() if key not in (kind, "certificate", "more", "app_id")}
        if entry.get("certificate"):
            store, wanted = certificates[entry["certificate"]]
            values.setdefault("store", store)
            values["certificate"] = bytes.fromhex(wanted)
        more = tuple((key, dword(number)) for key, number in entry.get("more", {}).items())
        self.bind(Record(kind, name, entry.get("app_id", IIS_APP_ID), more=more, **values))

    def _furnish(self) -> None:
        """The server's own configuration stays behind when it is shared."""
        files = self._host.files
        if not self._host.options.iis:
            return
        redirection = REDIRECTION_TEMPLATE.format(self._host.options.shared_configuration)
        files.put(files.expand(REDIRECTION), redirection.replace("\n", "\r\n").encode())
        for config in dict.fromkeys((files.expand(CONFIG), self.iis.path)):
            files.put(config, TEMPLATE.replace("\n", "\r\n").encode())

    def _https(self) -> list[tuple[str, int]]:
        bindings = [binding for site in self.iis.started() for binding in site.bindings]
        return [binding.parts[:2] for binding in bindings if binding.protocol == "https"]
