# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whole tasks on ``batch.ps1`` in a real PowerShell: command line and standard input as Ansible sends them.

The hosts are the demo's, kept in files; netsh and the like are processes that ask the fleet. Where no PowerShell is
found that half is skipped, and what is around it is tried with a program that pretends to be one, and runs nothing of
``batch.ps1`` (``tests/fleet/kept/pretend.py``).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import bootstrap

from tests.fleet.kept import interpreter
from tests.fleet.payload import Outcome
from tests.fleet.world.host import Host

from . import witness
from .playbook import ROOT, Run
from .stage import PASSWORD, Stage, staged
from .test_renewal import renewal_of_demo

NONE = "no PowerShell: neither TLSOPS_PWSH nor pwsh on the PATH"
NEW, OLD = "web01", "web04"  # IIS 10 with http.sys records, and IIS 6.0 with the metabase
HOSTS = (NEW, OLD)


class Watched:
    """Does commands by a program, and keeps what it was given."""

    def __init__(self, program: str, stage: Stage) -> None:
        self.given: list[tuple[str, bytes, Outcome]] = []
        self._run = interpreter.PowerShell(program, stage.directory / "worlds", stage.fleet.errors.append)
        stage.fleet.settings.interpreter = self

    def __call__(self, host: Host, command_line: str, stdin: bytes) -> Outcome:
        outcome = self._run(host, command_line, stdin)
        self.given.append((command_line, stdin, outcome))
        return outcome


@pytest.fixture(params=["pretended", "real"])
def program(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "pretended":
        path = tmp_path / "pretended"
        path.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m tests.fleet.kept.pretend "$@"\n')
        path.chmod(0o755)
        return str(path)
    found = interpreter.find_powershell()
    if not found:
        pytest.skip(NONE)
    return found


def done(run: Run, watched: Watched) -> Run:
    """What PowerShell itself said is what helps where it fails."""
    said = "\n".join(outcome.stderr.decode("utf-8", "replace")[-2000:] for _line, _stdin, outcome in watched.given)
    assert run.returncode == 0, f"{run.output}\nstandard error of each command:\n{said}"
    return run


def test_info_and_a_whole_renewal(program: str, tmp_path: Path) -> None:
    stage_folder = tmp_path / "stage"
    stage_folder.mkdir()
    with staged("demo", stage_folder) as stage:
        renewal_of_demo(stage, list(HOSTS))
        watched = Watched(program, stage)
        before = stage.digests(list(HOSTS))
        info = done(stage.task("tls_info", {}), watched)
        told(stage, info)
        dry = done(stage.run("playbooks/renew.yml", "--check", "--diff"), watched)
        assert stage.digests(list(HOSTS)) == before
        assert not any(stage.host(name).write_log for name in HOSTS), "a dry run wrote"
        run = done(stage.run("playbooks/renew.yml", "--diff"), watched)
        outside(stage, dry, run)
        again = done(stage.run("playbooks/renew.yml", "--diff"), watched)
        for name in HOSTS:
            assert f"{name} " in again.output
            assert not any(each["result"].get("changed") for each in again.results if each["host"] == name), name
        as_ansible_sends_them(watched)


def told(stage: Stage, info: Run) -> None:
    """Certificates, bindings and keys are seen; of each key its container too."""
    for name in HOSTS:
        assert info.status(name) == "ok"
        assert stage.thumbprint(name, "old") in str(info.of(name)), name


def outside(stage: Stage, dry: Run, run: Run) -> None:
    """What programs that are not ours see; and the backup opens."""
    for name, endpoint in ((NEW, ("10.0.1.11", 443)), (OLD, ("127.0.0.1", 443))):
        part: dict[str, Any] = run.of(name, "renew the certificate")
        thumbprint = part["certificate_install"]["thumbprint"]
        assert {each["outcome"] for each in part["site_certificate"]["proofs"].values()} == {"proven"}, name
        chain = witness.served_chain(stage.fleet.socket_address(name, *endpoint))
        assert witness.thumbprint(chain.leaf) == thumbprint, name
        backup, password_file = stage.backups / f"{name}_{thumbprint}.pfx", stage.directory / "password"
        password_file.write_text(PASSWORD, encoding="utf-8")
        assert len(witness.backup(backup, password_file)) > 1, name
        planned, made = (each.of(name, "renew the certificate")["diff"] for each in (dry, run))
        assert planned == made != [], name


def as_ansible_sends_them(watched: Watched) -> None:
    """Byte for byte: the bootstrap as it is encoded, the shipped script, the separator, a batch."""
    start = f"{bootstrap.script()}{bootstrap.SEPARATOR}\n".encode("ascii")
    assert len(watched.given) >= 8
    for command_line, stdin, outcome in watched.given:
        assert interpreter.decoded(command_line) == bootstrap.BOOTSTRAP
        assert stdin.startswith(start)
        assert b"-----BEGIN " in outcome.stdout
