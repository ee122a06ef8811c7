# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``X509Certificate2Collection.Import(bytes, password, MachineKeySet + PersistKeySet)`` makes of a PFX."""

from __future__ import annotations

import dataclasses
import uuid
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from . import blob
from .errors import (
    CRYPT_E_NO_MATCH,
    CRYPT_E_NOT_FOUND,
    ERROR_INVALID_PASSWORD,
    NTE_BAD_ALGID,
    NTE_BAD_KEYSET,
    cryptographic,
)
from .keys import AT_KEYEXCHANGE, CNG, ENHANCED, Container, PrivateKey

if TYPE_CHECKING:
    from .host import Host

VERSION_3 = bytes.fromhex("020103")  # how every PFX begins, behind the outer tag (RFC 7292, section 4)
PBES2 = bytes.fromhex("06092a864886f70d01050d")
SHA256 = bytes.fromhex("0609608648016503040201")  # as the digest of the MAC, or within PBES2
SERVER_2019 = 17763


@dataclasses.dataclass(frozen=True)
class Imported:
    """The one certificate that was wanted, its key in a new container."""

    der: bytes
    container: Container
    friendly_name: str


def import_pfx(host: Host, data: bytes, password: str, thumbprint: str, *, exportable: bool) -> Imported:
    """Raises ERROR_INVALID_PASSWORD as HRESULT for all that has to do with ciphers, also where the password is right:
    PBES2 and a MAC by SHA-256 before Server 2019 (ansible.windows 582), a logon that cannot write the key."""
    if VERSION_3 not in data[:12]:
        raise cryptographic(CRYPT_E_NO_MATCH, "Cannot find the requested object.")
    build = int(host.product.os_version.rpartition(".")[2])
    newer = PBES2 in data or SHA256 in data
    if (newer and build < SERVER_2019) or not host.options.network_logon_dpapi:
        raise _wrong_password()
    try:
        opened = pkcs12.load_pkcs12(data, password.encode())
    except ValueError:
        raise _wrong_password() from None
    given = [each for each in (opened.cert, *opened.additional_certs) if each is not None]
    found = [each for each in given if blob.thumbprint(_der(each)) == thumbprint.upper()]
    if not found:
        raise cryptographic(CRYPT_E_NOT_FOUND, "The certificate is not in the file.")
    if found[0] is not opened.cert or opened.key is None:
        raise cryptographic(NTE_BAD_KEYSET, "The certificate has no private key in the file.")
    name = (found[0].friendly_name or b"").decode("utf-8", "replace")
    return Imported(_der(found[0]), _container(host, opened.key, exportable=exportable), name)


def _container(host: Host, key: object, *, exportable: bool) -> Container:
    """RSA lands with the CSP of old, which .NET names where the file names none; everything else with CNG, which
    came with Vista (the number of the refusal before it is not from a source)."""
    assert isinstance(key, PrivateKey)
    default = ENHANCED if isinstance(key, rsa.RSAPrivateKey) else CNG
    if default == CNG and not host.product.cng:
        raise cryptographic(NTE_BAD_ALGID, "Invalid algorithm specified.")
    return Container(
        name=f"{{{str(uuid.uuid4()).upper()}}}",
        key=key,
        provider=host.options.pfx_provider or default,
        exportable=exportable,
        key_spec=host.options.pfx_key_spec or AT_KEYEXCHANGE,
    )


def _der(certificate: pkcs12.PKCS12Certificate) -> bytes:
    return blob.encoded(certificate.certificate)


def _wrong_password() -> Exception:
    return cryptographic(ERROR_INVALID_PASSWORD, "The specified network password is not correct.")
