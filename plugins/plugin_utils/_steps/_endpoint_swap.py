# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One endpoint's change of certificate, and what the result says of all of them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

from .._model.change import Change
from .._model.web import Endpoint, WebServer
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from ._targets import Targets


def swapped(
    web: WebServer, before: Endpoint, certificate: Certificate, targets: Targets
) -> tuple[Change | None, Endpoint]:
    """The change of one endpoint, None where it holds the certificate, and the endpoint as it will be."""
    if before.thumbprint.upper() == certificate.thumbprint:
        return None, before
    after = dataclasses.replace(before, thumbprint=certificate.thumbprint, inherited_from="")
    shared = ", ".join(f"'{name}'" for name in targets.shared_with(before))
    what = f"{before.selector} of {', '.join(before.sites)} gets {labels([certificate])}"
    change = Change(
        what=f"{what}; this changes {shared} too, which share it" if shared else what,
        where=before.selector,
        before=_shown(before),
        after=_shown(after),
        operations=web.replace(before, certificate.thumbprint, before.store),
        closing=web.settle(before),
    )
    return change, after


def _shown(endpoint: Endpoint) -> str:
    if not endpoint.thumbprint:
        return ""
    lines = [f"certificate: {endpoint.thumbprint}", f"store: {endpoint.store}"]
    if endpoint.inherited_from:
        lines.append(f"inherited from: {endpoint.inherited_from}")
    return "\n".join([*lines, *(f"{name}: {value}" for name, value in endpoint.settings.items() if value)])


def result(
    certificate: Certificate, targets: Targets, swaps: Iterable[tuple[Change | None, Endpoint]]
) -> dict[str, Any]:
    """The certificate, every endpoint that was meant, and those of the central certificate store."""
    return {
        "certificate": {
            "thumbprint": certificate.thumbprint,
            "subject": certificate.subject_text,
            "not_after": certificate.not_after.isoformat(),
        },
        "endpoints": [
            {
                "selector": before.selector,
                "sites": list(before.sites),
                "before": before.thumbprint,
                "after": after.thumbprint,
                "store": after.store,
                "shared_with": list(targets.shared_with(before)),
                "changed": change is not None,
            }
            for before, (change, after) in zip(targets.endpoints, swaps, strict=True)
        ],
        "left_alone": [{"selector": each.selector, "sites": list(each.sites)} for each in targets.skipped],
    }
