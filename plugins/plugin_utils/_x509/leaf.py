# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificate of a CA's answer is the server's own: by its key, never by its place in the answer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .._errors import NoMatch, TlsOpsError
from .certificate import Certificate


def find_leaf(certificates: Sequence[Certificate], public_keys: Collection[bytes]) -> Certificate:
    """The certificate for one of the keys (SubjectPublicKeyInfo, DER).

    Where a mail quotes the old certificate too, the one issued last is meant. Raises NoMatch where none has such a key,
    TlsOpsError where two were issued at the same moment.
    """
    known = {key for key in public_keys if key}
    fitting = {one.der: one for one in certificates if one.public_key in known}
    if not fitting:
        raise NoMatch(
            f"none of the {len(certificates)} certificates in the answer belongs to a private key of this host: "
            f"{labels(certificates)}.",
            hint="Take the answer to the request that was made on this server, or check that its pending request is "
            "still there (mmc.exe, snap-in Certificates (computer account), Certificate Enrollment Requests).",
        )
    latest = max((one.not_before, one.not_after) for one in fitting.values())
    newest = [one for one in fitting.values() if (one.not_before, one.not_after) == latest]
    if len(newest) > 1:
        raise TlsOpsError(
            f"the answer holds {len(newest)} certificates for keys of this host, issued at the same time: "
            f"{labels(newest)}.",
            hint="Give an answer that holds one server certificate.",
        )
    return newest[0]


def labels(certificates: Sequence[Certificate]) -> str:
    """Certificates as a person would list them."""
    return ", ".join(f"'{one.label}' ({one.thumbprint})" for one in certificates) or "none"
