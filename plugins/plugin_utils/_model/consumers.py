# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs other than web sites that name a certificate by its thumbprint, and what may change bindings behind us."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Consumer:
    """One place that names a certificate.

    ``program`` is what people call it (``WinRM listener``, ``Remote Desktop``, ``SQL Server``, ``FTP``); ``place`` says
    where the thumbprint stands: a registry key and value, or a file and what is in it. ``thumbprint`` is upper-case
    hex: SHA-1, or SHA-256 where the program keeps that.
    """

    program: str
    place: str
    thumbprint: str


@dataclasses.dataclass(frozen=True)
class Consumers:
    """``certificate_rebind``: IIS's scheduled task for it is on. ``unreadable``: places that were not understood."""

    consumers: tuple[Consumer, ...] = ()
    certificate_rebind: bool = False
    unreadable: tuple[str, ...] = ()

    def of(self, thumbprint: str, sha256: str = "") -> tuple[Consumer, ...]:
        """Those that name this certificate, by its SHA-1 or its SHA-256 (upper-case hex)."""
        wanted = {thumbprint, sha256} - {""}
        return tuple(each for each in self.consumers if each.thumbprint in wanted)
