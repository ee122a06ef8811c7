# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Just enough of a host with IIS 6.0: a metabase with inheritance, live and on disk, and a batch run with faults."""

from __future__ import annotations

import copy
import dataclasses
import types
from collections.abc import Sequence
from typing import Any

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import (
    RegistryValue,
    digest,
    encode_lines,
    encode_registry,
    reg_dword,
    reg_texts,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import WebServer
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import read

OLD, NEW, OTHER = "AA" * 20, "BB" * 20, "CC" * 20
SITE = "W3SVC/1"
SELECTOR = f"metabase={SITE}"
BUSY = 0x80070094 - (1 << 32)

Node = dict[str, tuple[str, bytes]]
_NOT_INHERITED = ("ServerComment", "ServerState", "ServerAutoStart", "ServerBindings")


def site(
    name: str = "Shop",
    secure: Sequence[str] = (":443:",),
    certificate: str = OLD,
    *,
    state: int = 2,
    plain: Sequence[str] = (),
    store: str = "MY",
) -> Node:
    """A site's own properties; an empty one is not set."""
    found: Node = {"ServerState": ("number", b"%d" % state), "ServerAutoStart": ("flag", b"1")}
    if name:
        found["ServerComment"] = ("text", name.encode())
    for key, values in (("ServerBindings", plain), ("SecureBindings", secure)):
        if values:
            found[key] = ("texts", "\0".join(values).encode())
    if certificate:
        found["SSLCertHash"] = ("binary", bytes.fromhex(certificate))
    if store:
        found["SSLStoreName"] = ("text", store.encode())
    return found


@dataclasses.dataclass
class Host:
    """``nodes``: path -> properties set there. ``disk`` is what a crash would leave."""

    nodes: dict[str, Node] = dataclasses.field(default_factory=lambda: {"W3SVC": {}, SITE: site()})
    services: dict[str, tuple[int, int]] = dataclasses.field(
        default_factory=lambda: {"IISADMIN": (4, 2), "HTTPFilter": (4, 3), "W3SVC": (4, 2)}
    )
    listen_only: tuple[str, ...] = ()
    journal: dict[str, str] = dataclasses.field(default_factory=dict)
    chain: int | None = 32
    version: tuple[int, int] = (6, 0)
    forms: tuple[str, ...] = ("units", "bytes", "elements", "hex")  # those that the host takes
    did: list[str] = dataclasses.field(default_factory=list)  # Start, Stop and SaveData

    def __post_init__(self) -> None:
        self.nodes = copy.deepcopy(self.nodes)  # what a test gives stays as it was
        self.disk = copy.deepcopy(self.nodes)

    def crash(self) -> None:
        self.nodes = copy.deepcopy(self.disk)

    # Round 1

    def web(self) -> WebServer:
        return self.understood(self.answers())

    def understood(self, answers: Sequence[Answer]) -> WebServer:
        return read.parse(answers, types.SimpleNamespace(ui_language="ja-JP"))  # type: ignore[arg-type]

    def answers(self) -> list[Answer]:
        return [self.execute(each) for each in read.operations()]

    # A batch, as in ``iis_host``

    def execute(self, operation: Operation, fault: str = "") -> Answer:
        """``fault``: refuse (not done), silent (not done, says ok), cut (done, says it ran out of time)."""
        if fault == "refuse":
            return Answer("error", kind="hresult", number=-2147467259)
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
            answers.append(self.execute(operation, fault[1] if fault[0] == index else ""))
            if not answers[-1].ok:
                self.undo(operations[:index])
                break
        return answers

    def undo(self, done: Sequence[Operation]) -> None:
        for operation in reversed(done):
            for each in operation.undo:
                if not self.execute(each).ok:
                    break

    # Operations

    def _adsi_read(self, operation: Operation) -> Answer:
        path = str(dict(operation.arguments)["path"])
        if path not in self.nodes:
            return Answer("error", kind="hresult", number=0x80070003 - (1 << 32))
        names = [str(value) for name, value in operation.arguments if name == "name"]
        below = sorted(each for each in self.nodes if each.startswith(f"{path}/"))
        content: list[Any] = []
        for each in (path, *(below if "children" in dict(operation.arguments) else ())):
            content.append(("node", [each.encode()]))
            for name in names:
                found = self.value(each, name)
                if found and found[1]:
                    row = (each.encode(), name.encode(), found[0].encode(), found[1], b"%d" % found[2])
                    content.append(("value", row))
        return Answer("ok", encode_lines(content))

    def value(self, path: str, name: str) -> tuple[str, bytes, bool] | None:
        """Kind, data, and whether it is inherited."""
        inherited = False
        while path:
            own = self.nodes.get(path, {})
            if name in own and not (inherited and name in _NOT_INHERITED):
                return (*own[name], inherited)
            path, inherited = path.rpartition("/")[0], True
        return None

    def _adsi_write(self, operation: Operation) -> Answer:
        given: dict[str, list[Any]] = {}
        for name, value in operation.arguments:
            given.setdefault(name, []).append(value)
        node = self.nodes[given["path"][0]]
        if "binary" in given["kind"] and not set(given.get("form", ())) & set(self.forms):
            return Answer("error", kind="hresult", number=0x8007000D - (1 << 32))
        for name, kind, data in zip(given["name"], given["kind"], given["data"], strict=True):
            node.pop(name, None)
            if kind != "clear":
                node[name] = (kind, data if isinstance(data, bytes) else data.encode())
        return Answer("ok")

    def _adsi_invoke(self, operation: Operation) -> Answer:
        given = dict(operation.arguments)
        path, method = str(given["path"]), str(given["method"])
        self.did.append(f"{path} {method}".strip())
        if method == "SaveData":
            assert (path, given["retry"]) == ("", str(BUSY))
            self.disk = copy.deepcopy(self.nodes)
        else:
            self.nodes[path]["ServerState"] = ("number", b"2" if method == "Start" else b"4")
            self.nodes[path]["ServerAutoStart"] = ("flag", b"1" if method == "Start" else b"0")
        return Answer("ok")

    def _chain_status(self, _operation: Operation) -> Answer:
        if self.chain is None:
            return Answer("error", kind="hresult", number=-2147467259)
        return Answer("ok", encode_lines([("status", [b"%d" % self.chain])]))

    def _service(self, operation: Operation) -> Answer:
        given = dict(operation.arguments)
        name = str(given["name"])
        if name not in self.services:
            return Answer("error", kind="win32", number=1060)
        if given["action"] != "query":
            self.services[name] = (4 if given["action"] == "start" else 1, self.services[name][1])
        status, start = self.services[name]
        return Answer("ok", encode_lines([("status", [b"%d" % status]), ("start", [b"%d" % start])]))

    def _reg_read(self, operation: Operation) -> Answer:
        given = dict(operation.arguments)
        values: dict[str, RegistryValue] = {}
        if str(given["key"]).endswith("InetStp"):
            numbers = zip(("MajorVersion", "MinorVersion"), self.version, strict=True)
            values = {name: RegistryValue("DWord", reg_dword(number)) for name, number in numbers}
        elif given.get("value") == "ListenOnlyList" and self.listen_only:
            values = {"ListenOnlyList": RegistryValue("MultiString", reg_texts(self.listen_only))}
        return Answer("ok", encode_registry({"": values}))

    def _reg_write(self, operation: Operation) -> Answer:
        given = dict(operation.arguments)
        self.journal[str(given["name"])] = bytes(given["data"]).decode()  # type: ignore[arg-type]
        return Answer("ok")

    def _reg_delete(self, operation: Operation) -> Answer:
        self.journal.pop(str(dict(operation.arguments)["name"]), None)
        return Answer("ok")

    def _file_read(self, _operation: Operation) -> Answer:
        return Answer("error", kind="hresult", number=0x80070003 - (1 << 32))

    def _run(self, _operation: Operation) -> Answer:
        return Answer("error", kind="win32", number=2)
