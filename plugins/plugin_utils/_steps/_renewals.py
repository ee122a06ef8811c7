# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One renewal among those of a task, and what keeps several from going together. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from .._errors import TlsOpsError, naming
from .._model.plan import Place, Plan, Step
from .._model.snapshot import Snapshot
from .._x509.certificate import Certificate
from ._certificate import resolve
from .certificate_install import CertificateInstall
from .pfx_backup import PfxBackup
from .site_certificate import TARGETS, SiteCertificate


@dataclasses.dataclass(frozen=True)
class Entry:
    """A certificate and where it goes. ``install`` is None for one that is installed already.

    ``words`` and ``place`` say which one it is of several; empty and None where it is the only one.
    """

    install: CertificateInstall | None
    backup: PfxBackup
    swap: SiteCertificate
    place: Place | None = None

    @property
    def words(self) -> str:
        return self.place.words if self.place else ""

    def installing(self, snapshot: Snapshot) -> CertificateInstall | None:
        """Step 1 with the store that the endpoints name. Raises TlsOpsError."""
        store = self.swap.wanted_store(snapshot)
        return dataclasses.replace(self.install, store=store, looks=False) if self.install else None

    def certificates(self, snapshot: Snapshot) -> tuple[Certificate, ...]:
        """What the CA sent, or the installed certificate. Raises TlsOpsError where that is not there."""
        if self.install:
            return self.install.answer
        return (resolve(snapshot, thumbprint=self.swap.thumbprint).certificate,)


def place_of(number: int, given: Mapping[str, Any]) -> Place:
    """Entry ``number`` (from 1) of the task's list, named by where its certificate goes."""
    where = next(((name, given[name]) for name in TARGETS if given.get(name)), ("", ""))
    values = where[1] if isinstance(where[1], list | tuple) else [where[1]]
    value = ", ".join(f"'{str(each).strip()}'" for each in values)
    return Place("renewals", number - 1, f"renewal {number}" + (f" ({where[0]} {value})" if where[0] else ""))


class Course:
    """The parts of one plan as they are added, each planned on the host as the part before it leaves it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.stages = [snapshot]
        self.parts: list[Plan] = []

    def plan(self, step: Step, entry: Entry | None = None) -> Plan:
        """The step's plan on the host as it is by then, as the next part. Raises TlsOpsError."""
        with naming(entry.words if entry else ""):
            return self.add(step.plan(self.stages[-1]), entry)

    def add(self, plan: Plan, entry: Entry | None = None) -> Plan:
        part = dataclasses.replace(plan, place=entry.place if entry else None)
        self.parts.append(part)
        self.stages.append(part.snapshot)
        return part


class Claims:
    """Which renewal gives which endpoint its certificate: two that differ would undo each other in every run."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[str, str]] = {}

    def add(self, selectors: Iterable[str], thumbprint: str, words: str) -> None:
        """Raises TlsOpsError where another renewal gives one of these endpoints another certificate."""
        for selector in selectors:
            other, other_words = self._of.setdefault(selector.casefold(), (thumbprint, words))
            if other != thumbprint:
                raise TlsOpsError(
                    f"{selector} is meant by {other_words} and by {words}, which have different certificates.",
                    hint="An endpoint holds one certificate: leave it to one of the two.",
                )


def check_replaced(swaps: Iterable[tuple[Entry, Plan]]) -> None:
    """Raises TlsOpsError where one renewal replaces what another one binds: each run would go on where it ended."""
    swaps = tuple(swaps)
    for entry, _plan in swaps:
        for other, plan in swaps:
            if other is not entry and entry.swap.replaces == plan.result["certificate"]["thumbprint"]:
                raise TlsOpsError(
                    f"{entry.words} replaces the certificate that {other.words} binds.",
                    hint="Name what it replaces by production_site or binding, or do one after the other.",
                )


def check_states(swaps: Iterable[tuple[Entry, Plan]]) -> None:
    """Raises TlsOpsError where one renewal stops a site that another one leaves started."""
    swaps = tuple(swaps)
    stopped = {entry.swap.renewal_site.casefold(): entry for entry, _plan in swaps if entry.swap.renewal_site}
    for entry, plan in swaps:
        sites = plan.result["sites"]
        for site in (*sites.get("production_sites", ()), *filter(None, (sites.get("production"),))):
            other = stopped.get(site["name"].casefold())
            if other is not None:
                raise TlsOpsError(
                    f"the site '{site['name']}' is a production site of {entry.words} and the renewal site of "
                    f"{other.words}, which would stop it.",
                    hint="Leave renewal_site out there, or name the site on which the request was made.",
                )


class Backups:
    """The backups of one task: each certificate once, each in a file of its own."""

    def __init__(self) -> None:
        self._done: dict[str, Plan] = {}
        self._owner: dict[str, tuple[str, str]] = {}

    def once(self, plan: Plan, words: str) -> Plan:
        """The plan, without its files where an earlier renewal has the same certificate.

        Raises TlsOpsError where a file would be that of another certificate too.
        """
        thumbprint = plan.result["thumbprint"]
        for file in plan.result["files"]:
            other, other_words = self._owner.setdefault(file["path"], (thumbprint, words))
            if other != thumbprint:
                raise TlsOpsError(
                    f"{file['path']} would be the backup of {other_words} and of {words}.",
                    hint="Name a folder, existing or ending in /: its files are named after host and thumbprint.",
                )
        if thumbprint in self._done:
            return dataclasses.replace(plan, exports=(), result=self._done[thumbprint].result)
        self._done[thumbprint] = plan
        return plan
