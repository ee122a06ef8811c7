# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a user is told of a plan with several parts: each in its own place, in the result and in errors."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Place, Plan

from .steps import WRITE, Planned, Scripted, change, proof


def plan(**parts: Any) -> Plan:
    return Plan("planned", cast(Any, None), **parts)


def run(target: Scripted, planned: Plan) -> dict[str, Any]:
    return flow.run(Planned([planned]), target, Options(False, 300, False), lambda *_given: None)


def test_parts_of_one_step_are_told_apart() -> None:
    """Each has its own entry with its own proofs, and an error names it."""

    def part(index: int, outcome: Outcome) -> Plan:
        place = Place("renewals", index, f"renewal {index + 1} (production_site 'Shop')")
        return Plan("swap", cast(Any, None), proofs=(proof(outcome),), result={"number": index}, place=place)

    first, second = part(0, Outcome.RESTART_REQUIRED), part(2, Outcome.PROVEN)
    told = Plan("planned", cast(Any, None), result={"matched": False}, place=Place("renewals", 1, "renewal 2"))
    whole = plan(parts=(first, told, second), result={"matched": True}, prove_always=True, findings=("own",))
    result = run(Scripted(), whole)
    assert result["matched"] is True
    assert result["findings"] == ["own"]
    entries = result["renewals"]
    assert [each.get("swap", {}).get("number") for each in entries] == [0, None, 2]
    assert [each["swap"]["restart_required"] for each in (entries[0], entries[2])] == [True, False]
    assert entries[0]["swap"]["proofs"]["listener"]["outcome"] == "restart required"
    assert entries[1]["matched"] is False
    with pytest.raises(TlsOpsError, match=r"^verify: renewal 3 \(production_site 'Shop'\): the site serves it"):
        run(Scripted(), plan(parts=(first, part(2, Outcome.MISSED)), prove_always=True))


def test_two_parts_of_one_step_keep_the_proofs_of_both() -> None:
    def part(name: str, outcome: Outcome) -> Plan:
        return Plan(
            "root", cast(Any, None), proofs=(dataclasses.replace(proof(outcome), name=name),), prove_always=True
        )

    result = run(Scripted(), plan(parts=(part("a", Outcome.RESTART_REQUIRED), part("b", Outcome.PROVEN))))
    assert set(result["root"]["proofs"]) == {"a", "b"}
    assert result["root"]["restart_required"] is True


def test_an_operation_that_fails_is_named_with_its_renewal() -> None:
    place = Place("renewals", 1, "renewal 2")
    parts = (Plan("one", cast(Any, None), changes=(change(),)),)
    parts += (Plan("two", cast(Any, None), changes=(change(WRITE),), place=place),)
    failed = Answer("error", kind="win32", number=5, text="Access is denied.")
    with pytest.raises(TlsOpsError, match=r"^apply: renewal 2: file.write C:\\made failed"):
        run(Scripted({"file.write": failed}), plan(parts=parts))
