# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a signature that a server made is by a certificate's key."""

from __future__ import annotations

from .._cryptography import InvalidSignature, UnsupportedAlgorithm, ec, encode_dss_signature, hashes, padding, rsa
from .._errors import TlsOpsError
from .certificate import Certificate

_RSA_HASHES: dict[str, hashes.HashAlgorithm] = {
    "rsa-pkcs1-sha256": hashes.SHA256(),
    "rsa-pkcs1-sha1": hashes.SHA1(),  # all that a CSP of type PROV_RSA_FULL can; it proves possession just as well
}
ECDSA = "ecdsa-sha256"


def verifies(certificate: Certificate, algorithm: str, signature: bytes, data: bytes) -> bool:
    """Whether ``signature`` over ``data`` was made with the certificate's private key.

    ``algorithm`` is ``rsa-pkcs1-sha256``, ``rsa-pkcs1-sha1`` or ``ecdsa-sha256`` (r and s concatenated, IEEE P1363).
    Raises TlsOpsError for any other.
    """
    if algorithm != ECDSA and algorithm not in _RSA_HASHES:
        raise TlsOpsError(f"the host signed with '{algorithm}', which is not one of the known ways.")
    try:
        key = certificate.parsed.public_key()
        if algorithm == ECDSA and isinstance(key, ec.EllipticCurvePublicKey):
            half = (key.key_size + 7) // 8
            if len(signature) != 2 * half:
                return False
            r, s = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
            key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
            return True
        if algorithm in _RSA_HASHES and isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), _RSA_HASHES[algorithm])
            return True
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return False
