# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binding certificates again whose chain is another one now: Schannel keeps the chain it built. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from .._batch.operation import Answer
from .._model.plan import Change, Outcome, Proof, Verdict
from .._model.snapshot import Snapshot
from .._model.web import Endpoint, WebServer
from .._tls.look import Look
from .._x509.certificate import Certificate
from .._x509.chain import Path, Trust
from ._roots import stores_of


@dataclasses.dataclass(frozen=True)
class Rebinding:
    """``left`` tells for each selector that was not bound again, or not looked at, why."""

    changes: tuple[Change, ...] = ()
    proofs: tuple[Proof, ...] = ()
    selectors: tuple[str, ...] = ()
    left: Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class _Chains:
    """What an endpoint is expected to send before and after; ``accepted`` are all trusted chains after."""

    old: Path
    new: Path
    accepted: tuple[Path, ...]


def rebinding(before: Snapshot, after: Snapshot, leave_out: frozenset[str] = frozenset()) -> Rebinding:
    """Every endpoint of IIS whose sent chain differs between the two, bound again with the same record and looked at.

    Ask for it once what the chain needs is in the stores: an endpoint that would be left without a trusted chain keeps
    the one that Schannel has built. ``leave_out`` are selectors that another step binds anyway.
    Raises TlsOpsError where a record holds a setting that binding again would lose.
    """
    found = Rebinding()
    if before.web is None or before.personal is None:
        return found
    held = {one.certificate.thumbprint: one.certificate for one in before.personal}
    trusts = Trust(stores_of(before), before.host.clock), Trust(stores_of(after), after.host.clock)
    for endpoint in before.web.endpoints:
        leaf = held.get(endpoint.thumbprint.upper())
        if endpoint.owner == "iis" and endpoint.selector not in leave_out and leaf is not None:
            found = _joined(found, _one(before.web, endpoint, leaf, trusts))
    return found


def _one(web: WebServer, endpoint: Endpoint, leaf: Certificate, trusts: tuple[Trust, Trust]) -> Rebinding:
    old, new = (_sendable(trust, leaf) for trust in trusts)
    if old[:1] == new[:1]:
        return Rebinding()
    if not new:
        why = "not bound again, Schannel keeps the chain it built: there is no trusted chain in the stores yet"
        return Rebinding(left={endpoint.selector: why})
    chains = _Chains(old[0] if old else (), new[0], new)
    change = Change(
        f"bind {leaf.label} to {endpoint.selector} again",
        f"chain sent by {endpoint.selector}",
        _lines(chains.old),
        _lines(chains.new),
        web.replace(endpoint, endpoint.thumbprint, endpoint.store),
    )
    if not _started(web, endpoint):
        why = "bound again but not looked at: no site that it serves is started"
        return Rebinding((change,), selectors=(endpoint.selector,), left={endpoint.selector: why})
    return Rebinding((change,), (_proof(web, endpoint, chains),), (endpoint.selector,))


def _proof(web: WebServer, endpoint: Endpoint, chains: _Chains) -> Proof:
    look = Look(web.connect_address(endpoint), endpoint.port, endpoint.host or None)

    def judge(answers: Sequence[Answer]) -> Verdict:
        served = look.served(answers)
        seen = _lines(served.certificates).replace("\n", ", ") or served.problem
        facts = {"protocol": served.protocol, "served": [each.thumbprint for each in served.certificates]}
        return Verdict(_outcome(served.certificates, chains), seen, facts)

    return Proof(
        f"chain sent by {endpoint.selector}",
        f"{endpoint.selector} sends {' < '.join(each.label for each in chains.new)}",
        look.operations,
        judge,
    )


def _outcome(served: Path, chains: _Chains) -> Outcome:
    if not served:
        return Outcome.NOT_PROVEN
    if served == chains.new:
        return Outcome.PROVEN
    if served == chains.old:
        return Outcome.RESTART_REQUIRED
    return Outcome.PROVEN if served in chains.accepted else Outcome.MISSED


def _sendable(trust: Trust, leaf: Certificate) -> tuple[Path, ...]:
    """What could be sent, the expected chain first; an expired certificate that is still bound has a chain too."""
    return tuple(path[:-1] or path for path in trust.trusted(leaf, expired_leaf=True))


def _started(web: WebServer, endpoint: Endpoint) -> bool:
    return any(site.state == "started" for site in web.sites if site.name in endpoint.sites)


def _lines(chain: Path) -> str:
    return "\n".join(f"{each.label} ({each.thumbprint})" for each in chain)


def _joined(one: Rebinding, other: Rebinding) -> Rebinding:
    return Rebinding(
        one.changes + other.changes,
        one.proofs + other.proofs,
        one.selectors + other.selectors,
        {**one.left, **other.left},
    )
