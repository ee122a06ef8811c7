# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 5: what was read back, and what the listeners sent, against what the plan promised."""

from __future__ import annotations

import dataclasses

from .._batch.operation import Answer
from .._errors import TlsOpsError
from .._model.plan import Outcome, Plan, Proof, Verdict

_GOOD = (Outcome.PROVEN, Outcome.RESTART_REQUIRED, Outcome.UNPROVABLE)
_OLD = (Outcome.MISSED, Outcome.RESTART_REQUIRED)


@dataclasses.dataclass(frozen=True)
class Judged:
    """A proof with its verdict; ``part`` of the plan is whose promise it was.

    ``remedied``: its remedy was done before the look that counts; ``trouble`` says what kept it from being done.
    """

    part: Plan
    proof: Proof
    verdict: Verdict
    remedied: bool = False
    trouble: str = ""

    @property
    def holds(self) -> bool:
        return self.verdict.outcome in _GOOD

    @property
    def curable(self) -> bool:
        """Whether its remedy may help, and was not done yet."""
        can = bool(self.proof.remedy) and self.verdict.curable and not self.remedied
        return can and self.verdict.outcome in _OLD

    def describe(self) -> str:
        place = f"{self.part.place.words}: " if self.part.place else ""
        tried = f", although {self.proof.listener} was stopped and started" if self.remedied else ""
        if self.trouble:
            tried = f", and {self.proof.listener} was to be stopped and started ({self.trouble})"
        seen = self.verdict.seen or "nothing"
        return f"{place}{self.proof.what}: {self.verdict.outcome.value}{tried}. Seen: {seen}"


def judge(proofs: tuple[tuple[Plan, Proof, int], ...], answers: tuple[Answer, ...]) -> tuple[Judged, ...]:
    """One verdict a proof; ``answers`` are those of the whole batch that the indexes of ``proofs`` point into."""
    return tuple(
        Judged(part, proof, _verdict(proof, answers[start : start + len(proof.operations)]))
        for part, proof, start in proofs
    )


def _verdict(proof: Proof, answers: tuple[Answer, ...]) -> Verdict:
    """An answer that makes no sense proves nothing; as an error it would leave what was done as it is."""
    try:
        return proof.judge(answers)
    except TlsOpsError as error:
        return Verdict(Outcome.NOT_PROVEN, f"the answer makes no sense: {error.message}")


def carried(before: tuple[Judged, ...], after: tuple[Judged, ...]) -> tuple[Judged, ...]:
    """Another look at all proofs of a plan, in their order, with what is known of their remedies."""
    pairs = zip(before, after, strict=True)
    return tuple(dataclasses.replace(new, remedied=old.remedied, trouble=old.trouble) for old, new in pairs)
