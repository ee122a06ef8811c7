# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The changes that disable, distrust and enable a root, each with its check, its journal entry and its undo. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping

from .._batch.operation import Operation
from .._batch.operations import reg_delete, reg_read, reg_write, store_add, store_remove
from .._batch.payload import RegistryValue, digest, encode_registry, reg_dword, registry
from .._errors import TlsOpsError
from .._model.change import Change
from .._model.snapshot import Journal, Snapshot
from .._model.stores import StoreCopy
from .._windows import journal as places
from .._windows import new_certificate
from .._windows.roots import describe, disable, disallowed, enable_all, is_disabled
from .._windows.stores import DISALLOWED, VALUE, copy_from, with_blob, with_disallowed, without
from .._x509.certificate import Certificate
from ._roots import copies_of, stores_of

_BINARY = "Binary"


@dataclasses.dataclass(frozen=True)
class Edit:
    """Changes and the host as it is after them; ``findings`` is what stays as it was, and why."""

    snapshot: Snapshot
    changes: tuple[Change, ...] = ()
    findings: tuple[str, ...] = ()

    def then(self, other: Edit) -> Edit:
        return Edit(other.snapshot, self.changes + other.changes, self.findings + other.findings)


def disabled(snapshot: Snapshot, thumbprint: str) -> Edit:
    """Every enabled copy of the root disabled for all purposes."""
    edit = Edit(snapshot)
    for copy in copies_of(stores_of(snapshot), thumbprint):
        if not is_disabled(copy):
            edit = edit.then(_disabled(edit.snapshot, copy))
    return edit


def distrusted(snapshot: Snapshot, root: Certificate) -> Edit:
    """The root in Disallowed, whatever its copies allow."""
    stores = stores_of(snapshot)
    if root.thumbprint in disallowed(stores):
        return Edit(snapshot)
    saved = _journal_key(root.thumbprint)
    mark = dataclasses.replace(
        reg_write(saved, places.DISALLOWED, "DWord", reg_dword(1)), undo=(reg_delete(saved, places.DISALLOWED),)
    )
    look, add = new_certificate.put("Disallowed", root)
    change = Change(
        f"distrust {root.label}", rf"{DISALLOWED}\{root.thumbprint}", "not distrusted", "distrusted", (look, mark, add)
    )
    journal = snapshot.journal
    after = dataclasses.replace(
        snapshot,
        stores=with_disallowed(stores, root),
        journal=dataclasses.replace(journal, distrusted=journal.distrusted | {root.thumbprint}),
    )
    return Edit(after, (change,))


def enabled(snapshot: Snapshot, thumbprint: str, *, force: bool) -> Edit:
    """Every copy as it was before this collection disabled it, byte for byte, and out of Disallowed.

    A copy that is no longer as this collection left it, or gone, stays so unless ``force``.
    Raises TlsOpsError where what was there before is not known, unless ``force``: then all purposes are allowed.
    """
    saved = snapshot.journal.roots.get(thumbprint, {})
    edit = _trusted_again(snapshot, thumbprint, force=force)
    for key, blob in saved.items():
        edit = edit.then(_brought_back(edit.snapshot, thumbprint, key, blob, force=force))
    for copy in copies_of(stores_of(edit.snapshot), thumbprint):
        if is_disabled(copy) and _find(saved, copy.key) is None:
            edit = edit.then(_freed(edit.snapshot, copy, known=bool(saved), force=force))
    return edit


def marked(edit: Edit, thumbprints: Collection[str]) -> Edit:
    """The same, with a mark of these roots from before its first change until all proofs of the plan are done.

    A batch that is cut off in between leaves it, and the next run binds again what this one did not come to.
    """
    first, *others = edit.changes
    new = [each for each in thumbprints if each not in edit.snapshot.journal.rebind]
    writes, drops = (tuple(make(each) for each in new) for make in (_mark, _unmark))
    first = dataclasses.replace(first, operations=(*writes, *first.operations), closing=(*first.closing, *drops))
    return dataclasses.replace(edit, changes=(first, *others))


def unmarked(snapshot: Snapshot) -> Edit:
    """No marks: what an earlier run left is done in this plan. They go behind the proofs."""
    marks = sorted(snapshot.journal.rebind)
    changes = (
        Change(
            f"drop the mark of {each}, which an earlier run left when it was cut off",
            _journal_key(each),
            "certificates are to be bound again",
            "",
            (),
            closing=(_unmark(each),),
        )
        for each in marks
    )
    journal = dataclasses.replace(snapshot.journal, rebind=frozenset())
    return Edit(dataclasses.replace(snapshot, journal=journal), tuple(changes))


def _mark(thumbprint: str) -> Operation:
    drop = reg_delete(_journal_key(thumbprint), places.REBIND)
    return dataclasses.replace(reg_write(*_rebind_value(thumbprint)), undo=(drop,))


def _unmark(thumbprint: str) -> Operation:
    drop = reg_delete(_journal_key(thumbprint), places.REBIND)
    return dataclasses.replace(drop, undo=(reg_write(*_rebind_value(thumbprint)),))


def _rebind_value(thumbprint: str) -> tuple[str, str, str, bytes]:
    return _journal_key(thumbprint), places.REBIND, "DWord", reg_dword(1)


def _disabled(snapshot: Snapshot, copy: StoreCopy) -> Edit:
    new = disable(copy.blob)
    thumbprint = copy.certificate.thumbprint
    # A copy that is not disabled is not what this collection left there: what an entry holds of it is out of date.
    old = _find(snapshot.journal.roots.get(thumbprint, {}), copy.key)
    save = () if old == copy.blob else (_save(thumbprint, copy.key, copy.blob, old),)
    after = _with_saved(snapshot, thumbprint, copy.key, copy.blob)
    change = Change(
        f"disable {copy.certificate.label} in {copy.physical} for all purposes",
        copy.key,
        describe(copy.blob),
        describe(new),
        (_as_read(copy.key, copy.blob), *save, *_write(copy.key, new, copy.blob)),
    )
    return Edit(dataclasses.replace(after, stores=with_blob(stores_of(after), copy.key, new)), (change,))


def _brought_back(snapshot: Snapshot, thumbprint: str, key: str, blob: bytes, *, force: bool) -> Edit:
    """The saved bytes at their place again, then the journal entry gone."""
    stores = stores_of(snapshot)
    saved = copy_from(key, blob)  # raises where the journal holds something else
    now = next((copy for copy in copies_of(stores, thumbprint) if copy.key.casefold() == key.casefold()), None)
    old = now.blob if now else None
    if old not in (blob, disable(blob)) and not force:
        return Edit(snapshot, findings=(_not_ours(saved, now),))
    operations: tuple[Operation, ...] = (_forget(thumbprint, key, blob),)
    if old != blob:
        operations = (_as_read(key, old), *_write(key, blob, old), *operations)
    before = describe(old) if old is not None else "not in the store"
    change = Change(
        f"bring back {saved.certificate.label} in {saved.physical}",
        key,
        before + ("" if old != blob else " (the old value is saved)"),
        describe(blob),
        operations,
    )
    after = _without_saved(snapshot, thumbprint, key)
    return Edit(dataclasses.replace(after, stores=with_blob(stores, key, blob)), (change,))


def _not_ours(saved: StoreCopy, now: StoreCopy | None) -> str:
    label = f"{saved.certificate.label} in {saved.physical}"
    if now is None:
        return f"{label} is no longer there and stays away: force brings back what was there before."
    return (
        f"{label} was changed since this collection disabled it and stays as it is ({describe(now.blob)}): "
        f"force brings back what was there before ({describe(saved.blob)})."
    )


def _freed(snapshot: Snapshot, copy: StoreCopy, *, known: bool, force: bool) -> Edit:
    """A disabled copy of which no earlier value is saved."""
    label = copy.certificate.label
    if not force and not known:
        raise TlsOpsError(
            f"{label} in {copy.physical} was not disabled by this collection: what it allowed before is not known.",
            hint="With force: true it is enabled for all purposes.",
        )
    if not force:
        return Edit(
            snapshot, findings=(f"{label} in {copy.physical} stays disabled: no earlier value of it is saved.",)
        )
    new = enable_all(copy.blob)
    change = Change(
        f"enable {label} in {copy.physical} for all purposes",
        copy.key,
        describe(copy.blob),
        describe(new),
        (_as_read(copy.key, copy.blob), *_write(copy.key, new, copy.blob)),
    )
    return Edit(dataclasses.replace(snapshot, stores=with_blob(stores_of(snapshot), copy.key, new)), (change,))


def _trusted_again(snapshot: Snapshot, thumbprint: str, *, force: bool) -> Edit:
    copies = [copy for copy in stores_of(snapshot).copies if copy.store == "Disallowed"]
    lying = [copy for copy in copies if copy.certificate.thumbprint == thumbprint]
    own = next((copy for copy in lying if copy.physical == "Registry"), None)
    ours = thumbprint in snapshot.journal.distrusted
    if own is not None and not ours and not force:
        raise TlsOpsError(
            f"{own.certificate.label} was not put into Disallowed by this collection.",
            hint="With force: true it is taken out of it.",
        )
    edit = Edit(snapshot) if own is None and not ours else _out_of_disallowed(snapshot, thumbprint, own, ours=ours)
    findings = (f"{copy.certificate.label} stays distrusted by {copy.key}." for copy in lying if copy is not own)
    return dataclasses.replace(edit, findings=tuple(findings))


def _out_of_disallowed(snapshot: Snapshot, thumbprint: str, own: StoreCopy | None, *, ours: bool) -> Edit:
    operations: list[Operation] = []
    stores, journal, saved = stores_of(snapshot), snapshot.journal, _journal_key(thumbprint)
    if own is not None:
        add = store_add("Disallowed", own.certificate.der)
        operations.append(dataclasses.replace(store_remove("Disallowed", thumbprint), undo=(add,)))
        stores = without(stores, own.key)
    if ours:
        mark = reg_write(saved, places.DISALLOWED, "DWord", reg_dword(1))
        operations.append(dataclasses.replace(reg_delete(saved, places.DISALLOWED), undo=(mark,)))
        journal = dataclasses.replace(journal, distrusted=journal.distrusted - {thumbprint})
    change = Change(
        f"trust {own.certificate.label if own else thumbprint} again",
        rf"{DISALLOWED}\{thumbprint}",
        "distrusted" if own else "not distrusted (but marked so)",
        "not distrusted",
        tuple(operations),
    )
    return Edit(dataclasses.replace(snapshot, stores=stores, journal=journal), (change,))


def _still(key: str, blob: bytes | None) -> Operation:
    """Stops the batch where the Blob is not this one: what round 1 read (None: no such copy), or what was written."""
    there = encode_registry({"": {VALUE: RegistryValue(_BINARY, blob)}}) if blob is not None else b""
    return dataclasses.replace(reg_read(key, depth=0, value=VALUE), expect=digest(there))


def _as_read(key: str, blob: bytes | None) -> Operation:
    """The same, with words for what round 1 read and what is there now."""

    def differs(payload: bytes) -> str:
        value = registry(payload).get("", {}).get(VALUE)
        blobs = (blob, value.data if value else None)
        then, now = (describe(each) if each is not None else "not there" for each in blobs)
        change = f"it was {then} and is {now}" if then != now else f"another property of it is different ({now})"
        return f"{key} has changed since it was read: {change}"

    return dataclasses.replace(_still(key, blob), differs=differs)


def _write(key: str, blob: bytes, old: bytes | None) -> tuple[Operation, Operation]:
    """The Blob written and read back."""
    undo = reg_write(key, VALUE, _BINARY, old) if old is not None else reg_delete(key)
    return dataclasses.replace(reg_write(key, VALUE, _BINARY, blob), undo=(undo,)), _still(key, blob)


def _journal_key(thumbprint: str) -> str:
    return rf"{places.TRUSTED_ROOT}\{thumbprint}"


def _save(thumbprint: str, key: str, blob: bytes, old: bytes | None) -> Operation:
    saved = _journal_key(thumbprint)
    undo = reg_write(saved, key, _BINARY, old) if old is not None else reg_delete(saved, key)
    return dataclasses.replace(reg_write(saved, key, _BINARY, blob), undo=(undo,))


def _forget(thumbprint: str, key: str, blob: bytes) -> Operation:
    saved = _journal_key(thumbprint)
    return dataclasses.replace(reg_delete(saved, key), undo=(reg_write(saved, key, _BINARY, blob),))


def _find(saved: Mapping[str, bytes], key: str) -> bytes | None:
    """Registry key names compare without case."""
    return next((blob for name, blob in saved.items() if name.casefold() == key.casefold()), None)


def _with_saved(snapshot: Snapshot, thumbprint: str, key: str, blob: bytes) -> Snapshot:
    others = snapshot.journal.roots.get(thumbprint, {})
    saved = {name: value for name, value in others.items() if name.casefold() != key.casefold()} | {key: blob}
    return _with_journal(snapshot, {**snapshot.journal.roots, thumbprint: saved})


def _without_saved(snapshot: Snapshot, thumbprint: str, key: str) -> Snapshot:
    saved = {name: blob for name, blob in snapshot.journal.roots[thumbprint].items() if name != key}
    others = {name: blobs for name, blobs in snapshot.journal.roots.items() if name != thumbprint}
    return _with_journal(snapshot, {**others, thumbprint: saved} if saved else others)


def _with_journal(snapshot: Snapshot, roots: Mapping[str, Mapping[str, bytes]]) -> Snapshot:
    journal: Journal = dataclasses.replace(snapshot.journal, roots=roots)
    return dataclasses.replace(snapshot, journal=journal)
