# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Accounts by name, as security identifiers: names are localized (NETWORK SERVICE), identifiers are not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .._batch.operation import Answer, Operation
from .._batch.operations import account_sid
from .._batch.payload import lines, text
from .._errors import TlsOpsError


def operations(names: Sequence[str]) -> tuple[Operation, ...]:
    """Nothing is asked where no account was named."""
    return (account_sid(*names),) if names else ()


def parse(answers: Sequence[Answer]) -> Mapping[str, str]:
    """The SID of each name as it was asked for, empty where the host knows none. Raises TlsOpsError."""
    found: dict[str, str] = {}
    for answer in answers:
        if not answer.ok:
            raise TlsOpsError(f"the accounts could not be looked up: {answer.describe()}.")
        for keyword, fields in lines(answer.payload):
            if keyword != "account" or len(fields) != 2:
                raise TlsOpsError("the answer about accounts is not in the expected form.")
            found[text(fields[0])] = text(fields[1])
    return found
