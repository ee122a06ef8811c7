# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the lane says at its end: what ran on what, what did not and why, and what a PowerShell has executed."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import bootstrap

from . import executed, sides

_ROOT = Path(__file__).parents[2]
LINES_FILE = _ROOT / "build" / "contract-lines.txt"
SIDES = {
    "double": "on the Windows double",
    "powershell": "on batch.ps1 in a PowerShell, with stand-ins for what only Windows has",
    "windows": "on batch.ps1 as it is, on Windows",
    "itself": "of the lane's own parts",
}
_FUNCTION = re.compile(r"^function ([A-Za-z]+)", re.MULTILINE)
_STATE = {"passed": "ran", "failed": "failed", "error": "failed", "skipped": "did not run"}


def side_of(item: pytest.Item) -> str:
    """What a test of the lane runs on: a key of ``SIDES``."""
    named = getattr(getattr(item, "callspec", None), "params", {}).get("side_name")
    if named is not None:
        return str(named)
    if item.path.name == "test_on_windows.py":
        return "windows"
    return "itself" if item.path.name == "test_lane.py" else "powershell"


def ran(stats: Mapping[str, Sequence[object]]) -> list[str]:
    """How many tests ran on each side, and why the others did not. Empty where there was no test of the lane."""
    counts: Counter[tuple[str, str]] = Counter()
    reasons: Counter[tuple[str, str]] = Counter()
    for state, report in _reports(stats):
        side = dict(report.user_properties).get("side")
        if side is not None:
            counts[str(side), _STATE[state]] += 1
            if state == "skipped":
                reasons[str(side), _reason(report)] += 1
    return list(_told(counts, reasons)) if counts else []


def _reports(stats: Mapping[str, Sequence[object]]) -> Iterator[tuple[str, pytest.TestReport]]:
    for state in _STATE:
        for report in stats.get(state, ()):
            if isinstance(report, pytest.TestReport):
                yield state, report


def _reason(report: pytest.TestReport) -> str:
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def _told(counts: Counter[tuple[str, str]], reasons: Counter[tuple[str, str]]) -> Iterator[str]:
    for side, where in SIDES.items():
        states = [f"{counts[side, state]} {state}" for state in ("ran", "failed", "did not run") if counts[side, state]]
        if states:
            yield f"{where}: {', '.join(states)}"
        for (other, reason), number in sorted(reasons.items()):
            if other == side:
                yield f"  {number}: {reason}"
    if not sides.find_powershell():
        yield "no PowerShell was found: what ran on the double alone says nothing of batch.ps1 itself"


def replaced(stand_ins: str) -> set[str]:
    """The shipped functions that a stand-in takes the place of: under their own name, or as ``World`` and the name."""
    shipped = set(_FUNCTION.findall(bootstrap.script()))
    return {name for name in _FUNCTION.findall(stand_ins) if name in shipped} | {
        name.removeprefix("World") for name in _FUNCTION.findall(stand_ins) if name.removeprefix("World") in shipped
    }


def _report() -> executed.Report:
    return executed.RECORD.report(bootstrap.script(), replaced(sides.stand_ins()))


def measured() -> Iterable[str]:
    """Which statements were executed; that must not fail the lane, whatever it meets."""
    if not executed.RECORD.processes:
        return ["batch.ps1: which lines were executed was not measured: no PowerShell has run it here"]
    try:
        report = _report()
        report.write(LINES_FILE)
        left_out = f"left out: {', '.join(sorted(replaced(sides.stand_ins())))}"
        return [*report.lines(), left_out, f"each statement with the test that executed it first: {LINES_FILE}"]
    except Exception as problem:
        return [f"batch.ps1: which lines were executed was not measured: {problem!r}"]


def too_few() -> bool:
    """Whether fewer statements were executed than ``TLSOPS_COVER_MIN`` (percent) wants; never where it is not set."""
    least = os.environ.get("TLSOPS_COVER_MIN", "")
    if not least or not executed.RECORD.processes:
        return False
    try:
        return _report().share < float(least)
    except ImportError:  # it cannot be told
        return True
