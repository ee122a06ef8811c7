# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One X.509 certificate as a value: parsed lazily, because real stores hold certificates that no library likes."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import ipaddress
import warnings
from datetime import datetime

from .._cryptography import InvalidSignature, NameOID, UnsupportedAlgorithm, hashes, padding, rsa, serialization, x509
from .._errors import TlsOpsError


def public_key_info(parsed: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    """The SubjectPublicKeyInfo as DER; empty where the key's kind is unknown to cryptography."""
    try:
        key = parsed.public_key()
        return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, UnsupportedAlgorithm):
        return b""


@dataclasses.dataclass(frozen=True)
class Certificate:
    """A certificate by its DER bytes; two are equal when the bytes are."""

    der: bytes

    @functools.cached_property
    def parsed(self) -> x509.Certificate:
        """The parsed certificate; raises TlsOpsError when it is none."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # old roots have serial numbers below 1
                return x509.load_der_x509_certificate(self.der)
        except (ValueError, x509.InvalidVersion) as error:
            raise TlsOpsError(f"not an X.509 certificate in DER form: {error}.") from error

    @functools.cached_property
    def thumbprint(self) -> str:
        """SHA-1 of the DER in upper-case hex: what Windows calls the thumbprint."""
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()

    @functools.cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.der).hexdigest().upper()

    @functools.cached_property
    def serial(self) -> str:
        """The serial number as Windows shows it: the bytes of its DER form, lower-case hex."""
        number = self.parsed.serial_number
        return number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True).hex()

    @functools.cached_property
    def subject(self) -> bytes:
        """The subject as DER, for comparing."""
        return self.parsed.subject.public_bytes()

    @functools.cached_property
    def issuer(self) -> bytes:
        """The issuer as DER, for comparing."""
        return self.parsed.issuer.public_bytes()

    @property
    def subject_text(self) -> str:
        return self.parsed.subject.rfc4514_string()

    @property
    def issuer_text(self) -> str:
        return self.parsed.issuer.rfc4514_string()

    @property
    def common_name(self) -> str:
        names = self.parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        return str(names[0].value) if names else ""

    @property
    def label(self) -> str:
        """What a person calls it: the common name, else the whole subject."""
        return self.common_name or self.subject_text

    @functools.cached_property
    def public_key(self) -> bytes:
        """The SubjectPublicKeyInfo as DER; empty where the key's kind is unknown to cryptography."""
        return public_key_info(self.parsed)

    @property
    def not_before(self) -> datetime:
        return self.parsed.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        return self.parsed.not_valid_after_utc

    def valid_at(self, moment: datetime) -> bool:
        """Whether ``moment`` (aware) lies in the validity period."""
        return self.not_before <= moment <= self.not_after

    @property
    def self_issued(self) -> bool:
        return self.subject == self.issuer

    @functools.cached_property
    def self_signed(self) -> bool:
        """Whether it is signed by its own key. A self-issued one whose signature cannot be checked (MD2) counts."""
        return self.self_issued and self.signed_by(self) is not False

    def signed_by(self, issuer: Certificate) -> bool | None:
        """Whether the issuer's key made the signature; None where the algorithm cannot be checked here (MD2)."""
        if self.issuer != issuer.subject:
            return False
        try:
            self.parsed.verify_directly_issued_by(issuer.parsed)
        except (InvalidSignature, TypeError):
            return False
        except UnsupportedAlgorithm:
            return None
        except ValueError:
            return self._signed_with_sha1_by(issuer)
        return True

    def _signed_with_sha1_by(self, issuer: Certificate) -> bool | None:
        """``verify_directly_issued_by`` takes no SHA-1 any more; VeriSign G5 and the roots above it are signed so."""
        try:
            algorithm = self.parsed.signature_hash_algorithm
            key = issuer.parsed.public_key()
            if not isinstance(algorithm, hashes.SHA1) or not isinstance(key, rsa.RSAPublicKey):
                return None if isinstance(algorithm, hashes.SHA1 | hashes.MD5) else False
            key.verify(self.parsed.signature, self.parsed.tbs_certificate_bytes, padding.PKCS1v15(), algorithm)
        except UnsupportedAlgorithm:
            return None
        except (InvalidSignature, ValueError):
            return False
        return True

    def extension(self, kind: type[x509.ExtensionType]) -> x509.ExtensionType | None:
        """The value of one extension, or None (also where the extensions cannot be parsed at all)."""
        try:
            return self.parsed.extensions.get_extension_for_class(kind).value
        except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            return None

    @functools.cached_property
    def is_ca(self) -> bool:
        """Basic constraints say so; a self-signed version 1 or 2 certificate (old roots) counts too."""
        constraints = self.extension(x509.BasicConstraints)
        if isinstance(constraints, x509.BasicConstraints):
            return constraints.ca
        return self.parsed.version is not x509.Version.v3 and self.self_issued

    @functools.cached_property
    def dns_names(self) -> tuple[str, ...]:
        """DNS names of the subject alternative name, lower case; the common name only where there is no SAN."""
        names = self.extension(x509.SubjectAlternativeName)
        if isinstance(names, x509.SubjectAlternativeName):
            return tuple(name.lower() for name in names.get_values_for_type(x509.DNSName))
        return (self.common_name.lower(),) if self.common_name else ()

    @functools.cached_property
    def ip_addresses(self) -> tuple[str, ...]:
        names = self.extension(x509.SubjectAlternativeName)
        if not isinstance(names, x509.SubjectAlternativeName):
            return ()
        addresses = names.get_values_for_type(x509.IPAddress)
        return tuple(str(each) for each in addresses if isinstance(each, ipaddress.IPv4Address | ipaddress.IPv6Address))
