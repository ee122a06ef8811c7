# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All ways to run something on one host: the command shells of WinRM, its runspace pools, processes by SSH.

What comes in a pipeline is held to what a command line is held to.
"""

from __future__ import annotations

import asyncio
from typing import Any

from . import payload, wsman
from .payload import Refused
from .process import Command
from .psrp import RESOURCE, Pipeline, Pool
from .shell import Shells, refused
from .wsman import Faulted, Request


class RemoteShells(Shells):
    """The shells of one host, runspace pools among them: a pool counts as a shell, a pipeline as a process."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._pools: dict[str, Pool] = {}

    def start(self, command: Command) -> None:
        """One of ``begin`` that lies in no shell."""
        self._start(command)

    def _create(self, request: Request) -> str:
        if not request.resource.startswith(RESOURCE):
            return super()._create(request)
        pool = Pool(request.fragments, self._host.powershell)
        reply = super()._create(request)
        self._pools[request.wanted_id] = pool
        return reply

    def _command(self, request: Request) -> str:
        pool = self._pool(request)
        if pool is None:
            return super()._command(request)
        shell = self._shell(request)
        if len(shell) >= self.quotas.processes:
            raise Faulted(wsman.MAX_PROCESSES)
        command_id, reply = wsman.started(request)
        pipeline = Pipeline(pool, command_id, self._check_script)
        shell[command_id] = pipeline
        self.commands += 1
        self._feed(pipeline, request.fragments)
        return reply

    def _send(self, request: Request) -> str:
        command = self._find(request)
        if not isinstance(command, Pipeline):
            return super()._send(request)
        if not command.ended:
            self._feed(command, request.stdin[0])
        return wsman.acknowledged(request)

    async def _receive(self, request: Request) -> str:
        pool = self._pool(request)
        if pool is None or request.command_id:
            return await super()._receive(request)
        fragments = pool.fragments(request.stream_room(self.quotas.envelope))
        if not fragments:
            await asyncio.sleep(request.operation_timeout)
            raise Faulted(wsman.TIMED_OUT)
        return wsman.received(request, {"stdout": fragments}, None)

    def _delete(self, request: Request) -> str:
        reply = super()._delete(request)
        self._pools.pop(request.shell_id, None)
        return reply

    def _pool(self, request: Request) -> Pool | None:
        return self._pools.get(request.shell_id) if request.shell_id in self._shells else None

    def _check_script(self, text: str) -> None:
        self._host.events.script_block(payload.check_bootstrap(text))

    def _feed(self, pipeline: Pipeline, fragments: bytes) -> None:
        try:
            complete = pipeline.feed(fragments)
        except Refused as refusal:
            pipeline.end(refused(refusal))
            return
        if complete:
            self._start(pipeline)
