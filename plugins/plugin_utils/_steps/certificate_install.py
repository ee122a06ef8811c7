# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 1 of a renewal: the CA's answer becomes a certificate with its private key, its chain beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from .._errors import TlsOpsError
from .._model.plan import Controller, Plan
from .._model.snapshot import Query, Snapshot
from .._model.web import WebServer
from .._windows.personal import MY, WEB_HOSTING
from .._x509.certificate import Certificate
from .._x509.checks import server_flaws
from .._x509.leaf import labels
from ._advice import advice
from ._certificate import ANSWER_ARGUMENTS, given_answer, unservable
from ._intermediates import Intermediates, chain_problem, sorted_out
from ._key_proof import key_proof
from ._placement import Origin, found, key_opened, place, store_of, store_problems
from ._renewal_site import Bound, Wanted, as_problem, bound, find_site, site_problems
from ._traps import refuse_kept

ARGUMENTS: dict[str, Any] = {
    **ANSWER_ARGUMENTS,
    "renewal_site": {"type": "str"},
    "port": {"type": "int", "default": 443},
    "bind": {"type": "bool", "default": False},
    "for_sites": {"type": "list", "elements": "str", "default": []},
    "store": {"type": "str", "choices": [MY, WEB_HOSTING]},
    "timeout": {"type": "int", "default": 300},
}
RULES: dict[str, Any] = {
    "mutually_exclusive": [("answer", "answer_path")],
    "required_one_of": [("answer", "answer_path")],
    "required_if": [("bind", True, ("renewal_site",))],
}


@dataclasses.dataclass(frozen=True)
class CertificateInstall:
    """Installs the certificate of a CA's answer for a key that is on the host.

    ``store`` empty: the one that the records of ``for_sites`` name, else MY. Without ``looks`` nobody looks at what the
    renewal site sends: the task stops it behind this.
    """

    name: ClassVar[str] = "certificate_install"
    answer: tuple[Certificate, ...]
    renewal_site: str = ""
    port: int = 443
    bind: bool = False
    for_sites: tuple[str, ...] = ()
    store: str = ""
    looks: bool = True

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> CertificateInstall:
        """Raises TlsOpsError where the answer holds no certificate or a value makes no sense."""
        if not 1 <= arguments["port"] <= 65535:
            raise TlsOpsError(f"port is {arguments['port']}; it must be between 1 and 65535.")
        answer = given_answer(arguments, controller)
        if answer is None:
            raise TlsOpsError("one of answer and answer_path is needed.")
        if arguments["bind"] and not arguments["renewal_site"]:
            raise TlsOpsError("bind needs renewal_site.")
        return cls(
            answer=answer,
            renewal_site=arguments["renewal_site"] or "",
            port=arguments["port"],
            bind=arguments["bind"],
            for_sites=tuple(dict.fromkeys(name for name in arguments["for_sites"] or () if name)),
            store=arguments["store"] or "",
        )

    def queries(self) -> frozenset[Query]:
        """The web server always: it says what no site here can serve."""
        return frozenset({Query.STORES, Query.PERSONAL, Query.WEB})

    def plan(self, snapshot: Snapshot) -> Plan:
        """Everything is checked first, and every problem is in one error. Raises TlsOpsError."""
        if snapshot.personal is None or snapshot.stores is None:
            raise TlsOpsError("the host's certificate stores were not read.")
        origin = found(self.answer, snapshot.personal)
        chain = sorted_out(origin.leaf, self.answer, snapshot.stores, snapshot.host.clock)
        snapshot = dataclasses.replace(snapshot, stores=chain.on(snapshot.stores))
        store, binding = self._checked(origin.leaf, snapshot)
        warnings = () if self.bind else unservable(snapshot, origin.leaf)
        placed = place(origin, store, snapshot)
        return Plan(
            step=self.name,
            snapshot=dataclasses.replace(snapshot, personal=placed.personal, journal=placed.journal, web=binding.web),
            changes=(*chain.changes(), *placed.changes, *binding.changes),
            proofs=(key_proof(origin.leaf, store, snapshot.nonce), *binding.proofs),
            result=_result(origin, chain, store, binding),
            findings=tuple(
                f"{labels([one])} of the CA's answer was left out: {reason}." for one, reason in chain.left_out
            ),
            warnings=tuple(f"{labels([origin.leaf])} {each}." for each in warnings),
            # A proof that failed in an earlier run must not be passed over because the certificate is there now.
            prove_always=snapshot.prove_all or _installed_unopened(origin, store, snapshot),
        )

    def _checked(self, leaf: Certificate, snapshot: Snapshot) -> tuple[str, Bound]:
        """The store, and how the renewal site gets the certificate; raises TlsOpsError with all that is against it."""
        at, stores = snapshot.host.clock, snapshot.stores
        flaws = server_flaws(leaf, at)
        problems = [f"it {each.what}" for each in flaws]
        broken = chain_problem(leaf, stores, at) if stores is not None else ""
        if broken:
            problems.append(f"it has no trusted chain on this server: {broken}")
        store, ambiguous = self._wanted_store(snapshot.web)
        problems += [*ambiguous, *store_problems(store, snapshot.host)]
        binding, of_sites = self._on_sites(leaf, snapshot.web, store)
        problems += [*of_sites, *(f"it {each}" for each in (unservable(snapshot, leaf) if self.bind else ()))]
        if problems:
            raise TlsOpsError(
                f"{labels([leaf])} cannot be installed: {'; '.join(problems)}.",
                hint=advice(flaws, snapshot, broken_chain=bool(broken)),
            )
        return store, binding

    def _wanted_store(self, web: WebServer | None) -> tuple[str, list[str]]:
        if self.store or not self.for_sites or web is None:
            return self.store or MY, []
        return store_of(web, self.for_sites)

    def _on_sites(self, leaf: Certificate, web: WebServer | None, store: str) -> tuple[Bound, list[str]]:
        if not (self.renewal_site or self.for_sites):
            return Bound(web), []
        if web is None:
            raise TlsOpsError("the web sites were not read.")
        problems = site_problems(web, self.for_sites, leaf)
        if self.renewal_site:
            problems += site_problems(web, [self.renewal_site], leaf, ports=[self.port] if self.bind else [])
        if not self.bind:
            return Bound(web), problems
        try:
            site = find_site(web, self.renewal_site)
            binding = bound(web, site, self.port, Wanted(leaf, store, self.looks))
            refuse_kept(web, [site.name] if binding.changes else [], leaf)
            return binding, problems
        except TlsOpsError as error:
            return Bound(web), list(dict.fromkeys([*problems, as_problem(error)]))


def _installed_unopened(origin: Origin, store: str, snapshot: Snapshot) -> bool:
    return origin.matched == "installed" and not key_opened(origin.leaf, store, snapshot.personal or ())


def _result(origin: Origin, chain: Intermediates, store: str, binding: Bound) -> dict[str, Any]:
    leaf = origin.leaf
    return {
        "thumbprint": leaf.thumbprint,
        "subject": leaf.subject_text,
        "names": [*leaf.dns_names, *leaf.ip_addresses],
        "not_after": leaf.not_after.isoformat(),
        "store": store,
        "matched": origin.matched,
        "intermediates": [{**_named(one), "added": one in chain.missing} for one in chain.wanted],
        "left_out": [{**_named(one), "reason": reason} for one, reason in chain.left_out],
        "endpoints": [each.selector for each in binding.endpoints],
    }


def _named(certificate: Certificate) -> dict[str, str]:
    return {"thumbprint": certificate.thumbprint, "subject": certificate.subject_text}
