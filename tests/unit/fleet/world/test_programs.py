# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ``run`` operation can start."""

from __future__ import annotations

import pytest

from tests.unit.fleet.world.asking import ask, run, scenario


@pytest.mark.parametrize("name", ["set.bat", "SET.CMD"])
def test_a_batch_file_does_nothing_under_ansibles_code_page_on_2003(name: str) -> None:
    """It looks like success (WinRb/WinRM 232): so nothing of ours may start one."""
    old = scenario(product="2003", certificates={}, sites=[], stores=[]).hosts["web"]
    before = old.digest()
    assert run(old, rf"C:\Tools\{name}", "anything") == (0, b"")
    assert old.digest() == before
    newer = scenario().hosts["web"]
    said = ask(newer, ("run", "program", rf"C:\Tools\{name}"))[0]
    assert (said.kind, said.number) == ("win32", 2)
