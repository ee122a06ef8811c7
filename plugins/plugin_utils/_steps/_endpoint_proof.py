# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof that an endpoint serves what was planned: what it holds read back, and what its listener sends. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from .._batch.operation import Answer
from .._errors import TlsOpsError
from .._model.place import ANY_V6
from .._model.plan import Outcome, Proof, Verdict
from .._model.stores import Stores
from .._model.web import Endpoint, WebServer, in_words
from .._tls.look import Look, Served
from .._x509.certificate import Certificate
from .._x509.chain import Path, alternatives, paths, sent_chain

_NOBODYS = "tlsops.invalid"  # RFC 2606: nobody has this name, so no other record answers it
_WORST_FIRST = (Outcome.MISSED, Outcome.NOT_PROVEN, Outcome.RESTART_REQUIRED, Outcome.UNPROVABLE, Outcome.PROVEN)


@dataclasses.dataclass(frozen=True)
class Expected:
    """``chain`` is what must be sent, leaf first; ``others`` are chains that Schannel may have built before.

    ``leaf_only``: any chain of the leaf will do, and a listener that nobody reaches fails nothing.
    """

    chain: Path
    others: tuple[Path, ...] = ()
    leaf_only: bool = False

    @property
    def unheard(self) -> Outcome:
        """The outcome of a look that shows nothing."""
        return Outcome.UNPROVABLE if self.leaf_only else Outcome.NOT_PROVEN


def expected_chain(leaf: Certificate, stores: Stores, at: datetime) -> Expected:
    """Raises TlsOpsError where the host has no trusted chain for the leaf."""
    chain = sent_chain(leaf, stores, at)
    pool = [copy.certificate for copy in stores.copies if copy.store in ("Root", "CA")]
    # A chain that ends in a root which has been disabled since is one that Schannel keeps until a restart.
    built = [path[:-1] for path in paths(leaf, pool) if len(path) > 1]
    others = dict.fromkeys(path for path in (*alternatives(leaf, stores, at), *built) if path != chain)
    return Expected(chain, tuple(others))


@dataclasses.dataclass(frozen=True)
class _Asked:
    """One look; ``decides`` is False for one that is only reported. ``named``: one of several places to look at."""

    look: Look
    decides: bool
    named: bool = False

    @property
    def how(self) -> str:
        where = f"{self.look.address} port {self.look.port} " if self.named else ""
        return f"{where}asked for {self.look.server_name}" if self.look.server_name else f"{where}asked without a name"


def unseen(web: WebServer, endpoint: Endpoint) -> str:
    """Why no client reaches the endpoint; empty where one does."""
    if all(site.state == "stopped" for site in web.sites if site.name in endpoint.sites):
        return "site is stopped"
    if endpoint.address == ANY_V6:
        # A binding to every address has a record for IPv6 too, although the host may listen on IPv4 only.
        try:
            web.reached_at(endpoint)
        except TlsOpsError as error:
            return error.message
    return ""


def endpoint_proof(
    web: WebServer, wanted: Endpoint, expected: Expected, hosts: Sequence[str], *, because: str = ""
) -> Proof:
    """``wanted`` is the endpoint as it is to be; ``hosts`` are the names its bindings have.

    ``because`` says why no client reaches it; then only what it holds is read.
    """
    asked = () if because else _asked(web, wanted, expected.chain[0], hosts)
    read_back = web.read_back(wanted)
    remedy = web.refresh(wanted) if asked else ()

    def judge(answers: tuple[Answer, ...]) -> Verdict:
        verdicts = [_recorded(web, wanted, answers[0])]
        start = 1
        for each in asked:
            end = start + len(each.look.operations)
            own = answers[start:end]
            # A listener that closes has no certificate yet: that is what was there before, where it has to start anew.
            silent = Outcome.MISSED if remedy and own[0].ok else expected.unheard
            verdicts.append(_sent(each, each.look.served(own), expected, silent))
            start = end
        if asked and not any(each.decides for each in asked):
            verdicts.append(Verdict(expected.unheard, "other endpoints answer every name that could be asked for"))
        return _together(verdicts, because)

    operations = (read_back, *(operation for each in asked for operation in each.look.operations))
    what = f"{wanted.selector} holds and serves {expected.chain[0].thumbprint}"
    what = what if asked else what.replace(" and serves", "")
    return Proof(
        wanted.selector, what, operations, judge, remedy, in_words(wanted), "the old certificate after the swap"
    )


def _asked(web: WebServer, endpoint: Endpoint, leaf: Certificate, hosts: Sequence[str]) -> tuple[_Asked, ...]:
    """Each of its listeners with SNI and without.

    Clients without SNI meet an SNI record never, so there that look decides nothing.
    """
    places = web.reached_at(endpoint)
    name = _server_name(web, endpoint, leaf, hosts)
    found: list[_Asked] = []
    for address, port in places:
        if name:
            found.append(_Asked(Look(address, port, name), True, len(places) > 1))
        found.append(_Asked(Look(address, port), not endpoint.host, len(places) > 1))
    return tuple(found)


def _server_name(web: WebServer, endpoint: Endpoint, leaf: Certificate, hosts: Sequence[str]) -> str:
    """A name that a client would ask this endpoint for: no other endpoint may answer it in its place."""
    if endpoint.host and endpoint.host != "*":
        return endpoint.host.replace("*", "tlsops", 1)
    elsewhere = {each.host for each in web.endpoints if each.port == endpoint.port and each.host}
    for name in (*hosts, *leaf.dns_names, *([_NOBODYS] if endpoint.host == "*" else [])):
        plain = name.replace("*", "tlsops", 1)
        if not {name, plain, "*." + plain.partition(".")[2]} & elsewhere and _sendable(plain):
            return plain
    return ""


def _sendable(name: str) -> bool:
    try:
        return bool(Look("127.0.0.1", 443, name).operations)
    except TlsOpsError:
        return False


def _recorded(web: WebServer, wanted: Endpoint, answer: Answer) -> Verdict:
    """Everything but the certificate must be as it was."""
    if not answer.ok:
        return Verdict(Outcome.NOT_PROVEN, f"what it holds could not be read: {answer.describe()}")
    seen = web.understood(wanted, answer.payload)
    if seen is None or not seen.thumbprint:
        return Verdict(Outcome.MISSED, "no certificate is bound there")
    if seen.thumbprint.upper() != wanted.thumbprint.upper():
        return Verdict(Outcome.MISSED, f"it holds {seen.thumbprint}")
    changed = [f"store: {seen.store}"] if seen.store.casefold() != wanted.store.casefold() else []
    if wanted.settings:
        names = sorted({*wanted.settings, *seen.settings})
        changed += [
            f"{name}: {seen.settings.get(name)} (was {wanted.settings.get(name)})"
            for name in names
            if seen.settings.get(name) != wanted.settings.get(name)
        ]
    if changed:
        return Verdict(Outcome.MISSED, f"other values of it have changed: {', '.join(changed)}")
    return Verdict(Outcome.PROVEN, "it holds the certificate, every other value as it was")


def _sent(asked: _Asked, served: Served, expected: Expected, silent: Outcome) -> Verdict:
    """``silent`` is the outcome where no certificate was sent."""
    facts = {"served": [_fact(asked, served)]}
    outcome, seen = _compared(served, expected, silent)
    if not asked.decides:
        outcome = Outcome.PROVEN
    return Verdict(outcome, f"{asked.how}: {seen}", facts)


def _compared(served: Served, expected: Expected, silent: Outcome) -> tuple[Outcome, str]:
    if served.problem or not served.certificates:
        return silent, served.problem or "no certificate was sent"
    leaf, text = served.certificates[0], _chain_text(served.certificates)
    if leaf != expected.chain[0]:
        return Outcome.MISSED, f"another certificate: {text}"
    if served.certificates == expected.chain or expected.leaf_only:
        return Outcome.PROVEN, text
    wanted = _chain_text(expected.chain)
    if served.certificates in expected.others:
        return Outcome.RESTART_REQUIRED, f"the chain as it was built before: {text}; a restart makes it {wanted}"
    return Outcome.MISSED, f"another chain: {text}; planned was {wanted}"


def _chain_text(chain: Sequence[Certificate]) -> str:
    return " < ".join(f"{each.label} ({each.thumbprint})" for each in chain)


def _fact(asked: _Asked, served: Served) -> dict[str, object]:
    return {
        "address": asked.look.address,
        "port": asked.look.port,
        "server_name": asked.look.server_name or "",
        "protocol": served.protocol,
        "chain": [{"subject": each.subject_text, "thumbprint": each.thumbprint} for each in served.certificates],
        "problem": served.problem,
    }


def _together(verdicts: Sequence[Verdict], because: str) -> Verdict:
    outcome = next(each for each in _WORST_FIRST if any(verdict.outcome is each for verdict in verdicts))
    texts = [verdict.seen for verdict in verdicts]
    if because:
        texts.append(f"not looked at: {because}")
    served = [fact for verdict in verdicts for fact in verdict.facts.get("served", [])]
    # Where nobody answers at one of its places, starting the listener anew would cut connections for nothing.
    unanswered = any(verdict.outcome is Outcome.NOT_PROVEN for verdict in verdicts)
    curable = verdicts[0].outcome is Outcome.PROVEN and not unanswered
    return Verdict(outcome, "; ".join(texts), {"served": served}, curable=curable)
