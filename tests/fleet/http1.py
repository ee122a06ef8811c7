# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Just enough HTTP/1.1 for a WinRM endpoint: requests with Content-Length in, replies out, persistent connections."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from http import HTTPStatus

# WinRM's own default limit for one message (MaxEnvelopeSizekb, Windows Server 2012 and newer).
MAX_BODY = 500 * 1024


class HttpError(Exception):
    """A request that is answered with this status, after which the connection is closed."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


@dataclasses.dataclass(frozen=True)
class HttpRequest:
    """One request; header names are in lower case, ``size`` is what it took on the wire in bytes."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    size: int


@dataclasses.dataclass(frozen=True)
class HttpReply:
    """One reply; ``close`` ends the connection after it. It is sent ``times`` times."""

    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    close: bool = False
    times: int = 1

    def encode(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}", "Server: Microsoft-HTTPAPI/2.0"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Length: {len(self.body)}")
        if self.close:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + self.body


async def read_request(reader: asyncio.StreamReader) -> HttpRequest | None:
    """The next request of a connection, or None where the client has closed it.

    Raises HttpError for what is malformed or too long, ConnectionError where the connection ends inside a request.
    """
    first = await reader.read(1)
    if not first:
        return None
    if not first.isalpha():  # http.sys says 400, Invalid Verb; to a client that speaks TLS that is a wrong version
        raise HttpError(HTTPStatus.BAD_REQUEST)
    try:
        head = first + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("the connection ended inside a request's head") from error
    except asyncio.LimitOverrunError as error:
        raise HttpError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE) from error
    method, path, headers = _parse_head(head)
    length = _content_length(headers)
    try:
        body = await reader.readexactly(length)
    except asyncio.IncompleteReadError as error:
        raise ConnectionResetError("the connection ended inside a request's body") from error
    return HttpRequest(method, path, headers, body, len(head) + length)


def _parse_head(head: bytes) -> tuple[str, str, dict[str, str]]:
    first, *rest = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    try:
        method, path, _version = first.split(" ")
        pairs = [line.split(":", 1) for line in rest]
        return method, path, {name.strip().lower(): value.strip() for name, value in pairs}
    except ValueError as error:
        raise HttpError(HTTPStatus.BAD_REQUEST) from error


def _content_length(headers: Mapping[str, str]) -> int:
    text = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not text.isdecimal():
        raise HttpError(HTTPStatus.LENGTH_REQUIRED)
    if int(text) > MAX_BODY:
        raise HttpError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return int(text)
