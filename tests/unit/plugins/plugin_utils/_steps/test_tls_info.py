# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import plan as flow
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import read
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.report import report
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.consumers import Consumer, Consumers
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Query
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.tls_info import TlsInfo

from tests.unit.info_host import LEAF, snapshot

NOTHING = SimpleNamespace()


def step(*words: str) -> TlsInfo:
    return TlsInfo.from_arguments({"gather": list(words)}, NOTHING)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("words", "queries"),
    [
        (["all"], set(Query)),
        (["web", "all"], set(Query)),
        (["web"], {Query.WEB}),
        (["certificates", "stores"], {Query.PERSONAL, Query.STORES}),
        (["consumers"], {Query.CONSUMERS}),
        ([], set()),
    ],
)
def test_only_what_is_asked_for_is_read(words: list[str], queries: set[Query]) -> None:
    asked: list[Operation] = []

    class Target:
        def batch(self, operations: list[Operation], **_how: object) -> tuple[Answer, ...]:
            asked.extend(operations)
            raise InterruptedError

    assert step(*words).queries() == queries
    with pytest.raises(InterruptedError):
        read.read(step(*words), Target(), timeout=300, dry_run=False)  # type: ignore[arg-type]
    parts = [operation for query in Query if query in queries for operation in read._READERS[query]()]
    assert (
        asked[-len(parts) :] == parts
        if parts
        else [each.name for each in asked] == ["host.info", "reg.read", "reg.read"]
    )
    assert len(asked) == len(parts) + 3


def test_a_sound_host_changes_nothing_and_has_no_problem() -> None:
    plan = step("all").plan(snapshot(consumers=Consumers((Consumer("Remote Desktop", "HKLM", LEAF.thumbprint),))))
    assert not plan.changes_anything
    assert not plan.wants_proof
    result = report(plan, (), changed=False)
    assert (result["problems"], result["findings"], result["diff"]) == ([], [], [])
    assert result["consumers"] == [{"program": "Remote Desktop", "place": "HKLM", "thumbprint": LEAF.thumbprint}]
    assert result["certificates"][0]["used_by"] == ["ipport=0.0.0.0:443", "Remote Desktop"]


def test_what_was_not_read_has_no_key() -> None:
    nothing = snapshot(web=None, personal=None, stores=None)
    result = step().plan(nothing).result
    assert set(result) == {"host", "problems"}
    assert (result["host"]["iis_version"], result["host"]["automatic_root_update"]) == (None, None)
    assert set(step("stores").plan(dataclasses.replace(nothing, stores=snapshot().stores)).result) == {
        *("host", "problems", "certificates", "roots")
    }


def test_what_a_cut_off_run_left_stays_for_a_step_that_changes_things() -> None:
    left = snapshot(journal=Journal(endpoints={"ipport=0.0.0.0:443": "{}"}, rebind=frozenset(("AB" * 20,))))
    plan = flow.plan(step("all"), left)
    assert not plan.changes_anything
    assert [each["kind"] for each in plan.result["problems"]] == ["unfinished", "unfinished"]
    assert plan.result["problems"][0]["where"] == "ipport=0.0.0.0:443"
