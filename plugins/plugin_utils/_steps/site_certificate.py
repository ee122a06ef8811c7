# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 2 of a renewal: the certificate of the production site is swapped, everything else stays, and it is proven."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .._errors import NoMatch, TlsOpsError
from .._model.change import Change
from .._model.place import Place
from .._model.plan import Controller, Plan, Proof
from .._model.snapshot import Query, Snapshot
from .._model.web import Endpoint, WebServer
from .._windows.personal import MY, REQUEST, WEB_HOSTING, with_key
from .._x509.certificate import Certificate
from .._x509.leaf import find_leaf, labels
from ._advice import check_fit
from ._certificate import ANSWER_ARGUMENTS, Resolved, given_answer, normalized_thumbprint, resolve, unservable
from ._endpoint_proof import Expected, endpoint_proof, expected_chain, unseen
from ._endpoint_swap import result, swapped
from ._intermediates import sorted_out
from ._key_access import inherited_access
from ._key_proof import signing
from ._renewal_site import find_site
from ._site_states import SiteStates, also_started, settle
from ._target_checks import check_names, check_stores, lost_names
from ._targets import Targets, host_names, of_binding, of_site, of_sites, of_thumbprint
from ._traps import check as check_traps

ARGUMENTS: dict[str, Any] = {
    "production_site": {"type": "str"},
    "production_sites": {"type": "list", "elements": "str"},
    "binding": {"type": "str"},
    "replaces": {"type": "str"},
    "renewal_site": {"type": "str"},
    "thumbprint": {"type": "str"},
    **ANSWER_ARGUMENTS,
    "no_match": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
    "verify": {"type": "str", "choices": ["changed", "always"], "default": "changed"},
    "timeout": {"type": "int", "default": 300},
}
TARGETS = ("production_site", "production_sites", "binding", "replaces")
_TEXTS = ("production_site", "binding", "replaces", "renewal_site", "thumbprint")
_CERTIFICATE = ("thumbprint", "answer", "answer_path")
RULES: dict[str, Any] = {
    "mutually_exclusive": [TARGETS, _CERTIFICATE],
    "required_one_of": [TARGETS, _CERTIFICATE],
}


@dataclasses.dataclass(frozen=True)
class SiteCertificate:
    """One of ``TARGETS`` says where, ``thumbprint`` or ``answer`` which one.

    ``never``: further sites that no pattern of ``production_sites`` finds, besides ``renewal_site``; ``stopped`` are
    sites that other parts of the same plan stop, so that nobody can look at them afterwards; ``live`` are names and
    patterns of the sites that other parts leave started.
    """

    name: ClassVar[str] = "site_certificate"
    production_site: str = ""
    production_sites: tuple[str, ...] = ()
    binding: str = ""
    replaces: str = ""
    renewal_site: str = ""
    thumbprint: str = ""
    answer: tuple[Certificate, ...] | None = None
    no_match: str = "fail"
    verify: str = "changed"
    never: tuple[str, ...] = ()
    stopped: tuple[str, ...] = ()
    live: tuple[str, ...] = ()

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> SiteCertificate:
        """Raises TlsOpsError where a value makes no sense."""
        given: dict[str, Any] = {name: arguments.get(name) or "" for name in _TEXTS}
        # Ansible makes a list of a text at its commas and keeps what is around them.
        sites = tuple(dict.fromkeys(each.strip() for each in arguments.get("production_sites") or ()))
        _check_choice(given, sites)
        for name in ("replaces", "thumbprint"):
            given[name] = normalized_thumbprint(given[name]) if given[name] else ""
        answer = given_answer({name: arguments.get(name) or None for name in ANSWER_ARGUMENTS}, controller)
        if not given["thumbprint"] and answer is None:
            raise TlsOpsError(
                f"one of {', '.join(_CERTIFICATE)} is needed, and not empty.", hint="It says which certificate."
            )
        how = {name: arguments[name] for name in ("no_match", "verify")}
        return cls(**given, **how, production_sites=sites, answer=answer)

    def queries(self) -> frozenset[Query]:
        return frozenset(Query)

    def plan(self, snapshot: Snapshot) -> Plan:
        """Raises TlsOpsError where the certificate does not fit, or an endpoint must not or cannot be changed."""
        if missing := self.unmatched(snapshot):
            return Plan(self.name, snapshot, result={"matched": False}, findings=(missing,))
        web = _web(snapshot)
        targets, resolved = self._found(snapshot, web)
        warnings = _checked(snapshot, web, targets, resolved)
        traps = check_traps(snapshot, web, targets.endpoints, resolved.certificate)
        swaps = [swapped(web, each, resolved.certificate, targets) for each in targets.endpoints]
        for _other, after in swaps:
            web = web.with_endpoint(after)
        inherited = inherited_access(snapshot, resolved, [each.thumbprint for each in targets.endpoints])
        done = _guarded([*inherited.changes, *(change for change, _other in swaps if change)], snapshot, resolved)
        states = self._states(web, targets, acting=bool(done) or snapshot.prove_all)
        shared = [f"{change.what}." for (change, after) in swaps if change and targets.shared_with(after)]
        told = result(resolved.certificate, targets, swaps) | {"sites": self._told(states)}
        return Plan(
            self.name,
            dataclasses.replace(snapshot, web=states.web, personal=inherited.personal),
            changes=(*done, *states.changes),
            proofs=self._proofs(snapshot, states, [(each, bool(change)) for change, each in swaps], resolved),
            result=told | {"matched": True, "key_access": list(inherited.sids)},
            findings=(*targets.findings, *traps.findings, *self._also_started(states)),
            warnings=tuple(dict.fromkeys((*targets.warnings, *warnings, *traps.warnings, *shared, *states.warnings))),
            prove_always=self._everything(snapshot),
        )

    def unmatched(self, snapshot: Snapshot) -> str:
        """With ``no_match: ignore``, what was looked for and is not here; else empty. Raises TlsOpsError."""
        if self.no_match != "ignore":
            return ""
        try:
            self._new(snapshot)
        except NoMatch as error:
            waiting = labels([one.certificate for one in with_key(snapshot.personal or (), (REQUEST,))])
            return f"Nothing to do here: {error.message} Pending requests: {waiting}."
        try:
            self._targets(snapshot, _web(snapshot))
        except NoMatch as error:
            return f"Nothing to do here: {error.message}"
        return ""

    @property
    def named(self) -> tuple[str, ...]:
        """The production sites as the task names them, patterns among them."""
        return tuple(filter(None, (self.production_site, *self.production_sites)))

    def _everything(self, snapshot: Snapshot) -> bool:
        """Whether to look where nothing changes: as asked, or because an earlier swap may not have been proven."""
        return self.verify == "always" or snapshot.prove_all

    def _targets(self, snapshot: Snapshot, web: WebServer) -> Targets:
        if self.production_site:
            return of_site(web, self.production_site)
        if self.production_sites:
            never = (*filter(None, (self.renewal_site,)), *self.never)
            return of_sites(web, self.production_sites, never, lenient=self.no_match == "ignore")
        if self.binding:
            return of_binding(web, self.binding, self.renewal_site)
        return of_thumbprint(web, self.replaces, self._new(snapshot))

    def _found(self, snapshot: Snapshot, web: WebServer) -> tuple[Targets, Resolved]:
        """Where and which. Raises TlsOpsError; where both are not there it says both."""
        try:
            resolved = resolve(snapshot, thumbprint=self.thumbprint, answer=self.answer)
        except TlsOpsError as error:
            try:
                self._targets(snapshot, web)
            except NoMatch as other:
                if other.message != error.message:
                    error.message, error.hint = f"{other.message} Also, {error.message}", f"{other.hint} {error.hint}"
            raise
        store = resolved.personal.store if resolved.personal else MY
        return self._targets(snapshot, web).without_record_in(store), resolved

    def _new(self, snapshot: Snapshot) -> str:
        """The thumbprint to come, also before it is installed; a mail may quote other ones. Raises TlsOpsError."""
        if self.thumbprint:
            return self.thumbprint
        keys = {one.certificate.public_key for one in with_key(snapshot.personal or (), (MY, WEB_HOSTING, REQUEST))}
        return find_leaf(self.answer or (), keys).thumbprint

    def _states(self, web: WebServer, targets: Targets, *, acting: bool) -> SiteStates:
        """Raises TlsOpsError where the renewal site, which would be stopped, is the one that the binding was for."""
        renewal = find_site(web, self.renewal_site) if self.renewal_site else None
        # Without the services no site runs; once they do, which ones do is not known.
        runs = renewal is not None and (renewal.state not in ("stopped", "stopping") or bool(web.start_services()))
        if renewal and runs and renewal.name in targets.asked:
            raise TlsOpsError(
                f"the binding is one of the site '{renewal.name}', which renewal_site would stop.",
                hint="renewal_site is the site on which the request was made. To stop it and start the site that has "
                "its bindings, name that one by production_site.",
            )
        production = targets.asked if self.production_site or self.production_sites else ()
        rules = {"serve": bool(targets.endpoints), "acting": acting}
        return settle(web, production, self.renewal_site, left=targets.by_pattern, **rules)

    def _also_started(self, states: SiteStates) -> tuple[str, ...]:
        """The document's last check, where the task says which site is live and which one was for the renewal."""
        if not (states.production and states.renewal):
            return ()
        live = [each["name"] for each in states.production]
        return also_started(states.web, [*live, *self.live], [*self.stopped, self.renewal_site])

    def _told(self, states: SiteStates) -> dict[str, Any]:
        """The states of sites, in the form of the options: one production site, or a list of them."""
        told: dict[str, Any] = {}
        if self.production_sites:
            told["production_sites"] = list(states.production)
        elif states.production:
            told["production"] = states.production[0]
        return told | {"renewal": states.renewal} if states.renewal else told

    def _proofs(
        self, snapshot: Snapshot, states: SiteStates, after: list[tuple[Endpoint, bool]], resolved: Resolved
    ) -> tuple[Proof, ...]:
        everything = self._everything(snapshot) or bool(states.changes)
        wanted = [endpoint for endpoint, changed in after if changed or everything]
        if not wanted:
            return ()
        expected = _expected(snapshot, resolved, self.answer)
        web, stopped = states.web, {name.casefold() for name in self.stopped}
        for site in states.web.sites:
            web = web.with_state(site, "stopped") if site.name.casefold() in stopped else web
        return tuple(
            endpoint_proof(web, each, expected, host_names(web, each, each.sites), because=unseen(web, each))
            for each in wanted
        )

    def claims(self, snapshot: Snapshot) -> tuple[tuple[str, ...], str]:
        """The selectors of the endpoints that are meant, and the thumbprint to come. Raises TlsOpsError."""
        targets = self._targets(snapshot, _web(snapshot))
        return tuple(each.selector for each in targets.endpoints), self._new(snapshot)

    def wanted_store(self, snapshot: Snapshot) -> str:
        """The store (``MY``, ``WebHosting``) in which the new certificate must lie. Raises TlsOpsError."""
        endpoints = [each for each in self._targets(snapshot, _web(snapshot)).endpoints if each.thumbprint]
        stores = {each.store.casefold(): each.store for each in endpoints}
        names = [known for known in (MY, WEB_HOSTING) if known.casefold() in stores]
        if len(stores) > 1 or len(names) != len(stores):
            raise TlsOpsError(
                f"the endpoints take their certificate from {' and '.join(sorted(stores.values()))}.",
                hint="Renew them one by one, by 'binding', after installing the certificate in the store of each.",
            )
        return names[0] if names else MY


def _check_choice(given: Mapping[str, str], sites: Sequence[str]) -> None:
    """Raises TlsOpsError where the options do not say one thing that can be swapped."""
    chosen = [name for name in TARGETS if given.get(name) or (name == "production_sites" and sites)]
    if len(chosen) != 1 or not all(sites):
        raise TlsOpsError(
            f"exactly one of {', '.join(TARGETS)} is needed, and not empty.", hint="It says where to swap."
        )
    if given["binding"] and Place.parse(given["binding"]) is None:
        raise TlsOpsError(f"'{given['binding']}' is no binding.", hint="Write it as IIS does: ip:port:host, *:443:.")
    names = {each.casefold() for each in (given["production_site"], *sites) if each}
    if given["renewal_site"].casefold() in names:
        raise TlsOpsError(
            f"renewal_site and {chosen[0]} are the same site.",
            hint="renewal_site is stopped: name the site on which the request was made, or leave it out.",
        )


def _guarded(swaps: list[Change], snapshot: Snapshot, resolved: Resolved) -> tuple[Change, ...]:
    """The swaps, the first one only after the key has signed: no record is touched for a key that is not there."""
    if not swaps:
        return ()
    store = resolved.personal.store if resolved.personal else MY
    guard = signing(resolved.certificate, store, snapshot.nonce)
    first = dataclasses.replace(swaps[0], operations=(guard, *swaps[0].operations))
    return (first, *swaps[1:])


def _web(snapshot: Snapshot) -> WebServer:
    if snapshot.web is None:
        raise TlsOpsError("the web sites were not read.")
    return snapshot.web


def _checked(snapshot: Snapshot, web: WebServer, targets: Targets, resolved: Resolved) -> list[str]:
    """Warnings; raises TlsOpsError where the certificate must not be bound there."""
    certificate, personal = resolved.certificate, snapshot.personal or ()
    check_fit(certificate, snapshot, unservable(snapshot, certificate))
    if resolved.personal is not None:
        check_stores(targets, certificate, personal)
    changing = [each for each in targets.endpoints if each.thumbprint.upper() != certificate.thumbprint]
    lost = [warning for each in changing for warning in lost_names(each, certificate, personal)]
    return [*filter(None, [resolved.warning]), *check_names(web, targets, certificate), *lost]


def _expected(snapshot: Snapshot, resolved: Resolved, answer: tuple[Certificate, ...] | None) -> Expected:
    """Raises TlsOpsError where the host has no trusted chain for the certificate."""
    if snapshot.stores is None:
        raise TlsOpsError("the certificate stores were not read.")
    stores = snapshot.stores
    if snapshot.dry_run and answer:
        stores = sorted_out(resolved.certificate, answer, stores, snapshot.host.clock).on(stores)
    return expected_chain(resolved.certificate, stores, snapshot.host.clock)
