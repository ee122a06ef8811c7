# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts by name. The well-known ones are called differently in each language of Windows; their SIDs are not.

A virtual account's SID is made of its name: ``IIS AppPool\\<pool>`` (S-1-5-82) of the name in small letters,
``NT SERVICE\\<service>`` (S-1-5-80) of the name in capitals, as SHA-1 of UTF-16.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from .access import is_sid

if TYPE_CHECKING:
    from .host import Host

_AUTHORITY = {"de": "NT-AUTORITÄT"}
_BUILTIN = {"de": "VORDEFINIERT"}
_NETWORK_SERVICE = {"de": "NETZWERKDIENST"}
_LOCAL_SERVICE = {"de": "LOKALER DIENST"}
_ADMINISTRATORS = {"de": "Administratoren"}
_USERS = {"de": "Benutzer"}
_EVERYONE = {"de": "Jeder"}


def sid_of(host: Host, name: str) -> str:
    """Empty where the host knows no such account. Names compare without case; a SID is taken as it is."""
    if is_sid(name):
        return name
    wanted = name.lower()
    given = {each.lower(): sid for each, sid in host.options.accounts.items()}
    return given.get(wanted) or _well_known(host.language.tag).get(wanted) or _virtual(host, wanted)


def known(host: Host) -> dict[str, str]:
    """Every name that the host knows, in small letters, with its SID."""
    virtual = [rf"iis apppool\{pool}" for pool in host.web.pools()]
    virtual += [rf"nt service\{name}" for name, _status in host.services.dump()]
    given = {each.lower(): sid for each, sid in host.options.accounts.items()}
    hashed = {each.lower(): _virtual(host, each.lower()) for each in virtual}
    return {**hashed, **_well_known(host.language.tag), **given}


def _well_known(tag: str) -> dict[str, str]:
    """With the authority in front and without. Japanese Windows keeps the English names."""
    language = tag.partition("-")[0]
    authority, builtin = _AUTHORITY.get(language, "NT AUTHORITY"), _BUILTIN.get(language, "BUILTIN")
    named = [
        (authority, "SYSTEM", "S-1-5-18"),
        (authority, _LOCAL_SERVICE.get(language, "LOCAL SERVICE"), "S-1-5-19"),
        (authority, _NETWORK_SERVICE.get(language, "NETWORK SERVICE"), "S-1-5-20"),
        (builtin, _ADMINISTRATORS.get(language, "Administrators"), "S-1-5-32-544"),
        (builtin, _USERS.get(language, "Users"), "S-1-5-32-545"),
        (builtin, "IIS_IUSRS", "S-1-5-32-568"),
    ]
    found = {_EVERYONE.get(language, "Everyone").lower(): "S-1-1-0"}
    for domain, name, sid in named:
        found[name.lower()] = found[f"{domain}\\{name}".lower()] = sid
    return found


def _virtual(host: Host, wanted: str) -> str:
    """Only of a pool or a service that there is."""
    domain, _separator, name = wanted.partition("\\")
    if domain == "iis apppool" and name in (pool.lower() for pool in host.web.pools()):
        return _hashed("S-1-5-82", name)
    if domain == "nt service" and host.services.exists(name):
        return _hashed("S-1-5-80", name.upper())
    return ""


def _hashed(start: str, name: str) -> str:
    digest = hashlib.sha1(name.encode("utf-16-le"), usedforsecurity=False).digest()
    return "-".join([start, *(str(part) for part in struct.unpack("<5I", digest))])
