# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one family of errors: what went wrong, where, and the next thing to do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator


class TlsOpsError(Exception):
    """An error that is meant to be read by a person.

    The door (``_flow/action.py``) fills in host, step and stage where the raiser did not know them, and turns the
    error into a failed result once. ``changed`` says that something on the host is different all the same.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        step: str = "",
        stage: str = "",
        host: str = "",
        changed: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.step = step
        self.stage = stage
        self.host = host
        self.changed = changed

    def __str__(self) -> str:
        where = " ".join(part for part in (self.host, self.step, self.stage) if part)
        text = f"{where}: {self.message}" if where else self.message
        return f"{text} {self.hint}" if self.hint else text


class NoMatch(TlsOpsError):
    """Nothing on this host is what was asked for, which is no fault of the host: ``no_match`` says what follows."""


@contextlib.contextmanager
def naming(place: str) -> Iterator[None]:
    """An error that passes says where among several alike it happened; ``place`` may be empty."""
    try:
        yield
    except TlsOpsError as error:
        error.message = f"{place}: {error.message}" if place else error.message
        raise


class UnreadableAnswer(TlsOpsError):
    """What seems to be a CA's answer is damaged or encrypted, as opposed to holding no certificate."""
