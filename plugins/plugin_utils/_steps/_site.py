# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate that a web site uses now."""

from __future__ import annotations

from .._errors import NoMatch, TlsOpsError
from .._model.snapshot import Snapshot


def thumbprint_of(snapshot: Snapshot, site: str, *, otherwise: str) -> str:
    """The thumbprint of the one certificate that all TLS endpoints of ``site`` use.

    IIS compares site names without case. Raises NoMatch where there is no such site, TlsOpsError where it uses no
    certificate, or several. ``otherwise`` is the hint of the step where it uses none.
    """
    if snapshot.web is None:
        raise NoMatch("this host has no IIS, so it has no site.", hint=otherwise)
    names = [each.name for each in snapshot.web.sites]
    if site.casefold() not in (name.casefold() for name in names):
        raise NoMatch(f"there is no site '{site}'.", hint=f"There are: {', '.join(names) or 'none'}.")
    own = [
        endpoint
        for endpoint in snapshot.web.endpoints
        if site.casefold() in (name.casefold() for name in endpoint.sites)
    ]
    used = {endpoint.selector: endpoint.thumbprint.upper() for endpoint in own if endpoint.thumbprint}
    if not used:
        central = any(endpoint.owner == "central_store" for endpoint in own)
        from_files = ": it is served from the central certificate store, whose .pfx files hold certificate and key"
        raise TlsOpsError(
            f"no certificate is attached to the site '{site}'{from_files if central else ''}.", hint=otherwise
        )
    if len(set(used.values())) > 1:
        pairs = ", ".join(f"{selector} {thumbprint}" for selector, thumbprint in used.items())
        raise TlsOpsError(f"the site '{site}' uses several certificates: {pairs}.", hint="Name one by its thumbprint.")
    return next(iter(used.values()))
