# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fault of the collection's own in the second try: it does not hide what the first may have done."""

from __future__ import annotations

from typing import Any, ClassVar, cast

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow
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
