# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.services import runs, started, state


def test_a_state() -> None:
    answer = Answer("ok", encode_lines([("status", [b"1"]), ("start", [b"2"])]))
    assert state(answer) == (1, 2)
    assert state(Answer("error", kind="win32", number=1060)) is None
    with pytest.raises(TlsOpsError, match="not in the expected form"):
        state(Answer("ok", encode_lines([("status", [b"1"])])))


def test_what_runs() -> None:
    services = {"W3SVC": (4, 2), "WAS": (1, 3), "IISADMIN": (1, 4)}
    assert [runs(name, services) for name in ("W3SVC", "WAS", "other")] == [True, False, False]
    assert [each.name for each in started("WAS", services).undo] == ["service"]
    for name, match in (("IISADMIN", "is disabled"), ("other", "is not on this host")):
        with pytest.raises(TlsOpsError, match=match):
            started(name, services)
