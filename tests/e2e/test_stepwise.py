# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The renewal as four tasks: its dry run shows what the run does, although each task plans on what the others left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from . import witness
from .playbook import Run
from .stage import PASSWORD, SCENARIOS, Stage, changed, diffs, staged

PLAYBOOK = "playbooks/renew_stepwise.yml"
SITES = {
    "web01": ("Production", "Renewal"),
    "web02": ("本番サイト", "更新用サイト"),
    "web03": ("Intranet", "Renewal"),
    "web04": ("Default Web Site", "Renewal"),
    "hosting": ("Production", "Renewal"),
}


def scenario() -> dict[str, Any]:
    """The demo's hosts, and one whose production site takes its certificate from the store WebHosting."""
    fleet: dict[str, Any] = yaml.safe_load((SCENARIOS / "demo.yml").read_text(encoding="utf-8"))
    web03 = fleet["hosts"]["web03"]
    host = dict(
        web03, addresses=["10.0.1.15"], certificates={"old": {**web03["certificates"]["old"], "store": "WebHosting"}}
    )
    record = {"store": "WebHosting"}
    production = {"information": "*:443:intra.example.com", "certificate": "old", "record": record}
    host["sites"] = [{"name": "Production", "bindings": [production]}, web03["sites"][1]]
    fleet["hosts"]["hosting"] = host
    return fleet


def furnish(stage: Stage) -> None:
    own = {
        name: {
            "renewal_production_site": production,
            "renewal_renewal_site": renewal,
            "renewal_answer_path": stage.answer(name),
        }
        for name, (production, renewal) in SITES.items()
    }
    stage.set_variables(own, renewal_backup_password=PASSWORD, renewal_backup_destinations=[f"{stage.backups}/"])


def play(stage: Stage, *options: str) -> Run:
    run = stage.run(PLAYBOOK, "--diff", *options)
    assert run.returncode == 0, run.output
    assert {each["status"] for each in run.results} == {"ok", "skipped"}, run.output  # nobody is asked
    return run


def test_the_dry_run_of_every_step_shows_what_its_run_does(tmp_path: Path) -> None:
    with staged(scenario(), tmp_path) as stage:
        furnish(stage)
        hosts = list(SITES)
        before = stage.digests(hosts)
        dry = play(stage, "--check")
        assert stage.digests(hosts) == before, "the dry run changed a host"
        assert not any(stage.host(name).write_log for name in hosts), "the dry run wrote"
        assert list(stage.backups.iterdir()) == []
        done = play(stage)
        after = stage.digests(hosts)
        for name in hosts:
            assert changed(dry, name) == changed(done, name) != [], name
            assert once(diffs(dry, name)) == diffs(done, name) != [], name
            assert (stage.backups / f"{name}_{stage.thumbprint(name, 'renewal')}.pfx").is_file(), name
        for run in (play(stage), play(stage, "--check")):
            assert {name: changed(run, name) + diffs(run, name) for name in hosts} == {name: [] for name in hosts}
        assert stage.digests(hosts) == after, "a second run changed a host"
        served(stage)


def once(entries: list[Any]) -> list[Any]:
    """Without repetitions.

    In a dry run the installation still lacks the cross certificate that the pre-check would have put into the store by
    then, so both of them show it, in the same words.
    """
    return [each for number, each in enumerate(entries) if each not in entries[:number]]


def served(stage: Stage) -> None:
    """What openssl sees: the cross certificate is sent now, and the record that takes its certificate from WebHosting
    has found the new one there."""
    cross = witness.served_chain(stage.fleet.socket_address("web01", "10.0.1.11", 443))
    assert len(cross.names) == 3
    host, new = stage.host("hosting"), stage.thumbprint("hosting", "renewal")
    assert host.keys.find(host.stores.find("WebHosting", new).link)
    sent = witness.served_chain(stage.fleet.socket_address("hosting", "127.0.0.1", 443))
    assert witness.thumbprint(sent.leaf) == new
