# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Shared configuration: the sites as appcmd tells them.

The file on the share cannot be read by the batch: IIS reads it with the credentials of redirection.config, and a
network logon gets no further. appcmd does as IIS does. ``appcmd list site /config`` would tell everything, the
passwords of virtual directories in clear too, so the plain list is taken: it lacks sslFlags, which http.sys tells.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from ..._batch.operation import Answer
from ..._batch.payload import program
from ..._errors import TlsOpsError
from ..._model.place import ANY, Place
from ..._model.web import Binding, Site
from ..httpsys import Selector
from .bindings import CENTRAL_STORE, SNI, selector
from .site_states import listed

NOTE = (
    "IIS takes its configuration from another place (redirection.config): FTP certificates and properties of IIS 6 "
    "compatibility (customMetadata) in it are not seen, and what sslFlags say is taken from the records of http.sys."
)
_LOST = re.compile("[?\ufffd]")  # '?' is in no name of a site (IIS docs, site): the code page lacks a character
# What a console writes where UTF-8 was not set, by the language of Windows (its OEM code page; NLS reference).
_CODE_PAGES = {"ja": "cp932", "ko": "cp949", "zh-cn": "cp936", "zh-tw": "cp950", "ru": "cp866", "en": "cp437"}
_CODE_PAGES |= dict.fromkeys(("cs", "hu", "pl", "sk", "sl", "hr", "ro"), "cp852") | {"tr": "cp857", "el": "cp737"}
_WESTERN = "cp850"


def sites(answer: Answer, language: str, records: Collection[Selector]) -> tuple[tuple[Site, ...], tuple[str, ...]]:
    """The sites, their state unknown, and sentences about what could not be known. Raises TlsOpsError.

    ``language`` is that of Windows, like ``ja-JP``.
    """
    if not answer.ok:
        raise TlsOpsError(
            "IIS takes its configuration from another place (redirection.config), and appcmd does not list its sites: "
            f"{answer.describe()}.",
            hint="Run 'appcmd list site' on the server. It fails where redirection.config's account cannot reach the "
            "share, and where a site has very many bindings.",
        )
    root = listed(_text(program(answer.payload).stdout, language))
    known = {each.identity for each in records}
    found = tuple(
        Site(each.get("SITE.ID", ""), each.get("SITE.NAME", ""), "unknown", _bindings(each.get("bindings", ""), known))
        for each in root.iter("SITE")
    )
    lost = [site for site in found if not nameable(site)]
    return found, (NOTE, *(f"The name of site {each.identifier} could not be read ('{each.name}')." for each in lost))


def nameable(site: Site) -> bool:
    """Whether the name is as IIS has it, so that appcmd can be told it."""
    return not _LOST.search(site.name)


def _text(output: bytes, language: str) -> str:
    """UTF-8 where it is such (Ansible sets code page 65001), else the code page of the language."""
    try:
        return output.decode()
    except UnicodeDecodeError:
        tag = language.lower()
        page = _CODE_PAGES.get(tag) or _CODE_PAGES.get(tag.partition("-")[0], _WESTERN)
        return output.decode(page, "replace")


def _bindings(listed: str, records: Collection[tuple[str, str, int]]) -> tuple[Binding, ...]:
    """From ``https/*:443:www.example.com,http/*:80:``; neither part holds a comma."""
    parts = [each.partition("/") for each in listed.split(",") if each]
    return tuple(Binding(protocol, place, _flags(protocol, place, records)) for protocol, _slash, place in parts)


def _flags(protocol: str, information: str, records: Collection[tuple[str, str, int]]) -> int:
    """The sslFlags whose record is there, a name's own before one that it would share; 0 where there is none."""
    place = Place.parse(information)
    if protocol.lower() != "https" or place is None:
        return 0
    exact = [0] if place.address != ANY else []
    named = [SNI] if place.host else []
    for flags in (*named, *exact, *(each | CENTRAL_STORE for each in named), 0, CENTRAL_STORE):
        if selector(Binding(protocol, information, flags), place).identity in records:
            return flags
    return 0
