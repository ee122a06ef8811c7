# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys by container. They never lie in the registry: a certificate only names its key's container."""

from __future__ import annotations

import dataclasses
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509 import Certificate

from . import blob
from .errors import NTE_BAD_KEY_STATE, NTE_BAD_KEYSET, cryptographic
from .journal import Journal

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
CAPI = "Microsoft RSA SChannel Cryptographic Provider"
ENHANCED = "Microsoft Enhanced Cryptographic Provider v1.0"
CNG = "Microsoft Software Key Storage Provider"
ON_DISK = (CAPI, ENHANCED, CNG)  # providers whose keys are files; those of a TPM or a card are not
PROV_RSA_FULL = 1
PROV_RSA_SCHANNEL = 12
CRYPT_MACHINE_KEYSET = 0x20
AT_KEYEXCHANGE = 1
DEFAULT_ACCESS = "D:PAI(A;;0xd01f01ff;;;CO)(A;;FA;;;SY)(A;;FA;;;BA)"


@dataclasses.dataclass(frozen=True)
class KeyLink:
    """KEY_PROV_INFO (property 2): where a certificate's key lies."""

    container: str
    provider: str
    provider_type: int
    key_spec: int

    def encode(self) -> bytes:
        """Seven u32 (offsets, type, flags, two zero, key spec), then both names in UTF-16."""
        container, provider = blob.utf16(self.container), blob.utf16(self.provider)
        header = (28, 28 + len(container), self.provider_type, CRYPT_MACHINE_KEYSET, 0, 0, self.key_spec)
        return struct.pack("<7I", *header) + container + provider

    @classmethod
    def decode(cls, data: bytes) -> KeyLink:
        container, provider, provider_type, _flags, _count, _list, key_spec = struct.unpack_from("<7I", data)
        names = blob.from_utf16(data[container:]), blob.from_utf16(data[provider:])
        return cls(*names, provider_type, key_spec)


@dataclasses.dataclass(frozen=True)
class Container:
    """One key. ``usable`` False: the container is gone or its ACL shuts everybody out, though certificates name it."""

    name: str
    key: PrivateKey
    provider: str
    exportable: bool
    usable: bool = True
    key_spec: int = AT_KEYEXCHANGE
    access: str = DEFAULT_ACCESS  # the DACL of the container's file

    @property
    def link(self) -> KeyLink:
        if self.provider == CNG:
            return KeyLink(self.name, CNG, 0, 0)
        provider_type = PROV_RSA_FULL if self.provider == ENHANCED else PROV_RSA_SCHANNEL
        return KeyLink(self.name, self.provider, provider_type, self.key_spec)

    @property
    def public(self) -> bytes:
        return public_bytes(self.key.public_key())


def public_bytes(key: object) -> bytes:
    """SubjectPublicKeyInfo as DER."""
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(encoding, form)  # type: ignore[attr-defined,no-any-return]


class Keys:
    """The machine's key containers, by name (without case)."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._containers: dict[str, Container] = {}

    def add(self, container: Container) -> None:
        self._containers[container.name.lower()] = container
        self._journal.wrote("key", "create", container.name)

    def find(self, link: KeyLink | None) -> Container | None:
        """The usable container that a link names."""
        found = self._containers.get(link.container.lower()) if link else None
        return found if found and found.usable else None

    def open(self, link: KeyLink | None) -> Container:
        """Raises NTE_BAD_KEYSET (0x80090016): the key set does not exist."""
        found = self.find(link)
        if found is None:
            raise cryptographic(NTE_BAD_KEYSET, "Keyset does not exist")
        return found

    def delete(self, container: Container) -> None:
        del self._containers[container.name.lower()]
        self._journal.wrote("key", "delete", container.name)

    def change(self, name: str, **what: object) -> None:
        """E.g. ``access``; for tests: ``usable=False``."""
        found = self._containers[name.lower()]
        self._containers[name.lower()] = dataclasses.replace(found, **what)  # type: ignore[arg-type]
        self._journal.wrote("key", "change", name)

    def all(self) -> list[Container]:
        return [self._containers[name] for name in sorted(self._containers)]


def export_pfx(container: Container, certificate: Certificate, password: str) -> bytes:
    """What ``X509Certificate2.Export(Pfx)`` gives: leaf and key, SHA-1 and 3DES (dotnet/runtime 108330).

    Certificates under RC2-40, as up to Server 2012 R2, are beyond cryptography: 3DES there too.
    """
    if not container.exportable:
        raise cryptographic(NTE_BAD_KEY_STATE, "Key not valid for use in specified state.")
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
    builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    encryption = builder.build(password.encode())
    return pkcs12.serialize_key_and_certificates(None, container.key, certificate, None, encryption)


def sign(key: PrivateKey, data: bytes, *, sha1: bool = False) -> tuple[str, bytes]:
    """The algorithm's name and the signature; ECDSA as r and s side by side (IEEE P1363), as .NET gives it."""
    if isinstance(key, rsa.RSAPrivateKey):
        digest = hashes.SHA1() if sha1 else hashes.SHA256()
        return f"rsa-pkcs1-{digest.name}", key.sign(data, padding.PKCS1v15(), digest)
    size = (key.key_size + 7) // 8
    r, s = utils.decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
    return "ecdsa-sha256", r.to_bytes(size, "big") + s.to_bytes(size, "big")
