# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case on the Windows double, and on the real script where a PowerShell is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation

from .case import DOUBLE, POWERSHELL, Case, Expected
from .cases import CASES
from .sides import Double, PowerShell, Side, describe, find_powershell, run
from .world import World

SIDES: dict[str, Callable[[World, Path], Side]] = {DOUBLE: Double, POWERSHELL: PowerShell}
needs_powershell = pytest.mark.skipif(
    not find_powershell(), reason="no PowerShell: neither TLSOPS_PWSH nor pwsh or powershell.exe on the PATH"
)
MARKS = {DOUBLE: (), POWERSHELL: (needs_powershell,)}


def _parameters() -> list[object]:
    return [
        pytest.param(side, case, id=f"{side}: {case.name}", marks=MARKS[side]) for case in CASES for side in case.sides
    ]


@pytest.mark.parametrize(("side_name", "case"), _parameters())
def test_case(side_name: str, case: Case, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](case.world, tmp_path)
    operations = case.operations(side)
    compare(side, operations, run(side, operations, mode=case.mode, deadline=case.deadline), case.expected)
    if case.then is not None:
        operations = case.then(side)
        compare(side, operations, run(side, operations), case.then_expected)


def compare(
    side: Side, operations: Sequence[Operation], answers: tuple[Answer, ...], expected: tuple[Expected, ...]
) -> None:
    assert len(answers) == len(expected)
    for number, (operation, answer, wanted) in enumerate(zip(operations, answers, expected, strict=True)):
        differs = ", ".join(_differences(answer, wanted))
        said = f"operation {number}: {describe(operation, answer)}\n  expected {str(wanted)[:1000]}"
        assert not differs, f"{differs} differs in {said}\n  standard error ends: {side.said[-3000:]}"


def _differences(answer: Answer, wanted: Expected) -> Iterator[str]:
    for name in ("status", "kind", "number", "payload"):
        value = getattr(wanted, name)
        if value is not None and getattr(answer, name) != value:
            yield name
    if tuple(each.status for each in answer.undone) != wanted.undone:
        yield "undone"
    if answer.status == wanted.status and wanted.judge is not None and not wanted.judge(answer):
        yield "judge"
