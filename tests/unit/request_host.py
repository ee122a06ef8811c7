# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests as certreq makes them, without certreq: for the tests of the steps."""

from __future__ import annotations

import dataclasses
import ipaddress
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import RegistryValue, encode_registry
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import task
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import certificate_request
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.certificate_request import CertificateRequest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.request import SigningRequest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from tests.unit.mint import NOW, PrivateKey

HOST = HostInfo("WEB01", "10.0.20348", "", "5.1", "4.0", "FullLanguage", "en-US", r"C:\Windows", NOW, True, frozenset())
HOST_2003 = dataclasses.replace(HOST, os_version="5.2.3790", powershell_version="2.0", clr_version="2.0.50727.3662")
KSP, CSP = "Microsoft Software Key Storage Provider", "Microsoft RSA SChannel Cryptographic Provider"


@dataclasses.dataclass
class Disk:
    """A controller with one folder, ``/csr/``."""

    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    host: str = "web01"

    def resolve(self, path: str) -> str:
        return path + "/" if path == "/csr" else path

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def check_destination(self, path: str, *, allow_unsafe: bool) -> None:
        assert allow_unsafe
        if not path.startswith("/csr/"):
            raise TlsOpsError("there is no folder.")


def step(disk: Disk | None = None, **given: Any) -> CertificateRequest:
    arguments = task.validated(given, certificate_request.ARGUMENTS, certificate_request.RULES)
    return CertificateRequest.from_arguments(arguments, disk or Disk())  # type: ignore[arg-type]


def names_of(names: Sequence[str]) -> x509.SubjectAlternativeName:
    found: list[x509.GeneralName] = []
    for name in names:
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            found.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(found)


def csr(key: PrivateKey, names: Sequence[str], subject: str = "") -> SigningRequest:
    """Signed by ``key``; ``subject`` in RFC 4514 form, CN= and the first name without one."""
    name = x509.Name.from_rfc4514_string(subject or f"CN={names[0]}")
    builder = x509.CertificateSigningRequestBuilder().subject_name(name).add_extension(names_of(names), False)
    return SigningRequest(builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER))


def dummy(
    key: PrivateKey,
    names: Sequence[str],
    *,
    bare: bool = False,
    common_name: str = "",
    made: datetime = NOW - timedelta(hours=1),
    **what: Any,
) -> PersonalCertificate:
    """What REQUEST holds for a pending request; ``bare``: without names."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name or names[0])])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(made).not_valid_after(made + timedelta(days=365))
    if not bare:
        builder = builder.add_extension(names_of(names), critical=False)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    return PersonalCertificate("REQUEST", Certificate(der), True, **{"exportable": True, "provider": KSP, **what})


def windows_pem(request: SigningRequest) -> bytes:
    """As certreq writes it."""
    return request.pem.replace("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST").replace("\n", "\r\n").encode()


def registry_answer(values: Mapping[str, bytes]) -> Answer:
    """What ``reg.read`` gives of the kept requests."""
    return Answer("ok", encode_registry({"": {name: RegistryValue("Binary", data) for name, data in values.items()}}))
