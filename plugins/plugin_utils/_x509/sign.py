# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate from a certificate signing request (CSR), by a certificate authority (CA) of one's own (RFC 5280).

Of the request only the key, the subject and the hosts are taken over. Everything else is the CA's to say.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from datetime import datetime, timedelta

from .._cryptography import ExtendedKeyUsageOID, UnsupportedAlgorithm, ec, hashes, rsa, serialization, x509
from .._errors import TlsOpsError
from .certificate import Certificate
from .checks import CURVES, RSA_BITS
from .constraints import forbidden
from .leaf import labels
from .request import SigningRequest, server_usage

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_SKEW = timedelta(minutes=5)  # a server's clock may be a little behind


@dataclasses.dataclass(frozen=True)
class Authority:
    """A CA's certificate with its key; ``chain`` are further certificates for the answer."""

    certificate: Certificate
    key: PrivateKey = dataclasses.field(repr=False)
    chain: tuple[Certificate, ...] = ()


def certificates_of(data: bytes) -> tuple[Certificate, ...]:
    """The certificates of a file of a CA's own, PEM or DER, in order; at least one. Raises TlsOpsError."""
    try:
        if data[:1] == b"\x30":
            return (Certificate(x509.load_der_x509_certificate(data).public_bytes(serialization.Encoding.DER)),)
        found = x509.load_pem_x509_certificates(data)
    except ValueError as error:
        raise TlsOpsError(
            "the file with the CA's certificate holds none that can be read, in PEM or DER form.",
            hint="A certificate in PEM form begins with -----BEGIN CERTIFICATE-----.",
        ) from error
    return tuple(Certificate(one.public_bytes(serialization.Encoding.DER)) for one in found)


def private_key(data: bytes, passphrase: bytes = b"") -> PrivateKey:
    """The CA's key from its file (PEM). Raises TlsOpsError that says nothing of what is in the file."""
    try:
        key = serialization.load_pem_private_key(data, passphrase or None)
    except TypeError:  # the library's way to say that there is a passphrase too many, or none
        problem = (
            "is not encrypted: leave its passphrase out" if passphrase else "is encrypted: its passphrase is needed"
        )
        raise TlsOpsError(f"the CA's key {problem}.", hint="Check ca_key_passphrase.") from None
    except (ValueError, UnsupportedAlgorithm):
        problem = "its passphrase is wrong, or the file is damaged" if passphrase else "the file holds none in PEM form"
        raise TlsOpsError(
            f"the CA's key cannot be read: {problem}.",
            hint="ca_key_path names a file in PEM form; it may be encrypted, or be an Ansible Vault file.",
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TlsOpsError("the CA's key is neither RSA nor ECDSA: Windows cannot check what it signs.")
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < RSA_BITS:
        raise TlsOpsError(f"the CA's key has {key.key_size} bits; {RSA_BITS} are needed.")
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name not in CURVES:
        raise TlsOpsError(f"the CA's key is on the curve {key.curve.name}: Windows cannot check what it signs.")
    return key


def key_of(key: PrivateKey) -> bytes:
    """The public part (SubjectPublicKeyInfo, DER), to compare with a certificate's."""
    return key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def check_authority(authority: Authority, now: datetime) -> None:
    """Raises TlsOpsError where the certificate is no CA's, does not belong to the key, or is not valid now."""
    certificate = authority.certificate
    problems = []
    if not certificate.is_ca:
        problems.append("is not a CA's (basic constraints)")
    usage = certificate.extension(x509.KeyUsage)
    if isinstance(usage, x509.KeyUsage) and not usage.key_cert_sign:
        problems.append("is not for signing certificates (key usage)")
    extended = certificate.extension(x509.ExtendedKeyUsage)
    accepted = {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if isinstance(extended, x509.ExtendedKeyUsage) and not accepted & set(extended):
        problems.append("is not for server authentication (extended key usage)")
    if certificate.public_key != key_of(authority.key):
        problems.append("does not belong to the CA's key")
    if now < certificate.not_before:
        problems.append(f"is valid only from {certificate.not_before:%Y-%m-%d %H:%M} UTC")
    if now >= certificate.not_after:
        problems.append(f"expired on {certificate.not_after:%Y-%m-%d %H:%M} UTC")
    if problems:
        raise TlsOpsError(
            f"the CA's certificate {labels([certificate])} {', and '.join(problems)}.",
            hint="Nothing was signed. Check ca_certificate_path and ca_key_path.",
        )


def check_hosts(authority: Authority, hosts: Collection[str]) -> None:
    """Raises TlsOpsError where the CA, or one above it, must not sign for one of the hosts (name constraints)."""
    for one in (authority.certificate, *authority.chain):
        others = forbidden(one, hosts)
        if others:
            raise TlsOpsError(
                f"the name constraints of the CA's certificate {labels([one])} do not allow {', '.join(others)}: no "
                "client would accept it.",
                hint="Nothing was signed.",
            )


def signed(request: SigningRequest, authority: Authority, now: datetime, *, days: int, serial: int) -> Certificate:
    """A web server's certificate for a request that is ``signable``.

    It is valid for ``days``, at most as long as the CA's own. ``now`` is aware. ``serial`` is positive and has at most
    159 bits, from a good source of random numbers.
    """
    issuer = authority.certificate.parsed
    end = now + timedelta(days=days)
    builder = (
        x509.CertificateBuilder()
        .subject_name(request.subject)
        .issuer_name(issuer.subject)
        .public_key(request.parsed.public_key())
        .serial_number(serial)
        .not_valid_before(max(now - _SKEW, authority.certificate.not_before))
        .not_valid_after(min(end, authority.certificate.not_after))
    )
    for extension, critical in _extensions(request, authority):
        builder = builder.add_extension(extension, critical)
    made = builder.sign(authority.key, _hash_for(authority.key))
    return Certificate(made.public_bytes(serialization.Encoding.DER))


def _extensions(request: SigningRequest, authority: Authority) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    names = request.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    key = request.parsed.public_key()
    return (
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (server_usage(rsa_key=isinstance(key, rsa.RSAPublicKey)), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        # Without a subject the names are all that says whose certificate it is (RFC 5280, section 4.2.1.6).
        (x509.SubjectAlternativeName(list(names)), not list(request.subject)),
        (x509.SubjectKeyIdentifier.from_public_key(key), False),
        (_issuer_identifier(authority), False),
    )


def _issuer_identifier(authority: Authority) -> x509.AuthorityKeyIdentifier:
    own = authority.certificate.extension(x509.SubjectKeyIdentifier)
    if isinstance(own, x509.SubjectKeyIdentifier):
        return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own)
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())


def _hash_for(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """As strong as the key (RFC 5480, section 4)."""
    if isinstance(key, rsa.RSAPrivateKey) or key.key_size <= 256:
        return hashes.SHA256()
    return hashes.SHA384() if key.key_size <= 384 else hashes.SHA512()


def answer_of(leaf: Certificate, authority: Authority) -> str:
    """The leaf and what is above it, in PEM, each once. A self-signed one is left out: no root comes from an answer."""
    above = [one for one in (authority.certificate, *authority.chain) if not one.self_signed]
    ordered = {one.der: one for one in (leaf, *above)}.values()
    return "".join(one.parsed.public_bytes(serialization.Encoding.PEM).decode("ascii") for one in ordered)
