# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one place that imports the library cryptography.

ansible-core brings it, but ansible-test imports every plugin without it, and a controller may have a broken one. Then
the names stand for nothing, and ``check`` says so before any of them is used.
"""

from __future__ import annotations

from typing import Any

from ._errors import TlsOpsError

__all__ = [
    "AESGCM",
    "ChaCha20Poly1305",
    "Encoding",
    "ExtendedKeyUsageOID",
    "InvalidSignature",
    "InvalidTag",
    "NameOID",
    "PrivateFormat",
    "PublicFormat",
    "UnsupportedAlgorithm",
    "check",
    "ec",
    "encode_dss_signature",
    "hashes",
    "padding",
    "pkcs12",
    "rsa",
    "serialization",
    "x509",
    "x25519",
]


class _Absent:
    """Whatever is asked of it, it is itself: enough for the constants that modules make of the library's names."""

    def __getattr__(self, _name: str) -> Any:
        return self

    def __call__(self, *_arguments: Any) -> Any:
        return self

    def __or__(self, _other: Any) -> Any:
        return self


try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, x25519
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
    from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat, PublicFormat, pkcs12
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    _problem = ""
except ImportError as error:
    _problem = str(error)
    globals().update({name: _Absent() for name in __all__ if name != "check"})


def check() -> None:
    """Raises TlsOpsError where the library is not there."""
    if _problem:
        raise TlsOpsError(
            f"the Python library cryptography cannot be used on this controller: {_problem}.",
            hint="Install it for the Python that runs Ansible: python3 -m pip install 'cryptography>=42'.",
        )
