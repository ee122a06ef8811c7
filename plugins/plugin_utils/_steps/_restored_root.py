# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The roots in a backup: which of them the host lacks, and whether one may be added. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from .._errors import TlsOpsError
from .._model.change import Change
from .._model.snapshot import Snapshot
from .._windows import new_certificate
from .._windows.roots import disallowed, is_disabled
from .._windows.stores import with_root
from .._x509.certificate import Certificate
from .._x509.chain import Trust
from .._x509.pfx import OpenedPfx
from ._roots import conflicts, copies_of, stores_of, web_problem

_OF_SYSTEM = "System"  # a copy that SYSTEM's own processes see, and nobody else


@dataclasses.dataclass(frozen=True)
class Roots:
    """The file's roots that end a chain of its certificate; ``missing`` are not among the machine's own.

    ``disabled`` are there for no purpose; ``add``: what is missing is to be added.
    """

    found: tuple[Certificate, ...]
    missing: tuple[Certificate, ...]
    disabled: tuple[Certificate, ...]
    add: bool

    @property
    def new(self) -> tuple[Certificate, ...]:
        return self.missing if self.add else ()

    def state(self, root: Certificate) -> str:
        """``there``, ``disabled``, ``missing``, or ``added``."""
        if root in self.missing:
            return "added" if self.add else "missing"
        return "disabled" if root in self.disabled else "there"


def roots_of(opened: OpenedPfx, snapshot: Snapshot, *, add: bool) -> Roots:
    stores = stores_of(snapshot)
    walks = Trust(stores, snapshot.host.clock, opened.others).walks(opened.certificate)
    ends = {path[-1].der for path in walks}
    found = tuple(each for each in opened.others if each.self_signed and each.der in ends)
    copies = {
        each: [copy for copy in copies_of(stores, each.thumbprint) if copy.physical != _OF_SYSTEM] for each in found
    }
    return Roots(
        found,
        tuple(each for each in found if not copies[each]),
        tuple(each for each in found if copies[each] and all(is_disabled(copy) for copy in copies[each])),
        add,
    )


def added(roots: Sequence[Certificate], snapshot: Snapshot, opened: OpenedPfx) -> tuple[tuple[Change, ...], Snapshot]:
    """The roots in the machine's Root store, and the host then. Raises TlsOpsError where one must not get there."""
    changes: list[Change] = []
    for root in roots:
        after = dataclasses.replace(snapshot, stores=with_root(stores_of(snapshot), root))
        _check(root, snapshot, after, opened)
        changes.append(_added(root))
        snapshot = after
    return tuple(changes), snapshot


def _check(root: Certificate, before: Snapshot, after: Snapshot, opened: OpenedPfx) -> None:
    named = f"the root {root.label} ({root.thumbprint}) of the backup"
    if root.thumbprint in disallowed(stores_of(before)):
        raise TlsOpsError(f"{named} lies in the store Disallowed of this server.", hint="Nothing was changed.")
    problem = web_problem(before)
    if problem:
        raise TlsOpsError(
            f"{named} must not be added while it is not known which certificates are in use: {problem}",
            hint="With trusted_root: ignored the certificate is restored without its root.",
        )
    for each in conflicts(after, (opened.certificate, *opened.others)):
        if each.root == root and not each.stale:
            raise TlsOpsError(
                f"{named} must not be added: {each.reason}",
                hint="A cross certificate beside it would not be sent any more. With trusted_root: ignored the "
                "certificate is restored without this root.",
            )


def _added(root: Certificate) -> Change:
    return Change(
        what=f"trust the root '{root.label}' of the backup",
        where=rf"Root\{root.thumbprint}",
        before="",
        after=f"{root.subject_text}\nuntil {root.not_after:%Y-%m-%d}",
        operations=new_certificate.put("Root", root),
    )
