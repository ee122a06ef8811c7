# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What X509Chain says of a certificate: X509ChainStatusFlags, without revocation check and without the network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec

from . import blob
from .errors import CRYPT_E_NO_MATCH, cryptographic
from .schannel import paths, rank, signed_by, valid

if TYPE_CHECKING:
    from .host import Host

NOT_TIME_VALID = 1
NOT_SIGNATURE_VALID = 8
UNTRUSTED_ROOT = 32
PARTIAL_CHAIN = 65536
SHA2 = {"sha256", "sha384", "sha512"}


def status(host: Host, der: bytes) -> int:
    """All flags of the best path together. Raises CRYPT_E_NO_MATCH for what is no certificate, as .NET does."""
    try:
        blob.parsed(der)
    except ValueError:
        raise cryptographic(CRYPT_E_NO_MATCH, "Cannot find the requested object.") from None
    path, flags = _path(host, der), 0
    if not all(valid(each, host.clock.now()) for each in path):
        flags |= NOT_TIME_VALID
    for child, issuer in zip(path, (*path[1:], path[-1]), strict=True):
        flags |= _signature(host, child, issuer)
    if not _self_issued(path[-1]):
        return flags | PARTIAL_CHAIN
    return flags if path[-1] in host.stores.trusted_roots() else flags | UNTRUSTED_ROOT


def _path(host: Host, der: bytes) -> tuple[bytes, ...]:
    """To a trusted root where there is a way, else the shortest; by name alone where no issuer's key fits."""
    trusted = host.schannel.trusted_path(der, host.clock.now())
    path = trusted or min(paths(der, host.schannel.pool()), key=rank)
    if _self_issued(path[-1]):
        return path
    named = [each for each in host.schannel.pool() if blob.parsed(each).subject == blob.parsed(path[-1]).issuer]
    return (*path, *_path(host, named[0])) if named and named[0] not in path else path


def _signature(host: Host, child: bytes, issuer: bytes) -> int:
    """Where the issuer is missing there is nothing to check. SHA-2 is known from KB938397 and KB968730 on, ECDSA from
    Vista on; how X509Chain shows a SHA-2 signature that it does not know no source says (``sha2_status``)."""
    if child == issuer and not _self_issued(child):
        return 0
    algorithm = blob.parsed(child).signature_hash_algorithm
    if not host.product.cng and isinstance(blob.parsed(issuer).public_key(), ec.EllipticCurvePublicKey):
        return NOT_SIGNATURE_VALID
    if not host.options.sha2 and algorithm is not None and algorithm.name in SHA2:
        return host.options.sha2_status
    return 0 if signed_by(child, issuer) else NOT_SIGNATURE_VALID


def _self_issued(der: bytes) -> bool:
    return blob.parsed(der).subject == blob.parsed(der).issuer
