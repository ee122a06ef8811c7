# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certification authorities of a scenario, made when it starts: nobody can sign below the real ones.

``plain`` is a root and an intermediate. ``cross`` has the shape of VeriSign's G5: an old root, a newer self-signed
root, a cross certificate with the newer root's subject and key signed by the old one, and the intermediate under
that key.
"""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import ClassVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
Days = tuple[float, float]  # from, to: relative to the scenario's clock

VALIDITY: dict[str, Days] = {
    "root": (-3650, 3650),
    "old_root": (-7300, 1800),
    "new_root": (-3650, 5400),
    "cross": (-1500, 1500),
    "intermediate": (-1000, 2000),
}


class KeyPool:
    """Keys of one scenario, each different. RSA keys take time: the same ones serve every scenario of a process."""

    _rsa: ClassVar[dict[tuple[int, int], rsa.RSAPrivateKey]] = {}

    def __init__(self) -> None:
        self._taken = 0

    def make(self, kind: str = "ecdsa-p256") -> PrivateKey:
        """``rsa-2048`` and other sizes, ``ecdsa-p256``, ``ecdsa-p384``."""
        if kind.startswith("rsa-"):
            self._taken += 1
            bits = int(kind.removeprefix("rsa-"))
            if (self._taken, bits) not in self._rsa:
                self._rsa[self._taken, bits] = rsa.generate_private_key(65537, bits)
            return self._rsa[self._taken, bits]
        return ec.generate_private_key({"ecdsa-p256": ec.SECP256R1(), "ecdsa-p384": ec.SECP384R1()}[kind])


@dataclasses.dataclass(frozen=True)
class Issued:
    certificate: x509.Certificate
    key: PrivateKey


class Authority:
    """``certificates`` by role: root or old_root, new_root and cross; intermediate."""

    def __init__(
        self,
        name: str,
        shape: str,
        now: datetime,
        pool: KeyPool,
        *,
        key: str = "ecdsa-p256",
        validity: dict[str, Days] | None = None,
        subjects: dict[str, str] | None = None,
    ) -> None:
        """``subjects`` are other names by role (RFC 4514); the cross certificate has that of ``new_root``."""
        self.name = name
        self._subjects = {role: x509.Name.from_rfc4514_string(text) for role, text in (subjects or {}).items()}
        self._now = now
        self._days = {**VALIDITY, **(validity or {})}
        self.certificates: dict[str, Issued] = {}
        {"plain": self._plain, "cross": self._cross}[shape](lambda: pool.make(key))

    def issue(self, public_key: PublicKey, names: list[str], days: Days) -> x509.Certificate:
        """A server certificate for a CSR's or a known key; the first name is the common name."""
        subject = _name(f"{names[0]}", "Example Company")
        issuer = self.certificates["intermediate"]
        builder = self._builder(subject, issuer.certificate.subject, public_key, days)
        builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        alternative = x509.SubjectAlternativeName([_general(name) for name in names])
        builder = builder.add_extension(alternative, critical=False)
        usage = _usage(digital_signature=True, key_encipherment=isinstance(public_key, rsa.RSAPublicKey))
        return self._sign(builder.add_extension(usage, critical=True), issuer)

    def sign(self, request: str | bytes, days: Days = (-1, 396)) -> x509.Certificate:
        """The answer to a request in PEM: its key and its names, the CA's own idea of everything else.

        Raises ValueError where the request is not signed by its key, or has no names.
        """
        csr = x509.load_pem_x509_csr(request.encode() if isinstance(request, str) else request)
        key = csr.public_key()
        if not isinstance(key, PublicKey) or not _signed_by_its_key(csr):
            raise ValueError("the request is not signed by its key")
        try:
            names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            raise ValueError("the request has no names") from None
        wanted = [*names.get_values_for_type(x509.DNSName), *map(str, names.get_values_for_type(x509.IPAddress))]
        return self.issue(key, wanted, days)

    def chain(self) -> list[x509.Certificate]:
        """What the CA sends along: the intermediate, and the cross certificate where there is one."""
        roles = ("intermediate", "cross")
        return [self.certificates[role].certificate for role in roles if role in self.certificates]

    def root(self) -> x509.Certificate:
        """The root that the CA's instructions lead to: the old one where there is a cross certificate."""
        return self.certificates["old_root" if "old_root" in self.certificates else "root"].certificate

    def _plain(self, make: Callable[[], PrivateKey]) -> None:
        self._root("root", f"{self.name} Root CA", make())
        self._below("intermediate", f"{self.name} Server CA", make(), "root")

    def _cross(self, make: Callable[[], PrivateKey]) -> None:
        newer = make()
        primary = f"{self.name} Class 3 Public Primary CA"
        self._root("old_root", f"{primary} - G1", make())
        self._root("new_root", f"{primary} - G5", newer)
        self._below("cross", f"{primary} - G5", newer, "old_root")
        self._below("intermediate", f"{self.name} Class 3 Secure Server CA - G4", make(), "new_root")

    def _root(self, role: str, common_name: str, key: PrivateKey) -> None:
        name = self._subjects.get(role) or _name(common_name, self.name)
        builder = self._ca(self._builder(name, name, key.public_key(), self._days[role]), None)
        self.certificates[role] = Issued(builder.sign(key, hashes.SHA256()), key)

    def _below(self, role: str, common_name: str, key: PrivateKey, issuer: str) -> None:
        above = self.certificates[issuer]
        subject = self._subjects.get("new_root" if role == "cross" else role) or _name(common_name, self.name)
        names = subject, above.certificate.subject
        length = 0 if role == "intermediate" else None
        builder = self._ca(self._builder(*names, key.public_key(), self._days[role]), length)
        self.certificates[role] = Issued(self._sign(builder, above), key)

    def _builder(
        self, subject: x509.Name, issuer: x509.Name, public_key: PublicKey, days: Days
    ) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public_key)
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(self._now + timedelta(days=days[0]))
        builder = builder.not_valid_after(self._now + timedelta(days=days[1]))
        return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)

    @staticmethod
    def _ca(builder: x509.CertificateBuilder, path_length: int | None) -> x509.CertificateBuilder:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        return builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)

    @staticmethod
    def _sign(builder: x509.CertificateBuilder, issuer: Issued) -> x509.Certificate:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        return builder.add_extension(identifier, critical=False).sign(issuer.key, hashes.SHA256())


def pending_dummy(key: PrivateKey, common_name: str, now: datetime) -> x509.Certificate:
    """The self-signed certificate that REQUEST holds for a pending request."""
    return _dummy(key, _name(common_name, "Example Company"), now)


def _signed_by_its_key(csr: x509.CertificateSigningRequest) -> bool:
    """``is_signature_valid`` no longer says so of SHA-1, with which Server 2003 signs."""
    key, digest = csr.public_key(), csr.signature_hash_algorithm
    if not isinstance(key, rsa.RSAPublicKey) or not isinstance(digest, hashes.SHA1):
        return csr.is_signature_valid
    try:
        key.verify(csr.signature, csr.tbs_certrequest_bytes, padding.PKCS1v15(), digest)
    except InvalidSignature:
        return False
    return True


def wizard_dummy(key: PrivateKey, common_name: str, now: datetime) -> x509.Certificate:
    """The same for a request by the wizard of IIS 6.0, which asks for country, state, city, organization and unit."""
    place = ((NameOID.COUNTRY_NAME, "JP"), (NameOID.STATE_OR_PROVINCE_NAME, "Tokyo"), (NameOID.LOCALITY_NAME, "Minato"))
    owner = ((NameOID.ORGANIZATION_NAME, "Example Company"), (NameOID.ORGANIZATIONAL_UNIT_NAME, "Web"))
    parts = (*place, *owner, (NameOID.COMMON_NAME, common_name))
    return _dummy(key, x509.Name([x509.NameAttribute(oid, text) for oid, text in parts]), now)


def _dummy(key: PrivateKey, name: x509.Name, now: datetime) -> x509.Certificate:
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=364))
    return builder.sign(key, hashes.SHA256())


def _name(common_name: str, organization: str) -> x509.Name:
    parts = (
        (NameOID.COUNTRY_NAME, "JP"),
        (NameOID.ORGANIZATION_NAME, organization),
        (NameOID.COMMON_NAME, common_name),
    )
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(**on: bool) -> x509.KeyUsage:
    names = (
        "digital_signature content_commitment key_encipherment data_encipherment key_agreement key_cert_sign crl_sign"
        " encipher_only decipher_only"
    )
    return x509.KeyUsage(**{name: on.get(name, False) for name in names.split()})
