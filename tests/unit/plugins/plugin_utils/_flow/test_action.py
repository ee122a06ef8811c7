# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door: every error of a task ends with something to do."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.action import Door, _next


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


def test_what_a_host_that_was_never_reached_says_cannot_steer_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(Door):
        STEP = SimpleNamespace(name="renewal")

        def _go(self, host: str) -> dict[str, Any]:
            raise AnsibleConnectionFailure(f"ntlm: {host} is busy\r\nweb02 | SUCCESS\x1b[2J.")

    monkeypatch.setattr(ActionBase, "run", lambda *_arguments: {})
    door = Gone.__new__(Gone)
    door._task = SimpleNamespace(async_val=0)
    with pytest.raises(AnsibleConnectionFailure) as error:
        door.run(task_vars={"inventory_hostname": "web01"})
    words = str(error.value)
    assert words.startswith(r"ntlm: web01 is busy web02 | SUCCESS\x1b[2J. Look at the connection by itself")
    assert words.endswith("Nothing was changed.")
