# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host that is no world, and a client: what the tests of the fleet's transport talk through."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from winrm.protocol import Protocol

from tests.fleet.fleet import Fleet
from tests.fleet.shell import Settings
from tests.fleet.world.event_log import EventLog
from tests.unit.mint import PrivateKey

SCRIPT = "# a script\n$x = 'é'\n".encode()
DIGEST = hashlib.sha256(SCRIPT).hexdigest()
BOOTSTRAP = (
    '$t=New-Object Text.StringBuilder;while($input.MoveNext()){$l=[string]$input.Current;if($l -eq "`0`0`0`0"){break};'
    '[void]$t.Append($l).Append("`n")};$input|&([ScriptBlock]::Create($t.ToString()))'
)


def command_line(text: str = BOOTSTRAP) -> str:
    encoded = base64.b64encode(text.encode("utf-16-le")).decode()
    return f"PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand {encoded}"


def stdin(*lines: str, script: bytes = SCRIPT) -> bytes:
    return script + b"\0\0\0\0\n" + "".join(f"{line}\n" for line in lines).encode()


@dataclasses.dataclass(frozen=True)
class FakeCredential:
    chain: tuple[bytes, ...]
    key: PrivateKey


@dataclasses.dataclass
class FakeHost:
    """``run`` is what ``execute`` does; ``credentials`` by server name, the one under None for all others."""

    name: str
    run: Callable[[list[str]], str] = "\n".join
    endpoints: set[tuple[str, int]] = dataclasses.field(default_factory=set)
    credentials: dict[str | None, FakeCredential] = dataclasses.field(default_factory=dict)
    asked: list[tuple[str, int, str | None]] = dataclasses.field(default_factory=list)
    tls_versions: Sequence[str] = ()
    winrm: str = "3.0"
    powershell: str = "5.1"

    addresses: tuple[str, ...] = ("10.0.0.5",)

    def __post_init__(self) -> None:
        self.connect: Callable[[str, int], socket.socket]
        self.changed: Callable[[], None]
        self.events = EventLog()

    def execute(self, lines: list[str], _at: object = None) -> str:
        return self.run(lines)

    def crash(self) -> None:
        pass

    def instead_of_powershell(self) -> str:
        return ""

    def listening(self) -> set[tuple[str, int]]:
        return self.endpoints

    def credential(self, ip: str, port: int, server_name: str | None) -> FakeCredential | None:
        self.asked.append((ip, port, server_name))
        return self.credentials.get(server_name, self.credentials.get(None))


@dataclasses.dataclass(frozen=True)
class FakeScenario:
    hosts: Mapping[str, FakeHost]
    mails: Mapping[str, str] = dataclasses.field(default_factory=dict)
    authorities: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def scenario(*hosts: FakeHost, **mails: str) -> FakeScenario:
    return FakeScenario({host.name: host for host in hosts}, mails)


def settings(**values: Any) -> Settings:
    return Settings(script_digest=DIGEST, **values)


def client(fleet: Fleet, host: str, transport: str = "ntlm", password: str = "", timeout: int = 20) -> Protocol:
    """pywinrm as Ansible's own connection uses it."""
    return Protocol(
        f"http://127.0.0.1:{fleet.port}/wsman/{host}",
        transport=transport,  # type: ignore[arg-type]
        username=fleet.account.user,
        password=password or fleet.account.password,
        message_encryption="always" if transport == "ntlm" else "auto",
        ca_trust_path=None,  # type: ignore[arg-type]  # documented: no bundle from the environment
        operation_timeout_sec=timeout,
        read_timeout_sec=timeout + 10,
    )


def run(protocol: Protocol, data: bytes, line: str = "", piece: int = 200_000) -> tuple[bytes, bytes, int]:
    """One task: a shell, a command with ``data`` on stdin, its output, and everything closed again."""
    shell = protocol.open_shell(codepage=65001)
    try:
        command = protocol.run_command(shell, line or command_line(), console_mode_stdin=not data)
        for start in range(0, len(data), piece):
            last = start + piece >= len(data)
            protocol.send_command_input(shell, command, data[start : start + piece], end=last)
        output = protocol.get_command_output(shell, command)
        protocol.cleanup_command(shell, command)
        return output
    finally:
        protocol.close_shell(shell)
