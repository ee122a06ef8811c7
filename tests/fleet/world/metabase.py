# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metabase of IIS 6.0: a tree of nodes with properties, alive in memory, and copied to MetaBase.xml now and then.

A property that the schema lets inherit is had from the nearest node above where it is set (IIS 6.0 SDK, ms524543).
The live copy reaches the disk when SaveData asks for it, or 60 seconds after a change (ms525213).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping

from . import metabase_file
from .clock import Clock
from .errors import PATH_NOT_FOUND, hresult
from .files import Files
from .journal import Journal
from .options import Options

FILE = r"%SystemRoot%\System32\inetsrv\MetaBase.xml"
Data = str | tuple[str, ...] | int | bool | bytes


@dataclasses.dataclass(frozen=True)
class Property:
    """What the schema says: MBSchema.xml's type, and the attributes INHERIT and VOLATILE."""

    name: str
    kind: str
    inherits: bool = False
    volatile: bool = False
    default: Data | None = None


# Attributes by the IIS 6.0 SDK's page of each: SSLCertHash ms525719, SSLStoreName ms525311, SecureBindings ms524481,
# ServerAutoStart ms525858, ServerState ms524905, SslCtlStoreName cc778242.
_PROPERTIES = (
    Property("ServerComment", "text"),
    Property("ServerBindings", "texts"),
    Property("SecureBindings", "texts"),
    Property("ServerAutoStart", "flag", default=True),
    Property("ServerState", "number", volatile=True, default=4),
    Property("SSLCertHash", "binary", inherits=True),
    Property("SSLStoreName", "text", inherits=True),
    Property("SslCtlIdentifier", "text"),
    Property("SslCtlStoreName", "text"),
    Property("Path", "text", inherits=True),
)
SCHEMA = {each.name.lower(): each for each in _PROPERTIES}


@dataclasses.dataclass
class Node:
    """``kind`` is the schema class (KeyType); ``values`` by the property's name as the schema writes it."""

    name: str
    kind: str
    values: dict[str, Data] = dataclasses.field(default_factory=dict)
    nodes: dict[str, Node] = dataclasses.field(default_factory=dict)

    def walk(self, path: str = "") -> Iterator[tuple[str, Node]]:
        yield path, self
        for node in list(self.nodes.values()):
            yield from node.walk(f"{path}/{node.name}".lstrip("/"))


class Metabase:
    """Paths are below ``/LM``: ``W3SVC/1``; empty for the computer itself. ``committed`` hears of each change."""

    def __init__(self, files: Files, clock: Clock, options: Options, journal: Journal) -> None:
        self._files = files
        self._clock = clock
        self._options = options
        self._journal = journal
        self._root = Node("LM", "IIsComputer")
        self._changed_at: float | None = None
        self._inheriting = {name.lower() for name in options.metabase_inherits}
        self.committed: Callable[[str, list[str]], None] = lambda _path, _names: None
        files.following.add(self.path.lower())

    @property
    def path(self) -> str:
        return self._files.expand(FILE)

    def add(self, path: str, kind: str, values: Mapping[str, Data]) -> None:
        """For a scenario: the node, made where there is none."""
        _place(self._root, path, kind, values)

    def node(self, path: str) -> Node:
        """Names compare without case. Raises ERROR_PATH_NOT_FOUND as HRESULT."""
        found = _find(self._root, path)
        if found is None:
            raise hresult(PATH_NOT_FOUND)
        return found

    def written(self, path: str) -> str:
        """The path as the nodes' names are written."""
        parts = path.split("/") if path else []
        return "/".join(self.node("/".join(parts[: at + 1])).name for at in range(len(parts)))

    def get(self, path: str, name: str) -> tuple[Data, str] | None:
        """The value, and the path of the node that it is set at; None where neither is one set nor a default."""
        schema = SCHEMA[name.lower()]
        places = [path]
        while (schema.inherits or name.lower() in self._inheriting) and places[-1]:
            places.append(places[-1].rpartition("/")[0])
        for place in places:
            if schema.name in self.node(place).values:
                return self.node(place).values[schema.name], place
        server = self.node(path).kind.endswith("Server")
        return (schema.default, path) if server and schema.default is not None else None

    def commit(self, path: str, changes: Mapping[str, Data | None]) -> None:
        """All of a SetInfo together; None takes a value away. The live copy has it at once, the disk later."""
        self.flush()
        node = self.node(path)
        for name, value in changes.items():
            if value is None:
                node.values.pop(name, None)
            else:
                node.values[name] = value
            self._journal.wrote("metabase", "clear" if value is None else "set", path, name)
        self._changed_at = self._changed_at or self._clock.monotonic()
        self.committed(path, list(changes))

    def keep(self, path: str, name: str, value: Data) -> None:
        """What IIS itself notes (ServerState, ServerAutoStart): nobody hears of it."""
        self.flush()
        self.node(path).values[name] = value
        if not SCHEMA[name.lower()].volatile:
            self._changed_at = self._changed_at or self._clock.monotonic()

    def flush(self) -> None:
        """What the service has written to the disk by itself until now."""
        changed, wait = self._changed_at, self._options.metabase_saves_after
        if changed is not None and self._clock.monotonic() - changed >= wait:
            self.save()

    def save(self) -> None:
        """Everything but what is volatile. It follows the live copy: no change of the world by itself."""
        self._files.put(self.path, metabase_file.encode(self._lasting()))
        self._changed_at = None

    def load(self) -> None:
        """The service starts again: what is on the disk is the truth."""
        root = Node("LM", "IIsComputer")
        for path, kind, texts in metabase_file.decode(self._files.read(self.path)):
            _place(root, path, kind, {name: _read(name, text) for name, text in texts.items()})
        self._root = root  # at once: a handshake may look meanwhile
        self._changed_at = None

    def walk(self) -> Iterator[tuple[str, Node]]:
        return self._root.walk()

    def _lasting(self) -> Iterator[tuple[str, str, dict[str, Data]]]:
        for path, node in self.walk():
            values = {name: data for name, data in sorted(node.values.items()) if not SCHEMA[name.lower()].volatile}
            yield path, node.kind, values


def _find(root: Node, path: str) -> Node | None:
    found: Node | None = root
    for part in path.split("/") if path else []:
        found = found.nodes.get(part.lower()) if found else None
    return found


def _place(root: Node, path: str, kind: str, values: Mapping[str, Data]) -> None:
    above, _other, name = path.rpartition("/")
    parent = _find(root, above)
    if parent is None:
        raise ValueError(f"the metabase has no node {above}")
    node = parent.nodes.setdefault(name.lower(), Node(name, kind)) if path else root
    node.values.update(values)


def _read(name: str, text: str) -> Data:
    match SCHEMA[name.lower()].kind:
        case "texts":
            return tuple(text.split())
        case "number":
            return int(text)
        case "flag":
            return text == "TRUE"
        case "binary":
            return bytes.fromhex(text)
    return text
