# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Choosing: many sites of one host by pattern, several certificates in one task, hosts on which nothing matches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from . import witness
from .plain import at, records, scenario, site
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


def many(**more: Any) -> dict[str, Any]:
    """A host with eight sites, one certificate for all shops and one for the intranet, and what comes after both."""
    simple = {"authority": "simple", "key": "rsa-2048"}
    requests = {"shop": {**simple, "names": NAMES}, "intra": {**simple, "names": [INTRA], "mail": "pkcs7"}}
    return {
        "product": "2022",
        "stores": [
            {"certificate": "simple.root", "in": ["Root"]},
            {"certificate": "simple.intermediate", "in": ["CA"]},
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


def served(stage: Stage, host: str, port: int, name: str = "") -> str:
    """The thumbprint of what openssl is sent."""
    return witness.thumbprint(witness.served_chain(stage.fleet.socket_address(host, "127.0.0.1", port), name).leaf)


def common(stage: Stage) -> dict[str, Any]:
    return {"backup_password": PASSWORD, "backup_destinations": [f"{stage.backups}/"]}


def test_all_sites_that_a_pattern_means_in_four_beats(tmp_path: Path) -> None:
    with staged(scenario(many=many()), tmp_path) as stage:
        old, new = stage.thumbprint("many", "old"), stage.thumbprint("many", "new")
        wanted = {"production_sites": ["shop *", "shop fr"], "renewal_site": "Shop Renewal", "thumbprint": new}
        stage.set_variables({"many": {f"site_certificate_{name}": value for name, value in wanted.items()}})
        before = records(stage, "many")
        beats = stage.beats(stage.role("site_certificate"), ["many"])
        assert beats.commands["many"] == 2
        after = records(stage, "many")
        left = {"ipport=0.0.0.0:9443": old, "ipport=0.0.0.0:446": stage.thumbprint("many", "intra")}
        for selector, record in after.items():
            assert record == before[selector] | {"certificate": left.get(selector, new)}, selector
        told_of_the_pattern(beats)
        states = stage.host("many").sites
        assert states.pop("Shop Renewal") == "Stopped"
        assert set(states.values()) == {"Started"}, "Shop FR too"
        for port, name in ((443, "de.shop.example.com"), (443, "fr.shop.example.com"), (444, ""), (445, "")):
            assert served(stage, "many", port, name) == new


def told_of_the_pattern(beats: Beats) -> None:
    for run in (beats.dry, beats.done):
        result = run.of("many")
        assert result["matched"] is True
        assert result["findings"] == ["The site 'Shop plain' matches, but has no https binding: it was left out."]
        assert "this changes 'Checkout' too" in str(result["warnings"])
        after = {each["name"]: each["after"] for each in result["sites"]["production_sites"]}
        assert after == dict.fromkeys(["Shop DE", "Shop FR", "SHOP uk", "Shop [old]"], "started")
        assert result["sites"]["renewal"]["after"] == "stopped"


def several(stage: Stage, host: str, foreign: str) -> list[dict[str, Any]]:
    """Two answers for patterns and a site, an installed certificate for a third, and another host's answer."""
    return [
        {"answer": stage.text(host, "shop"), "production_sites": ["Shop ??", "checkout"], "replaces": ""},
        {"answer": foreign, "production_site": "Intranet", "no_match": "ignore"},
        {"answer": stage.text(host, "intra"), "production_site": "Intranet", "renewal_site": "Shop Renewal"},
        {"thumbprint": stage.thumbprint(host, "new"), "binding": "*:445:"},
    ]


def test_several_renewals_in_one_task_in_four_beats(tmp_path: Path) -> None:
    with staged(scenario(many=many(), other=many()), tmp_path) as stage:
        renewals = several(stage, "many", stage.text("other", "intra"))
        given = {**common(stage), "renewals": renewals}
        stage.set_variables({"many": {f"renewal_{name}": value for name, value in given.items()}})
        beats = stage.beats(stage.role("renewal"), ["many"])
        assert beats.commands["many"] == 2
        shop, intra = (stage.thumbprint("many", f"{name}") for name in ("new", "intra"))
        result = beats.done.of("many", "renew the certificate")
        entries = result["renewals"]
        assert [each["matched"] for each in entries] == [True, False, True, True]
        installed = [each.get("certificate_install", {}).get("thumbprint") for each in entries]
        assert installed[1] is installed[3] is None
        assert [each.get("pfx_backup", {}).get("thumbprint") for each in entries] == [*installed[:3], shop]
        assert "certificate_install" not in result
        assert result["trusted_root"]["state"] == "disabled"
        assert "renewal 2 (production_site 'Intranet'): Nothing to do here: none of the" in result["findings"][0]
        ports = {443: "de.shop.example.com", 444: "", 445: "", 446: ""}
        now = [served(stage, "many", port, name) for port, name in ports.items()]
        assert now == [installed[0], installed[0], shop, installed[2]]
        assert intra not in now
        files = {path.name for path in stage.backups.iterdir()}
        assert files == {f"many_{each}.pfx" for each in (installed[0], installed[2], shop)}
        proofs = [part["proofs"] for each in entries if (part := each.get("site_certificate"))]
        assert [set(each) for each in proofs][1:] == [{"ipport=0.0.0.0:446"}, {"ipport=0.0.0.0:445"}]


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
