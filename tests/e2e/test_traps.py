# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Windows' own traps, one host each: refused before anything is touched, or handled and told of."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from tests.fleet.world import named, programs

from . import witness
from .plain import ANY, NAMES, PRODUCTION, SSTP, at, host, records, scenario, site, swap
from .stage import PASSWORD, Beats, Case, Stage, staged

SHARED = {"shared_configuration": 'enabled="true" path="\\\\nas\\iis" userName="EXAMPLE\\iis" '}
SNI, EXACT = "hostnameport=www.example.com:443", "ipport=10.0.1.7:443"
RENEWAL = site("Renewal", {"protocol": "http", "information": "*:80:"}, state="stopped")
CONSUMERS = {
    "winrm": "WinRM listener *+HTTPS",
    "rdp": "Remote Desktop RDP-Tcp",
    "wmsvc": "IIS management service (WMSVC)",
    "sql": "SQL Server MSSQL15.MSSQLSERVER",
    "sstp": "SSTP (Routing and Remote Access)",
    "ftp": "FTP (applicationHost.config, siteDefaults",
    "ftp/Production": "FTP (applicationHost.config, site 'Production'",
}


SEEN = {
    "hidden": f"{SNI} is not reached at 10.0.1.7",
    "rebind": "IIS-AutoCertRebind",
    "metabase-elsewhere": "for the site 'Second' (customMetadata, property 5506)",
    "shared": "redirection.config",
}


def refusing() -> dict[str, dict[str, Any]]:
    pending = {"requests": {"pending": {"authority": "simple", "names": NAMES}}}
    kept = {"options": {"iis6_compatibility": True}}
    many = {**SHARED, "appcmd_lists_at_most": 1}
    return {
        "metabase": host(PRODUCTION, metabase={"Production": "old"}, **kept),
        "metabase-whole": host(PRODUCTION, metabase={"Production": "old"}, **pending),
        "metabase-of-another": host(PRODUCTION, site("Second", at("*:443:")), metabase={"Second": "old"}, **kept),
        "metabase-renewal": host(PRODUCTION, site("Renewal", at("*:8443:")), metabase={"Renewal": "old"}, **pending),
        "shared-bind": host(PRODUCTION, RENEWAL, options=SHARED, **pending),
        "shared-many": host(site("Production", at("*:443:"), at("*:444:")), options=many),
        "foreign": host(site("Production", at("*:443:", app_id=SSTP))),
    }


def bind(stage: Stage, name: str) -> Case:
    answer = stage.text(name, "pending")
    arguments = {"answer": answer, "renewal_site": "Renewal", "port": 8443, "bind": True}
    return Case(name, "certificate_install", arguments)


def whole(stage: Stage, name: str) -> Case:
    arguments = {"answer": stage.text(name, "pending"), "production_site": "Production"}
    backup = {"backup_password": PASSWORD, "backup_destinations": [f"{stage.backups}/"]}
    return Case(name, "renewal", arguments | backup)


def test_traps_that_would_undo_or_spread_a_swap_are_refused(tmp_path: Path) -> None:
    with staged(scenario(**refusing()), tmp_path) as stage:
        refused = stage.refused(
            {
                "metabase": (swap(stage, "metabase"), "IIS 6 compatibility keeps another certificate for 'Production'"),
                "metabase-whole": (whole(stage, "metabase-whole"), "keeps another certificate for 'Production'"),
                "metabase-of-another": (swap(stage, "metabase-of-another"), "keeps another certificate for 'Second'"),
                "metabase-renewal": (bind(stage, "metabase-renewal"), "keeps another certificate for 'Renewal'"),
                "shared-bind": (bind(stage, "shared-bind"), "would be added to every server that does"),
                "shared-many": (swap(stage, "shared-many"), "appcmd does not list its sites"),
                "foreign": (swap(stage, "foreign"), "kept for another program"),
            }
        )
        assert not list(stage.backups.iterdir())
        take_out(stage, "metabase", refused["metabase"]["hint"])
        done = stage.cases({"after": swap(stage, "metabase")})["after"]
        assert done["proofs"][ANY]["outcome"] == "proven"
        named.open_metabase(stage.host("metabase"))
        assert records(stage, "metabase")[ANY]["certificate"] == stage.thumbprint("metabase", "new")


def take_out(stage: Stage, name: str, hint: str) -> None:
    """Runs the command of a hint on the host, as a command prompt takes it."""
    found = re.search(r"(%SystemRoot%\\\S+appcmd\.exe) (.*? /commit:apphost)", hint)
    assert found, hint
    done = programs.start(stage.host(name), found[1], shlex.split(found[2]), 60)
    assert done.exit == 0, done


def test_what_the_refusal_is_for(tmp_path: Path) -> None:
    """A swap, then somebody's program opens the old metabase: the old certificate is bound again."""
    with staged(scenario(web=host(PRODUCTION, options={"iis6_compatibility": True})), tmp_path) as stage:
        done = stage.cases({"swap": swap(stage, "web")})["swap"]
        assert done["proofs"][ANY]["outcome"] == "proven"
        world = stage.host("web")
        named.keep_in_metabase(world, {"Production": stage.fleet.scenario.certificates["web"]["old"]})
        told = stage.cases({"told": swap(stage, "web")})["told"]
        assert not told["changed"]
        assert "opens the old metabase binds it again" in " ".join(told["findings"])
        named.open_metabase(world)
        assert records(stage, "web")[ANY]["certificate"] == stage.thumbprint("web", "old")
        refused = stage.cases({"again": swap(stage, "web")})["again"]
        assert (refused["status"], refused["changed"]) == ("failed", False)
        assert "customMetadata" in refused["msg"]


def handled() -> dict[str, dict[str, Any]]:
    other = {**host()["certificates"]["old"], "names": ["other.example.com"]}
    named_site = site("Production", at("*:443:www.example.com", 1))
    exact = {"records": [{"ipport": "10.0.1.7:443", "certificate": "other"}], "addresses": ["10.0.1.7"]}
    hidden = host(named_site, **exact)
    hidden["certificates"]["other"] = other
    pair = (PRODUCTION, site("Renewal", at("*:443:"), state="stopped"))
    both = (site("本番", at("*:443:www.example.com", 1), at("*:444:")), site("更新", at("*:444:"), state="stopped"))
    # The management service's record is another program's: it has the port that is its own.
    wmsvc = {"ipport": "0.0.0.0:8172", "certificate": "old", "app_id": "{d7d72267-fcf9-4424-9eec-7e1d8dcec9a9}"}
    return {
        "hidden": hidden,
        "consumers": host(*pair, consumers=dict.fromkeys(CONSUMERS, "old"), records=[wmsvc]),
        "rebind": host(*pair, certificate_rebind=True),
        "rebind-off": host(*pair, certificate_rebind=False),
        "metabase-new": host(*pair, metabase={"Production": "new"}),
        "metabase-elsewhere": host(PRODUCTION, site("Second", at("*:444:")), metabase={"Second": "old"}),
        "shared": host(*both, options=SHARED, language="ja-JP"),
        "shared-utf8": host(*both, options={**SHARED, "code_page": "65001"}, product="2016", language="ja-JP"),
    }


def wanted(name: str) -> dict[str, str]:
    site_name, renewal = ("本番", "更新") if name.startswith("shared") else ("Production", "")
    given = {"production_site": site_name, **({"renewal_site": renewal} if renewal else {})}
    return {f"site_certificate_{option}": value for option, value in given.items()}


def test_traps_that_are_handled_or_told_of(tmp_path: Path) -> None:
    hosts = handled()
    with staged(scenario(**hosts), tmp_path) as stage:
        variables = {
            name: {"site_certificate_thumbprint": stage.thumbprint(name, "new"), **wanted(name)} for name in hosts
        }
        stage.set_variables(variables)
        seen = stage.cases({name: Case(name, "tls_info", {}) for name in SEEN})
        assert [name for name, words in SEEN.items() if words not in " ".join(seen[name]["findings"])] == []
        beats = stage.beats(stage.role("site_certificate"), list(hosts))
        assert set(beats.commands.values()) == {2}
        check_hidden(stage, beats)
        check_consumers(stage, beats)
        check_warnings(beats)
        check_shared(stage, beats)
        assert [found for found in told(beats, "metabase-elsewhere", "findings") if "'Second'" in found]
        assert told(beats, "metabase-new", "findings") == []


def told(beats: Beats, name: str, key: str, beat: str = "done") -> list[str]:
    results = [each["result"] for each in getattr(beats, beat).results if each["host"] == name]
    return [text for result in results for text in result.get(key, [])]


def check_hidden(stage: Stage, beats: Beats) -> None:
    """The swap is right, and yet that address serves another certificate: only the warning says so."""
    world = stage.host("hidden")
    address = stage.fleet.socket_address("hidden", "10.0.1.7", 443)
    served = witness.thumbprint(witness.served_chain(address, "www.example.com").leaf)
    assert served == stage.thumbprint("hidden", "other")
    assert world.sslcert(SNI)["certificate"] == stage.thumbprint("hidden", "new")
    for beat in ("dry", "done", "again"):
        (warning,) = told(beats, "hidden", "warnings", beat)
        assert f"{SNI} is not reached at 10.0.1.7: the record {EXACT} comes before a name's" in warning
        assert served in warning


def check_consumers(stage: Stage, beats: Beats) -> None:
    (finding,) = told(beats, "consumers", "findings")
    assert told(beats, "consumers", "findings", "dry") == [finding]
    assert stage.thumbprint("consumers", "old") in finding
    assert [text for text in CONSUMERS.values() if text not in finding] == []
    assert "http.sys ipport=0.0.0.0:8172" in finding
    assert told(beats, "consumers", "findings", "again") == []  # what is in use now is the new one


def check_warnings(beats: Beats) -> None:
    task = {
        (name, beat): any("IIS-AutoCertRebind" in each for each in told(beats, name, "warnings", beat))
        for name in ("rebind", "rebind-off")
        for beat in ("dry", "done", "again")
    }
    assert [each for each, found in task.items() if found] == [("rebind", "dry"), ("rebind", "done")]


def check_shared(stage: Stage, beats: Beats) -> None:
    for name in ("shared", "shared-utf8"):
        new = stage.thumbprint(name, "new")
        assert {record["certificate"] for record in records(stage, name).values()} == {new}
        assert stage.host(name).sites == {"本番": "Started", "更新": "Stopped"}
        assert "redirection.config" in " ".join(told(beats, name, "findings"))
        share = stage.host(name).iis.path
        assert share.startswith("\\\\")
        assert share not in {entry["where"] for entry in stage.host(name).write_log}
