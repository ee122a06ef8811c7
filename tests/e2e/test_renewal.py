# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole documented chain as one task, through the real ansible-playbook, WinRM and pywinrm."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

from . import witness
from .stage import PASSWORD, Stage, staged

SITES = {
    "web01": ("Production", "Renewal"),
    "web02": ("本番サイト", "更新用サイト"),
    "web03": ("Intranet", "Renewal"),
    "web04": ("Default Web Site", "Renewal"),
}


def renewal_of_demo(stage: Stage, hosts: list[str]) -> None:
    """The inventory variables of the role renewal for the demo's hosts."""
    own: dict[str, dict[str, Any]] = {
        name: {
            "renewal_production_site": SITES[name][0],
            "renewal_renewal_site": SITES[name][1],
            "renewal_answer_path": stage.answer(name),
        }
        for name in hosts
    }
    stage.set_variables(own, renewal_backup_password=PASSWORD, renewal_backup_destinations=[f"{stage.backups}/"])


def test_four_beats_of_the_renewal(tmp_path: Path) -> None:
    with staged("demo", tmp_path) as stage:
        renewal_of_demo(stage, list(SITES))
        before = witness.served_chain(stage.fleet.socket_address("web01", "10.0.1.11", 443))
        beats = stage.beats("playbooks/renew.yml", list(SITES))
        for host in SITES:
            assert beats.commands[host] <= (3 if host == "web04" else 2), host  # its site is started anew, once
            assert beats.requests[host] <= (20 if host == "web04" else 16), host
        part = beats.done.of("web01", "renew the certificate")
        assert set(part) >= {"trusted_root", "certificate_install", "site_certificate", "pfx_backup"}
        assert [proof["outcome"] for proof in part["site_certificate"]["proofs"].values()] == ["proven"]
        outside(stage, before, part["certificate_install"]["thumbprint"])


def outside(stage: Stage, before: witness.ServedChain, thumbprint: str) -> None:
    """What programs that are not ours say of web01: the cross certificate is sent now, and the backup opens."""
    after = witness.served_chain(stage.fleet.socket_address("web01", "10.0.1.11", 443))
    assert len(before.names) == 2, "the enabled self-signed root ends the chain early"
    assert len(after.names) == 3
    assert after.leaf != before.leaf
    assert stage.host("web01").sites == {"Production": "Started", "Renewal": "Stopped"}
    path = stage.backups / f"web01_{thumbprint}.pfx"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    password_file = stage.directory / "password"
    password_file.write_text(PASSWORD, encoding="utf-8")
    subjects = witness.backup(path, password_file)
    assert len(subjects) == 4, "leaf, intermediate, cross certificate and old root"
    assert "AES-256-CBC" in witness.encryption(path, password_file)


def test_the_old_certificate_stays(tmp_path: Path) -> None:
    with staged("demo", tmp_path) as stage:
        renewal_of_demo(stage, ["web03"])
        before = {entry.thumbprint for entry in stage.host("web03").store("MY")}
        assert stage.run("playbooks/renew.yml").returncode == 0
        assert before < {entry.thumbprint for entry in stage.host("web03").store("MY")}


def test_nothing_of_a_secret_is_in_the_output_at_any_verbosity(tmp_path: Path) -> None:
    with staged("demo", tmp_path) as stage:
        renewal_of_demo(stage, ["web03"])
        run = stage.run("playbooks/renew.yml", "-vvvvv", "--diff")
        assert run.returncode == 0, run.output
        assert PASSWORD not in run.output
        assert "battery" not in run.output
        assert "PRIVATE KEY" not in run.output
        assert not list(stage.directory.rglob("*.pem"))


def test_a_dry_run_of_the_stepwise_playbook_goes_through_and_its_run_does_the_same(tmp_path: Path) -> None:
    with staged("demo", tmp_path) as stage:
        renewal_of_demo(stage, ["web01", "web02"])
        dry = stage.run("playbooks/renew_stepwise.yml", "--check", "--diff")
        assert dry.returncode == 0, dry.output
        assert stage.host("web01").write_log == []
        assert any("not installed yet" in str(each["result"].get("warnings")) for each in dry.results)
        done = stage.run("playbooks/renew_stepwise.yml", "--diff")
        assert done.returncode == 0, done.output
        after = stage.digests(["web01", "web02"])
        again = stage.run("playbooks/renew_stepwise.yml", "--diff")
        assert "changed=0" in again.output
        assert "changed=1" not in again.output
        assert stage.digests(["web01", "web02"]) == after
        chain = witness.served_chain(stage.fleet.socket_address("web01", "10.0.1.11", 443))
        assert len(chain.names) == 3


def test_a_proof_that_fails_puts_the_old_state_back(tmp_path: Path) -> None:
    """The listener serves something else than the record says: the swap must not stay."""
    with staged("demo", tmp_path) as stage:
        renewal_of_demo(stage, ["web03"])
        host = stage.host("web03")
        old = host.sslcert("ipport=10.0.1.13:443")
        credential = host.credential("10.0.1.13", 443, None)
        host.credential = lambda *_: credential
        run = stage.run("playbooks/renew.yml")
        result = run.of("web03")
        assert run.status("web03") == "failed"
        assert result["stage"] == "verify"
        assert "old state was put back" in result["msg"]
        assert host.sslcert("ipport=10.0.1.13:443") == old
        assert host.sites == {"Intranet": "Started", "Renewal": "Stopped"}
        assert list(stage.backups.iterdir()) == []
