# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a step wants to be done, as a value: pure, and tested without any host."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Protocol, Self

from .._batch.operation import Answer, Operation
from .change import Change
from .snapshot import Accounts, Query, Snapshot


class Outcome(enum.Enum):
    """What a proof found. Only PROVEN and RESTART_REQUIRED let a run succeed; UNPROVABLE too, and is reported."""

    PROVEN = "proven"
    MISSED = "missed"
    NOT_PROVEN = "not proven"
    RESTART_REQUIRED = "restart required"
    UNPROVABLE = "unproven"  # the system has no way to prove it (a CNG key under PowerShell 2.0)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """``seen`` tells a person what was there; ``facts`` go into the result under the proof's ``name``.

    ``result`` goes into the step's own part of the result: what only the host could say. ``curable`` is
    False where the proof's remedy cannot help: what it is to make visible is not there.
    """

    outcome: Outcome
    seen: str = ""
    facts: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    result: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    curable: bool = True


@dataclasses.dataclass(frozen=True)
class Proof:
    """Reads done after the changes, in the same batch, and the pure function that judges their answers.

    ``name`` is the key in the step's result under ``proofs``; ``what`` names the promise in an error. ``remedy`` is
    done where the first look shows what was there before (MISSED, RESTART_REQUIRED); then it is looked at once more.
    ``listener`` says in words what the remedy stops and starts, ``before`` what it may go on with.
    """

    name: str
    what: str
    operations: tuple[Operation, ...]
    judge: Callable[[tuple[Answer, ...]], Verdict]
    remedy: tuple[Operation, ...] = ()
    listener: str = "its listener"
    before: str = "what it had before"


@dataclasses.dataclass(frozen=True)
class ControllerFile:
    """A file that lands on the controller; whoever planned it has checked its place.

    ``replace``: a file of that name is replaced, at once and whole; else it is left alone and the write fails.
    """

    path: str
    encrypt_with_vault: bool = False
    replace: bool = False


@dataclasses.dataclass(frozen=True)
class Export:
    """An operation whose answer becomes files on the controller.

    ``content`` turns the answer into the files' bytes, and raises TlsOpsError when these do not prove what they must.
    """

    operation: Operation
    content: Callable[[Answer], bytes]
    files: tuple[ControllerFile, ...]
    change: Change  # its line in the diff; without operations


@dataclasses.dataclass(frozen=True)
class Place:
    """Which of several alike a part of a plan belongs to: entry ``index`` of the list ``name`` in the result.

    ``words`` name it to a person, in errors.
    """

    name: str
    index: int
    words: str


@dataclasses.dataclass(frozen=True)
class Plan:
    """``snapshot`` is the host as it will be: the next step plans on it. ``result`` is the step's part of the result.

    ``prove_always``: proofs run although nothing changes (``verify: always``).
    ``parts`` are the plans of several steps that go as one; such a plan holds nothing else but its result and what it
    tells. ``place`` says of a part in which list of the result it is reported; without one, under its step's name.
    """

    step: str
    snapshot: Snapshot
    changes: tuple[Change, ...] = ()
    proofs: tuple[Proof, ...] = ()
    exports: tuple[Export, ...] = ()
    result: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    findings: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    prove_always: bool = False
    parts: tuple[Plan, ...] = ()
    place: Place | None = None

    def nodes(self) -> tuple[Plan, ...]:
        """This plan and all parts below it, each before its own parts."""
        return (self, *(node for part in self.parts for node in part.nodes()))

    def flat(self) -> tuple[Plan, ...]:
        """This plan's parts in the order in which they are applied; a plan without parts is its own only part."""
        return tuple(node for node in self.nodes() if not node.parts)

    @property
    def changes_anything(self) -> bool:
        return any(part.changes or part.exports for part in self.flat())

    @property
    def wants_proof(self) -> bool:
        """Whether to look although nothing changes."""
        return any(part.prove_always for part in self.nodes())


class Controller(Protocol):
    """What a step may ask of the controller while planning; implemented in ``_flow/files.py``."""

    @property
    def host(self) -> str:
        """The target's name in the inventory."""

    def resolve(self, path: str) -> str:
        """The absolute path: ``~`` expanded, relative to the play's folder otherwise.

        It ends in a slash where it is an existing folder, or was given so.
        """

    def read(self, path: str) -> bytes | None:
        """The file's bytes, decrypted if it is an Ansible Vault file; None where there is none. Raises TlsOpsError."""

    def is_vault(self, path: str) -> bool:
        """Whether the file is an Ansible Vault file; False where there is none. Raises TlsOpsError."""

    def check_destination(self, path: str, *, allow_unsafe: bool) -> None:
        """Raises TlsOpsError where a secret must not be written there."""

    def check_vault(self) -> None:
        """Raises TlsOpsError where no vault secret is loaded to encrypt with."""


class Step(Protocol):
    """A step: frozen, made from validated arguments, pure."""

    name: ClassVar[str]

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> Self:
        """From validated arguments; raises TlsOpsError where a value makes no sense."""

    def queries(self) -> frozenset[Query | Accounts]: ...

    def plan(self, snapshot: Snapshot) -> Plan: ...


class ControllerWork(Protocol):
    """What is done on the controller alone, made from validated arguments (``_controller``)."""

    name: ClassVar[str]

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> Self:
        """From validated arguments; raises TlsOpsError where a value makes no sense."""

    def checked(self, now: datetime) -> dict[str, Any]:
        """The result of a dry run: all is checked, nothing is made. Raises TlsOpsError."""

    def done(self, now: datetime) -> dict[str, Any]:
        """The result of a run. Raises TlsOpsError."""
