# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether another chain takes the place of a root that is taken away, and what of the CA's answer it needs. Pure."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

from .._model.snapshot import Snapshot
from .._x509.certificate import Certificate
from .._x509.chain import Trust, named
from ._intermediates import sorted_out
from ._root_changes import Edit
from ._roots import copies_of, in_use, installed_by, stands_beside, stores_of, web_problem

_NOTHING_ELSE = "no cross certificate that leads to another root is in the stores, so no other chain takes its place"


@dataclasses.dataclass(frozen=True)
class Refusal:
    """Why a root must not be taken away. ``needed``: a certificate in use, or of the answer, has no chain without it.

    ``too_late``: every cross certificate of its name and key that the host or the answer has is expired.
    """

    root: Certificate
    why: str
    needed: bool
    too_late: bool

    @property
    def hint(self) -> str:
        """What to do, and what ``force`` would do."""
        leave = "" if self.needed else ", or leave the root as it is"
        if self.too_late:
            todo = "Ask the CA for a newer cross certificate, or leave the root as it is."
        else:
            todo = f"Install the cross certificate and what is above it first{leave}."
        cost = ", and takes away the only trusted chain" if self.needed else ""
        return f"{todo} force: true does it all the same{cost}."


@dataclasses.dataclass(frozen=True)
class Guard:
    """``after`` is the host once the roots with the thumbprints ``gone`` are taken away from ``before``.

    ``answer`` is what the CA sends: its chains count as chains of this host.
    """

    before: Snapshot
    after: Snapshot
    gone: tuple[str, ...]
    answer: tuple[Certificate, ...] = ()

    def delivered(self) -> Edit:
        """``before`` with what the chains that stay need of the answer in the CA store.

        It comes before the roots go: an endpoint without a trusted chain could not be bound again.
        """
        edit, roots = Edit(self.before), self._roots
        for leaf in self._leaves:
            if any(self._needs(leaf, root) for root in roots):
                for path in self._promised.trusted(leaf, expired_leaf=True)[:1]:
                    edit = edit.then(_added(edit.snapshot, leaf, [each for each in self.answer if each in path]))
        return edit

    def refusals(self) -> list[Refusal]:
        """Each root that must not be taken away."""
        return [refusal for refusal in map(self._refusal, self._roots) if refusal]

    def _refusal(self, root: Certificate) -> Refusal | None:
        """None where another chain takes the root's place everywhere, from what is in the stores.

        A leaf's own dates are not the root's matter: an expired certificate that is still bound must not keep a renewal
        from going on.
        """
        crosses = [each for each in self._now.known(root.subject) if stands_beside(each, root)]
        at = self.before.host.clock
        too_late = bool(crosses) and all(cross.not_after < at for cross in crosses)
        concerned = [leaf for leaf in self._leaves if self._needs(leaf, root)]
        for leaf in concerned:
            if not self._stored.trusted(leaf, expired_leaf=True):
                why = f"{named(leaf)} would have no trusted chain left: {self._reasons(leaf, root, leaf=True)}"
                return Refusal(root, why, needed=True, too_late=too_late)
        stored = self._stored.known(root.subject)
        if concerned or any(self._stored.trusted(cross) for cross in crosses if cross in stored):
            return None
        why = "; ".join(dict.fromkeys(self._reasons(cross, root) for cross in crosses)) or _NOTHING_ELSE
        return Refusal(root, f"{self._unused}{why}", needed=False, too_late=too_late)

    @property
    def _unused(self) -> str:
        return "" if web_problem(self.before) else "no certificate in use on this host needs it, but "

    def _reasons(self, start: Certificate, root: Certificate, *, leaf: bool = False) -> str:
        """Why the other chains do not hold. That the roots in question are disabled is no news, nor a leaf's dates."""

        def name(each: Certificate) -> str:
            beside = stands_beside(each, root)
            return f"the cross certificate of the same name ({each.thumbprint})" if beside else named(each)

        trust = self._promised
        others = [path for path in trust.walks(start) if path[-1].thumbprint not in self.gone]
        problems = (trust.problem(path, expired_leaf=leaf, name=name) for path in others)
        return "; ".join(dict.fromkeys(problem for problem in problems if problem)) or _NOTHING_ELSE

    def _needs(self, leaf: Certificate, root: Certificate) -> bool:
        return any(path[-1].thumbprint == root.thumbprint for path in self._now.trusted(leaf, expired_leaf=True))

    @functools.cached_property
    def _now(self) -> Trust:
        return _trust(self.before, self.answer)

    @functools.cached_property
    def _promised(self) -> Trust:
        """Afterwards, with what the CA sends."""
        return _trust(self.after, self.answer)

    @functools.cached_property
    def _stored(self) -> Trust:
        """Afterwards, with what is in the stores."""
        return _trust(self.after)

    @functools.cached_property
    def _leaves(self) -> tuple[Certificate, ...]:
        return (*installed_by(self.answer), *in_use(self.before))

    @functools.cached_property
    def _roots(self) -> tuple[Certificate, ...]:
        """Those that are taken away; one that was gone before needs no other chain."""
        then = _trust(self.before)
        copies = (copies_of(stores_of(self.before), thumbprint) for thumbprint in self.gone)
        roots = [found[0].certificate for found in copies if found]
        return tuple(root for root in roots if then.is_enabled_root(root) and not self._stored.is_enabled_root(root))


def _trust(snapshot: Snapshot, answer: Sequence[Certificate] = ()) -> Trust:
    return Trust(stores_of(snapshot), snapshot.host.clock, answer)


def _added(snapshot: Snapshot, leaf: Certificate, certificates: Sequence[Certificate]) -> Edit:
    found = sorted_out(leaf, certificates, stores_of(snapshot), snapshot.host.clock)
    return Edit(dataclasses.replace(snapshot, stores=found.on(stores_of(snapshot))), found.changes())
