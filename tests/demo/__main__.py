# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``make demo``: the real ansible-playbook renews a small simulated Windows fleet, and OpenSSL looks at it."""

from __future__ import annotations

import dataclasses
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import witness
from tests.e2e.playbook import ROOT, environment
from tests.e2e.stage import Case
from tests.e2e.stage import Stage as Cases
from tests.fleet.fleet import Fleet

SCENARIO = ROOT / "tests" / "fleet" / "scenarios" / "demo.yml"
PLAYBOOK = "playbooks/renew.yml"

# Per host: what a user writes into the inventory, and where the demo looks from outside.
SITES: dict[str, dict[str, str]] = {
    "web01": {"renewal_production_site": "Production", "renewal_renewal_site": "Renewal"},
    "web02": {"renewal_production_site": "本番サイト", "renewal_renewal_site": "更新用サイト"},
    "web03": {"renewal_production_site": "Intranet", "renewal_renewal_site": "Renewal"},
    "web04": {"renewal_production_site": "Default Web Site", "renewal_renewal_site": "Renewal"},
}
LOOKS: list[tuple[str, str, str]] = [
    ("web01", "10.0.1.11", ""),
    ("web02", "10.0.1.12", "shop.example.jp"),
    ("web02", "10.0.1.12", "www.example.jp"),
    ("web03", "10.0.1.13", ""),
    ("web04", "10.0.1.14", ""),
]


@dataclasses.dataclass(frozen=True)
class Stage:
    """A running demo: the fleet and the user's files."""

    fleet: Fleet
    directory: Path
    inventory: Path
    password_file: Path
    backups: Path


def main() -> int:
    started = time.monotonic()
    directory = Path(tempfile.mkdtemp(prefix="tlsops-demo-"))
    try:
        with Fleet.start(SCENARIO, directory) as fleet:
            stage = prepare(fleet, directory)
            good = perform(stage)
            print(
                f"\n{time.monotonic() - started:.0f} s in all. Simulated hosts; nothing here has run on real Windows."
            )
            return 0 if good and not fleet.errors else 1
    finally:
        shutil.rmtree(directory)


def prepare(fleet: Fleet, directory: Path) -> Stage:
    """The files a user has: the CA's mails, an inventory, a password, a folder for the backups."""
    inventory = fleet.write_files()
    password_file, backups = directory / "backup_password", directory / "backups"
    backups.mkdir(mode=0o700)
    password = secrets.token_urlsafe(24)
    _write_private(password_file, password)
    content: dict[str, Any] = yaml.safe_load(inventory.read_text(encoding="utf-8"))
    common = {"renewal_backup_password": password, "renewal_backup_destinations": [f"{backups}/"]}
    content["all"]["vars"] |= common
    for host, sites in SITES.items():
        content["all"]["hosts"][host] |= sites | {"renewal_answer_path": str(directory / "mails" / f"{host}.txt")}
    _write_private(inventory, yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    return Stage(fleet, directory, inventory, password_file, backups)


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)


def perform(stage: Stage) -> bool:
    """The pre-check, the four acts and the table. True when everything was as it should be."""
    heading("What the sites serve before, by openssl s_client")
    before = look(stage)
    heading("The pre-check of the real VeriSign G5 on web04, Server 2003")
    checked_root = precheck(stage)
    heading(f"1. Dry run: ansible-playbook -i inventory.yml {PLAYBOOK} --check --diff")
    digests = {name: host.digest() for name, host in stage.fleet.hosts.items()}
    checked, _other = play(stage, "--check", "--diff")
    untouched = digests == {name: host.digest() for name, host in stage.fleet.hosts.items()}
    print("The hosts' whole state is the same as before." if untouched else "THE DRY RUN CHANGED A HOST")
    heading(f"2. Renewal: ansible-playbook -i inventory.yml {PLAYBOOK}")
    stage.fleet.reset_traffic()
    renewed, _other = play(stage)
    traffic = {name: stage.fleet.traffic(name) for name in stage.fleet.hosts}
    heading("3. The same again: nothing to do")
    again, output = play(stage)
    unchanged = output.count("changed=0") == len(stage.fleet.hosts)
    heading("4. What was proven, by openssl s_client and openssl pkcs12")
    after = look(stage)
    table = Table(stage, before, after, traffic)
    table.print()
    return all((checked_root, checked == 0, renewed == 0, again == 0, untouched, unchanged, table.good))


def heading(text: str) -> None:
    print(f"\n=== {text}\n", flush=True)


def look(stage: Stage) -> dict[tuple[str, str], witness.ServedChain]:
    seen = {}
    for host, address, name in LOOKS:
        seen[host, name] = witness.served_chain(stage.fleet.socket_address(host, address, 443), name)
        print(f"{host} {name or '(no SNI)'}: {seen[host, name]}")
    return seen


def precheck(stage: Stage) -> bool:
    """The real roots are in web04's stores; their cross certificates expired in 2021, so nothing is disabled there.

    What web04 serves is of a hierarchy of the same shape, since nobody can sign below the real one: the renewal finds
    the conflict there, and disables that root.
    """
    states = ("reported", "disabled")
    root = {"certificates": ["verisign_g5"]}
    cases = {state: Case("web04", "trusted_root", {**root, "state": state}) for state in states}
    played = Cases(stage.fleet, stage.directory, stage.inventory).cases(cases)
    for copy in played["reported"]["roots"][0]["copies"]:
        print(f"state: reported - the copy in {copy['physical']} is {copy['after']}")
    refused = played["disabled"]
    print(f"state: disabled - {refused.get('msg', 'DONE')}")
    return refused["status"] == "failed" and "expired on 2021-11-07" in refused["msg"]


def play(stage: Stage, *options: str) -> tuple[int, str]:
    """Runs the playbook with its output shown as it comes."""
    command = [sys.executable, "-m", "ansible.cli.playbook", "-i", str(stage.inventory), PLAYBOOK, *options]
    env = environment(stage.directory / "record.jsonl")
    lines = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            print(line.replace(str(stage.directory), "/demo"), end="", flush=True)
    return process.returncode, "".join(lines)


Chains = dict[tuple[str, str], witness.ServedChain]


class Table:
    """The last thing the demo prints, a row a host; ``good`` says whether every row is as it should be."""

    titles = ("host", "certificate ends", "sent", "sites", "backup, by openssl", "WinRM commands")

    def __init__(self, stage: Stage, before: Chains, after: Chains, traffic: dict[str, Any]) -> None:
        self.good = True
        self.rows = [self._row(stage, host, before, after, traffic[host]) for host in SITES]

    def _row(self, stage: Stage, host: str, before: Chains, after: Chains, traffic: Any) -> list[str]:
        looks = [(before[place], after[place]) for place in before if place[0] == host]
        self.good &= all(new.names and new.leaf and old.leaf != new.leaf for old, new in looks)
        states = stage.fleet.hosts[host].sites
        self.good &= list(states.values()) == ["Started", "Stopped"]
        old, new = looks[0]
        return [
            host,
            f"{_day(old.not_after)} -> {_day(new.not_after)}",
            f"{len(old.names)} -> {len(new.names)}",
            ", ".join(f"{site} {state.lower()}" for site, state in states.items()),
            self._backup(stage, host),
            f"{traffic.commands} ({traffic.requests} requests)",
        ]

    def _backup(self, stage: Stage, host: str) -> str:
        files = list(stage.backups.glob(f"{host}_*.pfx"))
        names = witness.backup(files[0], stage.password_file) if len(files) == 1 else []
        if not names or not witness.key_belongs(files[0], stage.password_file):
            self.good = False
            return "MISSING"
        print(f"{host} backup, {witness.encryption(files[0], stage.password_file)}: {', '.join(names)}")
        return f"key and {len(names)} certificates"

    def print(self) -> None:
        rows = [list(self.titles), *self.rows]
        widths = [max(_width(row[column]) for row in rows) for column in range(len(self.titles))]
        print()
        for row in rows:
            cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
            print("  ".join(cells).rstrip())


def _day(moment: str) -> str:
    """The date of OpenSSL's ``Dec 18 00:03:13 2026``."""
    return datetime.strptime(moment, "%b %d %H:%M:%S %Y").strftime("%Y-%m-%d") if moment else "?"


def _width(text: str) -> int:
    """Columns on a terminal: East Asian characters take two."""
    return sum(2 if ord(each) > 0x2E7F else 1 for each in text)


if __name__ == "__main__":
    sys.exit(main())
