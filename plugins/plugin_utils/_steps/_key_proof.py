# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The proof that a certificate in a store has its private key: the target signs, the controller verifies."""

from __future__ import annotations

from typing import Any

from .._batch.operation import Answer, Operation
from .._batch.operations import key_prove
from .._batch.payload import lines
from .._errors import TlsOpsError
from .._model.plan import Outcome, Proof, Verdict
from .._x509.certificate import Certificate
from .._x509.signature import verifies

_PURPOSE = b"tlsops.windows proof of possession "  # nobody can take the signature for one of anything else


def signing(certificate: Certificate, store: str, nonce: str) -> Operation:
    """An operation that is ok only where the certificate's key signs: a batch stops here before it touches anything."""
    return key_prove(store, certificate.thumbprint, _PURPOSE + nonce.encode("ascii"))


def key_proof(certificate: Certificate, store: str, nonce: str) -> Proof:
    """Signs a text of this run's own with the certificate's key in ``store`` of the machine."""
    data = _PURPOSE + nonce.encode("ascii")
    return Proof(
        name="private_key",
        what=f"the private key of '{certificate.label}' in the store {store}",
        operations=(signing(certificate, store, nonce),),
        judge=lambda answers: _judged(answers[0], certificate, store, data),
    )


def _judged(answer: Answer, certificate: Certificate, store: str, data: bytes) -> Verdict:
    if not answer.ok:
        mend = f"'certutil -repairstore {store} {certificate.thumbprint}' on the server links a key that is still there"
        return Verdict(Outcome.MISSED, f"the key could not sign: {answer.describe()}; {mend}")
    try:
        return _read(answer, certificate, data)
    except TlsOpsError as error:
        return Verdict(Outcome.NOT_PROVEN, error.message)


def _read(answer: Answer, certificate: Certificate, data: bytes) -> Verdict:
    """Raises TlsOpsError where the answer is not in the form of ``key_prove``, or of an algorithm that is not known."""
    told = {keyword: values for keyword, values in lines(answer.payload) if values}
    fields, facts = {keyword: values[0] for keyword, values in told.items()}, _facts(told.get("key", ()))
    if "unproven" in fields:
        return Verdict(Outcome.UNPROVABLE, fields["unproven"].decode("utf-8", "replace"), facts)
    algorithm = fields.get("algorithm", b"").decode("ascii", "replace")
    good = verifies(certificate, algorithm, fields.get("signature", b""), data)
    if not good:
        return Verdict(Outcome.MISSED, f"a signature ({algorithm}) that is not by the certificate's key")
    words = f"a signature ({algorithm}) by the certificate's key"
    return Verdict(Outcome.PROVEN, words, {"algorithm": algorithm, **facts})


def _facts(fields: tuple[bytes, ...]) -> dict[str, Any]:
    """``provider`` (empty where the key did not tell), ``key_spec`` (0 with CNG) and ``exportable`` (None: not known).

    Nothing where the answer has no such line. Raises TlsOpsError where it has another form.
    """
    if not fields:
        return {}
    try:
        provider, _container, key_spec, exportable = fields
        tristate = {b"1": True, b"0": False, b"": None}[exportable]
        return {"provider": provider.decode("utf-8", "replace"), "key_spec": int(key_spec), "exportable": tristate}
    except (KeyError, ValueError) as error:
        raise TlsOpsError("the answer about the private key is not in the expected form.") from error
