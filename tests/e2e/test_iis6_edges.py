# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IIS 6.0 where something goes wrong: power, the script, a listener; and what must stay inherited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.fleet.batch import At

from . import witness
from .plain import FIRST, OLD, PRODUCTION, RSA, at, journal, records, scenario, site, swap
from .stage import Case, Stage, staged
from .test_iis6 import REQUEST, SECOND, answer, bare, encoded, iis6, inherited, looked


def states(stage: Stage, name: str) -> dict[str, Any]:
    """Of each site: whether it runs, and whether it starts with its service."""
    world = stage.host(name)
    modes = {shown: world.metabase.get(f"W3SVC/{at}", "ServerAutoStart")[0] for at, shown in enumerate(world.sites, 1)}
    return {shown: (state, modes[shown]) for shown, state in world.sites.items()}


def test_a_crash_behind_a_run_keeps_which_sites_run(tmp_path: Path) -> None:
    """ServerAutoStart is written as a site starts or stops, behind the certificate."""
    both = (site("Production", at("*:443:"), state="stopped"), site("Renewal", at("*:443:")))
    off = {"W3SVC": {"running": False, "start": 2}}
    hosts = {"states": iis6(*both), "services": iis6(both[0], services=off)}
    with staged(scenario(**hosts), tmp_path) as stage:
        cases = {"states": swap(stage, "states", renewal_site="Renewal"), "services": swap(stage, "services")}
        results = stage.cases(cases)
        expected = {"Production": ("Started", True), "Renewal": ("Stopped", False)}
        for name in hosts:
            assert results[name]["changed"], results[name]
            assert "remedy" not in results[name]["proofs"][FIRST], "a site that it started itself has it anew"
            stage.host(name).crash()
            shown = states(stage, name)
            assert shown == {each: expected[each] for each in shown}
            assert witness.thumbprint(looked(stage, name).leaf) == stage.thumbprint(name, "new")


def test_a_site_that_was_stopped_is_stopped_again_where_it_does_not_serve(tmp_path: Path) -> None:
    both = (site("Production", at("*:443:"), state="stopped"), site("Renewal", at("*:443:")))
    off = {"W3SVC": {"running": False, "start": 3}}
    hosts = {
        "taken": iis6(*both),
        "free": iis6(both[0]),
        "services": iis6(both[0], site("Other", at("*:8443:")), services=off),
    }
    with staged(scenario(**hosts), tmp_path) as stage:
        before = {name: (states(stage, name), records(stage, name)) for name in hosts}
        for name in hosts:
            silent(stage, name)
        more = {"taken": {"renewal_site": "Renewal"}, "free": {}, "services": {}}
        results = stage.cases({name: swap(stage, name, **more[name]) for name in hosts})
        for name, result in results.items():
            assert result["status"] == "failed", name
            assert "The old state was put back." in result["msg"]
            assert not result["changed"], name
            assert (states(stage, name), records(stage, name)) == before[name], name
            assert journal(stage, name) == [], name


def silent(stage: Stage, name: str) -> None:
    """The site's listener closes each connection while it has the new certificate."""
    web, new = stage.host(name).iis6, stage.thumbprint(name, "new")
    credential = web.credential

    def closing(ip: str, port: int, server_name: str | None) -> Any:
        return None if records(stage, name)[FIRST]["certificate"] == new else credential(ip, port, server_name)

    web.credential = closing


def test_a_script_that_is_killed_while_the_site_is_stopped_leaves_it_running(tmp_path: Path) -> None:
    """Behind the stop and before the start of the site that goes on with its old certificate.

    The same task takes it up again; ``replaces`` starts no site, so only what the journal says does.
    """
    with staged(scenario(cut=iis6(), later=iis6()), tmp_path) as stage:
        before = {name: states(stage, name) for name in ("cut", "later")}
        for name in before:
            killed_behind_stop(stage, name, for_good=name == "later")
        cases = {
            name: swap(stage, name, production_site=None, replaces=stage.thumbprint(name, "old")) for name in before
        }
        assert stage.cases(cases)["cut"]["changed"]
        assert stage.host("later").sites["Production"] == "Stopped"
        assert journal(stage, "later") == [FIRST, "restart=W3SVC/1"]
        del stage.host("later").execute
        again = stage.cases({"later": cases["later"]})["later"]
        assert "site Production" in again["repair"]["repaired"]
        for name in before:
            assert states(stage, name) == before[name], name
            assert journal(stage, name) == [], name
            assert witness.thumbprint(looked(stage, name).leaf) == stage.thumbprint(name, "new"), name


def killed_behind_stop(stage: Stage, name: str, *, for_good: bool) -> None:
    """``for_good``: from then on the host answers nothing."""
    world = stage.host(name)
    execute = world.execute

    def cut(lines: list[str], at: At) -> str:
        found = [
            number for number, line in enumerate(lines) if line.startswith("do ") and f" {encoded('Stop')}" in line
        ]
        if not found:
            return str(execute(lines, at))
        execute([*lines[: found[0] + 1], "end"], at)
        world.execute = (lambda _lines, _at: "") if for_good else execute
        return ""

    world.execute = cut


def test_a_chain_that_changes_leaves_the_certificate_inherited(tmp_path: Path) -> None:
    """It is bound again, and the site does not get one of its own by that; nor a store that was not set."""
    stores = [{"certificate": f"{RSA}.{role}", "in": ["Root"]} for role in ("new_root", "old_root")]
    stores += [{"certificate": f"{RSA}.{role}", "in": ["CA"]} for role in ("cross", "intermediate")]
    old = {"authority": RSA, "names": ["www.example.com"], "key": "rsa-2048"}
    common = {"product": OLD, "stores": stores, "certificates": {"old": old}}
    hosts = {
        "inherited": {**common, "sites": [site("Production", inherited("*:443:")), site("Other", inherited("*:444:"))]},
        "no-store": {**common, "sites": [site("Production", at("*:443:"))]},
    }
    authorities = {RSA: {"shape": "cross", "key": "rsa-2048"}}
    with staged({"authorities": authorities, "hosts": hosts}, tmp_path) as stage:
        metabase = stage.host("no-store").metabase
        del metabase.node("W3SVC/1").values["SSLStoreName"]
        metabase.save()
        before = {name: (records(stage, name), states(stage, name)) for name in hosts}
        given = {"trusted_root_conflicting": True, "trusted_root_state": "disabled"}
        stage.set_variables({name: {} for name in hosts}, **given)
        stage.beats(stage.role("trusted_root"), list(hosts))
        for name in hosts:
            assert (records(stage, name), states(stage, name)) == before[name], name
            assert len(looked(stage, name).names) == 3, "the longer chain"
        assert "SSLStoreName" not in metabase.node("W3SVC/1").values


def test_what_would_cut_connections_for_nothing_or_break_another_binding(tmp_path: Path) -> None:
    """A listener at an address that the host no longer has; a host name at another port of the renewal site."""
    hosts = {
        "gone": iis6(site("Production", at("*:443:"), at("10.9.9.9:443:"))),
        "other-name": iis6(site("Renewal", at("*:8443:other.example.net")), requests=REQUEST),
        "taken": iis6(site("Production", at("*:443:")), bare(), requests=REQUEST),
        "signs-only": iis6(),
    }
    hosts["signs-only"]["certificates"]["new"] = hosts["signs-only"]["certificates"]["new"] | {"key_spec": 2}
    with staged(scenario(**hosts), tmp_path) as stage:
        bind = {"renewal_site": "Renewal", "bind": True}
        cases: dict[str, tuple[Case, str]] = {
            "other name": (answer(stage, "other-name", port=9443, **bind), "other.example.net of the site 'Renewal'"),
            "taken": (answer(stage, "taken", **bind), "port 443 is taken"),
            "signs only": (swap(stage, "signs-only"), "KeySpec 2"),
        }
        stage.refused(cases)
        listening = stage.host("gone").iis6.listening
        stage.host("gone").iis6.listening = lambda: listening() - {("10.9.9.9", 443)}
        result = stage.cases({"gone": swap(stage, "gone")})["gone"]
        assert "10.9.9.9" in result["msg"]
        assert "started anew" not in result["msg"]
        assert not [each for each in stage.host("gone").write_log if each["kind"] == "site"]


def test_step_1_on_a_started_site_does_not_leave_it_with_the_old_certificate(tmp_path: Path) -> None:
    hosts = {"web": iis6(PRODUCTION, site("Renewal", at("*:8443:")), requests=REQUEST)}
    with staged(scenario(**hosts), tmp_path) as stage:
        new = stage.thumbprint("web", "renewal")
        bind = answer(stage, "web", renewal_site="Renewal", bind=True, port=8443)
        result = stage.cases({"bind": bind})["bind"]
        assert result["proofs"][SECOND]["outcome"] == "proven"
        assert "so it was stopped and started: open connections were cut." in str(result["warnings"])
        assert witness.thumbprint(looked(stage, "web", 8443).leaf) == new
        assert witness.thumbprint(looked(stage, "web").leaf) == stage.thumbprint("web", "old")
        assert journal(stage, "web") == []
        looks = {"again": bind, "info": Case("web", "tls_info", {}), "swap": swap(stage, "web", thumbprint=new)}
        again = stage.cases(looks)
        assert (again["again"]["changed"], again["again"].get("warnings")) == (False, None)
        assert again["info"]["problems"] == []
        assert "Renewal" not in str(again["swap"]["warnings"])


def test_step_1_on_a_site_that_nobody_reaches_goes_on_with_a_warning(tmp_path: Path) -> None:
    hosts = {"web": iis6(PRODUCTION, site("Renewal", at("10.9.9.9:8443:")), requests=REQUEST)}
    with staged(scenario(**hosts), tmp_path) as stage:
        listening = stage.host("web").iis6.listening
        stage.host("web").iis6.listening = lambda: listening() - {("10.9.9.9", 8443)}
        bind = answer(stage, "web", renewal_site="Renewal", bind=True, port=8443)
        results = stage.cases({"bind": bind, "again": bind})
        assert results["bind"]["proofs"][SECOND]["outcome"] == "unproven"
        assert "not proven" in str(results["bind"]["warnings"])
        assert journal(stage, "web") == []
        assert (results["again"]["changed"], results["again"].get("warnings")) == (False, None)


def test_a_start_that_succeeds_at_the_second_attempt_leaves_nothing_behind(tmp_path: Path) -> None:
    with staged(scenario(web=iis6(options={"iis6_start_failures": {"Production": 0x80070020}})), tmp_path) as stage:
        result = stage.cases({"swap": swap(stage, "web")})["swap"]
        assert (result["status"], result["changed"]) == ("ok", True), result
        (warning,) = result["warnings"]
        assert "Start of W3SVC/1 failed" in warning
        assert "open connections were cut" in warning
        assert "it runs and serves what it should" in warning
        assert journal(stage, "web") == []
        assert witness.thumbprint(looked(stage, "web").leaf) == stage.thumbprint("web", "new")
        again = stage.cases({"again": swap(stage, "web")})["again"]
        assert (again["changed"], again.get("warnings")) == (False, None)


def test_a_dry_run_that_looks_says_what_it_saw_and_what_a_run_does(tmp_path: Path) -> None:
    with staged(scenario(web=iis6()), tmp_path) as stage:
        stage.host("web").iis6.add_certificate("W3SVC/1", "MY", stage.thumbprint("web", "new"))
        always = swap(stage, "web", verify="always")
        dry = stage.cases({"dry": always}, "--check")["dry"]
        (warning,) = dry["warnings"]
        assert dry["changed"]
        assert warning.startswith("the site 'Production' (metabase=W3SVC/1) goes on with what it had before (")
        assert warning.endswith("A run stops and starts it, which cuts open connections, and looks again.")
        assert stage.cases({"run": always})["run"]["changed"]
        assert witness.thumbprint(looked(stage, "web").leaf) == stage.thumbprint("web", "new")


def test_without_the_hotfix_for_sha_2_every_look_says_so(tmp_path: Path) -> None:
    """Also where no site is named."""
    with staged(scenario(web=iis6(options={"sha2": False}, requests=REQUEST), fine=iis6()), tmp_path) as stage:
        cases = {name: Case(name, "tls_info", {}) for name in ("web", "fine")}
        results = stage.cases({**cases, "install": answer(stage, "web")})
        assert "KB968730" in str(results["install"]["warnings"])
        kinds = {name: [each["kind"] for each in results[name]["problems"]] for name in cases}
        assert "no_sha2" in kinds["web"]
        assert "no_sha2" not in kinds["fine"]


def test_by_binding_the_stopped_renewal_site_keeps_what_step_1_gave_it(tmp_path: Path) -> None:
    with staged(scenario(web=iis6(PRODUCTION, site("Renewal", at("*:443:"), state="stopped"))), tmp_path) as stage:
        before = records(stage, "web")
        given = {"production_site": None, "binding": "*:443:", "renewal_site": "Renewal"}
        result = stage.cases({"swap": swap(stage, "web", **given)})["swap"]
        assert result["changed"], result
        after = records(stage, "web")
        assert after[SECOND] == before[SECOND]
        assert after[FIRST]["certificate"] == stage.thumbprint("web", "new")


def test_a_site_that_has_one_port_for_http_and_tls_does_not_start(tmp_path: Path) -> None:
    both = site("Production", at("*:443:"), {"protocol": "http", "information": "*:443:"}, state="stopped")
    with staged(scenario(web=iis6(both)), tmp_path) as stage:
        before = records(stage, "web")
        result = stage.cases({"swap": swap(stage, "web")})["swap"]
        assert (result["status"], records(stage, "web"), journal(stage, "web")) == ("failed", before, [])
