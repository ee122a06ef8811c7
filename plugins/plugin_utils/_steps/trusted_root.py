# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pre-check: no enabled root may stand in the way of a cross certificate that is to be sent."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .._errors import TlsOpsError
from .._model.plan import Controller, Plan
from .._model.snapshot import Query, Snapshot
from .._windows.personal import MY, REQUEST, WEB_HOSTING, with_key
from .._x509 import catalogue
from .._x509.certificate import Certificate
from .._x509.chain import named
from .._x509.leaf import find_leaf, labels
from ._certificate import ANSWER_ARGUMENTS, given_answer, normalized_thumbprint, unservable
from ._rebind import Rebinding, rebinding
from ._root_changes import Edit, disabled, distrusted, enabled, marked, unmarked
from ._root_guard import Guard
from ._root_report import absent, result
from ._roots import (
    Conflict,
    before_cut_off,
    beside_crosses,
    conflicts,
    copies_of,
    known_cases,
    stores_of,
    switched,
    turned,
    web_problem,
)

ARGUMENTS: dict[str, Any] = {
    "certificates": {"type": "list", "elements": "str", "default": []},
    "conflicting": {"type": "bool", "default": False},
    **ANSWER_ARGUMENTS,
    "state": {"type": "str", "required": True, "choices": ["disabled", "distrusted", "enabled", "reported"]},
    "force": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}
RULES: dict[str, Any] = {"mutually_exclusive": [("answer", "answer_path")]}


@dataclasses.dataclass(frozen=True)
class TrustedRoot:
    """``rebinds`` is False where a later part of the same plan binds again what has to be: see ``rebound``.

    ``installed``: earlier parts of the same plan have found the keys of the ``answer``, which may be several ones.

    With an ``answer``, a conflict only with an expired cross certificate that the answer does not hold is a finding:
    old ones lie in many CA stores (that of ISRG Root X1 for one), and must not keep a renewal from going on.
    """

    name: ClassVar[str] = "trusted_root"
    thumbprints: tuple[str, ...]
    conflicting: bool
    answer: tuple[Certificate, ...]
    state: str
    force: bool
    rebinds: bool = True
    installed: bool = False

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> TrustedRoot:
        """Raises TlsOpsError where a root is not named, or the answer cannot be read."""
        thumbprints = tuple(dict.fromkeys(_thumbprint(each) for each in arguments["certificates"]))
        conflicting, wanted = bool(arguments["conflicting"]), str(arguments["state"])
        if wanted == "enabled" and (conflicting or not thumbprints):
            raise TlsOpsError(
                "state: enabled needs certificates and nothing else: a disabled root is in conflict with nothing.",
                hint="Name the roots by thumbprint, or by their names in the catalogue.",
            )
        if not conflicting and not thumbprints:
            raise TlsOpsError("no root is named.", hint="Give certificates, or conflicting: true to look for them.")
        answer = given_answer(arguments, controller) or ()
        return cls(thumbprints, conflicting, answer, wanted, bool(arguments["force"]))

    def queries(self) -> frozenset[Query]:
        return frozenset((Query.STORES, Query.PERSONAL, Query.WEB))

    def plan(self, snapshot: Snapshot) -> Plan:
        """Raises TlsOpsError where no other chain would take the place of one that is in use or being installed.

        And where the answer is not for this host: what another one's mail holds must change nothing here.
        """
        refused = () if self.installed else self._refused(snapshot)
        found = conflicts(snapshot, self.answer)
        acted_on = [each for each in found if self.conflicting and not (self.answer and each.stale)]
        targets = tuple(dict.fromkeys((*self.thumbprints, *(each.root.thumbprint for each in acted_on))))
        edit, warnings = self._guarded(snapshot, targets)
        again = self._rebinding((snapshot, edit.snapshot))
        edit = self._marked(snapshot, edit, targets, again)
        again = again if self.rebinds else Rebinding()
        return Plan(
            self.name,
            edit.snapshot,
            changes=(*edit.changes, *again.changes),
            proofs=again.proofs,
            result=result(self.state, snapshot, edit.snapshot, targets, found) | again.result(),
            findings=(*self._findings(edit.snapshot, targets, found), *edit.findings),
            warnings=(*warnings, *again.warnings(), *(self._reported(found)), *refused),
        )

    def _refused(self, snapshot: Snapshot) -> tuple[str, ...]:
        """Warnings: the certificate may be meant for another program. Raises TlsOpsError where it is not for here."""
        if not self.answer:
            return ()
        leaf = find_leaf(self.answer, _keys(snapshot))
        return tuple(f"{labels([leaf])} {each}." for each in unservable(snapshot, leaf))

    def _reported(self, found: tuple[Conflict, ...]) -> tuple[str, ...]:
        """With ``state: reported`` nothing is done about a conflict: it must at least be seen."""
        return tuple(each.reason for each in found) if self.state == "reported" else ()

    def rebound(self, stages: Sequence[Snapshot]) -> Plan:
        """The part that ends a plan of several: what they leave with an old chain is bound again.

        ``stages`` are the host as it was read and as each part leaves it.
        """
        again = self._rebinding(stages)
        return Plan(self.name, stages[-1], again.changes, again.proofs, (), again.result(), (), again.warnings())

    def _rebinding(self, stages: Sequence[Snapshot]) -> Rebinding:
        if self.state == "reported":
            return Rebinding()
        again, last = rebinding((*before_cut_off(stages), *stages)), stages[-1]
        if not last.prove_all:
            return again
        # What an earlier batch did to the roots is unknown: look at every chain that depends on them.
        roots = (*self.thumbprints, *(beside_crosses(last, self.answer) if self.conflicting else ()))
        other = turned(stores_of(last), roots, on=self.state != "enabled")
        return again.with_looks_of(rebinding((dataclasses.replace(last, stores=other), last)))

    def _marked(self, snapshot: Snapshot, edit: Edit, targets: tuple[str, ...], again: Rebinding) -> Edit:
        """With a mark of each root that makes binding again necessary, and without those that earlier runs left."""
        if self.state == "reported" or web_problem(snapshot):
            return edit
        if edit.changes and again.changes:
            edit = marked(edit, switched(snapshot, edit.snapshot, targets))
        return edit.then(unmarked(edit.snapshot))

    def _edited(self, snapshot: Snapshot, targets: tuple[str, ...]) -> Edit:
        edit = Edit(snapshot)
        for thumbprint in targets:
            copies = copies_of(stores_of(edit.snapshot), thumbprint)
            if self.state == "disabled":
                edit = edit.then(disabled(edit.snapshot, thumbprint))
            elif self.state == "distrusted" and copies:
                edit = edit.then(distrusted(edit.snapshot, copies[0].certificate))
            elif self.state == "enabled":
                edit = edit.then(enabled(edit.snapshot, thumbprint, force=self.force))
        return edit

    def _guarded(self, snapshot: Snapshot, targets: tuple[str, ...]) -> tuple[Edit, tuple[str, ...]]:
        """The changes, and what was forced."""
        edit = self._edited(snapshot, targets)
        if self.state not in ("disabled", "distrusted"):
            return edit, ()
        start = Guard(snapshot, edit.snapshot, targets, self.answer).delivered()
        edit = start.then(self._edited(start.snapshot, targets))
        reasons = []
        for each in Guard(start.snapshot, edit.snapshot, targets, self.answer).refusals():
            if not self.force:
                raise TlsOpsError(f"{named(each.root)} must not be {self.state}: {each.why}.", hint=each.hint)
            reasons.append(f"{named(each.root)} is {self.state} all the same: {each.why}.")
        return edit, tuple(reasons)

    def _findings(self, snapshot: Snapshot, targets: tuple[str, ...], found: tuple[Conflict, ...]) -> tuple[str, ...]:
        left = [each.reason for each in found if self.state == "reported" or each.root.thumbprint not in targets]
        known = known_cases(snapshot, self.answer, found) if self.conflicting else ()
        return tuple(dict.fromkeys((*_unknown(snapshot), *absent(snapshot, targets, self.state), *left, *known)))


def _thumbprint(text: str) -> str:
    entry = catalogue.named(text)
    if entry is not None:
        return entry.sha1
    if re.search(r"[g-zG-Z_]", text):
        names = ", ".join(each.name for each in catalogue.entries())
        raise TlsOpsError(f"'{text}' is no root of the catalogue.", hint=f"Give a thumbprint, or one of: {names}.")
    return normalized_thumbprint(text)


def _keys(snapshot: Snapshot) -> set[bytes]:
    return {one.certificate.public_key for one in with_key(snapshot.personal or (), (MY, WEB_HOSTING, REQUEST))}


def _unknown(snapshot: Snapshot) -> list[str]:
    problem = web_problem(snapshot)
    if not problem:
        return []
    return [
        f"{problem} So it is not known which certificates are in use: conflicts in their chains are not found, and "
        "nothing is bound again. After a change of roots, restart the server."
    ]
