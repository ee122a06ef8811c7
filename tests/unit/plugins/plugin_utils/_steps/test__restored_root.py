# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import (
    store_add,
    store_remove,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.roots import disable

from tests.unit.mint import NOW, Minted, mint
from tests.unit.restoring import (
    INTERMEDIATE,
    LEAF,
    OTHER,
    ROOT,
    STORED,
    Web,
    argument,
    backup,
    entry,
    operations,
    snapshot,
    step,
    store_copy,
)


def test_a_root_that_is_not_there():
    plan = step().plan(snapshot(stores=()))
    assert [argument(each, "store") for each in operations(plan)] == ["CA", "MY"]
    assert [each["state"] for each in plan.result["roots"]] == ["missing"]
    assert "trusted_root: added puts it there" in plan.findings[0]
    assert "has no trusted chain on this server" in plan.warnings[0]
    plan = step(trusted_root="added").plan(snapshot(stores=(), web=Web()))
    root, *_others = operations(plan)
    assert root == dataclasses.replace(store_add("Root", ROOT.der), undo=(store_remove("Root", ROOT.thumbprint),))
    assert plan.result["roots"][0]["state"] == "added"
    assert (plan.findings, plan.warnings) == ((), ())
    again = step(trusted_root="added").plan(snapshot(entry(), web=Web()))
    assert not again.changes_anything
    assert again.result["roots"][0]["state"] == "there"


def test_a_root_that_is_disabled_stays_so():
    off = store_copy(ROOT, "Root", blob=disable(Blob.of(ROOT.der).encode()))
    plan = step(trusted_root="added").plan(snapshot(stores=(off, STORED[1]), web=Web()))
    assert [argument(each, "store") for each in operations(plan)] == ["MY"]
    assert plan.result["roots"][0]["state"] == "disabled"
    assert "is disabled on this server, and stays so" in plan.findings[0]


def test_a_root_that_only_the_system_account_sees_is_not_the_machine_s():
    own = store_copy(ROOT, "Root", "System")
    assert step().plan(snapshot(stores=(own, STORED[1]))).result["roots"][0]["state"] == "missing"


def test_a_root_that_must_not_be_added():
    with pytest.raises(TlsOpsError, match="lies in the store Disallowed"):
        step(trusted_root="added").plan(snapshot(stores=(store_copy(ROOT, "Disallowed"),), web=Web()))
    unknown = Web(TlsOpsError("the configuration cannot be read."))
    with pytest.raises(TlsOpsError, match=r"not known which certificates are in use.*trusted_root: ignored"):
        step(trusted_root="added").plan(snapshot(stores=(), web=unknown))


OLD_ROOT = mint("Old Root", ca=True)
CROSS = mint("Root", OLD_ROOT, key=ROOT.key, ca=True)
EXPIRED_CROSS = mint("Root", OLD_ROOT, key=ROOT.key, ca=True, not_after=NOW - timedelta(days=1))
USED = Endpoint("ipport=0.0.0.0:443", "0.0.0.0", 443, "", ("Shop",), "iis", OTHER.thumbprint)


def in_use(cross: Minted) -> Snapshot:
    """A server whose site is served over a cross certificate; the root of the same name is not there."""
    stores = (store_copy(OLD_ROOT, "Root"), store_copy(cross, "CA"), STORED[1])
    return snapshot(entry(OTHER), stores=stores, web=Web((USED,)))


def test_a_root_beside_a_cross_certificate_in_use_is_refused():
    with pytest.raises(
        TlsOpsError, match=rf"must not be added.*does not send the cross certificate {CROSS.thumbprint}"
    ):
        step(trusted_root="added").plan(in_use(CROSS))
    assert step().plan(in_use(CROSS)).warnings == ()


def test_a_root_beside_a_cross_certificate_of_the_file_is_refused():
    data = backup(LEAF, INTERMEDIATE, CROSS, OLD_ROOT, ROOT)
    with pytest.raises(TlsOpsError, match="must not be added"):
        step(data, trusted_root="added").plan(snapshot(stores=(store_copy(OLD_ROOT, "Root"),), web=Web()))


def test_a_root_beside_a_cross_certificate_that_has_expired_is_added():
    plan = step(trusted_root="added").plan(in_use(EXPIRED_CROSS))
    assert plan.result["roots"][0]["state"] == "added"
