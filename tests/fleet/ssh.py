# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""OpenSSH for Windows in front of a host's shells: a listener a host, the account's key, one process an exec request.

``cmd.exe /c "<line>"`` and ``powershell.exe -c "<line>"`` start the same process for a line without quotes, so the
DefaultShell makes no difference here. A process goes on when its client is lost: sshd keeps no handle of the job that
would end it (PowerShell/openssh-portable, contrib/win32/win32compat/w32-doexec.c).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import asyncssh

from .auth import Account
from .remote import RemoteShells


class Ssh:
    """Everything here runs on one event loop. Key and known hosts of its client are in ``folder``."""

    ALIAS = "tlsops-fleet"  # the name of all its hosts among the known ones

    def __init__(self, account: Account, hosts: Mapping[str, RemoteShells], folder: Path) -> None:
        self._account = account
        self._hosts = hosts
        self._folder = folder
        self._host_key = asyncssh.generate_private_key("ssh-ed25519")
        self._client_key = asyncssh.generate_private_key("ssh-ed25519")
        self._listeners: dict[str, asyncssh.SSHAcceptor] = {}

    @property
    def key_file(self) -> Path:
        return self._folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self._folder / "known_hosts"

    def write_files(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with open(self.key_file, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(self._client_key.export_private_key())
        public = self._host_key.export_public_key().decode()
        self.known_hosts.write_text(f"{self.ALIAS} {public}", encoding="ascii")

    async def port(self, host: str) -> int:
        """The port on 127.0.0.1 behind which a host is; it listens from the first call on."""
        if host not in self._listeners:
            shells = self._hosts[host]

            async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
                await _run(process, shells)

            self._listeners[host] = await asyncssh.listen(
                "127.0.0.1",
                0,
                server_factory=lambda: _OneUser(self._account.user),
                server_host_keys=[self._host_key],
                authorized_client_keys=asyncssh.import_authorized_keys(self._client_key.export_public_key().decode()),
                process_factory=run,
                encoding=None,
                server_version="OpenSSH_for_Windows_9.5",
            )
        return int(self._listeners[host].get_port())

    async def close(self) -> None:
        for listener in self._listeners.values():
            listener.close()
        for listener in self._listeners.values():
            await listener.wait_closed()


class _OneUser(asyncssh.SSHServer):
    """Takes the account's key and nothing else."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn

    def begin_auth(self, username: str) -> bool:
        if username != self._user and self._connection is not None:
            self._connection.set_authorized_keys(asyncssh.import_authorized_keys(""))
        return True


async def _run(process: asyncssh.SSHServerProcess[bytes], shells: RemoteShells) -> None:
    command = shells.begin(process.command or "")
    if not command.ended:
        command.stdin += await process.stdin.read()
        shells.start(command)
    await command.news.wait()
    if command.dropped:
        process.get_extra_info("connection").abort()
        return
    process.stdout.write(command.pending["stdout"])
    process.stderr.write(command.pending["stderr"])
    process.exit(command.exit_code)
