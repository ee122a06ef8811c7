# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented steps as one task: nothing is touched unless the whole plan holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .._errors import NoMatch, TlsOpsError, naming
from .._model.plan import Controller, Place, Plan
from .._model.snapshot import Query, Snapshot
from . import certificate_install, pfx_backup, site_certificate
from ._renewals import Backups, Claims, Course, Entry, check_replaced, check_states, place_of
from .certificate_install import CertificateInstall
from .pfx_backup import PfxBackup
from .site_certificate import TARGETS, SiteCertificate
from .trusted_root import TrustedRoot

_CERTIFICATE = ("answer", "answer_path", "thumbprint")
_SWAP = (*TARGETS, "renewal_site")
_INSTALL = ("port", "bind")
_BACKUP = {
    "backup_password": "password",
    "backup_destinations": "destinations",
    "backup_compatibility": "compatibility",
    "backup_vault": "vault",
    "allow_unsafe_destination": "allow_unsafe_destination",
    "allow_unencrypted": "allow_unencrypted",
}
_ONE: dict[str, Any] = {
    **{name: site_certificate.ARGUMENTS[name] for name in (*_CERTIFICATE, *_SWAP)},
    **{name: certificate_install.ARGUMENTS[name] for name in _INSTALL},
}

ARGUMENTS: dict[str, Any] = {
    **_ONE,
    "no_match": site_certificate.ARGUMENTS["no_match"],
    "renewals": {
        "type": "list",
        "elements": "dict",
        "options": {**_ONE, "no_match": {"type": "str", "choices": ["fail", "ignore"]}},
        "mutually_exclusive": [_CERTIFICATE, TARGETS],
        "required_one_of": [_CERTIFICATE, TARGETS],
    },
    "verify": site_certificate.ARGUMENTS["verify"],
    **{name: pfx_backup.ARGUMENTS[own] for name, own in _BACKUP.items()},
    "conflicting_roots": {
        "type": "str",
        "default": "disabled",
        "choices": ["disabled", "distrusted", "reported", "ignored"],
    },
    "timeout": certificate_install.ARGUMENTS["timeout"],
}
RULES: dict[str, Any] = {
    "mutually_exclusive": [_CERTIFICATE, TARGETS, *(("renewals", name) for name in (*_CERTIFICATE, *_SWAP))],
    "required_one_of": [(*_CERTIFICATE, "renewals"), (*TARGETS, "renewals")],
}


@dataclasses.dataclass(frozen=True)
class Renewal:
    """The four steps, made from one task's arguments, for one certificate or for several.

    The order differs from the document's in two places. A root is disabled after the cross certificate is in the store
    that makes up for it, so that no site is without a trusted chain in between. The backup comes before the swap: a key
    that cannot be exported is found before production is touched. Of several renewals each takes a step before the next
    step begins: every chain is the final one when the first endpoint gets its certificate.
    """

    name: ClassVar[str] = "renewal"
    roots: TrustedRoot | None
    entries: tuple[Entry, ...]

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> Renewal:
        """Raises TlsOpsError where a value makes no sense."""
        several = arguments.get("renewals")
        if several is None:
            return cls(_roots(arguments, controller), (_entry(arguments, arguments, controller),))
        _check_single(arguments)
        if not several:
            raise TlsOpsError("the list of renewals is empty.", hint="Give it an entry for each certificate.")
        entries = []
        for number, one in enumerate(several, 1):
            place = place_of(number, one)
            with naming(place.words):
                entries.append(_entry(one, arguments, controller, place))
        never = tuple(dict.fromkeys(each.swap.renewal_site for each in entries if each.swap.renewal_site))
        kept = (dataclasses.replace(each, swap=dataclasses.replace(each.swap, never=never)) for each in entries)
        return cls(_roots(arguments, controller), tuple(kept))

    def queries(self) -> frozenset[Query]:
        return frozenset(Query)

    def plan(self, snapshot: Snapshot) -> Plan:
        """One plan, each part planned on the host as the part before it leaves it.

        Endpoints whose chain changes are bound again last: what the parts do to their certificates and sites is known
        by then. Raises TlsOpsError where a part refuses, or there is nothing to renew.
        """
        course, entries = Course(snapshot), []
        for entry in self.entries:
            with naming(entry.words):
                missing = entry.swap.unmatched(snapshot)
            if missing and entry.place is None:
                return Plan(self.name, snapshot, result={"matched": False}, findings=(missing,))
            if not missing:
                entries.append(entry)
            if entry.place:
                told = (f"{entry.words}: {missing}",) if missing else ()
                course.add(Plan(self.name, snapshot, result={"matched": not missing}, findings=told), entry)
        if entries:
            self._steps(course, entries)
        always = any(entry.swap.verify == "always" for entry in entries)
        matched = {"matched": bool(entries)}
        return Plan(self.name, course.stages[-1], result=matched, parts=tuple(course.parts), prove_always=always)

    def _steps(self, course: Course, entries: Sequence[Entry]) -> None:
        """Adds each step of all entries. Raises TlsOpsError."""
        claims, backups, before = Claims(), Backups(), course.stages[-1]
        for entry in entries:
            with naming(entry.words):
                step = entry.installing(before)
            if step:
                part = course.plan(step, entry)
                claims.add(part.result["endpoints"], part.result["thumbprint"], entry.words)
        if self.roots is not None:
            course.plan(_roots_for(self.roots, course.stages[-1], entries))
        for entry in entries:
            with naming(entry.words):
                plan = entry.backup.plan(course.stages[-1])
            course.add(backups.once(plan, entry.words), entry)
        stopped = tuple(entry.swap.renewal_site for entry in entries if entry.swap.renewal_site)
        live = tuple(name for entry in entries for name in entry.swap.named)
        swaps = [(entry, _swapped(course, claims, entry, stopped, live)) for entry in entries]
        check_replaced(swaps)
        check_states(swaps)
        if self.roots is not None:
            course.add(self.roots.rebound(course.stages))


def _roots_for(roots: TrustedRoot, snapshot: Snapshot, entries: Sequence[Entry]) -> TrustedRoot:
    """The pre-check for all new certificates together: no other part changes a store after it."""
    certificates: dict[Any, None] = {}
    for entry in entries:
        with naming(entry.words):
            certificates |= dict.fromkeys(entry.certificates(snapshot))
    return dataclasses.replace(roots, answer=tuple(certificates), installed=True, rebinds=False)


def _swapped(course: Course, claims: Claims, entry: Entry, stopped: tuple[str, ...], live: tuple[str, ...]) -> Plan:
    try:
        with naming(entry.words):
            selectors, thumbprint = entry.swap.claims(course.stages[-1])
    except NoMatch as error:  # it was there before the other renewals of the task
        raise TlsOpsError(
            f"{entry.words}: an earlier renewal of this task takes every endpoint that this one means.",
            hint="Leave each endpoint to one renewal.",
        ) from error
    claims.add(selectors, thumbprint, entry.words)
    plan = course.plan(dataclasses.replace(entry.swap, stopped=stopped, live=live), entry)
    if not plan.result["endpoints"]:  # a green run would say that one holds the certificate
        raise TlsOpsError(f"{entry.words}: no endpoint is left to renew.".lstrip(": "), hint="Check where it goes.")
    return plan


def _entry(
    one: Mapping[str, Any], common: Mapping[str, Any], controller: Controller, place: Place | None = None
) -> Entry:
    """The steps for one certificate; ``common`` are the task's own arguments. Raises TlsOpsError."""
    which = {name: one.get(name) for name in _CERTIFICATE}
    timeout = {"timeout": common["timeout"]}
    swap = {name: one.get(name) for name in _SWAP} | {"verify": common["verify"]}
    swap["no_match"] = one.get("no_match") or common["no_match"]
    backup = {own: common[name] for name, own in _BACKUP.items()} | {"site": None}
    if one.get("thumbprint") and one.get("bind"):
        raise TlsOpsError("bind is for a certificate that is installed by this task, not for one by thumbprint.")
    install = None
    if not one.get("thumbprint"):
        own = {name: one[name] for name in _INSTALL} | {"renewal_site": one.get("renewal_site")}
        own |= {"for_sites": [], "store": "MY"}
        install = CertificateInstall.from_arguments(own | which | timeout, controller)
    return Entry(
        install=install,
        backup=PfxBackup.from_arguments(backup | which | timeout, controller),
        swap=SiteCertificate.from_arguments(swap | which | timeout, controller),
        place=place,
    )


def _check_single(arguments: Mapping[str, Any]) -> None:
    """Raises TlsOpsError where an option of the single form, one that has a default, was given beside renewals."""
    given = [name for name in _INSTALL if arguments[name] != ARGUMENTS[name]["default"]]
    if given:
        raise TlsOpsError(
            f"{' and '.join(given)} beside renewals says nothing.", hint="Give it in the entry that it is for."
        )


def _roots(arguments: Mapping[str, Any], controller: Controller) -> TrustedRoot | None:
    state = arguments["conflicting_roots"]
    if state == "ignored":
        return None
    own = {"certificates": [], "conflicting": True, "state": state, "force": False, "timeout": arguments["timeout"]}
    return TrustedRoot.from_arguments(own, controller)
