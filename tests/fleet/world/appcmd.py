# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``appcmd``: sites by their state and their bindings. It cannot touch http.sys records.

Exit codes are the low word of the HRESULT: 183 duplicate, 1168 not found, 800710d8 a site that IIS did not load.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

from .iis import STARTED, STOPPED, Binding, Collision, Iis, Site
from .programs import Completed, program

if TYPE_CHECKING:
    from .host import Host

ERROR_NOT_FOUND = 1168
ERROR_ALREADY_EXISTS = 183
ERROR_OBJECT_NOT_ASSOCIATED = 0x10D8
ERROR_SERVICE_NOT_ACTIVE = 1062
ERROR_INSUFFICIENT_BUFFER = 0x7A
BINDING_EDIT = re.compile(r"/([+-])bindings\.\[(.*)\]$", re.IGNORECASE)
METADATA = "/section:system.applicationhost/custommetadata"
METADATA_EDIT = re.compile(r"/-\[path='([^']*)'\]\.\[id='([^']*)'\]")
ATTRIBUTE = re.compile(r"(\w+)='([^']*)'")


@program(r"inetsrv\appcmd.exe")
def appcmd(host: Host, arguments: list[str]) -> Completed:
    verb, kind = (arguments[0].lower(), arguments[1].lower()) if len(arguments) > 1 else ("", "")
    if (verb, kind) == ("set", "config"):
        return _set_config(host, arguments[2:])
    if kind not in ("site", "sites") or verb not in ("list", "start", "stop", "set"):
        return _error(host, 87, host.language.say("appcmd unknown", " ".join(arguments[:2])))
    if verb == "list":
        return _list(host, arguments[2:])
    if not host.options.elevated:
        return _error(host, 5, host.language.windows(5))
    name = _name(arguments[2:])
    site = host.iis.site(name)
    if site is None:
        return _error(host, ERROR_NOT_FOUND, host.language.say("appcmd missing", name))
    done = {"start": _start, "stop": _stop, "set": _set}[verb](host, site, arguments[2:])
    host.changed()
    return done


def _name(arguments: list[str]) -> str:
    for argument in arguments:
        if argument.lower().startswith("/site.name:"):
            return argument.partition(":")[2]
    return next((argument for argument in arguments if not argument.startswith("/")), "")


def _list(host: Host, arguments: list[str]) -> Completed:
    limit = host.options.appcmd_lists_at_most
    sites = host.iis.sites()
    if limit and any(len(site.bindings) > limit for site in sites):
        # 8007007a on a site with 129 bindings (azure-pipelines-extensions 677)
        return _error(host, ERROR_INSUFFICIENT_BUFFER, host.language.say("appcmd too much"))
    name = _name(arguments)
    chosen = [site for site in sites if not name or site.name.lower() == name.lower()]
    if name and not chosen:
        return Completed(1)
    if "/xml" not in [argument.lower() for argument in arguments]:
        rows = [f'SITE "{s.name}" (id:{s.identifier},bindings:{_text(s)},state:{host.iis.state(s)})' for s in chosen]
        return Completed(0, host.language.encode("".join(f"{row}\r\n" for row in rows)))
    return Completed(0, _xml(host, chosen))


def _xml(host: Host, sites: list[Site]) -> bytes:
    """A name that the code page lacks comes out as question marks: names are in the file."""
    rows = ['<?xml version="1.0" encoding="UTF-8"?>', "<appcmd>"]
    for site in sites:
        attributes = {
            "SITE.NAME": site.name,
            "SITE.ID": str(site.identifier),
            "bindings": _text(site),
            "state": host.iis.state(site),
        }
        rows.append("    " + ET.tostring(ET.Element("SITE", attributes), encoding="unicode"))
    return host.language.encode("\r\n".join([*rows, "</appcmd>", ""]))


def _text(site: Site) -> str:
    return ",".join(f"{binding.protocol}/{binding.information}" for binding in site.bindings)


def _start(host: Host, site: Site, _arguments: list[str]) -> Completed:
    if not host.services.running("W3SVC"):
        return _hresult(host, ERROR_SERVICE_NOT_ACTIVE, host.language.windows(1062))
    if site.identifier in host.iis.unloaded:
        return _hresult(host, ERROR_OBJECT_NOT_ASSOCIATED, host.language.say("appcmd cannot"))
    if host.iis.state(site) == STARTED:
        return _say(host, host.language.say("appcmd already started", site.name))
    try:
        host.iis.start(site)
    except Collision:
        # the site is deactivated: 0x800700B7
        return _hresult(host, ERROR_ALREADY_EXISTS, host.language.windows(183))
    return _say(host, host.language.say("appcmd started", site.name))


def _stop(host: Host, site: Site, _arguments: list[str]) -> Completed:
    if not host.services.running("W3SVC"):
        return _hresult(host, ERROR_SERVICE_NOT_ACTIVE, host.language.windows(1062))
    if site.identifier in host.iis.unloaded:
        return _hresult(host, ERROR_OBJECT_NOT_ASSOCIATED, host.language.say("appcmd cannot"))
    if host.iis.state(site) != STOPPED:
        host.iis.stop(site)
    return _say(host, host.language.say("appcmd stopped", site.name))


def _set(host: Host, site: Site, arguments: list[str]) -> Completed:
    """``/+bindings.[protocol='https',bindingInformation='*:443:',sslFlags='1']`` and its opposite, several at once."""
    edits = [argument for argument in arguments if argument.startswith("/") and not _is_name(argument)]
    parsed = [(edit, _edit(edit, host.product.iis >= (8, 0))) for edit in edits]
    for edit, found in parsed:
        if found is None:
            return _error(host, 87, host.language.say("appcmd unknown", edit))
    for _other, found in parsed:
        assert found is not None
        sign, binding = found
        now = host.iis.site(site.name) or site
        failed = _add(host, now, binding) if sign == "+" else _remove(host.iis, host, now, binding)
        if failed:
            return failed
    return _say(host, host.language.say("appcmd changed", site.name))


def _set_config(host: Host, arguments: list[str]) -> Completed:
    """Only what takes a property out of customMetadata; its form is put together from IIS docs and not proven."""
    section, element, commit = (*arguments, "", "", "")[:3]
    found = METADATA_EDIT.fullmatch(element)
    if section.lower() != METADATA or commit.lower() != "/commit:apphost" or found is None:
        return _error(host, 87, host.language.say("appcmd unknown", " ".join(arguments)))
    tree = host.iis.config()
    for key in tree.findall(f"./system.applicationHost/customMetadata/key[@path='{found[1]}']"):
        for node in key.findall(f"./property[@id='{found[2]}']"):
            key.remove(node)
            host.iis.save(tree)
            return _say(host, host.language.say("appcmd changed", METADATA))
    return _error(host, ERROR_NOT_FOUND, host.language.say("appcmd missing", element))


def _is_name(argument: str) -> bool:
    return argument.lower().startswith("/site.name:")


def _edit(argument: str, flags_known: bool) -> tuple[str, Binding] | None:
    """``sslFlags`` was added in IIS 8."""
    found = BINDING_EDIT.fullmatch(argument)
    given = {name.lower(): value for name, value in ATTRIBUTE.findall(found[2])} if found else {}
    strange = set(given) - {"protocol", "bindinginformation", *(["sslflags"] if flags_known else [])}
    if found is None or strange or not {"protocol", "bindinginformation"} <= set(given):
        return None
    if not re.fullmatch(r".*:\d+:[^:]*", given["bindinginformation"]):
        return None
    return found[1], Binding(given["protocol"], given["bindinginformation"], int(given.get("sslflags", "0")))


def _add(host: Host, site: Site, binding: Binding) -> Completed | None:
    if any(each.prefix == binding.prefix for each in site.bindings):
        shown = f"{binding.protocol}, {binding.information}"
        return _error(host, ERROR_ALREADY_EXISTS, host.language.say("appcmd duplicate binding", shown))
    host.iis.add_binding(site, binding)
    return None


def _remove(iis: Iis, host: Host, site: Site, binding: Binding) -> Completed | None:
    if iis.remove_binding(site, binding):
        return None
    return _error(host, ERROR_NOT_FOUND, host.language.say("appcmd missing", binding.information))


def _say(host: Host, text: str) -> Completed:
    return Completed(0, host.language.encode(f"{text}\r\n"))


def _error(host: Host, code: int, text: str) -> Completed:
    return Completed(code, host.language.encode(f"ERROR ( message:{text} )\r\n"))


def _hresult(host: Host, code: int, text: str) -> Completed:
    return Completed(code, host.language.encode(f"ERROR ( hresult:{0x80070000 | code:08x}, message:{text}\r\n )\r\n"))
