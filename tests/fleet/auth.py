# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who is asking: Basic for each request, or NTLM for a connection, whose key then encrypts every message."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import os
import re
import shutil
import struct
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import spnego
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import NegotiateOptions, SpnegoError

_PROTOCOL = "application/HTTP-SPNEGO-session-encrypted"
_CONTENT_TYPE = f'multipart/encrypted;protocol="{_PROTOCOL}";boundary="Encrypted Boundary"'
_BOUNDARY = b"--Encrypted Boundary"
_SIGNATURE_SIZE = 16  # NTLMSSP_MESSAGE_SIGNATURE, MS-NLMP 2.2.2.9
_ENVELOPE = re.compile(
    rb"\A--Encrypted Boundary\r\n"
    rb"[^\0]*?Length=(\d+)\r\n"
    rb"--Encrypted Boundary\r\n"
    rb"\t?Content-Type: application/octet-stream\r\n"
    rb"(.*)--Encrypted Boundary--(?:\r\n)?\Z",
    re.DOTALL,
)


@dataclasses.dataclass(frozen=True)
class Account:
    """The administrator that every host of a fleet knows.

    ``service`` (``HTTP@localhost``) is whose keytab takes that user's Kerberos tickets; without one there is only NTLM.
    """

    user: str = "Administrator"
    password: str = "Loopback-0nly"
    service: str = ""

    def __post_init__(self) -> None:
        if set(":\r\n\\@") & set(self.user) or set(":\r\n") & set(self.password):
            raise ValueError("a local account's name has none of : \\ @, its password no colon or line end")


class _UserFile:
    """The file in which pyspnego's NTLM acceptor looks users up; the library names it by environment variable only."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._uses: Counter[Account] = Counter()
        self._directory: Path | None = None

    @contextlib.contextmanager
    def knows(self, account: Account) -> Iterator[None]:
        """Holds the account known. Raises ValueError where that user has another password already."""
        self._change(account, +1)
        try:
            yield
        finally:
            self._change(account, -1)

    def _change(self, account: Account, uses: int) -> None:
        with self._lock:
            if any(other.user == account.user and other != account for other in self._uses):
                raise ValueError(f"another fleet of this process has a user {account.user} with another password")
            self._uses[account] += uses
            self._uses = +self._uses
            if self._uses:
                self._write()
            elif self._directory is not None:
                os.environ.pop("NTLM_USER_FILE", None)
                shutil.rmtree(self._directory)
                self._directory = None

    def _write(self) -> None:
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="fleet-ntlm-"))
        path = self._directory / "users"
        path.touch(mode=0o600)
        path.write_text("".join(f":{account.user}:{account.password}\n" for account in self._uses), encoding="utf-8")
        os.environ["NTLM_USER_FILE"] = str(path)


USER_FILE = _UserFile()


@dataclasses.dataclass(frozen=True)
class Verdict:
    """Whether a request may go on, and the headers that its reply has to carry for the next step."""

    granted: bool
    headers: tuple[tuple[str, str], ...] = ()


_CHALLENGE = Verdict(False, (("WWW-Authenticate", "Negotiate"), ("WWW-Authenticate", 'Basic realm="WSMAN"')))


class CannotDecrypt(Exception):
    """The body was not encrypted with this connection's key."""


class _Kerberos:
    """The service's side of one Kerberos authentication, with the keytab that the environment names."""

    def __init__(self, account: Account) -> None:
        import kerberos  # pykerberos, which few have: nobody else gets here

        self._kerberos = kerberos
        self._user = account.user
        _result, self._context = kerberos.authGSSServerInit(account.service)
        self.complete = False

    def step(self, token: bytes) -> bytes:
        """The answer to the client's token. Raises ValueError for one that is not taken."""
        try:
            self._kerberos.authGSSServerStep(self._context, base64.b64encode(token).decode())
        except self._kerberos.KrbError as error:
            raise ValueError(str(error)) from error
        name, _at, _realm = self._kerberos.authGSSServerUserName(self._context).partition("@")
        self.complete = name == self._user
        return base64.b64decode(self._kerberos.authGSSServerResponse(self._context) or "")


class Gate:
    """Authentication of one TCP connection: NTLM authenticates the connection, Basic each request (RFC 4559, 7617)."""

    def __init__(self, account: Account, bindings: GssChannelBindings | None = None) -> None:
        """``bindings``: those of the TLS connection, which NTLM has to send, as with CbtHardeningLevel Strict: WinRM's
        default, Relaxed, takes clients that send none."""
        self._account = account
        self._bindings = bindings
        self._context: spnego.ContextProxy | _Kerberos | None = None

    def check(self, headers: Mapping[str, str]) -> Verdict:
        scheme, _other, credentials = headers.get("authorization", "").partition(" ")
        if scheme.lower() in ("negotiate", "ntlm"):
            return self._negotiate(scheme, credentials)
        if scheme.lower() == "basic":
            return Verdict(True) if self._basic(credentials) else _CHALLENGE
        return Verdict(True) if self._context is not None and self._context.complete else _CHALLENGE

    def _basic(self, credentials: str) -> bool:
        expected = f"{self._account.user}:{self._account.password}".encode()
        try:
            return base64.b64decode(credentials, validate=True) == expected
        except binascii.Error:
            return False

    def _negotiate(self, scheme: str, credentials: str) -> Verdict:
        try:
            given = base64.b64decode(credentials, validate=True)
            if self._context is None or self._context.complete:
                self._context = self._begin(given)
            token = self._context.step(given)
        except (SpnegoError, ValueError, struct.error):
            self._context = None
            return _CHALLENGE
        answer = f"{scheme} {base64.b64encode(token).decode()}" if token else ""
        headers = (("WWW-Authenticate", answer),) if answer else ()
        return Verdict(self._context.complete, headers or (() if self._context.complete else _CHALLENGE.headers))

    def _begin(self, token: bytes) -> spnego.ContextProxy | _Kerberos:
        if self._account.service and b"NTLMSSP\0" not in token:
            return _Kerberos(self._account)
        options = NegotiateOptions.use_negotiate | NegotiateOptions.use_ntlm
        return spnego.server(hostname="127.0.0.1", service="http", channel_bindings=self._bindings, options=options)

    def decrypt(self, content_type: str, body: bytes) -> tuple[bytes, bool]:
        """The plain message, and whether it had been encrypted. Raises CannotDecrypt. (MS-WSMV 2.2.9.1)"""
        if not content_type.startswith("multipart/encrypted"):
            return body, False
        envelope = _ENVELOPE.match(body)
        if envelope is None or not isinstance(self._context, spnego.ContextProxy) or not self._context.complete:
            raise CannotDecrypt("not an encrypted message of an authenticated connection")
        try:
            plain = self._context.unwrap(envelope[2][4:]).data
        except SpnegoError as error:
            raise CannotDecrypt(str(error)) from error
        if len(plain) != int(envelope[1]):
            raise CannotDecrypt("the message has not the length that it says")
        return plain, True

    def encrypt(self, body: bytes) -> tuple[str, bytes]:
        """Content-Type and body of the encrypted reply (MS-WSMV 2.2.9.1.1)."""
        assert isinstance(self._context, spnego.ContextProxy)
        sealed = self._context.wrap(body).data
        parts = (
            _BOUNDARY + b"\r\n",
            f"\tContent-Type: {_PROTOCOL}\r\n".encode(),
            b"\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=%d\r\n" % len(body),
            _BOUNDARY + b"\r\n",
            b"\tContent-Type: application/octet-stream\r\n",
            struct.pack("<i", _SIGNATURE_SIZE) + sealed,
            _BOUNDARY + b"--\r\n",
        )
        return _CONTENT_TYPE, b"".join(parts)
