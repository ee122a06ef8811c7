# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a certificate covers a host name (RFC 6125, section 6.4) or an IP address."""

from __future__ import annotations

import ipaddress

from .certificate import Certificate


def covers(certificate: Certificate, host: str) -> bool:
    """Whether a client that asks for ``host`` accepts it: a DNS name, a wildcard binding's ``*.example.com``, or an IP.

    A wildcard stands for exactly one whole label, the leftmost.
    """
    address = _address(host)
    if address is not None:
        return address in {_address(each) for each in certificate.ip_addresses}
    wanted = _ascii(host)
    return bool(wanted) and any(_matches(_ascii(name), wanted) for name in certificate.dns_names)


def _matches(pattern: str, host: str) -> bool:
    if pattern == host:
        return True
    if not pattern.startswith("*.") or host.startswith("*."):
        return False
    label, dot, parent = host.partition(".")
    return bool(label and dot) and parent == pattern[2:]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None


def _ascii(name: str) -> str:
    """Lower case, without the root's dot, other scripts in the form in which a certificate has them (RFC 5890)."""
    plain = name.strip().rstrip(".").lower()
    if plain.isascii():
        return plain
    try:
        return plain.encode("idna").decode("ascii")
    except UnicodeError:
        return plain
