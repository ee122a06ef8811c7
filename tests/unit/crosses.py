# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roots that have a cross certificate: the real ones as far as they are at hand, and look-alikes of the others.

A look-alike has the names and the dates of the real certificates, the same kind of key, and a key of its own.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.mint import PrivateKey, ec_key, rsa_key
from tests.unit.root_host import HOST, LISTED, SITES, F, Web, endpoint
from tests.unit.shelves import copy, real, stores


@dataclasses.dataclass(frozen=True)
class Family:
    """A root, its cross certificate by the older root ``above``, and ``below``, what is taken for a server's.

    Nobody can sign below a real root, so there ``below`` is an intermediate, or the cross certificate itself. At
    ``good`` the cross certificate is a way round, at ``late`` it has expired.
    """

    root: Certificate
    cross: Certificate
    above: Certificate
    below: Certificate
    good: datetime
    late: datetime

    def host(
        self,
        at: datetime,
        *,
        cross: bool = True,
        root: bool = True,
        usages: bytes | None = LISTED,
        used: bool = True,
    ) -> Snapshot:
        """A host that serves ``below``, or has only its request, at that moment; the root lies in two stores."""
        copies = [copy(self.root, place, usages=usages) for place in ("Registry", "AuthRoot") if root]
        between = (self.below, self.cross) if cross else (self.below,)
        personal = PersonalCertificate("MY" if used else "REQUEST", self.below, True)
        return dataclasses.replace(
            F.snapshot(),
            host=dataclasses.replace(HOST, clock=at),
            stores=stores((self.above,), dict.fromkeys(between), *copies),
            personal=(personal,),
            web=Web((endpoint(self.below.thumbprint),) if used else (), SITES),
        )


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, 12, tzinfo=UTC)


def _real(root: str, cross: str, above: str, below: str, good: datetime, late: datetime) -> Family:
    return Family(real(root), real(cross), real(above), real(below), good, late)


def _real_families() -> dict[str, Family]:
    g5, x1, x2 = "verisign_g5_root_selfsigned", "isrg_root_x1", "isrg_root_x2"
    g1, long_ago, later = "verisign_class3_g1_root_sha1", day(2015, 6, 1), day(2021, 11, 9)
    first, second = "verisign_g5_cross_by_g1_250ce8e0", "verisign_g5_cross_by_g1_1b093b78"
    ye, yr = "isrg_root_ye_cross_by_x2", "isrg_root_yr_cross_by_x1"
    now, far = day(2026, 11, 22), day(2032, 9, 4)
    return {
        "real G5 by G1 (250ce8e0)": _real(g5, first, g1, "symantec_class3_secure_server_ca_g4", long_ago, later),
        "real G5 by G1 (1b093b78)": _real(g5, second, g1, "verisign_class3_secure_server_ca_g3", long_ago, later),
        "real G5 by G1, whose root is signed with MD2": _real(
            *(g5, first, "verisign_class3_g1_root_md2", "thawte_sgc_ca_g2", long_ago, later)
        ),
        "real ISRG X1 by DST X3": _real(
            *(x1, "isrg_root_x1_cross_by_dst_x3", "dst_root_ca_x3", "lets_encrypt_r3_by_x1"),
            *(day(2021, 6, 1), day(2024, 10, 2)),
        ),
        "real ISRG X2 by X1 (to 2025)": _real(
            x2, "isrg_root_x2_cross_by_x1_2025", x1, ye, day(2024, 6, 1), day(2025, 9, 17)
        ),
        "real ISRG X2 by X1 (to 2032)": _real(x2, "isrg_root_x2_cross_by_x1_2032", x1, ye, now, far),
        "real Root YR by X1": _real("isrg_root_yr", yr, x1, yr, now, far),
        "real Root YE by X2": _real("isrg_root_ye", ye, x2, ye, now, far),
    }


def _key_like(certificate: Certificate) -> PrivateKey:
    key = certificate.parsed.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return ec.generate_private_key(key.curve)
    assert isinstance(key, rsa.RSAPublicKey)
    return rsa_key()  # larger ones take seconds


def _signed(
    subject: x509.Name, key: PrivateKey, issuer: x509.Name, by: PrivateKey, dates: tuple[datetime, datetime], ca: bool
) -> Certificate:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(dates[0]).not_valid_after(dates[1])
    builder = builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    return Certificate(builder.sign(by, hashes.SHA256()).public_bytes(Encoding.DER))


def like(root: Certificate, above: Certificate, begin: datetime, end: datetime) -> Family:
    """A family with the names, dates and kinds of key of two real roots; the cross certificate is made."""
    key, older, own = _key_like(root), _key_like(above), ec_key()
    name, old_name = root.parsed.subject, above.parsed.subject
    leaf = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "www.example.com")])
    good, late = begin + timedelta(days=365), end + timedelta(days=1)
    return Family(
        _signed(name, key, name, key, (root.not_before, root.not_after), ca=True),
        _signed(name, key, old_name, older, (begin, end), ca=True),
        _signed(old_name, older, old_name, older, (above.not_before, above.not_after), ca=True),
        _signed(leaf, own, name, key, (begin, end + timedelta(days=365)), ca=False),
        good,
        late,
    )


def _look_alikes() -> dict[str, Family]:
    sectigo, google = (day(2021, 3, 22), day(2038, 1, 17)), (day(2020, 6, 19), day(2028, 1, 27))
    invented = like(real("digicert_global_root_g2"), real("verisign_universal_root"), day(2020, 1, 1), day(2030, 1, 1))
    return {
        "like Sectigo R46 by USERTrust RSA": like(
            real("sectigo_server_auth_root_r46"), real("usertrust_rsa"), *sectigo
        ),
        "like Sectigo E46 by USERTrust ECC": like(
            real("sectigo_server_auth_root_e46"), real("usertrust_ecc"), *sectigo
        ),
        "like GTS R1 by GlobalSign R1": like(real("gts_root_r1"), real("globalsign_r1"), *google),
        "of a CA that is not in the catalogue": invented,
    }


@functools.cache
def families() -> Mapping[str, Family]:
    return {**_real_families(), **_look_alikes()}
