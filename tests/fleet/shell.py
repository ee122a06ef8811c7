# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host's remote shells: Create, Command, Send, Receive, Signal, Delete (MS-WSMV 3.1.4.1)."""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import re
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, Protocol

from . import payload, powershell, wsman
from .batch import At, Killed
from .faults import Cut, FaultPlan, Progress, When
from .payload import Outcome, Refused
from .process import Command
from .quotas import QUOTAS, Quotas
from .world.event_log import EventLog
from .wsman import Faulted, Request


class Executes(Protocol):
    """The part of a world's host that runs batches; the call may block. ``winrm`` and ``powershell`` are versions."""

    name: str
    winrm: str
    powershell: str
    events: EventLog

    def execute(self, lines: list[str], at: At) -> str: ...

    def instead_of_powershell(self) -> str: ...

    def crash(self) -> None: ...


@dataclasses.dataclass
class Settings:
    """What can be set about the service; a change holds from the next message on.

    ``separate_done``: output and the end of the command come in two replies (Windows may send either form).
    ``max_shells``: MaxShellsPerUser, where it is not what the host's WinRM has. ``script_digest``: SHA-256 of the
    shipped script. ``interpreter``: what does a command (host, command line, standard input) in the double's place.
    """

    separate_done: bool = False
    max_shells: int = 0
    script_digest: str = ""
    interpreter: Callable[[Any, str, bytes], Outcome] | None = None


class Dropped(Exception):
    """The client's connection is to be closed without an answer."""


class Shells:
    """The shells of one host. All calls are made on the event loop; batches run in ``executor``."""

    def __init__(
        self,
        host: Executes,
        settings: Settings,
        executor: Executor,
        on_error: Callable[[str], None],
        faults: FaultPlan,
    ) -> None:
        self._host = host
        self._faults = faults
        self._settings = settings
        self._executor = executor
        self._on_error = on_error
        self._shells: dict[str, dict[str, Command]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self.commands = 0
        self.created = 0

    @property
    def quotas(self) -> Quotas:
        own = QUOTAS[self._host.winrm]
        return dataclasses.replace(own, shells=self._settings.max_shells or own.shells)

    @property
    def open(self) -> int:
        """How many shells exist now; one that no client deleted stays (Windows keeps it for IdleTimeout, two hours)."""
        return len(self._shells)

    async def close(self) -> None:
        """Waits for the batches that are still going: a thread cannot be stopped from outside."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def answer(self, request: Request) -> str:
        """The reply's envelope. Raises Faulted, and Dropped where the client is to lose its connection."""
        if request.action == "Receive":
            return await self._receive(request)
        handlers = {
            "Create": self._create,
            "Command": self._command,
            "Send": self._send,
            "Signal": self._signal,
            "Delete": self._delete,
        }
        handler = handlers.get(request.action)
        if handler is None:
            raise Faulted(wsman.INVALID)
        return handler(request)

    def _create(self, request: Request) -> str:
        if len(self._shells) >= self.quotas.shells:
            raise Faulted(wsman.MAX_SHELLS)
        shell_id, reply = wsman.created(request)
        self._shells[shell_id] = {}
        self.created += 1
        return reply

    def _command(self, request: Request) -> str:
        shell = self._shell(request)
        if len(shell) >= self.quotas.processes:
            raise Faulted(wsman.MAX_PROCESSES)
        command_id, reply = wsman.started(request)
        command = shell[command_id] = self.begin(request.command_line)
        # Stock Ansible says FALSE exactly when it is going to send input; with TRUE there is no pipe to read from.
        if not command.ended and request.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "TRUE":
            self._start(command)
        return reply

    def begin(self, command_line: str) -> Command:
        """A process, for ``_start`` once its input is there; it has ended where it is refused."""
        command = Command(command_line)
        self.commands += 1
        self._host.events.process_created(command_line)
        try:
            self._host.events.script_block(payload.check_command_line(command_line))
        except Refused as refusal:
            command.end(refused(refusal))
        return command

    def _send(self, request: Request) -> str:
        command = self._find(request)
        piece, last = request.stdin
        if command.ended:  # a process that is over reads nothing more; what it left is for Receive
            return wsman.acknowledged(request)
        if not command.stdin_open:
            raise Faulted(wsman.INVALID)
        command.stdin += piece
        if last:
            self._start(command)
        return wsman.acknowledged(request)

    async def _receive(self, request: Request) -> str:
        command = self._find(request)
        try:
            await asyncio.wait_for(command.news.wait(), request.operation_timeout)
        except TimeoutError as error:
            raise Faulted(wsman.TIMED_OUT) from error
        if command.dropped:
            command.dropped = False
            if not command.ended:
                command.news.clear()
            raise Dropped
        had_output = not command.drained
        streams = command.take(request.stream_room(self.quotas.envelope))
        finished = command.drained and not (had_output and self._settings.separate_done)
        return wsman.received(request, streams, command.exit_code if finished else None)

    def _signal(self, request: Request) -> str:
        self._end(self._find(request))
        del self._shell(request)[request.command_id]
        return wsman.acknowledged(request)

    def _delete(self, request: Request) -> str:
        for command in self._shell(request).values():
            self._end(command)
        del self._shells[request.shell_id]
        return wsman.acknowledged(request)

    @staticmethod
    def _end(command: Command) -> None:
        """The process ends before its next operation: a thread cannot be stopped from outside."""
        if command.deaf and not command.ended:
            raise Dropped
        command.killed.set()

    def _shell(self, request: Request) -> dict[str, Command]:
        if request.shell_id not in self._shells:
            raise Faulted(wsman.NO_SUCH_SHELL)
        return self._shells[request.shell_id]

    def _find(self, request: Request) -> Command:
        command = self._shell(request).get(request.command_id)
        if command is None:
            raise Faulted(wsman.NO_SUCH_SHELL)
        return command

    def _start(self, command: Command) -> None:
        command.stdin_open = False
        task = asyncio.create_task(self._at_work(command))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _at_work(self, command: Command) -> None:
        with self._faults.at_work():
            await self._run(command)

    async def _run(self, command: Command) -> None:
        loop = asyncio.get_running_loop()
        progress = self._faults.begin(self._host.name)
        at = functools.partial(self._at, command, progress, loop)
        command.end(await loop.run_in_executor(self._executor, self._interpret, command, bytes(command.stdin), at))

    def _at(
        self, command: Command, progress: Progress, loop: asyncio.AbstractEventLoop, when: When, operation: str
    ) -> None:
        """Around each operation of a batch, in its worker thread. Raises Killed."""
        cut = progress.at(when, operation)
        if cut is not None:
            self._act(cut, command, loop)
        if command.killed.is_set():
            raise Killed

    def _act(self, cut: Cut, command: Command, loop: asyncio.AbstractEventLoop) -> None:
        if cut.effect in ("lose", "power"):
            self._faults.lose(self._host.name, cut.seconds)
            loop.call_soon_threadsafe(functools.partial(command.drop, deaf=False))
        if cut.effect == "power":
            self._host.crash()
            loop.call_soon_threadsafe(self._shells.clear)
        if cut.effect in ("kill", "lose", "power"):
            raise Killed
        if cut.effect == "hang":
            time.sleep(cut.seconds)
            return
        loop.call_soon_threadsafe(functools.partial(command.drop, deaf=cut.effect == "leave"))
        command.killed.wait(cut.seconds)

    def _interpret(self, command: Command, stdin: bytes, at: At) -> Outcome:
        """In a worker thread. A command ends whatever happens: the client would ask for its output for ever."""
        instead = self._host.instead_of_powershell()
        if instead:
            return Outcome(stderr=_native(instead), exit_code=1)
        try:
            script = payload.script_text(stdin)
            self._host.events.script_block(script)
            lines = payload.batch_lines(stdin, self._settings.script_digest)
            powershell.check(script, self._host.powershell)
            if self._settings.interpreter is not None:
                return self._settings.interpreter(self._host, command.command_line, stdin)
            text = self._host.execute(lines, at)
        except Refused as refusal:
            return refused(refusal)
        except Killed:
            return Outcome(exit_code=1)
        except Exception:
            report = traceback.format_exc()
            self._on_error(f"{self._host.name}: {report}")
            return Outcome(stderr=_native(report), exit_code=1)
        forger = self._faults.take_forger(self._host.name)
        return Outcome(stdout=_native(text) if forger is None else forger(text, lines))


def refused(refusal: Refused) -> Outcome:
    return Outcome(stderr=_native(f"{refusal}\n"), exit_code=1)


def _native(text: str) -> bytes:
    """PowerShell ends its lines with CR LF; Ansible opens its shells with code page 65001."""
    return re.sub(r"\r?\n", "\r\n", text).encode()
