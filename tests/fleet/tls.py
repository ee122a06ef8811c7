# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The server's side of one TLS connection, with the certificates that a callback chooses at each handshake."""

from __future__ import annotations

import contextlib
import functools
import os
import socket
import ssl
import tempfile
import warnings
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_PATIENCE = 5.0  # seconds for a client that connects and says nothing
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
_VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2}
_VERSIONS["1.3"] = ssl.TLSVersion.TLSv1_3
_Result = TypeVar("_Result")


class Credential(Protocol):
    """What Schannel would use: ``chain`` is DER, leaf first, and sent exactly so."""

    @property
    def chain(self) -> tuple[bytes, ...]: ...

    @property
    def key(self) -> CertificateIssuerPrivateKeyTypes: ...


Choose = Callable[[str | None], Credential | None]


def serve(connection: socket.socket, choose: Choose, versions: Sequence[str] = ()) -> None:
    """Does the handshake, answers what comes with an empty HTTP reply, closes.

    ``choose`` gets the server name, or None where the client sends none; None as its answer closes the connection
    without a word, as http.sys does where no certificate is bound. What it raises is raised here; whatever the client
    does wrong is not. ``versions`` are the TLS versions that are on ("1.0" to "1.3"); none given: 1.2 and 1.3.
    """
    connection.settimeout(_PATIENCE)
    conversation = _Conversation(connection, choose, versions)
    with contextlib.suppress(OSError):
        if conversation.handshake():
            conversation.talk()
    if conversation.problem is not None:
        raise conversation.problem


class _Conversation:
    def __init__(self, connection: socket.socket, choose: Choose, versions: Sequence[str]) -> None:
        self._connection = connection
        self._choose = choose
        self._refused = False
        self.problem: Exception | None = None
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = _context(versions)
        context.sni_callback = self._on_client_hello
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def handshake(self) -> bool:
        try:
            self._pump(self._tls.do_handshake)
        except ssl.SSLError:
            if not self._refused and self.problem is None:
                self._flush()  # the alert
            return False
        return True

    def talk(self) -> None:
        with contextlib.suppress(ssl.SSLError):
            if self._pump(lambda: self._tls.read(65536)):
                self._tls.write(_REPLY)
        with contextlib.suppress(ssl.SSLError):
            self._tls.unwrap()
        self._flush()

    def _on_client_hello(self, tls: ssl.SSLObject, server_name: str | None, _context: ssl.SSLContext) -> int | None:
        try:
            credential = self._choose(server_name)
            if credential is None:
                self._refused = True
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            tls.context = _certificates(_pem(credential))
        except Exception as problem:
            self.problem = problem
            return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
        return None

    def _pump(self, step: Callable[[], _Result]) -> _Result:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._connection.recv(65536)
                if not data:
                    raise ConnectionResetError("the client closed") from None
                self._incoming.write(data)
            else:
                self._flush()
                return result

    def _flush(self) -> None:
        waiting = self._outgoing.read()
        if waiting:
            self._connection.sendall(waiting)


def _context(versions: Sequence[str]) -> ssl.SSLContext:
    """A context for one handshake only: a session cache that nobody shares resumes nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    # Old chains (RSA 1024, SHA-1) are part of what there is to serve; OpenSSL's default level refuses them.
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    on = sorted(_VERSIONS[version.lower().removeprefix("tlsv")] for version in versions or ("1.2", "1.3"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = on[0], on[-1]
    return context


def _pem(credential: Credential) -> bytes:
    key = credential.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return key + b"".join(ssl.DER_cert_to_PEM_cert(der).encode() for der in credential.chain)


@functools.lru_cache(maxsize=1024)
def _certificates(pem: bytes) -> ssl.SSLContext:
    """A context that lends its certificates to others. OpenSSL reads them from a file only: 0600, and gone at once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    descriptor, path = tempfile.mkstemp(prefix="fleet-tls-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        context.load_cert_chain(path)
    finally:
        os.unlink(path)
    return context
