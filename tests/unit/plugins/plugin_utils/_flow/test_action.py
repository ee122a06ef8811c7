# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door: every error of a task ends with something to do."""

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.action import _next


@pytest.mark.parametrize(
    ("stage", "changed", "words"),
    [
        ("", False, "Nothing was changed. Correct the task, then run it again: 'ansible-doc tlsops.windows.renewal'"),
        ("read", False, "Nothing was changed. Run the task again"),
        ("plan", False, "Nothing was changed. Put that right"),
        ("apply", False, "Look at the server"),
        ("plan", True, "Look at the server"),
        ("report", True, "Look at the server"),
    ],
)
def test_what_to_do_where_nobody_knew_better(stage: str, changed: bool, words: str) -> None:
    assert _next(TlsOpsError("x", step="renewal", stage=stage, changed=changed)).startswith(words)
