# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps a certificate from serving TLS, found before anything is touched."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import datetime

from .._cryptography import ExtendedKeyUsageOID, UnsupportedAlgorithm, ec, hashes, rsa, x509
from .._errors import TlsOpsError
from .certificate import Certificate

RSA_BITS = 2048
CURVES = ("secp256r1", "secp384r1", "secp521r1")  # those Schannel has
_WEAK = (hashes.MD5, hashes.SHA1)
_AGAIN = "Ask the CA to issue it again"
_NEW_REQUEST = (
    "Make a new request (certificate_request makes a key that is good enough), and ask the CA for a certificate for it."
)


@dataclasses.dataclass(frozen=True)
class Flaw:
    """``what`` is the end of a sentence about the certificate, ``todo`` a sentence: what to do about it.

    ``by_clock``: it is one only by the clock that was asked.
    """

    what: str
    todo: str
    by_clock: bool = False


def server_flaws(leaf: Certificate, at: datetime) -> tuple[Flaw, ...]:
    """Why the certificate cannot be a server's at that moment; none is good."""
    return (*_validity(leaf, at), *_key(leaf), *_signature(leaf), *_usage(leaf), *_names(leaf))


def server_problems(leaf: Certificate, at: datetime) -> tuple[str, ...]:
    """The same, each as the end of a sentence about it."""
    return tuple(each.what for each in server_flaws(leaf, at))


def unreadable(certificate: Certificate) -> str:
    """Why a field of the certificate cannot be read, which a library finds out only when asked; empty where all can."""
    try:
        _compared = certificate.subject, certificate.issuer, certificate.not_before, certificate.not_after
        _shown = certificate.subject_text, certificate.issuer_text, certificate.label, certificate.public_key
    except TlsOpsError as error:
        return error.message.rstrip(".")
    except ValueError as error:
        return f"a certificate with a field that cannot be read: {error}"
    return ""


def _validity(leaf: Certificate, at: datetime) -> Iterator[Flaw]:
    clock = f"the server's clock says {at:%Y-%m-%d %H:%M} UTC"
    if at < leaf.not_before:
        yield Flaw(
            f"is valid only from {leaf.not_before:%Y-%m-%d %H:%M} UTC ({clock})",
            "Wait until then; where the server's clock is wrong, set it right ('w32tm /resync').",
            by_clock=True,
        )
    if at > leaf.not_after:
        yield Flaw(
            f"expired on {leaf.not_after:%Y-%m-%d %H:%M} UTC ({clock})",
            "Take the newest certificate, or ask the CA for a new one; where the server's clock is wrong, set it right "
            "('w32tm /resync').",
            by_clock=True,
        )


def _key(leaf: Certificate) -> Iterator[Flaw]:
    try:
        key = leaf.parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_BITS:
            yield Flaw(f"has an RSA key of {key.key_size} bits; {RSA_BITS} are needed", _NEW_REQUEST)
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in CURVES:
            yield Flaw(f"has a key on the curve {key.curve.name}; P-256, P-384 or P-521 is needed", _NEW_REQUEST)
    else:
        yield Flaw("has a key that is neither RSA nor ECDSA: Windows cannot serve TLS with it", _NEW_REQUEST)


def _signature(leaf: Certificate) -> Iterator[Flaw]:
    todo = f"{_AGAIN}, signed with SHA-256 or better."
    try:
        algorithm = leaf.parsed.signature_hash_algorithm
    except UnsupportedAlgorithm:  # MD2, and older
        yield Flaw("is signed with an algorithm that is no longer accepted", todo)
        return
    if isinstance(algorithm, _WEAK):
        yield Flaw(f"is signed with {algorithm.name.upper()}, which clients refuse", todo)


def _usage(leaf: Certificate) -> Iterator[Flaw]:
    if leaf.is_ca:
        yield Flaw("is a CA certificate", f"{_AGAIN}, as a server's certificate.")
    extended = leaf.extension(x509.ExtendedKeyUsage)
    accepted = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE)
    if isinstance(extended, x509.ExtendedKeyUsage) and not any(each in extended for each in accepted):
        yield Flaw(
            "is not for server authentication (extended key usage)",
            f"{_AGAIN}, for server authentication (its product or template is for TLS servers).",
        )
    usage = leaf.extension(x509.KeyUsage)
    if isinstance(usage, x509.KeyUsage) and not (usage.digital_signature or usage.key_encipherment):
        yield Flaw(
            "has a key usage without digital signature and key encipherment",
            f"{_AGAIN}, with the key usage digital signature.",
        )


def _names(leaf: Certificate) -> Iterator[Flaw]:
    """A client looks for the host in the subject alternative name and nowhere else (RFC 9525, section 6.1)."""
    names = leaf.extension(x509.SubjectAlternativeName)
    if not isinstance(names, x509.SubjectAlternativeName) or not (leaf.dns_names or leaf.ip_addresses):
        yield Flaw(
            "has no host in a subject alternative name (SAN): browsers ignore the common name",
            f"{_AGAIN}, with every host name as a DNS name in the SAN.",
        )
