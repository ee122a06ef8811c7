# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is done where everything is in place and a listener still shows what was there before. Pure."""

from __future__ import annotations

import dataclasses

from .._batch.operation import Answer, Operation
from .._model.plan import Plan, Proof
from .._windows.journal import SSL_BINDING
from .apply import named
from .verify import Judged, judge


@dataclasses.dataclass(frozen=True)
class Remedy:
    """``steps``: the remedies of all proofs in ``cured``, each operation once. ``looks`` are judged anew behind them.

    ``judged`` is what the look before it showed.
    """

    steps: tuple[Operation, ...]
    cured: tuple[Judged, ...]
    looks: tuple[tuple[Plan, Proof, int], ...]  # part, proof, index of its first operation in the batch
    judged: tuple[Judged, ...]

    @property
    def operations(self) -> tuple[Operation, ...]:
        """One write batch; a look that fails is data."""
        looks = (each for _part, proof, _start in self.looks for each in proof.operations)
        return (*self.steps, *(dataclasses.replace(each, keep_going=True) for each in looks))

    def outcome(self, answers: tuple[Answer, ...]) -> tuple[Judged, ...]:
        """Every proof's verdict by the new looks; that of before where the target stopped at a remedy, and why."""
        failed = next((pair for pair in zip(self.steps, answers, strict=False) if not pair[1].ok), None)
        if failed is not None:
            trouble = _trouble(*failed, answers)
            return tuple(self._marked(each, each, trouble) for each in self.judged)
        again = {id(each.proof): each for each in judge(self.looks, answers)}
        return tuple(self._marked(each, again.get(id(each.proof), each)) for each in self.judged)

    def _marked(self, before: Judged, after: Judged, trouble: str = "") -> Judged:
        if any(each is before for each in self.cured):
            return dataclasses.replace(after, remedied=True, trouble=trouble)
        return after


def remedy(judged: tuple[Judged, ...], *, restarts: bool = True) -> Remedy | None:
    """None where there is nothing to do.

    Without ``restarts`` a chain that waits for a restart of the server is left to wait: nothing was changed now, and
    the remedy was done when it came to wait.
    """
    cured = tuple(each for each in judged if each.curable and (restarts or not each.holds))
    if not cured:
        return None
    steps = tuple(dict.fromkeys(step for each in cured for step in each.proof.remedy))
    looks, start = [], len(steps)
    for each in judged:
        if not each.holds or any(each is one for one in cured):
            looks.append((each.part, each.proof, start))
            start += len(each.proof.operations)
    return Remedy(steps, cured, tuple(looks), judged)


def in_words(proof: Proof) -> list[str]:
    """The steps of its remedy in words, without what the journal takes down."""
    return [named(each) for each in proof.remedy if dict(each.arguments).get("key") != SSL_BINDING]


def done(judged: tuple[Judged, ...]) -> tuple[Operation, ...]:
    """The remedies that were done, each operation once."""
    return tuple(dict.fromkeys(step for each in judged if each.remedied for step in each.proof.remedy))


def foreseen(plan: Plan) -> list[str]:
    """For a dry run, a sentence for each listener: only the look behind the change tells whether it comes to that."""
    proofs = [proof for part in plan.flat() for proof in part.proofs if proof.remedy]
    return [
        f"{proof.listener}: if it goes on with {proof.before}, a run stops and starts it, which cuts open connections."
        for proof in proofs
    ]


def _trouble(step: Operation, failed: Answer, answers: tuple[Answer, ...]) -> str:
    """What kept a remedy from being done, and what came of that. What was done of it the target has taken back."""
    given = {name: str(value) for name, value in step.arguments}
    what = f"{given['method']} of {given['path']}" if "method" in given else named(step)
    cause = f"{what} failed: {failed.describe()}"
    undone = [each for answer in answers for each in answer.undone]
    if not undone:
        return cause
    broken = next((each for each in undone if not each.ok), None)
    if broken is not None:
        return f"{cause}. Starting it again failed too: {broken.describe()}"
    return f"{cause}. What had been stopped was started again, and open connections were cut"
