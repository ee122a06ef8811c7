# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.constraints import forbidden
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.mint import Minted, mint

NET = x509.IPAddress(ipaddress.ip_network("10.0.0.0/8"))
MAIL = x509.RFC822Name("example.com")
PLAIN = mint("Constrained CA", ca=True)


def dns(*names: str) -> list[x509.GeneralName]:
    return [x509.DNSName(name) for name in names]


def constrained(permitted: Sequence[x509.GeneralName] = (), excluded: Sequence[x509.GeneralName] = ()) -> Minted:
    """A CA with name constraints."""
    old = PLAIN.certificate.parsed
    builder = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer)
    builder = builder.public_key(old.public_key()).serial_number(old.serial_number)  # type: ignore[arg-type]
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    builder = builder.add_extension(x509.NameConstraints(permitted or None, excluded or None), critical=True)
    made = builder.sign(PLAIN.key, hashes.SHA256())
    return Minted(Certificate(made.public_bytes(Encoding.DER)), PLAIN.key)


@pytest.mark.parametrize(
    ("permitted", "excluded", "not_allowed"),
    [
        (dns("example.com"), (), ["www.example.org", "badexample.com"]),
        (dns(".example.com"), (), ["example.com", "www.example.org", "badexample.com"]),
        ((), dns("example.com"), ["example.com", "www.example.com", "*.example.com"]),
        (dns("Example.com", "example.org"), dns("www.example.com"), ["www.example.com", "badexample.com"]),
        ([NET], (), ["192.0.2.1", "2001:db8::1"]),
        ((), [NET], ["10.0.0.1"]),
        ((), dns(""), ["example.com", "www.example.com", "*.example.com", "www.example.org", "badexample.com"]),
        ([MAIL], [MAIL], []),
    ],
    ids=["below", "dot", "excluded", "both", "net", "no net", "no names", "mail"],
)
def test_what_is_not_allowed(
    permitted: list[x509.GeneralName], excluded: list[x509.GeneralName], not_allowed: list[str]
) -> None:
    names = ["example.com", "www.example.com", "*.example.com", "www.example.org", "badexample.com"]
    hosts = [*names, "10.0.0.1", "192.0.2.1", "2001:db8::1"]
    assert list(forbidden(constrained(permitted, excluded).certificate, hosts)) == not_allowed


def test_without_constraints_all_is_allowed() -> None:
    assert forbidden(PLAIN.certificate, ["www.example.com", "10.0.0.1"]) == ()
