# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pending requests of a host: those that this collection keeps a copy of, and those that something else made.

A pending request is a dummy certificate in the store REQUEST. Its key is what counts; that the dummy shows what was
asked for is known of the subject only (ICEnroll docs), so a dummy without names may stand for a request with names.
"""

from __future__ import annotations

import dataclasses

from .._batch.operations import reg_delete
from .._cryptography import x509
from .._errors import TlsOpsError
from .._model.change import Change
from .._model.snapshot import Journal, Snapshot
from .._model.stores import PersonalCertificate
from .._windows.journal import REQUESTS
from .._windows.personal import PENDING_REQUESTS, REQUEST, with_key
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from .._x509.request import SigningRequest, key_name, request_in
from ._request_wanted import Wanted


@dataclasses.dataclass(frozen=True)
class Pending:
    """``request`` with the ``name`` that it is kept under; None and "" for one that something else made."""

    entry: PersonalCertificate
    request: SigningRequest | None = None
    name: str = ""


def fitting(wanted: Wanted, snapshot: Snapshot) -> tuple[Pending, ...]:
    """The pending requests that fit, newest first.

    Raises TlsOpsError where there is none, and one that shows no names may be it: a second one by accident would make
    the CA's answer to the first one useless.
    """
    pending = _pending(snapshot)
    good = [one for one in pending if _fits(wanted, one)]
    if good:
        return tuple(sorted(good, key=lambda one: (one.entry.certificate.not_before, one.name), reverse=True))
    unclear = [one.entry.certificate for one in pending if one.request is None and _may_fit(wanted, one.entry)]
    if unclear:
        raise TlsOpsError(
            f"a pending request may be the one that is wanted: {labels(unclear)}. There is no copy of it here, and it "
            "shows no names, so that cannot be told.",
            hint="Where its answer is expected, give that to renewal (answer_path) when it is there. Else delete it: "
            f"{PENDING_REQUESTS}. Or ask for another subject: one with another CN does not get "
            "in its way.",
        )
    return ()


def requests_of(journal: Journal, public_key: bytes) -> tuple[str, ...]:
    """The names under which requests with this key are kept."""
    return tuple(name for name, request in _kept(journal).items() if request and request.public_key == public_key)


def leftovers(snapshot: Snapshot) -> tuple[str, ...]:
    """The names of kept requests whose key is in REQUEST no more, or that are none."""
    waiting = {one.certificate.public_key for one in _waiting(snapshot)}
    kept = _kept(snapshot.journal)
    return tuple(name for name, request in kept.items() if request is None or request.public_key not in waiting)


def dropping(change: Change, names: tuple[str, ...]) -> Change:
    """The change, which in the end forgets these kept requests."""
    return dataclasses.replace(change, closing=(*change.closing, *(reg_delete(REQUESTS, name) for name in names)))


def without(journal: Journal, names: tuple[str, ...]) -> Journal:
    kept = {name: data for name, data in journal.requests.items() if name not in names}
    return dataclasses.replace(journal, requests=kept)


def _kept(journal: Journal) -> dict[str, SigningRequest | None]:
    return {name: request_in(data) for name, data in journal.requests.items()}


def _waiting(snapshot: Snapshot) -> tuple[PersonalCertificate, ...]:
    if snapshot.personal is None:
        raise TlsOpsError("the host's own certificates were not read.")
    return tuple(one for one in with_key(snapshot.personal, (REQUEST,)) if one.certificate.public_key)


def _pending(snapshot: Snapshot) -> list[Pending]:
    kept = {request.public_key: (request, name) for name, request in _kept(snapshot.journal).items() if request}
    found = []
    for entry in _waiting(snapshot):
        request, name = kept.get(entry.certificate.public_key, (None, ""))
        found.append(Pending(entry, request, name))
    return found


def _fits(wanted: Wanted, one: Pending) -> bool:
    if not _has_provider(wanted, one.entry):
        return False
    if one.request is not None:
        return wanted.fits_request(one.request) and one.request.signed_by_its_key
    return wanted.fits_certificate(one.entry.certificate) and _has_subject(wanted, one.entry.certificate)


def _may_fit(wanted: Wanted, entry: PersonalCertificate) -> bool:
    certificate = entry.certificate
    if _shows_names(certificate) or key_name(certificate.public_key) != wanted.request.key:
        return False
    named = certificate.common_name.lower() in {*wanted.names, wanted.request.subject.common_name.lower()}
    return named and _has_subject(wanted, certificate) and _has_provider(wanted, entry)


def _shows_names(certificate: Certificate) -> bool:
    return certificate.extension(x509.SubjectAlternativeName) is not None


def _has_subject(wanted: Wanted, certificate: Certificate) -> bool:
    return wanted.any_subject or wanted.request.subject.is_named(certificate.parsed.subject)


def _has_provider(wanted: Wanted, entry: PersonalCertificate) -> bool:
    """A provider that the user named has to be that of the key, where that is known."""
    named = wanted.request.provider
    return not named or not entry.provider or entry.provider.casefold() == named.casefold()
