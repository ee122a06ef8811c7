# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates made when a test runs: checked-in ones expire."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclasses.dataclass(frozen=True)
class Minted:
    """A certificate and its key. Its ``subject`` is what certificates below it name as issuer."""

    certificate: Certificate
    key: PrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.der

    @property
    def pem(self) -> str:
        return self.certificate.parsed.public_bytes(serialization.Encoding.PEM).decode("ascii")

    @property
    def thumbprint(self) -> str:
        return self.certificate.thumbprint


def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def mint(
    subject_cn: str,
    issuer: Minted | None = None,
    key: PrivateKey | None = None,
    ca: bool = False,
    names: Iterable[str] = (),
    not_before: datetime | None = None,
    not_after: datetime | None = None,
    *,
    organization: str = "",
    serial: int | None = None,
    usages: Sequence[x509.ObjectIdentifier] | None = None,
    digital_signature: bool = True,
    extensions: bool = True,
) -> Minted:
    """A certificate for ``subject_cn``: by ``issuer``, or self-signed without one.

    A cross certificate is ``mint("New Root", issuer=old_root, key=new_root.key, ca=True)``. ``names`` are DNS names and
    IP addresses. Without dates a CA is valid from 10 years ago for 20 years, any other from 30 days ago for 365.
    ``usages`` are extended key usages (None: server authentication for a leaf, no extension for a CA).
    """
    own_key = key or ec_key()
    subject = _name(subject_cn, organization)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.parsed.subject if issuer else subject)
        .public_key(own_key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(not_before or NOW - timedelta(days=3650 if ca else 30))
        .not_valid_after(not_after or NOW + timedelta(days=3650 if ca else 335))
    )
    if extensions:
        builder = _extended(builder, own_key, ca, tuple(names), usages, digital_signature)
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer.key if issuer else own_key).public_key())
        builder = builder.add_extension(authority, critical=False)
    signed = builder.sign(issuer.key if issuer else own_key, hashes.SHA256())
    return Minted(Certificate(signed.public_bytes(serialization.Encoding.DER)), own_key)


def _name(common_name: str, organization: str) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(parts)


def _extended(
    builder: x509.CertificateBuilder,
    key: PrivateKey,
    ca: bool,
    names: tuple[str, ...],
    usages: Sequence[x509.ObjectIdentifier] | None,
    digital_signature: bool,
) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_extension(_key_usage(ca, digital_signature), critical=True)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([_general_name(name) for name in names]), False)
    wanted = usages if usages is not None else (() if ca else (ExtendedKeyUsageOID.SERVER_AUTH,))
    if wanted:
        builder = builder.add_extension(x509.ExtendedKeyUsage(list(wanted)), critical=False)
    return builder


def _key_usage(ca: bool, digital_signature: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=not ca,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)
