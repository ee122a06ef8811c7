# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that are the same to the last bit, so that what becomes of one is told by comparing it with another."""

from __future__ import annotations

import base64
import copy
import dataclasses
import threading
from collections.abc import Callable, Iterator
from typing import Any, Literal

from tests.fleet.batch import At
from tests.fleet.world.host import Host
from tests.fleet.world.scenario import Scenario, load

Web = Literal["iis7", "iis6"]
Trouble = Literal["", "undo", "proof"]
NAMES = ["www.example.com", "shop.example.com"]
SELECTORS: dict[Web, tuple[str, ...]] = {
    "iis7": ("ipport=0.0.0.0:443", "hostnameport=shop.example.com:443"),
    "iis6": ("metabase=W3SVC/1",),
}
_RECORD = {"flags": 2, "retrieval_timeout": 15000}
_SNI = {"information": "*:443:shop.example.com", "ssl_flags": 1, "certificate": "old"}
_BINDINGS: dict[Web, list[dict[str, Any]]] = {
    "iis7": [{"information": "*:443:", "certificate": "old", "record": _RECORD}, _SNI],
    "iis6": [{"information": "*:443:", "certificate": "old"}],
}
_RENEWAL = {
    "name": "Renewal",
    "state": "started",
    "bindings": [{"protocol": "http", "information": "*:8080:"}],
}
# On 2016 netsh has no update: a record is deleted and added. WinRM 2.0 takes 150 KB a message: with a root whose
# friendly name is long, one batch becomes several commands.
_PRODUCTS: dict[Web, str] = {"iis7": "2016", "iis6": "2003"}
_LONG = {"iis7": "G5", "iis6": "G5 " * 2500}


@dataclasses.dataclass(frozen=True)
class Kind:
    """Hosts of a kind have one model.

    ``trouble``: what goes wrong on them in the first run, cut off or not. ``undo``: the last operation that can fail
    does, so that the batch is taken back on the host. ``proof``: the listener goes on with the old certificate, so that
    a further batch takes all of it back.
    """

    web: Web
    trouble: Trouble = ""

    @property
    def model(self) -> str:
        return f"{self.web}{self.trouble}"


KINDS = tuple(Kind(web, trouble) for web in _PRODUCTS for trouble in ("", "undo", "proof"))


def farm() -> Scenario:
    """One host of each web server, by its name."""
    return load({"authorities": {web: _authority(web) for web in _PRODUCTS}, "hosts": dict(map(_host, _PRODUCTS))})


def _authority(web: Web) -> dict[str, Any]:
    return {"name": "Example Trust", "shape": "cross", **_key(web)}


def _key(web: Web) -> dict[str, Any]:
    return {"key": "rsa-2048"} if web == "iis6" else {}


def _host(web: Web) -> tuple[str, dict[str, Any]]:
    certificate = {"authority": web, "names": NAMES, **_key(web)}
    return web, {
        "product": _PRODUCTS[web],
        "stores": [
            {"certificate": f"{web}.old_root", "in": ["AuthRoot"]},
            {"certificate": f"{web}.new_root", "in": ["Root", "AuthRoot"], "friendly_name": _LONG[web]},
            {"certificate": f"{web}.intermediate", "in": ["CA"]},
        ],
        "certificates": {"old": certificate},
        "requests": {"renewal": certificate},
        "sites": [{"name": "Production", "bindings": _BINDINGS[web]}, _RENEWAL],
    }


def twin(host: Host, name: str) -> Host:
    """Another host with the same content, keys among it."""
    memo: dict[int, Any] = {id(host.mutex): threading.Lock()}
    memo |= {id(container.key): container.key for container in host.keys.all()}
    other = copy.deepcopy(host, memo)
    other.name = name
    return other


def troubled(host: Host, kind: Kind, batches: int = 0) -> Callable[[], None]:
    """Puts a kind's trouble into a host; gives what takes it out again. ``batches``: how many a run without has."""
    if kind.trouble == "undo":
        _spoil(host, batches - (2 if kind.web == "iis6" else 1))  # behind it IIS 6.0 stops and starts the site
        return lambda: host.__dict__.pop("execute", None)  # type: ignore[arg-type,return-value]
    if kind.trouble == "proof":
        old = host.credential("0.0.0.0", 443, None)
        host.credential = lambda *_where: old  # type: ignore[method-assign]
        return lambda: host.__dict__.pop("credential", None)
    return lambda: None


def _spoil(host: Host, batch: int) -> None:
    """In that batch, counted from 0, the last operation that is not allowed to fail fails, whatever it is."""
    original, count = host.execute, iter(range(1_000_000))
    missing = " ".join(["do", *(base64.b64encode(each).decode() for each in (b"file.read", b"path", b"C:\\none"))])
    goes_on = base64.b64encode(b"keep_going").decode()

    def execute(lines: list[str], at: At) -> str:
        if next(count) == batch:
            last = max(place for place, line in enumerate(lines) if line.startswith("do ") and goes_on not in line)
            lines = [*lines[:last], missing, *lines[last + 1 :]]
        return original(lines, at)

    host.execute = execute  # type: ignore[assignment]


def facts(host: Host) -> dict[str, str]:
    """Everything that a host holds, by where it lies; the clock is not among it."""
    found = {rf"{path}\{name}": f"{value.kind} {value.data!r}" for path, name, value in host.registry.dump()}
    found |= {f"file {path}": repr(data) for path, data in host.files.dump()}
    found |= {f"web {place}": repr(part) for place, part in enumerate(host.web.dump())}
    found |= {f"service {name}": str(status) for name, status in host.services.dump()}
    found |= {f"served {selector}": repr(chain) for selector, chain in host.schannel.dump()}
    keys = ((key.name, key.public, key.provider, key.exportable, key.key_spec, key.access) for key in host.keys.all())
    return found | {f"key {name}": repr(rest) for name, *rest in keys}


def differences(found: dict[str, str], wanted: dict[str, str]) -> Iterator[str]:
    """What one host has and the other has not, in words."""
    for place in sorted(found.keys() | wanted.keys()):
        here, there = found.get(place), wanted.get(place)
        if here != there:
            yield f"{place}: {_short(here)} instead of {_short(there)}"


def _short(text: str | None) -> str:
    return "nothing" if text is None else f"{text[:60]}..." if len(text) > 60 else text
