# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate signing request (CSR, RFC 2986) as a value: read, checked, and made again with a key that signs."""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import ipaddress
from collections.abc import Sequence

from .._cryptography import (
    ExtendedKeyUsageOID,
    InvalidSignature,
    UnsupportedAlgorithm,
    ec,
    encode_dss_signature,
    hashes,
    padding,
    rsa,
    serialization,
    x509,
)
from .._errors import TlsOpsError
from . import der
from .certificate import public_key_info
from .pem import blocks
from .signature import ECDSA

_LABELS = ("CERTIFICATEREQUEST", "NEWCERTIFICATEREQUEST")  # certreq writes the second one
_CURVES = {"secp256r1": "ecdsa-p256", "secp384r1": "ecdsa-p384"}

# AlgorithmIdentifier by what the host says it signed with: RFC 8017 A.2.4 and RFC 5758 3.2.
_ALGORITHMS = {
    "rsa-pkcs1-sha256": bytes.fromhex("300d06092a864886f70d01010b0500"),
    "rsa-pkcs1-sha1": bytes.fromhex("300d06092a864886f70d0101050500"),
    ECDSA: bytes.fromhex("300a06082a8648ce3d040302"),
}
_EXTENSION_REQUEST = bytes.fromhex("06092a864886f70d01090e")  # RFC 2985 5.4.2
_SAN, _KEY_USAGE, _EXTENDED = (bytes.fromhex(each) for each in ("0603551d11", "0603551d0f", "0603551d25"))
_TRUE = bytes.fromhex("0101ff")


@dataclasses.dataclass(frozen=True)
class SigningRequest:
    """A request by its DER bytes; what it holds was read when it was made by ``read_request``."""

    der: bytes

    @functools.cached_property
    def parsed(self) -> x509.CertificateSigningRequest:
        """Raises TlsOpsError where it is none."""
        try:
            return x509.load_der_x509_csr(self.der)
        except (ValueError, x509.InvalidVersion) as error:
            raise TlsOpsError(f"not a certificate request in DER form: {error}.") from error

    @functools.cached_property
    def public_key(self) -> bytes:
        """The SubjectPublicKeyInfo as DER; empty where the key's kind is unknown to cryptography."""
        return public_key_info(self.parsed)

    @property
    def key(self) -> str:
        """Type and size of the key, as ``key_name`` has it."""
        return key_name(self.public_key)

    @property
    def key_sha256(self) -> str:
        """SHA-256 of the SubjectPublicKeyInfo in upper-case hex: what an answer is matched by."""
        return key_sha256(self.public_key)

    @property
    def subject(self) -> x509.Name:
        return self.parsed.subject

    @functools.cached_property
    def _names(self) -> x509.SubjectAlternativeName | None:
        try:
            return self.parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
            return None

    @property
    def dns_names(self) -> tuple[str, ...]:
        """DNS names of the subject alternative name, lower case."""
        names = self._names
        return tuple(each.lower() for each in names.get_values_for_type(x509.DNSName)) if names else ()

    @property
    def ip_addresses(self) -> tuple[str, ...]:
        names = self._names
        return tuple(str(each) for each in names.get_values_for_type(x509.IPAddress)) if names else ()

    @property
    def pem(self) -> str:
        """With the label of RFC 7468, lines of 64 characters."""
        text = base64.b64encode(self.der).decode("ascii")
        rows = (text[start : start + 64] for start in range(0, len(text), 64))
        return "\n".join(("-----BEGIN CERTIFICATE REQUEST-----", *rows, "-----END CERTIFICATE REQUEST-----", ""))

    @functools.cached_property
    def signed_by_its_key(self) -> bool:
        """Whether its own key made the signature: the proof that whoever made it has the key."""
        signed = self.parsed
        try:
            key, algorithm = signed.public_key(), signed.signature_hash_algorithm
            if isinstance(key, rsa.RSAPublicKey) and algorithm is not None:
                key.verify(signed.signature, signed.tbs_certrequest_bytes, padding.PKCS1v15(), algorithm)
            elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm is not None:
                key.verify(signed.signature, signed.tbs_certrequest_bytes, ec.ECDSA(algorithm))
            else:
                return False
        except (InvalidSignature, UnsupportedAlgorithm, ValueError):
            return False
        return True

    @property
    def sha1(self) -> bool:
        """Whether it is signed with SHA-1."""
        try:
            return isinstance(self.parsed.signature_hash_algorithm, hashes.SHA1)
        except UnsupportedAlgorithm:
            return False


def read_request(data: bytes) -> SigningRequest:
    """The one request in ``data``: PEM with either label, or DER. Raises TlsOpsError."""
    if data[:1] == b"\x30":
        found = [data]
    else:
        labelled = [block for block in blocks(data.decode("latin-1")) if block.label in _LABELS]
        broken = next((block for block in labelled if block.problem), None)
        if broken is not None:
            raise TlsOpsError(f"the certificate request {broken.problem}.")
        found = [block.der for block in labelled]
    if len(found) != 1:
        raise TlsOpsError(f"there are {len(found)} certificate requests where one is expected.")
    request = SigningRequest(found[0])
    try:
        _readable = request.subject.rfc4514_string(), request.public_key
    except ValueError as error:
        raise TlsOpsError(f"the certificate request has a field that cannot be read: {error}.") from error
    return request


def request_in(data: bytes) -> SigningRequest | None:
    """As ``read_request``; None where there is none that can be read."""
    try:
        return read_request(data)
    except TlsOpsError:
        return None


def key_name(public_key: bytes) -> str:
    """A SubjectPublicKeyInfo in words: ``rsa-2048``, ``ecdsa-p256``, another curve by its name; empty for others."""
    try:
        key = serialization.load_der_public_key(public_key)
    except (ValueError, UnsupportedAlgorithm):
        return ""
    if isinstance(key, rsa.RSAPublicKey):
        return f"rsa-{key.key_size}"
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, f"ecdsa-{key.curve.name}")
    return ""


def key_sha256(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest().upper() if public_key else ""


def server_usage(*, rsa_key: bool) -> x509.KeyUsage:
    """What a TLS server's key is for; an RSA key of old suites for key encipherment too (RFC 5246, 7.4.2)."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=rsa_key,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def alternative_names(dns_names: Sequence[str], ip_addresses: Sequence[str]) -> x509.SubjectAlternativeName:
    """The names as an extension (RFC 5280 4.2.1.6): DNS names in ASCII, then addresses."""
    addresses = (x509.IPAddress(ipaddress.ip_address(each)) for each in ip_addresses)
    return x509.SubjectAlternativeName([*map(x509.DNSName, dns_names), *addresses])


def request_info(subject: bytes, public_key: bytes, dns_names: Sequence[str], ip_addresses: Sequence[str]) -> bytes:
    """A CertificationRequestInfo (RFC 2986 4.1): what the key signs.

    ``subject`` is a Name and ``public_key`` a SubjectPublicKeyInfo, both in DER.
    """
    usage = server_usage(rsa_key=key_name(public_key).startswith("rsa-"))
    names = alternative_names(dns_names, ip_addresses)
    extensions = (
        _extension(_KEY_USAGE + _TRUE, usage.public_bytes()),
        _extension(_SAN, names.public_bytes()),
        _extension(_EXTENDED, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]).public_bytes()),
    )
    wanted = der.encode(der.SET, der.encode(der.SEQUENCE, b"".join(extensions)))
    attributes = der.encode(der.CONTEXT_0, der.encode(der.SEQUENCE, _EXTENSION_REQUEST + wanted))
    version = der.encode(der.INTEGER, b"\0")
    return der.encode(der.SEQUENCE, version + subject + public_key + attributes)


def _extension(head: bytes, value: bytes) -> bytes:
    return der.encode(der.SEQUENCE, head + der.encode(der.OCTET_STRING, value))


def assembled(info: bytes, algorithm: str, signature: bytes) -> SigningRequest:
    """The request that the key's signature makes of ``info``; ``algorithm`` as in ``signature.verifies``.

    Raises TlsOpsError where the signature is not by the key that ``info`` names.
    """
    if algorithm not in _ALGORITHMS:
        raise TlsOpsError(f"the host signed with '{algorithm}', which is not one of the known ways.")
    if algorithm == ECDSA:
        half = len(signature) // 2
        signature = encode_dss_signature(
            *(int.from_bytes(each, "big") for each in (signature[:half], signature[half:]))
        )
    bits = der.encode(der.BIT_STRING, b"\0" + signature)
    request = SigningRequest(der.encode(der.SEQUENCE, info + _ALGORITHMS[algorithm] + bits))
    if not request.signed_by_its_key:
        raise TlsOpsError(f"the host's signature ({algorithm}) is not by the key of the pending request.")
    return request
