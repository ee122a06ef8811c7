# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Just enough of a host with IIS for the tests of the web steps: answers to reads, and a batch run with faults."""

from __future__ import annotations

import dataclasses
import types
import uuid
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import (
    RegistryValue,
    digest,
    encode_lines,
    encode_registry,
    reg_dword,
    reg_text,
    reg_texts,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import WebServer
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import (
    IIS_APP_ID,
    KEYS,
    Record,
    Selector,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import read

OLD, NEW = "AA" * 20, "BB" * 20
HELP = "usage: add sslcert [ipport=]IP [[disablehttp2=]enable|disable] [[disablelegacytls=]enable|disable]"


def values(record: Record, **extra: RegistryValue) -> dict[str, RegistryValue]:
    """The registry values that http.sys keeps for a record."""
    dwords = {
        "DefaultFlags": record.flags,
        "DefaultSslCertCheckMode": record.check_mode,
        "DefaultSslRevocationFreshnessTime": record.revocation_freshness_time,
        "DefaultSslRevocationUrlRetrievalTimeout": record.url_retrieval_timeout,
    }
    found = {name: RegistryValue("DWord", reg_dword(number)) for name, number in dwords.items()}
    found["SslCertHash"] = RegistryValue("Binary", bytes.fromhex(record.thumbprint))
    found["SslCertStoreName"] = RegistryValue("String", reg_text(record.store))
    found["AppId"] = RegistryValue("Binary", uuid.UUID(record.app_id).bytes_le)
    if record.ctl_store:
        found["DefaultSslCtlStoreName"] = RegistryValue("String", reg_text(record.ctl_store))
    if record.ctl_identifier:
        found["DefaultSslCtlIdentifier"] = RegistryValue("String", reg_text(record.ctl_identifier))
    return found | extra


def iis(thumbprint: str = OLD, **fields: Any) -> Record:
    return Record(thumbprint, **({"app_id": IIS_APP_ID} | fields))


@dataclasses.dataclass
class Host:
    """``sites``: name -> (state, [(protocol, information, flags)]). ``records``: selector -> record."""

    sites: dict[str, tuple[str, list[tuple[str, str, int]]]] = dataclasses.field(default_factory=dict)
    records: dict[str, Record] = dataclasses.field(default_factory=dict)
    can_update: bool = True
    listen_only: tuple[str, ...] = ()
    services: dict[str, tuple[int, int]] = dataclasses.field(default_factory=lambda: {"WAS": (4, 3), "W3SVC": (4, 2)})
    installed: bool = True
    redirected: bool = False
    config: bytes | None = None
    more: str = ""  # XML in system.applicationHost, after the sites
    language: str = "ja-JP"
    console: str = "cp932"  # what programs print in
    journal: dict[str, str] = dataclasses.field(default_factory=dict)
    states: dict[str, str] = dataclasses.field(default_factory=dict)  # what start and stop did
    chains: dict[str, tuple[bytes, ...]] = dataclasses.field(default_factory=dict)  # what is sent for a thumbprint

    def web(self) -> WebServer:
        return self.understood(self.answers())

    def understood(self, answers: list[Answer]) -> WebServer:
        info = types.SimpleNamespace(ui_language=self.language)
        return read.parse(answers, info)  # type: ignore[arg-type]

    def answers(self) -> list[Answer]:
        return [
            *(Answer("ok", self._list(kind)) for kind in KEYS),
            Answer("ok", self._listen()),
            Answer("ok", self._product()),
            Answer("ok", self.config if self.config is not None else self.xml()),
            Answer("ok", self._redirection()),
            program(0, self.states_xml()),
            *(self._state(name) for name in ("WAS", "W3SVC")),
            program(1, b"update sslcert - \x8d\x58" if self.can_update else b"http update \x82\xcd"),
            program(1, HELP.encode()),
            *(_not_done(each) for each in read.operations() if each.before_os),
        ]

    def _list(self, kind: str) -> bytes:
        keys: dict[str, dict[str, RegistryValue]] = {}
        for number, (selector, record) in enumerate(self.records.items()):
            own = Selector.parse(selector)
            if own.kind == kind:
                opaque = kind == "hostnameport"
                name = {"HostnamePort": RegistryValue("String", reg_text(own.name))} if opaque else {}
                keys[f"{number:016x}" if opaque else own.name] = values(record, **name)
        return encode_registry({"": {}, **keys}) if keys else b""

    def _listen(self) -> bytes:
        value = {"ListenOnlyList": RegistryValue("MultiString", reg_texts(self.listen_only))}
        return encode_registry({"": value if self.listen_only else {}})

    def _product(self) -> bytes:
        numbers = {"MajorVersion": 10, "MinorVersion": 0}
        product = {name: RegistryValue("DWord", reg_dword(number)) for name, number in numbers.items()}
        return encode_registry({"": product}) if self.installed else b""

    def _redirection(self) -> bytes:
        enabled = "true" if self.redirected else "false"
        return (
            f'<configuration><configurationRedirection enabled="{enabled}" path="\\\\nas\\c"/></configuration>'.encode()
        )

    def xml(self) -> bytes:
        rows = []
        for number, (name, (_other, bindings)) in enumerate(self.sites.items(), 1):
            rows.append(f'<site name={quoteattr(name)} id="{number}" serverAutoStart="true"><bindings>')
            for protocol, information, flags in bindings:
                own = f'protocol="{protocol}" bindingInformation={quoteattr(information)} sslFlags="{flags}"'
                rows.append(f"<binding {own} />")
            rows.append("</bindings></site>")
        body = f"<system.applicationHost><sites>{''.join(rows)}</sites>{self.more}</system.applicationHost>"
        return f'<?xml version="1.0" encoding="UTF-8"?><configuration>{body}</configuration>'.encode()

    def states_xml(self) -> bytes:
        """Names in the console's code page, whatever the declaration says."""
        rows = []
        for number, (name, (state, bindings)) in enumerate(self.sites.items(), 1):
            listed = quoteattr(",".join(f"{protocol}/{information}" for protocol, information, _flags in bindings))
            own = f'SITE.NAME={quoteattr(name)} SITE.ID="{number}" bindings={listed}'
            rows.append(f'<SITE {own} state="{state.capitalize()}" />')
        text = f'<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>{"".join(rows)}</appcmd>'
        return text.encode(self.console, "replace")

    def _state(self, name: str) -> Answer:
        if name not in self.services:
            return Answer("error", kind="win32", number=1060)
        status, start = self.services[name]
        return Answer("ok", encode_lines([("status", [b"%d" % status]), ("start", [b"%d" % start])]))

    # A batch

    def execute(self, operation: Operation, fault: str = "") -> Answer:
        """``fault``: refuse (not done), silent (not done, says ok), cut (done, says it ran out of time)."""
        if fault == "refuse":
            return Answer("error", kind="exit", number=1)
        answer = Answer("ok") if fault == "silent" else getattr(self, "_" + operation.name.replace(".", "_"))(operation)
        if fault == "cut" and answer.ok:
            return Answer("error", kind="timeout")
        if operation.expect and digest(answer.payload) != operation.expect:
            return Answer("error", kind="expect")
        return answer

    def batch(self, operations: Sequence[Operation], fault: tuple[int, str] = (-1, "")) -> list[Answer]:
        """A write batch: stops at what is not ok, then takes back what was, newest first."""
        answers: list[Answer] = []
        for index, operation in enumerate(operations):
            answer = self.execute(operation, fault[1] if fault[0] == index else "")
            answers.append(answer)
            if not answer.ok:
                self.undo(operations[:index])
                break
        return answers

    def undo(self, done: Sequence[Operation]) -> None:
        for operation in reversed(done):
            for each in operation.undo:
                if not self.execute(each).ok:
                    break

    def _reg_read(self, operation: Operation) -> Answer:
        given = dict(operation.arguments)
        kind = next(kind for kind, key in KEYS.items() if key == given["key"])
        record = self.records.get(f"{kind}={given['match_data']}")
        if record is None:
            return Answer("ok", b"")
        name = {"HostnamePort": RegistryValue("String", reg_text(Selector.parse(f"{kind}={given['match_data']}").name))}
        found = values(record, **name if kind == "hostnameport" else {})
        if "value" in given:
            found = {name: value for name, value in found.items() if name == given["value"]}
        return Answer("ok", encode_registry({"": found}))

    def _reg_write(self, operation: Operation) -> Answer:
        given = dict(operation.arguments)
        self.journal[str(given["name"])] = bytes(given["data"]).decode()  # type: ignore[arg-type]
        return Answer("ok")

    def _reg_delete(self, operation: Operation) -> Answer:
        self.journal.pop(str(dict(operation.arguments)["name"]), None)
        return Answer("ok")

    def _key_prove(self, _operation: Operation) -> Answer:
        return Answer("ok")

    def _service(self, operation: Operation) -> Answer:
        given = dict(operation.arguments)
        self.services[str(given["name"])] = (4 if given["action"] == "start" else 1, 2)
        return Answer("ok")

    def _tcp_exchange(self, operation: Operation) -> Answer:
        """The chain of the record that http.sys takes: the SNI one for a name, else that of the address."""
        given = dict(operation.arguments)
        port, hello = given["port"], bytes(given["data"])  # type: ignore[arg-type]
        names = [each for each in self.records if each.startswith("hostnameport=")]
        chosen = [each for each in names if each[13:].rpartition(":")[0].encode() in hello]
        record = self.records.get((chosen or [f"ipport=0.0.0.0:{port}"])[0])
        if record is None:
            return Answer("ok", b"")
        return Answer("ok", flight(self.chains[record.thumbprint]))

    def _run(self, operation: Operation) -> Answer:
        words = [str(value) for name, value in operation.arguments if name == "argument"]
        accepted = [int(value) for name, value in operation.arguments if name == "ok_exit"]
        code = self._netsh(words) if words[0] == "http" else self._appcmd(words)
        return program(code, b"", accepted)

    def _appcmd(self, words: list[str]) -> int:
        self.states[words[2]] = words[0] if words[0] != "set" else words[3]
        return 0

    def _netsh(self, words: list[str]) -> int:
        verb, selector = words[1], words[3]
        if (selector in self.records) == (verb == "add"):
            return 1
        if verb == "delete":
            del self.records[selector]
        else:
            self.records[selector] = record_of(words[4:])
        return 0


def _not_done(operation: Operation) -> Answer:
    """What is only for a Windows before this one: Windows Server 2022 and others say 10."""
    assert operation.before_os <= 10
    return Answer("error", kind="os", number=10, text="not done on this Windows")


def record_of(arguments: list[str]) -> Record:
    """The record that http.sys makes of netsh's arguments: an independent reading of them."""
    given = dict(argument.split("=", 1) for argument in arguments)
    on = {name for name, value in given.items() if value == "enable"}
    freshness = int(given.get("revocationfreshnesstime", 0))
    mode = 0 if "verifyclientcertrevocation" in on else 1
    mode |= 2 if "verifyrevocationwithcachedclientcertonly" in on else 0
    mode |= (4 if freshness else 0) | (0 if "usagecheck" in on else 0x10000)
    flags = {"dsmapperusage": 1, "clientcertnegotiation": 2, "disablehttp2": 0x10, "disablelegacytls": 0x400}
    return Record(
        given["certhash"].upper(),
        given["certstorename"],
        given["appid"],
        sum(bit for name, bit in flags.items() if name in on),
        mode,
        freshness,
        int(given.get("urlretrievaltimeout", 0)),
        given.get("sslctlidentifier", ""),
        given.get("sslctlstorename", ""),
    )


def flight(chain: Sequence[bytes]) -> bytes:
    """A TLS 1.2 server's first flight (RFC 5246, section 7.4)."""
    entries = b"".join(len(der).to_bytes(3, "big") + der for der in chain)
    hello = bytes.fromhex("0303") + bytes(32) + bytes.fromhex("00c03000")
    messages = ((2, hello), (11, len(entries).to_bytes(3, "big") + entries), (14, b""))
    body = b"".join(bytes([kind]) + len(each).to_bytes(3, "big") + each for kind, each in messages)
    return b"\x16\x03\x03" + len(body).to_bytes(2, "big") + body


def program(code: int, stdout: bytes = b"", accepted: Sequence[int] = (0,)) -> Answer:
    payload = encode_lines([("exit", [b"%d" % code]), ("stdout", [stdout]), ("stderr", [b""])])
    if code in accepted:
        return Answer("ok", payload)
    return Answer("error", payload, kind="exit", number=code)
