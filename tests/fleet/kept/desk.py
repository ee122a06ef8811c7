# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the stand-ins of a batch's process ask the fleet, over a loopback socket: one line there, one line back.

``run <program> <argument>...``: ``done <exit> <stdout> <stderr>``. ``port <address> <port>``: ``done <loopback port>``,
0 where nothing listens. ``invoke <path> <method>`` (ADSI): ``done``. Else ``error <kind> <number> <text>``. Everything
behind the first word is base64; a word that only this batch knows stands before it. Each time what the batch has
changed in the folder comes to the host first, and what the host has changed goes into the folder afterwards.
"""

from __future__ import annotations

import secrets
import socket
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from ..world import programs
from ..world.errors import WindowsError
from ..world.host import Host
from ..world.httpsys import socket_name
from . import folder as world
from . import lines

LONGEST = 3600.0  # seconds: the batch has limits of its own, and kills what is over them
Verb = Callable[..., tuple[str | bytes, ...]]
VARIABLE = "TLSOPS_WORLD_DESK"  # of the batch's process: port and word


class Desk:
    """Open inside a ``with``; ``where`` is the value of VARIABLE."""

    def __init__(self, host: Host, folder: Path, on_error: Callable[[str], None]) -> None:
        self._host = host
        self._folder = folder
        self._on_error = on_error
        self._word = secrets.token_hex(16)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.where = f"{self._listener.getsockname()[1]} {self._word}"
        self._thread = threading.Thread(target=self._serve, name=f"desk of {host.name}", daemon=True)

    def __enter__(self) -> Desk:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _other = self._listener.accept()
            except OSError:  # closed
                return
            try:
                with connection, connection.makefile("rwb") as stream:
                    connection.settimeout(30)
                    stream.write(self._answer(stream.readline().decode("ascii")).encode("ascii") + b"\n")
            except Exception:
                self._on_error(f"{self._host.name}: {traceback.format_exc()}")

    def _answer(self, line: str) -> str:
        word, verb, *tokens = line.split()
        if not secrets.compare_digest(word, self._word):
            return " ".join(["error", *map(lines.token, ("desk", "0", "not this batch's word"))])
        world.take(self._folder, self._host)
        verbs: dict[str, Verb] = {"run": self._run, "port": self._port, "invoke": self._invoke}
        try:
            with self._host.journal.acting("batch"):
                done = verbs[verb](*map(lines.text, tokens))
        except WindowsError as problem:
            return " ".join(["error", *map(lines.token, (problem.kind, str(problem.number), problem.text))])
        if verb != "port":
            world.save(self._host, self._folder)
        return " ".join(["done", *map(lines.token, done)])

    def _run(self, path: str, *arguments: str) -> tuple[str | bytes, ...]:
        done = programs.start(self._host, path, list(arguments), LONGEST)
        return str(done.exit), done.stdout, done.stderr

    def _port(self, address: str, port: str) -> tuple[str, ...]:
        """A connection is opened for that, and closed unused: a listener has its socket from the first one on."""
        if self._host.endpoint(address, int(port)) is None:
            return ("0",)
        with self._host.connect(socket_name(address), int(port)) as connection:
            return (str(connection.getpeername()[1]),)

    def _invoke(self, path: str, method: str) -> tuple[str, ...]:
        self._host.web.adsi(path).invoke(method)
        return ()


def ask(where: str, verb: str, *words: str) -> list[bytes]:
    """From a process of the batch. Raises WindowsError as the host does."""
    port, secret = where.split()
    with socket.create_connection(("127.0.0.1", int(port)), timeout=60) as connection:
        line = " ".join([secret, verb, *map(lines.token, words)])
        connection.sendall(line.encode("ascii") + b"\n")
        with connection.makefile("rb") as stream:
            status, *tokens = stream.readline().decode("ascii").split()
    answer = [lines.plain(each) for each in tokens]
    if status == "done":
        return answer
    kind, number, text = (each.decode("utf-8") for each in answer)
    raise WindowsError(kind, int(number), "", text)
