# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may read a certificate's key: what a user asks for, and what a renewed key takes over from the old one. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from .._batch.operation import Answer, Operation
from .._batch.operations import key_acl
from .._batch.payload import lines, text
from .._errors import TlsOpsError
from .._model.change import Change
from .._model.plan import Outcome, Proof, Verdict
from .._model.snapshot import Snapshot
from .._model.stores import PersonalCertificate
from .._windows.access import FULL_CONTROL, READ, AccessList, Entry, discretionary, parse, shown
from .._windows.personal import MY, REQUEST, WEB_HOSTING, with_key
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from ._certificate import Resolved

# Entries for CREATOR OWNER and the like stand for whoever made that one key: they say nothing of the next one.
_OF_THE_CREATOR = ("S-1-3-0", "S-1-3-1", "S-1-3-4")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """``readers`` (SIDs) may read the key, besides those that may anyway; or the whole list is to be as in ``like``."""

    readers: tuple[str, ...] = ()
    like: str = ""

    @property
    def anything(self) -> bool:
        return bool(self.readers or self.like)

    def met_by(self, access: str) -> bool:
        """Raises TlsOpsError where a list is not in the known form."""
        there = parse(access)
        return there.same(parse(self.like)) if self.like else not self.missing(there)

    def missing(self, there: AccessList) -> tuple[str, ...]:
        """The SIDs that this list does not let read."""
        return () if there.null else tuple(each for each in self.readers if not there.lets_read(each))

    def operation(self, store: str, thumbprint: str, there: AccessList | None = None) -> Operation:
        if self.like:
            return key_acl(store, thumbprint, sddl=discretionary(self.like))
        return key_acl(store, thumbprint, grant=self.missing(there) if there else self.readers)

    def lines(self, there: AccessList | None = None) -> str:
        """The list as it will be, as far as that is known: that of a key to be made is not."""
        if self.like:
            return described(parse(self.like))
        old = described(there) if there else ""
        new = "\n".join(f"allow {shown(each)}: read" for each in (self.missing(there) if there else self.readers))
        return "\n".join(filter(None, (old, new)))


@dataclasses.dataclass(frozen=True)
class Inherited:
    """What a new key takes over: ``sids`` may read it from then on. ``personal`` is what the stores hold then."""

    personal: tuple[PersonalCertificate, ...]
    sids: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


def inherited_access(snapshot: Snapshot, resolved: Resolved, old_thumbprints: Iterable[str]) -> Inherited:
    """Lets those read the new certificate's key who may read that of a certificate which it replaces.

    Nothing where the lists are equal, or one of them could not be read.
    """
    personal = snapshot.personal or ()
    new = _readable(_new_access(resolved, personal))
    if new is None or new.null:
        return Inherited(personal)
    there = Wanted(_readers_of(personal, {each.upper() for each in old_thumbprints}, resolved.certificate))
    sids = tuple(each for each in there.missing(new) if not new.shuts_out(each))
    if not sids:
        return Inherited(personal)
    store = resolved.personal.store if resolved.personal else MY
    before = discretionary(_new_access(resolved, personal))
    change = granted(resolved.certificate, store, Wanted(sids), before, "as that of the old certificate")
    return Inherited(_with_readers(personal, resolved.certificate, sids), sids, (change,))


def granted(certificate: Certificate, store: str, wanted: Wanted, access: str, why: str = "") -> Change:
    """The change of an existing key's list, whose text is ``access``, to what is wanted. Raises TlsOpsError."""
    there = parse(access)
    forbidden = [shown(each) for each in wanted.readers if there.shuts_out(each)]
    if forbidden:
        raise TlsOpsError(
            f"the list of the key of {labels([certificate])} forbids {', '.join(forbidden)} to read it, which is "
            "stronger than any permission.",
            hint="Take that entry out of the list on the server, or copy the list of another key (key_access_like).",
        )
    operation = wanted.operation(store, certificate.thumbprint, there)
    undo = (key_acl(store, certificate.thumbprint, sddl=discretionary(access)),)
    return Change(
        what=" ".join(filter(None, (f"set who may read the key of {labels([certificate])}", why))),
        where=rf"key of {store}\{certificate.thumbprint}",
        before=described(there),
        after=wanted.lines(there),
        operations=(dataclasses.replace(operation, undo=undo),),
    )


def access_proof(certificate: Certificate, store: str, wanted: Wanted) -> Proof:
    """Reads the list of the key again."""
    return Proof(
        name="key_access",
        what=f"who may read the key of '{certificate.label}' in the store {store}",
        operations=(key_acl(store, certificate.thumbprint),),
        judge=lambda answers: _judged(answers[0], wanted),
    )


def described(there: AccessList) -> str:
    """A line for each entry, for the diff."""
    if there.null:
        return "allow everybody: everything (there is no list)"
    return "\n".join(_line(each) for each in there.entries)


def _line(entry: Entry) -> str:
    kind = {"A": "allow", "D": "deny"}.get(entry.kind, entry.kind)
    rights = {FULL_CONTROL: "full control", READ: "read"}
    return f"{kind} {shown(entry.sid)}: {rights.get(entry.mask, entry.rights)}"


def _judged(answer: Answer, wanted: Wanted) -> Verdict:
    if not answer.ok:
        return Verdict(Outcome.NOT_PROVEN, f"the list could not be read: {answer.describe()}")
    try:
        sddl = next((text(fields[0]) for keyword, fields in lines(answer.payload) if keyword == "sddl" and fields), "")
        met, there = wanted.met_by(sddl), parse(sddl)
    except TlsOpsError as error:
        return Verdict(Outcome.NOT_PROVEN, error.message)
    seen = described(there).replace("\n", "; ")
    return Verdict(Outcome.PROVEN if met else Outcome.MISSED, seen, {"readers": sorted(there.readers)})


def _new_access(resolved: Resolved, personal: Collection[PersonalCertificate]) -> str:
    """The new key's list; before the certificate is installed, that of its pending request's key."""
    if resolved.personal is not None:
        return resolved.personal.access
    own = (one for one in personal if one.has_private_key and one.store.upper() == REQUEST)
    return next((one.access for one in own if one.certificate.public_key == resolved.certificate.public_key), "")


def _readers_of(
    personal: Collection[PersonalCertificate], thumbprints: Collection[str], new: Certificate
) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for one in with_key(tuple(personal), (MY, WEB_HOSTING)):
        there = _readable(one.access)
        if one.certificate.thumbprint not in thumbprints or one.certificate == new or there is None or there.null:
            continue
        found |= dict.fromkeys(each.sid for each in there.entries if each.sid in there.readers)
    return tuple(each for each in found if each not in _OF_THE_CREATOR)


def _with_readers(
    personal: Collection[PersonalCertificate], certificate: Certificate, sids: Iterable[str]
) -> tuple[PersonalCertificate, ...]:
    """Every entry of this key, once it has the new readers."""
    more = "".join(f"(A;;FR;;;{each})" for each in sids)
    return tuple(
        dataclasses.replace(one, access=discretionary(one.access) + more)
        if one.access and one.certificate.public_key == certificate.public_key
        else one
        for one in personal
    )


def _readable(access: str) -> AccessList | None:
    try:
        return parse(access)
    except TlsOpsError:
        return None
