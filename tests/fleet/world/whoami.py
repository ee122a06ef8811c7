# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``whoami /groups``: the groups of the token, those that are there for denying only among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .programs import Completed, program

if TYPE_CHECKING:
    from .host import Host

EVERYONE = ('"Everyone"', '"Well-known group"', '"S-1-1-0"', '"Mandatory group, Enabled by default, Enabled group"')
ADMINISTRATORS = r'"BUILTIN\Administrators"', '"Alias"', '"S-1-5-32-544"'


@program("whoami.exe")
def whoami(host: Host, arguments: list[str]) -> Completed:
    """As comma-separated values without a head, which is all that is modelled."""
    if [each.lower() for each in arguments] != ["/groups", "/fo", "csv", "/nh"]:
        return Completed(1, b"", b"ERROR: Invalid syntax.\r\n")
    rows = [EVERYONE]
    if host.options.administrator:
        how = "Mandatory group, Enabled by default, Enabled group, Group owner"
        rows.append((*ADMINISTRATORS, f'"{how if host.options.elevated else "Group used for deny only"}"'))
    return Completed(0, host.language.encode("".join(",".join(row) + "\r\n" for row in rows)))
