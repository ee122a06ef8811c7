# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 2 where something is wrong: refused before anything is touched, or the old record is back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import witness
from .plain import ANY, FIRST, NAMES, OLD, PRODUCTION, RSA, SSTP, at, host, journal, records, scenario, site, swap
from .stage import Case, Stage, staged


def test_a_swap_that_fails_ends_in_the_old_record(tmp_path: Path) -> None:
    flagged = site("Production", at("*:443:", flags=0x2, check_mode=1))
    old_netsh = {
        name: host(flagged, product="2016", language="ja-JP") for name in ("add fails", "add does nothing", "no key")
    }
    old_netsh["add fails"]["options"] = {"netsh_failures": {"add": 1312}}
    new_netsh = {
        name: host(flagged) for name in ("update fails", "update does nothing", "87 for ever", "87 for a while")
    }
    new_netsh["update fails"]["options"] = {"netsh_failures": {"update": 5}}
    both = old_netsh | new_netsh | {"no key iis6": host(PRODUCTION, product=OLD)}
    hosts = {name.replace(" ", "-"): what for name, what in both.items()}
    with staged(scenario(**hosts), tmp_path) as stage:
        for name in ("add-does-nothing", "update-does-nothing"):
            deaf(stage, name)
        for name in ("no-key", "no-key-iis6"):
            key = stage.host(name).stores.find("MY", stage.thumbprint(name, "new")).link
            stage.host(name).keys.change(key.container, usable=False)
        stage.host("87-for-ever").failing_tries[stage.thumbprint("87-for-ever", "new")] = 10_000
        stage.host("87-for-a-while").failing_tries[stage.thumbprint("87-for-a-while", "new")] = 4
        before = {name: records(stage, name) for name in hosts}
        results = stage.cases({name: swap(stage, name) for name in hosts})
        assert results.pop("87-for-a-while")["proofs"][ANY]["outcome"] == "proven"
        words = {"add-fails": "1312", "update-fails": ": 5", "87-for-ever": "87"}
        words |= {"no-key": "key.prove", "no-key-iis6": "key.prove"}
        for name, result in results.items():
            assert result["status"] == "failed", name
            assert result["stage"] == "apply", name
            assert words.get(name, "not as it was or should be") in result["msg"], result["msg"]
            after = "Nothing had been changed" if name.startswith("no-key") else "taken back"
            assert after in result["hint"], result["msg"]
            assert records(stage, name) == before[name], name
            assert journal(stage, name) == [], name
            chain = witness.served_chain(stage.fleet.socket_address(name, "127.0.0.1", 443))
            assert witness.thumbprint(chain.leaf) == stage.thumbprint(name, "old"), name


def deaf(stage: Stage, name: str) -> None:
    """netsh says 0 and has written nothing when it is given the new certificate."""
    world, new = stage.host(name).iis7, bytes.fromhex(stage.thumbprint(name, "new"))
    bind = world.bind
    world.bind = lambda record: None if record.certificate == new else bind(record)


def test_a_record_that_could_not_be_put_back_is_repaired_by_the_next_run(tmp_path: Path) -> None:
    """netsh deletes, then writes nothing more: the journal on the host still holds the old record."""
    flagged = site("Production", at("*:443:", flags=0x2, check_mode=1))
    with staged(scenario(web=host(flagged, product="2016")), tmp_path) as stage:
        world, before = stage.host("web").iis7, records(stage, "web")
        bind, world.bind = world.bind, lambda _: None
        failed = stage.cases({"lost": swap(stage, "web")})["lost"]
        assert "Going back failed too" in failed["hint"]
        assert "The next run repairs" in failed["hint"]
        assert "SslBindingInfo 0.0.0.0:443" in failed["msg"]
        assert (records(stage, "web"), journal(stage, "web")) == ({}, [ANY])
        world.bind = bind
        other = Case("web", "trusted_root", {"certificates": ["g5"], "state": "reported"})
        repaired = stage.cases({"another step": other, "again": swap(stage, "web")})
        assert repaired["again"]["proofs"][ANY]["outcome"] == "proven"
        assert {each["repair"]["repaired"][0] for each in repaired.values() if "repair" in each} == {ANY}
        assert records(stage, "web")[ANY] == before[ANY] | {"certificate": stage.thumbprint("web", "new")}
        assert journal(stage, "web") == []


def test_verify_always_looks_where_nothing_has_to_change(tmp_path: Path) -> None:
    hosts = {name: host(PRODUCTION) for name in ("good", "bad")} | {"iis6": host(PRODUCTION, product=OLD)}
    with staged(scenario(**hosts), tmp_path) as stage:
        wanted = {name: swap(stage, name, thumbprint=stage.thumbprint(name, "old"), verify="always") for name in hosts}
        other = stage.host("good").credential("127.0.0.1", 443, None)
        stage.host("bad").credential = lambda *_: other
        results = stage.cases(wanted)
        for name, place in (("good", ANY), ("iis6", FIRST)):
            assert results[name]["proofs"][place]["outcome"] == "proven", name
            assert not results[name]["changed"], name
            assert stage.fleet.traffic(name).commands == 2, name
            assert stage.host(name).write_log == [], name
        assert results["bad"]["status"] == "failed"
        assert (results["bad"]["step"], results["bad"]["stage"]) == ("site_certificate", "verify")
        assert "another certificate: " in results["bad"]["msg"]
        assert stage.thumbprint("good", "old") in results["bad"]["msg"]
        assert "This look changed nothing" in results["bad"]["hint"]
        assert stage.host("bad").write_log == []


def odd_hosts() -> dict[str, dict[str, Any]]:
    """Hosts on which a swap of the site Production must be refused."""
    certificate = {"authority": "simple", "names": NAMES}
    unfit = {
        "keyless": {**certificate, "has_key": False},
        "expired": {**certificate, "days": [-400, -2]},
        "elsewhere": {**certificate, "store": "WebHosting"},
        "narrow": {**certificate, "names": ["www.example.com"]},
    }
    plain = host(PRODUCTION, site("Shop", at("*:443:shop.example.com", 1)), site("Plain"))
    plain["certificates"] |= unfit
    plain["requests"] = {"pending": certificate}
    central = {"information": "*:443:", "ssl_flags": 3}
    iis6 = host(PRODUCTION, site("Shop", at("*:444:shop.example.com")), site("Plain"), product=OLD)
    iis6["certificates"] |= {name: {**each, "authority": RSA, "key": "rsa-2048"} for name, each in unfit.items()}
    del iis6["certificates"]["elsewhere"]
    return {
        "iis6": iis6,
        "iis6-taken": host(site("Production", at("*:443:"), state="stopped"), site("Other", at("*:443:")), product=OLD),
        "iis6-disabled": host(PRODUCTION, product=OLD, services={"W3SVC": {"running": False, "start": 4}}),
        "plain": plain,
        "flag": host(site("Production", at("*:443:", flags=0x2002))),
        "value": host(site("Production", at("*:443:", more={"DefaultSslSurprise": 7}))),
        "newer": host(site("Production", at("*:443:", flags=0x1000)), product="2016"),
        "sstp": host(site("Production", at("*:443:", app_id=SSTP))),
        "taken": host(site("Production", at("*:443:"), state="stopped"), site("Other", at("*:443:"))),
        "central": host(site("Production", central), records=[{"ccs": 443}]),
        "disabled": host(PRODUCTION, services={"W3SVC": {"running": False, "start": 4}}),
    }


def test_what_a_swap_must_not_do_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    with staged(scenario(**odd_hosts()), tmp_path) as stage:

        def plain(**more: Any) -> Case:
            return swap(stage, "plain", **more)

        unfit = {name: stage.thumbprint("plain", name) for name in ("keyless", "expired", "elsewhere", "narrow")}
        stage.refused(
            {
                "flag": (swap(stage, "flag"), "flag 0x2000"),
                "value": (swap(stage, "value"), "DefaultSslSurprise (DWord, 4 bytes)"),
                "newer": (swap(stage, "newer"), "flag 0x1000 (disabletls12)"),
                "sstp": (swap(stage, "sstp"), "kept for another program"),
                "sstp replaces": (
                    swap(stage, "sstp", production_site=None, replaces=stage.thumbprint("sstp", "old")),
                    "is not one of IIS's",
                ),
                "taken": (
                    swap(stage, "taken"),
                    "cannot be started: 'Other' is started and has its binding https *:443:",
                ),
                "central": (swap(stage, "central"), "central certificate store"),
                "disabled": (swap(stage, "disabled"), "W3SVC is disabled"),
                "keyless": (plain(thumbprint=unfit["keyless"]), "without a private key"),
                "expired": (plain(thumbprint=unfit["expired"]), "expired on"),
                "store": (plain(thumbprint=unfit["elsewhere"]), "takes its certificate from the store MY"),
                "narrow": (plain(thumbprint=unfit["narrow"], production_site="Shop"), "not cover shop.example.com"),
                "unknown": (plain(thumbprint="ab" * 20), "there is no certificate ABAB"),
                "no thumbprint": (plain(thumbprint="ab" * 19), "is not a thumbprint"),
                "no site": (plain(production_site="Produktion"), "there are: 'Production', 'Shop'"),
                **on_iis6(stage),
                "not installed": (
                    plain(thumbprint=None, answer=stage.text("plain", "pending")),
                    "is not installed yet",
                ),
                "no https": (plain(production_site="Plain"), "has no https binding"),
                "no binding": (plain(production_site=None, binding="*:445:"), "no site has the https binding '*:445:'"),
                "not a binding": (plain(production_site=None, binding="443"), "is no binding"),
                "same": (plain(renewal_site="PRODUCTION"), "are the same site"),
                "both": (plain(binding="*:443:"), "mutually exclusive"),
                "neither": (plain(production_site=None), "required"),
            }
        )


def on_iis6(stage: Stage) -> dict[str, tuple[Case, str]]:
    """The same refusals where the sites hold their certificate themselves."""

    def iis6(certificate: str = "new", **more: Any) -> Case:
        return swap(stage, "iis6", thumbprint=stage.thumbprint("iis6", certificate), **more)

    return {
        "iis6 keyless": (iis6("keyless"), "without a private key"),
        "iis6 expired": (iis6("expired"), "expired on"),
        "iis6 narrow": (iis6("narrow", production_site="Shop"), "not cover shop.example.com"),
        "iis6 no site": (iis6(production_site="Produktion"), "there are: 'Production', 'Shop'"),
        "iis6 no https": (iis6(production_site="Plain"), "has no https binding"),
        "iis6 no binding": (iis6(production_site=None, binding="*:445:"), "there are: :443:, :444:shop.example.com"),
        "iis6 same": (iis6(renewal_site="PRODUCTION"), "are the same site"),
        "iis6 taken": (swap(stage, "iis6-taken"), "cannot be started: 'Other' is started and has its binding"),
        "iis6 disabled": (swap(stage, "iis6-disabled"), "W3SVC is disabled"),
    }
