# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Name constraints of a certificate authority: for which hosts clients accept what it signs (RFC 5280, 4.2.1.10)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from .._cryptography import x509
from .certificate import Certificate

Host = str | ipaddress.IPv4Address | ipaddress.IPv6Address


def forbidden(authority: Certificate, hosts: Iterable[str]) -> tuple[str, ...]:
    """Those of the DNS names (lower case) and IP addresses that a certificate below ``authority`` must not have."""
    constraints = authority.extension(x509.NameConstraints)
    if not isinstance(constraints, x509.NameConstraints):
        return ()
    permitted, excluded = constraints.permitted_subtrees or (), constraints.excluded_subtrees or ()
    return tuple(each for each in hosts if not _allowed(_host(each), permitted, excluded))


def _allowed(host: Host, permitted: Iterable[x509.GeneralName], excluded: Iterable[x509.GeneralName]) -> bool:
    """A kind of name that nothing is permitted of is not restricted by what is permitted."""
    wanted = [found for found in (_within(host, tree) for tree in permitted) if found is not None]
    return (not wanted or any(wanted)) and not any(_within(host, tree) for tree in excluded)


def _within(host: Host, tree: x509.GeneralName) -> bool | None:
    """None where the tree is about another kind of name."""
    if isinstance(host, str):
        return _below(host, tree.value.lower()) if isinstance(tree, x509.DNSName) else None
    if not isinstance(tree, x509.IPAddress):
        return None
    return isinstance(tree.value, ipaddress.IPv4Network | ipaddress.IPv6Network) and host in tree.value


def _below(name: str, base: str) -> bool:
    """An empty base is every name's; one that begins with a dot, as OpenSSL has it, is not its own."""
    return not base or name == base or name.endswith(base if base.startswith(".") else f".{base}")


def _host(text: str) -> Host:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return text
