# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 6: the result a user sees. It is made from the plan and the verdicts; secrets are in neither."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._model.change import Change
from .._model.plan import Outcome, Place, Plan
from .remedy import in_words
from .verify import Judged


def report(plan: Plan, judged: tuple[Judged, ...], *, changed: bool, foreseen: Sequence[str] = ()) -> dict[str, Any]:
    """``changed``, ``diff``, ``warnings``, ``findings``, the step's own keys; a part per step if several.

    ``foreseen`` are a dry run's warnings about what a run may have to do.
    Parts with a place are reported in the list that it names, so that two of one step do not mix.
    """
    nodes, result = plan.nodes(), _results(plan, judged)
    result["changed"] = changed
    result["diff"] = diff(plan)
    result["findings"] = [finding for node in nodes for finding in node.findings]
    result["restart_required"] = any(each.verdict.outcome is Outcome.RESTART_REQUIRED for each in judged)
    warnings = [*(warning for node in nodes for warning in node.warnings), *_proof_warnings(judged), *foreseen]
    if warnings:
        result["warnings"] = list(dict.fromkeys(warnings))
    return result


def _results(plan: Plan, judged: tuple[Judged, ...]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for node in plan.nodes():
        own = dict(node.result) if node.parts else {**node.result, **_proven(node, judged)}
        home = _listed(result, node.place) if node.place else result
        into = home if node.step == plan.step else home.setdefault(node.step, {})
        _merge(into, own)
    return result


def _listed(result: dict[str, Any], place: Place) -> dict[str, Any]:
    entries: list[dict[str, Any]] = result.setdefault(place.name, [])
    entries.extend({} for _missing in range(place.index + 1 - len(entries)))
    return entries[place.index]


def _merge(into: dict[str, Any], own: dict[str, Any]) -> None:
    """Adds a part's result; a step that has two parts keeps the proofs of both."""
    proofs = into.get("proofs", {}) | own.get("proofs", {})
    restart = bool(into.get("restart_required")) or bool(own.get("restart_required"))
    into.update(own)
    if "proofs" in into:
        into |= {"proofs": proofs, "restart_required": restart}


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


def _proven(part: Plan, judged: tuple[Judged, ...]) -> dict[str, Any]:
    own = [each for each in judged if each.part is part]
    proofs = {
        each.proof.name: {
            "outcome": each.verdict.outcome.value,
            "seen": each.verdict.seen,
            **each.verdict.facts,
            **({"remedy": in_words(each.proof)} if each.remedied else {}),
        }
        for each in own
    }
    restart = any(each.verdict.outcome is Outcome.RESTART_REQUIRED for each in own)
    told = {name: value for each in own for name, value in each.verdict.result.items()}
    return {"proofs": proofs, "restart_required": restart, **told}


def _proof_warnings(judged: tuple[Judged, ...]) -> list[str]:
    words = {Outcome.RESTART_REQUIRED: "the server must be restarted.", Outcome.UNPROVABLE: "not proven."}
    return [
        *(_remedy_warning(each) for each in judged if each.remedied or (each.curable and not each.holds)),
        *(
            f"{each.proof.what}: {words[each.verdict.outcome]} {each.verdict.seen}"
            for each in judged
            if each.verdict.outcome in words
        ),
    ]


def _remedy_warning(judged: Judged) -> str:
    """Of one that was not done: only a dry run passes it over."""
    who = judged.proof.listener
    if judged.trouble and judged.verdict.outcome is Outcome.PROVEN:
        return (
            f"{who} went on with what it had before, and was to be stopped and started: {judged.trouble}. At the look "
            "behind that it runs and serves what it should."
        )
    if judged.trouble:
        return f"{who} goes on with what it had before, and was to be stopped and started: {judged.trouble}."
    if judged.remedied:
        return f"{who} went on with what it had before, so it was stopped and started: open connections were cut."
    return (
        f"{who} goes on with what it had before ({judged.verdict.seen}). A run stops and starts it, which cuts open "
        "connections, and looks again."
    )
