# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What speaks against a certificate at the endpoints that are to hold it. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .._errors import TlsOpsError
from .._model.stores import PersonalCertificate
from .._model.web import Endpoint, WebServer
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from .._x509.names import covers
from ._targets import Targets, host_names


def check_names(web: WebServer, targets: Targets, certificate: Certificate) -> tuple[str, ...]:
    """Warnings for what cannot be checked or belongs to sharing sites. Raises TlsOpsError for a name not covered."""
    warnings: list[str] = []
    for endpoint in targets.endpoints:
        shared = targets.shared_with(endpoint)
        missing = _missing(certificate, host_names(web, endpoint, set(endpoint.sites) - set(shared)))
        if missing:
            raise TlsOpsError(
                f"{labels([certificate])} does not cover {', '.join(missing)}, which {endpoint.selector} serves.",
                hint="Ask the CA for a certificate with every host name of the site's bindings.",
            )
        missing = _missing(certificate, host_names(web, endpoint, shared))
        if missing:
            warnings.append(
                f"{endpoint.selector} also serves {', '.join(missing)} ({', '.join(shared)}), which the new "
                "certificate does not cover."
            )
    return tuple(warnings)


def lost_names(endpoint: Endpoint, new: Certificate, personal: Iterable[PersonalCertificate]) -> tuple[str, ...]:
    """A warning where the endpoint's certificate covers names that the new one does not."""
    old = next((one.certificate for one in personal if one.certificate.thumbprint == endpoint.thumbprint.upper()), None)
    lost = _missing(new, (*old.dns_names, *old.ip_addresses)) if old else []
    if not lost:
        return ()
    return (f"{endpoint.selector}: the certificate in use covers {', '.join(lost)}, the new one does not.",)


def _missing(certificate: Certificate, names: Iterable[str]) -> list[str]:
    return [name for name in names if not covers(certificate, name)]


def check_stores(targets: Targets, certificate: Certificate, personal: Iterable[PersonalCertificate]) -> None:
    """Raises TlsOpsError where the certificate does not lie, with its key, in the store that a record names."""
    stores = {one.store.casefold() for one in personal if one.certificate == certificate and one.has_private_key}
    for endpoint in targets.endpoints:
        if endpoint.store.casefold() not in stores:
            raise TlsOpsError(
                f"{endpoint.selector} takes its certificate from the store {endpoint.store}, where "
                f"{labels([certificate])} is not, or has no private key.",
                hint=f"Install it there: certificate_install with store: {endpoint.store}.",
            )
