# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations on the metabase, by ADSI; and what Windows says of a certificate's chain."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .arguments import Arguments, lines
from .world import chain_status as chains
from .world.adsi import AdsiObject, Variant, variant
from .world.errors import ACCESS_DENIED, INVALID_DATA, PATH_NOT_FOUND, WindowsError, hresult, signed
from .world.metabase import Data

if TYPE_CHECKING:
    from .world.host import Host

NOT_THE_FORM = {signed(PATH_NOT_FOUND), signed(ACCESS_DENIED)}
Change = tuple[str, str, bytes]  # name, kind, data


def adsi_read(host: Host, arguments: Arguments, _left: float) -> bytes:
    """The node, then its children of one class in the order of their paths; only properties that have a value."""
    path, names, kind = arguments.text("path"), arguments.texts("name"), arguments.text("children", "")
    opened = host.web.adsi(path)
    children = [each for each in opened.children() if each.kind.lower() == kind.lower()] if kind else []
    nodes = [(path, opened), *((f"{path}/{each.path.rpartition('/')[2]}".lstrip("/"), each) for each in children)]
    ordered = [nodes[0], *sorted(nodes[1:], key=lambda node: node[0].encode("utf-16-be"))]
    return lines(*(row for place, each in ordered for row in _rows(place, each, names)))


def _rows(path: str, opened: AdsiObject, names: list[str]) -> Iterator[tuple[str | bytes, ...]]:
    yield "node", path
    for name in names:
        try:
            value = opened.get(name)
        except WindowsError:  # the schema does not know it
            continue
        if value not in (None, (), "", b""):
            assert value is not None
            yield "value", path, name, *_shown(value), "1" if opened.inherited(name) else "0"


def _shown(value: Data) -> tuple[str, str | bytes]:
    if isinstance(value, bool):
        return "flag", "1" if value else "0"
    if isinstance(value, tuple):
        return "texts", "\0".join(value)
    if isinstance(value, int):
        return "number", str(value)
    return ("binary", value) if isinstance(value, bytes) else ("text", value)


def adsi_write(host: Host, arguments: Arguments, _left: float) -> bytes:
    """All values in one SetInfo. A binary one in each form, until an object opened afresh has it: else INVALID_DATA."""
    path = arguments.text("path")
    changes = list(zip(arguments.texts("name"), arguments.texts("kind"), arguments.raws("data"), strict=True))
    if all(kind != "binary" for _name, kind, _data in changes):
        _write(host, path, changes, "")
        return b""
    before = _own(host.web.adsi(path), [name for name, _kind, _data in changes])
    for form in arguments.texts("form"):
        try:
            _write(host, path, changes, form)
        except WindowsError as problem:
            if problem.number in NOT_THE_FORM:
                raise
            continue
        opened = host.web.adsi(path)
        if all(opened.get(name) == data for name, kind, data in changes if kind == "binary"):
            return b""
        with contextlib.suppress(WindowsError):
            _put_back(host.web.adsi(path), before)
    raise hresult(INVALID_DATA, text=host.language.windows(INVALID_DATA))


def _write(host: Host, path: str, changes: list[Change], form: str) -> None:
    opened = host.web.adsi(path)
    for name, kind, data in changes:
        if kind == "clear":
            _clear(opened, name)
        else:
            opened.put(name, _variant(kind, data, form))
    opened.set_info()


def _clear(opened: AdsiObject, name: str) -> None:
    """Only what is set on the node itself."""
    if _own(opened, [name])[name] is not None:
        opened.clear(name)


def _own(opened: AdsiObject, names: list[str]) -> dict[str, Data | None]:
    return {name: None if opened.inherited(name) else opened.get(name) for name in names}


def _put_back(opened: AdsiObject, values: dict[str, Data | None]) -> None:
    """As ADSI gave them: a binary value as an array of bytes."""
    for name, value in values.items():
        if value is None:
            _clear(opened, name)
        else:
            opened.put(name, list(value) if isinstance(value, bytes) else value)
    opened.set_info()


def _variant(kind: str, data: bytes, form: str) -> Variant:
    match kind:
        case "text":
            return data.decode("utf-8")
        case "texts":
            return tuple(data.decode("utf-8").split("\0")) if data else ()
        case "number":
            return int(data)
        case "flag":
            return data == b"1"
        case "binary":
            return variant(form, data)
    raise WindowsError("batch", 0, "", f"unknown kind {kind}")


def adsi_invoke(host: Host, arguments: Arguments, left: float) -> bytes:
    """Again, a second apart, while the error is one of ``retry`` and the time is not over."""
    again = {int(text) for text in arguments.texts("retry")}
    until = host.clock.monotonic() + min(arguments.number("retry_seconds", 0), left)
    while True:
        try:
            host.web.adsi(arguments.text("path")).invoke(arguments.text("method"))
        except WindowsError as problem:
            if problem.number not in again or host.clock.monotonic() >= until:
                raise
            host.clock.sleep(1)
        else:
            return b""


def chain_status(host: Host, arguments: Arguments, _left: float) -> bytes:
    return lines(("status", str(chains.status(host, arguments.raw("certificate")))))
