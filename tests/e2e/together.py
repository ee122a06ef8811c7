# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The swap of Step 2 on many hosts in one play, each host for itself: what one waits for holds up no other."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .plain import OLD, PRODUCTION, host, journal, records, scenario
from .playbook import Run
from .stage import Stage

BACKENDS = {"iis7": "2019", "iis6": OLD}


def named(*names: str) -> list[str]:
    """A host of each web server for each of the names."""
    return [f"{name}-{backend}" for name in names for backend in BACKENDS]


def fleet(hosts: Iterable[str]) -> dict[str, Any]:
    """Hosts with last year's certificate in use, this year's beside it."""
    return scenario(**{name: _host(BACKENDS[name.rpartition("-")[2]]) for name in hosts})


def _host(product: str) -> dict[str, Any]:
    """Keys of elliptic curves where the product knows them: a key of RSA takes a tenth of a second to make."""
    made = host(PRODUCTION, product=product)
    if product != OLD:
        made["certificates"] = {name: {**each, "key": "ecdsa-p256"} for name, each in made["certificates"].items()}
    return made


def swap(
    stage: Stage,
    hosts: Iterable[str],
    keywords: Mapping[str, Any] | None = None,
    variables: Mapping[str, Any] | None = None,
    **arguments: Any,
) -> Path:
    """A playbook of one task for ``hosts``; ``keywords`` are further ones of it, ``variables`` those of all hosts."""
    stage.set_variables({name: {"new": stage.thumbprint(name, "new")} for name in hosts}, **(variables or {}))
    given = {"thumbprint": "{{ new }}", "production_site": "Production", **arguments}
    task = {"name": "swap", "tlsops.windows.site_certificate": given, "ignore_errors": True, **(keywords or {})}
    play = [{"name": "swap", "hosts": "all", "gather_facts": False, "strategy": "free", "tasks": [task]}]
    path = stage.directory / "swap.json"
    path.write_text(json.dumps(play), encoding="utf-8")
    return path


def holds(stage: Stage, name: str) -> str:
    """Which of the host's certificates every endpoint holds."""
    (held,) = {record["certificate"] for record in records(stage, name).values()}
    return next((each for each in ("old", "new") if stage.thumbprint(name, each) == held), held)


def converged(stage: Stage, run: Run, name: str) -> bool:
    """Whether the run has ended with the new certificate in use, and nothing left behind."""
    return run.status(name) == "ok" and holds(stage, name) == "new" and not journal(stage, name)
