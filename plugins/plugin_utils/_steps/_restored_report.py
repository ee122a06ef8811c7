# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a restore says of itself: the result, what stays as it was, and what may not work. Pure."""

from __future__ import annotations

from typing import Any

from .._model.snapshot import Snapshot
from .._x509.certificate import Certificate
from .._x509.checks import server_problems
from .._x509.leaf import labels
from ._intermediates import Intermediates, chain_problem
from ._key_access import Wanted
from ._restored import Target, exportable_or_not, key_there
from ._restored_root import Roots
from ._roots import stores_of


def result(
    leaf: Certificate, path: str, place: Target, chain: Intermediates, roots: Roots, wanted: Wanted
) -> dict[str, Any]:
    return {
        "thumbprint": leaf.thumbprint,
        "subject": leaf.subject_text,
        "names": [*leaf.dns_names, *leaf.ip_addresses],
        "not_after": leaf.not_after.isoformat(),
        "store": place.store,
        "path": path,
        "friendly_name": place.name_there,
        "imported": not place.complete,
        "key": key_there(place),
        "key_access": list(wanted.readers),
        "intermediates": [{**_named(one), "added": one in chain.missing} for one in chain.wanted],
        "roots": [{**_named(one), "state": roots.state(one)} for one in roots.found],
    }


def findings(place: Target, chain: Intermediates, roots: Roots, friendly_name: str) -> tuple[str, ...]:
    """What is not as the file or the user would have it, and stays so."""
    left_out = [
        f"{labels([one])} of the backup was left out: {reason}."
        for one, reason in chain.left_out
        if one not in roots.found
    ]
    missing = [
        f"the root {labels([one])} of the backup is not among the trusted roots of this server. Windows may fetch it "
        "when it needs it; trusted_root: added puts it there."
        for one in roots.found
        if roots.state(one) == "missing"
    ]
    off = [
        f"the root {labels([one])} of the backup is disabled on this server, and stays so."
        for one in roots.found
        if roots.state(one) == "disabled"
    ]
    return (*left_out, *missing, *off, *_differences(place, friendly_name))


def warnings(leaf: Certificate, after: Snapshot) -> tuple[str, ...]:
    """Old backups are restored too; what they hold may not serve TLS any more."""
    at = after.host.clock
    problems = [f"{labels([leaf])} {each}." for each in server_problems(leaf, at)]
    broken = chain_problem(leaf, stores_of(after), at)
    return (*problems, *([f"{labels([leaf])} has no trusted chain on this server: {broken}."] if broken else []))


def _differences(place: Target, friendly_name: str) -> list[str]:
    """Between the certificate that is there already and what was asked for."""
    there = place.there
    if not place.complete or there is None:
        return []
    found = []
    if there.exportable is not None and there.exportable is not place.exportable:
        found.append(
            f"the key is there already and {exportable_or_not(there.exportable)}; it was asked for as "
            f"{exportable_or_not(place.exportable)}. That cannot be changed: take the certificate and its key out of "
            "the store, then restore it anew."
        )
    if friendly_name and there.friendly_name != friendly_name:
        found.append(f"the friendly name of the certificate is '{there.friendly_name}', and is left as it is.")
    if there.archived:
        found.append("the certificate in the store is marked as archived: most lists do not show it.")
    return found


def _named(certificate: Certificate) -> dict[str, str]:
    return {"thumbprint": certificate.thumbprint, "subject": certificate.subject_text}
