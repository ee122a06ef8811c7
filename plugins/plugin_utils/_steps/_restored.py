# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a backup's certificate and key get into a store of the host, and what is there already. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .._batch.operation import Answer, Operation
from .._batch.operations import store_add, store_import_pfx, store_remove
from .._cryptography import rsa
from .._model.change import Change
from .._model.plan import Outcome, Proof, Verdict
from .._model.snapshot import Snapshot
from .._model.stores import PersonalCertificate
from .._windows import new_certificate
from .._windows.personal import opens_cng
from .._windows.pfx_import import readable_by
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from .._x509.pfx import OpenedPfx, make_pfx
from ._key_proof import key_proof

_ROUNDS = 2_000  # the password is random and as long as a key: nobody guesses it, whatever the rounds


@dataclasses.dataclass(frozen=True)
class Target:
    """Where the certificate goes, and how. ``there`` is what the store holds of it now."""

    store: str
    exportable: bool
    friendly_name: str
    there: PersonalCertificate | None
    blind: bool  # the host cannot look at a key of this kind: that it does not open says nothing

    @property
    def complete(self) -> bool:
        """Whether it is there with a key that opens.

        A key that does not open tells no provider: its container is gone, or its list shuts the account out.
        """
        there = self.there
        return there is not None and there.has_private_key and (bool(there.provider) or self.blind)

    def can_set_access(self, opened: OpenedPfx) -> bool:
        """Whether the host can look at the key that it makes of this one: where it is blind, at one of RSA only."""
        return not self.blind or isinstance(opened.key, rsa.RSAPrivateKey)

    @property
    def name_there(self) -> str:
        """The friendly name afterwards: nothing renames a certificate that is complete."""
        return self.there.friendly_name if self.there and self.complete else self.friendly_name

    @property
    def unopened(self) -> bool:
        """Whether only a signature can tell that the key is there."""
        return self.complete and self.there is not None and not self.there.provider


def target(leaf: Certificate, store: str, exportable: bool, friendly_name: str, snapshot: Snapshot) -> Target:
    """What the host's store holds of the certificate; of two copies the one with a key counts.

    Without ``friendly_name`` it keeps the one that it has there.
    """
    copies = [
        one for one in snapshot.personal or () if one.certificate == leaf and one.store.casefold() == store.casefold()
    ]
    copies.sort(key=lambda one: (one.has_private_key, bool(one.provider)), reverse=True)
    blind = not opens_cng(snapshot.host.clr_version)  # an RSA key is imported to a CSP there
    there = copies[0] if copies else None
    return Target(store, exportable, friendly_name or (there.friendly_name if there else ""), there, blind)


def imported(opened: OpenedPfx, target: Target, snapshot: Snapshot, source: str) -> Change:
    """One key and its certificate, made anew for the way.

    Without a friendlyName of the key's bag: Windows would take that for the name of the container.
    """
    leaf, password = opened.certificate, snapshot.one_time_password
    pfx = make_pfx(opened.key, leaf, (), password, readable_by(snapshot.host.os_version), rounds=_ROUNDS)
    operation = store_import_pfx(
        target.store,
        leaf.thumbprint,
        pfx,
        password,
        exportable=target.exportable,
        friendly_name=target.friendly_name,
    )
    looks = () if target.there else (new_certificate.look(target.store, leaf.thumbprint),)
    return Change(
        what=f"put {labels([leaf])} with its key into the store {target.store}",
        where=rf"{target.store}\{leaf.thumbprint}",
        before=_before(target),
        after="\n".join(_after(leaf, target, source)),
        operations=(*looks, dataclasses.replace(operation, undo=_undo(leaf, target))),
    )


def with_restored(snapshot: Snapshot, leaf: Certificate, target: Target) -> Snapshot:
    """The host once the certificate is there; which container its key gets is not known before."""
    if target.complete:
        return snapshot
    others = tuple(one for one in snapshot.personal or () if one is not target.there)
    new = PersonalCertificate(target.store, leaf, True, target.exportable, target.friendly_name)
    return dataclasses.replace(snapshot, personal=(*others, new))


def key_and_export(leaf: Certificate, target: Target, nonce: str, *, imports: bool) -> Proof:
    """The key signs; one that is imported now is exportable only if asked for. What it is goes into the result."""
    proof = key_proof(leaf, target.store, nonce)

    def judge(answers: tuple[Answer, ...]) -> Verdict:
        verdict = proof.judge(answers)
        result = {"key": key_facts(verdict.facts)}
        got = verdict.facts.get("exportable")
        if imports and verdict.outcome is Outcome.PROVEN and got is not None and got is not target.exportable:
            is_so, asked = exportable_or_not(bool(got)), exportable_or_not(target.exportable)
            return Verdict(Outcome.MISSED, f"the key is {is_so}; it was to be {asked}", verdict.facts, result)
        return dataclasses.replace(verdict, result=result)

    return dataclasses.replace(proof, judge=judge)


def key_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Where the key lies, as the result says it; None for what the host did not say."""
    told = bool(facts.get("provider"))
    return {name: facts.get(name) if told else None for name in ("provider", "key_spec", "exportable")}


def key_there(target: Target) -> dict[str, Any]:
    """The same of a key that is there already."""
    there = target.there
    if there is None or not target.complete:
        return key_facts({})
    return key_facts({"provider": there.provider, "key_spec": there.key_spec, "exportable": there.exportable})


def _undo(leaf: Certificate, target: Target) -> tuple[Operation, ...]:
    """Certificate and key go; a certificate that was there without a key stays so."""
    removed = store_remove(target.store, leaf.thumbprint, with_key=True)
    return (removed, store_add(target.store, leaf.der)) if target.there else (removed,)


def _before(target: Target) -> str:
    if target.there is None:
        return ""
    return "with a private key that does not open" if target.there.has_private_key else "without a private key"


def _after(leaf: Certificate, target: Target, source: str) -> list[str]:
    names = ", ".join((*leaf.dns_names, *leaf.ip_addresses))
    name = [f"friendly name {target.friendly_name}"] if target.friendly_name else []
    return [
        leaf.subject_text,
        f"names {names}",
        f"issued by {leaf.issuer_text}",
        f"until {leaf.not_after:%Y-%m-%d}",
        *name,
        f"with its key from {source}, {exportable_or_not(target.exportable)}",
    ]


def exportable_or_not(exportable: bool) -> str:
    """In words."""
    return "exportable" if exportable else "not exportable"
