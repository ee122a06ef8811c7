# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One flight of TLS 1.3, where the certificates are encrypted: enough of RFC 8446 to read them, and no more.

Python's ssl cannot take the place of this: an SSLObject reads one answer only, whereas a look may be repeated with the
same bytes; it sends one key share, so that a server may ask for another; and before 3.13 it hides the peer's chain.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import hmac
from collections.abc import Iterator
from typing import Protocol

from .._cryptography import (
    AESGCM,
    ChaCha20Poly1305,
    Encoding,
    InvalidTag,
    PublicFormat,
    UnsupportedAlgorithm,
    ec,
    x25519,
)
from .client_hello import client_hello
from .flight import CERTIFICATE, Flight, Malformed, certificates, messages, parse_flight, records

_APPLICATION_DATA = 23
_KEY_SHARE = 51

_X25519 = 0x001D
_CURVES: dict[int, ec.EllipticCurve] = {0x0017: ec.SECP256R1(), 0x0018: ec.SECP384R1()}

# Number in the IANA registry -> cipher, length of its key in bytes, hash of the key schedule (RFC 8446 appendix B.4).
_SUITES: dict[int, tuple[type[AESGCM] | type[ChaCha20Poly1305], int, str]] = {
    0x1301: (AESGCM, 16, "sha256"),
    0x1302: (AESGCM, 32, "sha384"),
    0x1303: (ChaCha20Poly1305, 32, "sha256"),
}


class _Share(Protocol):
    """One ephemeral key of the client."""

    @property
    def public(self) -> bytes: ...

    def secret(self, peer: bytes) -> bytes:
        """Raises ValueError for what is no point of the group."""


class _X25519Share:
    def __init__(self) -> None:
        self._key = x25519.X25519PrivateKey.generate()

    @property
    def public(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    def secret(self, peer: bytes) -> bytes:
        return self._key.exchange(x25519.X25519PublicKey.from_public_bytes(peer))


class _CurveShare:
    def __init__(self, curve: ec.EllipticCurve) -> None:
        self._key = ec.generate_private_key(curve)

    @property
    def public(self) -> bytes:
        return self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def secret(self, peer: bytes) -> bytes:
        return self._key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(self._key.curve, peer))


class Tls13:
    """A client's hello with its ephemeral keys, and the reading of any number of answers to it.

    That the server holds the certificate's key is not checked here, no more than in a flight up to TLS 1.2.
    """

    def __init__(self, server_name: str | None) -> None:
        """Raises TlsOpsError for a server name that can be no host name."""
        self._shares = _shares()
        self.hello = client_hello(server_name, {group: share.public for group, share in self._shares.items()})

    def read(self, data: bytes) -> Flight:
        """Never raises."""
        clear = parse_flight(data)  # hello, alert or retry: the part that is not encrypted
        if clear.protocol != "TLS 1.3" or clear.retry:
            problem = clear.problem or f"the server chose {clear.protocol}"
            return dataclasses.replace(clear, certificates=(), problem=problem)
        try:
            found = self._certificates(clear, data)
        except Malformed as error:
            return dataclasses.replace(clear, certificates=(), problem=str(error))
        return dataclasses.replace(clear, certificates=found, problem="")

    def _certificates(self, clear: Flight, data: bytes) -> tuple[bytes, ...]:
        for kind, body in messages(_opened(*self._keys(clear), data)):
            if kind == CERTIFICATE:
                context = body[0] if body else 0
                return certificates(body[1 + context :], extensions=True)
        raise Malformed(clear.problem)

    def _keys(self, clear: Flight) -> tuple[AESGCM | ChaCha20Poly1305, bytes]:
        """The cipher and the IV of the server's handshake traffic (RFC 8446 section 7.1)."""
        group, peer = clear.extensions.get(_KEY_SHARE, b"")[:2], clear.extensions.get(_KEY_SHARE, b"")[4:]
        share = self._shares.get(int.from_bytes(group, "big"))
        if clear.cipher not in _SUITES or share is None:
            raise Malformed("the server chose a cipher suite or a key share that was not offered")
        try:
            shared = share.secret(peer)
        except ValueError as error:
            raise Malformed("the server's key share is malformed") from error
        cipher, length, name = _SUITES[clear.cipher]
        empty = hashlib.new(name).digest()
        early = _extract(name, bytes(len(empty)), bytes(len(empty)))
        handshake = _extract(name, _expand(name, early, b"derived", empty, len(empty)), shared)
        transcript = hashlib.new(name, self.hello[5:] + clear.hello).digest()
        traffic = _expand(name, handshake, b"s hs traffic", transcript, len(empty))
        return cipher(_expand(name, traffic, b"key", b"", length)), _expand(name, traffic, b"iv", b"", 12)


def _shares() -> dict[int, _Share]:
    """One for each group Schannel has by default (Microsoft docs, "TLS Elliptic Curves"), so that none asks again."""
    shares: dict[int, _Share] = {group: _CurveShare(curve) for group, curve in _CURVES.items()}
    with contextlib.suppress(UnsupportedAlgorithm):  # a controller in FIPS mode
        shares[_X25519] = _X25519Share()
    return shares


def _opened(cipher: AESGCM | ChaCha20Poly1305, iv: bytes, data: bytes) -> Iterator[tuple[int, bytes]]:
    """Inner type and content of each protected record (RFC 8446 section 5.2). Raises Malformed."""
    protected = (body for kind, body in records(data) if kind == _APPLICATION_DATA)
    for number, body in enumerate(protected):
        nonce = (int.from_bytes(iv, "big") ^ number).to_bytes(12, "big")
        header = bytes([_APPLICATION_DATA, 3, 3]) + len(body).to_bytes(2, "big")
        try:
            inner = cipher.decrypt(nonce, body, header).rstrip(b"\x00")
        except (InvalidTag, ValueError) as error:
            raise Malformed("the answer is cut off or damaged: it cannot be decrypted") from error
        if inner:
            yield inner[-1], inner[:-1]


def _extract(name: str, salt: bytes, secret: bytes) -> bytes:
    return hmac.digest(salt, secret, name)


def _expand(name: str, secret: bytes, label: bytes, context: bytes, length: int) -> bytes:
    """HKDF-Expand-Label; every length needed here fits into one block of the hash."""
    text = b"tls13 " + label
    info = length.to_bytes(2, "big") + bytes([len(text)]) + text + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\x01", name)[:length]
