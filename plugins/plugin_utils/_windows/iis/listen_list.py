# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where http.sys answers on the host itself: its IP listen list is the same for IIS 6.0 and for newer ones."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from ..._errors import TlsOpsError
from ..._model.web import Endpoint


def local_address(address: str, listen_only: Sequence[str], endpoint: Endpoint, *, shown_by: str) -> str:
    """Where this host reaches one of the endpoint's addresses: every address is loopback, if http.sys listens there.

    ``listen_only`` is the list, empty for all addresses; ``shown_by`` the command that shows it. Raises TlsOpsError
    where http.sys does not listen for the endpoint at all.
    """
    bare = ipaddress.ip_address(address.strip("[]"))
    if not bare.is_unspecified:
        return str(bare)
    loopback = "127.0.0.1" if bare.version == 4 else "::1"
    listening = [each for each in map(_parsed, listen_only) if each and each.version == bare.version]
    if not listen_only or any(each.is_unspecified or str(each) == loopback for each in listening):
        return loopback
    if not listening:
        only = ", ".join(listen_only)
        raise TlsOpsError(
            f"http.sys only listens on {only} (IP listen list), which is not what {endpoint.selector} is for.",
            hint=f"See '{shown_by}'.",
        )
    return str(listening[0])


def _parsed(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
