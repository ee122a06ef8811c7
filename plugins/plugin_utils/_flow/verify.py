# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 5: what was read back, and what the listeners sent, against what the plan promised."""

from __future__ import annotations

import dataclasses

from .._batch.operation import Answer
from .._model.plan import Outcome, Plan, Proof, Verdict

_GOOD = (Outcome.PROVEN, Outcome.RESTART_REQUIRED, Outcome.UNPROVABLE)


@dataclasses.dataclass(frozen=True)
class Judged:
    """A proof with its verdict; ``part`` of the plan is whose promise it was."""

    part: Plan
    proof: Proof
    verdict: Verdict

    @property
    def holds(self) -> bool:
        return self.verdict.outcome in _GOOD

    def describe(self) -> str:
        place = f"{self.part.place.words}: " if self.part.place else ""
        return f"{place}{self.proof.what}: {self.verdict.outcome.value}. Seen: {self.verdict.seen or 'nothing'}"


def judge(proofs: tuple[tuple[Plan, Proof, int], ...], answers: tuple[Answer, ...]) -> tuple[Judged, ...]:
    """One verdict a proof; ``answers`` are those of the whole batch that the indexes of ``proofs`` point into."""
    return tuple(
        Judged(part, proof, proof.judge(answers[start : start + len(proof.operations)]))
        for part, proof, start in proofs
    )
