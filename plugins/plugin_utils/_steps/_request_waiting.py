# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pending request that fits is returned again, from its copy or by a new signature of its key."""

from __future__ import annotations

import dataclasses
from typing import Any

from .._batch.operation import Answer
from .._batch.operations import key_prove
from .._batch.payload import lines
from .._errors import TlsOpsError
from .._model.plan import Outcome, Plan, Proof, Verdict
from .._model.snapshot import Snapshot
from .._windows.personal import PENDING_REQUESTS, opens_cng
from .._x509.leaf import labels
from .._x509.request import SigningRequest, assembled, key_name, key_sha256, request_info
from ._key_proof import key_proof
from ._request_file import RequestFile
from ._request_making import PROOF, from_kept, kept, proven
from ._request_pending import Pending
from ._request_wanted import Wanted

_NO_SIGNATURE = (
    f"Use the request file that was written when it was made; or delete it ({PENDING_REQUESTS}) and run again for a "
    "new one."
)


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
    again = _Again(one, wanted)
    weak = not opens_cng(plan.snapshot.host.clr_version) and wanted.request.key.startswith("rsa-")
    told = ["the request is signed with SHA-1, all that this server's .NET can; some CAs refuse it."] if weak else []
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
    hint = f"For another key delete the request ({PENDING_REQUESTS}) and run again."
    return (f"the key of the pending request {_label(one)} {words}. {hint}",)


def _label(one: Pending) -> str:
    return labels([one.entry.certificate])


def keyed(public_key: bytes) -> dict[str, Any]:
    return {"key": key_name(public_key), "key_sha256": key_sha256(public_key)}


class _Again:
    """A pending request of which there is no copy: its key signs it once more, and nothing is written.

    Signed for the file and for the result, it is the first one that counts: ECDSA never signs twice alike.
    """

    def __init__(self, pending: Pending, wanted: Wanted) -> None:
        certificate = pending.entry.certificate
        names = wanted.request.dns_names, wanted.request.ip_addresses
        self._info = request_info(certificate.subject, certificate.public_key, *names)
        self._what = f"the certificate request for {wanted.names[0]}, signed again by its key"
        self._signed: SigningRequest | None = None
        self.operation = key_prove(pending.entry.store, certificate.thumbprint, self._info)

    def request(self, answer: Answer) -> SigningRequest:
        """Raises TlsOpsError where the key did not sign."""
        if not answer.ok:
            raise TlsOpsError(
                f"the key of the pending request could not sign: {answer.describe()}.", hint=_NO_SIGNATURE
            )
        fields = {keyword: values[0] for keyword, values in lines(answer.payload) if values}
        if "unproven" in fields:
            reason = fields["unproven"].decode("utf-8", "replace")
            raise TlsOpsError(f"the pending request cannot be shown: {reason}.", hint=_NO_SIGNATURE)
        algorithm = fields.get("algorithm", b"").decode("ascii", "replace")
        request = assembled(self._info, algorithm, fields.get("signature", b""))
        self._signed = self._signed or request
        return self._signed

    @property
    def proof(self) -> Proof:
        return Proof(PROOF, self._what, (self.operation,), self._judge)

    def _judge(self, answers: tuple[Answer, ...]) -> Verdict:
        try:
            request = self.request(answers[0])
        except TlsOpsError as error:
            return Verdict(Outcome.MISSED, f"{error.message} {error.hint}".strip())
        return proven(request)
