# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a server says first, read from its bytes: records, handshake messages, alerts. No input raises an exception."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping

_ALERT, _HANDSHAKE = 21, 22
_SERVER_HELLO, CERTIFICATE, _SERVER_HELLO_DONE = 2, 11, 14
_MAXIMUM_RECORD = 2**14 + 2048  # RFC 5246 section 6.2.3

SERVER_HELLO_DONE = b"\x0e\x00\x00\x00"  # the message that ends a flight up to TLS 1.2

# RFC 8446 section 4.1.3: a ServerHello with this random is a HelloRetryRequest.
_RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

_VERSIONS = {0x0300: "SSL 3.0", 0x0301: "TLS 1.0", 0x0302: "TLS 1.1", 0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}

# RFC 8446 section 6 and RFC 5246 section 7.2.
_ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    40: "handshake_failure: no cipher suite, curve or signature in common, or no usable certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    46: "certificate_unknown",
    47: "illegal_parameter",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    70: "protocol_version: the server does not speak the versions offered",
    71: "insufficient_security: the server wants stronger cipher suites",
    80: "internal_error: on Windows often a certificate whose private key cannot be used",
    86: "inappropriate_fallback",
    90: "user_canceled",
    109: "missing_extension",
    110: "unsupported_extension",
    112: "unrecognized_name: no binding for this server name",
    116: "certificate_required",
    120: "no_application_protocol",
}


@dataclasses.dataclass(frozen=True)
class Flight:
    """``certificates`` are DER, in the order sent. ``problem`` is empty when a complete Certificate message was read.

    ``cipher`` is the number in the IANA registry, 0 before a ServerHello; ``hello`` is that message with its header,
    ``extensions`` what it holds; ``retry`` marks a HelloRetryRequest.
    """

    protocol: str = ""
    cipher: int = 0
    certificates: tuple[bytes, ...] = ()
    hello: bytes = b""
    extensions: Mapping[int, bytes] = dataclasses.field(default_factory=dict)
    retry: bool = False
    problem: str = ""


class Malformed(Exception):
    """Why the bytes cannot be read on, in words; becomes the ``problem`` of a flight."""


def parse_flight(data: bytes) -> Flight:
    """Reads as far as the bytes go: handshake messages may be split over records, and records hold several."""
    if not data:
        return Flight(
            problem="the server closed the connection, or stayed silent, without an answer "
            "(Windows does so where no certificate is attached)"
        )
    flight = Flight()
    try:
        for kind, body in messages(records(data)):
            if kind == _SERVER_HELLO:
                flight = _server_hello(body)
            elif kind == CERTIFICATE:
                return dataclasses.replace(flight, certificates=certificates(body))
            elif kind == _SERVER_HELLO_DONE:
                raise Malformed("the server sent no certificate")
    except Malformed as error:
        return dataclasses.replace(flight, problem=str(error))
    return dataclasses.replace(flight, problem=_ended(data, flight))


def _ended(data: bytes, flight: Flight) -> str:
    if flight.retry:
        return "the server asked for another key share (HelloRetryRequest), which takes a second flight"
    return f"the answer ended before the server's certificate ({len(data)} bytes)"


def records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Content type and body of each complete record; the part of a last one that is there, too."""
    offset = 0
    while offset + 5 <= len(data):
        kind, major = data[offset], data[offset + 1]
        length = int.from_bytes(data[offset + 3 : offset + 5], "big")
        if major != 3 or not 20 <= kind <= 24 or length > _MAXIMUM_RECORD:
            raise Malformed(f"the answer is not TLS (it begins with {data[offset : offset + 16]!r})")
        yield kind, data[offset + 5 : offset + 5 + length]
        offset += 5 + length
    if offset == 0:
        raise Malformed(f"the answer is not TLS ({data!r})")


def messages(source: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Type and body of each complete handshake message, up to the first record that is neither that nor a warning."""
    pending = b""
    warning = ""
    for kind, body in source:
        if kind == _ALERT and len(body) == 2:
            warning = _alert(body)
        elif kind != _HANDSHAKE:
            break
        else:
            pending += body
            while len(pending) >= 4 and len(pending) >= 4 + (length := int.from_bytes(pending[1:4], "big")):
                yield pending[0], pending[4 : 4 + length]
                pending = pending[4 + length :]
    if warning:
        raise Malformed(warning)


def _alert(body: bytes) -> str:
    """A warning's words: it may come before a ServerHello (RFC 6066 section 3). A fatal one ends the flight."""
    text = f"the server answered with alert {body[1]} ({_ALERTS.get(body[1], 'unknown')})"
    if body[0] != 1:
        raise Malformed(text)
    return text


def _server_hello(body: bytes) -> Flight:
    session_end = 35 + body[34] if len(body) > 34 else 0
    if len(body) < max(session_end + 3, 38):
        raise Malformed("the server's hello is malformed")
    extensions = _extensions(body[session_end + 5 :])
    # supported_versions (43) is in a hello of TLS 1.3 only (RFC 8446 section 4.2.1).
    version = int.from_bytes(extensions.get(43, body[:2]), "big")
    return Flight(
        protocol=_VERSIONS.get(version, f"version 0x{version:04X}"),
        cipher=int.from_bytes(body[session_end : session_end + 2], "big"),
        hello=bytes([_SERVER_HELLO]) + len(body).to_bytes(3, "big") + body,
        extensions=extensions,
        retry=body[2:34] == _RETRY_RANDOM,
    )


def _extensions(rest: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while len(rest) >= 4:
        length = int.from_bytes(rest[2:4], "big")
        found[int.from_bytes(rest[:2], "big")] = rest[4 : 4 + length]
        rest = rest[4 + length :]
    return found


def certificates(body: bytes, *, extensions: bool = False) -> tuple[bytes, ...]:
    """RFC 5246 section 7.4.2: a list of certificates, each and the whole with a length of three bytes.

    ``extensions``: each is followed by extensions, as in TLS 1.3 (RFC 8446 section 4.4.2). Raises Malformed.
    """
    if len(body) < 3 or int.from_bytes(body[:3], "big") != len(body) - 3:
        raise Malformed("the server's certificate message is malformed")
    found: list[bytes] = []
    rest = body[3:]
    while rest:
        end = 3 + int.from_bytes(rest[:3], "big")
        skipped = 2 + int.from_bytes(rest[end : end + 2], "big") if extensions else 0
        if end == 3 or len(rest) < end + skipped:
            raise Malformed("the server's certificate message is malformed")
        found.append(rest[3:end])
        rest = rest[end + skipped :]
    if not found:
        raise Malformed("the server sent an empty certificate message")
    return tuple(found)
