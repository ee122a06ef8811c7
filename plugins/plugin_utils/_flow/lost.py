# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is told where it is not known what became of a batch. Pure."""

from __future__ import annotations

from .._errors import TlsOpsError
from .._model.plan import Plan


def timed_out(timeout: int, *, written: bool) -> TlsOpsError:
    """Ansible's keyword ``timeout`` ended the task; ``timeout`` is the module's own, in seconds."""
    message = "the time that the keyword timeout gives this task was over, and Ansible ended it."
    if not written:
        return TlsOpsError(message, stage="read", hint="Nothing was changed. Give it more time, and run it again.")
    hint = (
        "A batch of changes had been sent, and it is not known what was done of it: it may go on for as long as the "
        f"module's own timeout allows ({timeout} seconds). Run the task again, with more time: it waits up to a "
        "minute for that batch, and does what is still missing."
    )
    return TlsOpsError(message, stage="apply", hint=hint, changed=True)


def twice(error: Exception, *, written: bool) -> TlsOpsError:
    """A second batch's answer was lost too; ``written``: one of the two was to change the host."""
    if written:
        hint = (
            "It is not known what was done. Run the task again, it does what is still missing; with verify: always,"
            " where it has that option, it proves what is there already."
        )
    else:
        hint = "Nothing was changed. Look at the WinRM service, its quotas and the network, then run the task again."
    message = f"no answer, twice: {str(error).rstrip('.')}."
    return TlsOpsError(message, stage="apply" if written else "read", hint=hint, changed=written)


def left_by(unfinished: Plan | None) -> str:
    """What a first batch of this task, whose answer was lost, may have left: the places and what was there before."""
    if unfinished is None:
        return ""
    changes = [change for part in unfinished.flat() for change in part.changes]
    before = [f"{change.where} ({change.before.splitlines()[0] if change.before else 'nothing'})" for change in changes]
    return f"A first batch of this task, whose answer was lost, may have changed, from: {'; '.join(before)}."
