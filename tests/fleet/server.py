# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The WinRM service: a listener on loopback for HTTP and one for HTTPS, ``/wsman/<host>`` for each host."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from http import HTTPStatus

from . import wsman
from .auth import Account, CannotDecrypt, Gate
from .faults import FaultPlan, Rule
from .http1 import HttpError, HttpReply, HttpRequest, read_request
from .https import Https
from .shell import Dropped, Shells
from .wsman import Faulted

_SOAP = "application/soap+xml;charset=UTF-8"
_READ_LIMIT = 64 * 1024


@dataclasses.dataclass(frozen=True)
class Traffic:
    """What one host has been asked: HTTP requests (those of the authentication included), WinRM commands started,
    shells opened, bytes of the requests and of the replies with their HTTP heads."""

    requests: int = 0
    commands: int = 0
    shells: int = 0
    received_bytes: int = 0
    sent_bytes: int = 0


class Endpoint:
    """One host as the service sees it: its shells, and counters that only the event loop changes."""

    def __init__(self, name: str, shells: Shells) -> None:
        self.name = name
        self.shells = shells
        self._requests = self._received = self._sent = 0

    def count_request(self, size: int) -> None:
        self._requests += 1
        self._received += size

    def count_reply(self, size: int) -> None:
        self._sent += size

    @property
    def traffic(self) -> Traffic:
        return Traffic(self._requests, self.shells.commands, self.shells.created, self._received, self._sent)

    def reset(self) -> None:
        self._requests = self._received = self._sent = 0
        self.shells.commands = self.shells.created = 0


class Server:
    """The listener and its connections; everything here runs on one event loop."""

    def __init__(
        self, endpoints: Mapping[str, Endpoint], account: Account, faults: FaultPlan, https: Https | None = None
    ) -> None:
        self._endpoints = endpoints
        self._account = account
        self._faults = faults
        self._https = https
        self._servers: list[asyncio.Server] = []
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self, port: int = 0, *, secure: bool = False) -> int:
        """Listens on 127.0.0.1 and gives the port; ``secure`` with HTTPS."""
        context = self._https.context if secure and self._https is not None else None
        listener = await asyncio.start_server(
            self._connection, "127.0.0.1", port, limit=_READ_LIMIT, backlog=1024, ssl=context
        )
        self._servers.append(listener)
        address: tuple[str, int] = listener.sockets[0].getsockname()
        return address[1]

    async def close(self) -> None:
        for listener in self._servers:
            listener.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            await self._serve(reader, writer)
        except (Dropped, ConnectionError, asyncio.CancelledError):
            pass  # the client went away, a fault rule cut it off, or the fleet stops
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure = writer.get_extra_info("ssl_object") is not None
        gate = Gate(self._account, self._https.bindings if secure and self._https is not None else None)
        while True:
            endpoint = None
            try:
                request = await read_request(reader)
                if request is None:
                    return
                endpoint = self._endpoint(request)
                endpoint.count_request(request.size)
                await self._stay_lost(endpoint)
                reply = await self._reply(gate, endpoint, request)
            except HttpError as error:
                reply = HttpReply(error.status, close=True)
            data = reply.encode()
            if endpoint is not None:
                endpoint.count_reply(len(data))
            writer.write(data * reply.times)
            await writer.drain()
            if reply.close:
                return

    def _endpoint(self, request: HttpRequest) -> Endpoint:
        # PSRP clients put a second slash in front of the path.
        folder, _other, name = request.path.lstrip("/").partition("?")[0].partition("/")
        if folder != "wsman" or name not in self._endpoints:
            raise HttpError(HTTPStatus.NOT_FOUND)
        if request.method != "POST":
            raise HttpError(HTTPStatus.METHOD_NOT_ALLOWED)
        return self._endpoints[name]

    async def _stay_lost(self, endpoint: Endpoint) -> None:
        """Raises Dropped while the host is lost."""
        seconds, silent = self._faults.lost(endpoint.name)
        if seconds:
            await asyncio.sleep(seconds if silent else 0)
            raise Dropped

    async def _reply(self, gate: Gate, endpoint: Endpoint, request: HttpRequest) -> HttpReply:
        verdict = gate.check(request.headers)
        if not verdict.granted:
            return HttpReply(HTTPStatus.UNAUTHORIZED, verdict.headers)
        if not request.body:  # how clients authenticate a connection before the first encrypted message
            return HttpReply(HTTPStatus.OK, verdict.headers)
        try:
            message, encrypted = gate.decrypt(request.headers.get("content-type", ""), request.body)
        except CannotDecrypt:
            # Windows answers 400 to a body that was encrypted for another connection; the key stream is lost then.
            return HttpReply(HTTPStatus.BAD_REQUEST, close=True)
        if len(message) > endpoint.shells.quotas.envelope:
            # No SOAP fault: the status is all that comes back (ansible.windows issues 391 and 620).
            return HttpReply(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, verdict.headers)
        with self._faults.at_work():
            reply = await self._answer(endpoint, message)
        if not reply.body:
            return dataclasses.replace(reply, headers=verdict.headers)
        content_type, body = gate.encrypt(reply.body) if encrypted else (_SOAP, reply.body)
        return dataclasses.replace(reply, headers=(*verdict.headers, ("Content-Type", content_type)), body=body)

    async def _answer(self, endpoint: Endpoint, message: bytes) -> HttpReply:
        """The reply as it is before its encryption; its headers are the caller's."""
        message_id, times = "", 1
        try:
            request = wsman.parse(message)
            message_id = request.message_id
            rule = self._faults.take(endpoint.name, request.action)
            early = await self._before(endpoint, rule)
            if early is not None:
                return early
            envelope = await endpoint.shells.answer(request)
            if rule is not None:
                if rule.effect == "drop_reply":
                    raise Dropped
                if rule.effect == "garbage":
                    envelope = "\0 <no envelope"
                times = 2 if rule.effect == "twice" else 1
        except Faulted as faulted:
            fault = wsman.faulted(faulted.fault, endpoint.name, message_id)
            return HttpReply(HTTPStatus.INTERNAL_SERVER_ERROR, body=fault.encode())
        return HttpReply(HTTPStatus.OK, body=envelope.encode(), times=times)

    async def _before(self, endpoint: Endpoint, rule: Rule | None) -> HttpReply | None:
        """What a rule does before a message is acted on; a reply where it is not to be. Raises Dropped, Faulted."""
        if rule is None:
            return None
        await self._stay_lost(endpoint)
        await asyncio.sleep(rule.seconds if rule.effect == "delay" else 0)
        if rule.effect == "drop":
            raise Dropped
        if rule.effect == "fault" and rule.fault is not None:
            raise Faulted(rule.fault)
        return HttpReply(HTTPStatus.INTERNAL_SERVER_ERROR) if rule.effect == "status" else None
