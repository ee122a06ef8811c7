# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
import datetime
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Plan, Verdict
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Query, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.site_certificate import (
    ARGUMENTS,
    RULES,
    SiteCertificate,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import Record

from tests.unit.iis_host import Host, iis
from tests.unit.mint import NOW, Minted, mint
from tests.unit.shelves import copy, stores

ROOT = mint("Root", ca=True)
ISSUER = mint("Issuer", ROOT, ca=True)
OLD = mint("www.example.com", ISSUER, names=["www.example.com"])
NEW = mint("www.example.com", ISSUER, names=["www.example.com", "example.com"])
CHAIN = (NEW.der, ISSUER.der)
ANY, SNI = "ipport=0.0.0.0:443", "hostnameport=www.example.com:443"
HTTPS, NAMED = ("https", "*:443:", 0), ("https", "*:443:www.example.com", 1)


def host(**fields: Any) -> Host:
    given = {"sites": {"P": ("started", [HTTPS])}, "records": {ANY: iis(OLD.thumbprint, flags=0x10)}}
    chains = {OLD.thumbprint: (OLD.der, ISSUER.der), NEW.thumbprint: CHAIN}
    return Host(**(given | {"chains": chains} | fields))


def snapshot(target: Host, *extra: PersonalCertificate, **fields: Any) -> Snapshot:
    info = dataclasses.make_dataclass("Info", ["clock", "os_version"])(NOW, "10.0.20348")
    mine = tuple(PersonalCertificate("MY", each.certificate, True) for each in (OLD, NEW))
    given = {"stores": stores([ROOT], [ISSUER]), "personal": (*mine, *extra), "web": target.web()}
    return Snapshot(info, Journal(), **(given | fields))


def step(**fields: Any) -> SiteCertificate:
    chosen = {} if {"binding", "replaces"} & set(fields) else {"production_site": "P"}
    return SiteCertificate(**({"thumbprint": NEW.thumbprint} | chosen | fields))


def apply(plan: Plan, target: Host) -> dict[str, Verdict]:
    """Does the changes as the far side would, then judges the proofs."""
    answers = target.batch([each for change in plan.changes for each in change.operations])
    assert all(each.ok for each in answers), answers[-1]
    verdicts = {proof.name: proof.judge(tuple(map(target.execute, proof.operations))) for proof in plan.proofs}
    assert all(target.execute(each).ok for change in plan.changes for each in change.closing)
    assert target.journal == {}
    return verdicts


def test_swap_keeps_the_settings_and_is_proven() -> None:
    target = host()
    plan = step().plan(snapshot(target))
    verdicts = apply(plan, target)
    assert target.records == {ANY: iis(NEW.thumbprint, flags=0x10)}
    assert verdicts[ANY].outcome is Outcome.PROVEN
    served = verdicts[ANY].facts["served"]
    assert [each["server_name"] for each in served] == ["www.example.com", ""]
    assert plan.result["certificate"]["thumbprint"] == NEW.thumbprint
    assert plan.result["sites"] == {"production": {"name": "P", "before": "started", "after": "started"}}
    (endpoint,) = plan.result["endpoints"]
    assert (endpoint["before"], endpoint["after"], endpoint["changed"]) == (OLD.thumbprint, NEW.thumbprint, True)
    assert plan.snapshot.web.endpoints == target.web().endpoints
    (change,) = plan.changes
    assert f"certificate: {OLD.thumbprint}" in change.before
    assert change.after == change.before.replace(OLD.thumbprint, NEW.thumbprint)


def test_a_second_run_changes_nothing_and_looks_only_if_asked() -> None:
    target = host(records={ANY: iis(NEW.thumbprint)})
    assert step().plan(snapshot(target)).changes == step().plan(snapshot(target)).proofs == ()
    plan = step(verify="always").plan(snapshot(target))
    assert (plan.changes, plan.prove_always) == ((), True)
    assert apply(plan, target)[ANY].outcome is Outcome.PROVEN


def test_sni_and_address_records_of_one_site() -> None:
    target = host(
        sites={"P": ("started", [HTTPS, NAMED])}, records={ANY: iis(OLD.thumbprint), SNI: iis(OLD.thumbprint)}
    )
    assert {each.outcome for each in apply(step().plan(snapshot(target)), target).values()} == {Outcome.PROVEN}
    assert {each.thumbprint for each in target.records.values()} == {NEW.thumbprint}


def test_one_binding_only() -> None:
    target = host(
        sites={"P": ("started", [HTTPS, NAMED])}, records={ANY: iis(OLD.thumbprint), SNI: iis(OLD.thumbprint)}
    )
    verdicts = apply(step(binding="*:443:WWW.example.com").plan(snapshot(target)), target)
    assert [target.records[each].thumbprint for each in (ANY, SNI)] == [OLD.thumbprint, NEW.thumbprint]
    assert verdicts[SNI].outcome is Outcome.PROVEN  # without SNI another certificate comes, and that is only told
    assert "another certificate" in verdicts[SNI].seen


def test_replaces_finds_stopped_sites_and_leaves_states_alone() -> None:
    other = "ipport=10.0.0.1:443"
    sites = {"P": ("started", [HTTPS]), "Q": ("stopped", [("https", "10.0.0.1:443:", 0)])}
    target = host(sites=sites, records={ANY: iis(OLD.thumbprint), other: iis(OLD.thumbprint)})
    plan = step(replaces=OLD.thumbprint).plan(snapshot(target))
    verdicts = apply(plan, target)
    assert target.states == {}
    assert "not looked at: site is stopped" in verdicts[other].seen
    assert verdicts[other].outcome is Outcome.PROVEN
    again = step(replaces=OLD.thumbprint).plan(snapshot(target))
    assert (again.changes, again.warnings, len(again.result["endpoints"])) == ((), (), 2)


def test_renewal_site_is_stopped_before_production_starts() -> None:
    sites = {"P": ("stopped", [HTTPS]), "R": ("started", [HTTPS])}
    target = host(sites=sites)
    plan = step(renewal_site="r").plan(snapshot(target))
    assert plan.changes[0].operations[0].name == "key.prove", "no record is touched for a key that is not there"
    whats = [change.what for change in plan.changes]
    assert [each.split(" the site")[0] for each in whats[1:]] == ["stop", "start"]
    assert "https *:443:" in whats[1]
    assert apply(plan, target)[ANY].outcome is Outcome.PROVEN
    assert target.states == {"/site.name:R": "stop", "/site.name:P": "start"}
    assert plan.result["sites"]["renewal"] == {"name": "R", "before": "started", "after": "stopped"}
    assert plan.result["endpoints"][0]["shared_with"] == ["R"]
    assert any("'R' too, which share it" in each for each in plan.warnings)


def test_a_started_site_that_nobody_stops_keeps_production_from_starting() -> None:
    sites = {"P": ("stopped", [HTTPS]), "R": ("started", [HTTPS]), "S": ("started", [NAMED])}
    before = snapshot(host(sites=sites))
    with pytest.raises(
        TlsOpsError, match=r"'P' is stopped .* 'R' is started and has its binding https \*:443:"
    ) as told:
        step().plan(before)
    assert "renewal_site" in told.value.hint
    assert step(renewal_site="R").plan(before).changes
    assert step(binding="*:443:").plan(before).changes, "it starts no site"


def test_an_ipv6_record_that_nobody_reaches_is_swapped_and_not_looked_at() -> None:
    six = "ipport=[::]:443"
    both = {ANY: iis(OLD.thumbprint), six: iis(OLD.thumbprint)}
    target = host(records=both, listen_only=("10.0.0.5",))
    verdicts = apply(step().plan(snapshot(target)), target)
    assert {each.outcome for each in verdicts.values()} == {Outcome.PROVEN}
    assert "only listens on 10.0.0.5" in verdicts[six].seen
    assert target.records[six].thumbprint == NEW.thumbprint


def test_services_run_first() -> None:
    sites = {"P": ("started", [HTTPS]), "R": ("stopped", [HTTPS])}
    target = host(sites=sites, services={"WAS": (1, 3), "W3SVC": (1, 2)})
    plan = step(renewal_site="R").plan(snapshot(target))
    assert [change.where for change in plan.changes] == [ANY, "web services", "site R", "site P"]
    apply(plan, target)
    assert target.services["W3SVC"][0] == 4


def test_a_binding_without_a_record_gets_one() -> None:
    target = host(records={})
    web_hosting = PersonalCertificate("WebHosting", NEW.certificate, True)
    before = snapshot(target)
    before = dataclasses.replace(before, personal=(web_hosting,))
    assert step().wanted_store(before) == "MY"
    assert apply(step().plan(before), target)[ANY].outcome is Outcome.PROVEN
    assert target.records[ANY] == iis(NEW.thumbprint, store="WebHosting")


def test_central_store_is_left_alone() -> None:
    central = ("https", "*:443:c.example.com", 3)
    target = host(sites={"P": ("started", [HTTPS, central]), "C": ("started", [central])})
    plan = step().plan(snapshot(target))
    assert plan.result["left_alone"] == [{"selector": "ccs=443", "sites": ["P", "C"]}]
    assert "central certificate store" in plan.warnings[0]
    for choice in ({"production_site": "C"}, {"binding": "*:443:c.example.com"}):
        with pytest.raises(TlsOpsError, match="central certificate store"):
            step(**choice).plan(snapshot(target))


ADFS = Record(OLD.thumbprint, app_id="{5d89a20c-beab-4389-9447-324788eb944a}")


@pytest.mark.parametrize("choice", [{}, {"binding": "*:443:"}, {"replaces": OLD.thumbprint}])
def test_foreign_records_are_never_touched(choice: dict[str, str]) -> None:
    with pytest.raises(TlsOpsError, match=r"ipport=0\.0\.0\.0:443"):
        step(**choice).plan(snapshot(host(records={ANY: ADFS})))


@pytest.mark.parametrize(
    ("fields", "choice", "match"),
    [
        ({}, {"production_site": "X"}, "no web site 'X'; there are: 'P'"),
        ({}, {"binding": "*:444:"}, "there are: \\*:443:"),
        ({}, {"renewal_site": "X"}, "no web site 'X'"),
        ({"sites": {"P": ("started", [])}}, {}, "no https binding"),
        ({"records": {ANY: iis(OLD.thumbprint, store="WebHosting")}}, {}, "from the store WebHosting"),
        ({"records": {ANY: iis(OLD.thumbprint, flags=0x2000)}}, {}, "flag 0x2000"),
        ({"records": {ANY: iis(OLD.thumbprint, unknown=("x",))}, "sites": {"P": ("started", [])}}, {}, "no https"),
        ({"sites": {"P": ("started", [("https", "*:443:other.example.com", 0)])}}, {}, "does not cover other.example"),
    ],
)
def test_refusals(fields: dict[str, Any], choice: dict[str, str], match: str) -> None:
    with pytest.raises(TlsOpsError, match=match):
        step(**choice).plan(snapshot(host(**fields)))


def test_certificates_that_cannot_serve() -> None:
    expired = mint("www.example.com", ISSUER, names=["www.example.com"], not_before=OLD.certificate.not_before,
                   not_after=NOW)  # fmt: skip
    later = dataclasses.make_dataclass("Info", ["clock"])(NEW.certificate.not_after.replace(year=NOW.year + 5))
    with pytest.raises(TlsOpsError, match="expired on"):
        step().plan(dataclasses.replace(snapshot(host()), host=later))
    keyless = PersonalCertificate("MY", expired.certificate, False)
    with pytest.raises(TlsOpsError, match="without a private key"):
        step(thumbprint=expired.thumbprint).plan(snapshot(host(), keyless))
    with pytest.raises(TlsOpsError, match="no trusted chain"):
        step().plan(snapshot(host(), stores=stores([], [ISSUER])))


def test_names_that_get_lost_are_a_warning() -> None:
    wide = mint("www.example.com", ISSUER, names=["www.example.com", "shop.example.com"])
    target = host(records={ANY: iis(wide.thumbprint)})
    plan = step().plan(snapshot(target, PersonalCertificate("MY", wide.certificate, True)))
    assert any("covers shop.example.com, the new one does not" in each for each in plan.warnings)


def test_dry_run_of_a_chain_goes_on_with_a_pending_request() -> None:
    key = mint("dummy", key=NEW.key)  # type: ignore[arg-type]
    pending = PersonalCertificate("REQUEST", key.certificate, True)
    mine = PersonalCertificate("MY", OLD.certificate, True)
    before = snapshot(host(), personal=(pending, mine), stores=stores([ROOT]), dry_run=True)
    answer = (NEW.certificate, ISSUER.certificate)
    plan = step(thumbprint="", answer=answer).plan(before)
    assert len(plan.changes) == 1
    assert "not installed yet" in plan.warnings[0]
    with pytest.raises(TlsOpsError, match=r"^'www.* not installed yet"):
        step(thumbprint="", answer=answer).plan(dataclasses.replace(before, dry_run=False))


@pytest.mark.parametrize(
    "choice", [{"production_site": "X"}, {"binding": "*:444:"}, {"production_site": "", "production_sites": ("X*",)}]
)
def test_where_both_the_place_and_the_certificate_are_missing_both_are_told(choice: dict[str, Any]) -> None:
    here = snapshot(host())
    with pytest.raises(TlsOpsError, match=r"there are: .*\. Also, there is no certificate ABAB"):
        step(**choice, thumbprint="AB" * 20).plan(here)
    with pytest.raises(TlsOpsError) as error:
        step(replaces="CD" * 20, answer=(), thumbprint="").plan(here)
    assert "Also," not in error.value.message


def judged(chain: tuple[Minted, ...] | None, records: dict[str, Record] | None = None, **fields: Any) -> Verdict:
    target = host()
    plan = step().plan(snapshot(target, **fields))
    apply(plan, target)
    target.chains[NEW.thumbprint] = tuple(each.der for each in chain or ())
    target.records |= records or {}
    (proof,) = plan.proofs
    return proof.judge(tuple(map(target.execute, proof.operations)))


def test_what_is_seen_decides() -> None:
    assert judged((NEW, ISSUER)).outcome is Outcome.PROVEN
    assert judged((OLD, ISSUER)).outcome is Outcome.MISSED
    assert OLD.thumbprint in judged((OLD, ISSUER)).seen
    assert judged((NEW,)).outcome is Outcome.MISSED
    assert judged(None).outcome is Outcome.NOT_PROVEN
    changed = judged((NEW, ISSUER), {ANY: iis(NEW.thumbprint, flags=0)})
    assert changed.outcome is Outcome.MISSED
    assert "flags: 0 (was 16)" in changed.seen


def test_the_chain_from_before_a_root_was_disabled_needs_a_restart() -> None:
    new_root = mint("New root", ca=True)
    cross = mint("New root", ROOT, key=new_root.key, ca=True)
    issuer = mint("Issuer", new_root, key=ISSUER.key, ca=True)
    disabled = stores([ROOT], [cross, issuer], copy(new_root, usages=bytes.fromhex("3000")))
    assert judged((NEW, issuer, cross), stores=disabled).outcome is Outcome.PROVEN
    assert judged((NEW, issuer), stores=disabled).outcome is Outcome.RESTART_REQUIRED


def test_what_renewal_asks() -> None:
    before = snapshot(host(records={ANY: iis(OLD.thumbprint, store="webhosting")}))
    assert step().wanted_store(before) == "WebHosting"
    assert step().queries() == frozenset(Query)
    mixed = host(sites={"P": ("started", [HTTPS, NAMED])}, records={ANY: iis(), SNI: iis(store="WebHosting")})
    with pytest.raises(TlsOpsError, match="MY and WebHosting"):
        step().wanted_store(snapshot(mixed))


def test_from_arguments() -> None:
    blank = dict.fromkeys(ARGUMENTS) | {"verify": "changed", "no_match": "fail"}
    mark = "\u200e" + " ".join(NEW.thumbprint[at : at + 2].lower() for at in range(0, 40, 2))
    made = SiteCertificate.from_arguments(blank | {"replaces": mark, "thumbprint": mark}, None)  # type: ignore[arg-type]
    assert (made.replaces, made.thumbprint) == (NEW.thumbprint, NEW.thumbprint)
    empty = {"binding": "", "replaces": "", "renewal_site": "", "answer": "", "answer_path": ""}
    given = blank | empty | {"production_site": "P", "thumbprint": mark}
    assert SiteCertificate.from_arguments(given, None) == step()  # type: ignore[arg-type]
    several = blank | {"production_sites": ["P", " Q*", "P "], "thumbprint": mark}
    assert SiteCertificate.from_arguments(several, None).production_sites == ("P", "Q*")  # type: ignore[arg-type]
    wrong = [
        {"production_site": "", "thumbprint": mark},
        {"production_site": "P", "answer": ""},
        {"production_site": "P", "replaces": mark, "thumbprint": mark},
        {"binding": "443", "thumbprint": mark},
        {"production_site": "P", "thumbprint": "x"},
        {"production_site": "P"},
        {"production_site": "P", "renewal_site": "p", "thumbprint": mark},
        {"production_sites": ["P", "R"], "renewal_site": "r", "thumbprint": mark},
        {"production_sites": [], "thumbprint": mark},
        {"production_sites": ["P", ""], "thumbprint": mark},
        {"production_sites": ["P"], "binding": "*:443:", "thumbprint": mark},
    ]
    for arguments in wrong:
        with pytest.raises(TlsOpsError):
            SiteCertificate.from_arguments(blank | arguments, None)  # type: ignore[arg-type]
    assert {name for group in RULES["mutually_exclusive"] for name in group} <= set(ARGUMENTS)


def test_the_way_back_is_kept_until_the_proofs() -> None:
    target = host()
    plan = step().plan(snapshot(target))
    assert all(each.ok for each in target.batch([each for change in plan.changes for each in change.operations]))
    assert list(target.journal) == [ANY], "a run that is cut off here is known by it"


def test_after_an_unproven_run_everything_is_proven() -> None:
    target = host(records={ANY: iis(NEW.thumbprint)})
    plan = step().plan(snapshot(target, prove_all=True))
    assert (plan.changes, plan.prove_always) == ((), True)
    assert apply(plan, target)[ANY].outcome is Outcome.PROVEN


def test_a_mail_that_quotes_certificates_does_not_make_targets_of_them() -> None:
    """An endpoint that holds another certificate of the mail is none that holds the new one."""
    other, long_ago = "ipport=10.0.0.1:443", NOW - datetime.timedelta(days=300)
    old, quoted = (mint("www.example.com", ISSUER, names=["www.example.com"], not_before=long_ago) for _other in "ab")
    sites = {"P": ("started", [HTTPS]), "Q": ("started", [("https", "10.0.0.1:443:", 0)])}
    records = {ANY: iis(old.thumbprint), other: iis(quoted.thumbprint, store="WebHosting")}
    mine = tuple(PersonalCertificate("MY", each.certificate, True) for each in (old, NEW))
    before = snapshot(host(sites=sites, records=records), personal=mine)
    answer = (quoted.certificate, old.certificate, NEW.certificate)
    asked = step(replaces=old.thumbprint, thumbprint="", answer=answer)
    result = asked.plan(before).result
    assert result["certificate"]["thumbprint"] == NEW.thumbprint
    assert [each["selector"] for each in result["endpoints"]] == [ANY]
    assert asked.wanted_store(before) == "MY"


@pytest.mark.parametrize("order", [("P", "Q"), ("Q", "P")])
def test_replaces_refuses_a_name_that_is_not_covered_whatever_the_order_of_sites(order: tuple[str, str]) -> None:
    bindings = {"P": HTTPS, "Q": ("https", "*:443:other.example.com", 0)}
    target = host(sites={name: ("started", [bindings[name]]) for name in order})
    with pytest.raises(TlsOpsError, match=r"does not cover other\.example\.com"):
        step(replaces=OLD.thumbprint).plan(snapshot(target))


def test_the_site_of_the_binding_is_not_stopped_as_renewal_site() -> None:
    before = snapshot(host(sites={"P": ("started", [HTTPS]), "R": ("stopped", [HTTPS])}))
    with pytest.raises(TlsOpsError, match="renewal_site would stop") as told:
        step(binding="*:443:", renewal_site="p").plan(before)
    assert "production_site" in told.value.hint
    assert step(binding="*:443:", renewal_site="R").plan(before).changes
    silent = host(services={"WAS": (1, 3), "W3SVC": (1, 2)})
    with pytest.raises(TlsOpsError, match="renewal_site would stop"):
        step(binding="*:443:", renewal_site="P").plan(snapshot(silent))


@pytest.mark.parametrize("choice", [{"replaces": OLD.thumbprint}, {"binding": "*:443:"}])
def test_services_run_wherever_there_is_something_to_look_at(choice: dict[str, str]) -> None:
    target = host(services={"WAS": (1, 3), "W3SVC": (1, 2)})
    plan = step(**choice).plan(snapshot(target))
    assert [change.where for change in plan.changes] == [ANY, "web services"]
    verdict = apply(plan, target)[ANY]
    assert (verdict.outcome, bool(verdict.facts["served"])) == (Outcome.PROVEN, True)
    target.chains[NEW.thumbprint] = ()
    assert plan.proofs[0].judge(tuple(map(target.execute, plan.proofs[0].operations))).outcome is Outcome.NOT_PROVEN


def test_services_are_left_alone_where_nothing_is_meant() -> None:
    other = mint("www.example.com", ISSUER, names=["www.example.com"])
    before = snapshot(
        host(services={"WAS": (1, 3), "W3SVC": (1, 2)}), PersonalCertificate("MY", other.certificate, True)
    )
    plan = step(replaces="CC" * 20, thumbprint=other.thumbprint, no_match="ignore").plan(before)
    assert (plan.changes, plan.result) == ((), {"matched": False})


def test_a_site_whose_state_cannot_be_read_is_settled_beside_a_swap_only() -> None:
    sites = {"P": ("novel", [HTTPS]), "R": ("novel", [HTTPS])}
    target = host(sites=sites)
    plan = step(renewal_site="R").plan(snapshot(target))
    assert [change.where for change in plan.changes] == [ANY, "site R", "site P"]
    assert "could not be read" in plan.changes[1].permanent
    assert apply(plan, target)[ANY].outcome is Outcome.PROVEN
    again = step(renewal_site="R").plan(snapshot(target))
    assert again.changes == ()
    assert ["should be stopped" in again.warnings[0], "should be started" in again.warnings[1]] == [True, True]
    interrupted = step(renewal_site="R").plan(snapshot(target, prove_all=True))
    assert [change.where for change in interrupted.changes] == ["site R", "site P"]


def test_a_record_for_every_name_is_asked_by_a_name_that_nobody_has() -> None:
    named = [("https", f"*:443:{name}", 1) for name in ("www.example.com", "example.com")]
    sites = {"P": ("started", [("https", "*:443:", 1)]), "Q": ("started", named)}
    every = "hostnameport=*:443"
    records = {f"hostnameport={name}:443": iis(OLD.thumbprint) for name in ("*", "www.example.com", "example.com")}
    plan = step().plan(snapshot(host(sites=sites, records=records)))
    assert plan.proofs[0].name == every
    assert b"tlsops.invalid" in bytes(dict(plan.proofs[0].operations[1].arguments)["data"])
    sites["Q"][1].append(("https", "*:443:*.invalid", 1))
    target = host(sites=sites, records=records | {"hostnameport=*.invalid:443": iis(OLD.thumbprint)})
    plan = step().plan(snapshot(target))
    target.records[every] = iis(NEW.thumbprint)
    verdict = plan.proofs[0].judge(tuple(map(target.execute, plan.proofs[0].operations)))
    assert verdict.outcome is Outcome.NOT_PROVEN
    assert "every name that could be asked for" in verdict.seen


def test_who_may_read_the_old_key_may_read_the_new_one_before_it_is_bound() -> None:
    default = "D:P(A;;FA;;;SY)(A;;FA;;;BA)"
    readers = {OLD: default + "(A;;FR;;;NS)", NEW: default}
    mine = tuple(PersonalCertificate("MY", each.certificate, True, access=text) for each, text in readers.items())
    plan = step().plan(snapshot(host(), personal=mine))
    granting, swap = plan.changes
    assert [each.name for each in granting.operations] == ["key.prove", "key.acl"]
    assert "key.acl" not in [each.name for each in swap.operations]
    assert plan.result["key_access"] == ["S-1-5-20"]
    bound = host(records={ANY: iis(NEW.thumbprint)})
    again = step().plan(snapshot(bound, personal=plan.snapshot.personal))
    assert (again.changes, again.result["key_access"]) == ((), [])
