# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pre-check: no enabled root may stand in the way of a cross certificate that is to be sent."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from .._errors import TlsOpsError
from .._model.plan import Controller, Plan
from .._model.snapshot import Query, Snapshot
from .._x509 import catalogue
from .._x509.certificate import Certificate
from .._x509.chain import Trust
from ._certificate import ANSWER_ARGUMENTS, given_answer, normalized_thumbprint
from ._rebind import Rebinding, rebinding
from ._root_changes import Edit, disabled, distrusted, enabled
from ._root_report import absent, result
from ._roots import Conflict, conflicts, copies_of, in_use, installed_by, known_cases, refusal, stores_of

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
    """``spared`` are selectors that are not bound again here, because a later step of the same task does it.

    ``stale`` says what a conflict is that comes only from an expired cross certificate which nobody delivers: a reason
    to refuse, or a finding (for ``renewal``: old ones lie in many CA stores, ISRG Root X1 by DST Root CA X3 for one).
    """

    name: ClassVar[str] = "trusted_root"
    thumbprints: tuple[str, ...]
    conflicting: bool
    answer: tuple[Certificate, ...]
    state: str
    force: bool
    spared: frozenset[str] = frozenset()
    stale: Literal["refused", "reported"] = "refused"

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
        """Raises TlsOpsError where no other chain would take the place of one that is in use or being installed."""
        found = conflicts(snapshot, self.answer)
        acted_on = [each for each in found if self.conflicting and not (self.stale == "reported" and each.stale)]
        targets = tuple(dict.fromkeys((*self.thumbprints, *(each.root.thumbprint for each in acted_on))))
        edit = self._edited(snapshot, targets)
        warnings = self._guarded(snapshot, edit.snapshot, targets)
        again = rebinding(snapshot, edit.snapshot, self.spared) if edit.changes else Rebinding()
        return Plan(
            self.name,
            edit.snapshot,
            changes=(*edit.changes, *again.changes),
            proofs=again.proofs,
            result=result(self.state, snapshot, edit.snapshot, targets, found, again),
            findings=(*self._findings(edit.snapshot, targets, found), *edit.findings),
            warnings=(*warnings, *(f"{selector} is {why}." for selector, why in again.left.items())),
        )

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

    def _guarded(self, before: Snapshot, after: Snapshot, targets: tuple[str, ...]) -> tuple[str, ...]:
        """Refuses, or warns where it was forced."""
        if self.state not in ("disabled", "distrusted"):
            return ()
        one, other = (Trust(stores_of(each), each.host.clock, self.answer) for each in (before, after))
        leaves = (*installed_by(self.answer), *in_use(before))
        reasons = []
        for root in _changed_roots(before, after, targets):
            why = refusal(one, other, root, leaves, targets)
            if why and not self.force:
                raise TlsOpsError(
                    f"{root.label} ({root.thumbprint}) must not be {self.state}: {why}.",
                    hint="Install the cross certificate and what is above it first; force: true does it all the same.",
                )
            if why:
                reasons.append(f"{root.label} ({root.thumbprint}) is {self.state} all the same: {why}.")
        return tuple(reasons)

    def _findings(self, snapshot: Snapshot, targets: tuple[str, ...], found: tuple[Conflict, ...]) -> tuple[str, ...]:
        left = [each.reason for each in found if self.state == "reported" or each.root.thumbprint not in targets]
        known = known_cases(snapshot, self.answer, found) if self.conflicting else ()
        return tuple(dict.fromkeys((*absent(snapshot, targets, self.state), *left, *known)))


def _thumbprint(text: str) -> str:
    entry = catalogue.named(text)
    if entry is not None:
        return entry.sha1
    if re.search(r"[g-zG-Z_]", text):
        names = ", ".join(each.name for each in catalogue.entries())
        raise TlsOpsError(f"'{text}' is no root of the catalogue.", hint=f"Give a thumbprint, or one of: {names}.")
    return normalized_thumbprint(text)


def _changed_roots(before: Snapshot, after: Snapshot, targets: tuple[str, ...]) -> list[Certificate]:
    """The roots that this plan takes away; one that was gone before needs no other chain."""
    one, other = (Trust(stores_of(each), each.host.clock) for each in (before, after))
    copies = (copies_of(stores_of(before), thumbprint) for thumbprint in targets)
    roots = [found[0].certificate for found in copies if found]
    return [root for root in roots if one.is_enabled_root(root) and not other.is_enabled_root(root)]
