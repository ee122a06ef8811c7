# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An action plugin in this process, over Ansible's own winrm connection and pywinrm, to a host of the fleet.

Only ansible-playbook is left out, whose start takes a second: for tests that need hundreds of tasks.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.play_context import PlayContext
from ansible.playbook.task import Task
from ansible.plugins.loader import connection_loader
from ansible.template import Templar

from tests.fleet.fleet import Fleet

ACTIONS = "ansible_collections.tlsops.windows.plugins.action"


def perform(
    fleet: Fleet, host: str, module: str, arguments: Mapping[str, Any], *, check: bool = False
) -> dict[str, Any]:
    """The task's result; ``unreachable`` where Ansible would say that."""
    inventory = fleet.inventory()["all"]
    variables = {**inventory["vars"], **inventory["hosts"][host], "inventory_hostname": host}
    task = Task()
    task.args = dict(arguments)
    task.action = f"tlsops.windows.{module}"
    task.check_mode = check
    loader, context = DataLoader(), PlayContext()
    connection = connection_loader.get("winrm", context, os.devnull)
    extras = {name: value for name, value in variables.items() if name.startswith("ansible_winrm_")}
    connection.set_options(var_options={**variables, "_extras": extras})
    action = importlib.import_module(f"{ACTIONS}.{module}").ActionModule(
        task, connection, context, loader, Templar(loader, variables), None
    )
    try:
        return dict(action.run(task_vars=variables))
    except AnsibleConnectionFailure as error:
        return {"unreachable": True, "msg": str(error)}
    finally:
        connection.close()
