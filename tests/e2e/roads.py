# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Twins that are renewed, each over a connection of its own."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.fleet import doors
from tests.fleet.auth import Account
from tests.fleet.world.scenario import Scenario

from .cuts.farm import Web, twin
from .stage import PASSWORD, Stage, staged


@contextlib.contextmanager
def play(
    directory: Path,
    scenario: Scenario,
    roads: Mapping[str, str],
    *,
    account: Account | None = None,
    own: Mapping[str, Mapping[str, Any]] | None = None,
) -> Iterator[tuple[Stage, Path]]:
    """A fleet with a host for each of ``roads``, which name the door into it, and a playbook that renews all of them.

    ``own`` are further variables of single hosts. WinRM's certificate is for ``localhost`` where Kerberos needs that
    name, else for 127.0.0.1.
    """
    hosts = {host: twin(scenario.hosts[web_of(host)], host) for host in roads}
    twins = Scenario(hosts, {}, {}, scenario.authorities, {})
    name = "localhost" if account is not None and account.service else "127.0.0.1"
    with staged(twins, directory, https=(name,), account=account) as stage:
        variables = {
            host: {"answer": scenario.mails[web_of(host)], **doors.variables(stage.fleet, host, door)}
            | dict((own or {}).get(host, {}))
            for host, door in roads.items()
        }
        stage.set_variables(variables)
        yield stage, _playbook(stage)


def web_of(host: str) -> Web:
    """The web server of a host of this name."""
    return "iis6" if host.startswith("iis6") else "iis7"


def _playbook(stage: Stage) -> Path:
    given = {
        "production_site": "Production",
        "renewal_site": "Renewal",
        "answer": "{{ answer }}",
        "backup_password": PASSWORD,
        "backup_destinations": [f"{stage.backups}/"],
    }
    tasks = [{"name": "renewal", "tlsops.windows.renewal": given}]
    path = stage.directory / "renewals.json"
    plays = [{"name": "Renewals", "hosts": "all", "gather_facts": False, "tasks": tasks}]
    path.write_text(json.dumps(plays), encoding="utf-8")
    return path
