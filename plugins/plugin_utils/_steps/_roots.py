# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which roots stand in the way of a cross certificate, and whether a chain is left without one of them. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence

from .._errors import TlsOpsError
from .._model.snapshot import Snapshot
from .._model.stores import StoreCopy, Stores
from .._windows.roots import roots
from .._x509 import catalogue
from .._x509.certificate import Certificate
from .._x509.chain import Path, Trust


@dataclasses.dataclass(frozen=True)
class Conflict:
    """An enabled self-signed root with the subject and the key of a cross certificate.

    ``copies`` are the root's, in every physical store. ``expired``: the cross certificate is, at the target's clock;
    ``delivered``: it is in the CA's answer.
    """

    copies: tuple[StoreCopy, ...]
    cross: Certificate
    expired: bool
    delivered: bool
    reason: str

    @property
    def stale(self) -> bool:
        """Only an expired cross certificate that nobody delivers stands beside the root."""
        return self.expired and not self.delivered

    @property
    def root(self) -> Certificate:
        return self.copies[0].certificate


def stores_of(snapshot: Snapshot) -> Stores:
    """Raises TlsOpsError where the stores were not read."""
    if snapshot.stores is None:
        raise TlsOpsError("the host's certificate stores were not read.")
    return snapshot.stores


def in_use(snapshot: Snapshot) -> tuple[Certificate, ...]:
    """The certificates that TLS endpoints of this host hold, each once; whoever owns the endpoint."""
    if snapshot.web is None or snapshot.personal is None:
        return ()
    held = {endpoint.thumbprint.upper() for endpoint in snapshot.web.endpoints if endpoint.thumbprint}
    certificates = (one.certificate for one in snapshot.personal)
    return tuple(dict.fromkeys(each for each in certificates if each.thumbprint in held))


def installed_by(answer: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The certificates of an answer whose chains are to be built: those that issued no other one in it."""
    issuers = {each.issuer for each in answer if not each.self_issued}
    return tuple(each for each in answer if not each.self_issued and each.subject not in issuers)


def conflicts(snapshot: Snapshot, answer: Sequence[Certificate] = ()) -> tuple[Conflict, ...]:
    """Every conflict in a chain that is in use or, with ``answer``, being installed. Raises TlsOpsError."""
    stores = stores_of(snapshot)
    trust = Trust(stores, snapshot.host.clock, answer)
    pairs = dict.fromkeys(
        pair
        for leaf in (*installed_by(answer), *in_use(snapshot))
        for path in trust.walks(leaf)
        for pair in _pairs(trust, path)
    )
    return tuple(
        Conflict(
            copies_of(stores, root.thumbprint),
            cross,
            not cross.valid_at(snapshot.host.clock),
            cross in answer,
            _reason(root, cross),
        )
        for root, cross in pairs
    )


def copies_of(stores: Stores, thumbprint: str) -> tuple[StoreCopy, ...]:
    """Every copy of one root."""
    return tuple(copy for copy in roots(stores) if copy.certificate.thumbprint == thumbprint)


def known_cases(snapshot: Snapshot, answer: Sequence[Certificate], found: Sequence[Conflict]) -> tuple[str, ...]:
    """Chains that end in a root of the catalogue although its CA has a cross certificate, which is not there."""
    trust = Trust(stores_of(snapshot), snapshot.host.clock, answer)
    explained = {conflict.root.thumbprint for conflict in found}
    findings = []
    for leaf in (*installed_by(answer), *in_use(snapshot)):
        for path in trust.trusted(leaf, expired_leaf=True)[:1]:
            entry = catalogue.by_thumbprint(path[-1].thumbprint)
            if entry is not None and entry.in_use(trust.at) and entry.sha1 not in explained:
                findings.append(
                    f"the chain of {leaf.label} ({leaf.thumbprint}) ends in {entry.title}, and no cross certificate of "
                    f"that root is in the stores or the answer. {entry.reason} See {entry.page}"
                )
    return tuple(findings)


def refusal(
    before: Trust, after: Trust, root: Certificate, leaves: Sequence[Certificate], gone: Collection[str]
) -> str:
    """Why this root must not be taken away; empty where another chain takes its place everywhere.

    ``gone`` are the thumbprints of all roots that are taken away together. A leaf's own dates are not the root's
    matter: an expired certificate that is still bound must not keep a renewal from going on.
    """
    concerned = [leaf for leaf in leaves if _ends_in(root, before.trusted(leaf, expired_leaf=True))]
    for leaf in concerned:
        if not after.trusted(leaf, expired_leaf=True):
            why = _reasons(after, leaf, gone)
            return f"{leaf.label} ({leaf.thumbprint}) would have no trusted chain left: {why}"
    if concerned:
        return ""
    crosses = [each for each in before.known(root.subject) if _stands_beside(each, root)]
    if any(after.trusted(cross) for cross in crosses):
        return ""
    reasons = (_reasons(after, cross, gone) for cross in crosses)
    return "; ".join(dict.fromkeys(reasons)) or _NOTHING_ELSE


_NOTHING_ELSE = "no cross certificate that leads to another root is in the stores, so no other chain takes its place"


def _reasons(trust: Trust, start: Certificate, gone: Collection[str]) -> str:
    """Why the other chains do not hold; that the roots in question are disabled is no news."""
    others = [path for path in trust.walks(start) if path[-1].thumbprint not in gone]
    problems = (trust.problem(path, expired_leaf=not start.is_ca) for path in others)
    return "; ".join(dict.fromkeys(problem for problem in problems if problem)) or _NOTHING_ELSE


def _ends_in(root: Certificate, paths: Sequence[Path]) -> bool:
    return any(path[-1].thumbprint == root.thumbprint for path in paths)


def _pairs(trust: Trust, path: Path) -> Iterator[tuple[Certificate, Certificate]]:
    for cross in path:
        for root in trust.known(cross.subject):
            if _stands_beside(cross, root) and trust.is_enabled_root(root):
                yield root, cross


def _stands_beside(cross: Certificate, root: Certificate) -> bool:
    """Same subject and key; where the key is of a kind that cannot be read here, the catalogue knows the pair."""
    if not cross.is_ca or cross.self_issued or cross.subject != root.subject:
        return False
    if cross.public_key and cross.public_key == root.public_key:
        return True
    entry = catalogue.by_thumbprint(root.thumbprint)
    return entry is not None and cross.thumbprint in entry.crosses


def _reason(root: Certificate, cross: Certificate) -> str:
    text = (
        f"Windows ends the chain at {root.label} ({root.thumbprint}) and does not send the cross certificate "
        f"{cross.thumbprint} by {cross.issuer_text}, valid to {cross.not_after:%Y-%m-%d}."
    )
    entry = catalogue.by_thumbprint(root.thumbprint)
    return f"{text} {entry.reason} See {entry.page}" if entry else text
