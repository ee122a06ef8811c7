# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import run
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import Selector
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.endpoints import entry, from_entry
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.swap import create, drop_journal, replace
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.netsh import Netsh

from tests.unit.iis_host import NEW, OLD, Host, iis

SELECTORS = ["ipport=0.0.0.0:443", "ipport=[::]:443", "hostnameport=www.example.com:443"]
OLD_RECORD = iis(OLD, flags=0x11, check_mode=1, url_retrieval_timeout=5000, ctl_store="x")
NEW_RECORD = dataclasses.replace(OLD_RECORD, thumbprint=NEW)
KINDS = [Netsh(False, frozenset({"disablehttp2"})), Netsh(True, frozenset({"disablehttp2"}))]
FAULTS = ["refuse", "silent", "cut"]


def host(selector: str, *, update: bool) -> Host:
    return Host({"A": ("started", [("https", "*:443:", 0)])}, {selector: OLD_RECORD}, can_update=update)


@pytest.mark.parametrize("netsh", KINDS, ids=["delete-add", "update"])
@pytest.mark.parametrize("selector", SELECTORS)
def test_swap(netsh: Netsh, selector: str) -> None:
    target = host(selector, update=netsh.can_update)
    answers = target.batch(replace(netsh, Selector.parse(selector), OLD_RECORD, NEW_RECORD, "{}"))
    assert all(each.ok for each in answers)
    assert (target.records, target.journal) == ({selector: NEW_RECORD}, {selector: "{}"})
    assert target.execute(drop_journal(selector)).ok
    assert target.journal == {}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("netsh", KINDS, ids=["delete-add", "update"])
def test_any_fault_ends_in_the_old_record(netsh: Netsh, fault: str) -> None:
    selector = SELECTORS[0]
    operations = (
        *replace(netsh, Selector.parse(selector), OLD_RECORD, NEW_RECORD, "{}"),
        drop_journal(selector),
        run("netsh", "http", "x", "", ""),
    )
    for index in range(-1, len(operations) - 1):
        target = host(selector, update=netsh.can_update)
        answers = target.batch(operations, (index, fault))
        assert not answers[-1].ok, (index, fault)
        assert target.records == {selector: OLD_RECORD}, (index, fault)
        # An entry may stay only where its writing or its removal was itself the fault: the next run drops it.
        assert not target.journal or fault in ("cut", "silent"), (index, fault)


@pytest.mark.parametrize("netsh", KINDS, ids=["delete-add", "update"])
def test_a_kill_anywhere_leaves_the_record_or_its_entry(netsh: Netsh) -> None:
    selector = SELECTORS[0]
    web = host(selector, update=netsh.can_update).web()
    text = entry(web.endpoints[0])
    swap = replace(netsh, Selector.parse(selector), OLD_RECORD, NEW_RECORD, text)
    operations = (*swap, drop_journal(selector))
    for index in range(len(operations) + 1):
        target = host(selector, update=netsh.can_update)
        for operation in operations[:index]:
            assert target.execute(operation).ok
        unproven = 2 <= index <= len(swap)
        assert (selector in target.journal) is unproven, "the entry says until the end that nothing is proven"
        assert target.records or from_entry(target.journal[selector]).settings == OLD_RECORD.settings()


@pytest.mark.parametrize("fault", FAULTS)
def test_create_leaves_nothing_behind(fault: str) -> None:
    selector = Selector.parse(SELECTORS[2])
    operations = (*create(KINDS[0], selector, NEW_RECORD), run("netsh", "http", "x", "", ""))
    for index in range(-1, len(operations) - 1):
        target = Host()
        assert not target.batch(operations, (index, fault))[-1].ok
        assert target.records == {}, (index, fault)
    done = Host()
    done.batch(operations[:-1])
    assert done.records == {SELECTORS[2]: NEW_RECORD}


def test_a_change_since_it_was_read_is_noticed_first() -> None:
    target = host(SELECTORS[0], update=False)
    target.records[SELECTORS[0]] = iis("CC" * 20)
    answers = target.batch(replace(KINDS[0], Selector.parse(SELECTORS[0]), OLD_RECORD, NEW_RECORD, "{}"))
    assert [each.kind for each in answers] == ["expect"]
    assert target.records[SELECTORS[0]].thumbprint == "CC" * 20


@pytest.mark.parametrize("netsh", KINDS, ids=["delete-add", "update"])
def test_going_back_after_the_entry_is_dropped_is_guarded_by_it_again(netsh: Netsh) -> None:
    """Two changes of one record, both proven wrong: what closes them ran before the target goes back."""
    selector = SELECTORS[0]
    own = Selector.parse(selector)
    text = entry(host(selector, update=netsh.can_update).web().endpoints[0])
    again = replace(netsh, own, OLD_RECORD, OLD_RECORD, text)
    swap = replace(netsh, own, OLD_RECORD, NEW_RECORD, text)
    operations = (*again, *swap, drop_journal(selector), drop_journal(selector))
    steps = [each for operation in reversed(operations) for each in operation.undo]
    for kill in range(len(steps) + 1):
        target = host(selector, update=netsh.can_update)
        assert all(each.ok for each in target.batch(operations))
        assert (target.records, target.journal) == ({selector: NEW_RECORD}, {})
        for each in steps[:kill]:
            assert target.execute(each).ok
        assert target.records or from_entry(target.journal[selector]).thumbprint == OLD, kill
    assert (target.records, target.journal) == ({selector: OLD_RECORD}, {})


def test_any_value_changed_since_it_was_read_is_noticed() -> None:
    for selector in SELECTORS:
        target = host(selector, update=True)
        web = target.web()
        endpoint = next(each for each in web.endpoints if each.selector == selector)
        endpoint = dataclasses.replace(endpoint, owner="iis")
        operations = web.replace(endpoint, NEW, endpoint.store)
        target.records[selector] = dataclasses.replace(OLD_RECORD, flags=0x10)
        assert [each.kind for each in target.batch(operations)] == ["expect"]
        assert target.records[selector].flags == 0x10
        after = web.with_endpoint(dataclasses.replace(endpoint, thumbprint=NEW))
        assert operations[0] != after.replace(endpoint, NEW, endpoint.store)[0], "written by this batch: may differ"
