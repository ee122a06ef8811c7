# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host is, ``host.json``, and what its services have in memory, ``state.txt``: sites that run, chains sent.

``site <id> <state>``, ``unloaded <id>``, ``taken <id> <store>``, ``bound <selector> <certificate>...``, ``kept <leaf>
<certificate>...``; selectors, stores and certificates in base64.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from ..world.host import Host
from ..world.iis6 import Iis6
from ..world.options import PRODUCTS, Options
from . import lines

NAME = "state.txt"
DESCRIPTION = "host.json"


def describe(host: Host, folder: Path) -> None:
    product = next(name for name, each in PRODUCTS.items() if each == host.product)
    about = {
        "name": host.name,
        "product": product,
        "language": host.language.tag,
        "options": dataclasses.asdict(host.options),
        "clock_offset": host.clock.offset.total_seconds(),
        "addresses": list(host.addresses),
    }
    (folder / DESCRIPTION).write_text(json.dumps(about, indent=1), encoding="utf-8")


def described(folder: Path) -> Host:
    """A fresh host of that kind."""
    about = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    about["options"] = Options(**about["options"])
    about["clock_offset"] = timedelta(seconds=about["clock_offset"])
    return Host(**{**about, "addresses": tuple(about["addresses"])})


def save(host: Host, folder: Path) -> None:
    lines.write(folder / NAME, [*_web_rows(host), *_chain_rows(host)])


def _web_rows(host: Host) -> Iterator[list[str]]:
    if isinstance(host.web, Iis6):
        for number, store in host.web.taken.items():
            yield ["taken", str(number), lines.token(store)]
        return
    for number, state in host.iis.dump():
        yield ["site", str(number), state]
    for number in sorted(host.iis.unloaded):
        yield ["unloaded", str(number)]


def _chain_rows(host: Host) -> Iterator[list[str]]:
    for keyword, rows in (("bound", host.schannel.bound_chains), ("kept", host.schannel.kept_chains)):
        for key, chain in rows.items():
            yield [keyword, lines.token(key), *map(lines.token, chain)]


def restore(folder: Path, host: Host) -> None:
    host.schannel.forget()
    for keyword, *tokens in lines.read(folder / NAME):
        match keyword:
            case "site":
                host.iis.states[int(tokens[0])] = tokens[1]
            case "unloaded":
                host.iis.unloaded.add(int(tokens[0]))
            case "taken":
                host.iis6.taken[int(tokens[0])] = lines.text(tokens[1])
            case "bound":
                host.schannel.bound_chains[lines.text(tokens[0])] = tuple(map(lines.plain, tokens[1:]))
            case "kept":
                host.schannel.kept_chains[lines.plain(tokens[0])] = tuple(map(lines.plain, tokens[1:]))
