# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet: the hosts of a scenario behind a real WinRM service and real TLS listeners, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol

import yaml

from . import payload
from .auth import USER_FILE, Account
from .faults import FaultPlan
from .https import Https
from .listeners import Address, Listeners, Serves
from .remote import RemoteShells
from .server import Endpoint, Server, Traffic
from .shell import Executes, Settings
from .world.scenario import load

if TYPE_CHECKING:
    from .ssh import Ssh

# Batches block (a program with a time limit, the machine's mutex), so there are more threads than work for them.
_BATCH_THREADS = 64
_TLS_THREADS = 32


class FleetHost(Executes, Serves, Protocol):
    """What the transport needs of a host of the world."""


class Scenario(Protocol):
    """What the transport needs of a loaded scenario: ``mails`` are the CA's mails by host."""

    @property
    def hosts(self) -> Mapping[str, FleetHost]: ...

    @property
    def mails(self) -> Mapping[str, str]: ...


class Fleet:
    """A running fleet; use ``Fleet.start`` as a context manager.

    ``hosts`` are the world's own objects; ``errors`` are tracebacks of the double itself, which a test may want empty.
    """

    def __init__(
        self,
        scenario: Scenario,
        directory: Path,
        account: Account,
        settings: Settings,
        port: int,
        https: Https | None = None,
    ) -> None:
        self.scenario = scenario
        # Tests look into the world itself, which has more than the transport needs.
        self.hosts: Mapping[str, Any] = scenario.hosts
        self.directory = directory
        self.account = account
        self.settings = settings
        self.faults = FaultPlan()
        self.errors: list[str] = []
        self.port = port
        self.https_port = 0
        self.https = https
        self._endpoints: dict[str, Endpoint] = {}
        self._shells: dict[str, RemoteShells] = {}
        self._ssh: Ssh | None = None
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._main, name="fleet", daemon=True)

    @classmethod
    def start(
        cls,
        scenario: Path | str | dict[str, Any] | Scenario,
        directory: Path,
        *,
        account: Account | None = None,
        settings: Settings | None = None,
        port: int = 0,
        https: Sequence[str] = (),
    ) -> Fleet:
        """Starts a fleet; it is ready when this returns. ``scenario``: a YAML file, its content, or a loaded one.
        ``https``: the names in the certificate of WinRM's HTTPS listener; none: there is no such listener.

        Raises what goes wrong at the start, OSError for a port in use among it.
        """
        if isinstance(scenario, (Path, str, dict)):
            scenario = load(scenario)
        settings = settings or Settings(script_digest=payload.script_digest())
        fleet = cls(scenario, directory, account or Account(), settings, port, Https(https) if https else None)
        fleet._thread.start()
        fleet._ready.wait()
        if fleet._failure is not None:
            fleet._thread.join()
            raise fleet._failure
        return fleet

    def stop(self) -> None:
        """Ends the service and waits for the batches that are still going."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Fleet:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def traffic(self, host: str) -> Traffic:
        """What a host has been asked since the start or the last reset."""
        return self._endpoints[host].traffic

    def open_shells(self, host: str) -> int:
        """How many shells of a host no client has deleted."""
        return self._endpoints[host].shells.open

    def reset_traffic(self) -> None:
        for endpoint in self._endpoints.values():
            endpoint.reset()

    def socket_address(self, host: str, ip: str, port: int) -> Address | None:
        """The live TLS listener behind an address of a host, or None where nothing listens."""
        return self._listeners.address(host, ip, port)

    def ssh(self, host: str) -> tuple[Ssh, int]:
        """The SSH service, with its client's files, and the port at which that host has it."""
        from .ssh import Ssh  # takes 0.3 s, and few fleets need it

        if self._ssh is None:
            self._ssh = Ssh(self.account, self._shells, self.directory / "ssh")
            self._ssh.write_files()
        return self._ssh, asyncio.run_coroutine_threadsafe(self._ssh.port(host), self._loop).result()

    def inventory(
        self, *, user: str = "", password: str = "", transport: str = "ntlm", **variables: Any
    ) -> dict[str, Any]:
        """The inventory that a user of these hosts would have; ``variables`` are further ones for all hosts.

        What another connection needs instead is in ``doors.py``.
        """
        common = {
            "ansible_connection": "winrm",
            "ansible_host": "127.0.0.1",
            "ansible_port": self.port,
            "ansible_user": user or self.account.user,
            "ansible_password": password or self.account.password,
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": transport,
            # Only a transport with a key of its own can encrypt over HTTP.
            "ansible_winrm_message_encryption": "always" if transport == "ntlm" else "auto",
        }
        hosts = {name: {"ansible_winrm_path": f"/wsman/{name}"} for name in self.hosts}
        windows: dict[str, dict[str, None]] = {"hosts": dict.fromkeys(self.hosts)}
        return {"all": {"hosts": hosts, "vars": {**common, **variables}, "children": {"windows": windows}}}

    def write_files(self) -> Path:
        """Writes ``inventory.yml`` and the CA's mails (``mails/<host>.txt``) into the directory; gives the former."""
        mails = self.directory / "mails"
        mails.mkdir(parents=True, exist_ok=True)
        for host, text in self.scenario.mails.items():
            (mails / f"{host}.txt").write_text(text, encoding="utf-8", newline="")
        path = self.directory / "inventory.yml"
        with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            yaml.safe_dump(self.inventory(), file, sort_keys=False)
        return path

    def _main(self) -> None:
        try:
            asyncio.run(self._run())
        except BaseException as failure:
            self._failure = failure
        finally:
            self._ready.set()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        with contextlib.ExitStack() as stack:
            stack.enter_context(USER_FILE.knows(self.account))
            batches = stack.enter_context(ThreadPoolExecutor(_BATCH_THREADS, "fleet-batch"))
            handshakes = stack.enter_context(ThreadPoolExecutor(_TLS_THREADS, "fleet-tls"))
            hosts = self.scenario.hosts
            self._shells = {
                name: RemoteShells(host, self.settings, batches, self.errors.append, self.faults)
                for name, host in hosts.items()
            }
            self._endpoints = {name: Endpoint(name, shells) for name, shells in self._shells.items()}
            self._listeners = Listeners(hosts, self._loop, handshakes, self.errors.append)
            server = Server(self._endpoints, self.account, self.faults, self.https)
            try:
                self.port = await server.start(self.port)
                if self.https is not None:
                    self.https_port = await server.start(secure=True)
                self._listeners.start()
                self._ready.set()
                await self._stopping.wait()
            finally:
                await server.close()
                if self._ssh is not None:
                    await self._ssh.close()
                await asyncio.gather(*(shells.close() for shells in self._shells.values()))
                self._listeners.close()
