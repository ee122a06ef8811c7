# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which chain Schannel sends: built once, when a certificate is bound, from the stores as they are then.

CryptoAPI scores trusted paths by quality; at equal score the shortest wins (KB 2831004). Schannel takes Root and CA to
build what it sends, without the root (win32 "Certificate Stores", SCHANNEL_CRED). The chain then stays as built until
the certificate is bound again; whether that is enough or a restart is needed can be set.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from . import blob
from .keys import PrivateKey
from .options import Options
from .stores import Stores

LONGEST = 8  # certificates in a path


@dataclasses.dataclass(frozen=True)
class Credential:
    """What a TLS listener presents: DER certificates, leaf first, and the leaf's key."""

    chain: tuple[bytes, ...]
    key: PrivateKey


@functools.lru_cache(maxsize=16384)
def signed_by(child: bytes, issuer: bytes) -> bool:
    """Whether the issuer's key made the signature. One that cannot be checked here (MD2) counts by name."""
    certificate, parent = blob.parsed(child), blob.parsed(issuer)
    if certificate.issuer != parent.subject:
        return False
    try:
        certificate.verify_directly_issued_by(parent)
    except (InvalidSignature, TypeError):
        return False
    except UnsupportedAlgorithm:
        return True
    except ValueError:
        return _signed_with_sha1_by(certificate, parent)
    return True


def _signed_with_sha1_by(certificate: x509.Certificate, parent: x509.Certificate) -> bool:
    """As CA certificates of the time of VeriSign's G5 are; the library refuses to look at these."""
    key, algorithm = parent.public_key(), certificate.signature_hash_algorithm
    if not isinstance(key, rsa.RSAPublicKey) or not isinstance(algorithm, hashes.SHA1):
        return False
    try:
        key.verify(certificate.signature, certificate.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
    except InvalidSignature:
        return False
    return True


def self_signed(der: bytes) -> bool:
    return signed_by(der, der)


def paths(der: bytes, pool: list[bytes], above: tuple[bytes, ...] = ()) -> Iterator[tuple[bytes, ...]]:
    """Every way up from a certificate, to a self-signed one or to where no issuer is known; leaf first."""
    path = (*above, der)
    issuer_name = blob.parsed(der).issuer
    issuers = [each for each in pool if each not in path and blob.parsed(each).subject == issuer_name]
    issuers = [each for each in issuers if signed_by(der, each)]
    if self_signed(der) or not issuers or len(path) == LONGEST:
        yield path
        return
    for issuer in issuers:
        yield from paths(issuer, pool, path)


def valid(der: bytes, at: datetime) -> bool:
    certificate = blob.parsed(der)
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def rank(path: tuple[bytes, ...]) -> tuple[int, tuple[float, ...]]:
    """Shortest first; of equal length the one whose certificates are newer."""
    certificates: list[x509.Certificate] = [blob.parsed(der) for der in path]
    return len(path), tuple(-each.not_valid_before_utc.timestamp() for each in certificates)


class Schannel:
    """The chains of one host: ``bound_chains`` by http.sys record, ``kept_chains`` by leaf."""

    def __init__(self, stores: Stores, options: Options) -> None:
        self._stores = stores
        self._options = options
        self.bound_chains: dict[str, tuple[bytes, ...]] = {}
        self.kept_chains: dict[bytes, tuple[bytes, ...]] = {}

    def trusted_path(self, leaf: bytes, at: datetime) -> tuple[bytes, ...] | None:
        """The best path to an enabled root, its issuers valid at ``at``; an expired leaf is sent all the same."""
        roots, forbidden = set(self._stores.trusted_roots()), self._stores.disallowed()
        good = [
            path
            for path in paths(leaf, self.pool())
            if path[-1] in roots and not forbidden & set(path) and all(valid(each, at) for each in path[1:])
        ]
        return min(good, key=rank, default=None)

    def chain(self, leaf: bytes, at: datetime) -> tuple[bytes, ...]:
        """What is sent. Without a trusted path: the leaf and the intermediates that are found."""
        trusted = self.trusted_path(leaf, at)
        found = trusted or min(paths(leaf, self.pool()), key=rank)
        return (leaf, *(each for each in found[1:] if not self_signed(each)))

    def bind(self, selector: str, leaf: bytes, at: datetime) -> None:
        if self._options.schannel_keeps_chain_until_restart and leaf in self.kept_chains:
            self.bound_chains[selector] = self.kept_chains[leaf]
            return
        self.bound_chains[selector] = self.kept_chains[leaf] = self.chain(leaf, at)

    def release(self, selector: str) -> None:
        self.bound_chains.pop(selector, None)

    def forget(self) -> None:
        """A restart of the server: every chain is built again when its record is next used."""
        self.bound_chains.clear()
        self.kept_chains.clear()

    def bound(self, selector: str) -> tuple[bytes, ...] | None:
        return self.bound_chains.get(selector)

    def dump(self) -> list[tuple[str, tuple[bytes, ...]]]:
        return sorted(self.bound_chains.items())

    def pool(self) -> list[bytes]:
        """Where issuers are looked for."""
        entries = [*self._stores.logical("CA"), *self._stores.logical("Root")]
        return list(dict.fromkeys(entry.der for entry in entries))
