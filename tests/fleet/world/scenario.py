# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A scenario: YAML, or the same as a dict, to hosts, their CAs and the CAs' mails. ``README.md`` has every key."""

from __future__ import annotations

import copy
import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from ..authority import Authority, KeyPool
from .furnish import Answer, Furnisher
from .host import Host

KEYS = {"description", "authorities", "defaults", "hosts"}


@dataclasses.dataclass
class Scenario:
    """``mails``: per host the CA's mail for its (first) request; ``answers``: every request by host and name."""

    hosts: dict[str, Host]
    mails: dict[str, str]
    answers: dict[str, dict[str, Answer]]
    authorities: dict[str, Authority]
    certificates: dict[str, dict[str, bytes]]  # host -> name -> DER of what it has from the start


def load(source: Path | str | dict[str, Any]) -> Scenario:
    """Raises ValueError for a key that is none, so that a misspelt rule does not go unnoticed."""
    described = source if isinstance(source, dict) else yaml.safe_load(Path(source).read_text(encoding="utf-8"))
    unknown = set(described) - KEYS
    if unknown:
        raise ValueError(f"unknown keys of a scenario: {sorted(unknown)}")
    now, pool = datetime.now(UTC).replace(microsecond=0), KeyPool()
    authorities = {
        name: Authority(what.pop("name", name), what.pop("shape", "plain"), now, pool, **what)
        for name, what in copy.deepcopy(described.get("authorities", {})).items()
    }
    scenario = Scenario({}, {}, {}, authorities, {})
    for name, what in _expanded(described).items():
        furnisher = Furnisher(name, what, authorities, now, pool)
        scenario.hosts[name] = furnisher.host
        scenario.answers[name] = furnisher.answers
        scenario.certificates[name] = furnisher.certificates
        if furnisher.answers:
            scenario.mails[name] = next(iter(furnisher.answers.values())).mail
    return scenario


def _expanded(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Defaults filled in, and a host with ``count`` made that many: ``{number}`` in its texts is 001, 002 ..."""
    hosts = {}
    for name, own in described["hosts"].items():
        what = {**copy.deepcopy(described.get("defaults", {})), **copy.deepcopy(own or {})}
        options = {**described.get("defaults", {}).get("options", {}), **what.get("options", {})}
        what["options"] = options
        count = what.pop("count", 0)
        if not count:
            hosts[name] = what
        for number in range(1, count + 1):
            text = f"{number:03}"
            hosts[name.replace("{number}", text)] = _numbered(what, text)
    return hosts


def _numbered(value: Any, number: str) -> Any:
    if isinstance(value, dict):
        return {key: _numbered(each, number) for key, each in value.items()}
    if isinstance(value, list):
        return [_numbered(each, number) for each in value]
    return value.replace("{number}", number) if isinstance(value, str) else value
