# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A request that certreq makes, the copy that is kept of it, and the proof that it is the one asked for."""

from __future__ import annotations

from .._batch.operation import Answer, Operation
from .._batch.operations import reg_read
from .._batch.payload import registry
from .._errors import TlsOpsError
from .._model.change import Change
from .._model.plan import Outcome, Proof, Verdict
from .._model.snapshot import Snapshot
from .._windows.certreq import new
from .._windows.dialect import dialect_of
from .._windows.journal import REQUESTS
from .._windows.personal import PENDING_REQUESTS, REQUEST
from .._x509.request import SigningRequest, read_request
from ._request_pending import dropping
from ._request_wanted import Wanted

PROOF = "request"  # its name in the result


def making(wanted: Wanted, snapshot: Snapshot, forget: tuple[str, ...]) -> tuple[Change, Change]:
    """A new key and its pending request, and the copy that is kept of it; copies named in ``forget`` go in the end.

    Raises TlsOpsError where this Windows cannot make what is wanted.
    """
    request, dialect = wanted.request, dialect_of(snapshot.host)
    made, kept_then = new(request, dialect, system_root=snapshot.host.system_root, nonce=snapshot.nonce)
    shown = (
        request.subject.text,
        f"names {', '.join(wanted.names)}",
        f"key {request.key}, {'exportable' if request.exportable else 'not exportable'}, {request.key_provider}",
        *([f"friendly name {request.friendly_name}"] if request.friendly_name and dialect.names_keys else []),
    )
    make = Change(
        what=f"make a key and a certificate request for {', '.join(wanted.names)}",
        where=rf"pending request in {REQUEST} for {wanted.names[0]}",
        before="",
        after="\n".join(shown),
        operations=made,
        permanent=f"the new pending request for {request.subject.text} and its key; to delete it: {PENDING_REQUESTS}",
    )
    # It is no setting of the host: no line in the diff.
    keep = Change("keep a copy of the request", rf"{REQUESTS}\{snapshot.nonce}", "", "", kept_then)
    return make, dropping(keep, forget)


def kept(name: str) -> Operation:
    """Reads the request that is kept under a name."""
    return reg_read(REQUESTS, depth=0, value=name)


def from_kept(answer: Answer, name: str) -> SigningRequest:
    """Raises TlsOpsError where it is not there, or cannot be read."""
    if not answer.ok:
        raise TlsOpsError(f"the request cannot be read back: {answer.describe()}.")
    value = registry(answer.payload).get("", {}).get(name)
    if value is None:
        raise TlsOpsError("the request is not where it was put.")
    return read_request(value.data)


def checked(answer: Answer, name: str, wanted: Wanted) -> SigningRequest:
    """A request that was just made. Raises TlsOpsError where it is not the one that was asked for."""
    request = from_kept(answer, name)
    problems = wanted.differences(request)
    if problems:
        raise TlsOpsError(f"certreq made another request than the one asked for: {'; '.join(problems)}.")
    return request


def made_proof(wanted: Wanted, name: str) -> Proof:
    def judge(answers: tuple[Answer, ...]) -> Verdict:
        try:
            request = checked(answers[0], name, wanted)
        except TlsOpsError as error:
            return Verdict(Outcome.MISSED, error.message)
        return proven(request)

    return Proof(PROOF, f"the certificate request for {wanted.names[0]}", (kept(name),), judge)


def proven(request: SigningRequest) -> Verdict:
    """The request goes into the result."""
    how = "SHA-1, which some CAs refuse" if request.sha1 else "SHA-2"
    result = {"csr": request.pem, "key_sha256": request.key_sha256}
    return Verdict(Outcome.PROVEN, f"a request signed by its key with {how}", {"sha1": request.sha1}, result)
