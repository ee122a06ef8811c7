# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a request comes to be: made by certreq, read from where it is kept, or made again by its key."""

from __future__ import annotations

from .._batch.operation import Answer, Operation
from .._batch.operations import key_prove, reg_read
from .._batch.payload import lines, registry
from .._errors import TlsOpsError
from .._model.host import HostInfo
from .._model.plan import Change, Outcome, Proof, Verdict
from .._model.snapshot import Snapshot
from .._windows.certreq import new
from .._windows.journal import REQUESTS
from .._windows.personal import REQUEST
from .._windows.request_inf import inf
from .._x509.request import SigningRequest, assembled, read_request, request_info
from ._request_pending import Pending, dropping
from ._request_wanted import Wanted

_NAME = "request"
_NO_SIGNATURE = (
    "Use the request file that was written when it was made; or delete it (certlm.msc, Certificate Enrollment Requests)"
    " and run again for a new one."
)


def making(wanted: Wanted, snapshot: Snapshot, forget: tuple[str, ...]) -> tuple[Change, Change]:
    """A new key and its pending request, and the copy that is kept of it; copies named in ``forget`` go in the end.

    Raises TlsOpsError where certreq cannot be told what is wanted.
    """
    _check_version(snapshot.host)
    request = wanted.request
    made, kept_then = new(inf(request), system_root=snapshot.host.system_root, nonce=snapshot.nonce)
    shown = (
        request.subject.text,
        f"names {', '.join(wanted.names)}",
        f"key {request.key}, {'exportable' if request.exportable else 'not exportable'}, {request.key_provider}",
        *([f"friendly name {request.friendly_name}"] if request.friendly_name else []),
    )
    make = Change(
        what=f"make a key and a certificate request for {', '.join(wanted.names)}",
        where=rf"pending request in {REQUEST} for {wanted.names[0]}",
        before="",
        after="\n".join(shown),
        operations=made,
        permanent=f"the new pending request for {request.subject.text} and its key; delete it in certlm.msc, "
        "Certificate Enrollment Requests",
    )
    # It is no setting of the host: no line in the diff.
    keep = Change("keep a copy of the request", rf"{REQUESTS}\{snapshot.nonce}", "", "", kept_then)
    return make, dropping(keep, forget)


def _check_version(host: HostInfo) -> None:
    """Names as text came with Server 2008 (Microsoft docs, certreq)."""
    if host.os_version.partition(".")[0] in ("5", "4"):
        raise TlsOpsError(
            f"certreq of Windows {host.os_version} does not take names in a request's file.",
            hint="Make the request with IIS Manager; certificate_install takes the answer to it.",
        )


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
        return _good(request)

    return Proof(_NAME, f"the certificate request for {wanted.names[0]}", (kept(name),), judge)


class Again:
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
        return Proof(_NAME, self._what, (self.operation,), self._judge)

    def _judge(self, answers: tuple[Answer, ...]) -> Verdict:
        try:
            request = self.request(answers[0])
        except TlsOpsError as error:
            return Verdict(Outcome.MISSED, f"{error.message} {error.hint}".strip())
        return _good(request)


def _good(request: SigningRequest) -> Verdict:
    how = "SHA-1, which some CAs refuse" if request.sha1 else "SHA-2"
    result = {"csr": request.pem, "key_sha256": request.key_sha256}
    return Verdict(Outcome.PROVEN, f"a request signed by its key with {how}", {"sha1": request.sha1}, result)
