# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Before a renewal: a key and a certificate request, made on the host; or the one that waits for its answer there."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from .._errors import NoMatch, TlsOpsError
from .._model.plan import Controller, Export, Plan
from .._model.snapshot import Query, Snapshot
from .._windows.dialect import dialect_of
from .._x509.certificate import Certificate
from .._x509.request import key_name
from ._certificate import normalized_thumbprint
from ._request_file import RequestFile, check_path
from ._request_in_use import InUse, in_use, successor
from ._request_making import checked, kept, made_proof, making
from ._request_pending import fitting, leftovers, without
from ._request_waiting import keyed, waiting
from ._request_wanted import REQUEST_ARGUMENTS, Wanted, Wish

ARGUMENTS: dict[str, Any] = {
    **REQUEST_ARGUMENTS,
    "renew_from": {"type": "str"},
    "site": {"type": "str"},
    "due_days": {"type": "int"},
    "csr_path": {"type": "path"},
    "no_match": {"type": "str", "choices": ["fail", "ignore"], "default": "fail"},
    "timeout": {"type": "int", "default": 300},
}
_IN_USE = ("renew_from", "site")
_MOST_DAYS = 36500  # no certificate lasts as long
RULES: dict[str, Any] = {
    "mutually_exclusive": [_IN_USE],
    "required_one_of": [("subject", "names", "ip_addresses", *_IN_USE)],
}

State = Literal["made", "pending", "not_due", "installed", "no_match"]


@dataclasses.dataclass(frozen=True)
class CertificateRequest:
    """One request. At most one of ``renew_from`` (a thumbprint) and ``site`` is given."""

    name: ClassVar[str] = "certificate_request"
    wish: Wish
    renew_from: str
    site: str
    due_days: int | None
    csr_path: str
    no_match: str
    controller: Controller = dataclasses.field(repr=False, compare=False)

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> CertificateRequest:
        """Raises TlsOpsError where a value makes no sense."""
        thumbprint, site = arguments["renew_from"] or "", arguments["site"] or ""
        wish = Wish.from_arguments(arguments)
        if not thumbprint and not site:
            wish.wanted(None)
            if arguments["due_days"] is not None:
                raise TlsOpsError("due_days needs renew_from or site.", hint="They say whose end is looked at.")
        if not 0 <= (arguments["due_days"] or 0) <= _MOST_DAYS:
            raise TlsOpsError(f"due_days is {arguments['due_days']}; it must be between 0 and {_MOST_DAYS}.")
        csr_path = str(arguments["csr_path"] or "")
        check_path(csr_path)
        renew_from = normalized_thumbprint(thumbprint) if thumbprint else ""
        return cls(wish, renew_from, site, arguments["due_days"], csr_path, arguments["no_match"], controller)

    def queries(self) -> frozenset[Query]:
        return frozenset({Query.PERSONAL, Query.WEB} if self.site else {Query.PERSONAL})

    def plan(self, snapshot: Snapshot) -> Plan:
        """Nothing where the certificate in use is not due or has a successor; else a request that waits, or a new one.

        Raises TlsOpsError where what is wanted cannot be asked for, or cannot be told from what is there.
        """
        if snapshot.personal is None:
            raise TlsOpsError("the host's own certificates were not read.")
        try:
            used = in_use(snapshot, thumbprint=self.renew_from, site=self.site, due_days=self.due_days)
        except NoMatch as error:
            if self.no_match != "ignore":
                raise
            return Plan(self.name, snapshot, result=_of_nothing(), findings=(f"Nothing to do here: {error}",))
        if used is not None and not used.due:
            return Plan(self.name, snapshot, result=_of_certificate("not_due", used.certificate, used))
        wanted = self.wish.wanted(used.certificate if used else None)
        if used is not None and (next_one := successor(wanted, used, snapshot)):
            result = _of_certificate("installed", next_one.certificate, used)
            result |= {"installed": next_one.certificate.thumbprint, "exportable": next_one.exportable}
            return Plan(self.name, snapshot, result=result | keyed(next_one.certificate.public_key))
        pending = fitting(wanted, snapshot)
        file = RequestFile.at(self.csr_path, wanted, self.controller, snapshot.personal)
        plan = waiting(self.name, pending, wanted, file, snapshot) if pending else self._new(wanted, file, snapshot)
        result = {**_empty(), "due": True, "in_use": used.result if used else {}, **plan.result}
        warnings = (*plan.warnings, *_odd_names(wanted))
        return dataclasses.replace(plan, result=result, warnings=warnings)

    def _new(self, wanted: Wanted, file: RequestFile | None, snapshot: Snapshot) -> Plan:
        name, old = snapshot.nonce, leftovers(snapshot)
        exports: tuple[Export, ...] = ()
        if file:
            exports = (file.export(kept(name), lambda answer: checked(answer, name, wanted), wanted),)
        return Plan(
            self.name,
            dataclasses.replace(snapshot, journal=without(snapshot.journal, old)),
            changes=making(wanted, snapshot, old),
            proofs=(made_proof(wanted, name),),
            exports=exports,
            warnings=dialect_of(snapshot.host).left_out(wanted.request),
            result={
                **_of_wanted("made", wanted),
                "exportable": wanted.request.exportable,
                "files": [file.result(created=True)] if file else [],
            },
        )


def _odd_names(wanted: Wanted) -> tuple[str, ...]:
    """Baseline Requirements 7.1.4.3: a common name is one of the names."""
    common_name = wanted.request.subject.common_name
    if not common_name or common_name.lower() in wanted.names:
        return ()
    return (f"the common name '{common_name}' is none of the names; most CAs refuse such a request.",)


def _empty() -> dict[str, Any]:
    return {"csr": "", "key_sha256": "", "installed": "", "files": []}


def _of_nothing() -> dict[str, Any]:
    nothing: dict[str, Any] = {"subject": "", "names": [], "key": "", "exportable": None}
    return {**_empty(), "state": "no_match", "due": False, "in_use": {}, **nothing}


def _of_wanted(state: State, wanted: Wanted) -> dict[str, Any]:
    names = list(wanted.names)
    return {"state": state, "subject": wanted.request.subject.text, "names": names, "key": wanted.request.key}


def _of_certificate(state: State, certificate: Certificate, used: InUse) -> dict[str, Any]:
    """What the result says where nothing is asked for: of the certificate that is there."""
    return {
        **_empty(),
        "state": state,
        "due": used.due,
        "in_use": used.result,
        "subject": certificate.subject_text,
        "names": [*certificate.dns_names, *certificate.ip_addresses],
        "key": key_name(certificate.public_key),
        "exportable": None,
    }
