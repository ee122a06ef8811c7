# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the answer's certificate finds its key, and how it gets into the wanted store with it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import Literal

from .._batch.operation import Operation
from .._errors import TlsOpsError
from .._model.change import Change
from .._model.host import HostInfo
from .._model.snapshot import Journal, Snapshot
from .._model.stores import PersonalCertificate
from .._model.web import WebServer
from .._windows import new_certificate
from .._windows.certreq import ACCEPTED, accept
from .._windows.certutil import link_key
from .._windows.dialect import dialect_of
from .._windows.personal import MY, REQUEST, WEB_HOSTING, with_key
from .._windows.versions import key_stores, product
from .._x509.certificate import Certificate
from .._x509.leaf import find_leaf, labels
from .._x509.request import key_name
from ._request_pending import dropping, requests_of, without

Matched = Literal["pending request", "reissue", "installed"]


@dataclasses.dataclass(frozen=True)
class Origin:
    """The leaf of an answer, and the entry of the host's stores that has its key.

    ``matched``: ``installed``: the entry is the certificate itself; ``reissue``: an older one for the same request.
    """

    leaf: Certificate
    entry: PersonalCertificate
    matched: Matched


@dataclasses.dataclass(frozen=True)
class Placed:
    """What brings the certificate into its store; the host's own certificates and the kept requests afterwards."""

    personal: tuple[PersonalCertificate, ...]
    journal: Journal
    changes: tuple[Change, ...] = ()


def found(answer: Sequence[Certificate], personal: Sequence[PersonalCertificate]) -> Origin:
    """The certificate that is meant. Raises TlsOpsError where none or several fit the keys of this host."""
    entries = with_key(personal, (MY, WEB_HOSTING, REQUEST))
    pending = [one for one in entries if one.store.upper() == REQUEST]
    try:
        leaf = find_leaf(answer, {one.certificate.public_key for one in entries})
    except TlsOpsError as error:
        waiting = labels([one.certificate for one in pending])
        raise TlsOpsError(error.message, hint=f"{error.hint} Pending requests: {waiting}.") from error
    _refuse_several(answer, pending)
    for one in entries:
        if one.certificate.der == leaf.der and one not in pending:
            return Origin(leaf, one, "installed")
    own = [one for one in entries if one.certificate.public_key == leaf.public_key]
    asked = next((one for one in own if one in pending), None)
    return Origin(leaf, asked or own[0], "pending request" if asked else "reissue")


def store_problems(store: str, host: HostInfo) -> list[str]:
    """Why the host cannot have the certificate in this store."""
    if store in key_stores(host.os_version):
        return []
    this = product(host.os_version)
    return [f"the store {store} came with Windows Server 2012, this is {this}: leave 'store' out"]


def key_problems(leaf: Certificate, host: HostInfo) -> list[str]:
    """Why the host cannot hold the certificate's key: CNG, and with it ECDSA, came with Server 2008."""
    key = key_name(leaf.public_key)
    if dialect_of(host).cng or key.startswith("rsa-"):
        return []
    this = product(host.os_version)
    return [f"its key is {key or 'of an unknown kind'}, and {this} holds RSA keys only: take one with an RSA key"]


def store_of(web: WebServer, sites: Iterable[str]) -> tuple[str, list[str]]:
    """The store that the records of these sites name, MY where they have none; and what speaks against any."""
    wanted = {name.casefold() for name in sites}
    own = [each for each in web.endpoints if each.owner == "iis" and wanted & {name.casefold() for name in each.sites}]
    stores = {each.store.casefold(): each.store for each in own if each.thumbprint}
    known = [each for each in (MY, WEB_HOSTING) if each.casefold() in stores]
    if len(stores) > 1 or len(known) != len(stores):
        named = " and ".join(sorted(stores.values()))
        return MY, [f"the sites that it is for take their certificates from {named}: name the store by 'store'"]
    return known[0] if known else MY, []


def place(origin: Origin, store: str, snapshot: Snapshot) -> Placed:
    """It gets into MY with its key; from there it is copied where it is wanted elsewhere. Nothing where it is there.

    The copy of its request, where certificate_request kept one, goes when all is proven.
    """
    personal, journal = snapshot.personal or (), snapshot.journal
    there = [one for one in with_key(personal, (MY, WEB_HOSTING)) if one.certificate.der == origin.leaf.der]
    if any(one.store.casefold() == store.casefold() for one in there):
        return Placed(tuple(personal), journal)
    changes: list[Change] = []
    where = there[0].store if there else MY
    if not there:
        answered = requests_of(journal, origin.leaf.public_key)
        changes.append(dropping(_into_my(origin, snapshot), answered))
        journal = without(journal, answered)
        personal = _accepted(origin, personal)
    if where != store:
        copy = new_certificate.put_copy(where, store, origin.leaf.thumbprint)
        changes.append(_change(origin, store, f"copied from {where} with its key", copy))
        personal = (*personal, _entry(origin, store))
    return Placed(tuple(personal), journal, tuple(changes))


def key_opened(leaf: Certificate, store: str, personal: Sequence[PersonalCertificate]) -> bool:
    """Whether the leaf lies in the store with a key that opened when the store was read.

    A key that does not open tells no provider: its container is gone, its ACL shuts the account out, or it is a CNG key
    under PowerShell 2.0. Only a signature tells these apart.
    """
    own = [one for one in with_key(personal, (store,)) if one.certificate.der == leaf.der]
    return any(one.provider for one in own)


def _refuse_several(answer: Sequence[Certificate], pending: Sequence[PersonalCertificate]) -> None:
    keys = {one.certificate.public_key for one in pending} - {b""}
    fitting = [one for one in answer if one.public_key in keys]
    if len({one.public_key for one in fitting}) > 1:
        raise TlsOpsError(
            f"the answer fits several pending requests: {labels(fitting)}.",
            hint="Install one at a time: give the answer for one of them.",
        )


def _accepted(origin: Origin, personal: Sequence[PersonalCertificate]) -> tuple[PersonalCertificate, ...]:
    """certreq takes the pending request away, and the certificate that was there without its key has it now."""
    kept = (
        one
        for one in personal
        if not (one.store.upper() == REQUEST and one.certificate.public_key == origin.leaf.public_key)
        and not (one.store.upper() == MY and one.certificate.der == origin.leaf.der)
    )
    return (*kept, _entry(origin, MY))


def _entry(origin: Origin, store: str) -> PersonalCertificate:
    return dataclasses.replace(origin.entry, store=store, certificate=origin.leaf, has_private_key=True, archived=False)


def _into_my(origin: Origin, snapshot: Snapshot) -> Change:
    """By certreq, which also completes the pending request; where this one cannot look elsewhere, by certutil."""
    dialect, leaf = dialect_of(snapshot.host), origin.leaf
    how = f"with the key of the {origin.matched}"
    if origin.matched == "pending request" or dialect.accepts_reissues:
        operations = accept(leaf, dialect, system_root=snapshot.host.system_root, nonce=snapshot.nonce)
        return dataclasses.replace(
            _change(origin, MY, how, operations), permanent=_permanent(origin), permanent_from=ACCEPTED
        )
    there = any(one.store.upper() == MY and one.certificate.der == leaf.der for one in snapshot.personal or ())
    return _change(origin, MY, how, link_key(leaf, there=there))


def _permanent(origin: Origin) -> str:
    done = " and its pending request is completed" if origin.matched == "pending request" else ""
    return f"the certificate {labels([origin.leaf])} stays in {MY}{done}"


def _change(origin: Origin, store: str, how: str, operations: tuple[Operation, ...]) -> Change:
    leaf = origin.leaf
    names = ", ".join((*leaf.dns_names, *leaf.ip_addresses))
    lines = (
        leaf.subject_text,
        f"names {names}",
        f"issued by {leaf.issuer_text}",
        f"until {leaf.not_after:%Y-%m-%d}",
        how,
    )
    return Change(
        what=f"put {labels([leaf])} into the store {store}, {how}",
        where=rf"{store}\{leaf.thumbprint}",
        before="",
        after="\n".join(lines),
        operations=operations,
    )
