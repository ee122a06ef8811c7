# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may use a key: the access list of its container's file, as SDDL (win32 docs "ACE Strings", "SID Strings")."""

from __future__ import annotations

import re

from .errors import E_INVALIDARG, hresult

ALIASES = {
    "BA": "S-1-5-32-544",
    "BU": "S-1-5-32-545",
    "CO": "S-1-3-0",
    "LS": "S-1-5-19",
    "NS": "S-1-5-20",
    "SY": "S-1-5-18",
    "WD": "S-1-1-0",
}
# Of the machine and its domain: shown so, whatever the numbers between S-1-5-21 and the last one are.
OF_DOMAIN = {"500": "LA", "512": "DA", "513": "DU", "519": "EA"}
FILE_READ = 0x120089
_RIGHTS = {"FA": 0x1F01FF, "FR": FILE_READ, "FW": 0x120116, "FX": 0x1200A0, "GA": 0x1F01FF, "GR": FILE_READ}
_SID = re.compile(r"S-1(-\d+)+")
_LIST = re.compile(r"D:([A-Z]*)((?:\([^()]*\))*)")

Ace = tuple[str, str, int, str]  # type, flags, rights, SID


def is_sid(text: str) -> bool:
    return _SID.fullmatch(text) is not None and all(int(each) < 1 << 32 for each in text.split("-")[3:])


def set_list(text: str) -> str:
    """A list as Windows shows it again after ``SetSecurityDescriptorSddlForm(text, Access)``."""
    flags, aces = _parse(text)
    return _encode(flags, aces)


def grant_read(text: str, sid: str) -> str:
    """``AddAccessRule(Read, Allow)``: joined to an entry that allows this account something, else a further one."""
    flags, aces = _parse(text)
    if not is_sid(sid):
        raise _invalid(sid)
    sid = _of_domain(sid)
    for at, (kind, inherit, rights, who) in enumerate(aces):
        if (kind, inherit, who) == ("A", "", sid):
            aces[at] = (kind, inherit, rights | FILE_READ, who)
            return _encode(flags, aces)
    return _encode(flags, [*aces, ("A", "", FILE_READ, sid)])


def _parse(text: str) -> tuple[str, list[Ace]]:
    found = _LIST.search(text)
    if found is None:
        raise _invalid(text)
    return found[1], [_ace(each) for each in re.findall(r"\(([^()]*)\)", found[2])]


def _ace(text: str) -> Ace:
    fields = text.split(";")
    if len(fields) != 6 or fields[0] not in ("A", "D"):
        raise _invalid(text)
    sid = ALIASES.get(fields[5], fields[5])
    if not is_sid(sid) and sid not in OF_DOMAIN.values():
        raise _invalid(text)
    return fields[0], fields[1], _rights(fields[2]), _of_domain(sid)


def _of_domain(sid: str) -> str:
    start, _separator, last = sid.rpartition("-")
    return OF_DOMAIN.get(last, sid) if start.startswith("S-1-5-21-") else sid


def _rights(text: str) -> int:
    if text.startswith("0x"):
        return int(text, 16)
    if len(text) % 2 or not all(text[at : at + 2] in _RIGHTS for at in range(0, len(text), 2)):
        raise _invalid(text)
    rights = 0
    for at in range(0, len(text), 2):
        rights |= _RIGHTS[text[at : at + 2]]
    return rights


def _encode(flags: str, aces: list[Ace]) -> str:
    short = {sid: alias for alias, sid in ALIASES.items()}
    names = {_RIGHTS[name]: name for name in ("FA", "FR", "FW", "FX")}
    shown = (
        f"({kind};{inherit};{names.get(rights, hex(rights))};;;{short.get(sid, sid)})"
        for kind, inherit, rights, sid in aces
    )
    return f"D:{flags}{''.join(shown)}"


def _invalid(text: str) -> Exception:
    return hresult(E_INVALIDARG, "System.ArgumentException", f"The SDDL form is invalid: {text!r}.")
