# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What keeps the sites of a host from being known."""

from __future__ import annotations

import dataclasses

from ..._errors import TlsOpsError


@dataclasses.dataclass(frozen=True)
class Problem:
    """Why the sites of a host are not known; raised when a step asks for them."""

    message: str
    hint: str = ""

    def error(self) -> TlsOpsError:
        return TlsOpsError(self.message, hint=self.hint)
