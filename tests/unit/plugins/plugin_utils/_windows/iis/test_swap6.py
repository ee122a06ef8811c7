# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import copy
import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import reg_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.swap import drop_journal
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.swap6 import controlled

from tests.unit.iis6_host import NEW, OLD, SELECTOR, SITE, Host, site

FAULTS = ["refuse", "silent", "cut"]
NEVER = dataclasses.replace(reg_read(r"HKLM\SOFTWARE", depth=0), expect="0" * 64)
# What a site can have before a swap: set on itself, set above it, or half of each.
SET = {"W3SVC": {}, SITE: site()}
INHERITED = {"W3SVC": {"SSLCertHash": ("binary", bytes.fromhex(OLD)), "SSLStoreName": ("text", b"MY")}}
INHERITED[SITE] = site(certificate="", store="")
STORE_INHERITED = {"W3SVC": {"SSLStoreName": ("text", b"MY")}, SITE: site(store="")}
NO_STORE = {"W3SVC": {}, SITE: site(store="")}
BEFORE = {"set": SET, "inherited": INHERITED, "store-inherited": STORE_INHERITED, "no-store": NO_STORE}
BARE = {"no-certificate": {"W3SVC": {}, SITE: site(certificate="", store="")}}
BARE["store-only"] = {"W3SVC": {}, SITE: site(certificate="")}


def host(before: dict) -> Host:
    return Host(copy.deepcopy(before))


def swap(before: dict) -> tuple[Operation, ...]:
    web = host(before).web()
    return web.replace(web.endpoints[0], NEW, "MY")


@pytest.mark.parametrize("before", [BEFORE[name] for name in BEFORE], ids=list(BEFORE))
def test_swap(before: dict) -> None:
    target = host(before)
    answers = target.batch(swap(before))
    assert all(each.ok for each in answers)
    assert target.nodes[SITE]["SSLCertHash"] == ("binary", bytes.fromhex(NEW))
    assert target.nodes[SITE]["SSLStoreName"] == ("text", b"MY")
    assert target.nodes["W3SVC"] == before["W3SVC"], "what stands above the site is not touched"
    assert target.disk == target.nodes, "it is on disk"
    assert list(target.journal) == [SELECTOR]
    (endpoint,) = target.web().endpoints
    assert (endpoint.thumbprint, endpoint.inherited_from) == (NEW, "")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("before", [BEFORE[name] for name in BEFORE], ids=list(BEFORE))
def test_any_fault_ends_in_the_old_values(before: dict, fault: str) -> None:
    operations = (*swap(before), drop_journal(SELECTOR), NEVER)
    for index in range(-1, len(operations) - 1):
        target = host(before)
        answers = target.batch(operations, (index, fault))
        assert not answers[-1].ok, (index, fault)
        assert (target.nodes, target.disk) == (before, before), (index, fault)
        # An entry may stay only where its writing or its removal was itself the fault: the next run drops it.
        assert not target.journal or fault in ("cut", "silent"), (index, fault)


@pytest.mark.parametrize("before", [BEFORE[name] for name in BEFORE], ids=list(BEFORE))
def test_a_kill_or_a_crash_anywhere_leaves_a_certificate_or_its_entry(before: dict) -> None:
    swapping = swap(before)
    operations = (*swapping, drop_journal(SELECTOR))
    for index in range(len(operations) + 1):
        for crashes in (False, True):
            target = host(before)
            assert all(target.execute(each).ok for each in operations[:index])
            if crashes:
                target.crash()
            (endpoint,) = target.web().endpoints
            assert endpoint.thumbprint in (OLD, NEW)
            assert (SELECTOR in target.journal) is (2 <= index <= len(swapping)), "it says that nothing is proven yet"


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("before", [BARE[name] for name in BARE], ids=list(BARE))
def test_a_first_certificate_goes_as_it_came(before: dict, fault: str) -> None:
    operations = (*swap(before), NEVER)
    for index in range(-1, len(operations) - 1):
        target = host(before)
        assert not target.batch(operations, (index, fault))[-1].ok
        assert (target.nodes, target.disk, target.journal) == (before, before, {}), (index, fault)
    done = host(before)
    assert all(each.ok for each in done.batch(operations[:-1]))
    assert done.web().endpoints[0].thumbprint == NEW
    assert done.disk == done.nodes, "it is on disk"


@pytest.mark.parametrize("before", [BEFORE[name] for name in BEFORE], ids=list(BEFORE))
def test_a_kill_or_a_crash_on_the_way_back_leaves_its_entry_until_the_old_values_are_on_disk(before: dict) -> None:
    """Also where the entry had been dropped already, because something behind the swap is what failed."""
    operations = (*swap(before), drop_journal(SELECTOR))
    steps = [each for operation in reversed(operations) for each in operation.undo]
    for kill in range(1, len(steps) + 1):
        target = host(before)
        assert all(each.ok for each in target.batch(operations))
        assert all(target.execute(each).ok for each in steps[:kill])
        assert SELECTOR in target.journal or target.disk == target.nodes == before, kill


@pytest.mark.parametrize("name", ["SSLCertHash", "SSLStoreName"])
def test_a_change_since_it_was_read_is_noticed_first(name: str) -> None:
    """Also one that leaves the value: set on the site, it no longer follows what stands above it."""
    for before in (SET, INHERITED):
        target = host(before)
        kind, data = (before[SITE] | before["W3SVC"])[name]
        target.nodes[SITE][name] = (kind, data if before is INHERITED else b"\1" * 20)
        changed = copy.deepcopy(target.nodes)
        answers = target.batch(swap(before))
        assert [each.kind for each in answers] == ["expect"]
        assert (target.nodes, target.journal) == (changed, {})


@pytest.mark.parametrize("before", [BEFORE[name] for name in BEFORE], ids=list(BEFORE))
def test_two_changes_of_one_site_go_back_one_after_the_other(before: dict) -> None:
    web = host(before).web()
    first = web.replace(web.endpoints[0], NEW, "MY")
    after = dataclasses.replace(web.endpoints[0], thumbprint=NEW, inherited_from="")
    then = web.with_endpoint(after)
    again = then.replace(then.endpoints[0], NEW, "MY")
    drop = drop_journal(SELECTOR)
    steps = [each for operation in (*again[::-1], *first[::-1]) for each in operation.undo]
    for kill in range(len(steps) + 1):
        target = host(before)
        assert all(each.ok for each in target.batch((*first, *again, drop, drop)))
        for each in steps[:kill]:
            assert target.execute(each).ok
        assert target.web().endpoints[0].thumbprint in (OLD, NEW)
    target = host(before)
    assert not target.batch((*first, *again, drop, drop, NEVER))[-1].ok
    assert (target.nodes, target.disk, target.journal) == (before, before, {})


@pytest.mark.parametrize("before", [BEFORE[name] for name in BEFORE], ids=list(BEFORE))
def test_bound_again_after_a_step_that_left_it_as_it_is(before: dict) -> None:
    web = host(before).web()
    same = web.with_endpoint(web.endpoints[0])
    operations = same.replace(web.endpoints[0], OLD, "MY")
    target = host(before)
    assert all(each.ok for each in target.batch(operations))
    assert target.nodes == target.disk == before, (
        "an inherited certificate stays inherited, a store that is not set unset"
    )
    target = host(before)
    assert not target.batch((*operations, NEVER))[-1].ok
    assert (target.nodes, target.disk, target.journal) == (before, before, {})


@pytest.mark.parametrize("form", ["units", "bytes", "elements", "hex"])
def test_the_one_form_that_the_host_takes(form: str) -> None:
    """No source says which it is: each that is known is tried, on the way back too."""
    target = host(SET)
    target.forms = (form,)
    assert all(each.ok for each in target.batch(swap(SET)))
    assert target.nodes[SITE]["SSLCertHash"] == ("binary", bytes.fromhex(NEW))
    target = host(SET)
    target.forms = (form,)
    target.batch((*swap(SET), NEVER))
    assert (target.nodes, target.disk) == (SET, SET)


def test_a_form_that_the_host_does_not_take() -> None:
    target = host(SET)
    target.forms = ()
    assert target.batch(swap(SET))[-1].number & 0xFFFFFFFF == 0x8007000D
    assert (target.nodes, list(target.journal)) == (SET, [SELECTOR]), "what could not go back is told by its entry"


@pytest.mark.parametrize("inherited", [False, True], ids=["set", "inherited"])
@pytest.mark.parametrize("fault", FAULTS)
def test_one_more_binding_goes_as_it_came(fault: str, *, inherited: bool) -> None:
    bindings = {"SecureBindings": ("texts", b":8443:\x0010.0.0.1:444:")}
    before = {"W3SVC": bindings if inherited else {}, SITE: site(secure=())}
    before[SITE] |= {} if inherited else bindings
    web = host(before).web()
    operations = (*web.attach(web.sites[0], 443, NEW, "MY"), NEVER)
    for index in range(-1, len(operations) - 1):
        target = host(before)
        assert not target.batch(operations, (index, fault))[-1].ok
        assert (target.nodes, target.disk) == (before, before), (index, fault)
    done = host(before)
    assert all(each.ok for each in done.batch(operations[:-1]))
    assert done.nodes[SITE]["SecureBindings"] == ("texts", b":8443:\x0010.0.0.1:444:\x00:443:")


def test_start_and_stop_leave_the_start_mode_when_they_are_taken_back() -> None:
    target = host({"W3SVC": {}, SITE: site(state=4)})
    before = copy.deepcopy(target.nodes)
    web = target.web()
    start = web.start(web.sites[0])
    target.batch((*start, NEVER))
    assert (target.nodes, target.disk) == (before, before)
    assert target.did == ["W3SVC/1 Start", "SaveData", "W3SVC/1 Stop", "SaveData"]
    assert controlled(SITE, "Start")[0].undo == ()
