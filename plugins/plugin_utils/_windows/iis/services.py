# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The services that must run before a site can serve. States are as the service control manager counts."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..._batch.operation import Answer, Operation
from ..._batch.operations import service
from ..._batch.payload import lines, number
from ..._errors import TlsOpsError

RUNNING, DISABLED = 4, 4  # of a status; of a start mode

State = tuple[int, int]


def state(answer: Answer) -> State | None:
    """Status and start mode; None where the service is not there."""
    if not answer.ok:
        return None
    values = {keyword: fields[0] for keyword, fields in lines(answer.payload) if len(fields) == 1}
    if not {"status", "start"} <= values.keys():
        raise TlsOpsError("the answer about a service is not in the expected form.")
    return number(values["status"]), number(values["start"])


def runs(name: str, services: Mapping[str, State]) -> bool:
    return services.get(name, (0, 0))[0] == RUNNING


def started(name: str, services: Mapping[str, State]) -> Operation:
    """Starts it, with the way back. Raises TlsOpsError where it is disabled or not there."""
    own = services.get(name)
    if own is None:
        raise TlsOpsError(f"the service {name} is not on this host.", hint="Install the Web Server (IIS) role.")
    if own[1] == DISABLED:
        raise TlsOpsError(f"the service {name} is disabled.", hint=f"Allow it: 'sc config {name} start= auto'.")
    return dataclasses.replace(service(name, "start"), undo=(service(name, "stop"),))
