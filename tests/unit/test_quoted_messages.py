# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The errors that docs/when-things-go-wrong.md quotes are the collection's own: word for word, and no others."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import apply, lost, read
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.change import Change
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import Selector
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import swap, unchanged
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.netsh import Netsh

from tests.unit.iis_host import Host, iis

TEXT = (Path(__file__).resolve().parents[2] / "docs/when-things-go-wrong.md").read_text(encoding="utf-8")
QUOTED = [" ".join(block.split()) for block in re.findall(r"```text\n(.*?)```", TEXT, re.DOTALL)]
OLD, NEW = re.findall(r"it held\s([0-9A-F]{40})\sand holds\s([0-9A-F]{40})", TEXT)[0]
CONNECTION = "ntlm: ('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))"
SELECTOR = "ipport=0.0.0.0:443"
LATE = (Answer("ok"),) * 10 + (Answer("error", kind="deadline"),) * 32


def planned(*changes: Change) -> Plan:
    snapshot: Any = None  # nothing here plans on it
    return Plan("renewal", snapshot, changes)


def busy(number: int) -> None:
    raise wire._busy(Answer("error", kind="busy", number=number))


def lost_twice() -> None:
    raise lost.twice(ConnectionError(CONNECTION), written=True)


def timed_out() -> None:
    raise lost.timed_out(300, written=True)


def site_stopped() -> None:
    def sites(answer: Answer) -> Sequence[Site]:
        return (Site("1", "Production", "started" if answer.payload == b"started" else "stopped", ()),)

    checks = unchanged.states(Answer("ok", b"started"), sites)
    apply.check_done(apply.sequence(planned(), checks), (Answer("error", b"stopped", kind="expect"),))


def record_changed() -> None:
    """A certificate is installed, then the record is another one."""
    selector, record = Selector.parse(SELECTOR), iis(NEW)
    there = Host({}, {SELECTOR: record}, can_update=True).execute(swap.read_record(selector))
    replacing = swap.replace(Netsh(True, frozenset()), selector, iis(OLD), record, "{}", as_read="0" * 64)
    stays = f"the certificate 'www.example.com' ({NEW}) stays in MY and its pending request is completed"
    installs = Change("", "", "", "", (Operation("run"),), permanent=stays)
    done = Answer("ok", undone=(Answer("ok"),))
    answers = (done, Answer("error", there.payload, kind="expect"), *[Answer("skipped")] * (len(replacing) - 1))
    apply.check_done(apply.sequence(planned(installs, Change("", "", "", "", replacing))), answers)


SAID: dict[str, tuple[str, Callable[[], None]]] = {
    "lost twice": ("apply", lost_twice),
    "busy": ("read", lambda: busy(0)),
    "busy with another account": ("read", lambda: busy(-2147024891)),
    "a site was stopped": ("apply", site_stopped),
    "another record": ("apply", record_changed),
    "slow": ("read", lambda: read._check_time(LATE, 300)),
    "the keyword timeout": ("apply", timed_out),
}


@pytest.mark.parametrize("name", SAID)
def test_it_is_what_is_said(name: str) -> None:
    stage, say = SAID[name]
    with pytest.raises(TlsOpsError) as caught:
        say()
    error = caught.value
    error.host, error.step, error.stage = "web01", "renewal", error.stage or stage
    assert str(error) == QUOTED[list(SAID).index(name)]


def test_nothing_else_is_quoted() -> None:
    assert len(QUOTED) == len(SAID)
