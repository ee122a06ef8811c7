# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Proof
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import (
    PersonalCertificate,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import _rebind
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._rebind import rebinding
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.trusted_root import TrustedRoot
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7, Problem
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate

from tests.unit.mint import mint
from tests.unit.root_host import SITES, F, FakeLook, Target, Web, endpoint, operations, step


def stages(*more: dict[str, Any]) -> list[Snapshot]:
    """The host as it was read, with the root disabled, and then as each further part of a plan leaves it."""
    made = [F.snapshot(), step().plan(F.snapshot()).snapshot]
    for changes in more:
        made.append(dataclasses.replace(made[-1], **changes))
    return made


def test_a_binding_whose_chain_changes_is_bound_again_and_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rebind, "Look", FakeLook)
    plan = step().plan(F.snapshot())
    change, (proof,) = plan.changes[-1], plan.proofs
    assert plan.result["rebound"] == ["ipport=0.0.0.0:443"]
    assert F.cross.thumbprint in change.after
    assert F.cross.thumbprint not in change.before
    assert change.operations[0].arguments[1:3] == (
        ("argument", "ipport=0.0.0.0:443"),
        ("argument", F.leaf.thumbprint.lower()),
    )
    old = (F.leaf.certificate, F.issuing.certificate)

    def judged(*served: Certificate) -> Outcome:
        return proof.judge((served,)).outcome  # type: ignore[arg-type]

    assert judged(*old, F.cross.certificate) is Outcome.PROVEN
    assert judged(*old) is Outcome.RESTART_REQUIRED
    assert judged(F.leaf.certificate) is Outcome.MISSED
    assert judged() is Outcome.UNPROVABLE


def test_the_proof_uses_the_real_look() -> None:
    (proof,) = step().plan(F.snapshot()).proofs
    assert {operation.name for operation in proof.operations} == {"tcp.exchange"}
    assert {dict(operation.arguments)["address"] for operation in proof.operations} == {"127.0.0.1"}
    refused = Answer("error", kind="win32", number=10061, text="refused")
    assert proof.judge(tuple(refused for _each in proof.operations)).outcome is Outcome.UNPROVABLE


def test_a_stopped_sites_binding_is_bound_again_and_cannot_be_looked_at() -> None:
    plan = step().plan(F.snapshot(web=Web((endpoint(F.leaf.thumbprint, sites=("renewal",)),), SITES)))
    assert plan.proofs == ()
    assert plan.result["rebound"] == ["ipport=0.0.0.0:443"]
    assert "no site that it serves is started" in plan.result["not_looked_at"]["ipport=0.0.0.0:443"]


def test_without_iis_there_is_nothing_to_bind() -> None:
    plan = step("disabled", F.new.thumbprint).plan(F.snapshot(web=None, personal=None))
    assert plan.result["rebound"] == []
    assert plan.changes


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"owner": "foreign", "sites": ()}, "it is kept for another program"),
        ({"owner": "unbound", "sites": ()}, "no site has a binding for it"),
        ({"thumbprint": "AA" * 20}, ""),
        ({"thumbprint": ""}, ""),
    ],
)
def test_other_peoples_records_are_not_bound_again_but_told(changes: dict[str, Any], left: str) -> None:
    web = Web((endpoint(**{"thumbprint": F.leaf.thumbprint} | changes),), SITES)
    plan = step("disabled", F.new.thumbprint).plan(F.snapshot(web=web))
    told = plan.result["not_looked_at"].get("ipport=0.0.0.0:443", "")
    assert (plan.result["rebound"], plan.proofs) == ([], ())
    assert left in told
    assert bool(told) == bool(left) == bool(plan.warnings)


def test_a_record_with_what_is_not_understood_stops_nothing_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_rebind, "Look", FakeLook)
    odd = endpoint(F.leaf.thumbprint, selector="ipport=0.0.0.0:444", port=444, settings={"unknown": ["x"]})
    plan = step().plan(F.snapshot(web=Web((odd, endpoint(F.leaf.thumbprint)), SITES)))
    assert plan.result["rebound"] == ["ipport=0.0.0.0:443"]
    assert "holds what is not understood" in plan.result["not_looked_at"]["ipport=0.0.0.0:444"]
    proof = plan.proofs[0]
    assert proof.name == "chain sent by ipport=0.0.0.0:444"
    old = (F.leaf.certificate, F.issuing.certificate)
    found = [judged(proof, *served) for served in (old, (*old, F.cross.certificate), old[:1], ())]
    assert found == [Outcome.RESTART_REQUIRED, Outcome.PROVEN, Outcome.UNPROVABLE, Outcome.UNPROVABLE]


def judged(proof: Proof, *served: Certificate) -> Outcome:
    return proof.judge((served,)).outcome  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "name"), [("*", "tlsops.invalid"), ("*.example.com", "tlsops.example.com"), ("a.b", "a.b"), ("", None)]
)
def test_a_record_is_asked_for_by_a_name_that_it_answers(
    monkeypatch: pytest.MonkeyPatch, host: str, name: str | None
) -> None:
    asked = []

    class Noted(FakeLook):
        def __init__(self, *arguments: Any) -> None:
            asked.append(arguments)

    monkeypatch.setattr(_rebind, "Look", Noted)
    step().plan(F.snapshot(web=Web((endpoint(F.leaf.thumbprint, host=host),), SITES)))
    assert asked == [("127.0.0.1", 443, name)]


def test_an_address_at_which_nobody_listens_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_self: Web, _endpoint: Endpoint) -> str:
        raise TlsOpsError("http.sys does not listen there.")

    monkeypatch.setattr(Web, "reached_at", nowhere)
    plan = step().plan(F.snapshot())
    assert (plan.result["rebound"], plan.proofs) == (["ipport=0.0.0.0:443"], ())
    assert plan.warnings == ("ipport=0.0.0.0:443 is bound again but not looked at: http.sys does not listen there.",)


def test_a_bound_record_forgets_its_way_back_behind_the_proofs() -> None:
    assert [each.name for each in step().plan(F.snapshot()).changes[-1].closing] == ["reg.delete"]


def test_what_a_later_part_binds_itself_is_not_bound_again() -> None:
    new = mint("www.example.com", issuer=F.issuing)
    personal = (PersonalCertificate("MY", new.certificate, True),)
    after = {"web": Web((endpoint(new.thumbprint),), SITES), "personal": personal}
    assert rebinding(stages(after)).changes == ()
    assert rebinding(stages({})).selectors == ("ipport=0.0.0.0:443",)


def test_what_an_earlier_part_bound_before_the_root_went_is_bound_again() -> None:
    """The renewal site's binding: it got the certificate while the root was enabled."""
    read, *later = stages()
    plan = step().rebound([F.snapshot(used=False), read, *later])
    assert plan.result["rebound"] == ["ipport=0.0.0.0:443"]
    assert plan.step == "trusted_root"


def test_a_site_that_a_later_part_stops_is_not_looked_at() -> None:
    stopped = tuple(dataclasses.replace(site, state="stopped") for site in SITES)
    found = rebinding(stages({"web": Web((endpoint(F.leaf.thumbprint),), stopped)}))
    assert (found.selectors, found.proofs) == (("ipport=0.0.0.0:443",), ())
    assert "no site that it serves is started" in found.left["ipport=0.0.0.0:443"]


def test_a_part_of_a_longer_plan_leaves_binding_to_its_end() -> None:
    plan = dataclasses.replace(step(), rebinds=False).plan(F.snapshot())
    assert (plan.result["rebound"], plan.proofs) == ([], ())
    assert all("chain sent by" not in each.where for each in plan.changes)
    assert step("reported").rebound(stages({})).changes == ()


@pytest.mark.parametrize("made", [step("disabled"), step("disabled", F.new.thumbprint), step("distrusted")])
def test_after_a_lost_answer_the_chains_that_depend_on_the_roots_are_looked_at_again(
    monkeypatch: pytest.MonkeyPatch, made: TrustedRoot
) -> None:
    monkeypatch.setattr(_rebind, "Look", FakeLook)
    done = made.plan(F.snapshot()).snapshot
    assert made.plan(done).proofs == ()
    plan = made.plan(dataclasses.replace(done, prove_all=True))
    assert plan.changes == ()
    (proof,) = plan.proofs
    old = (F.leaf.certificate, F.issuing.certificate)
    assert judged(proof, *old) is Outcome.RESTART_REQUIRED
    assert judged(proof, *old, F.cross.certificate) is Outcome.PROVEN
    assert (judged(proof, *old[:1]), judged(proof)) == (Outcome.UNPROVABLE, Outcome.UNPROVABLE)


def test_after_a_lost_answer_an_enabled_root_is_looked_at_too_and_nothing_twice() -> None:
    assert len(step("enabled", F.new.thumbprint).plan(F.snapshot(prove_all=True)).proofs) == 1
    assert len(step().plan(F.snapshot(prove_all=True)).proofs) == 1
    assert step("reported").plan(F.snapshot(prove_all=True)).proofs == ()
    assert step().plan(F.snapshot(intermediates=(F.issuing,), prove_all=True)).proofs == ()


def test_a_root_is_marked_before_it_changes_and_until_the_chains_were_looked_at() -> None:
    plan = step().plan(F.snapshot())
    first, *others = plan.changes
    mark, *_other = first.operations
    (drop,) = first.closing
    assert (mark.name, dict(mark.arguments)["name"]) == ("reg.write", "Rebind")
    assert (drop.name, dict(drop.arguments)["name"]) == ("reg.delete", "Rebind")
    assert [each.name for each in (*mark.undo, *drop.undo)] == ["reg.delete", "reg.write"]
    assert not any(dict(each.arguments).get("name") == "Rebind" for more in others for each in more.operations)
    target = Target(F.snapshot())
    target.do(operations(plan, closing=True))
    target.undo(operations(plan, closing=True))
    assert target.values == Target(F.snapshot()).values
    assert plan.snapshot.journal.rebind == frozenset()
    unused = step("disabled", F.new.thumbprint).plan(F.snapshot(used=False))
    assert all(change.closing == () for change in unused.changes), "nothing to bind, no mark"


@pytest.mark.parametrize("state", ["disabled", "distrusted", "enabled"])
@pytest.mark.parametrize("got", ["before", "after"])
def test_what_a_cut_off_run_did_not_come_to_is_bound_again_once(state: str, got: str) -> None:
    """The first run was cut off after its mark, or after the roots and before the first binding."""
    start = step().plan(F.snapshot()).snapshot if state == "enabled" else F.snapshot()
    made = step(state, F.new.thumbprint)
    reached = made.plan(start).snapshot if got == "after" else start
    journal = dataclasses.replace(reached.journal, rebind=frozenset({F.new.thumbprint}))
    plan = made.plan(dataclasses.replace(reached, journal=journal))
    assert plan.result["rebound"] == ["ipport=0.0.0.0:443"]
    assert len(plan.proofs) == 1
    dropped = plan.changes[-2]
    assert (dropped.operations, [each.name for each in dropped.closing]) == ((), ["reg.delete"])
    assert made.plan(plan.snapshot).changes == ()


def test_a_mark_of_a_renewal_that_was_cut_off_is_settled_by_the_next_one() -> None:
    done = step().plan(F.snapshot()).snapshot
    read = dataclasses.replace(done, journal=dataclasses.replace(done.journal, rebind=frozenset({F.new.thumbprint})))
    made = dataclasses.replace(step(), rebinds=False)
    plan = made.plan(read)
    assert [each.operations for each in plan.changes] == [()]
    assert made.rebound([read, plan.snapshot]).result["rebound"] == ["ipport=0.0.0.0:443"]
    assert step("reported").plan(read).changes == ()


def test_a_mark_stays_while_the_web_sites_are_not_known() -> None:
    journal = dataclasses.replace(F.snapshot().journal, rebind=frozenset({F.new.thumbprint}))
    web = Iis7(problem=Problem("IIS takes its configuration from another place."))
    plan = step("disabled", F.new.thumbprint).plan(F.snapshot(journal=journal, web=web))
    assert plan.snapshot.journal.rebind == {F.new.thumbprint}
    assert all(change.closing == () for change in plan.changes)
