# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""appcmd: which sites are started, and the commands that change a site."""

from __future__ import annotations

import dataclasses
import re
from typing import get_args
from xml.etree.ElementTree import Element

from ..._batch.operation import Answer, Operation
from ..._batch.operations import run
from ..._batch.payload import program
from ..._errors import TlsOpsError
from ..._model.web import Site, SiteState
from .xml_reader import elements

APPCMD = r"%SystemRoot%\System32\inetsrv\appcmd.exe"
_STATES: dict[str, SiteState] = {state: state for state in get_args(SiteState)}
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
# appcmd exits with the low word of the HRESULT.
_ALREADY_RUNNING, _NOT_ACTIVE = 1056, 1062


def query() -> Operation:
    return run(APPCMD, "list", "site", "/xml")


def states(answer: Answer) -> dict[str, SiteState]:
    """State by site number; what appcmd did not tell is left out (its list fails on sites with very many bindings).

    The numbers and the state words are the schema's own; the names come in the console's code page and are not read.
    """
    try:
        root = listed(program(answer.payload).stdout.decode("latin-1") if answer.payload else "")
    except TlsOpsError:
        return {}
    found: dict[str, SiteState] = {}
    for element in root.iter("SITE"):
        word = element.get("state", "").lower()
        if word in _STATES:
            found[element.get("SITE.ID", "")] = _STATES[word]
    return found


def listed(text: str) -> Element:
    """The root of appcmd's list; its declaration says UTF-8 whatever the code page was. Raises TlsOpsError."""
    return elements(_DECLARATION.sub("", text, count=1).encode(), "appcmd's list of sites")


def start(site: Site) -> tuple[Operation, ...]:
    """Empty where it is started. Exit 183 (a started site has the same binding) is a failure: IIS leaves it stopped."""
    if site.state in ("started", "starting"):
        return ()
    undo = (_stop(site),) if site.state in ("stopped", "stopping") else ()
    return (dataclasses.replace(_start(site), undo=undo),)


def stop(site: Site) -> tuple[Operation, ...]:
    """Empty where it is stopped."""
    if site.state in ("stopped", "stopping"):
        return ()
    undo = (_start(site),) if site.state in ("started", "starting") else ()
    return (dataclasses.replace(_stop(site), undo=undo),)


def add_binding(site: Site, information: str) -> Operation:
    """Adds an https binding without flags; its undo takes it away again."""
    change = f"bindings.[protocol='https',bindingInformation='{information}']"
    name = _named(site)
    undo = run(APPCMD, "set", "site", name, f"/-{change}")
    return dataclasses.replace(run(APPCMD, "set", "site", name, f"/+{change}"), undo=(undo,))


def _start(site: Site) -> Operation:
    return run(APPCMD, "start", "site", _named(site), ok_exit=(0, _ALREADY_RUNNING))


def _stop(site: Site) -> Operation:
    return run(APPCMD, "stop", "site", _named(site), ok_exit=(0, _NOT_ACTIVE))


def _named(site: Site) -> str:
    """The site for appcmd. Raises TlsOpsError where that would take the name for something else.

    A value that begins with a dollar sign is an expression (IIS 7.0 Resource Kit, appcmd, range operators).
    """
    if not site.name or site.name.startswith("$") or any(ord(each) < 0x20 for each in site.name):
        raise TlsOpsError(
            f"appcmd cannot be told the name {site.name!r} of site {site.identifier}.",
            hint="Give the site a name without control characters that does not begin with '$', in IIS Manager.",
        )
    return f"/site.name:{site.name}"
