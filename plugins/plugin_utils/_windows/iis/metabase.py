# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metabase of IIS 6.0 as ADSI tells it: names of its properties, and what an answer about a node holds.

What no source settles stands here and nowhere else, marked (unproven), so that it is corrected in one place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..._batch.operation import Operation
from ..._batch.operations import adsi_invoke, adsi_read
from ..._batch.payload import Fields, digest, encode_lines, lines, number, text
from ..._errors import TlsOpsError
from ..._model.web import SiteState

# IIS 6.0 SDK, IIsWebServer, and its pages of these properties.
SERVICE, SITE_CLASS = "W3SVC", "IIsWebServer"
CERTIFICATE, STORE = "SSLCertHash", "SSLStoreName"
SECURE_BINDINGS, BINDINGS = "SecureBindings", "ServerBindings"
NAME, STATE, AUTO_START = "ServerComment", "ServerState", "ServerAutoStart"
SITE_PROPERTIES = (NAME, STATE, AUTO_START, BINDINGS, SECURE_BINDINGS, CERTIFICATE, STORE)
DEFAULT_STORE = "MY"  # (unproven) for a site that has a certificate and no SSLStoreName

# IIS 6.0 SDK, ServerState. A site that is paused, or on its way there or back, is none of those that a step knows.
STATES: dict[int, SiteState] = {1: "starting", 2: "started", 3: "stopping", 4: "stopped"}

# (unproven) In which form ADSI takes the bytes of a certificate's hash, the most likely one first: a public script
# assigns a string of 16-bit units, another an array that holds one array of bytes, the SDK names one element a byte.
BINARY_FORMS = ("units", "bytes", "elements", "hex")

# IIS 6.0 SDK, IIsComputer: SaveData fails with ERROR_PATH_BUSY while the metabase is being saved already. That it gives
# this number through ADSI, and how long a save takes, is (unproven).
_BUSY, _BUSY_SECONDS = 0x80070094 - (1 << 32), 20

# winerror.h, ERROR_SERVICE_CANNOT_ACCEPT_CTRL: what a service says while it is on its way from one state to another.
# That a site does too, and that ADSI gives it so, is (unproven), as is whether Stop comes back before it has stopped.
_ON_ITS_WAY, _WAY_SECONDS = 0x80070425 - (1 << 32), 20

_KINDS = frozenset(("text", "texts", "number", "flag", "binary"))


@dataclasses.dataclass(frozen=True)
class Value:
    """A property's value: ``kind`` and ``data`` as they travel; ``inherited`` where it is set on a node above."""

    kind: str
    data: bytes
    inherited: bool = False

    @property
    def text(self) -> str:
        """Raises TlsOpsError for another kind, as the others do."""
        self._require("text")
        return text(self.data)

    @property
    def texts(self) -> tuple[str, ...]:
        """A list of one string may come as that string."""
        self._require("texts", "text")
        return tuple(each for each in text(self.data).split("\0") if each)

    @property
    def number(self) -> int:
        self._require("number")
        return number(self.data)

    @property
    def flag(self) -> bool:
        self._require("flag")
        return self.data == b"1"

    @property
    def binary(self) -> bytes:
        self._require("binary")
        return self.data

    def _require(self, *kinds: str) -> None:
        if self.kind not in kinds:
            raise TlsOpsError(f"a value of the metabase is {self.kind} where {' or '.join(kinds)} is expected.")


Values = Mapping[str, Value]
Nodes = dict[str, dict[str, Value]]


def nodes(payload: bytes) -> Nodes:
    """Nodes by their path (``W3SVC/1``), each with those of the properties asked for that it has.

    Raises TlsOpsError where the answer is not as ``adsi_read`` describes it.
    """
    found: Nodes = {}
    for keyword, fields in lines(payload):
        if keyword == "node" and len(fields) == 1:
            found[text(fields[0])] = {}
        elif keyword == "value" and len(fields) == 5:
            path, name, value = _value(fields)
            if path not in found:
                raise TlsOpsError(f"the answer about the metabase holds a value of {path[:60]!r}, which is no node.")
            found[path][name] = value
        else:
            raise TlsOpsError(f"the answer about the metabase holds a line {keyword!r} with {len(fields)} fields.")
    return found


def _value(fields: Fields) -> tuple[str, str, Value]:
    path, name, kind = map(text, fields[:3])
    if kind not in _KINDS or fields[4] not in (b"0", b"1"):
        raise TlsOpsError(f"the answer about the metabase holds a value of kind {kind[:40]!r}, which is not known.")
    return path, name, Value(kind, fields[3], fields[4] == b"1")


def encode(path: str, values: Values) -> bytes:
    """The payload of ``adsi_read`` for a node that has these values, in their order."""
    node = path.encode()
    rows = (
        ("value", (node, name.encode(), value.kind.encode(), value.data, b"1" if value.inherited else b"0"))
        for name, value in values.items()
    )
    return encode_lines([("node", (node,)), *rows])


def read(path: str, *names: str) -> Operation:
    return adsi_read(path, *names)


def holds(path: str, values: Values, *names: str) -> Operation:
    """Not ok unless the node's properties ``names`` are as in ``values``: the same, set or inherited, or not there."""
    wanted = {name: values[name] for name in names if name in values}
    return dataclasses.replace(read(path, *names), expect=digest(encode(path, wanted)))


def save() -> Operation:
    """Has the metabase written to disk: it waits about a minute by itself (IIS 6.0 SDK, metabase flush)."""
    return adsi_invoke("", "SaveData", retry=(_BUSY,), retry_seconds=_BUSY_SECONDS)


def control(path: str, method: str) -> Operation:
    """``Start`` or ``Stop`` of a site, again while it is between two states."""
    return adsi_invoke(path, method, retry=(_ON_ITS_WAY,), retry_seconds=_WAY_SECONDS)
