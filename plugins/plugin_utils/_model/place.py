# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``bindingInformation`` in its parts: where a binding listens, and for which host name. The same for every IIS."""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import re

from .web import Binding, Site

ANY, ANY_V6 = "0.0.0.0", "[::]"

_INFORMATION = re.compile(r"(?P<address>\*|\[[^\[\]]+\]|[0-9.]*):(?P<port>[0-9]{1,5}):(?P<host>[^\s:]*)")


def plain_address(text: str) -> str:
    """An IP address in its shortest form, IPv6 in brackets; raises ValueError where it is none."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    address = ipaddress.ip_address(bare)
    return f"[{address}]" if address.version == 6 else str(address)


@dataclasses.dataclass(frozen=True)
class Place:
    """``address`` is an IP address (any is ``0.0.0.0``), ``host`` lower case."""

    address: str
    port: int
    host: str

    @classmethod
    def parse(cls, information: str) -> Place | None:
        """None where it is not of the form ``ip:port:host``."""
        return _parsed(information)


@functools.lru_cache(65536)  # a server can have thousands of bindings, and each is asked for once an endpoint
def _parsed(information: str) -> Place | None:
    found = _INFORMATION.fullmatch(information.strip())
    if not found or not 0 < int(found["port"]) < 65536:
        return None
    try:
        address = ANY if found["address"] in ("*", "") else plain_address(found["address"])
    except ValueError:
        return None
    return Place(address, int(found["port"]), found["host"].lower())


def tls_places(site: Site) -> list[tuple[Binding, Place]]:
    """The https bindings of a site with their places; one that has none cannot be served and is left out."""
    https = [binding for binding in site.bindings if binding.protocol.lower() == "https"]
    return [(binding, place) for binding in https if (place := Place.parse(binding.information))]
