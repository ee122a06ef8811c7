# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import (
    PersonalCertificate,
    Stores,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._roots import conflicts
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate

from tests.unit.mint import NOW, mint
from tests.unit.root_host import (
    EXPIRED,
    HOST,
    LISTED,
    NONE,
    SITES,
    F,
    Target,
    Web,
    endpoint,
    held,
    operations,
    step,
    with_answer,
)
from tests.unit.shelves import copy, real, stores


class NotRead:
    """A web server whose configuration cannot be read."""

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        raise TlsOpsError("not read.")

    def refusals(self, certificate: Certificate, provider: str = "") -> tuple[str, ...]:  # noqa: ARG002
        return ()


def test_an_expired_cross_certificate_is_a_conflict_and_a_reason_to_refuse() -> None:
    before = EXPIRED.snapshot()
    (conflict,) = conflicts(before)
    assert (conflict.expired, conflict.delivered, conflict.stale) == (True, False, True)
    with pytest.raises(
        TlsOpsError, match=r"www\.example\.com .* chain left: the cross certificate of the same name .* expired on"
    ) as error:
        step().plan(before)
    assert "takes away the only trusted chain" in error.value.hint
    forced = step(force=True).plan(before)
    assert forced.changes
    assert "all the same" in forced.warnings[0]


@pytest.mark.parametrize("known", [True, False])
def test_a_root_that_no_certificate_in_use_needs_is_told_to_be_one(known: bool) -> None:
    web = NotRead() if not known else EXPIRED.snapshot(used=False).web
    with pytest.raises(TlsOpsError) as error:
        step("disabled", EXPIRED.new.thumbprint).plan(EXPIRED.snapshot(web=web))
    assert ("no certificate in use on this host needs it, but the cross certificate" in error.value.message) is known
    assert f"of the same name ({EXPIRED.cross.thumbprint}) expired on" in error.value.message
    assert error.value.hint == (
        "Ask the CA for a newer cross certificate, or leave the root as it is. force: true does it all the same."
    )


def test_where_there_is_no_cross_certificate_at_all_one_is_asked_for() -> None:
    with pytest.raises(TlsOpsError, match="so no other chain takes its place") as error:
        step("disabled", F.new.thumbprint).plan(F.snapshot(used=False, intermediates=(F.issuing,)))
    assert "Install the cross certificate and what is above it first, or leave the root as it is" in error.value.hint


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
    own = (PersonalCertificate("REQUEST", between[0], True),)
    before = F.snapshot(used=False, host=at, stores=stores((real(root), real("isrg_root_x1")), between), personal=own)
    made = dataclasses.replace(step(), answer=tuple(between))
    if way_round is False:
        with pytest.raises(TlsOpsError, match="expired on 2025-09-15"):
            made.plan(before)
    else:
        assert len(made.plan(before).changes) == (1 if way_round else 0)


def test_a_cross_certificate_that_is_being_delivered_counts() -> None:
    before = F.snapshot(used=False, intermediates=())
    answer = with_answer(step(), F.cross, F.leaf, F.issuing)
    (conflict,) = conflicts(before, answer.answer)
    assert (conflict.root, conflict.cross, conflict.delivered) == (F.new.certificate, F.cross.certificate, True)
    changes = answer.plan(before).changes
    assert {each.where for each in changes[2:]} == {each.key for each in conflict.copies}
    assert {each.where for each in changes[:2]} == {rf"CA\{each.thumbprint}" for each in (F.issuing, F.cross)}


def test_what_the_other_chain_needs_of_the_answer_is_installed_before_the_root_goes() -> None:
    before = F.snapshot(intermediates=(F.issuing,))
    made = with_answer(step(), F.leaf, F.cross, F.new, F.old, mint("Another CA", ca=True))
    plan = made.plan(before)
    added, *_roots, bound = plan.changes
    assert (added.before, added.where) == ("", rf"CA\{F.cross.thumbprint}")
    assert F.old.certificate.subject_text in added.after
    assert (plan.result["rebound"], plan.result["not_looked_at"]) == (["ipport=0.0.0.0:443"], {})
    assert F.cross.thumbprint in bound.after
    target = Target(before)
    target.do(operations(plan))
    assert target.intermediates == {F.cross.thumbprint}, "no self-signed one, and nothing that the chain does not need"
    target.undo(operations(plan))
    assert not target.intermediates
    assert made.plan(plan.snapshot).changes == ()


@pytest.mark.parametrize("state", ["reported", "disabled"])
def test_nothing_of_the_answer_is_installed_where_no_root_goes(state: str) -> None:
    before = F.snapshot(copy(F.new, usages=NONE if state == "disabled" else LISTED), intermediates=(F.issuing,))
    assert with_answer(step(state), F.leaf, F.cross).plan(before).changes == ()


def test_a_cross_certificate_that_leads_nowhere_is_refused_although_it_comes_with_the_answer() -> None:
    before = F.snapshot(copy(F.new), intermediates=(F.issuing,))
    without_old = Stores(tuple(each for each in held(before).copies if each.certificate != F.old.certificate), False)
    with pytest.raises(TlsOpsError, match="no trusted chain left"):
        with_answer(step(), F.leaf, F.cross).plan(dataclasses.replace(before, stores=without_old))


def test_a_cross_certificate_that_only_the_answer_holds_is_no_way_round_for_a_root_that_nobody_uses() -> None:
    other = mint("Other Root", ca=True)
    cross = mint("Other Root", issuer=F.old, key=other.key, ca=True)
    before = F.snapshot(copy(F.new), copy(other))
    made = step("disabled", other.thumbprint)
    with pytest.raises(TlsOpsError, match="no other chain takes its place"):
        with_answer(made, F.leaf, F.issuing, cross, mint("x", issuer=F.old)).plan(before)
    assert made.plan(F.snapshot(copy(F.new), copy(other), intermediates=(F.issuing, F.cross, cross))).changes
