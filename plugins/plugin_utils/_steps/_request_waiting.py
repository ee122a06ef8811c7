# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pending request that fits is returned again, from its copy or by a new signature of its key."""

from __future__ import annotations

import dataclasses
from typing import Any

from .._model.plan import Plan
from .._model.snapshot import Snapshot
from .._x509.leaf import labels
from .._x509.request import SigningRequest, key_name, key_sha256
from ._key_proof import key_proof
from ._request_file import RequestFile
from ._request_pending import Pending
from ._request_sources import Again, from_kept, kept
from ._request_wanted import Wanted

_SHA1_CLR = "2."  # PowerShell 2.0 signs with SHA-1 only


def waiting(
    step: str, pending: tuple[Pending, ...], wanted: Wanted, file: RequestFile | None, snapshot: Snapshot
) -> Plan:
    """The plan for the first of the ``pending`` ones that fit. Nothing is written on the host."""
    one, *others = pending
    result = {
        "state": "pending",
        "subject": one.entry.certificate.subject_text,
        "names": list(wanted.names),
        **keyed(one.entry.certificate.public_key),
        "exportable": one.entry.exportable,
    }
    plan = Plan(step, snapshot, result=result, warnings=_unlike(one, wanted), findings=_several(one, others))
    request = one.request or (file.there if file and _is_of(file, one, wanted) else None)
    if request is not None:
        return _returned(plan, one, request, wanted, file)
    return _signed_again(plan, one, wanted, file)


def _returned(plan: Plan, one: Pending, request: SigningRequest, wanted: Wanted, file: RequestFile | None) -> Plan:
    """A request that is known. A key that did not open when the store was read is asked to sign: is it still there?"""
    missing = file is not None and not file.has(request)
    exports = (
        (file.export(kept(one.name), lambda answer: from_kept(answer, one.name), wanted),) if file and missing else ()
    )
    unopened = not one.entry.provider
    return dataclasses.replace(
        plan,
        exports=exports,
        proofs=(key_proof(one.entry.certificate, one.entry.store, plan.snapshot.nonce),) if unopened else (),
        prove_always=unopened,
        result={**plan.result, "csr": request.pem, "files": [file.result(created=missing)] if file else []},
    )


def _signed_again(plan: Plan, one: Pending, wanted: Wanted, file: RequestFile | None) -> Plan:
    again = Again(one, wanted)
    weak = plan.snapshot.host.clr_version.startswith(_SHA1_CLR) and wanted.request.key.startswith("rsa-")
    told = ["the request is signed with SHA-1, all that PowerShell 2.0 has here; some CAs refuse it."] if weak else []
    return dataclasses.replace(
        plan,
        exports=(file.export(again.operation, again.request, wanted),) if file else (),
        proofs=(again.proof,),
        prove_always=True,
        result={**plan.result, "files": [file.result(created=True)] if file else []},
        warnings=(*plan.warnings, *told),
    )


def _is_of(file: RequestFile, one: Pending, wanted: Wanted) -> bool:
    """Whether the file holds a good request of this key: then the key need not sign again."""
    there = file.there
    if there is None or there.public_key != one.entry.certificate.public_key:
        return False
    return wanted.fits_request(there) and there.signed_by_its_key


def _several(one: Pending, others: list[Pending]) -> tuple[str, ...]:
    if not others:
        return ()
    rest = labels([each.entry.certificate for each in others])
    return (f"{len(others) + 1} pending requests fit; the newest is taken, {_label(one)}. Not needed: {rest}.",)


def _unlike(one: Pending, wanted: Wanted) -> tuple[str, ...]:
    """The key of a request that waits cannot be made otherwise any more."""
    if one.entry.exportable in (None, wanted.request.exportable):
        return ()
    words = "is not exportable, so it cannot be backed up" if wanted.request.exportable else "is exportable"
    hint = "For another key delete the request (certlm.msc, Certificate Enrollment Requests) and run again."
    return (f"the key of the pending request {_label(one)} {words}. {hint}",)


def _label(one: Pending) -> str:
    return labels([one.entry.certificate])


def keyed(public_key: bytes) -> dict[str, Any]:
    return {"key": key_name(public_key), "key_sha256": key_sha256(public_key)}
