# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.repair import repair
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.endpoints import entry

from tests.unit.iis_host import Host, iis
from tests.unit.mint import mint

ANY = "ipport=0.0.0.0:443"
SITES = {"A": ("started", [("https", "*:443:", 0)])}
CERTIFICATE = mint("www.example.com").certificate
RECORD = iis(CERTIFICATE.thumbprint, flags=0x11, ctl_store="x")


def snapshot(host: Host, text: str, *personal: PersonalCertificate) -> Snapshot:
    return Snapshot(None, Journal({ANY: text}), web=host.web(), personal=personal or None)  # type: ignore[arg-type]


def apply(plan: Plan, host: Host) -> None:
    """The changes, and what closes them behind the proofs."""
    assert all(each.ok for each in host.batch([each for change in plan.changes for each in change.operations]))
    assert all(host.execute(each).ok for change in plan.changes for each in change.closing)


def saved() -> str:
    return entry(Host(SITES, {ANY: RECORD}).web().endpoints[0])


def test_a_missing_record_comes_back_as_it_was() -> None:
    host = Host(SITES, journal={ANY: saved()})
    plan = repair(snapshot(host, saved(), PersonalCertificate("My", CERTIFICATE, True)))
    apply(plan, host)
    assert (host.records, host.journal) == ({ANY: RECORD}, {})
    assert plan.snapshot.web
    (endpoint,) = plan.snapshot.web.endpoints
    assert (endpoint.thumbprint, endpoint.sites) == (CERTIFICATE.thumbprint, ("A",))
    assert plan.result == {"repaired": [ANY]}


def test_an_entry_that_is_not_needed_goes() -> None:
    host = Host(SITES, {ANY: iis("CC" * 20)}, journal={ANY: "whatever"})
    plan = repair(snapshot(host, "whatever"))
    apply(plan, host)
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
        assert rf"the value '{ANY}' under HKLM\SOFTWARE\tlsops.windows\Undo\SslBinding" in plan.warnings[0]
        assert "Before you delete it, look at 'netsh http show sslcert'" in plan.warnings[0]


def test_nothing_to_repair() -> None:
    before = snapshot(Host(SITES), saved())
    assert repair(dataclasses.replace(before, journal=Journal())).changes == ()
    assert repair(dataclasses.replace(before, web=None)).changes == ()


def test_what_was_put_back_stays_whatever_follows() -> None:
    (change,) = repair(snapshot(Host(SITES), saved())).changes
    assert [each.undo for each in change.operations] == [()] * len(change.operations)
    assert change.permanent == f"{ANY} was put back"


def test_a_dropped_entry_comes_back_where_the_proofs_fail() -> None:
    host = Host(SITES, {ANY: RECORD}, journal={ANY: saved()})
    plan = repair(snapshot(host, saved()))
    (change,) = plan.changes
    apply(plan, host)
    assert (change.operations, host.journal) == ((), {})
    host.undo(change.closing)
    assert host.journal == {ANY: saved()}


def test_a_record_that_no_site_wants_any_more_stays_away() -> None:
    elsewhere = {"A": ("started", [("https", "*:8443:", 0)])}
    host = Host(elsewhere, journal={ANY: saved()})
    plan = repair(snapshot(host, saved()))
    apply(plan, host)
    assert (host.records, host.journal) == ({}, {})
    assert "no site has a binding for it any more" in plan.warnings[0]


def test_the_ipv6_record_of_a_binding_to_every_address_is_wanted() -> None:
    six = "ipport=[::]:443"
    text = entry(Host(SITES, {six: RECORD}).web().endpoints[0])
    host = Host(SITES, {ANY: RECORD}, journal={six: text})
    before = dataclasses.replace(snapshot(host, text), journal=Journal({six: text}))
    plan = repair(before)
    apply(plan, host)
    assert (host.records, host.journal) == ({ANY: RECORD, six: RECORD}, {})
    assert plan.snapshot.web
    assert plan.snapshot.web.endpoints == host.web().endpoints


def test_another_spelling_is_the_same_record() -> None:
    old, new = "hostnameport=Shop.example.jp:443", "hostnameport=shop.example.jp:443"
    sites = {"A": ("started", [("https", "*:443:shop.example.jp", 1)])}
    text = entry(Host(sites, {old: RECORD}).web().endpoints[0])
    for records in ({new: RECORD}, {}):
        host = Host(sites, dict(records), journal={old: text})
        plan = repair(dataclasses.replace(snapshot(host, text), journal=Journal({old: text})))
        apply(plan, host)
        assert (host.records, host.journal) == ({new: RECORD}, {})
        assert plan.snapshot.web
        assert plan.snapshot.web.endpoints == host.web().endpoints


def test_values_that_a_record_lost_meanwhile_are_told() -> None:
    host = Host(SITES, {ANY: iis("CC" * 20, ctl_store="x", store="WebHosting")}, journal={ANY: saved()})
    (warning,) = repair(snapshot(host, saved())).warnings
    assert "flags: 17 (now 0)" in warning
    assert "store: MY (now WEBHOSTING)" in warning
    assert "ctl_store" not in warning
    assert (
        repair(snapshot(Host(SITES, {ANY: dataclasses.replace(RECORD, thumbprint="CC" * 20)}), saved())).warnings == ()
    )


def test_a_web_server_that_cannot_be_read_is_a_warning() -> None:
    plan = repair(snapshot(Host(SITES, config=b"<configuration>"), saved()))
    assert (plan.changes, "left alone" in plan.warnings[0]) == ((), True)
