# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replacing a server: key and certificate of a backup come into a store, the chain beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from .._errors import TlsOpsError
from .._model.change import Change
from .._model.plan import Controller, Plan
from .._model.snapshot import Accounts, Query, Snapshot
from .._windows.access import is_sid
from .._windows.personal import MY, WEB_HOSTING
from .._x509.checks import unreadable
from .._x509.leaf import labels
from .._x509.pfx import OpenedPfx, open_pfx
from ._certificate import PATH_HINT, is_absolute, normalized_thumbprint
from ._intermediates import sorted_out
from ._key_access import Wanted, access_proof, granted
from ._placement import key_problems, store_problems
from ._restored import Target, imported, key_and_export, target, with_restored
from ._restored_access import access_of_new, checked_accounts, wanted_access
from ._restored_report import findings, result, warnings
from ._restored_root import added, roots_of
from ._roots import stores_of

ARGUMENTS: dict[str, Any] = {
    "path": {"type": "path", "required": True},
    "password": {"type": "str", "required": True, "no_log": True},
    "store": {"type": "str", "default": MY, "choices": [MY, WEB_HOSTING]},
    "exportable": {"type": "bool", "default": True},
    "friendly_name": {"type": "str"},
    "key_access": {"type": "list", "elements": "str"},
    "key_access_like": {"type": "str"},
    "trusted_root": {"type": "str", "default": "ignored", "choices": ["ignored", "added"]},
    "allow_unencrypted": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}
RULES: dict[str, Any] = {"mutually_exclusive": [("key_access", "key_access_like")]}


@dataclasses.dataclass(frozen=True)
class PfxRestore:
    """Which backup goes where. ``key_access``: accounts, by name or SID; ``key_access_like``: a thumbprint."""

    name: ClassVar[str] = "pfx_restore"
    path: str
    opened: OpenedPfx
    store: str = MY
    exportable: bool = True
    friendly_name: str = ""
    key_access: tuple[str, ...] = ()
    key_access_like: str = ""
    add_root: bool = False

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> PfxRestore:
        """The file is opened here, on the controller. Raises TlsOpsError where it cannot be, or a value is no good."""
        path = controller.resolve(_absolute(str(arguments["path"])))
        accounts, like = checked_accounts(arguments["key_access"] or ()), arguments["key_access_like"] or ""
        if accounts and like:
            raise TlsOpsError("key_access and key_access_like exclude each other.")
        opened = _opened(path, str(arguments["password"]), controller)
        like = normalized_thumbprint(like) if like else ""
        if like == opened.certificate.thumbprint:
            raise TlsOpsError("key_access_like names the certificate that is restored.", hint="Name another one.")
        return cls(
            path=path,
            opened=opened,
            store=arguments["store"],
            exportable=arguments["exportable"],
            friendly_name=_friendly_name(arguments["friendly_name"] or ""),
            key_access=accounts,
            key_access_like=like,
            add_root=arguments["trusted_root"] == "added",
        )

    def queries(self) -> frozenset[Query | Accounts]:
        """Sites are asked for only where a root may be added: which chains are in use decides whether it may."""
        names = tuple(each for each in self.key_access if not is_sid(each))
        wanted: set[Query | Accounts] = {Query.STORES, Query.PERSONAL}
        return frozenset(wanted | ({Accounts(names)} if names else set()) | ({Query.WEB} if self.add_root else set()))

    def plan(self, snapshot: Snapshot) -> Plan:
        """Raises TlsOpsError where an account is unknown, or the host cannot hold the certificate so."""
        if snapshot.personal is None:
            raise TlsOpsError("the host's own certificates were not read.")
        problems = [
            *store_problems(self.store, snapshot.host),
            *key_problems(self.opened.certificate, snapshot.host),
        ]
        if problems:
            raise TlsOpsError(f"{'; '.join(problems)}.", hint="Nothing was changed.")
        leaf, wanted = self.opened.certificate, wanted_access(snapshot, self.key_access, self.key_access_like)
        roots = roots_of(self.opened, snapshot, add=self.add_root)
        new_roots, after = added(roots.new, snapshot, self.opened)
        chain = sorted_out(leaf, self.opened.others, stores_of(after), after.host.clock)
        after = dataclasses.replace(after, stores=chain.on(stores_of(after)))
        name = self.friendly_name or self.opened.friendly_name.partition("\0")[0]
        place = target(leaf, self.store, self.exportable, name, snapshot)
        proofs = (key_and_export(leaf, place, snapshot.nonce, imports=not place.complete),)
        return Plan(
            self.name,
            with_restored(after, leaf, place),
            changes=(*new_roots, *chain.changes(), *self._own_changes(place, wanted, snapshot)),
            proofs=(*proofs, access_proof(leaf, self.store, wanted)) if wanted.anything else proofs,
            result=result(leaf, self.path, place, chain, roots, wanted),
            findings=findings(place, chain, roots, self.friendly_name),
            warnings=warnings(leaf, after),
            prove_always=snapshot.prove_all or place.unopened,
        )

    def _own_changes(self, place: Target, wanted: Wanted, snapshot: Snapshot) -> tuple[Change, ...]:
        """The certificate with its key, and who may read that. Raises TlsOpsError."""
        leaf = self.opened.certificate
        access = place.there.access if place.there else ""
        if wanted.anything and ((place.complete and not access) or not place.can_set_access(self.opened)):
            raise TlsOpsError(
                f"who may read the key of {labels([leaf])} cannot be read and set on this host.",
                hint="Leave out key_access and key_access_like, and set it on the server by hand. PowerShell 2.0 and "
                ".NET before 4.6 have no way to the keys of CNG.",
            )
        if not place.complete:
            return (imported(self.opened, place, snapshot, self.path), *access_of_new(leaf, self.store, wanted))
        return (granted(leaf, self.store, wanted, access),) if wanted.anything and not wanted.met_by(access) else ()


def _absolute(path: str) -> str:
    if not is_absolute(path):
        raise TlsOpsError(f"the backup's path is not absolute: {path!r}.", hint=PATH_HINT)
    return path


def _friendly_name(text: str) -> str:
    """Raises TlsOpsError where Windows would keep another one: it ends at its first NUL (wincrypt.h, property 11)."""
    if "\0" in text:
        raise TlsOpsError("friendly_name holds a NUL character, where Windows would end it.", hint="Give one without.")
    return text


def _opened(path: str, password: str, controller: Controller) -> OpenedPfx:
    data = controller.read(path)
    if data is None:
        raise TlsOpsError(f"there is no file {path} on the controller.", hint="path names the PFX file.")
    try:
        opened = open_pfx(data, password)
    except TlsOpsError as error:
        raise TlsOpsError(f"{path}: {error.message}", hint=error.hint) from None
    problem = unreadable(opened.certificate)
    if problem:
        raise TlsOpsError(f"{path}: {problem}.")
    return opened
