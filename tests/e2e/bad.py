# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must be refused, as rows of a table: the cause in the message, what to do in the hint, nothing touched.

A row is played as a dry run and as a run, and both say the same.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .plain import OLD
from .stage import PASSWORD, Case, Stage

DRY = "dry run: "
TEMPORARY = ("cases.json", "record.jsonl", "ansible_home")
_SENTENCE = re.compile(r"[.)}'\"]\Z")


@dataclasses.dataclass(frozen=True)
class Row:
    """``cause`` is in the message, ``todo`` in the hint. ``dry`` False: only a run finds it out (a write fails)."""

    case: Case
    cause: str
    todo: str
    dry: bool = True


def light(described: dict[str, Any]) -> dict[str, Any]:
    """The same host with keys that are made at once, where its Windows has them: an RSA key takes a while."""
    if described["product"] != OLD:
        described["certificates"] = {
            name: {**each, "key": "ecdsa-p256"} for name, each in described["certificates"].items()
        }
    return described


def renewal(stage: Stage, host: str, **more: Any) -> Case:
    """The renewal of the site Production by the CA's mail, with a backup; None takes an argument out."""
    given = {
        "answer_path": stage.answer(host),
        "production_site": "Production",
        "backup_password": PASSWORD,
        "backup_destinations": [f"{stage.backups}/"],
        **more,
    }
    return Case(host, "renewal", {name: value for name, value in given.items() if value is not None})


def told(stage: Stage, rows: Mapping[str, Row]) -> dict[str, dict[str, Any]]:
    """Every row is refused in words, in a dry run and in a run, and neither a host nor the controller is touched.

    Where only a run finds it out, it takes back what it had done; an empty registry key may stay.
    """
    hosts = {row.case.host: row.dry for row in rows.values()}
    before, files = {name: _world(stage.host(name)) for name in hosts}, _files(stage.directory)
    cases = {name: row.case for name, row in rows.items()}
    cases |= {f"{DRY}{name}": _in_check_mode(row.case) for name, row in rows.items() if row.dry}
    results = stage.cases(cases)
    wrong = {name: results[name] for name in cases if not _tells(results[name], rows[name.removeprefix(DRY)])}
    assert not wrong, json.dumps(wrong, indent=1, default=str, ensure_ascii=False)
    differing = [name for name, row in rows.items() if row.dry and not _alike(results[name], results[DRY + name])]
    assert not differing, [(results[name]["msg"], results[DRY + name]["msg"]) for name in differing]
    assert not [name for name in hosts if _world(stage.host(name)) != before[name]]
    assert not [name for name, dry in hosts.items() if dry and stage.host(name).write_log]
    assert _files(stage.directory) == files
    return results


def _world(host: Any) -> list[Any]:
    """Everything of a host but empty registry keys."""
    return [part for part in host._everything() if not (isinstance(part, tuple) and "key" in part)]


def _in_check_mode(case: Case) -> Case:
    return dataclasses.replace(case, keywords={"check_mode": True, **case.keywords})


def _tells(result: Mapping[str, Any], row: Row) -> bool:
    """One sentence with the cause behind host and step, then what to do next."""
    message, hint = str(result.get("msg", "")), str(result.get("hint", ""))
    whole = message.startswith(f"{row.case.host} {row.case.module}") and message.endswith(f" {hint}")
    ends = bool(hint and _SENTENCE.search(hint))
    failed = result["status"] == "failed" and result.get("changed") is False
    return failed and whole and ends and row.cause in message.removesuffix(hint) and row.todo in hint


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """But for the clock of the server, which some messages tell."""
    now = re.compile(r"the server's clock says [-0-9: ]+")
    return now.sub("", one["msg"]) == now.sub("", other["msg"]) and one["hint"] == other["hint"]


def _files(directory: Path) -> dict[str, bytes]:
    """What lies on the controller, but for what the tests themselves write there."""
    found = {}
    for folder, _folders, names in os.walk(directory):
        for path in (Path(folder) / name for name in names):
            if path.relative_to(directory).parts[0] not in TEMPORARY:
                found[str(path)] = path.read_bytes()
    return found
