# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host as a case wants it: small enough to be put into files for a real PowerShell, or into the Windows double."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

if TYPE_CHECKING:
    from tests.fleet.world.host import Host

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
SYSTEM_CERTIFICATES = r"HKLM\SOFTWARE\Microsoft\SystemCertificates"


@dataclasses.dataclass(frozen=True)
class Held:
    """A certificate in a machine store."""

    store: str
    der: bytes
    key: Key | None = None
    exportable: bool = True

    @property
    def thumbprint(self) -> str:
        return hashlib.sha1(self.der, usedforsecurity=False).hexdigest().upper()


@dataclasses.dataclass(frozen=True)
class Metabase:
    """``nodes``: path -> (schema class, property -> (kind, data)), those above before those below.

    ``takes``: the form of a binary value that is understood; ``others``: what becomes of the rest, ``refused`` or
    ``wrong`` (other bytes are kept); ``busy``: how many calls of SaveData fail.
    """

    nodes: Mapping[str, tuple[str, Mapping[str, tuple[str, bytes]]]] = dataclasses.field(default_factory=dict)
    takes: str = "units"
    others: str = "refused"
    busy: int = 0


@dataclasses.dataclass(frozen=True)
class World:
    """``registry``: key -> value name -> (kind, data); ``services``: name -> (status, start type);
    ``accounts``: name -> SID; ``windows``: 10.0, or 5.2 with IIS 6.0."""

    registry: Mapping[str, Mapping[str, tuple[str, bytes]]] = dataclasses.field(default_factory=dict)
    services: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict)
    certificates: tuple[Held, ...] = ()
    files: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    stores: tuple[str, ...] = ("MY", "CA")
    accounts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    windows: str = "10.0"
    metabase: Metabase = dataclasses.field(default_factory=Metabase)


@functools.cache
def minted(name: str, kind: str = "ec") -> tuple[bytes, Key]:
    """A self-signed certificate (DER) and its key, the same one for the same name."""
    key: Key = ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime(2026, 1, 1)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(now)
    certificate = builder.not_valid_after(now + datetime.timedelta(3650)).sign(key, hashes.SHA256())
    return certificate.public_bytes(serialization.Encoding.DER), key


def write(world: World, folder: Path) -> None:
    """The world as the stand-ins read it (``tests/fleet/kept``). ``files`` are plain ones of this system."""
    from tests.fleet.kept import folder as kept

    host = made(world)
    kept.save(host, folder, with_files=False)
    (folder / "files").mkdir()
    for name, data in world.files.items():
        (folder / "files" / name).write_bytes(data)


def made(world: World) -> Host:
    """A host of the Windows double as the case wants it, without the case's files."""
    from tests.fleet.world.host import Host

    host = Host("contract", {"10.0": "2019", "5.2": "2003"}[world.windows])
    with host.journal.silence():
        _furnish(host, world)
        _furnish_stores(host, world)
        _furnish_metabase(host, world.metabase)
    return host


def _furnish(host: Host, world: World) -> None:
    from tests.fleet.world.registry import Value

    for name, (status, start) in world.services.items():
        host.services.add(name, status, start)
    for key, values in world.registry.items():
        host.registry.create(key)
        for name, (kind, data) in values.items():
            host.registry.set(key, name, Value(kind, data))
    host.options.accounts.update(world.accounts)


def _furnish_stores(host: Host, world: World) -> None:
    from tests.fleet.world import blob
    from tests.fleet.world.keys import CAPI, Container

    for name in {"WebHosting", "REQUEST"} - set(world.stores):
        host.registry.delete(rf"{SYSTEM_CERTIFICATES}\{name}")
    for number, held in enumerate(world.certificates):
        properties = {}
        if held.key is not None:
            container = Container(f"container {number}", held.key, CAPI, held.exportable)
            host.keys.add(container)
            properties[blob.KEY_PROV_INFO] = container.link.encode()
        host.stores.add(held.store, held.der, properties)


def _furnish_metabase(host: Host, metabase: Metabase) -> None:
    from tests.fleet.kept.metabase import native

    options = host.options
    options.adsi_binary_form, options.adsi_other_forms = metabase.takes, metabase.others
    options.adsi_clear_unset, options.metabase_busy = 0x800CC801, metabase.busy
    for path, (kind, values) in metabase.nodes.items():
        host.metabase.add(path, kind, {name: native(*value) for name, value in values.items()})


def pfx(held: Held, password: str) -> bytes:
    """The certificate, with its key where it has one, by SHA-1 and 3DES, which every Windows reads."""
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
    builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    certificate = x509.load_der_x509_certificate(held.der)
    encryption = builder.build(password.encode())
    if held.key is None:
        return pkcs12.serialize_key_and_certificates(None, None, None, [certificate], encryption)
    return pkcs12.serialize_key_and_certificates(None, held.key, certificate, None, encryption)
