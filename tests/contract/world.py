# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host as a case wants it: small enough to be put into files for a real PowerShell, or into the Windows double."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import functools
import hashlib
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PFX_PASSWORD = "setup"
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
    """The world as ``world.ps1`` reads it."""
    for part in ("files", "services", "stores", "access"):
        (folder / part).mkdir(parents=True)
    for name, data in world.files.items():
        (folder / "files" / name).write_bytes(data)
    for name, (status, _start) in world.services.items():
        (folder / "services" / name).write_text(str(status))
    for number, held in enumerate(world.certificates):
        stem = f"{held.store.lower()}.{number}"
        if held.key is None:
            (folder / "stores" / f"{stem}.cer").write_bytes(held.der)
        else:
            (folder / "stores" / f"{stem}.pfx").write_bytes(pfx(held, PFX_PASSWORD))
    accounts = (f"{_token(name.encode())} {sid}\n" for name, sid in world.accounts.items())
    (folder / "accounts.txt").write_text("".join(accounts), newline="\n")
    (folder / "registry.txt").write_text("".join(_registry_lines(world)), newline="\n")
    (folder / "metabase.txt").write_text("".join(_metabase_lines(world.metabase)), newline="\n")


def registry(world: World) -> dict[str, dict[str, tuple[str, bytes]]]:
    """The registry with what is there on every host."""
    services = r"HKLM\SYSTEM\CurrentControlSet\Services"
    major, minor = map(int, world.windows.split("."))
    version = {"CurrentMajorVersionNumber": major, "CurrentMinorVersionNumber": minor} if major >= 10 else {}
    windows = {name: ("DWord", number.to_bytes(4, "little")) for name, number in version.items()}
    windows |= {"CurrentVersion": ("String", b"6.3" if major >= 10 else world.windows.encode())}
    windows |= {"CurrentBuildNumber": ("String", b"17763"), "EditionID": ("String", b"ServerStandard")}
    keys: dict[str, dict[str, tuple[str, bytes]]] = {
        r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion": windows,
        rf"{SYSTEM_CERTIFICATES}\ROOT": {},
        **{rf"{SYSTEM_CERTIFICATES}\{store}": {} for store in world.stores},
    }
    for name, (_status, start) in world.services.items():
        keys[rf"{services}\{name}"] = {"Start": ("DWord", start.to_bytes(4, "little"))}
    for key, values in world.registry.items():
        keys.setdefault(key, {}).update(values)
    return keys


def _registry_lines(world: World) -> list[str]:
    lines = []
    for key, values in registry(world).items():
        lines.append(f"key {_token(key.encode())}\n")
        for name, (kind, data) in values.items():
            lines.append(f"value {_token(key.encode())} {_token(name.encode())} {kind} {_token(data)}\n")
    return lines


def _metabase_lines(metabase: Metabase) -> list[str]:
    lines = [f"takes {metabase.takes} {metabase.others} {metabase.busy}\n", "node - IIsComputer\n"]
    for path, (kind, values) in metabase.nodes.items():
        lines.append(f"node {_token(path.encode())} {kind}\n")
        for name, (form, data) in values.items():
            lines.append(f"value {_token(path.encode())} {_token(name.encode())} {form} {_token(data)}\n")
    return lines


def _token(data: bytes) -> str:
    return base64.b64encode(data).decode() or "-"


def pfx(held: Held, password: str) -> bytes:
    """The certificate, with its key where it has one, by SHA-1 and 3DES, which every Windows reads."""
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
    builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    certificate = x509.load_der_x509_certificate(held.der)
    encryption = builder.build(password.encode())
    if held.key is None:
        return pkcs12.serialize_key_and_certificates(None, None, None, [certificate], encryption)
    return pkcs12.serialize_key_and_certificates(None, held.key, certificate, None, encryption)
