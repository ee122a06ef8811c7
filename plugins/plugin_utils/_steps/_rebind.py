# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Binding certificates again whose chain is another one now: Schannel keeps the chain it built. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from .._batch.operation import Answer
from .._errors import TlsOpsError
from .._model.change import Change
from .._model.plan import Outcome, Proof, Verdict
from .._model.snapshot import Snapshot
from .._model.web import Endpoint, WebServer, in_words
from .._tls.look import Look, Served
from .._x509.certificate import Certificate
from .._x509.chain import Path, Trust
from ._roots import endpoints_of, stores_of

_KEPT = "so it may go on sending the chain that Schannel built, until it is bound again or the server is restarted"
_ANY_NAME = "tlsops.invalid"  # for a record of every name; nobody has this one (RFC 2606), so no other answers it
_WORST_FIRST = (Outcome.MISSED, Outcome.RESTART_REQUIRED, Outcome.UNPROVABLE, Outcome.PROVEN)
_OWNERS = {
    "foreign": "it is kept for another program",
    "unbound": "no site has a binding for it",
    "central_store": "it is served from the central certificate store",
}


@dataclasses.dataclass(frozen=True)
class Rebinding:
    """``left`` tells for each selector that was not bound again, or not looked at, why."""

    changes: tuple[Change, ...] = ()
    proofs: tuple[Proof, ...] = ()
    selectors: tuple[str, ...] = ()
    left: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def with_looks_of(self, other: Rebinding) -> Rebinding:
        """This one, and the other's looks at endpoints that this one leaves as they are."""
        own = {proof.name for proof in self.proofs} | {_proof_name(selector) for selector in self.left}
        looks = (_only_told(proof) for proof in other.proofs if proof.name not in own)
        return dataclasses.replace(self, proofs=(*self.proofs, *looks))

    def result(self) -> dict[str, Any]:
        """Its part of a step's result."""
        return {"rebound": list(self.selectors), "not_looked_at": dict(self.left)}

    def warnings(self) -> tuple[str, ...]:
        return tuple(f"{selector} is {why}." for selector, why in self.left.items())


@dataclasses.dataclass(frozen=True)
class _Chains:
    """What an endpoint is expected to send before and after; ``accepted`` are all trusted chains after."""

    old: Path
    new: Path
    accepted: tuple[Path, ...]


def rebinding(stages: Sequence[Snapshot]) -> Rebinding:
    """Every endpoint of IIS that holds a certificate from before its chain changed, bound again and looked at.

    ``stages`` are the host as it was read and as each part of a plan leaves it, the last one for good. Schannel builds
    the chain when a certificate is bound, from what the stores hold at that stage. An endpoint that would be left
    without a trusted chain keeps the one that it has.
    """
    final, found = stages[-1], Rebinding()
    if final.web is None or final.personal is None:
        return found
    held = {one.certificate.thumbprint: one.certificate for one in final.personal}
    trusts = [Trust(stores_of(stage), stage.host.clock) for stage in stages]
    for endpoint in endpoints_of(final):
        leaf = held.get(endpoint.thumbprint.upper())
        if leaf is not None:
            old, new = (_sendable(trust, leaf) for trust in (trusts[_bound_at(stages, endpoint)], trusts[-1]))
            if old[:1] != new[:1]:
                found = _joined(found, _one(final.web, endpoint, leaf, _Chains(_first(old), _first(new), new)))
    return found


def _bound_at(stages: Sequence[Snapshot], endpoint: Endpoint) -> int:
    """The stage since which the endpoint has held its certificate."""
    since = len(stages) - 1
    while since and any(_same(each, endpoint) for each in endpoints_of(stages[since - 1])):
        since -= 1
    return since


def _same(one: Endpoint, other: Endpoint) -> bool:
    return (one.selector, one.thumbprint.upper()) == (other.selector, other.thumbprint.upper())


def _one(web: WebServer, endpoint: Endpoint, leaf: Certificate, chains: _Chains) -> Rebinding:
    own = endpoint.selector
    if not chains.new:
        why = "not bound again, Schannel keeps the chain it built: there is no trusted chain in the stores"
        return Rebinding(left={own: why})
    if endpoint.owner != "iis":
        return Rebinding(left={own: f"not bound again: {_OWNERS[endpoint.owner]}, {_KEPT}"})
    looks, unseen = _looks(web, endpoint)
    try:
        operations = web.replace(endpoint, endpoint.thumbprint, endpoint.store)
    except TlsOpsError as error:
        proofs = (_only_told(_proof(endpoint, looks, chains)),) if looks else ()
        return Rebinding(proofs=proofs, left={own: f"not bound again: {error.message.rstrip('.')}, {_KEPT}"})
    change = Change(
        f"bind {leaf.label} to {own} again",
        _proof_name(own),
        _lines(chains.old),
        _lines(chains.new),
        operations,
        closing=web.settle(endpoint),
    )
    if not looks:
        return Rebinding((change,), selectors=(own,), left={own: f"bound again but not looked at: {unseen}"})
    proof = dataclasses.replace(
        _proof(endpoint, looks, chains),
        remedy=web.refresh(endpoint),
        listener=in_words(endpoint),
        before="the old chain",
    )
    return Rebinding((change,), (proof,), (own,))


def _looks(web: WebServer, endpoint: Endpoint) -> tuple[tuple[Look, ...], str]:
    """One at each of its listeners; none, and why, where no client reaches the endpoint."""
    if not any(site.state == "started" for site in web.sites if site.name in endpoint.sites):
        return (), "no site that it serves is started"
    name = _ANY_NAME if endpoint.host == "*" else endpoint.host.replace("*", "tlsops", 1)
    try:
        looks = tuple(Look(address, port, name or None) for address, port in web.reached_at(endpoint))
        _other = [look.operations for look in looks]
    except TlsOpsError as error:
        return (), error.message.rstrip(".")
    return looks, ""


def _proof(endpoint: Endpoint, looks: Sequence[Look], chains: _Chains) -> Proof:
    operations = tuple(operation for look in looks for operation in look.operations)

    def judge(answers: Sequence[Answer]) -> Verdict:
        share = len(operations) // len(looks)
        parts = (answers[index * share : (index + 1) * share] for index in range(len(looks)))
        verdicts = [_verdict(look.served(part), chains) for look, part in zip(looks, parts, strict=True)]
        return min(verdicts, key=lambda verdict: _WORST_FIRST.index(verdict.outcome))

    return Proof(
        _proof_name(endpoint.selector),
        f"{endpoint.selector} sends {' < '.join(each.label for each in chains.new)}",
        operations,
        judge,
    )


def _verdict(served: Served, chains: _Chains) -> Verdict:
    outcome = _outcome(served.certificates, chains)
    seen = _lines(served.certificates).replace("\n", ", ") or served.problem
    facts = {"protocol": served.protocol, "served": [each.thumbprint for each in served.certificates]}
    return Verdict(outcome, seen, facts)


def _only_told(proof: Proof) -> Proof:
    """For an endpoint that this plan leaves alone: it only decides whether to restart, and is no reason to go back."""

    def judge(answers: tuple[Answer, ...]) -> Verdict:
        verdict = proof.judge(answers)
        if verdict.outcome in (Outcome.PROVEN, Outcome.RESTART_REQUIRED):
            return verdict
        return dataclasses.replace(verdict, outcome=Outcome.UNPROVABLE)

    return dataclasses.replace(proof, judge=judge)


def _proof_name(selector: str) -> str:
    return f"chain sent by {selector}"


def _outcome(served: Path, chains: _Chains) -> Outcome:
    if not served:
        return Outcome.UNPROVABLE  # nobody may reach it: a record for an address that this host no longer has
    if served == chains.new:
        return Outcome.PROVEN
    if served == chains.old:
        return Outcome.RESTART_REQUIRED
    return Outcome.PROVEN if served in chains.accepted else Outcome.MISSED


def _sendable(trust: Trust, leaf: Certificate) -> tuple[Path, ...]:
    """What could be sent, the expected chain first; an expired certificate that is still bound has a chain too."""
    return tuple(path[:-1] or path for path in trust.trusted(leaf, expired_leaf=True))


def _first(chains: tuple[Path, ...]) -> Path:
    return chains[0] if chains else ()


def _lines(chain: Path) -> str:
    return "\n".join(f"{each.label} ({each.thumbprint})" for each in chain)


def _joined(one: Rebinding, other: Rebinding) -> Rebinding:
    return Rebinding(
        one.changes + other.changes,
        one.proofs + other.proofs,
        one.selectors + other.selectors,
        {**one.left, **other.left},
    )
