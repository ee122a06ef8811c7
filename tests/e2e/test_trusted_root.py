# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pre-check: roots found in every physical store, disabled, brought back, and the chain that is served then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import hashes

from . import witness
from .plain import ANY, FIRST, OLD, records
from .stage import Case, Stage, staged

G5 = "4EB6D578499B1CCF5F581EAD56BE3D9B6744A5E5"
DISABLED = bytes.fromhex("0900000001000000020000003000")  # property 9, an empty list of usages
PHYSICAL = {"Registry", "AuthRoot", "Policies", "Enterprise", "System"}


def copies(stage: Stage, host: str, thumbprint: str = G5) -> dict[str, bytes]:
    """Every copy of a root in the registry, by its key."""
    found = stage.host(host).stores.logical("Root")
    return {each.path: each.blob for each in found if each.thumbprint == thumbprint}


def kept(stage: Stage, host: str) -> list[str]:
    """The names of the values that the way back of the G5 root holds."""
    key = stage.host(host).registry.key(rf"HKLM\SOFTWARE\tlsops.windows\Undo\TrustedRoot\{G5}")
    return [name for name, _other in key.pairs()]


def case(host: str, **arguments: Any) -> Case:
    return Case(host, "trusted_root", arguments)


def test_the_real_g5_is_not_disabled_because_its_cross_certificates_are_expired(tmp_path: Path) -> None:
    with staged("g5", tmp_path) as stage:
        by_thumbprint = ":".join(G5[at : at + 2] for at in range(0, 40, 2)).lower()
        results = stage.refused(
            {
                "by name": (case("g5", certificates=["verisign_g5"], state="disabled"), "must not be disabled"),
                "2003": (case("g5-2003", certificates=["verisign_g5"], state="disabled"), "expired on 2021-11-07"),
                "by thumbprint": (case("g5", certificates=[by_thumbprint], state="disabled"), "2021-11-07"),
                "distrusted": (case("g5", certificates=["G5"], state="distrusted"), "must not be distrusted"),
                "no such name": (case("g5", certificates=["g6"], state="disabled"), "is no root of the catalogue"),
                "nothing": (case("g5", state="disabled"), "no root is named"),
                "enabled what": (case("g5", conflicting=True, state="enabled"), "needs certificates"),
                "not ours": (case("g5-disabled", certificates=["g5"], state="enabled"), "was not disabled by this"),
            }
        )
        for name in ("by name", "by thumbprint"):
            assert "the cross certificate of the same name (" in results[name]["msg"]
            assert "expired on 2021-11-07" in results[name]["msg"]
            assert "Ask the CA for a newer cross certificate" in results[name]["hint"]
            assert "force: true" in results[name]["hint"]
        reported = stage.cases({"reported": case("g5", certificates=["g5"], state="reported")})["reported"]
        (root,) = reported["roots"]
        assert not reported["changed"]
        assert {each["physical"] for each in root["copies"]} == PHYSICAL
        assert {each["after"] for each in root["copies"]} == {"enabled"}
        assert len(root["comes_back"]) == 3, "automatic update, Active Directory and Group Policy"
        assert stage.host("g5").write_log == []


def test_the_real_g5_is_disabled_everywhere_and_comes_back_byte_for_byte(tmp_path: Path) -> None:
    with staged("g5", tmp_path) as stage:
        before = copies(stage, "g5")
        assert len(before) == 5
        role = {"certificates": ["verisign_g5"], "state": "disabled", "force": True}
        hosts = ["g5", "g5-2003"]
        common = {f"trusted_root_{name}": value for name, value in role.items()}
        stage.set_variables({host: {} for host in hosts}, **common)
        assert copies(stage, "g5-2003") == before
        beats = stage.beats(stage.role("trusted_root"), hosts)
        for host in hosts:
            disabled = copies(stage, host)
            assert disabled.keys() == before.keys()
            assert all(DISABLED in blob for blob in disabled.values())
            assert beats.commands[host] == 2
            (root,) = beats.done.of(host)["roots"]
            assert {each["after"] for each in root["copies"]} == {"disabled"}
            assert "is disabled all the same" in str(beats.done.of(host)["warnings"])
            assert beats.done.of(host)["side_effects"]
        back = stage.task("trusted_root", {"certificates": [G5], "state": "enabled"})
        for host in hosts:
            assert back.of(host)["changed"]
            assert copies(stage, host) == before
            assert kept(stage, host) == []


def test_distrusted_and_back_and_a_root_that_windows_brings_back(tmp_path: Path) -> None:
    with staged("g5", tmp_path) as stage:
        update = case("g5-comes-back", certificates=["g5"], state="disabled", force=True)
        results = stage.cases(
            {
                "distrust": case("g5", certificates=["g5"], state="distrusted", force=True),
                "distrusted": case("g5", certificates=["g5"], state="distrusted", force=True),
                "disable": update,
                "disable again": update,
                "enable by force": case("g5-disabled", certificates=["g5"], state="enabled", force=True),
            }
        )
        assert "outgoing TLS" in results["distrust"]["side_effects"][0]
        assert [entry.thumbprint for entry in stage.host("g5").store("Disallowed")] == [G5]
        assert not results["distrusted"]["changed"]
        assert results["disable again"]["changed"], "automatic update had brought it back"
        assert len(results["disable again"]["diff"]) == 1, "the copy in AuthRoot"
        assert "automatic update" in str(results["disable again"]["roots"][0]["comes_back"])
        assert all(DISABLED not in blob for blob in copies(stage, "g5-disabled").values())
        assert stage.cases({"trust": case("g5", certificates=["g5"], state="enabled")})["trust"]["changed"]
        assert stage.host("g5").store("Disallowed") == kept(stage, "g5") == []


def test_a_copy_that_does_not_stay_disabled_ends_the_run_and_the_others_are_as_they_were(tmp_path: Path) -> None:
    with staged("g5", tmp_path) as stage:
        before, registry = copies(stage, "g5"), stage.host("g5").registry
        write = registry.set
        registry.set = lambda key, *value: None if "Policies" in key else write(key, *value)
        failed = stage.cases({"x": case("g5", certificates=["g5"], state="disabled", force=True)})["x"]
        assert failed["status"] == "failed"
        assert "Policies" in failed["msg"]
        assert "What had been done before it was taken back" in failed["hint"]
        assert copies(stage, "g5") == before
        assert kept(stage, "g5") == []


def conflicting_hosts() -> dict[str, Any]:
    """Hosts that serve a chain which ends early, with the cross certificate in CA; each with a rule of its own."""
    site = {"name": "Production", "bindings": [{"information": "*:443:", "certificate": "old", "record": {"flags": 2}}]}
    places = (("old_root", ["AuthRoot"]), ("new_root", ["Root", "AuthRoot", "Enterprise/Root"]))
    places += (("intermediate", ["CA"]), ("cross", ["CA"]))

    def host(authority: str, **more: Any) -> dict[str, Any]:
        stores = [{"certificate": f"{authority}.{role}", "in": where} for role, where in places]
        old = {"authority": authority, "names": ["www.example.com"]}
        return {"product": "2019", "stores": stores, "certificates": {"old": old}, "sites": [site], **more}

    authorities = {"public": {"shape": "cross"}, "stale": {"shape": "cross", "validity": {"cross": [-1500, -1]}}}
    authorities["rsa"] = {"shape": "cross", "key": "rsa-2048"}
    iis6 = host("rsa", product=OLD, sites=[{**site, "bindings": [{"information": "*:443:", "certificate": "old"}]}])
    iis6["certificates"]["old"]["key"] = "rsa-2048"
    hosts = {
        "iis6": iis6,
        "plain": host("public"),
        "sticky": host("public", options={"schannel_keeps_chain_until_restart": True}),
        "stopped": host("public", product="2016", sites=[{**site, "state": "stopped"}]),
        "stale": host("stale", options={"automatic_update": False}),
    }
    return {"authorities": authorities, "hosts": hosts}


def test_a_conflicting_root_is_derived_and_the_longer_chain_is_served(tmp_path: Path) -> None:
    with staged(conflicting_hosts(), tmp_path) as stage:
        hosts = ["plain", "sticky", "stopped", "iis6"]
        before = {host: records(stage, host) for host in hosts}
        assert len(served(stage, "plain").names) == 2
        stage.set_variables({host: {} for host in hosts}, trusted_root_conflicting=True, trusted_root_state="disabled")
        beats = stage.beats(stage.role("trusted_root"), hosts)
        results = {host: beats.done.of(host) for host in hosts}
        for host in hosts:
            assert beats.commands[host] == (3 if host == "iis6" else 2), host
            assert records(stage, host) == before[host]
            assert results[host]["rebound"] == [FIRST if host == "iis6" else ANY]
        for host in ("plain", "iis6"):
            assert [proof["outcome"] for proof in results[host]["proofs"].values()] == ["proven"]
            assert len(served(stage, host).names) == 3
            assert not results[host]["restart_required"]
        assert results["sticky"]["restart_required"]
        assert len(served(stage, "sticky").names) == 2
        assert "no site that it serves is started" in results["stopped"]["not_looked_at"]["ipport=0.0.0.0:443"]
        stage.host("sticky").restart()
        assert len(served(stage, "sticky").names) == 3
        there_and_back(stage)


def there_and_back(stage: Stage) -> None:
    """Enabled again, the root ends the chain early; distrusted, it does not. Each is seen by what is served then."""
    root = stage.fleet.scenario.authorities["public"].certificates["new_root"].certificate  # type: ignore[attr-defined]
    results = stage.cases(
        {
            "enabled": case("plain", certificates=[root.fingerprint(hashes.SHA1()).hex()], state="enabled"),
            "distrusted": case("plain", conflicting=True, state="distrusted"),
            "reported": case("plain", conflicting=True, state="reported"),
        }
    )
    chain = "chain sent by ipport=0.0.0.0:443"
    lengths = [len(results[name]["proofs"][chain]["served"]) for name in ("enabled", "distrusted")]
    assert lengths == [2, 3]
    assert results["reported"]["conflicts"] == []
    assert len(served(stage, "plain").names) == 3


def test_a_conflict_whose_cross_certificate_is_expired_is_refused_unless_forced(tmp_path: Path) -> None:
    with staged(conflicting_hosts(), tmp_path) as stage:
        refused = stage.refused({"expired": (case("stale", conflicting=True, state="disabled"), "expired on")})
        assert "would have no trusted chain left" in refused["expired"]["msg"]
        results = stage.cases(
            {
                "reported": case("stale", conflicting=True, state="reported"),
                "reported plain": case("plain", conflicting=True, state="reported"),
                "forced": case("stale", conflicting=True, state="disabled", force=True),
            }
        )
        assert results["reported"]["conflicts"][0]["expired"]
        assert not results["reported plain"]["conflicts"][0]["expired"]
        assert stage.host("plain").write_log == []
        (reason,) = results["forced"]["roots"][0]["comes_back"]
        assert "Active Directory" in reason, "automatic update is switched off there"
        assert "not bound again" in results["forced"]["not_looked_at"]["ipport=0.0.0.0:443"]
        assert len(served(stage, "stale").names) == 2, "it goes on serving what it had"


def served(stage: Stage, host: str) -> witness.ServedChain:
    return witness.served_chain(stage.fleet.socket_address(host, "127.0.0.1", 443))
