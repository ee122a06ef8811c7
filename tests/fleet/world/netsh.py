# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``netsh http``: the one tool that makes, changes and deletes http.sys TLS records.

It parses its own line again, answers in the host's language, exits 1 on an error, and can exit 0 having made nothing
(unknown parameter, or a flag that http.sys refuses; seen on Server 2019).
"""

from __future__ import annotations

import ipaddress
import re
import uuid
from typing import TYPE_CHECKING

from .errors import WindowsError
from .httpsys import Record
from .keys import CNG
from .programs import Completed, blank_words, program

if TYPE_CHECKING:
    from .host import Host

# HTTP_SERVICE_CONFIG_SSL_FLAG_*, public http.h. 0x2000 and 0x8000 have no netsh switch.
FLAGS = {
    "dsmapperusage": 0x1,
    "clientcertnegotiation": 0x2,
    "reject": 0x8,
    "disablehttp2": 0x10,
    "disablequic": 0x20,
    "disabletls13": 0x40,
    "disableocspstapling": 0x80,
    "enabletokenbinding": 0x100,
    "logextendedevents": 0x200,
    "disablelegacytls": 0x400,
    "enablesessionticket": 0x800,
    "disabletls12": 0x1000,
    "disablesessionid": 0x4000,
}
# DefaultSslCertCheckMode; the value of the switch that sets the bit (HTTP_SERVICE_CONFIG_SSL_PARAM).
CHECKS = {
    "verifyclientcertrevocation": (0x1, "disable"),
    "verifyrevocationwithcachedclientcertonly": (0x2, "enable"),
    "usagecheck": (0x10000, "disable"),
}
FRESHNESS_IN_FORCE = 0x4
KINDS = ("ipport", "hostnameport", "ccs")


class Failed(Exception):
    """``number`` is what netsh prints behind its localized "Error: "."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number


class Syntax(Exception):
    """A line that netsh does not understand."""


@program("netsh.exe", blank_words)
def netsh(host: Host, words: list[str]) -> Completed:
    if not host.options.elevated and words[1:2] != ["show"]:
        return _say(host, 1, host.language.say("elevation"))
    if "netsh.exe http" in host.product.lacks:
        return _say(host, 1, host.language.say("netsh not found", " ".join(words)))
    match [word.lower() for word in words[:3]]:
        case ["http", "update"] if _has_update(host):
            return _say(host, 0, host.language.say("netsh commands"), "", "update sslcert - SSL")
        case ["http", ("add" | "update" | "delete") as verb, "sslcert"] if verb != "update" or _has_update(host):
            return _sslcert(host, verb, words[3:])
        case ["http", "show", "sslcert"]:
            return _show(host, words[3:])
    # "netsh http update" on a system that lacks it: the word sslcert does not occur in the answer
    return _say(host, 1, host.language.say("netsh not found", " ".join(words[:2])))


def _has_update(host: Host) -> bool:
    given = host.options.netsh_update
    return host.product.netsh_update if given is None else given


def known(host: Host) -> list[str]:
    given = host.options.netsh_parameters
    return list(host.product.netsh_parameters) if given is None else given


def _sslcert(host: Host, verb: str, words: list[str]) -> Completed:
    if [word.lower() for word in words] in (["help"], ["?"], ["/?"]):
        return _help(host, verb)
    try:
        given = _tags(words)
    except Syntax:
        return _say(host, 1, host.language.say("netsh syntax"))
    strange = [name for name in given if name not in known(host)]
    if strange:
        # Nothing is made; whether the exit code shows it differs between builds.
        code = 0 if host.options.netsh_unknown_parameter == "exit0" else 1
        return _say(host, code, host.language.say("netsh unknown tag", strange[0]), host.language.say("netsh syntax"))
    if any(name in given for name in host.options.netsh_refused_parameters):
        return _say(host, 0, "")
    try:
        {"add": _add, "update": _update, "delete": _delete}[verb](host, given)
    except Failed as problem:
        return _failure(host, verb, problem.number)
    except WindowsError as problem:
        return _failure(host, verb, problem.number & 0xFFFF)
    return _say(
        host, 0, host.language.say({"add": "netsh added", "update": "netsh updated"}.get(verb, "netsh deleted"))
    )


def _tags(words: list[str]) -> dict[str, str]:
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or name.lower() in given:
            raise Syntax(word)
        given[name.lower()] = value
    return given


def _add(host: Host, given: dict[str, str]) -> None:
    """HttpSetServiceConfiguration: one record per address; ERROR_ALREADY_EXISTS (183) where there is one."""
    record = _record(host, given)
    if host.httpsys.find(record.kind, record.name):
        raise Failed(183)
    _bind(host, "add", record)


def _update(host: Host, given: dict[str, str]) -> None:
    """HttpUpdateServiceConfiguration: takes the whole record; ERROR_FILE_NOT_FOUND (2) where there is none."""
    record = _record(host, given)
    if host.httpsys.find(record.kind, record.name) is None:
        raise Failed(2)
    _bind(host, "update", record)


def _delete(host: Host, given: dict[str, str]) -> None:
    kind, name = _selector(given)
    _forced(host, "delete")
    if not host.iis7.unbind(kind, name):
        raise Failed(2)


def _bind(host: Host, verb: str, record: Record) -> None:
    _forced(host, verb)
    _usable(host, record)
    host.iis7.bind(record)


def _forced(host: Host, verb: str) -> None:
    """A failure that a scenario ordered, once."""
    number = host.options.netsh_failures.pop(verb, 0)
    if number:
        raise Failed(number)


def _usable(host: Host, record: Record) -> None:
    """ERROR_NO_SUCH_LOGON_SESSION (1312): not in that store, no key, a broken one, or a CSP key with KeySpec not 1.

    For some seconds after ``certreq -accept`` of a CNG key: 87 (seen on Server 2025).
    """
    if record.kind == "ccs":
        return
    entry = host.stores.find(record.store or "MY", record.certificate.hex())
    link = entry.link if entry else None
    if entry is None or link is None or host.keys.find(link) is None:
        raise Failed(1312)
    if link.provider != CNG and link.key_spec != 1:
        raise Failed(1312)
    left = host.failing_tries.get(entry.thumbprint, 0)
    if left:
        host.failing_tries[entry.thumbprint] = left - 1
        raise Failed(87)


def _record(host: Host, given: dict[str, str]) -> Record:
    """The record that a line asks for. 87: a value that is none, no appid, no certificate, an explicit zero."""
    kind, name = _selector(given)
    return Record(
        kind=kind,
        name=name,
        app_id=_guid(given.get("appid", "")),
        certificate=_hash(given.get("certhash", ""), kind),
        store=given.get("certstorename"),  # omitted: "(null)", the value is absent
        flags=_flags(host, given),
        check_mode=_check_mode(given),
        freshness_time=_positive(given, "revocationfreshnesstime"),
        retrieval_timeout=_positive(given, "urlretrievaltimeout"),
        ctl_identifier=given.get("sslctlidentifier", ""),
        ctl_store=given.get("sslctlstorename", ""),
    )


def _selector(given: dict[str, str]) -> tuple[str, str]:
    kinds = [kind for kind in KINDS if kind in given]
    if len(kinds) != 1:
        raise Failed(87)
    name = given[kinds[0]]
    address, _other, port = name.rpartition(":")
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise Failed(87)
    if kinds[0] == "ipport":
        try:
            ipaddress.ip_address(address.strip("[]"))  # * is no address here: 0.0.0.0 is
        except ValueError as problem:
            raise Failed(87) from problem
    elif (kinds[0] == "ccs") == bool(address):
        raise Failed(87)
    return kinds[0], name


def _guid(text: str) -> str:
    """In braces, as PowerShell likes to eat them (windowsserverdocs issue 5922)."""
    if not re.fullmatch(r"\{[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}", text):
        raise Failed(87)
    return "{" + str(uuid.UUID(text)) + "}"


def _hash(text: str, kind: str) -> bytes:
    if kind == "ccs" and not text:
        return b""
    if not re.fullmatch("[0-9a-fA-F]{40}", text):
        raise Failed(87)
    return bytes.fromhex(text)


def _positive(given: dict[str, str], name: str) -> int:
    """An explicit zero is refused (seen on Server 2025); omitted gives 0."""
    if name not in given:
        return 0
    if not given[name].isdigit() or int(given[name]) == 0:
        raise Failed(87)
    return int(given[name])


def _switch(given: dict[str, str], name: str, default: str) -> str:
    value = given.get(name, default).lower()
    if value not in ("enable", "disable"):
        raise Failed(87)
    return value


def _flags(host: Host, given: dict[str, str]) -> int:
    return sum(
        bit for name, bit in FLAGS.items() if name in known(host) and _switch(given, name, "disable") == "enable"
    )


def _check_mode(given: dict[str, str]) -> int:
    mode = 0
    for name, (bit, sets) in CHECKS.items():
        default = "disable" if sets == "enable" else "enable"
        mode |= bit if _switch(given, name, default) == sets else 0
    # netsh sets 4 exactly when it gets a non-zero freshness time
    return mode | (FRESHNESS_IN_FORCE if _positive(given, "revocationfreshnesstime") else 0)


def _help(host: Host, verb: str) -> Completed:
    """The parameters' names are not localized, everything around them is."""
    command = f"{verb} sslcert"
    names = KINDS if verb == "delete" else known(host)
    rows = [f"      [{name}=]<...>" for name in names if name in known(host)]
    return _say(host, 0, host.language.say("netsh usage", command), *rows)


def _show(host: Host, words: list[str]) -> Completed:
    wanted = {word.lower() for word in words}
    records = [record for record in host.httpsys.records() if not wanted or record.selector in wanted]
    rows = [host.language.say("netsh show"), "-" * 24]
    for record in records:
        rows += [f"    {record.name}", f"    {record.certificate.hex()}", f"    {record.app_id}", f"    {record.store}"]
    return _say(host, 0 if records or not wanted else 1, *rows)


def _failure(host: Host, verb: str, number: int) -> Completed:
    say = host.language.say
    return _say(host, 1, f"{say(f'netsh {verb} failed')}{say('error')}: {number}", host.language.windows(number))


def _say(host: Host, code: int, *rows: str) -> Completed:
    return Completed(code, host.language.encode("\r\n" + "\r\n".join(rows) + "\r\n\r\n"))
