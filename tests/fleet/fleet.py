# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fleet: the hosts of a scenario behind a real WinRM service and real TLS listeners, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

import yaml

from . import payload
from .auth import USER_FILE, Account
from .faults import FaultPlan
from .listeners import Address, Listeners, Serves
from .server import Endpoint, Server, Traffic
from .shell import Executes, Settings, Shells
from .world.scenario import load

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

    def __init__(self, scenario: Scenario, directory: Path, account: Account, settings: Settings, port: int) -> None:
        self.scenario = scenario
        # Tests look into the world itself, which has more than the transport needs.
        self.hosts: Mapping[str, Any] = scenario.hosts
        self.directory = directory
        self.account = account
        self.settings = settings
        self.faults = FaultPlan()
        self.errors: list[str] = []
        self.port = port
        self._endpoints: dict[str, Endpoint] = {}
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
    ) -> Fleet:
        """Starts a fleet; it is ready when this returns. ``scenario``: a YAML file, its content, or a loaded one.

        Raises what goes wrong at the start, OSError for a port in use among it.
        """
        if isinstance(scenario, (Path, str, dict)):
            scenario = load(scenario)
        settings = settings or Settings(script_digest=payload.script_digest())
        fleet = cls(scenario, directory, account or Account(), settings, port)
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

    def inventory(
        self, *, user: str = "", password: str = "", transport: str = "ntlm", **variables: Any
    ) -> dict[str, Any]:
        """The inventory that a user of these hosts would have; ``variables`` are further ones for all hosts."""
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
            self._endpoints = {
                name: Endpoint(name, Shells(host, self.settings, batches, self.errors.append, self.faults))
                for name, host in hosts.items()
            }
            self._listeners = Listeners(hosts, self._loop, handshakes, self.errors.append)
            server = Server(self._endpoints, self.account, self.faults)
            try:
                self.port = await server.start(self.port)
                self._listeners.start()
                self._ready.set()
                await self._stopping.wait()
            finally:
                await server.close()
                await asyncio.gather(*(endpoint.shells.close() for endpoint in self._endpoints.values()))
                self._listeners.close()
