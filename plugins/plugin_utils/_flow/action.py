# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door between Ansible and the stages: what every action plugin of this collection is."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from .. import _cryptography
from .._errors import TlsOpsError
from .._model.plan import ControllerFile, ControllerWork, Step
from . import flow, task, unreachable
from .files import ControllerFiles
from .shown import prose, shown
from .target import ConnectionTarget, check_connection

_NO_ASYNC = (
    "Leave async and poll out: Ansible works on as many hosts at the same time as its forks allow, and the option "
    "timeout says how long each batch may take. Nothing was changed."
)


class Door(ActionBase):
    """An action plugin names its step's class, argument spec and rules; everything else is here."""

    STEP: ClassVar[Any]
    ARGUMENTS: ClassVar[Mapping[str, Any]]
    RULES: ClassVar[Mapping[str, Any]]

    _supports_check_mode = True
    _supports_diff = True
    _supports_async = False
    supports_raw_params = True  # since ansible-core 2.19: Ansible's own words for it do not say what to do

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        host = self._host(task_vars or {})
        if self._task.async_val:  # Ansible's own words for it do not say what to do
            return _told(self._failed(TlsOpsError("async does not act on these modules.", hint=_NO_ASYNC), host))
        result: dict[str, Any] = super().run(tmp, task_vars)
        try:
            return result | _told(self._go(host))
        except TlsOpsError as error:
            return result | _told(self._failed(error, host))
        except AnsibleConnectionFailure as error:  # the host was never reached: it stays "unreachable"
            words = prose(str(error).strip().rstrip("."))
            raise type(error)(f"{words}. {unreachable.advice(words)} Nothing was changed.") from None
        except Exception as error:
            # A fault of ours must not end in a traceback; frames hold no values, so no secret either.
            Display().vvv("\n".join(map(prose, traceback.format_exc().splitlines())))
            fault = TlsOpsError(
                f"unexpected {type(error).__name__}: {error}.", hint="Please report this; -vvv shows more."
            )
            return result | _told(self._failed(fault, host))

    def _host(self, task_vars: Mapping[str, Any]) -> str:
        return str(task_vars.get("inventory_hostname", ""))

    def _go(self, host: str) -> dict[str, Any]:
        raise NotImplementedError

    def _failed(self, error: TlsOpsError, host: str) -> dict[str, Any]:
        error.host = error.host or host
        error.step = error.step or self.STEP.name
        error.hint = error.hint or _next(error)
        return {
            "failed": True,
            "changed": error.changed,
            "msg": str(error),
            "step": error.step,
            "stage": error.stage or "task",
            "hint": error.hint,
        }


def _told(result: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = shown(result)
    return told


def _next(error: TlsOpsError) -> str:
    """What to do where the raiser of an error knew nothing better."""
    again = {
        "": f"Correct the task, then run it again: 'ansible-doc tlsops.windows.{error.step}' describes its options.",
        "read": "Run the task again; where it stays so, look at this server, and please report it.",
        "plan": "Put that right, then run the task again.",
    }
    if error.changed or error.stage not in again:
        return "Look at the server, then run the task again."
    return f"Nothing was changed. {again[error.stage]}"


class StepAction(Door):
    """What is done on a host."""

    STEP: ClassVar[type[Step]]

    def _host(self, task_vars: Mapping[str, Any]) -> str:
        """The one at which the connection ends: its name is in errors, and in the names of backups."""
        return str(self._task.delegate_to or "") or super()._host(task_vars)

    def _go(self, host: str) -> dict[str, Any]:
        _cryptography.check()
        check_connection(self._connection, self._play_context, self._task.environment)
        files = ControllerFiles(self._loader, host)
        arguments = task.validated(self._task.args, self.ARGUMENTS, self.RULES)
        options = task.options(arguments, dry_run=bool(self._task.check_mode))
        step = self.STEP.from_arguments(arguments, files)
        target = ConnectionTarget(self._connection, self._low_level_execute_command)

        def write(file: ControllerFile, content: bytes) -> None:
            files.write(file.path, content, vault=file.encrypt_with_vault, replace=file.replace)

        return flow.run(step, target, options, write)


class ControllerAction(Door):
    """What is done on the controller alone: no host is contacted, whatever its connection is."""

    STEP: ClassVar[type[ControllerWork]]

    def _go(self, host: str) -> dict[str, Any]:
        _cryptography.check()
        arguments = task.validated(self._task.args, self.ARGUMENTS, self.RULES)
        work = self.STEP.from_arguments(arguments, ControllerFiles(self._loader, host))
        now = datetime.now(UTC)
        return work.checked(now) if self._task.check_mode else work.done(now)
