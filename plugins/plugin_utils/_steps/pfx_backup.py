# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 3 of the document: key and chain as a PFX on the controller, off the server."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from .._batch.operation import Answer
from .._batch.operations import store_export_pfx
from .._errors import TlsOpsError
from .._model.change import Change
from .._model.plan import Controller, ControllerFile, Export, Plan
from .._model.snapshot import Query, Snapshot
from .._x509.certificate import Certificate
from .._x509.chain import Trust
from .._x509.passwords import password_bytes
from .._x509.pfx import Compatibility, OpenedPfx, open_pfx
from ._certificate import (
    ANSWER_ARGUMENTS,
    PATH_HINT,
    Resolved,
    given_answer,
    is_absolute,
    normalized_thumbprint,
    resolve,
)
from ._exported import check_exportable, rebuilt
from ._site import thumbprint_of

ARGUMENTS: dict[str, Any] = {
    "thumbprint": {"type": "str"},
    **ANSWER_ARGUMENTS,
    "site": {"type": "str"},
    "password": {"type": "str", "required": True, "no_log": True},
    "destinations": {"type": "list", "elements": "path", "required": True},
    "compatibility": {"type": "str", "default": "modern", "choices": ["modern", "windows2016", "windows2003"]},
    "vault": {"type": "bool", "default": False},
    "allow_unsafe_destination": {"type": "bool", "default": False},
    "allow_unencrypted": {"type": "bool", "default": False},
    "timeout": {"type": "int", "default": 300},
}
_WHICH = ("thumbprint", "answer", "answer_path", "site")
RULES: dict[str, Any] = {"mutually_exclusive": [_WHICH], "required_one_of": [_WHICH]}

_DEFAULT_STORE = "MY"  # where certreq puts a certificate that a dry run takes as installed


@dataclasses.dataclass(frozen=True)
class PfxBackup:
    """Which certificate to back up, and where to. Exactly one of ``thumbprint``, ``answer`` and ``site`` is given."""

    name: ClassVar[str] = "pfx_backup"
    host: str
    thumbprint: str
    answer: tuple[Certificate, ...] | None
    site: str
    password: str = dataclasses.field(repr=False)
    destinations: tuple[str, ...]
    compatibility: Compatibility
    vault: bool
    allow_unsafe: bool
    controller: Controller = dataclasses.field(repr=False, compare=False)

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> PfxBackup:
        """Raises TlsOpsError where a value makes no sense, or a vault secret is missing."""
        _check_password(arguments["password"])
        _check_destinations(arguments["destinations"])
        if arguments["vault"]:
            controller.check_vault()
        answer = given_answer(arguments, controller)
        thumbprint = arguments["thumbprint"] or ""
        if answer is None and not thumbprint and not arguments["site"]:
            raise TlsOpsError(f"one of {', '.join(_WHICH)} is needed, and not empty.")
        return cls(
            host=controller.host,
            thumbprint=normalized_thumbprint(thumbprint) if thumbprint else "",
            answer=answer,
            site=arguments["site"] or "",
            password=str(arguments["password"]),
            destinations=tuple(str(each) for each in arguments["destinations"]),
            compatibility=arguments["compatibility"],
            vault=arguments["vault"],
            allow_unsafe=arguments["allow_unsafe_destination"],
            controller=controller,
        )

    def queries(self) -> frozenset[Query]:
        wanted = {Query.PERSONAL, Query.STORES}
        return frozenset(wanted | {Query.WEB} if self.site else wanted)

    def plan(self, snapshot: Snapshot) -> Plan:
        """One export for every destination that lacks the backup. Raises TlsOpsError where it cannot be made."""
        otherwise = "Name the certificate by its thumbprint."
        thumbprint = thumbprint_of(snapshot, self.site, otherwise=otherwise) if self.site else self.thumbprint
        resolved = resolve(snapshot, thumbprint=thumbprint, answer=self.answer)
        found = {path: self._existing(path, resolved.certificate) for path in self._paths(resolved.certificate)}
        missing = [path for path, backup in found.items() if backup is None]
        exports: tuple[Export, ...] = ()
        if missing:
            check_exportable(snapshot, resolved)
            chain = self._chain(snapshot, resolved)
            exports = (self._export(snapshot, resolved, chain, missing, list(found)),)
        else:
            chain = next((backup.certificate, *backup.others) for backup in found.values() if backup)
        return Plan(
            self.name,
            snapshot,
            exports=exports,
            result={
                "thumbprint": resolved.certificate.thumbprint,
                "files": [{"path": path, "created": path in missing} for path in found],
                "chain": [each.subject_text for each in chain],
                "compatibility": self.compatibility,
                "vault": self.vault,
            },
            warnings=(*filter(None, (resolved.warning,)), *self._left_plain(path for path in found if found[path])),
        )

    def _paths(self, certificate: Certificate) -> list[str]:
        """Each destination's file, checked, once."""
        name = f"{re.sub(r'[^A-Za-z0-9._-]', '_', self.host) or 'host'}_{certificate.thumbprint}.pfx"
        resolved = (self.controller.resolve(each) for each in self.destinations)
        paths = list(dict.fromkeys(each + name if each.endswith("/") else each for each in resolved))
        for path in paths:
            self.controller.check_destination(path, allow_unsafe=self.allow_unsafe)
        return paths

    def _existing(self, path: str, certificate: Certificate) -> OpenedPfx | None:
        """The backup that is there. Raises TlsOpsError where the file is anything else: it is never replaced."""
        data = self.controller.read(path)
        if data is None:
            return None
        hint = "A backup is never overwritten: choose another name, or move the file away."
        try:
            opened = open_pfx(data, self.password)
        except TlsOpsError as error:
            raise TlsOpsError(
                f"{path} is there, and cannot be taken for this backup: {error.message}", hint=hint
            ) from None
        if opened.certificate != certificate:
            other = f"{opened.certificate.label} ({opened.certificate.thumbprint})"
            key = "the same key" if opened.certificate.public_key == certificate.public_key else "another key"
            raise TlsOpsError(f"{path} holds {other} with {key}, not {certificate.thumbprint}.", hint=hint)
        return opened

    def _left_plain(self, existing: Iterable[str]) -> list[str]:
        """A warning for each backup that is good and stays, but is no Ansible Vault file although one is wanted."""
        return [
            f"{path} is there already and is no Ansible Vault file: it was left as it is. "
            "Encrypt it with 'ansible-vault encrypt', or move it away and run again."
            for path in existing
            if self.vault and not self.controller.is_vault(path)
        ]

    def _chain(self, snapshot: Snapshot, resolved: Resolved) -> tuple[Certificate, ...]:
        """Leaf to root. What an earlier task would install, in a dry run, brings the answer's intermediates with it."""
        if snapshot.stores is None:
            raise TlsOpsError("the host's certificate stores were not read.")
        extra = self.answer or () if resolved.personal is None else ()
        return Trust(snapshot.stores, snapshot.host.clock, extra).chosen(resolved.certificate)

    def _export(
        self,
        snapshot: Snapshot,
        resolved: Resolved,
        chain: Sequence[Certificate],
        missing: Sequence[str],
        paths: Sequence[str],
    ) -> Export:
        certificate, personal = resolved.certificate, resolved.personal
        store = personal.store if personal else _DEFAULT_STORE
        friendly_name = (personal.friendly_name if personal else "") or certificate.label
        one_time = snapshot.one_time_password

        def content(answer: Answer) -> bytes:
            return rebuilt(answer, one_time, chain, self.password, self.compatibility, friendly_name)

        # How long the chain is only the run knows, after an earlier task has changed the roots: it is in the result.
        what = f"PFX of {certificate.label} ({certificate.thumbprint}) with its chain, {self.compatibility}"
        return Export(
            operation=store_export_pfx(store, certificate.thumbprint, one_time),
            content=content,
            files=tuple(ControllerFile(path, encrypt_with_vault=self.vault) for path in missing),
            change=Change(
                what=f"back up {certificate.label} ({certificate.thumbprint}) to {', '.join(missing)}",
                where=f"backup of {certificate.thumbprint} on the controller",
                before="\n".join(f"{path}: {what}" for path in paths if path not in missing),
                after="\n".join(f"{path}: {what}" for path in paths),
                operations=(),
            ),
        )


# The options have other names in renewal: the messages below fit both.


def _check_destinations(destinations: Sequence[str]) -> None:
    """Raises TlsOpsError where a key would land in no place, or in one that the user did not mean."""
    if not destinations:
        raise TlsOpsError(
            "the backup's list of destinations is empty.", hint="Name at least one file or folder on the controller."
        )
    relative = [repr(str(each)) for each in destinations if not is_absolute(str(each))]
    if relative:
        raise TlsOpsError(f"a destination of the backup is not absolute: {', '.join(relative)}.", hint=PATH_HINT)


def _check_password(password: str) -> None:
    """Raises TlsOpsError where it protects nothing, or has no bytes; the message does not show it."""
    if not password:
        raise TlsOpsError("the backup's password is empty.", hint="Give one: it protects the key in the backup.")
    password_bytes(str(password), "the backup's password")
