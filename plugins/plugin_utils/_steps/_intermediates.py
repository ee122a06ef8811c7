# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which certificates of a CA's answer go to the CA store, and which go nowhere."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from .._model.change import Change
from .._model.stores import Stores
from .._windows import new_certificate
from .._windows.stores import with_intermediate
from .._x509.certificate import Certificate
from .._x509.chain import Trust

_OF_THE_MACHINE = ("Registry", "Policies", "Enterprise")  # SYSTEM's own copy is seen by SYSTEM's processes alone


@dataclasses.dataclass(frozen=True)
class Intermediates:
    """``wanted`` lie on some path of the leaf; ``missing`` are those of them that no CA store of the machine holds.

    ``left_out`` are the others, each with the reason.
    """

    wanted: tuple[Certificate, ...]
    missing: tuple[Certificate, ...]
    left_out: tuple[tuple[Certificate, str], ...]

    def changes(self) -> tuple[Change, ...]:
        return tuple(_added(certificate) for certificate in self.missing)

    def on(self, stores: Stores) -> Stores:
        """The stores with the missing ones in the CA store."""
        for certificate in self.missing:
            stores = with_intermediate(stores, certificate)
        return stores


def sorted_out(leaf: Certificate, answer: Sequence[Certificate], stores: Stores, at: datetime) -> Intermediates:
    """What to do with each certificate of the answer but the leaf.

    A self-signed one goes nowhere: a bundle could bring back the very root that was disabled.
    """
    walks = Trust(stores, at, answer).walks(leaf)
    in_chain = {certificate.der for path in walks for certificate in path[1:]}
    machine = (copy for copy in stores.copies if copy.store == "CA" and copy.physical in _OF_THE_MACHINE)
    present = {copy.certificate.der for copy in machine}
    wanted: list[Certificate] = []
    left_out: list[tuple[Certificate, str]] = []
    for one in answer:
        if one.der == leaf.der:
            continue
        reason = _reason(one, in_chain, at)
        if reason:
            left_out.append((one, reason))
        else:
            wanted.append(one)
    missing = tuple(one for one in wanted if one.der not in present)
    return Intermediates(tuple(wanted), missing, tuple(left_out))


def chain_problem(leaf: Certificate, stores: Stores, at: datetime) -> str:
    """Why the leaf has no trusted chain in these stores; empty where it has. Its own dates are not looked at."""
    trust = Trust(stores, at)
    return "" if trust.trusted(leaf, expired_leaf=True) else trust.reasons(leaf, expired_leaf=True)


def _reason(certificate: Certificate, in_chain: set[bytes], at: datetime) -> str:
    if certificate.self_signed:
        return "self-signed"
    if certificate.der not in in_chain:
        return "not in a chain of this certificate"
    if at > certificate.not_after:
        return "expired"
    return ""


def _added(certificate: Certificate) -> Change:
    until = f"until {certificate.not_after:%Y-%m-%d}"
    return Change(
        what=f"put the intermediate '{certificate.label}' into the CA store",
        where=rf"CA\{certificate.thumbprint}",
        before="",
        after=f"{certificate.subject_text}\nissued by {certificate.issuer_text}\n{until}",
        operations=new_certificate.put("CA", certificate),
    )
