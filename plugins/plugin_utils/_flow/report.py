# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 6: the result a user sees. It is made from the plan and the verdicts; secrets are in neither."""

from __future__ import annotations

from typing import Any

from .._model.plan import Change, Outcome, Plan
from .verify import Judged


def report(plan: Plan, judged: tuple[Judged, ...], *, changed: bool) -> dict[str, Any]:
    """``changed``, ``diff``, ``warnings``, ``findings``, the step's own keys; a part per step if several."""
    parts = plan.flat()
    result = dict(plan.result)
    for part in parts:
        own = {**part.result, **_proven(part.step, judged)}
        if part.step == plan.step:
            result |= own
        else:
            result[part.step] = result.get(part.step, {}) | own
    result["changed"] = changed
    result["diff"] = diff(plan)
    result["findings"] = [finding for part in parts for finding in part.findings]
    result["restart_required"] = any(each.verdict.outcome is Outcome.RESTART_REQUIRED for each in judged)
    warnings = [warning for part in parts for warning in part.warnings] + _proof_warnings(judged)
    if warnings:
        result["warnings"] = list(dict.fromkeys(warnings))
    return result


def diff(plan: Plan) -> list[dict[str, str]]:
    """One entry a change, as Ansible's ``--diff`` shows it. From the plan alone: a dry run shows what a run does."""
    changes = [each for part in plan.flat() for each in (*part.changes, *(export.change for export in part.exports))]
    return [_entry(change) for change in changes if change.before != change.after]


def _entry(change: Change) -> dict[str, str]:
    return {
        "before_header": change.where,
        "after_header": change.where,
        "before": _with_newline(change.before),
        "after": _with_newline(change.after),
    }


def _with_newline(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _proven(step: str, judged: tuple[Judged, ...]) -> dict[str, Any]:
    own = [each for each in judged if each.step == step]
    proofs = {
        each.proof.name: {"outcome": each.verdict.outcome.value, "seen": each.verdict.seen, **each.verdict.facts}
        for each in own
    }
    restart = any(each.verdict.outcome is Outcome.RESTART_REQUIRED for each in own)
    return {"proofs": proofs, "restart_required": restart}


def _proof_warnings(judged: tuple[Judged, ...]) -> list[str]:
    words = {Outcome.RESTART_REQUIRED: "the server must be restarted.", Outcome.UNPROVABLE: "not proven."}
    return [
        f"{each.proof.what}: {words[each.verdict.outcome]} {each.verdict.seen}"
        for each in judged
        if each.verdict.outcome in words
    ]
