# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry, ``registry.txt``: ``key <path>`` and ``value <path> <name> <kind> <data>``, base64 but for the kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..world.host import Host
from ..world.registry import Registry, Value
from . import lines

NAME = "registry.txt"
Values = dict[str, tuple[str, Value]]  # by the name in small letters: the name as written, and the value


def save(host: Host, folder: Path) -> None:
    lines.write(folder / NAME, _rows(host.registry))


def _rows(registry: Registry) -> Iterator[list[str]]:
    for path, name, value in registry.dump():
        if not path:
            continue
        if value.kind == "key":
            yield ["key", lines.token(path)]
        else:
            yield ["value", lines.token(path), lines.token(name), value.kind, lines.token(value.data)]


def take(folder: Path, host: Host) -> None:
    """Makes the host's registry what the file says; only what differs is written, and told to the journal."""
    wanted, paths = _read(folder / NAME)
    held = _held(host.registry)
    for path in sorted(set(held) - set(wanted), key=len):
        host.registry.delete(path)  # what lies below goes with it
    for path, values in wanted.items():
        host.registry.create(paths[path])
        _take_values(host.registry, paths[path], values, held.get(path, {}))


def _take_values(registry: Registry, path: str, wanted: Values, held: Values) -> None:
    for name in set(held) - set(wanted):
        registry.delete_value(path, name)
    for name, (written, value) in wanted.items():
        if name not in held or held[name][1] != value:
            registry.set(path, written, value)


def _read(path: Path) -> tuple[dict[str, Values], dict[str, str]]:
    """Keys by the path in small letters, and each path as written."""
    found: dict[str, Values] = {}
    paths: dict[str, str] = {}
    for keyword, *tokens in lines.read(path):
        written = lines.text(tokens[0])
        paths.setdefault(written.lower(), written)
        values = found.setdefault(written.lower(), {})
        if keyword == "value":
            name = lines.text(tokens[1])
            values[name.lower()] = name, Value(tokens[2], lines.plain(tokens[3]))
    return found, paths


def _held(registry: Registry) -> dict[str, Values]:
    found: dict[str, Values] = {}
    for path, name, value in registry.dump():
        if not path:
            continue
        values = found.setdefault(path.lower(), {})
        if value.kind != "key":
            values[name.lower()] = name, value
    return found
