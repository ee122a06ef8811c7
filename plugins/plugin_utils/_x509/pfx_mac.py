# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The MAC of a PFX, made anew with as many rounds as its encryption has.

cryptography writes it with 1 round (version 42) or 2,048 (newer), whatever ``kdf_rounds`` says: who wants to guess the
password would then try it on the MAC, and the rounds of the encryption would protect nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import os

from .der import INTEGER, OCTET_STRING, SEQUENCE, children, octets, read
from .pfx_structure import authenticated

_DIGESTS = {"sha1": bytes.fromhex("06052b0e03021a"), "sha256": bytes.fromhex("0609608648016503040201")}
_BLOCK = 64  # bytes, of SHA-1 and SHA-256 alike
_MAC_KEY = b"\x03"  # what the derived bytes are for (RFC 7292 appendix B.3)
_NULL = b"\x05\x00"
_MOST_ROUNDS = 5_000_000  # some seconds; nobody writes more


def with_mac(pfx: bytes, password: str, digest: str, rounds: int) -> bytes:
    """The same PFX (as cryptography writes it: DER, password integrity) with a new MAC.

    ``digest`` is sha1 or sha256. RFC 7292 section 4 has the structure.
    """
    version, safe, *_old_mac = children(read(pfx).content)
    salt = os.urandom(16)
    mac = hmac.digest(_derive(password, salt, digest, rounds), authenticated(pfx), digest)
    info = _tlv(SEQUENCE, _tlv(SEQUENCE, _DIGESTS[digest] + _NULL) + _tlv(OCTET_STRING, mac))
    count = rounds.to_bytes(rounds.bit_length() // 8 + 1, "big")
    mac_data = _tlv(SEQUENCE, info + _tlv(OCTET_STRING, salt) + _tlv(INTEGER, count))
    return _tlv(SEQUENCE, version.raw + safe.raw + mac_data)


def mac_holds(pfx: bytes, password: str) -> bool | None:
    """Whether the password is the one of the PFX's MAC; None where it has none, or one of a kind not known here."""
    try:
        found = _mac_of(pfx)
        if found is None:
            return None
        digest, wanted, salt, rounds = found
        derived = _derive(password, salt, digest, rounds)
        return hmac.compare_digest(hmac.digest(derived, authenticated(pfx), digest), wanted)
    except (ValueError, IndexError):
        return None


def _mac_of(pfx: bytes) -> tuple[str, bytes, bytes, int] | None:
    """Digest, MAC, salt and rounds. Raises ValueError where the structure is another one."""
    _version, _safe, mac_data = children(read(pfx).content)
    info, salt, *count = children(mac_data.content)
    algorithm, mac = children(info.content)
    kind = children(algorithm.content)[0].raw
    digest = next((name for name, oid in _DIGESTS.items() if kind == oid), "")
    rounds = int.from_bytes(count[0].content, "big") if count else 1
    if not digest or not 1 <= rounds <= _MOST_ROUNDS:
        return None
    return digest, octets(mac), octets(salt), rounds


def _derive(password: str, salt: bytes, digest: str, rounds: int) -> bytes:
    """RFC 7292 appendix B.2, for a key as long as the hash: one block, so that step 6 never adds anything."""
    secret = password.encode("utf-16-be") + b"\x00\x00"
    derived = _MAC_KEY * _BLOCK + _filled(salt) + _filled(secret)
    for _other in range(rounds):
        derived = hashlib.new(digest, derived, usedforsecurity=False).digest()
    return derived


def _filled(data: bytes) -> bytes:
    """Repeated up to a whole number of blocks."""
    length = -(-len(data) // _BLOCK) * _BLOCK
    return (data * (length // len(data) + 1))[:length]


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content
