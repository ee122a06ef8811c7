# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import run, store_add, store_remove
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import apply
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.change import Change
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.certutil import explain, link_key

from tests.unit.mint import mint
from tests.unit.request_host import HOST_2003

LEAF = mint("www.example.com").certificate


@pytest.mark.parametrize(("there", "undo"), [(False, (store_remove("MY", LEAF.thumbprint),)), (True, ())])
def test_the_certificate_then_its_key(there: bool, undo: tuple[object, ...]) -> None:
    *look, added, linked = link_key(LEAF, there=there)
    assert [each.name for each in look] == ["reg.read"] * (not there)
    assert added.arguments == store_add("MY", LEAF.der).arguments
    assert added.undo == undo
    assert linked == run(r"%SystemRoot%\System32\certutil.exe", "-repairstore", "my", LEAF.serial, seconds=120)


def test_what_to_do_where_it_failed_is_in_the_error() -> None:
    operations = link_key(LEAF, there=False)
    plan = Plan("install", Snapshot(HOST_2003, Journal()), changes=(Change("install", "MY", "", "it", operations),))
    planned = apply.sequence(plan)
    failed = Answer("error", kind="exit", number=-2146885628, text="exit code")
    with pytest.raises(TlsOpsError, match=r"certutil\.exe -repairstore my") as error:
        apply.check_done(
            planned, (Answer("ok"), Answer("ok"), failed, *[Answer("skipped")] * (len(planned.operations) - 3))
        )
    assert explain() in error.value.hint
    assert "make a new request" in explain()
