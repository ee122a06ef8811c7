# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Step 2: the certificate of production is swapped, every other setting stays, and what is served is looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import witness
from .plain import ANY, OLD, PRODUCTION, SSTP, at, host, records, scenario, site
from .stage import Beats, Stage, staged

OTHER = "{11111111-2222-3333-4444-555555555555}"  # a record that another program made, and a site uses
EVERYTHING = {
    **{"app_id": OTHER, "flags": 0x12, "check_mode": 0x10005, "freshness_time": 3600, "retrieval_timeout": 5000},
    **{"ctl_identifier": "list", "ctl_store": "CtlStore"},
}


def in_store(store: str, what: dict[str, Any]) -> dict[str, Any]:
    certificates = {name: {**each, "store": store} for name, each in what["certificates"].items()}
    return {**what, "certificates": certificates}


STOPPED = {"running": False, "start": 3}
ODD = "Web & Co (50% \"x\") 'y'"
SNI_SITES = (
    site("Web", at("*:443:www.example.com", 1, flags=0x2)),
    site("Shop", at("*:443:shop.example.com", 0x21), state="stopped"),
)
SHARED = (PRODUCTION, site("Second", at("*:443:")), site("Alone", at("*:444:")))
CCS = site("Production", at("*:443:www.example.com", 1), {"information": "*:443:shop.example.com", "ssl_flags": 3})
SWAPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "settings": (
        host(site("Production", at("*:443:", **EVERYTHING), state="stopped"), site("Renewal", at("*:443:"))),
        {"production_site": "production", "renewal_site": "Renewal"},
    ),
    "settings-old": (
        host(site("Production", at("*:443:", **EVERYTHING)), product="2016", language="ja-JP"),
        {"production_site": "Production"},
    ),
    "sni": (host(*SNI_SITES, product="2012r2", options={"sni_key_style": "hostport"}), {"replaces": "old"}),
    "shared": (host(*SHARED, product="2019"), {"production_site": "Production"}),
    "binding": (host(*SHARED, product="2019"), {"binding": "*:444:"}),
    "ccs": (host(CCS, records=[{"ccs": 443, "flags": 0x2}]), {"production_site": "Production"}),
    "foreign": (
        host(PRODUCTION, records=[{"ipport": "0.0.0.0:4443", "certificate": "old", "app_id": SSTP}]),
        {"replaces": "old"},
    ),
    "both": (
        host(PRODUCTION, records=[{"ipport": "[::]:443", "certificate": "old"}], product="2012"),
        {"production_site": "Production"},
    ),
    "listen": (
        host(PRODUCTION, options={"listen_only": ["10.0.1.7", "10.0.1.8"]}, addresses=["10.0.1.7", "10.0.1.8"]),
        {"production_site": "Production"},
    ),
    "2008r2": (host(PRODUCTION, product="2008r2"), {"production_site": "Production"}),
    "odd-name": (
        host(
            site(ODD, at("*:443:WWW.Example.com", 1), state="stopped"), site("Renewal", at("*:443:www.example.com", 1))
        ),
        {"production_site": ODD, "renewal_site": "renewal"},
    ),
    "web-hosting": (in_store("WebHosting", host(PRODUCTION)), {"production_site": "Production"}),
    "services": (
        host(PRODUCTION, services={"W3SVC": {"running": False, "start": 2}, "WAS": {"running": False, "start": 3}}),
        {"production_site": "Production"},
    ),
    "iis6": (
        host(site("Production", at("*:443:"), state="stopped"), site("Renewal", at("*:443:")), product=OLD),
        {"production_site": "production", "renewal_site": "Renewal"},
    ),
    "iis6-binding": (
        host(site("本番", at("*:443:"), at("*:8443:")), site("別", at("*:444:")), product=OLD, language="ja-JP"),
        {"binding": ":8443:"},
    ),
    "iis6-replaces": (
        host(PRODUCTION, site(ODD, at("*:444:"), state="stopped"), product=OLD),
        {"replaces": "old"},
    ),
    "iis6-services": (
        host(PRODUCTION, product=OLD, services={"W3SVC": {"running": False, "start": 2}, "HTTPFilter": STOPPED}),
        {"production_site": "Production"},
    ),
}


def test_swaps_in_four_beats(tmp_path: Path) -> None:
    with staged(scenario(**{name: what for name, (what, _other) in SWAPS.items()}), tmp_path) as stage:
        before = {name: records(stage, name) for name in SWAPS}
        stage.set_variables({name: variables(stage, name) for name in SWAPS})
        beats = stage.beats(stage.role("site_certificate"), list(SWAPS))
        left = {"foreign": "ipport=0.0.0.0:4443", "shared": "ipport=0.0.0.0:444", "binding": ANY, "ccs": "ccs=443"}
        left |= dict.fromkeys(("iis6", "iis6-binding"), "metabase=W3SVC/2")
        for name in SWAPS:
            new = {"certificate": stage.thumbprint(name, "new")}
            after = {key: old if key == left.get(name) else old | new for key, old in before[name].items()}
            assert records(stage, name) == after, name
            proofs = beats.done.of(name)["proofs"].values()
            assert {proof["outcome"] for proof in proofs} == {"proven"}, name
            again = name in ("iis6-binding", "iis6-replaces")  # it runs already: one command more
            assert beats.commands[name] == (3 if again else 2), name
        told(beats)
        outside(stage)


def variables(stage: Stage, name: str) -> dict[str, str]:
    wanted = {"thumbprint": stage.thumbprint(name, "new"), **SWAPS[name][1]}
    if "replaces" in wanted:
        wanted["replaces"] = stage.thumbprint(name, wanted["replaces"])
    return {f"site_certificate_{option}": value for option, value in wanted.items()}


def told(beats: Beats) -> None:
    """What a user is told of what was left alone, or changed along."""
    for run in (beats.dry, beats.done):
        assert "this changes 'Second' too" in str(run.of("shared")["warnings"])
    assert beats.done.of("shared")["endpoints"][0]["shared_with"] == ["Second"]
    assert "central certificate store" in str(beats.done.of("ccs")["warnings"])
    assert beats.done.of("ccs")["left_alone"][0]["selector"] == "ccs=443"
    assert "ipport=0.0.0.0:4443 holds the old certificate too" in str(beats.done.of("foreign")["warnings"])
    assert "not looked at: site is stopped" in str(beats.done.of("sni")["proofs"]["hostnameport=shop.example.com:443"])
    looked = beats.done.of("listen")["proofs"][ANY]["served"]
    assert {each["address"] for each in looked} == {"10.0.1.7"}
    sites = beats.done.of("settings")["sites"]
    assert (sites["production"]["after"], sites["renewal"]["after"]) == ("started", "stopped")


def outside(stage: Stage) -> None:
    """What openssl is sent, and what the world says of sites and services."""
    looks = {
        "settings": ("127.0.0.1", 443, ""),
        "settings-old": ("127.0.0.1", 443, ""),
        "sni": ("127.0.0.1", 443, "www.example.com"),
        "ccs": ("127.0.0.1", 443, "www.example.com"),
        "both": ("::1", 443, "www.example.com"),
        "listen": ("10.0.1.8", 443, ""),
        "services": ("127.0.0.1", 443, ""),
        "iis6": ("127.0.0.1", 443, ""),
        "iis6-binding": ("127.0.0.1", 443, ""),
        "iis6-replaces": ("127.0.0.1", 443, "www.example.com"),
        "iis6-services": ("127.0.0.1", 443, ""),
    }
    for name, (address, port, server_name) in looks.items():
        chain = witness.served_chain(stage.fleet.socket_address(name, address, port), server_name)
        assert witness.thumbprint(chain.leaf) == stage.thumbprint(name, "new"), name
        assert (chain.protocol == "TLSv1") is name.startswith("iis6"), name
    alone = witness.served_chain(stage.fleet.socket_address("shared", "127.0.0.1", 444))
    assert witness.thumbprint(alone.leaf) == stage.thumbprint("shared", "old")
    assert witness.served_chain(stage.fleet.socket_address("iis6-replaces", "127.0.0.1", 444)).names == ()
    assert stage.host("iis6").sites == stage.host("settings").sites == {"Production": "Started", "Renewal": "Stopped"}
    assert stage.host("sni").sites == {"Web": "Started", "Shop": "Stopped"}
    assert all(stage.host("services").services.running(name) for name in ("W3SVC", "WAS"))
    assert all(stage.host("iis6-services").services.running(name) for name in ("IISADMIN", "HTTPFilter", "W3SVC"))
