# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one door to a host: batches through the connection that the inventory already has."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from .._batch import bootstrap, wire
from .._batch.operation import Answer, Operation
from .._errors import TlsOpsError
from .._model.host import HostInfo
from . import portions

# What pywinrm and pypsrp can encrypt messages with over plain HTTP; everything else goes in clear there.
_ENCRYPTING = frozenset({"ntlm", "kerberos", "credssp", "negotiate"})
_PACKAGES = {"winrm": "pywinrm", "psrp": "pypsrp"}  # what these connection plugins import
_MUTEX_WAIT = 60  # seconds: another run against the same host gets this long to finish


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

    def reconnect(self) -> None: ...


class ConnectionTarget:
    """A host behind an Ansible connection.

    ``execute`` is the action's ``_low_level_execute_command``: it works unchanged over winrm, psrp and ssh.
    """

    def __init__(self, connection: Any, execute: Callable[..., dict[str, Any]]) -> None:
        self._connection = connection
        self._execute = execute
        self._reached = False
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
        wait = min(timeout, _MUTEX_WAIT)
        batch = wire.encode(operations, nonce=nonce, mode=mode, deadline=timeout, mutex_wait=wait)
        try:
            command = bootstrap.command(str(getattr(self._connection, "transport", "")))
            raw = self._execute(command, in_data=bootstrap.stdin(batch))
        except AnsibleConnectionFailure as error:
            if not self._reached:
                raise
            raise UnknownOutcome(str(error)) from error
        except AnsibleError as error:
            if not self._reached and (hint := _missing_library(self._connection, error)):
                raise TlsOpsError(f"{str(error).rstrip('.')}.", hint=hint) from error
            raise UnknownOutcome(str(error)) from error
        except Exception as error:  # requests, pywinrm, pypsrp and ssh each raise their own
            raise UnknownOutcome(str(error) or type(error).__name__) from error
        self._reached = True
        try:
            return wire.decode(raw["stdout"], raw["stderr"], nonce=nonce, count=len(operations))
        except wire.NoAnswer as error:
            raise UnknownOutcome(str(error)) from error

    def encrypts(self) -> bool:
        """Whether what is sent is encrypted on the way."""
        plugin = str(getattr(self._connection, "transport", ""))
        if plugin == "winrm":
            return _winrm_encrypts(self._connection)
        if plugin == "psrp":
            return _psrp_encrypts(self._connection)
        return plugin in ("ssh", "paramiko", "paramiko_ssh", "libssh", "local")

    def reconnect(self) -> None:
        """Drops the connection, so that the next batch opens a fresh one (after a broken close only reset does)."""
        with contextlib.suppress(Exception):
            try:
                self._connection.close()
            except Exception:
                self._connection.reset()


def _missing_library(connection: Any, error: AnsibleError) -> str:
    """What to do where the connection plugin misses a Python library here, on the controller; empty for all else.

    Ansible has no class for it, only words (``pypsrp or dependencies are not installed``), and does not translate them.
    """
    if "not installed" not in str(error):
        return ""
    package = _PACKAGES.get(str(getattr(connection, "transport", "")))
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
        raise TlsOpsError("environment does not act on these modules.", hint="Leave it out on this task.")
