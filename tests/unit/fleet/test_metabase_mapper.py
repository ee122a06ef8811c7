# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the collection reads leaves the metabase mapper of IIS 7 and newer alone: opening the metabase wakes it."""

from __future__ import annotations

import dataclasses
import secrets

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import read

from tests.fleet.world.host import Host
from tests.fleet.world.scenario import Scenario
from tests.unit.fleet.world.asking import CERTIFICATES, scenario

KEPT = {**CERTIFICATES, "kept": {"authority": "public", "names": ["kept.example.com"]}}


def with_mapper() -> Scenario:
    """A host whose metabase keeps another certificate for the site than the one that is bound."""
    return scenario({"iis6_compatibility": True}, certificates=KEPT, metabase={"Production": "kept"})


def send(host: Host, *operations: Operation) -> tuple[Answer, ...]:
    nonce = secrets.token_hex(8)
    batch = wire.encode(operations, nonce=nonce, mode="read", deadline=60, mutex_wait=5)
    return wire.decode(host.execute(batch.splitlines()), nonce=nonce, count=len(operations))


def bound(host: Host) -> str:
    record = host.sslcert("ipport=0.0.0.0:443")
    assert record
    return str(record["certificate"])


def test_a_read_batch_does_not_wake_the_mapper() -> None:
    host = with_mapper().hosts["web"]
    before = bound(host)
    answers = send(host, *read.operations())
    assert bound(host) == before
    assert host.write_log == []
    assert [answer.kind for answer in answers if answer.kind == "os"]


def test_the_same_batch_would_wake_it_without_the_limit() -> None:
    host = with_mapper().hosts["web"]
    before = bound(host)
    send(host, *(dataclasses.replace(each, before_os=0) for each in read.operations()))
    assert bound(host) != before
    assert {entry["by"] for entry in host.write_log} == {"IIS 6 compatibility"}
