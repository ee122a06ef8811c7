# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole way of a certificate among other things of a play: several on one host, failures that a play survives."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from .life import COMMON, FLEET, NAMES, answered, done, including, looked, manual, own_ca, states
from .plain import at
from .plain import site as site_of
from .stage import Stage, staged

SAID = {"name": "Afterwards", "ansible.builtin.debug": {"var": "renewal_state"}}
ROLE = {"name": "The role", "ansible.builtin.include_role": {"name": "tlsops.windows.renewal"}}


def book(stage: Stage, *tasks: dict[str, Any], **play: Any) -> Path:
    path = stage.directory / "edges.json"
    play = {"name": "Edges", "hosts": "all", "gather_facts": False, "tasks": list(tasks), **play}
    path.write_text(json.dumps([play]), encoding="utf-8")
    return path


def two_sites() -> dict[str, Any]:
    """web01 with two certificates whose first names are the same."""
    fleet = copy.deepcopy(FLEET)
    web01 = fleet["hosts"]["web01"]
    names = ["www.example.com", "api.example.com"]
    web01["certificates"]["api"] = {**web01["certificates"]["old"], "names": names}
    web01["sites"].append(site_of("Api", {**at("*:8443:"), "certificate": "api"}))
    return fleet


def test_two_requests_of_a_host_with_the_same_first_name_have_two_files(tmp_path: Path) -> None:
    with staged(two_sites(), tmp_path) as stage:
        manual(stage)
        stage.set_variables({"web01": {}})
        each = {**ROLE, "vars": {"renewal_production_site": "{{ item }}"}, "loop": ["Production", "Api"]}
        play = book(stage, each, SAID, strategy="free")
        done(stage, play)
        files = {path.name: path.read_bytes() for path in (tmp_path / "ca").iterdir()}
        assert sorted(files) == ["web01_www.example.com.csr", "web01_www.example.com_2.csr"]
        run, taken = done(stage, play)
        assert (states(run), taken["web01"], "changed=0" in run.output) == ({"web01": "waiting"}, 2, True)
        assert {path.name: path.read_bytes() for path in (tmp_path / "ca").iterdir()} == files
        assert "_2.csr" in str(run.of("web01", "where it stands"))
        (tmp_path / "ca" / "web01_www.example.com_2.csr").rename(tmp_path / "ca" / "web01_.keep")
        answered(stage, "web01", "an answer")
        (tmp_path / "ca" / "web01_.keep").rename(tmp_path / "ca" / "web01_www.example.com_2.csr")
        done(stage, play)
        run, taken = done(stage, play)
        assert (states(run), taken["web01"], "changed=0" in run.output) == ({"web01": "waiting"}, 2, True)
        assert {path.name: path.read_bytes() for path in (tmp_path / "ca").glob("*.csr")} == files


def test_a_state_is_never_that_of_an_earlier_inclusion_or_of_a_failure(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        manual(stage)
        stage.set_variables({"web01": {}}, renewal_sign="", renewal_production_site="")
        nowhere = {**COMMON, "renewal_production_site": "No such site"}
        play = including(
            stage,
            "edges.json",
            ("one", COMMON),
            ("refused", {**COMMON, "renewal_folder": "/no/such/folder"}),
            ("failed", nowhere),
            ("ignored", {**nowhere, "renewal_no_match": "ignore"}),
            ("null", {"renewal_sign": None, "renewal_thumbprint": "00", "renewal_production_site": "Production"}),
        )
        content = json.loads(play.read_text(encoding="utf-8"))
        for block in content[0]["tasks"]:
            block["rescue"].append(
                {"name": f"Rescued {block['name']}", **{k: v for k, v in SAID.items() if k != "name"}}
            )
        play.write_text(json.dumps(content), encoding="utf-8")
        run = stage.run(play)
        assert run.of("web01", "After one")["msg"]["state"] == "waiting", run.output
        assert run.of("web01", "Rescued refused")["renewal_state"] == ""
        assert run.of("web01", "Rescued failed")["renewal_state"] == ""
        assert run.of("web01", "After ignored")["msg"] == {"state": "no_match", "result": {}}
        found = [each["result"]["findings"] for each in run.results if "state" in each["result"]][-1]
        assert found == ["Nothing to do here: there is no site 'No such site'. There are: Production."]
        # ansible-core 2.18 refuses null for a text of a role, later ones take it as an empty one.
        refused = run.of("web01", "Refused null")["msg"]
        assert "'00' is not a thumbprint" in refused or "argument 'renewal_sign' is of type" in refused


def test_a_host_that_cannot_be_reached_keeps_no_other_from_going_on(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        manual(stage)
        stage.set_variables({name: {"ansible_port": 1} if name == "web01" else {} for name in NAMES})
        run = stage.run(book(stage, ROLE, SAID, ignore_unreachable=True))
        assert {name: run.of(name, "Afterwards")["renewal_state"] for name in NAMES} == {
            "early": "not_due",
            "web01": "",
            "web02": "waiting",
        }
        assert not [each for each in run.results if each["status"] == "failed"], run.output


def test_a_role_in_check_mode_of_its_own_signs_nothing(tmp_path: Path) -> None:
    """``check_mode`` of a block is not that of the run, which is all that a variable tells of."""
    with staged(FLEET, tmp_path) as stage:
        play = own_ca(stage)
        stage.set_variables({"web01": {}}, renewal_ca_key_passphrase="wrong")
        done(stage, play)
        stage.set_variables({"web01": {}}, renewal_ca_key_passphrase="the passphrase of the CA's key")
        run = stage.run(book(stage, {"name": "Look", "block": [ROLE, SAID], "check_mode": True}))
        assert states(run) == {"web01": "would_sign"}


def test_what_an_earlier_run_has_installed_is_bound_to_no_renewal_site(tmp_path: Path) -> None:
    with staged(FLEET, tmp_path) as stage:
        play = manual(stage, renewal_bind=True, renewal_renewal_site="Renewal")
        stage.set_variables({"web01": {}})
        done(stage, play)
        answered(stage, "web01", "an answer")
        assert stage.task("certificate_install", {"answer_path": f"{tmp_path}/ca/an answer"}).returncode == 0
        (tmp_path / "ca" / "an answer").unlink()
        stage.set_variables({"web01": {}}, renewal_renewal_site="")
        assert states(looked(stage, play)) == {"web01": "would_renew"}


def test_a_renewal_that_went_wrong_is_done_again_with_the_whole_answer(tmp_path: Path) -> None:
    """The intermediate came with the answer, and was taken back; the certificate itself stayed."""
    fleet = copy.deepcopy(FLEET)
    fleet["hosts"]["web01"]["stores"] = [{"certificate": "simple.root", "in": ["Root"]}]
    with staged(fleet, tmp_path) as stage:
        play = manual(stage)
        stage.set_variables({"web01": {}})
        done(stage, play)
        answered(stage, "web01", "an answer")
        host = stage.host("web01")
        good, credential = host.credential, host.credential("10.0.1.11", 443, None)
        host.credential = lambda *_: credential
        run, _taken = done(stage, play)
        assert "The old state was put back" in run.of("web01")["msg"]
        assert (len(host.store("MY")), len(host.store("REQUEST")), len(host.store("CA"))) == (2, 0, 0)
        host.credential = good
        assert states(looked(stage, play)) == {"web01": "would_renew"}
        run, taken = done(stage, play)
        assert (states(run), taken["web01"]) == ({"web01": "renewed"}, 3)
        assert len(host.store("CA")) == 1


def test_an_old_certificate_that_no_site_uses_any_more_is_not_renewed(tmp_path: Path) -> None:
    fleet = two_sites()
    fleet["hosts"]["web01"]["sites"].pop()
    with staged(fleet, tmp_path) as stage:
        play = own_ca(stage, renewal_no_match="ignore", renewal_replaces="{{ old }}")
        old = stage.thumbprint("web01", "api")
        stage.set_variables({"web01": {"old": old}, "web02": {"old": old}}, renewal_production_site="")
        run, _taken = done(stage, play)
        assert states(run) == dict.fromkeys(["web01", "web02"], "no_match")
