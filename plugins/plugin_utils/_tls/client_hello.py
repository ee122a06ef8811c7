# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two hellos of a look, made by hand: one up to TLS 1.2, where the chain comes in clear, and one for TLS 1.3."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections.abc import Iterable, Mapping

from .._errors import TlsOpsError

# What Schannel accepts from Server 2003 (RC4 and 3DES under TLS 1.0; AES by KB948963) to Server 2025 (Microsoft docs,
# "Cipher Suites in TLS/SSL (Schannel SSP)"), best first; the names are those of the IANA registry without TLS_.
_CIPHER_SUITES = (
    0xC02C,  # ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    0xC02B,  # ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
    0xC030,  # ECDHE_RSA_WITH_AES_256_GCM_SHA384
    0xC02F,  # ECDHE_RSA_WITH_AES_128_GCM_SHA256
    0x009F,  # DHE_RSA_WITH_AES_256_GCM_SHA384
    0x009E,  # DHE_RSA_WITH_AES_128_GCM_SHA256
    0xC024,  # ECDHE_ECDSA_WITH_AES_256_CBC_SHA384
    0xC023,  # ECDHE_ECDSA_WITH_AES_128_CBC_SHA256
    0xC028,  # ECDHE_RSA_WITH_AES_256_CBC_SHA384
    0xC027,  # ECDHE_RSA_WITH_AES_128_CBC_SHA256
    0xC00A,  # ECDHE_ECDSA_WITH_AES_256_CBC_SHA
    0xC009,  # ECDHE_ECDSA_WITH_AES_128_CBC_SHA
    0xC014,  # ECDHE_RSA_WITH_AES_256_CBC_SHA
    0xC013,  # ECDHE_RSA_WITH_AES_128_CBC_SHA
    0x0039,  # DHE_RSA_WITH_AES_256_CBC_SHA
    0x0033,  # DHE_RSA_WITH_AES_128_CBC_SHA
    0x009D,  # RSA_WITH_AES_256_GCM_SHA384
    0x009C,  # RSA_WITH_AES_128_GCM_SHA256
    0x003D,  # RSA_WITH_AES_256_CBC_SHA256
    0x003C,  # RSA_WITH_AES_128_CBC_SHA256
    0x0035,  # RSA_WITH_AES_256_CBC_SHA
    0x002F,  # RSA_WITH_AES_128_CBC_SHA
    0x000A,  # RSA_WITH_3DES_EDE_CBC_SHA
    0x0005,  # RSA_WITH_RC4_128_SHA
    0x0004,  # RSA_WITH_RC4_128_MD5
)

# Schannel leaves out, or refuses, a certificate whose chain is signed by what the client does not name: all are named.
_SIGNATURE_ALGORITHMS = (
    *(0x0403, 0x0503, 0x0603),  # ECDSA with SHA-256, -384, -512
    *(0x0804, 0x0805, 0x0806, 0x0809, 0x080A, 0x080B),  # RSA-PSS
    *(0x0401, 0x0501, 0x0601, 0x0301),  # RSA PKCS#1 with SHA-256, -384, -512, -224
    *(0x0203, 0x0201, 0x0202, 0x0101),  # SHA-1 with ECDSA, RSA, DSA; MD5 with RSA
)
TLS13_SUITES = (0x1302, 0x1301, 0x1303)  # AES_256_GCM_SHA384, AES_128_GCM_SHA256, CHACHA20_POLY1305_SHA256
_GROUPS = (0x001D, 0x0017, 0x0018, 0x0019)  # x25519, P-256, P-384, P-521

# No real host is called so: http.sys gives an exact host name precedence over a wildcard one.
_UNLIKELY_LABEL = "tlsops-look"


def sni_name(host: str | None) -> str | None:
    """The host name to send in SNI, or None.

    An IP address is never sent (RFC 6066 section 3); for a wildcard binding (``*.example.com``) a name below it is made
    up; names that are not ASCII become A-labels. Raises TlsOpsError for what can be no host name.
    """
    if not host or _is_address(host):
        return None
    name = _UNLIKELY_LABEL + host[1:] if host.startswith("*.") else host
    try:
        ascii_name = name.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError as error:
        raise TlsOpsError(f"{host!r} cannot be sent as a server name: {error}.") from error
    if not ascii_name or len(ascii_name) > 253 or any(ord(each) <= 0x20 or ord(each) == 0x7F for each in ascii_name):
        raise TlsOpsError(f"{host!r} cannot be sent as a server name: it is no host name.")
    return ascii_name


def client_hello(server_name: str | None = None, key_shares: Mapping[int, bytes] | None = None) -> bytes:
    """One TLS record that offers TLS 1.0 to 1.2 without resumption (RFC 5246 section 7.4.1.2).

    With ``key_shares`` (group number to public key) it offers TLS 1.3 and nothing else (RFC 8446 section 4.1.2).
    Raises TlsOpsError for a ``server_name`` that can be no host name.
    """
    body = b"".join(
        (
            b"\x03\x03",
            os.urandom(32),
            # Up to 1.2 a session id could make the server resume, and send no certificate; in 1.3 it means nothing, and
            # is sent because everybody does (RFC 8446 appendix D.4).
            _vector("B", os.urandom(32) if key_shares else b""),
            _vector("H", _numbers(TLS13_SUITES if key_shares else _CIPHER_SUITES)),
            _vector("B", b"\x00"),  # no compression
            _vector("H", _extensions(sni_name(server_name), key_shares)),
        )
    )
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + _vector("H", message)  # the record says 3.1: old servers expect it (RFC 5246 appendix E.1)


def _extensions(server_name: str | None, key_shares: Mapping[int, bytes] | None) -> bytes:
    """Without key shares there is no supported_versions either, so that no server goes on to TLS 1.3."""
    extensions = [
        (0x000A, _vector("H", _numbers(_GROUPS))),
        (0x000D, _vector("H", _numbers(_SIGNATURE_ALGORITHMS))),
    ]
    if server_name is not None:
        extensions.insert(0, (0x0000, _vector("H", b"\x00" + _vector("H", server_name.encode("ascii")))))
    if key_shares is None:
        extensions.append((0x000B, _vector("B", b"\x00")))  # uncompressed points
        extensions.append((0xFF01, _vector("B", b"")))  # RFC 5746: a patched server may insist on it
    else:
        shares = b"".join(_numbers([group]) + _vector("H", share) for group, share in key_shares.items())
        extensions.append((0x002B, _vector("B", b"\x03\x04")))
        extensions.append((0x0033, _vector("H", shares)))
    return b"".join(_numbers([kind]) + _vector("H", data) for kind, data in extensions)


def _vector(length_format: str, data: bytes) -> bytes:
    return struct.pack(">" + length_format, len(data)) + data


def _numbers(values: Iterable[int]) -> bytes:
    return b"".join(struct.pack(">H", value) for value in values)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
