# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""This machine, where it is a Windows that the tests may change: the third far side."""

from __future__ import annotations

import ctypes
import datetime
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import bootstrap
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from .case import KEY
from .sides import ERRORS, PowerShell, find_powershell, run

# A store and a key of the registry that nothing else has.
STORE = "tlsops-contract"
STORE_KEY = rf"HKLM\SOFTWARE\Microsoft\SystemCertificates\{STORE}"


def refusal() -> str:
    """Why nothing is done to this machine; empty where it may be."""
    if sys.platform != "win32":
        return "this is no Windows"
    if os.environ.get("TLSOPS_ON_WINDOWS") != "1":
        return "TLSOPS_ON_WINDOWS=1 is not set: these tests change the registry, the stores and IIS of this machine"
    if not ctypes.windll.shell32.IsUserAnAdmin():
        return "this process has no administrator rights"
    return "" if find_powershell() else "neither TLSOPS_PWSH nor pwsh or powershell.exe on the PATH"


class Machine(PowerShell):
    """The script as it is shipped, with nothing in the place of anything."""

    def __init__(self, folder: Path) -> None:
        self.said = ""
        self._more = ""
        self._prefix = ""
        self._program = find_powershell()
        self._folder = folder
        (folder / "world" / "files").mkdir(parents=True)

    def script(self) -> str:
        return f"Set-StrictMode -Version 2\n{bootstrap.script()}{ERRORS}"

    def furnish(self, registry: Mapping[str, Mapping[str, tuple[str, bytes]]], files: Mapping[str, bytes]) -> None:
        """Puts values and files there; a key without values stays empty."""
        writes = []
        for key, values in registry.items():
            writes += [do.reg_write(key, "made", "String", b""), do.reg_delete(key, "made")]
            writes += [do.reg_write(key, name, kind, data) for name, (kind, data) in values.items()]
        assert all(answer.ok for answer in run(self, writes, mode="write"))
        for name, data in files.items():
            (self._folder / "world" / "files" / name).write_bytes(data)

    def tidy(self) -> None:
        """Takes away what the tests may have left."""
        run(self, [do.reg_delete(KEY), do.reg_delete(STORE_KEY)])


def key_files() -> set[Path]:
    """The files of the machine's private keys."""
    crypto = Path(os.environ["PROGRAMDATA"], "Microsoft", "Crypto")
    folders = (crypto / "RSA" / "MachineKeys", crypto / "Keys", crypto / "SystemKeys")
    return {file for folder in folders for file in folder.glob("*")}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


class Authority:
    """A CA for one test."""

    def __init__(self, name: str) -> None:
        self._key = rsa.generate_private_key(65537, 2048)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.der = self._signed(self._name, self._key.public_key(), ca=True)

    def sign(self, request: bytes) -> bytes:
        """The certificate (DER) for a PKCS#10, as PEM or DER."""
        pem = b"-----BEGIN" in request
        asked = x509.load_pem_x509_csr(request) if pem else x509.load_der_x509_csr(request)
        assert asked.is_signature_valid
        return self._signed(asked.subject, asked.public_key(), ca=False)

    def _signed(self, subject: x509.Name, key: object, *, ca: bool) -> bytes:
        start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=1)
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name)
        builder = builder.public_key(key).serial_number(x509.random_serial_number())  # type: ignore[arg-type]
        builder = builder.not_valid_before(start).not_valid_after(start + datetime.timedelta(days=30))
        builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)
