# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to a host: batches through the connection that the inventory already has."""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, Protocol

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from .._batch import bootstrap, wire
from .._batch.operation import Answer, Operation
from .._errors import TlsOpsError
from .._model.host import HostInfo
from . import apply, portions

# What pywinrm and pypsrp can encrypt messages with over plain HTTP; everything else goes in clear there.
_ENCRYPTING = frozenset({"ntlm", "kerberos", "credssp", "negotiate"})
_PACKAGES = {"winrm": "pywinrm", "psrp": "pypsrp"}  # what these connection plugins import
_MUTEX_WAIT = 60  # seconds: another run against the same host gets this long to finish
_WAY_BACK = 3600  # seconds: what takes back is not stopped by the user's limit, nor may it wait for ever
_PAUSE = 2.0  # seconds before a fresh connection: a service that is restarted, or a network that comes back


class UnknownOutcome(Exception):
    """The batch may or may not have run: the connection broke, or the answer did not arrive whole."""


class Target(Protocol):
    """A host that takes batches."""

    def batch(
        self, operations: Sequence[Operation], *, mode: Literal["read", "write"], timeout: int
    ) -> tuple[Answer, ...]: ...

    def learn(self, info: HostInfo) -> None:
        """What the host says of itself decides how much it takes in one command."""

    def encrypts(self) -> bool: ...

    @property
    def has_written(self) -> bool:
        """Whether a write batch was sent, whatever became of it."""

    def reconnect(self) -> None: ...


class ConnectionTarget:
    """A host behind an Ansible connection.

    ``execute`` is the action's ``_low_level_execute_command``: it works unchanged over winrm, psrp and ssh.
    """

    def __init__(self, connection: Any, execute: Callable[..., dict[str, Any]]) -> None:
        self._connection = connection
        self._execute = execute
        self._reached = self._lost = False
        self.has_written = False
        self._in_portions = str(getattr(connection, "transport", "")) == "winrm"  # until the host has said what it is

    def batch(
        self, operations: Sequence[Operation], *, mode: Literal["read", "write"], timeout: int
    ) -> tuple[Answer, ...]:
        """Runs the operations on the host, in order; one answer each. ``timeout`` is seconds for one command.

        Raises UnknownOutcome where it cannot be known what was done, TlsOpsError where the host refused the batch,
        AnsibleConnectionFailure where the host was never reached.
        """

        def send(portion: Sequence[Operation]) -> tuple[Answer, ...]:
            return self._command(portion, mode=mode, timeout=timeout)

        return portions.run(operations, mode, send) if self._in_portions else send(operations)

    def learn(self, info: HostInfo) -> None:
        """PowerShell 2.0 came with WinRM 2.0, every newer one with one that takes 500 KB in a message (WMF)."""
        self._in_portions = self._in_portions and info.powershell_version.startswith("2.")

    def _command(
        self, operations: Sequence[Operation], *, mode: Literal["read", "write"], timeout: int
    ) -> tuple[Answer, ...]:
        nonce = secrets.token_hex(16)
        # A batch of this very task whose connection was lost may go on as long as it was allowed to.
        wait = timeout if self._lost else min(timeout, _MUTEX_WAIT)
        deadline = max(timeout, _WAY_BACK) if mode == "write" and apply.goes_back(operations) else timeout
        batch = wire.encode(operations, nonce=nonce, mode=mode, deadline=deadline, mutex_wait=wait)
        try:
            command = bootstrap.command(str(getattr(self._connection, "transport", "")))
            self.has_written = self.has_written or mode == "write"
            with _sent_once(self._connection, mode):
                raw = self._execute(command, in_data=bootstrap.stdin(batch))
        except Exception as error:  # requests, pywinrm, pypsrp and ssh each raise their own
            _check_interruption(error)
            broken = self._broken(error)
            if broken is error:
                raise
            raise broken from error
        self._reached = True
        try:
            return wire.decode(raw["stdout"], raw["stderr"], nonce=nonce, count=len(operations))
        except wire.NoAnswer as error:
            raise UnknownOutcome(str(error)) from error

    def _broken(self, error: Exception) -> Exception:
        """What a connection's trouble is to those who sent the batch."""
        if not self._reached and isinstance(error, AnsibleConnectionFailure):
            return error
        if not self._reached and isinstance(error, AnsibleError):
            hint = _missing_library(self._connection, error)
            if hint:
                return TlsOpsError(f"{str(error).rstrip('.')}.", hint=hint)
        return UnknownOutcome(str(error) or type(error).__name__)

    def encrypts(self) -> bool:
        """Whether what is sent is encrypted on the way."""
        plugin = str(getattr(self._connection, "transport", ""))
        if plugin == "winrm":
            return _winrm_encrypts(self._connection)
        if plugin == "psrp":
            return _psrp_encrypts(self._connection)
        return plugin in ("ssh", "paramiko", "paramiko_ssh", "libssh", "local")

    def reconnect(self) -> None:
        """Drops the connection, so that the next batch opens a fresh one.

        After a broken close only reset does; psrp keeps a pool that its reset could not open until it is closed once
        more; ssh closes nothing, only its reset stops the shared connection (ControlPersist) that had carried it.
        """
        self._lost = True
        time.sleep(_PAUSE)
        over_ssh = str(getattr(self._connection, "transport", "")) == "ssh"
        for way in ("reset", "close") if over_ssh else ("close", "reset", "close"):
            try:
                getattr(self._connection, way)()
            except Exception as error:
                _check_interruption(error)
            else:
                return


@contextlib.contextmanager
def _sent_once(connection: Any, mode: str) -> Iterator[None]:
    """Where ssh is lost it sends the command again (``ansible_ssh_retries``), and changes must not come twice."""
    if mode == "read" or str(getattr(connection, "transport", "")) != "ssh":
        yield
        return
    kept = connection.get_option("reconnection_retries")
    connection.set_option("reconnection_retries", 0)
    try:
        yield
    finally:
        connection.set_option("reconnection_retries", kept)


def _check_interruption(error: BaseException | None) -> None:
    """Raises what ended the task from outside: Ansible's ``timeout`` (TaskTimeoutError), Ctrl-C; none is an Exception.

    The winrm connection cleans up behind it, and where the host is silent the trouble of that hides it. A generator's
    end, which a library may have met on its way, is no such thing.
    """
    while isinstance(error, Exception | GeneratorExit):
        error = error.__context__
    if error is not None:
        raise error


def _missing_library(connection: Any, error: AnsibleError) -> str:
    """What to do where the connection plugin misses something here, on the controller; empty for all else.

    Ansible has no class for it, only words (``pypsrp or dependencies are not installed``), and does not translate them.
    What ssh raises that is no connection's failure is about its program, its key or sshpass, before anything is sent.
    """
    transport = str(getattr(connection, "transport", ""))
    if transport == "ssh":
        return "Nothing was sent. See to ssh on the controller: its program, its key, or sshpass for a password."
    if "not installed" not in str(error):
        return ""
    package = _PACKAGES.get(transport)
    how = f": pip install {package}" if package else ""
    return f"Nothing was sent. Install it on the controller, for the Python that runs Ansible{how}."


def _winrm_encrypts(connection: Any) -> bool:
    if connection._winrm_scheme == "https":
        return True
    never = connection._winrm_kwargs.get("message_encryption", "auto") == "never"
    return not never and set(connection._winrm_transport) <= _ENCRYPTING


def _psrp_encrypts(connection: Any) -> bool:
    if connection.get_option("protocol") == "https":
        return True
    if connection.get_option("protocol") is None and connection.get_option("port") not in (5985, 80):
        return True
    never = connection.get_option("message_encryption") == "never"
    return not never and connection.get_option("auth") in _ENCRYPTING


def check_connection(connection: Any, play_context: Any, environment: Any) -> None:
    """Raises TlsOpsError where a batch cannot go through this connection as the user asked."""
    if not getattr(getattr(connection, "_shell", None), "_IS_WINDOWS", False):
        raise TlsOpsError(
            f"the connection {getattr(connection, 'transport', '')!r} does not lead to a Windows shell.",
            hint="These modules need a Windows host over winrm, psrp, or ssh with ansible_shell_type powershell.",
        )
    if play_context.become:
        raise TlsOpsError(
            "become does not act on these modules: they run as the connection's user.",
            hint="Connect as an administrator, and set ansible_become: false for these hosts in the inventory, "
            "or become: false on the task.",
        )
    if any(environment or ()):
        raise TlsOpsError(
            "environment does not act on these modules.",
            hint="Leave it out: on this task, and on the block, role and play around it.",
        )
