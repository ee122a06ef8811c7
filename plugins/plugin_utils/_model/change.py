# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One thing that a plan makes different, as a value."""

from __future__ import annotations

import dataclasses

from .._batch.operation import Operation


@dataclasses.dataclass(frozen=True)
class Change:
    """One thing that becomes different.

    ``what`` is a sentence for people. ``where``, ``before`` and ``after`` make the diff (text, may hold several lines).
    ``operations`` do it, in order; each carries its own undo. ``closing`` are operations that run after all proofs of
    the plan: the way back is kept on the host until then. ``permanent`` says what stays when the rest is taken back,
    once the operation number ``permanent_from`` is done.
    """

    what: str
    where: str
    before: str
    after: str
    operations: tuple[Operation, ...]
    closing: tuple[Operation, ...] = ()
    permanent: str = ""
    permanent_from: int = -1  # from 0; -1 is the last
