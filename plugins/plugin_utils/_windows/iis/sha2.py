# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates a Windows of the time of IIS 6.0 can serve: RSA, a key of CryptoAPI, SHA-2 only with a hotfix.

Which updates are installed says little (KB938397, KB968730 and what replaced them), so Windows is shown a certificate
and asked what it thinks of its signature. Without the hotfix certutil gives TRUST_E_CERT_SIGNATURE (0x80096004) on
such a certificate; that its chain has the status NotSignatureValid then is (unproven).
"""

from __future__ import annotations

import base64

from ..._batch.operation import Answer, Operation
from ..._batch.operations import chain_status
from ..._batch.payload import lines, number
from ..._cryptography import UnsupportedAlgorithm, hashes, rsa
from ..._errors import TlsOpsError
from ..._x509.certificate import Certificate

_OLD_HASHES = (hashes.MD5, hashes.SHA1)
_NOT_SIGNATURE_VALID = 0x8  # X509ChainStatusFlags (.NET), CERT_TRUST_IS_NOT_SIGNATURE_VALID (wincrypt.h)

# Self-signed with RSA 2048 and SHA-256 by cryptography's CertificateBuilder: CN=SHA-256, serial number 1, 2000 to 2049,
# no extensions, so no address that anything could be fetched from. Its private key was never written anywhere.
SAMPLE = base64.b64decode(
    "MIICnTCCAYWgAwIBAgIBATANBgkqhkiG9w0BAQsFADASMRAwDgYDVQQDDAdTSEEtMjU2MB4XDTAwMDEwMTAwMDAwMFoXDTQ5MTIzMTIzNTk1OVow"
    "EjEQMA4GA1UEAwwHU0hBLTI1NjCCASIwDQYJKoZIhvcNAQEBBQADggEPADCCAQoCggEBAMLI9tHgfDxX5erAp3htO6nZCIraua0E2nDQgH1R8szg"
    "Q2FOp/UY6fC7Pv2X+oT2RD6aYIy2H4WAK2g2LCan09WMQwVHjvvKYVktIBPKPO0JjQKFXGPu5DwrTyFl25nSs+45IUhFiQQSjO0CXkLOw32DVgUL"
    "i+nS9/dbnz3oiCTeO2Dm4bx8e0iLlBQ0M7eJygRIfnENb5NfpaiupfDgEBnqkuAs7vyvbtveUcinMKXm2DpzcDUhvXL18No0Y3CTDuJHIjndKwPe"
    "7sW38VqheSuTuqWJuvITY76QXMIOPyRmJj60AoVXZon2BxeykpLnNaiWOCxot2mvysfUBHqk8iUCAwEAATANBgkqhkiG9w0BAQsFAAOCAQEAwHfg"
    "F0ESjjkmthz+Md43MQFQULxkhNdy2qU3CBlyjIYTzyYiFlgQ1CBDkHN4lFZpp90137d2Vt9ybUSP7wTJjHVoo8pZvMjK4nacZ9YejbDlNuKNidlZ"
    "FfDAE7CZX584cNSAqSjC8egDy0D8Ti/D2O+l2p9v1UbYkmtirEUHqFhXvA5m4xXv8ypUVBspWrZIGiojtT8bILufGOz2aeNk7+w3I2YESYY/2IS+"
    "p3E0oNHY6a6n/3YrNKYe7F2mQRyX9blrlQJnzGSYuIpr2Dkk6I1A6j8SRqjsNMHuihZAA3nkJIvtEnTOxELMzB6nbCtfGFENsz2Y6sQZvrk/BFVc"
    "gw=="
)


def query() -> Operation:
    return chain_status(SAMPLE)


def usable(answer: Answer) -> bool | None:
    """None where the host did not say."""
    if not answer.ok:
        return None
    try:
        found = lines(answer.payload)
        ((keyword, (status,)),) = found
        return None if keyword != "status" else not number(status) & _NOT_SIGNATURE_VALID
    except (TlsOpsError, ValueError):
        return None


def refusals(certificate: Certificate, provider: str, takes_sha2: bool | None) -> tuple[str, ...]:
    """Why IIS 6.0 cannot serve the certificate, each as the end of a sentence about it. Nothing where it is not known.

    ``provider`` is what holds its key, ``takes_sha2`` what ``usable`` said.
    """
    found = []
    if not _is_rsa(certificate):
        found.append("has a key that is not RSA: Windows Server 2003 has no other for TLS")
    if "key storage provider" in provider.lower():
        found.append(f"has its key in CNG ({provider}), which Windows Server 2003 does not have")
    if takes_sha2 is False and not _has_old_hash(certificate):
        found.append(
            "is signed with SHA-2, which this server cannot check: install the hotfix of KB968730 (or KB938397), "
            "restart it, then run this again"
        )
    return tuple(found)


def _is_rsa(certificate: Certificate) -> bool:
    try:
        return isinstance(certificate.parsed.public_key(), rsa.RSAPublicKey)
    except (ValueError, UnsupportedAlgorithm):
        return False


def _has_old_hash(certificate: Certificate) -> bool:
    try:
        return isinstance(certificate.parsed.signature_hash_algorithm, _OLD_HASHES)
    except UnsupportedAlgorithm:  # MD2: older still
        return True
