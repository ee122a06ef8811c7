# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A tap on the wire: a relay between client and service that keeps every byte that goes through, in both directions."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType


class Tap:
    """Listens on a loopback port of its own and passes everything on to ``port``; ``heard`` is what went through."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._lock = threading.Lock()
        self._heard: list[bytearray] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]

    @property
    def heard(self) -> bytes:
        """Each direction of each connection by itself, one behind the other."""
        with self._lock:
            return b"\n\n".join(map(bytes, self._heard))

    def __enter__(self) -> Tap:
        threading.Thread(target=self._accept, name="tap", daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._lock:
            sockets = [self._listener, *self._open]
        for each in sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # closed: the end
            while True:
                client, _address = self._listener.accept()
                service = socket.create_connection(("127.0.0.1", self._to))
                for source, goal in ((client, service), (service, client)):
                    self._pass_on(source, goal)

    def _pass_on(self, source: socket.socket, goal: socket.socket) -> None:
        kept = bytearray()
        with self._lock:
            self._heard.append(kept)
            self._open.append(source)
        threading.Thread(target=self._pump, args=(source, goal, kept), name="tap", daemon=True).start()

    def _pump(self, source: socket.socket, goal: socket.socket, kept: bytearray) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                with self._lock:
                    kept += data
                goal.sendall(data)
        with contextlib.suppress(OSError):
            goal.shutdown(socket.SHUT_WR)
