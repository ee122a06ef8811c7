# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that were changed on their way: PEM has no checksum, but the issuer's signature is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._cryptography import x509
from .certificate import Certificate


def broken_signatures(certificates: Sequence[Certificate]) -> Iterator[tuple[Certificate, Certificate]]:
    """Each certificate whose signature does not hold, with its issuer. One of the two is not what the CA made.

    The issuer has to be among them, by name and by key identifier (RFC 5280, 4.2.1.1): another generation of a CA may
    have the same name, and then nothing is known. Self-issued ones are left out: they serve nothing here.
    """
    for one in certificates:
        issuers = [] if one.self_issued else [each for each in certificates if _names_each_other(one, each)]
        if issuers and not any(one.signed_by(issuer) is not False for issuer in issuers):
            yield one, issuers[0]


def _names_each_other(one: Certificate, issuer: Certificate) -> bool:
    if one.issuer != issuer.subject or not issuer.public_key:
        return False
    wanted, own = one.extension(x509.AuthorityKeyIdentifier), issuer.extension(x509.SubjectKeyIdentifier)
    if not isinstance(wanted, x509.AuthorityKeyIdentifier) or not isinstance(own, x509.SubjectKeyIdentifier):
        return False
    return wanted.key_identifier == own.digest
