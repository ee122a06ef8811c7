# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a version of WinRM takes: its configuration as installed (``winrm get winrm/config``)."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Quotas:
    """MaxEnvelopeSizekb, MaxShellsPerUser, MaxProcessesPerShell.

    The first limits the client's messages as well as the replies, "500 but MAY be 150" (MS-WSMV 2.2.4.10, ConfigType).
    """

    envelope_kb: int = 500
    shells: int = 30
    processes: int = 25

    @property
    def envelope(self) -> int:
        """Bytes of one message."""
        return self.envelope_kb * 1024


QUOTAS = {"2.0": Quotas(150, 5, 15), "3.0": Quotas()}  # 2.0: Server 2003 (KB968930) to 2008 R2; 3.0: Server 2012 on
