# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import run
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import (
    RegistryValue,
    digest,
    encode_registry,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Query, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import (
    PersonalCertificate,
    StoreCopy,
    Stores,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import _rebind
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._rebind import rebinding
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._roots import conflicts
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.trusted_root import TrustedRoot
from ansible_collections.tlsops.windows.plugins.plugin_utils._tls.look import Served
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.stores import with_intermediate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate

from tests.unit.mint import NOW, Minted, mint
from tests.unit.shelves import copy, real, stores

NONE = bytes.fromhex("3000")
LISTED = bytes.fromhex("301406082b0601050507030206082b06010505070301")
PHYSICAL = ("Registry", "AuthRoot", "Policies", "Enterprise", "System")
G5 = real("verisign_g5_root_selfsigned")


@dataclasses.dataclass(frozen=True)
class Web:
    """As much of a web server as the step asks for."""

    endpoints: tuple[Endpoint, ...]
    sites: tuple[Site, ...]

    def connect_address(self, endpoint: Endpoint) -> str:
        return "127.0.0.1" if endpoint.address == "0.0.0.0" else endpoint.address

    def replace(self, endpoint: Endpoint, thumbprint: str, store: str) -> tuple[Operation, ...]:
        return (run("netsh", endpoint.selector, thumbprint, store),)


class Fixture:
    """One site whose certificate lies below a newer root; the cross certificate by the old root is in CA."""

    def __init__(self, cross_until: datetime | None = None) -> None:
        self.old = mint("Old Root", ca=True)
        self.new = mint("New Root", ca=True)
        self.cross = mint("New Root", issuer=self.old, key=self.new.key, ca=True, not_after=cross_until)
        self.issuing = mint("Issuing CA", issuer=self.new, ca=True)
        self.leaf = mint("www.example.com", issuer=self.issuing)

    def snapshot(
        self,
        *copies: StoreCopy,
        intermediates: Sequence[Minted] | None = None,
        used: bool = True,
        **changes: Any,
    ) -> Snapshot:
        """``copies`` are those of the newer root; without any it lies in ROOT and AuthRoot with a usage list."""
        held = copies or (copy(self.new, usages=LISTED), copy(self.new, "AuthRoot", usages=LISTED))
        between = (self.issuing, self.cross) if intermediates is None else intermediates
        snapshot = Snapshot(
            host=HOST,
            journal=Journal(),
            stores=stores((self.old,), between, *held),
            personal=(PersonalCertificate("MY", self.leaf.certificate, True),),
            web=Web((endpoint(self.leaf.thumbprint),) if used else (), SITES),
        )
        return dataclasses.replace(snapshot, **changes)


HOST = HostInfo("web01", "10.0.20348", "", "5.1", "4", "FullLanguage", "ja-JP", r"C:\Windows", NOW, True, frozenset())
SITES = (Site("1", "www", "started", ()), Site("2", "renewal", "stopped", ()))
F = Fixture()
EXPIRED = Fixture(cross_until=NOW - timedelta(days=1))


def endpoint(thumbprint: str, **changes: Any) -> Endpoint:
    made = Endpoint("ipport=0.0.0.0:443", "0.0.0.0", 443, "", ("www",), "iis", thumbprint.lower())
    return dataclasses.replace(made, **changes)


def step(state: str = "disabled", *names: str, conflicting: bool | None = None, **arguments: Any) -> TrustedRoot:
    given = {
        "certificates": list(names),
        "conflicting": not names if conflicting is None else conflicting,
        "answer": None,
        "answer_path": None,
        "state": state,
        "force": False,
        "timeout": 300,
    }
    return TrustedRoot.from_arguments(given | arguments, SimpleNamespace())  # type: ignore[arg-type]


def with_answer(made: TrustedRoot, *answer: Minted) -> TrustedRoot:
    return dataclasses.replace(made, answer=tuple(each.certificate for each in answer))


class Target:
    """Does a plan's operations on a registry of Blobs, as the target would."""

    def __init__(self, snapshot: Snapshot) -> None:
        assert snapshot.stores is not None
        self.values = {(each.key, "Blob"): each.blob for each in snapshot.stores.copies if each.store != "Disallowed"}
        self.values |= {
            (rf"HKLM\SOFTWARE\tlsops.windows\Undo\TrustedRoot\{thumbprint}", name): blob
            for thumbprint, saved in snapshot.journal.roots.items()
            for name, blob in saved.items()
        }
        self.disallowed: set[bytes | str] = set()
        self.programs: list[Operation] = []

    def do(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            getattr(self, "_" + operation.name.replace(".", "_"))(operation, dict(operation.arguments))

    def undo(self, operations: Sequence[Operation]) -> None:
        self.do([undo for operation in reversed(operations) for undo in operation.undo])

    def _reg_read(self, operation: Operation, arguments: dict[str, Any]) -> None:
        blob = self.values.get((arguments["key"], "Blob"))
        there = encode_registry({"": {"Blob": RegistryValue("Binary", blob)}}) if blob is not None else b""
        assert operation.expect == digest(there)

    def _reg_write(self, _operation: Operation, arguments: dict[str, Any]) -> None:
        self.values[arguments["key"], arguments["name"]] = arguments["data"]

    def _reg_delete(self, _operation: Operation, arguments: dict[str, Any]) -> None:
        self.values.pop((arguments["key"], arguments.get("name", "Blob")), None)

    def _store_add(self, _operation: Operation, arguments: dict[str, Any]) -> None:
        self.disallowed.add(Certificate(arguments["certificate"]).thumbprint)

    def _store_remove(self, _operation: Operation, arguments: dict[str, Any]) -> None:
        self.disallowed.discard(arguments["thumbprint"])

    def _run(self, operation: Operation, _arguments: dict[str, Any]) -> None:
        self.programs.append(operation)


def operations(plan: Plan) -> list[Operation]:
    return [operation for change in plan.changes for operation in change.operations]


def held(snapshot: Snapshot) -> Stores:
    assert snapshot.stores is not None
    return snapshot.stores


def blobs(snapshot: Snapshot) -> dict[str, bytes]:
    return {each.key: each.blob for each in held(snapshot).copies if each.store != "Disallowed"}


def test_a_conflict_is_found_by_name_and_key_and_disabled_in_every_store() -> None:
    before = F.snapshot(*(copy(F.new, physical, usages=LISTED) for physical in PHYSICAL))
    plan = step().plan(before)
    target = Target(before)
    target.do(operations(plan))
    (root,) = plan.result["roots"]
    assert [each["physical"] for each in root["copies"]] == list(PHYSICAL)
    assert {(each["before"], each["after"]) for each in root["copies"]} == {("enabled", "disabled")}
    assert root["conflicting"]
    assert {key: blob for (key, name), blob in target.values.items() if name == "Blob"} == blobs(plan.snapshot)
    assert plan.changes[0].before == "allowed usages: clientAuth, serverAuth"
    assert plan.changes[0].after == "allowed usages: none (disabled for all purposes)"
    assert plan.changes[0].where.endswith(rf"ROOT\Certificates\{F.new.thumbprint}")
    again = step().plan(plan.snapshot)
    assert (again.changes, again.proofs, again.result["roots"]) == ((), (), [])


def test_the_old_bytes_are_saved_first_and_come_back_exactly() -> None:
    before = F.snapshot()
    there = step().plan(before)
    target = Target(before)
    target.do(operations(there))
    assert set(there.snapshot.journal.roots[F.new.thumbprint].values()) == {copy(F.new, usages=LISTED).blob}
    back = step("enabled", F.new.thumbprint).plan(there.snapshot)
    target.do(operations(back))
    assert target.values == Target(before).values
    assert back.snapshot.stores == before.stores
    assert back.snapshot.journal == before.journal
    assert step("enabled", F.new.thumbprint).plan(back.snapshot).changes == ()


def test_undo_takes_back_every_change() -> None:
    for before, made in (
        (F.snapshot(), step()),
        (step().plan(F.snapshot()).snapshot, step("enabled", F.new.thumbprint)),
        (F.snapshot(), step("distrusted", F.new.thumbprint)),
    ):
        target, done = Target(before), operations(made.plan(before))
        target.do(done)
        target.undo(done)
        assert target.values == Target(before).values
        assert not target.disallowed


def test_the_first_saved_value_is_the_original_one() -> None:
    original = copy(F.new, usages=LISTED)
    journal = Journal(roots={F.new.thumbprint: {original.key: original.blob}})
    before = F.snapshot(copy(F.new), journal=journal)
    plan = step().plan(before)
    assert plan.snapshot.journal == journal
    assert [each.name for each in plan.changes[0].operations] == ["reg.read", "reg.write"]


def test_the_real_g5_is_disabled_in_every_store_and_restored() -> None:
    leaf = mint("unrelated")
    copies = [copy(G5, physical, usages=LISTED) for physical in PHYSICAL]
    before = dataclasses.replace(F.snapshot(used=False), stores=stores((leaf,), (), *copies))
    with pytest.raises(TlsOpsError, match="no other chain takes its place"):
        step("disabled", "verisign_g5").plan(before)
    there = step("disabled", "verisign_g5", force=True).plan(before)
    assert len(there.changes) == 5
    assert "all the same" in there.warnings[0]
    back = step("enabled", "4e:b6:d5:78:49:9b:1c:cf:5f:58:1e:ad:56:be:3d:9b:67:44:a5:e5").plan(there.snapshot)
    assert held(back.snapshot) == held(before)


def test_reported_changes_nothing_and_tells_the_reason() -> None:
    plan = step("reported").plan(F.snapshot())
    assert plan.changes == ()
    assert plan.proofs == ()
    assert F.cross.thumbprint in plan.findings[0]
    assert plan.result["roots"][0]["copies"][0]["after"] == "enabled"
    assert plan.result["conflicts"][0]["cross_certificate"] == F.cross.thumbprint


def test_distrusted_names_its_side_effect() -> None:
    before = F.snapshot()
    plan = step("distrusted").plan(before)
    target = Target(before)
    target.do(operations(plan))
    assert target.disallowed == {F.new.thumbprint}
    assert "outgoing TLS" in plan.result["side_effects"][0]
    assert plan.snapshot.journal.distrusted == {F.new.thumbprint}
    assert step("distrusted").plan(plan.snapshot).changes == ()
    back = step("enabled", F.new.thumbprint).plan(plan.snapshot)
    target.do(operations(back))
    assert not target.disallowed
    assert held(back.snapshot) == held(before)


def test_an_expired_cross_certificate_is_a_conflict_and_a_reason_to_refuse() -> None:
    before = EXPIRED.snapshot()
    (conflict,) = conflicts(before)
    assert (conflict.expired, conflict.delivered, conflict.stale) == (True, False, True)
    with pytest.raises(TlsOpsError, match=r"www\.example\.com .* no trusted chain left: New Root .* expired on"):
        step().plan(before)
    forced = step(force=True).plan(before)
    assert forced.changes
    assert "all the same" in forced.warnings[0]


def test_a_stale_cross_certificate_is_only_a_finding_where_the_caller_wants_that() -> None:
    plan = dataclasses.replace(step(), stale="reported").plan(EXPIRED.snapshot())
    assert plan.changes == ()
    assert EXPIRED.cross.thumbprint in plan.findings[0]
    delivered = with_answer(dataclasses.replace(step(), stale="reported"), EXPIRED.leaf, EXPIRED.cross)
    with pytest.raises(TlsOpsError, match="expired on"):
        delivered.plan(EXPIRED.snapshot())


def test_no_cross_certificate_is_no_conflict() -> None:
    assert step().plan(F.snapshot(intermediates=(F.issuing,))).changes == ()


def test_a_look_alike_with_another_key_is_no_conflict() -> None:
    other = mint("New Root", ca=True)
    assert step().plan(F.snapshot(copy(F.new, usages=NONE), copy(other))).changes == ()


def test_a_cross_certificate_that_is_being_delivered_counts() -> None:
    before = F.snapshot(used=False, intermediates=())
    answer = with_answer(step(), F.cross, F.leaf, F.issuing)
    (conflict,) = conflicts(before, answer.answer)
    assert (conflict.root, conflict.cross, conflict.delivered) == (F.new.certificate, F.cross.certificate, True)
    assert {each.where for each in answer.plan(before).changes} == {each.key for each in conflict.copies}


def test_another_site_must_not_lose_its_chain() -> None:
    """Found by name: the second site has no way round, because the cross certificate stands beside another root."""
    other = mint("Other Root", ca=True)
    leaf = mint("other.example.com", issuer=other)
    personal = (PersonalCertificate("MY", F.leaf.certificate, True), PersonalCertificate("MY", leaf.certificate, True))
    web = Web((endpoint(F.leaf.thumbprint), endpoint(leaf.thumbprint, selector="ipport=0.0.0.0:444", port=444)), SITES)
    before = F.snapshot(copy(F.new), copy(other), personal=personal, web=web)
    with pytest.raises(TlsOpsError, match=r"other\.example\.com .* would have no trusted chain left"):
        step("disabled", F.new.thumbprint, other.thumbprint).plan(before)
    assert step("disabled", F.new.thumbprint).plan(before).changes


def test_disabling_the_way_round_together_with_the_root_is_refused() -> None:
    with pytest.raises(TlsOpsError, match="no trusted chain left"):
        step("disabled", F.new.thumbprint, F.old.thumbprint).plan(F.snapshot())


def test_an_expired_certificate_in_use_does_not_keep_a_renewal_from_going_on() -> None:
    leaf = mint("www.example.com", issuer=F.issuing, not_after=NOW - timedelta(days=1))
    before = F.snapshot(
        personal=(PersonalCertificate("MY", leaf.certificate, True),), web=Web((endpoint(leaf.thumbprint),), SITES)
    )
    assert step().plan(before).result["rebound"] == ["ipport=0.0.0.0:443"]


def test_enabled_without_a_saved_value_needs_force() -> None:
    before = F.snapshot(copy(F.new, usages=NONE))
    with pytest.raises(TlsOpsError, match="not disabled by this collection"):
        step("enabled", F.new.thumbprint).plan(before)
    plan = step("enabled", F.new.thumbprint, force=True).plan(before)
    assert plan.changes[0].after == "allowed usages: all"


def test_a_copy_of_which_nothing_is_saved_stays_disabled_beside_one_that_comes_back() -> None:
    there = step().plan(F.snapshot(copy(F.new), copy(F.new, "AuthRoot", usages=NONE)))
    back = step("enabled", F.new.thumbprint).plan(there.snapshot)
    assert "AuthRoot stays disabled" in back.findings[0]
    assert len([each for each in back.changes if "bring back" in each.what]) == 1


def test_a_copy_that_windows_removed_comes_back_too() -> None:
    before = F.snapshot(copy(F.new))
    there = step().plan(before).snapshot
    gone = Stores(tuple(each for each in held(there).copies if each.certificate != F.new.certificate), False)
    back = step("enabled", F.new.thumbprint).plan(dataclasses.replace(there, stores=gone))
    assert sorted(blobs(back.snapshot).items()) == sorted(blobs(before).items())
    assert back.changes[0].before == "not in the store"


def test_someone_elses_disallowed_is_not_touched() -> None:
    before = F.snapshot(copy(F.new), copy(F.new, store="Disallowed"), copy(F.new, "Policies", "Disallowed"))
    with pytest.raises(TlsOpsError, match="not put into Disallowed by this collection"):
        step("enabled", F.new.thumbprint).plan(before)
    plan = step("enabled", F.new.thumbprint, force=True).plan(before)
    assert [each.name for each in operations(plan)][:1] == ["store.remove"]
    assert r"Policies\Microsoft\SystemCertificates\Disallowed" in plan.findings[0]


def test_the_result_says_what_brings_a_root_back() -> None:
    copies = [copy(F.new, physical) for physical in PHYSICAL]
    (root,) = step().plan(F.snapshot(*copies)).result["roots"]
    assert [text.split(":")[0] for text in root["comes_back"]] == ["Active Directory", "Group Policy"]


def test_an_absent_programme_root_is_a_finding_while_automatic_update_is_on() -> None:
    before = F.snapshot(used=False)
    assert step("reported", "sectigo_r46").plan(before).findings == ()
    on = dataclasses.replace(before, stores=dataclasses.replace(held(before), automatic_update=True))
    plan = step("reported", "Sectigo_R46", "isrg_yr").plan(on)
    assert len([finding for finding in plan.findings if "automatic update is on" in finding]) == 1
    assert plan.result["roots"][0]["copies"] == []


def test_a_known_case_without_its_cross_certificate_is_a_finding() -> None:
    r46, x2 = real("sectigo_server_auth_root_r46"), real("isrg_root_x2")
    answer = (real("isrg_root_ye_cross_by_x2"),)
    at = dataclasses.replace(HOST, clock=datetime(2026, 11, 21, tzinfo=UTC))
    before = F.snapshot(used=False, host=at, stores=stores((r46, x2)))
    plan = dataclasses.replace(step("reported"), answer=answer).plan(before)
    assert "ISRG Root X2" in plan.findings[0]
    assert "https://letsencrypt.org/certificates/" in plan.findings[0]


@pytest.mark.parametrize(
    ("root", "crosses", "way_round"),
    [
        ("isrg_root_x2", ["isrg_root_x2_cross_by_x1_2032"], True),
        ("isrg_root_x2", ["isrg_root_x2_cross_by_x1_2025"], False),
        ("isrg_root_x2", [], None),
    ],
)
def test_the_real_isrg_x2(root: str, crosses: list[str], way_round: bool | None) -> None:
    at = dataclasses.replace(HOST, clock=datetime(2026, 11, 21, tzinfo=UTC))
    between = [real("isrg_root_ye_cross_by_x2"), *map(real, crosses)]
    before = F.snapshot(used=False, host=at, stores=stores((real(root), real("isrg_root_x1")), between))
    made = dataclasses.replace(step(), answer=(real("isrg_root_ye_cross_by_x2"),))
    if way_round is False:
        with pytest.raises(TlsOpsError, match="expired on 2025-09-15"):
            made.plan(before)
    else:
        assert len(made.plan(before).changes) == (1 if way_round else 0)


class FakeLook:
    """What the listener sends is what the answers hold."""

    operations = (run("look"),)

    def __init__(self, address: str, port: int, server_name: str | None = None) -> None:
        self.asked = (address, port, server_name)

    def served(self, answers: Sequence[Any]) -> Served:
        return Served("TLSv1.2", tuple(answers)) if answers else Served(problem="no connection")


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
        return proof.judge(served).outcome  # type: ignore[arg-type]

    assert judged(*old, F.cross.certificate) is Outcome.PROVEN
    assert judged(*old) is Outcome.RESTART_REQUIRED
    assert judged(F.leaf.certificate) is Outcome.MISSED
    assert judged() is Outcome.NOT_PROVEN


def test_the_proof_uses_the_real_look() -> None:
    (proof,) = step().plan(F.snapshot()).proofs
    assert {operation.name for operation in proof.operations} == {"tcp.exchange"}
    assert {dict(operation.arguments)["address"] for operation in proof.operations} == {"127.0.0.1"}
    refused = Answer("error", kind="win32", number=10061, text="refused")
    assert proof.judge(tuple(refused for _each in proof.operations)).outcome is Outcome.NOT_PROVEN


@pytest.mark.parametrize(
    ("changes", "left"),
    [({"owner": "foreign"}, {}), ({"thumbprint": "AA" * 20}, {}), ({"thumbprint": ""}, {})],
)
def test_other_peoples_records_are_not_bound_again(changes: dict[str, Any], left: dict[str, str]) -> None:
    plan = step("disabled", F.new.thumbprint).plan(
        F.snapshot(web=Web((endpoint(**{"thumbprint": F.leaf.thumbprint} | changes),), SITES))
    )
    assert (plan.result["rebound"], plan.result["not_looked_at"]) == ([], left)


def test_a_stopped_sites_binding_is_bound_again_and_cannot_be_looked_at() -> None:
    plan = step().plan(F.snapshot(web=Web((endpoint(F.leaf.thumbprint, sites=("renewal",)),), SITES)))
    assert plan.proofs == ()
    assert plan.result["rebound"] == ["ipport=0.0.0.0:443"]
    assert "no site that it serves is started" in plan.result["not_looked_at"]["ipport=0.0.0.0:443"]


def test_a_binding_that_is_swapped_anyway_is_left_out() -> None:
    plan = dataclasses.replace(step(), spared=frozenset({"ipport=0.0.0.0:443"})).plan(F.snapshot())
    assert plan.result["rebound"] == []
    assert plan.proofs == ()


def test_a_binding_waits_until_the_delivered_cross_certificate_is_installed() -> None:
    before = F.snapshot(intermediates=(F.issuing,))
    plan = with_answer(step(), F.leaf, F.cross).plan(before)
    assert plan.changes
    assert plan.result["rebound"] == []
    assert "there is no trusted chain in the stores yet" in plan.warnings[0]
    later = dataclasses.replace(plan.snapshot, stores=with_intermediate(held(plan.snapshot), F.cross.certificate))
    assert rebinding(before, later).selectors == ("ipport=0.0.0.0:443",)


def test_without_iis_there_is_nothing_to_bind() -> None:
    plan = step("disabled", F.new.thumbprint).plan(F.snapshot(web=None, personal=None))
    assert plan.result["rebound"] == []
    assert plan.changes


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ({"certificates": []}, "no root is named"),
        ({"certificates": [], "state": "enabled"}, "enabled needs certificates"),
        ({"certificates": ["g5"], "conflicting": True, "state": "enabled"}, "enabled needs certificates"),
        ({"certificates": ["verisign_g6"]}, "no root of the catalogue"),
        ({"certificates": ["ABCD"]}, "not a thumbprint"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(arguments: dict[str, Any], why: str) -> None:
    with pytest.raises(TlsOpsError, match=why):
        step(**({"conflicting": False} | arguments))


def test_the_step_asks_for_all_that_it_judges() -> None:
    assert step().queries() == {Query.STORES, Query.PERSONAL, Query.WEB}
    with pytest.raises(TlsOpsError, match="were not read"):
        step().plan(F.snapshot(stores=None))


def test_what_was_not_understood_is_a_finding() -> None:
    before = F.snapshot()
    odd = dataclasses.replace(held(before), unreadable=(r"HKLM\odd",))
    assert step("reported").plan(dataclasses.replace(before, stores=odd)).findings[0].startswith(r"HKLM\odd")
