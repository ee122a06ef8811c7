# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people call a version of Windows Server, and which stores for web sites it has. Pure."""

from __future__ import annotations

from .personal import MY, WEB_HOSTING

_SERVER_2012 = (6, 2)
# "Operating System Version" in Microsoft's Windows API documentation; from 10.0 on the build tells them apart.
_NAMES = {
    (5, 2): "2003",
    (6, 0): "2008",
    (6, 1): "2008 R2",
    (6, 2): "2012",
    (6, 3): "2012 R2",
    (10, 0, 14393): "2016",
    (10, 0, 17763): "2019",
    (10, 0, 20348): "2022",
    (10, 0, 26100): "2025",
}


def product(os_version: str) -> str:
    """``Windows Server 2003`` for ``5.2.3790``; the version itself where no server has it."""
    numbers = _numbers(os_version)
    name = _NAMES.get(numbers[:2]) or _NAMES.get(numbers[:3])
    return f"Windows Server {name}" if name else f"Windows {os_version}".strip()


def key_stores(os_version: str) -> tuple[str, ...]:
    """The stores of the machine from which a web site can take a certificate: WebHosting came with Server 2012."""
    return (MY, WEB_HOSTING) if _numbers(os_version)[:2] >= _SERVER_2012 else (MY,)


def _numbers(os_version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in os_version.split(".") if part.isdecimal())
