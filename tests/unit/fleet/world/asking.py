# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Asks a host of the world by batches, written by hand: neither side of the real wire code is used."""

from __future__ import annotations

import base64
import dataclasses
import re
import zlib
from typing import Any

from tests.fleet.world.host import Host
from tests.fleet.world.scenario import Scenario, load

NETSH = r"%SystemRoot%\System32\netsh.exe"
APPCMD = r"%SystemRoot%\System32\inetsrv\appcmd.exe"
CERTREQ = r"%SystemRoot%\System32\certreq.exe"
APP_ID = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
Op = tuple[Any, ...]


@dataclasses.dataclass(frozen=True)
class Said:
    """One answer; ``undone`` are (number of the undo, status)."""

    status: str
    kind: str
    number: int
    type: str
    text: str
    payload: bytes = b""
    undone: tuple[tuple[int, str], ...] = ()

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        return [(keyword, *fields) for keyword, fields in map(split, self.payload.decode().splitlines())]

    @property
    def hresult(self) -> int:
        return self.number & 0xFFFFFFFF


def token(value: str | bytes | int) -> str:
    data = value if isinstance(value, bytes) else str(value).encode()
    return base64.b64encode(data).decode() or "-"


def split(line: str) -> tuple[str, tuple[bytes, ...]]:
    keyword, *tokens = line.split(" ")
    return keyword, tuple(b"" if each == "-" else base64.b64decode(each) for each in tokens)


def request(mode: str, operations: list[Op], deadline: float = 60, wait: float = 5) -> list[str]:
    """An operation is (name, argument, value, ...), with a last dict for ``undo``: a list of the same."""
    lines = [" ".join(["batch", *map(token, ("1", "ab12", mode, str(deadline), str(wait)))])]
    for operation in operations:
        undo = operation[-1]["undo"] if isinstance(operation[-1], dict) else []
        tokens = [each for each in operation if not isinstance(each, dict)]
        lines.append(" ".join(["do", *map(token, tokens)]))
        lines += [" ".join(["undo", *map(token, each)]) for each in undo]
    return [*lines, "end"]


def unpack(output: str) -> list[tuple[str, tuple[bytes, ...]]]:
    found = re.fullmatch("-----BEGIN ab12-----\r\n(.*)-----END ab12-----\r\n", output, re.DOTALL)
    assert found, output
    assert all(len(row) <= 76 for row in found[1].split("\r\n"))
    rows: list[tuple[str, tuple[bytes, ...]]] = []
    for line in zlib.decompress(base64.b64decode(found[1]), -15).decode().splitlines():
        if line.startswith(" "):  # a line of the payload of the answer above
            keyword, fields = rows[-1]
            rows[-1] = keyword, (*fields[:-1], fields[-1] + line[1:].encode() + b"\n")
        else:
            rows.append(split(line))
    return rows


def ask(host: Host, *operations: Op, mode: str = "read", **how: float) -> list[Said]:
    lines = unpack(host.execute(request(mode, list(operations), **how)))
    undone: dict[int, list[tuple[int, str]]] = {}
    for keyword, fields in lines:
        if keyword == "undone":
            undone.setdefault(int(fields[0]), []).append((int(fields[1]), fields[2].decode()))
    answers = [fields for keyword, fields in lines if keyword == "answer"]
    assert lines[-1][0] == "batch"
    assert lines[-1][1][0] == b"ok", lines[-1]
    return [
        Said(
            *(fields[1].decode(), fields[2].decode(), int(fields[3]), fields[4].decode(), fields[5].decode()),
            fields[6],
            tuple(undone.get(int(fields[0]), ())),
        )
        for fields in answers
    ]


def run(host: Host, program: str, *arguments: str) -> tuple[int, bytes]:
    """Exit code and standard output."""
    operation = ("run", "program", program, *(each for argument in arguments for each in ("argument", argument)))
    said = ask(host, operation)[0]
    rows = dict(row[:2] for row in said.rows)
    return int(rows["exit"]), rows["stdout"]


def netsh(host: Host, *arguments: str) -> tuple[int, bytes]:
    return run(host, NETSH, "http", *arguments)


AUTHORITIES = {"public": {"name": "Public", "shape": "cross"}, "simple": {"name": "Simple"}}
STORES = [
    {"certificate": "public.old_root", "in": ["AuthRoot"]},
    {"certificate": "public.new_root", "in": ["Root", "AuthRoot"]},
    {"certificate": "public.intermediate", "in": ["CA"]},
]
CERTIFICATES = {"old": {"authority": "public", "names": ["www.example.com"]}}
SITES = [{"name": "Production", "bindings": [{"information": "*:443:", "certificate": "old"}]}]


def scenario(options: dict[str, Any] | None = None, **host: Any) -> Scenario:
    """One host ``web`` with the cross hierarchy and a site, but for what is given."""
    what = {"stores": STORES, "certificates": CERTIFICATES, "sites": SITES, "options": options or {}, **host}
    return load({"authorities": AUTHORITIES, "hosts": {"web": what}})


def make(options: dict[str, Any] | None = None, **host: Any) -> Host:
    return scenario(options, **host).hosts["web"]


def thumbprint(host: Host, number: int = 0) -> str:
    return host.store("MY")[number].thumbprint
