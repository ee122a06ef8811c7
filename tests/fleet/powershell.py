# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What PowerShell 2.0 says to a script that is newer than itself.

It goes by the linter's list. A real one would get as far as the first such line that it runs; this one does nothing.
"""

from __future__ import annotations

import functools

from tests.lint.newer import newer_than_2

from .payload import Refused


def check(script: str, version: str) -> None:
    """Raises Refused where PowerShell of this version does not know all that the script uses."""
    found = _newer(script) if version.startswith("2.") else ()
    if found:
        words = 'Exception calling "Create" with "1" argument(s)'
        raise Refused(f"{words}: not in PowerShell 2.0 (line: what): {'; '.join(found[:10])}")


@functools.lru_cache(maxsize=8)
def _newer(script: str) -> tuple[str, ...]:
    return tuple(newer_than_2(script))
