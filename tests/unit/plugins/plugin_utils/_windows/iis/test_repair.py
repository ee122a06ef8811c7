# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.endpoints import entry
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.repair import repair

from tests.unit.iis_host import Host, iis
from tests.unit.mint import mint

ANY = "ipport=0.0.0.0:443"
SITES = {"A": ("started", [("https", "*:443:", 0)])}
CERTIFICATE = mint("www.example.com").certificate
RECORD = iis(CERTIFICATE.thumbprint, flags=0x11, ctl_store="x")


def snapshot(host: Host, text: str, *personal: PersonalCertificate) -> Snapshot:
    return Snapshot(None, Journal({ANY: text}), web=host.web(), personal=personal or None)  # type: ignore[arg-type]


def saved() -> str:
    return entry(Host(SITES, {ANY: RECORD}).web().endpoints[0])


def test_a_missing_record_comes_back_as_it_was() -> None:
    host = Host(SITES, journal={ANY: saved()})
    plan = repair(snapshot(host, saved(), PersonalCertificate("My", CERTIFICATE, True)))
    answers = host.batch([each for change in plan.changes for each in change.operations])
    assert all(each.ok for each in answers)
    assert (host.records, host.journal) == ({ANY: RECORD}, {})
    assert plan.snapshot.web
    (endpoint,) = plan.snapshot.web.endpoints
    assert (endpoint.thumbprint, endpoint.sites) == (CERTIFICATE.thumbprint, ("A",))
    assert plan.result == {"repaired": [ANY]}


def test_an_entry_that_is_not_needed_goes() -> None:
    host = Host(SITES, {ANY: iis("CC" * 20)}, journal={ANY: "whatever"})
    plan = repair(snapshot(host, "whatever"))
    host.batch([each for change in plan.changes for each in change.operations])
    assert (host.records, host.journal) == ({ANY: iis("CC" * 20)}, {})


def test_what_cannot_be_put_back_is_a_warning() -> None:
    host = Host(SITES)
    other = PersonalCertificate("MY", mint("other").certificate, True)
    for before, match in (
        (snapshot(host, "rubbish"), "not readable"),
        (snapshot(host, saved(), other), "no longer in the store MY"),
    ):
        plan = repair(before)
        assert plan.changes == ()
        assert match in plan.warnings[0]


def test_nothing_to_repair() -> None:
    before = snapshot(Host(SITES), saved())
    assert repair(dataclasses.replace(before, journal=Journal())).changes == ()
    assert repair(dataclasses.replace(before, web=None)).changes == ()
