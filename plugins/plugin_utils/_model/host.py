# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of itself: the answer of ``host.info`` as a value."""

from __future__ import annotations

import dataclasses
from datetime import datetime


@dataclasses.dataclass(frozen=True)
class HostInfo:
    """Facts that decide whether anything else can work.

    ``clock`` is the target's clock (aware, UTC). ``elevated``: the token holds the administrator right unfiltered.
    ``writable`` names the registry keys that opened for writing (nothing was written).
    """

    computer_name: str
    os_version: str
    edition: str
    powershell_version: str
    clr_version: str
    language_mode: str
    ui_language: str
    system_root: str
    clock: datetime
    elevated: bool
    writable: frozenset[str]
