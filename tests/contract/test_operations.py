# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every case on the Windows double, and on the real script where a PowerShell is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer

from .case import DOUBLE, POWERSHELL, Case, Expected
from .cases import CASES
from .sides import Double, PowerShell, Side, find_powershell, run

SIDES = {DOUBLE: Double, POWERSHELL: PowerShell}
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
    answers = run(side, case.operations(side), mode=case.mode, deadline=case.deadline)
    _compare(answers, case.expected)
    if case.then is not None:
        _compare(run(side, case.then(side)), case.then_expected)


def _compare(answers: tuple[Answer, ...], expected: tuple[Expected, ...]) -> None:
    assert len(answers) == len(expected)
    for answer, wanted in zip(answers, expected, strict=True):
        said = f"{answer.status} {answer.describe()}"
        assert answer.status == wanted.status, said
        assert wanted.kind is None or answer.kind == wanted.kind, said
        assert wanted.number is None or answer.number == wanted.number, said
        assert wanted.payload is None or answer.payload == wanted.payload, said
        assert wanted.judge is None or wanted.judge(answer), said
        assert tuple(each.status for each in answer.undone) == wanted.undone, said
