# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PowerShell remoting (MS-PSRP): a runspace pool, which WinRM has as a shell, and its pipelines, which it has as
commands."""

from __future__ import annotations

import struct
import uuid
from collections.abc import Callable
from xml.etree.ElementTree import ParseError

import psrpcore
from psrpcore.types import NETException, PSVersion, RunspacePoolState

from . import wsman
from .payload import Outcome, Refused
from .process import Command
from .wsman import Faulted

RESOURCE = "http://schemas.microsoft.com/powershell/"
# The remoting protocol of a PowerShell (MS-PSRP 2.2.3.10): 2.0 speaks 2.1, 3.0 and 4.0 speak 2.2.
_PROTOCOL = {"2": "2.1", "3": "2.2", "4": "2.2"}
_MALFORMED = (psrpcore.PSRPCoreError, ParseError, struct.error, ValueError, KeyError, AttributeError)


class Pool:
    """A runspace pool, from the fragments of its Create on. Raises Faulted for what is no PSRP.

    It lives in a process of its own, with all its pipelines: ``broken`` once that has been killed.
    """

    def __init__(self, creation: bytes, powershell: str) -> None:
        self._pool = psrpcore.ServerRunspacePool()
        version = _PROTOCOL.get(powershell.partition(".")[0], "2.3")
        self._pool.our_capability.protocolversion = PSVersion(version)
        self.broken = False
        self.receive(creation)
        if self._pool.state != RunspacePoolState.Opened:
            raise Faulted(wsman.INVALID)

    def receive(self, fragments: bytes) -> list[psrpcore.PSRPEvent]:
        """The messages that these fragments complete."""
        events = []
        try:
            self._pool.receive_data(psrpcore.PSRPPayload(fragments, psrpcore.StreamType.default, None))
            while (event := self._pool.next_event()) is not None:
                events.append(event)
        except _MALFORMED as error:
            raise Faulted(wsman.INVALID) from error
        return events

    def pipeline(self, command_id: str) -> psrpcore.ServerPipeline:
        try:
            return psrpcore.ServerPipeline(self._pool, uuid.UUID(command_id))
        except ValueError as error:
            raise Faulted(wsman.INVALID) from error

    def fragments(self, room: int) -> bytes:
        """The next whole fragments to send, together no longer than ``room`` bytes."""
        found = self._pool.data_to_send(room)
        return found.data if found is not None else b""


class Pipeline(Command):
    """A command of a pool: its input is the lines that a process would find on standard input.

    ``on_script`` gets the script of its only command, and raises Refused for what it does not take.
    """

    def __init__(self, pool: Pool, command_id: str, on_script: Callable[[str], object]) -> None:
        super().__init__()
        self._pool = pool
        self._pipeline = pool.pipeline(command_id)
        self._on_script = on_script
        self._outcome = Outcome()
        self._packed: list[bytes] | None = None

    def feed(self, fragments: bytes) -> bool:
        """Whether its input is complete now. Raises Refused, and Faulted for what is no PSRP."""
        for event in self._pool.receive(fragments):
            if isinstance(event, psrpcore.CreatePipelineEvent):
                self._on_script(_script(event.pipeline))
            elif isinstance(event, psrpcore.PipelineInputEvent):
                self.stdin += f"{event.data}\n".encode()
            elif isinstance(event, psrpcore.EndOfPipelineInputEvent):
                return True
        return False

    def end(self, outcome: Outcome) -> None:
        self._outcome = outcome
        # Only a process that was killed ends without a word; one that the client has stopped leaves the pool alone.
        killed = bool(outcome.exit_code) and not outcome.stderr and not self.killed.is_set()
        self._pool.broken = self._pool.broken or killed
        super().end(Outcome(exit_code=outcome.exit_code))

    def take(self, room: int) -> dict[str, bytes]:
        """Raises Faulted where the pool is no more."""
        if self._pool.broken:
            raise Faulted(wsman.HOST_PROCESS_GONE)
        if self._packed is None:
            self._packed = self._pack(room)
        return {"stdout": self._packed.pop(0)} if self._packed else {}

    @property
    def drained(self) -> bool:
        return self._packed == []

    def _pack(self, room: int) -> list[bytes]:
        """An object for each line, an error record for what would go to standard error, then the pipeline's state."""
        self._pipeline.start()
        for line in self._outcome.stdout.decode("utf-8", "replace").splitlines():
            self._pipeline.write_output(line)
        if self._outcome.stderr:
            error = NETException(Message=self._outcome.stderr.decode("utf-8", "replace"))
            self._pipeline.write_error(error, fully_qualified_error_id="RuntimeException")
        self._pipeline.complete()
        self._pipeline.close()
        return list(iter(lambda: self._pool.fragments(room), b""))


def _script(pipeline: object) -> str:
    commands = getattr(pipeline, "commands", ())
    if len(commands) != 1 or not commands[0].is_script or commands[0].parameters:
        raise Refused("this double only runs a pipeline of one script")
    return str(commands[0].command_text)
