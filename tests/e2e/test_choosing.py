# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choosing: many sites of one host by pattern, several certificates in one task, hosts on which nothing matches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import witness
from .plain import OLD, RSA, at, records, scenario, site
from .stage import PASSWORD, Beats, Case, Stage, staged

SHOP, INTRA, SHARED = "*.shop.example.com", "intra.example.com", "ipport=0.0.0.0:444"
NAMES = [SHOP, "shop.example.com"]
SITES = (
    site("Shop DE", at("*:443:de.shop.example.com", 1, flags=0x2)),
    site("Shop FR", at("*:443:fr.shop.example.com", 1), state="stopped"),
    site("SHOP uk", at("*:444:uk.shop.example.com")),
    site("Checkout", at("*:444:pay.shop.example.com")),
    site("Shop plain", {"protocol": "http", "information": "*:80:"}),
    site("Shop Renewal", at("*:9443:"), state="stopped"),
    site("Shop [old]", at("*:445:")),
    site("Intranet", {**at("*:446:"), "certificate": "intra"}),
)


def many(authority: str = "simple", **more: Any) -> dict[str, Any]:
    """A host with eight sites, one certificate for all shops and one for the intranet, and what comes after both."""
    simple = {"authority": authority, "key": "rsa-2048"}
    requests = {"shop": {**simple, "names": NAMES}, "intra": {**simple, "names": [INTRA], "mail": "pkcs7"}}
    return {
        "product": "2022",
        "stores": [
            {"certificate": f"{authority}.root", "in": ["Root"]},
            {"certificate": f"{authority}.intermediate", "in": ["CA"]},
        ],
        "certificates": {
            "old": {**simple, "names": NAMES},
            "intra": {**simple, "names": [INTRA]},
            "new": {**simple, "names": NAMES},
        },
        "requests": requests,
        "sites": list(SITES),
        **more,
    }


def iis6() -> dict[str, Any]:
    """The same sites where each has its own port and certificate."""
    ports = {site["name"]: port for port, site in enumerate(SITES, 443)}
    own = []
    for each in SITES:
        tls = [{**at(f":{ports[each['name']]}:"), "certificate": one["certificate"]} for one in https(each)]
        own.append({**each, "bindings": tls or each["bindings"]})
    return many(RSA, product=OLD, sites=own)


def https(site: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in site["bindings"] if "certificate" in each]


def served(stage: Stage, host: str, port: int, name: str = "") -> str:
    """The thumbprint of what openssl is sent."""
    return witness.thumbprint(witness.served_chain(stage.fleet.socket_address(host, "127.0.0.1", port), name).leaf)


def common(stage: Stage) -> dict[str, Any]:
    return {"backup_password": PASSWORD, "backup_destinations": [f"{stage.backups}/"]}


def test_all_sites_that_a_pattern_means_in_four_beats(tmp_path: Path) -> None:
    with staged(scenario(many=many(), iis6=iis6()), tmp_path) as stage:
        old, new = stage.thumbprint("many", "old"), stage.thumbprint("many", "new")
        wanted = {"production_sites": ["shop *", "shop fr"], "renewal_site": "Shop Renewal"}
        own = {name: {**wanted, "thumbprint": stage.thumbprint(name, "new")} for name in ("many", "iis6")}
        stage.set_variables(
            {host: {f"site_certificate_{name}": value for name, value in each.items()} for host, each in own.items()}
        )
        before = {name: records(stage, name) for name in own}
        beats = stage.beats(stage.role("site_certificate"), list(own))
        on_iis6(stage, beats, before.pop("iis6"))
        assert beats.commands["many"] == 2
        after = records(stage, "many")
        left = {"ipport=0.0.0.0:9443": old, "ipport=0.0.0.0:446": stage.thumbprint("many", "intra")}
        for selector, record in after.items():
            assert record == before["many"][selector] | {"certificate": left.get(selector, new)}, selector
        told_of_the_pattern(beats)
        states = stage.host("many").sites
        assert states.pop("Shop Renewal") == "Stopped"
        assert set(states.values()) == {"Started"}, "Shop FR too"
        for port, name in ((443, "de.shop.example.com"), (443, "fr.shop.example.com"), (444, ""), (445, "")):
            assert served(stage, "many", port, name) == new


def on_iis6(stage: Stage, beats: Beats, before: dict[str, Any]) -> None:
    """Sites 1 to 3 and 7 are meant; the fourth shares nothing there, the fifth has no https binding."""
    old, new = stage.thumbprint("iis6", "old"), stage.thumbprint("iis6", "new")
    swapped = {f"metabase=W3SVC/{number}" for number in (1, 2, 3, 7)}
    for selector, record in records(stage, "iis6").items():
        wanted = {"certificate": new} if selector in swapped else {}
        assert record == before[selector] | wanted, selector
    assert beats.commands["iis6"] == 3
    for run in (beats.dry, beats.done):
        result = run.of("iis6")
        assert "The site 'Shop plain' matches, but has no https binding: it was left out." in result["findings"]
        assert "this changes" not in str(result.get("warnings"))
    assert stage.host("iis6").sites["Shop Renewal"] == "Stopped"
    assert [served(stage, "iis6", port) for port in (443, 444, 445, 446, 449)] == [new, new, new, old, new]


def told_of_the_pattern(beats: Beats) -> None:
    for run in (beats.dry, beats.done):
        result = run.of("many")
        assert result["matched"] is True
        left_out, others = result["findings"]
        assert left_out == "The site 'Shop plain' matches, but has no https binding: it was left out."
        assert others.startswith("Also started: 'Checkout', 'Intranet'.")
        assert "this changes 'Checkout' too" in str(result["warnings"])
        after = {each["name"]: each["after"] for each in result["sites"]["production_sites"]}
        assert after == dict.fromkeys(["Shop DE", "Shop FR", "SHOP uk", "Shop [old]"], "started")
        assert result["sites"]["renewal"]["after"] == "stopped"


SEVERAL: dict[str, dict[str, Any]] = {
    "many": {
        "last": "*:445:",
        "looks": ((443, "de.shop.example.com"), (444, ""), (445, ""), (446, "")),
        "places": ["ipport=0.0.0.0:446", "ipport=0.0.0.0:445"],
    },
    "iis6": {
        "last": ":449:",
        "looks": ((443, ""), (446, ""), (449, ""), (450, "")),
        "places": ["metabase=W3SVC/8", "metabase=W3SVC/7"],
    },
}
"""By host: the binding of the site 'Shop [old]', where openssl looks, and what holds the last two certificates."""


def several(stage: Stage, host: str, foreign: str) -> list[dict[str, Any]]:
    """Two answers for patterns and a site, an installed certificate for a third, and another host's answer."""
    return [
        {"answer": stage.text(host, "shop"), "production_sites": ["Shop ??", "checkout"], "replaces": ""},
        {"answer": foreign, "production_site": "Intranet", "no_match": "ignore"},
        {"answer": stage.text(host, "intra"), "production_site": "Intranet", "renewal_site": "Shop Renewal"},
        {"thumbprint": stage.thumbprint(host, "new"), "binding": SEVERAL[host]["last"]},
    ]


def test_several_renewals_in_one_task_in_four_beats(tmp_path: Path) -> None:
    with staged(scenario(many=many(), iis6=iis6(), other=many()), tmp_path) as stage:
        own = {}
        for host in SEVERAL:
            given = {**common(stage), "renewals": several(stage, host, stage.text("other", "intra"))}
            own[host] = {f"renewal_{name}": value for name, value in given.items()}
        stage.set_variables(own)
        beats = stage.beats(stage.role("renewal"), list(SEVERAL))
        assert beats.commands == {"many": 2, "iis6": 3}
        files = {name for host in SEVERAL for name in renewed(stage, beats, host)}
        assert {path.name for path in stage.backups.iterdir()} == files


def renewed(stage: Stage, beats: Beats, host: str) -> set[str]:
    """What the result says, and what openssl sees; gives the names of the backups."""
    shop, intra = (stage.thumbprint(host, name) for name in ("new", "intra"))
    result = beats.done.of(host, "renew the certificate")
    entries = result["renewals"]
    assert [each["matched"] for each in entries] == [True, False, True, True]
    installed = [each.get("certificate_install", {}).get("thumbprint") for each in entries]
    assert installed[1] is installed[3] is None
    assert [each.get("pfx_backup", {}).get("thumbprint") for each in entries] == [*installed[:3], shop]
    assert "certificate_install" not in result
    assert result["trusted_root"]["state"] == "disabled"
    assert "renewal 2 (production_site 'Intranet'): Nothing to do here: none of the" in result["findings"][0]
    now = [served(stage, host, port, name) for port, name in SEVERAL[host]["looks"]]
    assert now == [installed[0], installed[0], shop, installed[2]]
    assert intra not in now
    proofs = [part["proofs"] for each in entries if (part := each.get("site_certificate"))]
    assert [list(each) for each in proofs][1:] == [[place] for place in SEVERAL[host]["places"]]
    return {f"{host}_{each}.pfx" for each in (installed[0], installed[2], shop)}


NONE: dict[str, tuple[dict[str, Any], str]] = {
    "site": ({"production_site": "Portal"}, "there is no web site 'Portal'; there are: 'Shop DE'"),
    "pattern": ({"production_sites": ["Portal*"]}, "no web site is meant by 'Portal*'; there are: 'Shop DE'"),
    "renewal only": (
        {"production_sites": ["*Renewal"], "renewal_site": "Shop Renewal"},
        "no web site is meant by '*Renewal'",
    ),
    "bare": ({"production_sites": ["*plain"]}, "no site that '*plain' means has an https binding: Shop plain"),
    "binding": ({"binding": "*:8443:"}, "no site has the https binding '*:8443:'; there are: *:443:de.shop"),
    "replaces": ({"replaces": "AB" * 20}, "no endpoint of IIS holds the certificate ABAB"),
    "answer": ({"production_site": "Intranet", "answer": ""}, "belongs to a private key of this host"),
}
"""What is not on the host, and the words for it; ``answer`` is another host's."""


def unmatched(stage: Stage) -> dict[str, tuple[Case, str]]:
    found = {}
    for name, (own, words) in NONE.items():
        answer = {"answer": stage.text("other" if name == "answer" else "many", "shop")}
        where = {key: value for key, value in own.items() if key != "answer"}
        found[f"renewal {name}"] = Case("many", "renewal", {**common(stage), **where, **answer}), words
        which = answer if name == "answer" else {"thumbprint": stage.thumbprint("many", "new")}
        found[f"swap {name}"] = Case("many", "site_certificate", {**where, **which}), words
    return found


def test_a_host_on_which_nothing_matches_is_red_or_green_as_asked(tmp_path: Path) -> None:
    with staged(scenario(many=many(), other=many()), tmp_path) as stage:
        cases = unmatched(stage)
        stage.refused(cases)
        before = stage.digests(["many"])
        stage.fleet.reset_traffic()
        for options in ((), ("--check", "--diff")):
            ignored = {
                name: Case(each.host, each.module, {**each.arguments, "no_match": "ignore"})
                for name, (each, _words) in cases.items()
            }
            results = stage.cases(ignored, *options)
            for name, result in results.items():
                assert (result["status"], result["changed"], result["matched"]) == ("ok", False, False), (name, result)
                assert result["diff"] == [], name
                assert cases[name][1] in result["findings"][0], result["findings"]
        assert stage.fleet.traffic("many").commands == 2 * len(cases), "one round each"
        assert stage.digests(["many"]) == before
        assert list(stage.backups.iterdir()) == []


def test_faults_are_errors_although_nothing_has_to_match(tmp_path: Path) -> None:
    with staged(scenario(many=many(), other=many()), tmp_path) as stage:
        shop, old = {"answer": stage.text("many", "shop")}, {"thumbprint": stage.thumbprint("many", "new")}
        faults: dict[str, tuple[dict[str, Any], str]] = {
            "damaged": ({"answer": "no answer", "production_site": "Portal"}, "certificate"),
            "bare": ({**shop, "production_site": "Shop plain"}, "has no https binding"),
            "bare of a list": ({**shop, "production_sites": ["Shop plain", "Shop DE"]}, "has no https binding"),
            "not covered": (
                {**shop, "production_sites": ["Shop*", "Checkout"], "renewal_site": "X"},
                "no web site 'X'",
            ),
            "not here": ({"thumbprint": "AB" * 20, "production_site": "Intranet"}, "there is no certificate ABAB"),
            "one of a list": ({**old, "production_sites": ["Shop DE", "Portal"], "no_match": "fail"}, "'Portal'"),
            "renewal site": ({**old, "production_sites": ["A", "b"], "renewal_site": "B"}, "are the same site"),
        }
        stage.refused(
            {
                name: (Case("many", "renewal", {"no_match": "ignore", **common(stage), **own}), words)
                for name, (own, words) in faults.items()
            }
        )


def wrong(stage: Stage) -> dict[str, tuple[list[dict[str, Any]], str]]:
    """Lists of renewals that are refused, and the words for it."""
    shop, intra = ({"answer": stage.text("many", name)} for name in ("shop", "intra"))
    first = {**shop, "production_sites": ["Shop DE"]}
    new = stage.thumbprint("many", "new")
    same = {"thumbprint": new, "binding": "*:443:de.shop.example.com"}
    at_intranet = {**intra, "production_site": "Intranet"}
    return {
        "claimed": (
            [{**shop, "production_site": "Shop DE"}, same],
            "is meant by renewal 1 (production_site 'Shop DE') and by renewal 2 (binding '*:443:de.shop.",
        ),
        "bound twice": (
            [
                {**first, "bind": True, "port": 9443, "renewal_site": "Shop Renewal"},
                {**at_intranet, "bind": True, "port": 9443, "renewal_site": "Shop Renewal"},
            ],
            "ipport=0.0.0.0:9443 is meant by renewal 1",
        ),
        "not covered": ([first, {**intra, "production_site": "Shop FR"}], "renewal 2 (production_site 'Shop FR'): "),
        "no such site": ([first, {**intra, "production_site": "X"}], "renewal 2 (production_site 'X'): there is"),
        "no such file": (
            [first, {"answer_path": "/nowhere/x.eml", "production_site": "Intranet"}],
            "renewal 2 (production_site 'Intranet'): there is no file",
        ),
        "stopped": (
            [first, {**at_intranet, "renewal_site": "shop de"}],
            "'Shop DE' is a production site of renewal 1 (production_sites 'Shop DE') and the renewal site of renewal",
        ),
        "bind of an installed one": (
            [first, {**same, "bind": True}],
            "renewal 2 (binding '*:443:de.shop.example.com')",
        ),
        "replaced by another": (
            [{**same, "replaces": stage.thumbprint("many", "old"), "binding": ""}, {**shop, "replaces": new}],
            "renewal 2 (replaces",
        ),
        "taken by another": (
            [at_intranet, {**same, "replaces": stage.thumbprint("many", "intra"), "binding": ""}],
            "an earlier renewal of this task takes every endpoint",
        ),
        "no dict": ([first, None], "renewals, entry 2: it is nothing, not a dict"),
        "no option": ([first, {**first, "verify": "always"}], "entry 2: unsupported parameters: verify"),
        "nothing": ([first, {"production_site": "Intranet"}], "renewals, entry 2: one of the following is required"),
        "two targets": ([{**first, "replaces": "AB" * 20}], "renewals, entry 1: parameters are mutually exclusive"),
        "empty": ([], "the list of renewals is empty"),
    }


def test_renewals_that_cannot_go_together_are_refused_by_number(tmp_path: Path) -> None:
    with staged(scenario(many=many(), other=many()), tmp_path) as stage:
        cases = {
            name: (Case("many", "renewal", {**common(stage), "renewals": entries}), words)
            for name, (entries, words) in wrong(stage).items()
        }
        both = [
            {"answer": stage.text("many", "shop"), "production_site": "Shop DE"},
            {"answer": stage.text("many", "intra"), "production_site": "Intranet"},
        ]
        given = {**common(stage), "renewals": both}
        file = {**given, "backup_destinations": [str(stage.backups / "one.pfx")]}
        cases["one file"] = Case("many", "renewal", file), "one.pfx would be the backup of renewal 1"
        cases["beside"] = Case("many", "renewal", {**given, "production_site": "X"}), "mutually exclusive"
        cases["bind beside"] = Case("many", "renewal", {**given, "bind": True}), "bind beside renewals says nothing"
        stage.refused(cases)
        assert list(stage.backups.iterdir()) == []
