# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Live TLS on loopback: a listener for each (host, address, port) that http.sys of that host listens on."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import threading
import traceback
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from typing import Protocol, TypeVar

from .tls import Credential, serve

Address = tuple[str, int]
_Result = TypeVar("_Result")


class Serves(Protocol):
    """The part of a world's host that stands behind its TLS listeners.

    ``credential`` must not wait for a running batch: a batch looks at its own host's listeners.
    """

    name: str
    connect: Callable[[str, int], socket.socket]
    changed: Callable[[], None]

    def listening(self) -> set[Address]: ...

    def credential(self, ip: str, port: int, server_name: str | None) -> Credential | None: ...


class Listeners:
    """All TLS listeners of a fleet. The table is changed on the event loop only; handshakes run in ``executor``."""

    def __init__(
        self,
        hosts: Mapping[str, Serves],
        loop: asyncio.AbstractEventLoop,
        executor: Executor,
        on_error: Callable[[str], None],
    ) -> None:
        self._hosts = hosts
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._executor = executor
        self._on_error = on_error
        self._sockets: dict[tuple[str, Address], socket.socket] = {}
        self._listening: dict[str, set[Address]] = {name: set() for name in hosts}
        self._connections: set[socket.socket] = set()

    def start(self) -> None:
        """On the event loop: opens what the hosts listen on, and keeps up with them from then on."""
        for name, host in self._hosts.items():
            host.connect = lambda ip, port, name=name: self.connect(name, ip, port)  # type: ignore[misc]
            host.changed = lambda name=name: self.refresh(name)  # type: ignore[misc]
            self.refresh(name)

    def close(self) -> None:
        """On the event loop: closes everything; afterwards every address refuses."""
        for host in self._hosts.values():
            host.changed = lambda: None
        for key in list(self._sockets):
            self._close(key)
        self._listening = {name: set() for name in self._hosts}
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def refresh(self, name: str) -> None:
        """Makes the listeners of a host what it listens on now; done when this returns. From any thread."""
        wanted = set(self._hosts[name].listening())
        self._on_loop(lambda: self._apply(name, wanted))

    def address(self, name: str, ip: str, port: int) -> Address | None:
        """The loopback address behind a virtual one, or None where nothing listens there. From any thread."""
        endpoint = _endpoint(self._listening[name], ip, port)
        if endpoint is None or ip not in _own_addresses(self._hosts[name], endpoint):
            return None
        # A certificate can be bound to an exact address though the site listens on all: the record is looked up by
        # the address that the client used. So each address has its own socket.
        return self._on_loop(lambda: self._open(name, (ip, port)))

    def connect(self, name: str, ip: str, port: int) -> socket.socket:
        """A connection to a virtual address. Raises ConnectionRefusedError where nothing listens."""
        address = self.address(name, ip, port)
        if address is None:
            raise ConnectionRefusedError(f"nothing listens on {ip} port {port} of {name}")
        return socket.create_connection(address, timeout=10)

    def _on_loop(self, function: Callable[[], _Result]) -> _Result:
        if threading.get_ident() == self._loop_thread:
            return function()

        async def call() -> _Result:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self._loop).result(timeout=10)

    def _apply(self, name: str, wanted: set[Address]) -> None:
        self._listening[name] = wanted
        for owner, address in list(self._sockets):
            if owner == name and _endpoint(wanted, *address) is None:
                self._close((owner, address))
        for address in sorted(wanted):
            self._open(name, address)

    def _open(self, name: str, address: Address) -> Address:
        listener = self._sockets.get((name, address))
        if listener is None:
            listener = self._sockets[name, address] = socket.create_server(("127.0.0.1", 0), backlog=16)
            listener.setblocking(False)
            self._loop.add_reader(listener, self._accept, name, address, listener)
        found: Address = listener.getsockname()
        return found

    def _close(self, key: tuple[str, Address]) -> None:
        listener = self._sockets.pop(key)
        self._loop.remove_reader(listener)
        listener.close()

    def _accept(self, name: str, address: Address, listener: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError, ConnectionError):
            connection, _other = listener.accept()
            self._connections.add(connection)
            self._executor.submit(self._serve, name, address, connection)

    def _serve(self, name: str, address: Address, connection: socket.socket) -> None:
        """In a worker thread: one handshake and a short talk."""
        host = self._hosts[name]
        try:
            with connection:
                versions = getattr(host, "tls_versions", ())
                serve(connection, lambda server_name: host.credential(*address, server_name), versions)
        except Exception:
            self._on_error(f"{name}: {traceback.format_exc()}")
        finally:
            self._connections.discard(connection)


def _own_addresses(host: Serves, endpoint: Address) -> set[str]:
    return {endpoint[0], "127.0.0.1", "::1", *getattr(host, "addresses", ())}


def _endpoint(listening: set[Address], ip: str, port: int) -> Address | None:
    """The endpoint that takes a connection to this address: an exact one before all addresses of that family."""
    any_ip = "::" if ipaddress.ip_address(ip).version == 6 else "0.0.0.0"
    return next((endpoint for endpoint in ((ip, port), (any_ip, port)) if endpoint in listening), None)
