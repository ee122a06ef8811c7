# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""ADSI objects of the provider ``IIS://``: a cache of properties over the metabase, and a site's methods.

What is put stays in the object's cache until SetInfo; what is then not committed is lost with the object. In which form
the provider takes a binary value from .NET is not settled by any source: ``adsi_binary_form``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .errors import (
    DISP_E_UNKNOWNNAME,
    E_ADS_CANT_CONVERT_DATATYPE,
    E_ADS_PROPERTY_NOT_SUPPORTED,
    PATH_BUSY,
    PATH_NOT_FOUND,
    WindowsError,
)
from .metabase import SCHEMA, Data

if TYPE_CHECKING:
    from .host import Host
    from .iis6 import Iis6

Variant = str | int | bool | tuple[str, ...] | list[int] | list[str] | list[bytes]
TYPES: dict[str, type] = {"flag": bool, "number": int, "text": str, "texts": tuple}  # a bool is an int too: first


class AdsiObject:
    """``path`` as the metabase writes it, without ``/LM``. Raises ERROR_PATH_NOT_FOUND as HRESULT for no node."""

    def __init__(self, host: Host, web: Iis6, path: str) -> None:
        self._host = host
        self._web = web
        self._metabase = web.metabase
        try:
            self.path = self._metabase.written(path)
        except WindowsError:
            raise web.error(PATH_NOT_FOUND) from None
        self.kind = self._metabase.node(self.path).kind
        self._cache: dict[str, Data | None] = {}

    def children(self) -> list[AdsiObject]:
        names = [node.name for node in self._metabase.node(self.path).nodes.values()]
        return [AdsiObject(self._host, self._web, f"{self.path}/{name}".lstrip("/")) for name in names]

    def get(self, name: str) -> Data | None:
        """A value that was put before SetInfo answers already; None where there is no value."""
        written = self._written(name)
        if written in self._cache:
            return self._cache[written]
        if written == "ServerState" and self.kind == "IIsWebServer":
            return self._web.shown_state(self._number)
        found = self._metabase.get(self.path, written)
        return found[0] if found else None

    def inherited(self, name: str) -> bool:
        """``GetPropertyAttribObj(name).IsInherit``: the value comes from above (METADATA_ISINHERITED, ms524823)."""
        found = self._metabase.get(self.path, self._written(name))
        return found is not None and found[1] != self.path

    def put(self, name: str, value: Variant) -> None:
        written = self._written(name)
        kind = SCHEMA[written.lower()].kind
        if kind == "binary":
            self._cache[written] = self._binary(value)
            return
        given = next((each for each, own in TYPES.items() if isinstance(value, own)), "")
        if given != kind or SCHEMA[written.lower()].volatile:
            raise self._web.error(E_ADS_CANT_CONVERT_DATATYPE)
        assert not isinstance(value, list)
        self._cache[written] = value

    def clear(self, name: str) -> None:
        """PutEx with ADS_PROPERTY_CLEAR (1)."""
        problem = self._host.options.adsi_clear_unset
        written = self._written(name)
        if problem and written not in self._metabase.node(self.path).values:
            raise self._web.error(problem)
        self._cache[written] = None

    def set_info(self) -> None:
        changes, self._cache = self._cache, {}
        if changes:
            self._metabase.commit(self.path, changes)

    def invoke(self, method: str) -> None:
        """A method without arguments; names compare without case. DISP_E_UNKNOWNNAME for one that is none."""
        methods: dict[tuple[str, str], Callable[[], None]] = {
            ("IIsComputer", "savedata"): self._save,
            ("IIsWebServer", "start"): lambda: self._web.start(self._number),
            ("IIsWebServer", "stop"): lambda: self._web.stop(self._number),
        }
        wanted = methods.get((self.kind, method.lower()))
        if wanted is None:
            raise self._web.error(DISP_E_UNKNOWNNAME)
        wanted()

    def _save(self) -> None:
        """ERROR_PATH_BUSY while somebody has the metabase open (ms524872)."""
        if self._host.options.metabase_busy > 0:
            self._host.options.metabase_busy -= 1
            raise self._web.error(PATH_BUSY)
        self._metabase.save()
        self._host.journal.wrote("file", "write", self._metabase.path)

    @property
    def _number(self) -> int:
        return int(self.path.rpartition("/")[2])

    def _written(self, name: str) -> str:
        schema = SCHEMA.get(name.lower())
        if schema is None:
            raise self._web.error(E_ADS_PROPERTY_NOT_SUPPORTED)
        return schema.name

    def _binary(self, value: Variant) -> bytes:
        """In the form that this provider takes; in another one refused, or some bytes that are not these."""
        form, data = form_of(value)
        if form == self._host.options.adsi_binary_form:
            return data
        if form and self._host.options.adsi_other_forms == "wrong":
            return data[:1]
        raise self._web.error(E_ADS_CANT_CONVERT_DATATYPE)


def variant(form: str, data: bytes) -> Variant:
    """A binary value as a script can hand it over.

    ``units``: a string of 16-bit units (ms524780); ``bytes``: an array that holds one array of bytes; ``elements``: an
    array of bytes; ``hex``: an array of two-digit texts ("Setting a Binary Property Using System.DirectoryServices").
    """
    if form == "units":
        return (data + b"\0" * (len(data) % 2)).decode("utf-16-le", "surrogatepass")
    if form == "bytes":
        return [data]
    if form == "elements":
        return list(data)
    return [f"{each:02x}" for each in data]


def form_of(value: Variant) -> tuple[str, bytes]:
    """Which form it is, and the bytes that it stands for; no form: none of them."""
    if isinstance(value, str):
        return "units", value.encode("utf-16-le", "surrogatepass")
    if not isinstance(value, list) or not value:
        return "", b""
    if isinstance(value[0], bytes):
        return "bytes", value[0]
    if isinstance(value[0], int):
        return "elements", bytes(each for each in value if isinstance(each, int))
    return "hex", bytes.fromhex("".join(each for each in value if isinstance(each, str)))
