# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host of Windows Server 2003, and what is asked of its metabase."""

from __future__ import annotations

from typing import Any

from tests.fleet.world.host import Host
from tests.fleet.world.scenario import Scenario, load
from tests.unit.fleet.world.asking import Said, ask

FIRST = "metabase=W3SVC/1"
NAMES = ["www.example.com"]
STORES = [
    {"certificate": "rsa.root", "in": ["Root"]},
    {"certificate": "rsa.intermediate", "in": ["CA"]},
]
CERTIFICATES = {name: {"authority": "rsa", "names": NAMES} for name in ("old", "new")}
AT_443 = {"information": "*:443:", "certificate": "old"}
SITES: list[dict[str, Any]] = [
    {"name": "Production", "bindings": [AT_443, {"protocol": "http", "information": "*:80:"}]},
    {"name": "Renewal", "state": "stopped", "bindings": [{"information": "*:443:"}]},
]


def scenario(options: dict[str, Any] | None = None, **host: Any) -> Scenario:
    what = {"product": "2003", "stores": STORES, "certificates": CERTIFICATES, "sites": SITES, **host}
    authorities = {"rsa": {"name": "Old", "key": "rsa-2048"}, "ec": {"name": "New"}}
    return load({"authorities": authorities, "hosts": {"web": {**what, "options": options or {}}}})


def make(options: dict[str, Any] | None = None, **host: Any) -> Host:
    return scenario(options, **host).hosts["web"]


def digest(world: Scenario, name: str) -> bytes:
    """SHA-1 of a certificate of the scenario."""
    return bytes.fromhex(next(each for each in _thumbprints(world, name)))


def _thumbprints(world: Scenario, name: str) -> list[str]:
    der = world.certificates["web"][name]
    return [each.thumbprint for each in world.hosts["web"].store("MY") if each.der == der]


def read(host: Host, path: str, *names: str, children: str = "") -> Said:
    more = ("children", children) if children else ()
    return ask(host, ("adsi.read", "path", path, *more, *(each for name in names for each in ("name", name))))[0]


def values(host: Host, path: str, *names: str) -> dict[str, tuple[str, bytes, bool]]:
    """By name: kind, data, inherited."""
    rows = [row for row in read(host, path, *names).rows if row[0] == "value"]
    return {row[2].decode(): (row[3].decode(), row[4], row[5] == b"1") for row in rows}


def write(host: Host, path: str, *changes: tuple[str, str, bytes], forms: tuple[str, ...] = ("units",)) -> Said:
    given = [each for name, kind, data in changes for each in ("name", name, "kind", kind, "data", data)]
    wanted = [each for form in forms for each in ("form", form)]
    return ask(host, ("adsi.write", "path", path, *given, *wanted), mode="write")[0]


def swap(host: Host, data: bytes, path: str = "W3SVC/1", **more: Any) -> Said:
    return write(host, path, ("SSLStoreName", "text", b"MY"), ("SSLCertHash", "binary", data), **more)


def invoke(host: Host, path: str, method: str, *more: Any) -> Said:
    return ask(host, ("adsi.invoke", "path", path, "method", method, *more), mode="write")[0]


def served(host: Host, port: int = 443, ip: str = "10.0.0.1") -> bytes:
    """The leaf that a handshake gets; empty: it is closed."""
    found = host.credential(ip, port, None)
    return found.chain[0] if found else b""
