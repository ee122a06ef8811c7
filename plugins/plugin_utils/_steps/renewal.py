# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The documented steps as one task: nothing is touched unless the whole plan holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from .._errors import TlsOpsError
from .._model.plan import Controller, Plan, Step
from .._model.snapshot import Query, Snapshot
from . import certificate_install, pfx_backup, site_certificate
from .certificate_install import CertificateInstall
from .pfx_backup import PfxBackup
from .site_certificate import SiteCertificate
from .trusted_root import TrustedRoot

_SWAP = ("production_site", "binding", "replaces", "renewal_site", "verify")
_ANSWER = ("answer", "answer_path")
_INSTALL = (*_ANSWER, "renewal_site", "port", "bind")
_BACKUP = {
    "backup_password": "password",
    "backup_destinations": "destinations",
    "backup_compatibility": "compatibility",
    "backup_vault": "vault",
    "allow_unsafe_destination": "allow_unsafe_destination",
    "allow_unencrypted": "allow_unencrypted",
}

ARGUMENTS: dict[str, Any] = {
    **{name: certificate_install.ARGUMENTS[name] for name in _INSTALL},
    **{name: site_certificate.ARGUMENTS[name] for name in _SWAP},
    **{name: pfx_backup.ARGUMENTS[own] for name, own in _BACKUP.items()},
    "conflicting_roots": {
        "type": "str",
        "default": "disabled",
        "choices": ["disabled", "distrusted", "reported", "ignored"],
    },
    "timeout": certificate_install.ARGUMENTS["timeout"],
}
_TARGETS = ("production_site", "binding", "replaces")
RULES: dict[str, Any] = {
    "mutually_exclusive": [_ANSWER, _TARGETS],
    "required_one_of": [_ANSWER, _TARGETS],
}


@dataclasses.dataclass(frozen=True)
class Renewal:
    """The four steps, made from one task's arguments.

    The order differs from the document's in two places. A root is disabled after the cross certificate is in the store
    that makes up for it, so that no site is without a trusted chain in between. The backup comes before the swap: a key
    that cannot be exported is found before production is touched.
    """

    name: ClassVar[str] = "renewal"
    roots: TrustedRoot | None
    install: CertificateInstall
    backup: PfxBackup
    swap: SiteCertificate

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> Renewal:
        """Raises TlsOpsError where a value makes no sense; the answer is read once."""
        answer = {name: arguments[name] for name in _ANSWER}
        common = {"timeout": arguments["timeout"]}
        install = {name: arguments[name] for name in _INSTALL} | {"for_sites": [], "store": "MY"}
        swap = {name: arguments[name] for name in _SWAP} | {"thumbprint": None}
        backup = {own: arguments[name] for name, own in _BACKUP.items()} | {"thumbprint": None, "site": None}
        return cls(
            roots=_roots(arguments, controller),
            install=CertificateInstall.from_arguments(install | common, controller),
            backup=PfxBackup.from_arguments(backup | answer | common, controller),
            swap=SiteCertificate.from_arguments(swap | answer | common, controller),
        )

    def queries(self) -> frozenset[Query]:
        return frozenset(Query)

    def plan(self, snapshot: Snapshot) -> Plan:
        """One plan, each part planned on the host as the part before it leaves it.

        Endpoints whose chain changes are bound again last: what the parts do to their certificates and sites is known
        by then. Raises TlsOpsError where a part refuses, or there is nothing to renew.
        """
        install = dataclasses.replace(self.install, store=self.swap.wanted_store(snapshot))
        steps: list[Step] = [install, self.backup, self.swap]
        if self.roots is not None:
            steps.insert(1, dataclasses.replace(self.roots, rebinds=False))
        stages, parts = [snapshot], []
        for step in steps:
            parts.append(step.plan(stages[-1]))
            stages.append(parts[-1].snapshot)
        _check_renews(parts[-1])
        if self.roots is not None:
            parts.append(self.roots.rebound(stages))
        return Plan(self.name, stages[-1], parts=tuple(parts), prove_always=self.swap.verify == "always")


def _check_renews(swap: Plan) -> None:
    """Raises TlsOpsError where no endpoint holds the certificate, or is to: a green run would say that one does."""
    if not swap.result["endpoints"]:
        raise TlsOpsError(
            "no endpoint of IIS holds the certificate to be replaced, or the new one: there is nothing to renew.",
            hint="Check replaces; production_site names the site instead, with all its https bindings.",
        )


def _roots(arguments: Mapping[str, Any], controller: Controller) -> TrustedRoot | None:
    state = arguments["conflicting_roots"]
    if state == "ignored":
        return None
    own = {name: arguments[name] for name in (*_ANSWER, "timeout")}
    own |= {"certificates": [], "conflicting": True, "state": state, "force": False}
    return TrustedRoot.from_arguments(own, controller)
