# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server with very many certificates and bindings, made so that none of it compresses better than the real ones do.

Each certificate has a modulus, a serial number, a signature and names of its own. Nobody has its private key: a random
odd number of 2048 bits stands for the modulus, since nothing here signs with it. The CA signs with RSA, the longer
signature. Its certificates hold no timestamps of transparency logs, as those of a company's own CA do not.
"""

from __future__ import annotations

import functools
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import AuthorityInformationAccessOID as Access
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

from tests.fleet.authority import Issued
from tests.fleet.world import blob
from tests.fleet.world.host import Host
from tests.fleet.world.httpsys import IIS_APP_ID, Record
from tests.fleet.world.iis import STARTED, Binding, Site
from tests.fleet.world.keys import CNG, Container
from tests.fleet.world.scenario import Scenario, load

HOST = "crowded"
A_SITE = 5  # bindings of each site
_PAGES = ("http://ocsp.example-trust.com", "http://aia.example-trust.com/server-g4.crt")


def crowded(certificates: int, bindings: int) -> Scenario:
    """One host ``crowded`` with that many certificates in MY, the first of which are bound by SNI."""
    described = {
        "authorities": {"big": {"name": "Example Trust", "key": "rsa-2048"}},
        "hosts": {HOST: {"stores": _STORES}},
    }
    scenario = load(described)
    host, issuer = scenario.hosts[HOST], scenario.authorities["big"].certificates["intermediate"]
    made = [_certificate(number, issuer) for number in range(certificates)]
    with host.journal.silence():
        for name, der in made:
            _put(host, name, der)
        _bind(host, made[:bindings])
    return scenario


_STORES = [{"certificate": "big.root", "in": ["Root"]}, {"certificate": "big.intermediate", "in": ["CA"]}]


def _certificate(number: int, issuer: Issued) -> tuple[str, bytes]:
    """The first name and the DER."""
    public = rsa.RSAPublicNumbers(65537, secrets.randbits(2048) | 1 << 2047 | 1).public_key()
    name = f"shop{number:04}-{secrets.token_hex(3)}.example.co.jp"
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.certificate.subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30, seconds=number * 61))
        .not_valid_after(now + timedelta(days=168, seconds=number * 61))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(each) for each in names_of(name)]), critical=False)
    )
    for extension in _common(issuer):
        builder = builder.add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    signed = builder.sign(issuer.key, hashes.SHA256())
    return name, signed.public_bytes(serialization.Encoding.DER)


def names_of(name: str) -> list[str]:
    return [name, f"www.{name}", f"api.{name}"]


@functools.cache
def _common(issuer: Issued) -> tuple[x509.ExtensionType, ...]:
    """What a CA puts into each of its certificates."""
    address = x509.UniformResourceIdentifier("http://crl.example-trust.com/server-g4.crl")
    kinds = zip((Access.OCSP, Access.CA_ISSUERS), map(x509.UniformResourceIdentifier, _PAGES), strict=True)
    return (
        x509.BasicConstraints(ca=False, path_length=None),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()),
        x509.ExtendedKeyUsage([Usage.SERVER_AUTH, Usage.CLIENT_AUTH]),
        x509.CRLDistributionPoints([x509.DistributionPoint([address], None, None, None)]),
        x509.AuthorityInformationAccess([x509.AccessDescription(kind, page) for kind, page in kinds]),
    )


@functools.cache
def _any_key() -> Any:
    return rsa.generate_private_key(65537, 2048)


def _put(host: Host, name: str, der: bytes) -> None:
    container = Container(f"{{{str(uuid.uuid4()).upper()}}}", _any_key(), CNG, exportable=True)
    host.keys.add(container)
    properties = {blob.KEY_PROV_INFO: container.link.encode(), blob.FRIENDLY_NAME: blob.utf16(f"{name} (2026)")}
    host.stores.put(r"HKLM\SOFTWARE\Microsoft\SystemCertificates\MY", blob.build(der, properties))


def _bind(host: Host, made: list[tuple[str, bytes]]) -> None:
    """Schannel is not told: building 500 chains is not what is measured here."""
    for start in range(0, len(made), A_SITE):
        own = made[start : start + A_SITE]
        bindings = tuple(Binding("https", f"*:443:{name}", 1) for name, _der in own)
        host.iis.add_site(Site(f"Customer {start // A_SITE}", start // A_SITE + 1, bindings), STARTED)
        for name, der in own:
            digest = bytes.fromhex(blob.thumbprint(der))
            host.httpsys.write(Record("hostnameport", f"{name}:443", IIS_APP_ID, certificate=digest, store="MY"))
