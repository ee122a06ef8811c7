# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A step and a host that are made for the tests of the flow: every answer is set by the test."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar, Self

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import (
    file_delete,
    file_write,
    store_export_pfx,
    tcp_exchange,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.target import UnknownOutcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.change import Change
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import (
    Controller,
    ControllerFile,
    Export,
    Outcome,
    Plan,
    Proof,
    Verdict,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Query, Snapshot

HOST_FACTS = {
    "computer_name": "WEB01",
    "os_version": "10.0.20348",
    "edition": "ServerStandard",
    "powershell_version": "5.1",
    "clr_version": "4.0.30319.42000",
    "language_mode": "FullLanguage",
    "ui_language": "ja-JP",
    "system_root": "C:\\Windows",
    "clock": str(round((datetime.now(UTC) - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000),
    "elevated": "1",
    "writable": "HKLM\\SOFTWARE",
}

WRITE = dataclasses.replace(file_write("C:\\made", b"x"), undo=(file_delete("C:\\made"),))


def host_answer(**facts: str) -> Answer:
    """The answer of host.info."""
    return Answer("ok", encode_lines([(name, (text.encode(),)) for name, text in (HOST_FACTS | facts).items()]))


def change(*operations: Operation) -> Change:
    return Change("make a file", "C:\\", "", "made", operations)


def proof(outcome: Outcome | Callable[[tuple[Answer, ...]], Outcome]) -> Proof:
    """A proof with one look; ``outcome`` is what it finds."""

    def judge(answers: tuple[Answer, ...]) -> Verdict:
        return Verdict(outcome(answers) if callable(outcome) else outcome, "what was there", {"port": 443})

    return Proof("listener", "the site serves it", (tcp_exchange("127.0.0.1", 443, b"hello"),), judge)


def export(*paths: str) -> Export:
    """An export whose content is the answer's payload."""
    files = tuple(ControllerFile(path) for path in paths)
    return Export(
        store_export_pfx("MY", "AB", "one time"),
        lambda answer: answer.payload,
        files,
        Change("x", "files", "", "f", ()),
    )


@dataclasses.dataclass(frozen=True)
class Planned:
    """A step that plans what it is told; ``plans`` is used up one a call, the last one stays."""

    plans: list[Plan]
    name: ClassVar[str] = "planned"

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> Self:
        raise NotImplementedError

    def queries(self) -> frozenset[Query]:
        return frozenset()

    def plan(self, snapshot: Snapshot) -> Plan:
        plan = self.plans.pop(0) if len(self.plans) > 1 else self.plans[0]
        return dataclasses.replace(plan, snapshot=snapshot)


@dataclasses.dataclass
class Scripted:
    """A target that answers ok, but for what ``replies`` says: by operation name an answer or an exception."""

    replies: dict[str, Any] = dataclasses.field(default_factory=dict)
    encrypted: bool = True
    batches: list[tuple[str, tuple[Operation, ...]]] = dataclasses.field(default_factory=list)
    breaks: list[str] = dataclasses.field(default_factory=list)  # modes whose next batch breaks off
    reconnected: int = 0
    has_written: bool = False
    learned: list[str] = dataclasses.field(default_factory=list)  # versions of PowerShell, as they were read

    def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
        assert timeout > 0
        self.batches.append((mode, tuple(operations)))
        if mode in self.breaks:
            self.breaks.remove(mode)
            raise UnknownOutcome("connection reset by peer")
        return tuple(self._answer(operation) for operation in operations)

    def _answer(self, operation: Operation) -> Answer:
        if operation.name == "host.info":
            return self.replies.get("host.info", host_answer())
        return self.replies.get(operation.name, Answer("ok"))

    def learn(self, info: HostInfo) -> None:
        self.learned.append(info.powershell_version)

    def encrypts(self) -> bool:
        return self.encrypted

    def reconnect(self) -> None:
        self.reconnected += 1

    @property
    def written(self) -> list[str]:
        """The operations of every write batch, by name."""
        return [operation.name for mode, batch in self.batches if mode == "write" for operation in batch]
