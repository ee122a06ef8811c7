# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Arguments: types and defaults are applied, faults are named, nothing is contacted."""

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import options, validated
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import renewal

GIVEN = {
    "answer": "x",
    "production_site": "Production",
    "backup_password": "p",
    "backup_destinations": ["/b/"],
}


def test_defaults_are_applied() -> None:
    arguments = validated(GIVEN, renewal.ARGUMENTS, renewal.RULES)
    assert (arguments["port"], arguments["verify"], arguments["conflicting_roots"]) == (443, "changed", "disabled")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"unknown": 1}, "unknown"),
        ({"answer_path": "/x"}, "mutually exclusive"),
        ({"binding": "*:443:"}, "mutually exclusive"),
        ({"port": "many"}, "port"),
        ({"conflicting_roots": "deleted"}, "conflicting_roots"),
    ],
)
def test_faults_are_named(more: dict[str, object], words: str) -> None:
    with pytest.raises(TlsOpsError, match=words):
        validated(GIVEN | more, renewal.ARGUMENTS, renewal.RULES)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(TlsOpsError, match="one of the following is required"):
        validated({name: value for name, value in GIVEN.items() if name != "answer"}, renewal.ARGUMENTS, renewal.RULES)


@pytest.mark.parametrize("timeout", [0, 9, 3601, -1])
def test_a_time_limit_has_bounds(timeout: int) -> None:
    with pytest.raises(TlsOpsError, match="timeout"):
        options({"timeout": timeout}, dry_run=False)
