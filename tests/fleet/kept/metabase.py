# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metabase of IIS 6.0, ``metabase.txt``; without it there is the computer's node alone.

``takes <form> <others> <busy>``, ``node <path> <class>``, ``value <path> <name> <kind> <data>``; what is above before
what is below; paths, names and data in base64.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..world.host import Host
from ..world.iis6 import Iis6
from ..world.metabase import SCHEMA, Data
from . import lines

NAME = "metabase.txt"


def save(host: Host, folder: Path) -> None:
    lines.write(folder / NAME, _rows(host))


def _rows(host: Host) -> Iterator[list[str]]:
    options = host.options
    yield ["takes", options.adsi_binary_form, options.adsi_other_forms, str(options.metabase_busy)]
    if not isinstance(host.web, Iis6):
        yield ["node", "-", "IIsComputer"]
        return
    for path, node in host.web.metabase.walk():
        yield ["node", lines.token(path), node.kind]
        for name, data in node.values.items():
            yield ["value", lines.token(path), lines.token(name), *_shown(data)]


def _shown(data: Data) -> tuple[str, str]:
    if isinstance(data, bool):
        return "flag", lines.token("1" if data else "0")
    if isinstance(data, int):
        return "number", lines.token(str(data))
    if isinstance(data, bytes):
        return "binary", lines.token(data)
    return ("text", lines.token(data)) if isinstance(data, str) else ("texts", lines.token("\0".join(data)))


def take(folder: Path, host: Host) -> None:
    """Commits what differs, a SetInfo a node. ServerState is IIS's own: Start and Stop make it."""
    if not isinstance(host.web, Iis6):
        return
    for path, (kind, values) in read(folder / NAME).items():
        held = {place: node.values for place, node in host.web.metabase.walk()}.get(path)
        if held is None:
            host.web.metabase.add(path, kind, values)
            continue
        changes: dict[str, Data | None] = {name: None for name in held if name not in values}
        changes |= {name: data for name, data in values.items() if name not in held or held[name] != data}
        lasting = {name: data for name, data in changes.items() if not SCHEMA[name.lower()].volatile}
        if lasting:
            host.web.metabase.commit(path, lasting)


def restore(folder: Path, host: Host) -> None:
    """Into a host that was just made, with what is IIS's own."""
    if not isinstance(host.web, Iis6):
        return
    for path, (kind, values) in read(folder / NAME).items():
        host.web.metabase.add(path, kind, {})
        node = host.web.metabase.node(path)
        node.kind = kind
        node.values.clear()
        node.values.update(values)


def read(path: Path) -> dict[str, tuple[str, dict[str, Data]]]:
    found: dict[str, tuple[str, dict[str, Data]]] = {}
    for keyword, *tokens in lines.read(path):
        if keyword == "node":
            found[lines.text(tokens[0])] = tokens[1], {}
        elif keyword == "value":
            name = lines.text(tokens[1])
            written = SCHEMA[name.lower()].name if name.lower() in SCHEMA else name
            found[lines.text(tokens[0])][1][written] = native(tokens[2], lines.plain(tokens[3]))
    return dict(sorted(found.items(), key=lambda item: item[0].count("/") if item[0] else -1))


def native(kind: str, data: bytes) -> Data:
    """A value as the metabase of the double keeps it."""
    if kind == "binary":
        return data
    text = data.decode("utf-8")
    if kind == "texts":
        return tuple(text.split("\0")) if text else ()
    return int(text) if kind == "number" else text == "1" if kind == "flag" else text
