# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which roots stand in the way of a cross certificate that is in use or being installed. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence

from .._errors import TlsOpsError
from .._model.snapshot import Snapshot
from .._model.stores import StoreCopy, Stores
from .._model.web import Endpoint
from .._windows.roots import disable, enable_all, roots
from .._x509 import catalogue
from .._x509.certificate import Certificate
from .._x509.chain import Trust


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


def endpoints_of(snapshot: Snapshot) -> tuple[Endpoint, ...]:
    """The host's TLS endpoints; none where they are not known: ``web_problem`` says why."""
    try:
        return snapshot.web.endpoints if snapshot.web is not None else ()
    except TlsOpsError:
        return ()


def web_problem(snapshot: Snapshot) -> str:
    """What keeps the host's TLS endpoints from being known; empty where they are."""
    try:
        _other = snapshot.web.endpoints if snapshot.web is not None else ()
    except TlsOpsError as error:
        return error.message
    return ""


def in_use(snapshot: Snapshot) -> tuple[Certificate, ...]:
    """The certificates that TLS endpoints of this host hold, each once; whoever owns the endpoint."""
    held = {endpoint.thumbprint.upper() for endpoint in endpoints_of(snapshot) if endpoint.thumbprint}
    certificates = (one.certificate for one in snapshot.personal or ())
    return tuple(dict.fromkeys(each for each in certificates if each.thumbprint in held))


def installed_by(answer: Sequence[Certificate]) -> tuple[Certificate, ...]:
    """The certificates of an answer whose chains are to be built: those that issued no other one in it."""
    issuers = {each.issuer for each in answer if not each.self_issued}
    return tuple(each for each in answer if not each.self_issued and each.subject not in issuers)


def conflicts(snapshot: Snapshot, answer: Sequence[Certificate] = ()) -> tuple[Conflict, ...]:
    """Every conflict in a chain that is in use or, with ``answer``, being installed. Raises TlsOpsError."""
    stores = stores_of(snapshot)
    trust = Trust(stores, snapshot.host.clock, answer)
    pairs = [pair for pair in _pairs(snapshot, trust, answer) if trust.is_enabled_root(pair[0])]
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


def beside_crosses(snapshot: Snapshot, answer: Sequence[Certificate] = ()) -> tuple[str, ...]:
    """The thumbprints of all roots, disabled ones too, with the name and key of a cross certificate in such a chain."""
    trust = Trust(stores_of(snapshot), snapshot.host.clock, answer)
    return tuple(dict.fromkeys(root.thumbprint for root, _cross in _pairs(snapshot, trust, answer)))


def turned(stores: Stores, thumbprints: Collection[str], *, on: bool) -> Stores:
    """The stores as they would be with these roots enabled for all purposes, or disabled."""
    copies = []
    for copy in stores.copies:
        if copy.certificate.thumbprint not in thumbprints or copy.store not in ("Root", "Disallowed"):
            copies.append(copy)
        elif copy.store == "Root":
            copies.append(dataclasses.replace(copy, blob=enable_all(copy.blob) if on else disable(copy.blob)))
        elif not on:
            copies.append(copy)
    return dataclasses.replace(stores, copies=tuple(copies))


def before_cut_off(stages: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """One stage in front of a plan's: the host with each root that a cut off run left a mark of as it was before that.

    So it is in the opposite of the state in which this plan leaves it. Empty where there is no mark.
    """
    first, last = stages[0], stages[-1]
    stores, trust = stores_of(first), Trust(stores_of(last), last.host.clock)
    for thumbprint in sorted(first.journal.rebind):
        on = any(trust.is_enabled_root(copy.certificate) for copy in copies_of(stores_of(last), thumbprint))
        stores = turned(stores, (thumbprint,), on=not on)
    return (dataclasses.replace(first, stores=stores),) if first.journal.rebind else ()


def switched(before: Snapshot, after: Snapshot, thumbprints: Sequence[str]) -> tuple[str, ...]:
    """Those of the roots that end chains before or after, but not both."""
    then, now = (Trust(stores_of(each), each.host.clock) for each in (before, after))
    found = []
    for thumbprint in thumbprints:
        copies = (*copies_of(stores_of(before), thumbprint), *copies_of(stores_of(after), thumbprint))
        if copies and then.is_enabled_root(copies[0].certificate) != now.is_enabled_root(copies[0].certificate):
            found.append(thumbprint)
    return tuple(found)


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


def _pairs(
    snapshot: Snapshot, trust: Trust, answer: Sequence[Certificate]
) -> dict[tuple[Certificate, Certificate], None]:
    """Each cross certificate of a chain in use or being installed, after a root of the same name and key."""
    leaves = (*installed_by(answer), *in_use(snapshot))
    crosses = (cross for leaf in leaves for path in trust.walks(leaf) for cross in path)
    return dict.fromkeys(
        (root, cross) for cross in crosses for root in trust.known(cross.subject) if stands_beside(cross, root)
    )


def stands_beside(cross: Certificate, root: Certificate) -> bool:
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
