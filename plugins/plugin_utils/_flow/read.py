# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 2: the step's queries become one batch, and its answers one snapshot."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from .._batch.operation import Answer, Operation
from .._errors import TlsOpsError
from .._model.plan import Step
from .._model.snapshot import Accounts, Query, Snapshot
from .._windows import accounts, consumers, host, journal, personal, stores
from .._windows.iis import read as iis
from .target import Target

_READERS: dict[Query, Callable[[], tuple[Operation, ...]]] = {
    Query.STORES: stores.operations,
    Query.PERSONAL: personal.operations,
    Query.WEB: iis.operations,
    Query.CONSUMERS: consumers.operations,
}


def read(step: Step, target: Target, *, timeout: int, dry_run: bool, unknown: bool = False) -> Snapshot:
    """Asks for all that the step needs in one batch; raises TlsOpsError where it cannot be understood.

    ``unknown``: this task has sent a write batch before, and does not know what became of it.
    """
    queries = step.queries()
    wanted = [query for query in Query if query in queries]
    names = tuple(name for each in queries if isinstance(each, Accounts) for name in each.names)
    groups = [
        host.operations(),
        journal.operations(),
        accounts.operations(names),
        *(_READERS[query]() for query in wanted),
    ]
    asked_at = datetime.now(UTC)
    answers = target.batch([each for group in groups for each in group], mode="read", timeout=timeout)
    read_at = datetime.now(UTC)
    _check_time(answers, timeout)
    parts = _split(answers, groups)
    info = host.parse(next(parts))
    target.learn(info)
    host.require_rights(info, lambda more: target.batch(more, mode="read", timeout=timeout))
    kept = journal.parse(next(parts))
    values: dict[str, Any] = {"journal": kept, "prove_all": unknown or bool(kept.endpoints)}
    values |= {"asked_at": asked_at, "read_at": read_at}
    values["accounts"] = accounts.parse(next(parts))
    for query in wanted:
        values |= _parse(query, next(parts), info)
    return Snapshot(
        host=info, dry_run=dry_run, nonce=secrets.token_hex(8), one_time_password=secrets.token_hex(32), **values
    )


def _check_time(answers: tuple[Answer, ...], timeout: int) -> None:
    """Raises TlsOpsError where the host did not come to the end: what it did not read would be taken for missing."""
    late = sum(answer.kind == "deadline" for answer in answers)
    if late:
        raise TlsOpsError(
            f"{late} of {len(answers)} reads were not begun in the {timeout} seconds that a batch has.",
            hint="Nothing was changed. See what keeps the server busy, or give it more time by the option timeout.",
        )


def _split(answers: tuple[Answer, ...], groups: list[tuple[Operation, ...]]) -> Iterator[tuple[Answer, ...]]:
    start = 0
    for group in groups:
        yield answers[start : start + len(group)]
        start += len(group)


def _parse(query: Query, answers: tuple[Answer, ...], info: Any) -> dict[str, Any]:
    """The snapshot's fields that the answers to a query fill."""
    if query is Query.STORES:
        return {"stores": stores.parse(answers)}
    if query is Query.PERSONAL:
        return dict(zip(("personal", "left_out"), personal.parse(answers), strict=True))
    if query is Query.CONSUMERS:
        return {"consumers": consumers.parse(answers)}
    return {"web": iis.parse(answers, info)}
