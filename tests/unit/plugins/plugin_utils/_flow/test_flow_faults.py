# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault of the collection's own, a task whose time is over, a host that changes: none hides what was done."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, ClassVar, cast

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import file_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import apply, flow
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Query

from .steps import WRITE, Planned, Scripted, change


def plan(**parts: Any) -> Plan:
    return Plan("planned", cast(Any, None), **parts)


@pytest.mark.parametrize("stage", ["plan", "read"])
def test_a_fault_of_ours_in_the_second_try_does_not_hide_the_first_batch(stage: str) -> None:
    class Faulty(Planned):
        calls: ClassVar[list[str]] = []  # of this test alone: the class is its own

        def queries(self) -> frozenset[Query]:
            self.calls.append("read")
            return super().queries() if stage == "plan" or self.calls.count("read") == 1 else fault()

        def plan(self, snapshot: Any) -> Plan:
            self.calls.append("plan")
            return super().plan(snapshot) if self.calls.count("plan") == 1 else fault()

    def fault() -> Any:
        raise KeyError("of ours")

    target = Scripted(breaks=["write"])
    with pytest.raises(TlsOpsError, match="unexpected KeyError: 'of ours'") as caught:
        flow.run(Faulty([plan(changes=(change(WRITE),))]), target, Options(False, 300, False), lambda *_given: None)
    assert caught.value.changed
    assert "may have changed, from: C:\\ (nothing)" in caught.value.hint


def test_a_fault_of_ours_in_a_second_read_after_a_lost_read_claims_no_change() -> None:
    class Faulty(Planned):
        def plan(self, _snapshot: Any) -> Plan:
            raise KeyError("of ours")

    with pytest.raises(KeyError):
        flow.run(Faulty([plan()]), Scripted(breaks=["read"]), Options(False, 300, False), lambda *_given: None)


class TaskTimeoutError(BaseException):
    """As Ansible's own: no Exception, and with this name in every version."""


@dataclasses.dataclass
class Ending(Scripted):
    """Its batches of ``mode`` do not come to an end."""

    mode: str = "read"

    def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
        self.has_written = self.has_written or mode == "write"
        if mode == self.mode:
            raise TaskTimeoutError
        return super().batch(operations, mode=mode, timeout=timeout)


@pytest.mark.parametrize(
    ("mode", "words"), [("read", "Nothing was changed."), ("write", "up to a minute for that batch")]
)
def test_a_task_whose_time_is_over_ends_in_words_and_sends_nothing_more(mode: str, words: str) -> None:
    target = Ending(mode=mode)
    with pytest.raises(TlsOpsError, match="the keyword timeout") as caught:
        flow.run(Planned([plan(changes=(change(WRITE),))]), target, Options(False, 300, False), lambda *_given: None)
    assert words in caught.value.hint
    assert caught.value.changed == (mode == "write")
    assert (target.reconnected, target.written) == (0, [])


def test_other_ends_of_a_process_pass() -> None:
    class Leaving(Planned):
        def plan(self, _snapshot: Any) -> Plan:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        flow.run(Leaving([plan()]), Scripted(), Options(False, 300, False), lambda *_given: None)


def test_what_has_changed_since_it_was_read_stops_the_batch_before_the_first_change() -> None:
    check = dataclasses.replace(file_read("C:\\config"), expect="0" * 64, differs=lambda now: f"it is {now.decode()}")
    planned = apply.sequence(plan(changes=(change(WRITE),)), (check,))
    assert planned.operations == (check, WRITE)
    answers = (Answer("error", b"another", kind="expect"), Answer("skipped"))
    with pytest.raises(TlsOpsError, match=r"^it is another\. Somebody else changes") as caught:
        apply.check_done(planned, answers)
    assert caught.value.hint.endswith("Nothing had been changed before it.")
    assert not caught.value.changed
