# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may use a key: the discretionary access control list (DACL) of a security descriptor in text form (SDDL).

win32 docs, "Security Descriptor String Format", "ACE Strings" and "SID Strings".
"""

from __future__ import annotations

import dataclasses
import functools
import operator
import re

from .._errors import TlsOpsError

# "SID Strings": the aliases that mean the same account on every machine. Those of a domain stay as they are.
_ALIASES = {
    "AN": "S-1-5-7",
    "AU": "S-1-5-11",
    "BA": "S-1-5-32-544",
    "BG": "S-1-5-32-546",
    "BO": "S-1-5-32-551",
    "BU": "S-1-5-32-545",
    "CG": "S-1-3-1",
    "CO": "S-1-3-0",
    "ED": "S-1-5-9",
    "IS": "S-1-5-32-568",
    "IU": "S-1-5-4",
    "LS": "S-1-5-19",
    "NO": "S-1-5-32-556",
    "NS": "S-1-5-20",
    "NU": "S-1-5-2",
    "OW": "S-1-3-4",
    "PO": "S-1-5-32-550",
    "PU": "S-1-5-32-547",
    "RC": "S-1-5-12",
    "RD": "S-1-5-32-555",
    "SO": "S-1-5-32-549",
    "SU": "S-1-5-6",
    "SY": "S-1-5-18",
    "WD": "S-1-1-0",
}
_NAMES = {
    "S-1-1-0": "Everyone",
    "S-1-3-0": "CREATOR OWNER",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-18": "SYSTEM",
    "S-1-5-19": "LOCAL SERVICE",
    "S-1-5-20": "NETWORK SERVICE",
    "S-1-5-32-544": "Administrators",
    "S-1-5-32-545": "Users",
    "S-1-5-32-568": "IIS_IUSRS",
}
# "SID Strings": those of a domain or a machine, by the last number of their SID ("Well-known SIDs").
_OF_DOMAIN = {
    "RO": "498",
    "LA": "500",
    "LG": "501",
    "DA": "512",
    "DU": "513",
    "DG": "514",
    "DC": "515",
    "DD": "516",
    "CA": "517",
    "SA": "518",
    "EA": "519",
    "PA": "520",
    "CN": "522",
    "AP": "525",
    "KA": "526",
    "EK": "527",
    "RS": "553",
}
# "ACE Strings": rights by name.
_NAMED = {name: 1 << bit for bit, name in enumerate(("CC", "DC", "LC", "SW", "RP", "WP", "DT", "LO", "CR"))}
_NAMED |= {"SD": 0x10000, "RC": 0x20000, "WD": 0x40000, "WO": 0x80000}
_NAMED |= {"GA": 0x10000000, "GX": 0x20000000, "GW": 0x40000000, "GR": 0x80000000}
_NAMED |= {"FA": 0x1F01FF, "FR": 0x120089, "FW": 0x120116, "FX": 0x1200A0}
_NAMED |= {"KA": 0xF003F, "KR": 0x20019, "KW": 0x20006, "KX": 0x20019}
_OF_FILES = {_NAMED[f"G{letter}"]: _NAMED[f"F{letter}"] for letter in "ARWX"}  # what a generic right is for a file
_READ_DATA = 0x1  # winnt.h, FILE_READ_DATA
FULL_CONTROL, READ = _NAMED["FA"], _NAMED["FR"]

_SID = re.compile(r"S-1-(?:[0-9]{1,15}|0x[0-9A-Fa-f]{1,12})(?:-[0-9]{1,10}){1,15}")
_NULL = "NO_ACCESS_CONTROL"
_FRONT = re.compile(rf"(?:O:[^:()]*?)?(?:G:[^:()]*?)?(?P<part>D:(?P<flags>(?:P|AR|AI|{_NULL})*))")
_RIGHTS = re.compile(r"0x[0-9A-Fa-f]{1,8}|0[0-7]*|[1-9][0-9]*|(?:[A-Z]{2})*")


@dataclasses.dataclass(frozen=True)
class Entry:
    """One access control entry (ACE); ``sid`` is a SID, or the two letters of an account of the domain.

    ``rest`` holds the fields that key lists do not use: the object types, and a condition.
    """

    kind: str
    flags: str
    rights: str
    sid: str
    rest: tuple[str, ...] = ("", "")

    @property
    def reads(self) -> bool:
        """Whether it is about reading the object itself."""
        return "IO" not in _pairs(self.flags) and bool(self.mask & _READ_DATA)

    @property
    def mask(self) -> int:
        """The rights as those of a file: Windows shows the generic ones of a key as they were given, or as these."""
        mask = _number(self.rights)
        for generic, of_files in _OF_FILES.items():
            mask = mask & ~generic | of_files if mask & generic else mask
        return mask

    @property
    def inherited(self) -> bool:
        return "ID" in _pairs(self.flags)

    @property
    def normalized(self) -> tuple[str, ...]:
        """For comparing."""
        return self.kind, "".join(sorted(_pairs(self.flags))), hex(self.mask), self.sid, *self.rest


@dataclasses.dataclass(frozen=True)
class AccessList:
    """A DACL. ``protected``: it takes nothing over from the folder. ``null``: there is none, all may do anything."""

    protected: bool
    entries: tuple[Entry, ...]
    null: bool = False

    @property
    def readers(self) -> frozenset[str]:
        """The SIDs that an entry lets read and none shuts out; groups are not looked into."""
        allowed = {each.sid for each in self.entries if each.kind == "A" and each.reads}
        return frozenset(allowed - self.shut_out)

    @property
    def shut_out(self) -> frozenset[str]:
        """The SIDs that an entry forbids to read."""
        return frozenset(each.sid for each in self.entries if each.kind == "D" and each.reads)

    def lets_read(self, sid: str) -> bool:
        """Whether the account is one of the readers; Windows shows some SIDs of a domain as two letters."""
        return any(_same_account(sid, each) for each in self.readers)

    def shuts_out(self, sid: str) -> bool:
        return any(_same_account(sid, each) for each in self.shut_out)

    def same(self, other: AccessList) -> bool:
        """Whether both say the same, whatever the order and whatever comes from the folder."""
        return self._own() == other._own()

    def _own(self) -> tuple[bool, bool, frozenset[tuple[str, ...]]]:
        own = frozenset(each.normalized for each in self.entries if not each.inherited)
        return self.protected, self.null, own


def parse(sddl: str) -> AccessList:
    """The D: part of a security descriptor. Raises TlsOpsError where there is none, or it is not in the known form."""
    words, members, _part = _split(sddl)
    entries = tuple(_entry(member) for member in members)
    return AccessList("P" in words.replace(_NULL, ""), entries, _NULL in words)


def discretionary(sddl: str) -> str:
    """The text of the D: part alone. Raises TlsOpsError as ``parse`` does."""
    parse(sddl)
    return _split(sddl)[2]


def is_sid(text: str) -> bool:
    """Whether it has the form of a SID, each of whose parts has 32 bits (MS-DTYP, SID)."""
    return _SID.fullmatch(text) is not None and all(int(each) < 1 << 32 for each in text.split("-")[3:])


def known_name(sid: str) -> str:
    """What English Windows calls a well-known account; empty for others."""
    return _NAMES.get(sid, "")


def shown(sid: str) -> str:
    """A SID for people: with the name of a well-known account behind it."""
    name = known_name(sid)
    return f"{sid} ({name})" if name else sid


def _split(sddl: str) -> tuple[str, list[str], str]:
    """The flags of the D: part, the texts of its entries, and all of it; owner and group stand in front of it."""
    found = _FRONT.match(sddl)
    if found is None:
        raise _malformed(sddl)
    at, members = found.end(), []
    while sddl.startswith("(", at):
        end = _end(sddl, at)
        members.append(sddl[at + 1 : end - 1])
        at = end
    if at < len(sddl) and not sddl.startswith("S:", at):
        raise _malformed(sddl)
    return found["flags"], members, sddl[found.start("part") : at]


def _end(sddl: str, at: int) -> int:
    """Behind the bracket that closes the one at ``at``; a condition holds brackets and texts of its own."""
    depth, quoted = 0, False
    for place in range(at, len(sddl)):
        letter = sddl[place]
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "()":
            depth += 1 if letter == "(" else -1
            if depth == 0:
                return place + 1
    raise _malformed(sddl)


def _entry(text: str) -> Entry:
    fields = text.split(";", 6)
    if len(fields) < 6 or not re.fullmatch("[A-Z]{1,2}", fields[0]) or not _RIGHTS.fullmatch(fields[2]):
        raise _malformed(text)
    kind, flags, rights, kind_of_object, inherited_kind, who = fields[:6]
    sid = _ALIASES.get(who, who)
    if not re.fullmatch("(?:[A-Z]{2})*", flags) or not (is_sid(sid) or re.fullmatch("[A-Z]{2}", sid)):
        raise _malformed(text)
    _number(rights)
    return Entry(kind, flags, rights, sid, (kind_of_object, inherited_kind, *fields[6:]))


def _pairs(text: str) -> tuple[str, ...]:
    return tuple(text[at : at + 2] for at in range(0, len(text), 2))


def _same_account(one: str, other: str) -> bool:
    """Of the two letters only the kind of the account is known, not its domain."""
    last = {_OF_DOMAIN.get(each, "") for each in (one, other)} - {""}
    domain = next((each for each in (one, other) if each.startswith("S-1-5-21-")), "")
    return one == other or (bool(domain) and last == {domain.rpartition("-")[2]})


def _number(rights: str) -> int:
    """Names, or as C reads it: hexadecimal, octal or decimal. Raises TlsOpsError for a name that is not known."""
    if not rights[:1].isdigit():
        if unknown := set(_pairs(rights)) - _NAMED.keys():
            raise _malformed(f"{rights} ({', '.join(sorted(unknown))})")
        return functools.reduce(operator.or_, map(_NAMED.__getitem__, _pairs(rights)), 0)
    if rights.startswith("0x"):
        return int(rights, 16)
    return int(rights, 8) if rights.startswith("0") else int(rights)


def _malformed(text: str) -> TlsOpsError:
    return TlsOpsError(f"an access list is not in the expected form: {text[:120]!r}.")
