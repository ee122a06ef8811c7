# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One batch asks for all that a step needs, and its answers find their places."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import account_sid
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.read import read
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Accounts, Query, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows import consumers, host, journal, personal

from .steps import Planned, Scripted


@dataclasses.dataclass(frozen=True)
class Asking(Planned):
    wanted: frozenset[Any] = frozenset()

    def queries(self) -> frozenset[Any]:
        return self.wanted


def looked(target: Scripted, *queries: object) -> Snapshot:
    return read(Asking([], frozenset(queries)), target, timeout=9, dry_run=True)


def test_what_every_task_asks() -> None:
    target = Scripted()
    before = datetime.now(UTC)
    snapshot = looked(target)
    ((mode, operations),) = target.batches
    assert (mode, operations) == ("read", (*host.operations(), *journal.operations()))
    assert snapshot.read_at is not None
    assert before <= snapshot.read_at <= datetime.now(UTC)
    assert (snapshot.accounts, snapshot.consumers, snapshot.web) == ({}, None, None)
    assert (snapshot.dry_run, snapshot.prove_all) == (True, False)


def test_accounts_are_asked_by_name_in_the_same_batch() -> None:
    found = Answer("ok", encode_lines([("account", [b"CORP\\backend", b"S-1-5-21-1"])]))
    target = Scripted({"account.sid": found})
    snapshot = looked(target, Accounts(("CORP\\backend",)), Query.PERSONAL, Query.CONSUMERS)
    ((_mode, operations),) = target.batches
    rest = operations[len(host.operations()) + len(journal.operations()) :]
    assert rest == (account_sid("CORP\\backend"), *personal.operations(), *consumers.operations())
    assert snapshot.accounts == {"CORP\\backend": "S-1-5-21-1"}
    assert snapshot.personal == ()
    assert snapshot.consumers is not None


def test_accounts_that_cannot_be_looked_up() -> None:
    with pytest.raises(TlsOpsError, match="looked up"):
        looked(Scripted({"account.sid": Answer("error", kind="win32", number=1789)}), Accounts(("a",)))


def test_a_read_that_was_over_its_time_is_not_taken_for_an_empty_host() -> None:
    target = Scripted({"reg.read": Answer("error", kind="deadline")})
    with pytest.raises(TlsOpsError, match=r"reads were not begun in the 9 seconds .* option timeout"):
        looked(target)
