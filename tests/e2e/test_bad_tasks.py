# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tasks and connections that cannot work: what a play must not carry, and hosts that are not reached."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.fleet import doors, wsman
from tests.fleet.faults import Rule

from .bad import Row, light, told
from .plain import PRODUCTION, host, scenario
from .playbook import Run
from .stage import Case, Stage, staged

REPORT = {"certificates": ["verisign_g5"], "state": "reported"}
MODULE = "tlsops.windows.trusted_root"
TASK = {MODULE: REPORT, "ignore_errors": True}
BECOME, ENVIRONMENT = "become does not act", "environment does not act"


def closed_port() -> int:
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return int(own.getsockname()[1])


def play(stage: Stage, *plays: dict[str, Any]) -> Run:
    path = stage.directory / "plays.json"
    path.write_text(json.dumps([{"hosts": "all", "gather_facts": False, **each} for each in plays]), encoding="utf-8")
    return stage.run(path)


AROUND: dict[str, tuple[dict[str, Any], str, str]] = {
    "become of the play": ({"become": True, "tasks": [TASK]}, BECOME, "ansible_become: false"),
    "become of the block": ({"tasks": [{"block": [TASK], "become": True}]}, BECOME, "ansible_become: false"),
    "environment of the play": ({"environment": {"A": "b"}, "tasks": [TASK]}, ENVIRONMENT, "Leave it out"),
    "environment of the block": (
        {"tasks": [{"block": [TASK], "environment": {"A": "b"}}]},
        ENVIRONMENT,
        "Leave it out",
    ),
    "async": ({"tasks": [{**TASK, "async": 60, "poll": 0}]}, "async does not act", "timeout says how long"),
    "async and poll": ({"tasks": [{**TASK, "async": 60, "poll": 5}]}, "async does not act", "forks"),
    "async in a dry run": ({"tasks": [{**TASK, "async": 60, "check_mode": True}]}, "async does not act", "forks"),
    "to the controller": (
        {"tasks": [{**TASK, "delegate_to": "localhost"}]},
        "does not lead to a Windows shell",
        "need a Windows host over winrm",
    ),
    "to another host": (
        {"tasks": [{**TASK, "delegate_to": "limited"}]},
        "limited trusted_root read: ",
        "LocalAccountTokenFilterPolicy",
    ),
}
HARMLESS: list[dict[str, Any]] = [
    {"name": "no variables", MODULE: REPORT, "environment": {}},
    {"name": "dry", MODULE: REPORT, "check_mode": True},
    {"name": "delegated", MODULE: REPORT, "delegate_to": "other"},
    {
        "name": "loop",
        MODULE: {**REPORT, "certificates": ["{{ item }}"]},
        "loop": ["verisign_g5", "no_such_root"],
        "ignore_errors": True,
    },
]


def test_what_stands_around_a_task(tmp_path: Path) -> None:
    """become and environment of the task, its block and its play, async and delegate_to are refused where they do not
    act; an empty environment, check mode of the task alone, a loop and another host are done as they are meant."""
    limited = light(host(PRODUCTION, options={"elevated": False}))
    with staged(
        scenario(web=light(host(PRODUCTION)), other=light(host(PRODUCTION)), limited=limited), tmp_path
    ) as stage:
        before = stage.digests(["web", "other", "limited"])
        plays = [{"hosts": "web", "name": name, **each} for name, (each, _cause, _todo) in AROUND.items()]
        run = play(stage, *map(named, plays), {"hosts": "web", "tasks": HARMLESS})
        results = {each["task"]: each["result"] for each in run.results}
        for name, (_play, cause, todo) in AROUND.items():
            assert cause in results[name]["msg"], (name, results[name])
            assert todo in results[name]["hint"], (name, results[name])
            assert results[name]["changed"] is False, name
        status = {each["task"]: each["status"] for each in run.results if each["task"] not in AROUND}
        assert status == dict.fromkeys(("no variables", "dry", "delegated"), "ok") | {"loop": "failed"}
        first, second = results["loop"]["results"]
        assert not first.get("failed")
        assert "no_such_root" in second["msg"]
        assert second["hint"]
        assert stage.fleet.traffic("web").commands == 3
        assert stage.fleet.traffic("other").commands == 1
        assert stage.digests(["web", "other", "limited"]) == before


def named(one: dict[str, Any]) -> dict[str, Any]:
    """A play whose only task has its name."""
    (task,) = one["tasks"]
    if "block" in task:
        return {**one, "tasks": [{**task, "block": [{**task["block"][0], "name": one["name"]}]}]}
    return {**one, "tasks": [{**task, "name": one["name"]}]}


def test_a_free_form_task_is_refused(tmp_path: Path) -> None:
    """ansible-core 2.18 refuses the whole playbook itself. What stood there is not told: it may be a password."""
    texts = {"a piece": "production_site=Production Renewal", "all of it": "Renewal"}
    with staged(scenario(web=light(host(PRODUCTION))), tmp_path) as stage:
        tasks = [{"name": name, "tlsops.windows.renewal": text, "ignore_errors": True} for name, text in texts.items()]
        run = play(stage, {"tasks": tasks})
        assert stage.fleet.traffic("web").requests == 0
        if not run.results:
            assert "extra params" in run.output.replace("\n", " "), run.output
            return
        for name in texts:
            result = run.of("web", name)
            assert result["changed"] is False
            assert result["msg"].startswith("web renewal: the task has a text where its arguments should be"), result
            assert "Renewal" not in result["msg"]
            assert "option: value" in result["hint"]


CONNECTIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "linux-by-ssh": ({"ansible_connection": "ssh"}, "does not lead to a Windows shell", "ansible_shell_type"),
    "local": ({"ansible_connection": "local"}, "does not lead to a Windows shell", "need a Windows host"),
    "shell-of-unix": (
        {"ansible_connection": "ssh", "ansible_shell_type": "sh"},
        "does not lead to a Windows shell",
        "ansible_shell_type powershell",
    ),
    "local-powershell": (
        {"ansible_connection": "local", "ansible_shell_type": "powershell"},
        "did not find PowerShell",
        "Install Windows PowerShell",
    ),
}


def test_hosts_that_are_no_windows(tmp_path: Path) -> None:
    with staged(scenario(**{name: light(host(PRODUCTION)) for name in CONNECTIONS}), tmp_path) as stage:
        stage.set_variables({name: own for name, (own, _cause, _todo) in CONNECTIONS.items()})
        rows = {
            name: Row(Case(name, "trusted_root", REPORT), cause, todo)
            for name, (_own, cause, todo) in CONNECTIONS.items()
        }
        told(stage, rows)


UNREACHED: dict[str, tuple[dict[str, Any], str, str]] = {
    "nobody-listens": ({"ansible_port": 0}, "refused", "Look at ansible_host and ansible_port"),
    "no-such-name": ({"ansible_host": "no-such-host.invalid"}, "no-such-host.invalid", "Look at ansible_host"),
    "wrong-password": ({"ansible_password": "wrong"}, "rejected", "Look at ansible_user and ansible_password"),
    "wrong-user": ({"ansible_user": "nobody"}, "rejected", "Look at ansible_user and ansible_password"),
    "wrong-path": ({"ansible_winrm_path": "/wsman/none"}, "404", "Look at the connection by itself"),
    "https-to-http": ({"ansible_winrm_scheme": "https"}, "WRONG_VERSION_NUMBER", "5985 is usually HTTP"),
    "http-to-https": ({"ansible_winrm_scheme": "http"}, "Connection aborted", "5985 is usually HTTP"),
    "wrong-name": ({"ansible_host": "localhost"}, "localhost", "ansible_host is not a name in the certificate"),
    "unknown-ca": ({"ansible_winrm_ca_trust_path": ""}, "certificate verify failed", "ansible_winrm_ca_trust_path"),
    "refused-by-winrm": ({}, "'fault_subcode': 'w:AccessDenied'", "The account has to be an administrator"),
    "too-many-shells": ({}, "2150859173", "Restart-Service WinRM"),
}
OVER_HTTPS = ("wrong-name", "unknown-ca", "http-to-https")


def test_hosts_that_are_not_reached_stay_unreachable(tmp_path: Path) -> None:
    with staged(
        scenario(**{name: light(host(PRODUCTION)) for name in UNREACHED}), tmp_path, https=("127.0.0.1",)
    ) as stage:
        own = {name: dict(variables) for name, (variables, _words, _todo) in UNREACHED.items()}
        own["nobody-listens"]["ansible_port"] = closed_port()
        own["unknown-ca"]["ansible_winrm_ca_trust_path"] = other_ca(stage)
        for name in OVER_HTTPS:
            own[name] = doors.variables(stage.fleet, name, "winrm-ntlm-https") | own[name]
        stage.set_variables(own)
        denied = wsman.Fault(5, "w:AccessDenied", "Access is denied.", sender=True)
        stage.fleet.faults.add("refused-by-winrm", "Create", Rule("fault", fault=denied), times=20)
        stage.fleet.faults.add("too-many-shells", "Create", Rule("fault", fault=wsman.MAX_SHELLS), times=20)
        before = stage.digests(list(UNREACHED))
        run = stage.task("trusted_root", REPORT)
        for name, (_variables, words, todo) in UNREACHED.items():
            message = run.of(name)["msg"]
            assert run.status(name) == "unreachable", (name, message)
            assert words in message.partition(todo)[0], (name, message[:2000])
            assert todo in message, (name, message)
            assert message.endswith("Nothing was changed."), (name, message)
            assert message.count("Nothing was changed.") == 1, (name, message)
        assert stage.digests(list(UNREACHED)) == before


def other_ca(stage: Stage) -> str:
    """A file with a CA that has signed nothing here."""
    path = stage.directory / "other.pem"
    root: x509.Certificate = stage.fleet.scenario.authorities["simple"].root()  # type: ignore[attr-defined]
    path.write_bytes(root.public_bytes(Encoding.PEM))
    return str(path)
