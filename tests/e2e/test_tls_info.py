# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's TLS state: whole, documented to the last key, in one command, and nothing is touched."""

from __future__ import annotations

import importlib
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet.world.registry import Value

from .crowd import HOST, crowded
from .plain import FIRST, NAMES, OLD, PRODUCTION, RSA, SSTP, at, host, records, scenario, site
from .stage import Case, Stage, staged

MODULE = "ansible_collections.tlsops.windows.plugins.modules.tls_info"
RETURN = yaml.safe_load(importlib.import_module(MODULE).RETURN)
COMMON = {"changed", "diff", "status", "warnings"}  # what Ansible documents, and the record of the test
HTTP_SYS = "for a record of http.sys"
LIMIT = 2_000_000
RDP = r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp"


def of_hex(kind: str, text: str) -> Value:
    return Value(kind, bytes.fromhex(text))


def look(name: str, *gather: str) -> Case:
    return Case(name, "tls_info", {"gather": list(gather)} if gather else {})


def undocumented(result: dict[str, Any], described: dict[str, Any] = RETURN, where: str = "") -> list[str]:
    """Keys that are in a result and not in its documentation, or the other way round."""
    if str(result.get("selector", "")).startswith("metabase="):
        described = {name: each for name, each in described.items() if each.get("returned") != HTTP_SYS}
    found = [f"{where}{name}" for name in result.keys() ^ described.keys() if name not in COMMON and name[0] != "_"]
    for name in result.keys() & described.keys():
        below = described[name].get("contains")
        for each in result[name] if isinstance(result[name], list) else [result[name]]:
            found += undocumented(each, below, f"{where}{name}.") if below else []
    return found


def by_subject(result: dict[str, Any], part: str) -> dict[str, Any]:
    return next(each for each in result["certificates"] if part in each["subject"])


def kinds(result: dict[str, Any]) -> list[str]:
    return [each["kind"] for each in result["problems"]]


def steady(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what the clock changes."""
    facts = {name: value for name, value in result["host"].items() if not name.startswith("clock")}
    return {**result, "host": facts}


def test_the_demo_fleet_in_four_beats_each_the_same_and_documented(tmp_path: Path) -> None:
    with staged("demo", tmp_path) as stage:
        hosts = list(stage.fleet.hosts)
        before = stage.digests(hosts)
        playbook = stage.role("tls_info")
        beats = [stage.run(playbook, "--diff", *check) for check in (("--check",), (), (), ("--check",))]
        assert stage.digests(hosts) == before
        for name in hosts:
            assert stage.host(name).write_log == []
            assert stage.fleet.traffic(name).commands == len(beats)
            results = [beat.of(name) for beat in beats]
            assert not any(result["changed"] or result["diff"] for result in results)
            assert all(steady(result) == steady(results[0]) for result in results)
            assert undocumented(results[0]) == []
        says_what_is_there(stage, beats[0].of("web02"))


def says_what_is_there(stage: Stage, result: dict[str, Any]) -> None:
    """The Japanese host of the demo."""
    facts = result["host"]
    assert (facts["ui_language"], facts["build"], facts["iis_version"]) == ("ja-JP", 14393, "10.0")
    assert facts["automatic_root_update"]
    assert abs(facts["clock_difference"]) < 60
    assert datetime.fromisoformat(facts["clock"]).tzinfo == UTC
    production, renewal = result["sites"]
    assert (production["name"], production["state"], renewal["state"]) == ("本番サイト", "started", "stopped")
    assert production["bindings"][1] == {
        "protocol": "https",
        "information": "*:443:shop.example.jp",
        "ssl_flags": 1,
        "flags": ["sni"],
    }
    old = next(each for each in result["certificates"] if each["thumbprint"] == stage.thumbprint("web02", "old"))
    selectors = ["hostnameport=shop.example.jp:443", "hostnameport=www.example.jp:443"]
    assert sorted(old["used_by"]) == sorted(each["selector"] for each in result["records"]) == selectors
    assert (old["sites"], old["stores"], old["days_left"]) == (["本番サイト"], ["MY"], 25)
    assert {old[name] for name in ("has_private_key", "key_usable", "exportable")} == {True}
    assert (old["key_algorithm"], old["key_size"]) == ("ECDSA", 256)
    assert by_subject(result, "CN=shop.example.jp")["names"]
    assert any(each["stores"] == ["REQUEST"] and each["key_usable"] for each in result["certificates"])
    assert {copy["physical"] for root in result["roots"] for copy in root["copies"]} == {"AuthRoot"}
    assert all("serverAuth" in copy["allowed_usages"] for root in result["roots"] for copy in root["copies"])


@pytest.mark.parametrize("words", [[], ["web"], ["certificates"], ["stores"], ["consumers"]], ids=str)
def test_what_is_not_asked_for_is_not_in_the_result(words: list[str], tmp_path: Path) -> None:
    parts = {
        "web": {"sites", "records"},
        "certificates": {"certificates"},
        "stores": {"certificates", "roots"},
        "consumers": {"consumers", "certificate_rebind"},
    }
    with staged(scenario(web=host(PRODUCTION)), tmp_path) as stage:
        result = stage.cases({"narrow": Case("web", "tls_info", {"gather": words})})["narrow"]
        left_out = set().union(*parts.values()) - set().union(*(parts[word] for word in words))
        assert {each.partition(".")[0] for each in undocumented(result)} == left_out
        assert result["host"]["computer_name"] == "WEB"
        assert (result["host"]["iis_version"] is not None) == ("web" in words)
        assert (result["host"]["automatic_root_update"] is not None) == ("stores" in words)


def broken() -> dict[str, Any]:
    """A host with one fault of each kind."""
    own = {"authority": "simple", "names": NAMES}
    made = host(
        site("Production", at("*:443:"), at("*:443:other.example.net", 1)),
        site("Bare", {"information": "*:8443:"}),
        site("Expired", {"information": "*:444:", "certificate": "expired"}),
        site("Future", {"information": "*:445:", "certificate": "future"}),
        site("Locked", {"information": "*:446:", "certificate": "locked"}),
        clock_offset_days=0,
        records=[{"ipport": "10.0.0.1:443", "certificate": "old", "app_id": SSTP, "flags": 0x2}],
    )
    made["certificates"] |= {
        "expired": {**own, "days": [-400, -2]},
        "future": {**own, "days": [2, 400]},
        "locked": {**own, "usable": False},
    }
    return made


def test_every_kind_of_fault_is_found_and_named(tmp_path: Path) -> None:
    cross = host(PRODUCTION)
    cross["certificates"]["old"]["authority"] = "public"
    cross["stores"] = [
        {"certificate": "public.old_root", "in": ["AuthRoot"]},
        {"certificate": "public.new_root", "in": ["Root", "AuthRoot"]},
        {"certificate": "public.intermediate", "in": ["CA"]},
        {"certificate": "public.cross", "in": ["CA"]},
    ]
    hosts = {"broken": broken(), "cross": cross, "rootless": {**host(PRODUCTION), "stores": []}}
    hosts |= {"late": host(PRODUCTION, clock_offset_days=-1), "sound": host(PRODUCTION)}
    hosts |= {"sound-iis6": host(PRODUCTION, product=OLD), "broken-iis6": broken_iis6()}
    with staged(scenario(**hosts) | {"authorities": AUTHORITIES}, tmp_path) as stage:
        lost = stage.host("broken")
        lost.registry.set(RDP, "SSLCertificateSHA1Hash", of_hex("Binary", stage.thumbprint("broken", "new")))
        results = stage.cases({name: look(name) for name in hosts})
        assert all(undocumented(result) == [] for result in results.values())
        for name in ("sound", "sound-iis6"):
            assert kinds(results[name]) == results[name]["findings"] == [], name
        check_iis6(stage, results["sound-iis6"], results["broken-iis6"])
        found = {each["kind"]: each for each in results["broken"]["problems"]}
        assert {"no_certificate", "expired", "not_yet_valid", "private_key_unusable", "name_not_covered"} <= set(found)
        assert found["no_certificate"]["where"] == "ipport=0.0.0.0:8443"
        assert found["name_not_covered"]["where"] == "hostnameport=other.example.net:443"
        assert found["expired"]["thumbprint"] == stage.thumbprint("broken", "expired")
        foreign = next(each for each in results["broken"]["records"] if each["address"] == "10.0.0.1")
        assert (foreign["owner"], foreign["app_id"], foreign["flags"]) == ("SSTP (Routing and Remote Access)", SSTP, 2)
        assert kinds(results["cross"]) == ["root_conflict"]
        assert kinds(results["rootless"]) == ["no_trusted_chain"]
        assert kinds(results["late"])[0] == "clock"
        remote = [each for each in results["broken"]["certificates"] if "Remote Desktop" in str(each["used_by"])]
        assert [each["thumbprint"] for each in remote] == [stage.thumbprint("broken", "new")]


AUTHORITIES: dict[str, Any] = {
    "simple": {"shape": "plain"},
    "public": {"name": "Public", "shape": "cross"},
    RSA: {"shape": "plain", "key": "rsa-2048"},
}


def broken_iis6() -> dict[str, Any]:
    """Faults of the sites themselves, which hold the certificate there."""
    own = {"authority": RSA, "names": NAMES, "key": "rsa-2048"}
    made = host(
        site("Production", at("*:443:"), at("*:8443:other.example.net")),
        site("Bare", {"information": "*:444:"}),
        site("Expired", {"information": "*:445:", "certificate": "expired"}),
        product=OLD,
    )
    made["certificates"] |= {"expired": {**own, "days": [-400, -2]}}
    return made


def check_iis6(stage: Stage, sound: dict[str, Any], broken: dict[str, Any]) -> None:
    """The sites are the places that hold certificates: no http.sys record, nothing of http.sys's own."""
    assert (sound["host"]["iis_version"], sound["host"]["os_version"]) == ("6.0", "5.2.3790")
    assert [each["selector"] for each in sound["records"]] == list(records(stage, "sound-iis6")) == [FIRST]
    assert [each["information"] for each in sound["sites"][0]["bindings"]] == [":443:"]
    used = {each["thumbprint"]: each["used_by"] for each in sound["certificates"] if each["used_by"]}
    assert used == {stage.thumbprint("sound-iis6", "old"): [FIRST]}
    found = {each["kind"]: each["where"] for each in broken["problems"]}
    assert found == {"name_not_covered": FIRST, "no_certificate": "metabase=W3SVC/2", "expired": ""}
    (ended,) = (each["thumbprint"] for each in broken["problems"] if each["kind"] == "expired")
    assert ended == stage.thumbprint("broken-iis6", "expired")


def test_what_cannot_be_read_is_said_and_does_not_hide_the_rest(tmp_path: Path) -> None:
    names = ("absent", "old", "gone", "keyless")
    with staged(scenario(**{name: host(PRODUCTION) for name in names}), tmp_path) as stage:
        inetstp = r"HKLM\SOFTWARE\Microsoft\InetStp"
        stage.host("absent").registry.delete(inetstp)
        stage.host("old").registry.set(inetstp, "MajorVersion", of_hex("DWord", "05000000"))
        for name in ("gone", "keyless"):
            entry = next(
                each for each in stage.host(name).store("MY") if each.thumbprint == stage.thumbprint(name, "old")
            )
            stage.host(name).registry.delete(entry.path)
            if name == "keyless":
                stage.host(name).stores.add("MY", entry.der)
        key = rf"{ROOT_STORE}\{'AB' * 20}"
        stage.host("gone").registry.set(key, "Blob", of_hex("Binary", "0102"))
        results = stage.cases({name: look(name) for name in names})
        assert all(undocumented(result) == [] for result in results.values())
        assert (results["absent"]["host"]["iis_version"], results["absent"]["sites"]) == ("", [])
        assert len(results["absent"]["records"]) == 1, "http.sys is there without IIS"
        assert kinds(results["old"]) == ["web_unreadable"]
        assert "this is IIS 5" in results["old"]["findings"][0]
        assert len(results["old"]["certificates"]) == 4
        assert sorted(kinds(results["gone"])) == ["certificate_missing", "unreadable"]
        assert key in " ".join(results["gone"]["findings"])
        assert kinds(results["keyless"]) == ["no_private_key"]


ROOT_STORE = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\ROOT\Certificates"


G5 = "Public Primary Certification Authority - G5"


def test_real_roots_in_every_physical_store(tmp_path: Path) -> None:
    with staged("g5", tmp_path) as stage:
        results = stage.cases({name: look(name) for name in ("g5", "g5-disabled")})
        g5, disabled = (root_g5(results[name]) for name in ("g5", "g5-disabled"))
        assert [each["physical"] for each in g5] == ["Registry", "AuthRoot", "Policies", "Enterprise", "System"]
        assert {each["state"] for each in g5} == {"enabled"}
        assert [each["allowed_usages"] for each in disabled] == [[], []]
        assert {each["state"] for each in disabled} == {"disabled"}
        (cross,) = (
            each for each in results["g5"]["certificates"] if each["stores"] == ["CA"] and G5 in each["subject"]
        )
        assert cross["names"] == [], "a CA's common name is no host"
        assert cross["days_left"] < 0
        assert kinds(results["g5"]) == [], "no chain in use has the old roots"


def root_g5(result: dict[str, Any]) -> list[dict[str, Any]]:
    return next(each["copies"] for each in result["roots"] if each["label"].endswith(G5))


def test_bad_arguments_and_missing_rights_are_refused_in_words(tmp_path: Path) -> None:
    hosts = scenario(web=host(PRODUCTION), limited=host(PRODUCTION, options={"elevated": False}))
    with staged(hosts, tmp_path) as stage:
        stage.refused(
            {
                "choice": (look("web", "everything"), "value of gather"),
                "filtered token": (look("limited"), "UAC gives this logon no administrator rights"),
            }
        )


def test_what_a_cut_off_run_left_is_told_and_not_repaired(tmp_path: Path) -> None:
    with staged(scenario(web=host(PRODUCTION)), tmp_path) as stage:
        world = stage.host("web")
        journal = r"HKLM\SOFTWARE\tlsops.windows\Undo\SslBinding"
        world.registry.set(journal, "ipport=0.0.0.0:443", of_hex("String", b"{}".hex()))
        before = world.digest()
        result = stage.cases({"cut off": look("web")})["cut off"]
        assert kinds(result) == ["unfinished"]
        assert not result["changed"]
        assert world.digest() == before


COMPLIANCE = """
- name: Compliance
  hosts: all
  gather_facts: false
  tasks:
    - name: Look
      tlsops.windows.tls_info:
        gather: [all]
      register: tls

    - name: No certificate in use ends within 30 days
      ansible.builtin.assert:
        that: ending | length == 0
        fail_msg: "{{ ending | map(attribute='subject') | join(', ') }}"
      vars:
        ending: "{{ tls.certificates | selectattr('used_by') | selectattr('days_left', 'lt', 30) }}"
"""


def test_a_compliance_play_of_plain_assertions(tmp_path: Path) -> None:
    ending = host(PRODUCTION)
    ending["certificates"]["old"]["days"] = [-170, 20]
    with staged(scenario(good=host(PRODUCTION), ending=ending), tmp_path) as stage:
        path = tmp_path / "compliance.yml"
        path.write_text(COMPLIANCE, encoding="utf-8")
        run = stage.run(path)
        assert (run.status("good"), run.status("ending")) == ("ok", "failed")
        assert f"CN={NAMES[0]}" in run.of("ending")["msg"]


def test_2000_certificates_and_500_bindings_stay_below_2_mb(
    tmp_path: Path, record_property: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    answers: list[int] = []
    world = crowded(2000, 500)
    with staged(world, tmp_path) as stage:  # type: ignore[arg-type]
        execute = stage.host(HOST).execute
        stage.host(HOST).execute = lambda lines, at: _counted(execute(lines, at), answers)
        started = time.monotonic()
        result = stage.cases({"crowd": look(HOST)})["crowd"]
        seconds, traffic = time.monotonic() - started, stage.fleet.traffic(HOST)
    size = len(json.dumps(result, ensure_ascii=False).encode())
    told = {"answer": answers[0], "http": traffic.sent_bytes, "result": size, "seconds": round(seconds, 1)}
    for name, number in told.items():
        record_property(name, number)
    with capsys.disabled():
        print(f"\n2,000 certificates: {told}")
    assert (len(answers), traffic.commands) == (1, 1)
    assert len(result["certificates"]) == 2002
    assert (len(result["sites"]), len(result["records"]), result["problems"]) == (100, 500, [])
    assert sum(bool(each["used_by"]) for each in result["certificates"]) == 500
    assert max(answers[0], size) < LIMIT, told
    assert traffic.sent_bytes < LIMIT * 1.4, "WinRM's envelope is base64 once more"


def _counted(answer: str, answers: list[int]) -> str:
    answers.append(len(answer))
    return answer
