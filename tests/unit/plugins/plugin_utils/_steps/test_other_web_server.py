# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The steps on a web server that they do not know: nothing of http.sys, of a metabase, of IIS at all."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.repair import repair
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Plan, Verdict
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.certificate_install import CertificateInstall
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.site_certificate import SiteCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.tls_info import TlsInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.trusted_root import TrustedRoot

from tests.unit.iis_host import flight
from tests.unit.mint import Minted, mint
from tests.unit.other_web import OtherHost, OtherWeb, site, vhost
from tests.unit.root_host import HOST, F
from tests.unit.shelves import stores

ROOT = mint("Root", ca=True)
ISSUER = mint("Issuer", ROOT, ca=True)
OLD, NEW = (mint("www.example.com", ISSUER, names=["www.example.com"]) for _each in range(2))
SHOP, RENEWAL, BLOG = site(1, "Shop", 443, 8443), site(2, "Renewal", 444), site(3, "Blog", 445)
WEB = OtherWeb((SHOP, RENEWAL), (vhost(SHOP, OLD.thumbprint), vhost(RENEWAL, OLD.thumbprint)))


def chain(one: Minted) -> tuple[bytes, ...]:
    return (one.der, ISSUER.der)


def snapshot(web: OtherWeb = WEB, **fields: Any) -> Snapshot:
    mine = tuple(PersonalCertificate("MY", one.certificate, True, provider="A Provider") for one in (OLD, NEW))
    given = {"stores": stores([ROOT], [ISSUER]), "personal": mine, "web": web}
    return Snapshot(HOST, Journal(), **(given | fields))


def host(**fields: Any) -> OtherHost:
    ports = {"vhost=1": [443, 8443], "vhost=2": [444], "vhost=3": [445]}
    held = dict.fromkeys(ports, OLD.thumbprint)
    sent = {port: chain(OLD) for own in ports.values() for port in own}
    return OtherHost(held, sent, {each.thumbprint: chain(each) for each in (OLD, NEW)}, ports, **fields)


def swap(**fields: Any) -> SiteCertificate:
    return SiteCertificate(**({"thumbprint": NEW.thumbprint, "production_site": "Shop"} | fields))


def applied(plan: Plan, target: OtherHost) -> Verdict:
    for change in plan.changes:
        for operation in change.operations:
            if operation.name.startswith("other."):
                target.execute(operation)
    (proof,) = plan.proofs
    return proof.judge(tuple(map(target.execute, proof.operations)))


def test_every_listener_of_an_endpoint_is_looked_at_and_each_decides() -> None:
    target = host(stale=False)
    verdict = applied(swap().plan(snapshot()), target)
    assert verdict.outcome is Outcome.PROVEN
    looks = [(each["port"], each["server_name"]) for each in verdict.facts["served"]]
    assert looks == [(443, "www.example.com"), (443, ""), (8443, "www.example.com"), (8443, "")]
    assert "127.0.0.1 port 8443 asked without a name" in verdict.seen
    target.sent[8443] = chain(OLD)
    (proof,) = swap().plan(snapshot()).proofs
    one = proof.judge(tuple(map(target.execute, proof.operations)))
    assert (one.outcome, one.curable) == (Outcome.MISSED, True)


def test_a_listener_that_keeps_the_old_one_is_what_the_remedy_is_for() -> None:
    target = host()
    plan = swap().plan(snapshot())
    assert applied(plan, target).outcome is Outcome.MISSED
    (proof,) = plan.proofs
    for operation in proof.remedy:
        target.execute(operation)
    assert proof.judge(tuple(map(target.execute, proof.operations))).outcome is Outcome.PROVEN


def test_no_remedy_helps_where_the_endpoint_itself_is_not_as_planned() -> None:
    target = host()
    (proof,) = swap().plan(snapshot()).proofs
    verdict = proof.judge(tuple(map(target.execute, proof.operations)))
    assert (verdict.outcome, verdict.curable) == (Outcome.MISSED, False)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer("ok"), Outcome.MISSED),
        (Answer("error", kind="win32", number=10061, text="refused"), Outcome.NOT_PROVEN),
    ],
    ids=["closes", "refuses"],
)
def test_a_listener_that_has_no_certificate_yet_is_started_anew_and_one_that_is_not_there_is_not(
    answer: Answer, outcome: Outcome
) -> None:
    (proof,) = swap().plan(snapshot()).proofs
    held = Answer("ok", NEW.thumbprint.encode())
    verdict = proof.judge((held, *(answer for _each in proof.operations[1:])))
    assert (verdict.outcome, verdict.curable) == (outcome, answer.ok)
    without = dataclasses.replace(WEB, remedies=False)
    (proof,) = swap().plan(snapshot(without)).proofs
    assert proof.judge((held, *(answer for _each in proof.operations[1:]))).outcome is Outcome.NOT_PROVEN


def test_no_connection_is_cut_where_one_of_several_listeners_is_not_there() -> None:
    """An address that the host no longer has: a start anew would not bring it back."""
    (proof,) = swap().plan(snapshot()).proofs
    held, closed = Answer("ok", NEW.thumbprint.encode()), Answer("ok")
    gone = Answer("error", kind="win32", number=10061, text="refused")
    looks = len(proof.operations) - 1
    verdict = proof.judge(
        (held, *(closed for _each in range(looks // 2)), *(gone for _each in range(looks - looks // 2)))
    )
    assert (verdict.outcome, verdict.curable) == (Outcome.MISSED, False)


def test_the_protocol_that_was_seen_is_told_and_an_old_one_shows_the_chain_too() -> None:
    (proof,) = swap().plan(snapshot()).proofs
    held, sent = Answer("ok", NEW.thumbprint.encode()), flight(chain(NEW))
    old = sent.replace(b"\x16\x03\x03", b"\x16\x03\x01", 1).replace(b"\x03\x03" + bytes(32), b"\x03\x01" + bytes(32), 1)
    for data, protocol in ((sent, "TLS 1.2"), (old, "TLS 1.0")):
        verdict = proof.judge((held, *(Answer("ok", data) for _each in proof.operations[1:])))
        assert verdict.outcome is Outcome.PROVEN
        assert {each["protocol"] for each in verdict.facts["served"]} == {protocol}


def test_a_certificate_that_is_looked_for_in_another_store_is_not_what_was_planned() -> None:
    class Elsewhere(OtherWeb):
        def understood(self, endpoint: Endpoint, payload: bytes) -> Endpoint | None:
            return dataclasses.replace(endpoint, thumbprint=payload.decode(), store="CA")

    web = Elsewhere(WEB.sites, WEB.endpoints)
    (proof,) = swap().plan(snapshot(web)).proofs
    sent = Answer("ok", flight(chain(NEW)))
    verdict = proof.judge((Answer("ok", NEW.thumbprint.encode()), *(sent for _each in proof.operations[1:])))
    assert (verdict.outcome, verdict.curable) == (Outcome.MISSED, False)
    assert "store: CA" in verdict.seen


def test_nobody_looks_at_a_stopped_site_so_it_needs_no_remedy() -> None:
    stopped = dataclasses.replace(SHOP, state="stopped")
    web = OtherWeb((stopped,), (vhost(stopped, OLD.thumbprint),))
    (proof,) = swap(production_site="", replaces=OLD.thumbprint).plan(snapshot(web)).proofs
    assert (len(proof.operations), proof.remedy) == (1, ())


def test_an_inherited_certificate_is_shown_before_and_is_the_sites_own_after() -> None:
    web = OtherWeb((SHOP,), (vhost(SHOP, OLD.thumbprint, inherited_from="all sites"),))
    plan = swap().plan(snapshot(web))
    (change,) = plan.changes
    assert "inherited from: all sites" in change.before
    assert "inherited" not in change.after
    assert plan.snapshot.web is not None
    assert plan.snapshot.web.endpoints[0].inherited_from == ""


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_certificate_that_cannot_be_served_is_bound_nowhere(dry_run: bool) -> None:
    web = dataclasses.replace(WEB, no_service=(NEW.thumbprint,))
    words = r"is of a kind that it cannot serve \(key in A Provider\)"
    with pytest.raises(TlsOpsError, match=words):
        swap().plan(snapshot(web, dry_run=dry_run))
    with pytest.raises(TlsOpsError, match=words):
        install(bind=True).plan(snapshot(web, dry_run=dry_run))


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_key_for_signatures_only_is_refused_before_anything_is_touched(dry_run: bool) -> None:
    there = snapshot(dry_run=dry_run)
    personal = tuple(dataclasses.replace(one, key_spec=2) for one in there.personal or ())
    with pytest.raises(TlsOpsError, match="KeySpec 2"):
        swap().plan(dataclasses.replace(there, personal=personal))


def install(**fields: Any) -> CertificateInstall:
    return CertificateInstall(**({"answer": (NEW.certificate,), "renewal_site": "Renewal", "port": 444} | fields))


def test_to_install_it_or_to_look_at_roots_is_only_a_warning() -> None:
    web = dataclasses.replace(WEB, no_service=(NEW.thumbprint,))
    plan = install().plan(snapshot(web))
    assert [each for each in plan.warnings if "cannot serve" in each]
    roots = TrustedRoot((), True, (NEW.certificate,), "reported", force=False)
    assert [each for each in roots.plan(snapshot(web)).warnings if "cannot serve" in each]
    assert not install().plan(snapshot()).warnings
    part_of_a_renewal = dataclasses.replace(roots, installed=True)
    assert not part_of_a_renewal.plan(snapshot(web)).warnings


def test_to_install_it_for_no_site_warns_too() -> None:
    web = dataclasses.replace(WEB, no_service=(NEW.thumbprint,))
    (warning,) = install(renewal_site="").plan(snapshot(web)).warnings
    assert "cannot serve" in warning


def test_a_renewal_site_that_runs_is_started_anew_where_it_keeps_what_it_has() -> None:
    plan = install(bind=True).plan(snapshot())
    proof = plan.proofs[-1]
    assert (plan.warnings, proof.remedy) == ((), WEB.refresh(WEB.endpoints[1]))
    target = host()
    for change in plan.changes:
        assert all(target.execute(each).ok for each in change.operations)
    assert proof.judge(tuple(map(target.execute, proof.operations))).outcome is Outcome.MISSED
    assert all(target.execute(each).ok for each in proof.remedy)
    assert proof.judge(tuple(map(target.execute, proof.operations))).outcome is Outcome.PROVEN


def test_a_renewal_site_that_the_same_task_stops_is_not_looked_at() -> None:
    proof = install(bind=True, looks=False).plan(snapshot()).proofs[-1]
    assert (proof.remedy, [each.name for each in proof.operations]) == ((), ["other.get"])


def test_by_binding_the_endpoint_of_the_stopped_renewal_site_alone_is_left_as_it_is() -> None:
    """Of two sites that have a binding one runs; Step 1 gives the renewal site its certificate."""
    renewal = dataclasses.replace(RENEWAL, bindings=SHOP.bindings[:1], state="stopped")
    web = OtherWeb((SHOP, renewal), (vhost(SHOP, OLD.thumbprint), vhost(renewal, OLD.thumbprint)))
    given = {"production_site": "", "binding": SHOP.bindings[0].information}
    plan = swap(**given, renewal_site="renewal").plan(snapshot(web))
    assert [each["selector"] for each in plan.result["endpoints"]] == ["vhost=1"]
    assert "vhost=2 is the renewal site's alone: it was left as it is." in plan.findings
    both = swap(**given).plan(snapshot(web))
    assert [each["selector"] for each in both.result["endpoints"]] == ["vhost=1", "vhost=2"]
    alone = OtherWeb((renewal,), (vhost(renewal, OLD.thumbprint),))
    only = swap(**given, renewal_site="Renewal").plan(snapshot(alone))
    assert [each["selector"] for each in only.result["endpoints"]] == ["vhost=2"]


@pytest.mark.parametrize(("takes", "kinds"), [(False, ["no_sha2"]), (True, []), (None, [])])
def test_info_tells_that_a_host_cannot_use_sha_2(takes: bool | None, kinds: list[str]) -> None:
    web = dataclasses.replace(WEB, takes_sha2=takes)
    problems = TlsInfo(frozenset()).plan(snapshot(web)).result["problems"]
    found = [each for each in problems if each["kind"] == "no_sha2"]
    assert [each["kind"] for each in found] == kinds
    assert all("KB968730" in each["text"] for each in found)


def test_other_sites_that_run_are_named_and_left_alone() -> None:
    quiet = [site(4, "Old", 446, state="stopped"), dataclasses.replace(site(5, "Plain"), bindings=())]
    sites = (SHOP, RENEWAL, BLOG, *quiet)
    web = OtherWeb(sites, tuple(vhost(each, OLD.thumbprint) for each in sites if each.bindings))
    plan = swap(renewal_site="Renewal").plan(snapshot(web))
    (finding,) = plan.findings
    assert finding.startswith("Also started: 'Blog'. They have https bindings")
    assert not [change for change in plan.changes if "Blog" in change.what]
    assert swap().plan(snapshot(web)).findings == ()  # no renewal site is named: nothing says which site is live
    by_certificate = swap(production_site="", replaces=OLD.thumbprint, renewal_site="Old")
    assert by_certificate.plan(snapshot(web)).findings == ()
    others = swap(renewal_site="Renewal", live=("B*",))
    assert others.plan(snapshot(web)).findings == ()
    stopped = swap(renewal_site="Renewal", stopped=("blog",))
    assert stopped.plan(snapshot(web)).findings == ()


def test_many_sites_that_run_are_not_all_named() -> None:
    many = [site(number, f"S{number}", 500 + number) for number in range(10, 30)]
    sites = (SHOP, RENEWAL, *many)
    web = OtherWeb(sites, tuple(vhost(each, OLD.thumbprint) for each in sites))
    (finding,) = swap(renewal_site="Renewal").plan(snapshot(web)).findings
    assert "'S19' and 10 more." in finding


def test_info_tells_what_the_endpoints_are_and_names_by_what_they_meet() -> None:
    named = dataclasses.replace(SHOP, bindings=(dataclasses.replace(SHOP.bindings[0], information=":443:x.example"),))
    plan = TlsInfo(frozenset()).plan(snapshot(OtherWeb((named,), (vhost(named, NEW.thumbprint),))))
    (record,) = plan.result["records"]
    assert (record["selector"], record["owner"], "app_id" in record) == ("vhost=1", "IIS", False)
    assert [each["kind"] for each in plan.result["problems"]] == ["name_not_covered"]


def test_a_chain_that_changes_is_bound_again_at_every_listener_and_has_the_remedy() -> None:
    web = OtherWeb((SHOP,), (vhost(SHOP, F.leaf.thumbprint),))
    step = TrustedRoot((), True, (), "disabled", force=False)
    (proof,) = step.plan(F.snapshot(web=web)).proofs
    assert {dict(each.arguments)["port"] for each in proof.operations} == {"443", "8443"}
    assert proof.remedy == web.refresh(web.endpoints[0])
    old, new = (chain_of(*more) for more in ((), (F.cross.der,)))
    ports = {"vhost=1": [443, 8443]}
    half = OtherHost({"vhost=1": ""}, {443: new, 8443: old}, {}, ports)
    assert proof.judge(tuple(map(half.execute, proof.operations))).outcome is Outcome.RESTART_REQUIRED
    half.sent[8443] = new
    assert proof.judge(tuple(map(half.execute, proof.operations))).outcome is Outcome.PROVEN


def chain_of(*more: bytes) -> tuple[bytes, ...]:
    return (F.leaf.der, F.issuing.der, *more)


def test_after_a_lost_answer_a_chain_from_before_has_its_remedy_too() -> None:
    web = OtherWeb((SHOP,), (vhost(SHOP, F.leaf.thumbprint),))
    step = TrustedRoot((), True, (), "disabled", force=False)
    done = step.plan(F.snapshot(web=web)).snapshot
    plan = step.plan(dataclasses.replace(done, prove_all=True))
    (proof,) = plan.proofs
    assert (plan.changes, proof.remedy) == ((), web.refresh(web.endpoints[0]))


def test_the_web_server_settles_what_a_cut_off_run_left() -> None:
    journal = Journal({"vhost=1": OLD.thumbprint, "vhost=2": "gone", "vhost=3": "nonsense"})
    plan = repair(dataclasses.replace(snapshot(), journal=journal))
    assert [change.after for change in plan.changes] == [OLD.thumbprint, "lost"]
    assert plan.warnings == (
        "vhost=2 is lost.",
        "The journal's entry for vhost=3 was left alone: it says nonsense. Look at vhosts.conf.",
    )
    unread = repair(dataclasses.replace(snapshot(personal=None), journal=journal))
    assert [change.after for change in unread.changes] == [OLD.thumbprint, "gone"]
    assert repair(dataclasses.replace(snapshot(), web=None, journal=journal)).changes == ()


def test_no_step_and_no_stage_imports_a_backend() -> None:
    """``read`` asks and understands; what restores IIS 7's own property is the one thing of a backend that is named."""
    allowed = {("_flow/read.py", "_windows.iis"), ("_steps/_traps.py", "_windows.iis.site_states")}
    tree = Path(flow.__file__).parent.parent
    found = set()
    for folder in ("_flow", "_steps"):
        for path in sorted((tree / folder).glob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
                if module.startswith(("_windows.iis", "_windows.httpsys", "_windows.netsh")):
                    found.add((f"{folder}/{path.name}", module))
    assert found == allowed
