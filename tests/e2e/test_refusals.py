# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot work is said in words: connections, rights, and what a task must not carry."""

from __future__ import annotations

import dataclasses
import socket
from pathlib import Path
from typing import Any

from .plain import PRODUCTION, host, scenario
from .stage import PASSWORD, Case, Stage, staged

REPORT = {"certificates": ["verisign_g5"], "state": "reported"}


def hosts(*names: str, **options: dict[str, Any]) -> dict[str, Any]:
    """Hosts by name; ``options`` are those of further ones."""
    return scenario(**{name: host(PRODUCTION, options=options.get(name, {})) for name in (*names, *options)})


def closed_port() -> int:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


def test_what_a_task_must_not_carry(tmp_path: Path) -> None:
    with staged(hosts("web", limited={"elevated": False}), tmp_path) as stage:
        task = Case("web", "trusted_root", REPORT)
        results = stage.refused(
            {
                "become": (dataclasses.replace(task, keywords={"become": True}), "become does not act"),
                "environment": (
                    dataclasses.replace(task, keywords={"environment": {"A": "b"}}),
                    "environment does not",
                ),
                "misspelt": (dataclasses.replace(task, arguments={**REPORT, "forse": True}), "forse"),
                "choice": (dataclasses.replace(task, arguments={**REPORT, "state": "absent"}), "value of state"),
                "timeout": (dataclasses.replace(task, arguments={**REPORT, "timeout": 5}), "between 10 and 3600"),
                "filtered token": (
                    dataclasses.replace(task, host="limited"),
                    "UAC gives this logon no administrator rights",
                ),
            }
        )
        assert all(result["hint"] for name, result in results.items() if name != "timeout")
        assert stage.fleet.traffic("web").commands == 0
        assert "LocalAccountTokenFilterPolicy" in results["filtered token"]["hint"]


def test_connections_that_do_not_lead_to_windows(tmp_path: Path) -> None:
    names = ("password", "closed", "local", "local-powershell", "good")
    with staged(hosts(*names), tmp_path) as stage:
        stage.set_variables(
            {
                "password": {"ansible_password": "wrong"},
                "closed": {"ansible_port": closed_port()},
                "local": {"ansible_connection": "local", "ansible_shell_type": "sh"},
                "local-powershell": {"ansible_connection": "local", "ansible_shell_type": "powershell"},
                "good": {},
            }
        )
        run = stage.task("trusted_root", REPORT)
        status = {name: run.status(name) for name in names}
        assert status == dict.fromkeys(names[:2], "unreachable") | dict.fromkeys(names[2:4], "failed") | {"good": "ok"}
        assert "rejected" in run.of("password")["msg"]
        assert "does not lead to a Windows shell" in run.of("local")["msg"]
        assert "PowerShell" in run.of("local-powershell")["msg"]
        assert run.of("local-powershell")["hint"]
        assert "Traceback" not in run.output


def test_a_key_travels_encrypted_unless_that_is_allowed(tmp_path: Path) -> None:
    with staged(hosts("basic", "never", "ntlm"), tmp_path) as stage:
        basic = {"ansible_winrm_transport": "basic", "ansible_winrm_message_encryption": "auto"}
        stage.set_variables({"basic": basic, "never": {"ansible_winrm_message_encryption": "never"}, "ntlm": {}})
        words = "over a connection that does not encrypt"
        stage.refused({name: (backup(stage, name), words) for name in ("basic", "never")})
        assert list(stage.backups.iterdir()) == []
        allowed = {"basic": backup(stage, "basic", allow_unencrypted=True), "ntlm": backup(stage, "ntlm")}
        results = stage.cases(allowed | {"reading": Case("basic", "trusted_root", REPORT)})
        assert [result["status"] for result in results.values()] == ["ok"] * 3
        assert len(list(stage.backups.iterdir())) == 2
        assert "automatic update is on" in results["reading"]["findings"][0], "an absent root of the programme"


def backup(stage: Stage, name: str, **more: Any) -> Case:
    wanted = {"password": PASSWORD, "destinations": [str(stage.backups)], "site": "Production", **more}
    return Case(name, "pfx_backup", wanted)
