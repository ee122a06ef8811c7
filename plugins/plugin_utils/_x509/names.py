# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a certificate covers a host name (RFC 6125, section 6.4) or an IP address."""

from __future__ import annotations

import ipaddress
import re

from .._errors import TlsOpsError
from .certificate import Certificate

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_DIFFERENT = "ßς\u200c\u200d"  # what IDNA 2003, which Python has, and IDNA 2008 make different names of (RFC 5894, 7.2)


def covers(certificate: Certificate, host: str) -> bool:
    """Whether a client that asks for ``host`` accepts it: a DNS name, a wildcard binding's ``*.example.com``, or an IP.

    A wildcard stands for exactly one whole label, the leftmost.
    """
    address = _address(host)
    if address is not None:
        return address in {_address(each) for each in certificate.ip_addresses}
    wanted = _ascii(host)
    return bool(wanted) and any(_matches(_ascii(name), wanted) for name in certificate.dns_names)


def normalized(host: str) -> str:
    """A DNS name or an IP address in the one form in which it can be compared."""
    address = _address(host)
    return str(address) if address is not None else _ascii(host)


def dns_name(text: str) -> str:
    """A name as a certificate has it: lower case, other scripts as A-labels (RFC 5890), ``*.`` for a wildcard.

    Raises TlsOpsError where it is none (RFC 1123 2.1, RFC 6125 6.4.3).
    """
    if _address(text) is not None:
        raise TlsOpsError(f"{text!r} is an IP address, not a DNS name.", hint="Give it in ip_addresses.")
    if any(each in _DIFFERENT for each in text):
        raise TlsOpsError(f"{text!r} has more than one form in ASCII.", hint="Give the one that is meant (xn--...).")
    name = _ascii(text)
    labels = name.removeprefix("*.").split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise TlsOpsError(
            f"{text!r} is no DNS name.",
            hint="Letters, digits and hyphens between dots; a wildcard is the whole first label (*.example.com).",
        )
    return name


def ip_address(text: str) -> str:
    """An IPv4 or IPv6 address in its shortest form. Raises TlsOpsError where it is none, or holds a zone."""
    address = _address(text.strip())
    if address is None or "%" in text:
        raise TlsOpsError(f"{text!r} is no IP address.", hint="Give names in names.")
    return str(address)


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
