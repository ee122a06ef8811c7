# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shipped script as it is, on a Windows with real stores, keys, registry, http.sys, certreq and IIS.

Only where ``TLSOPS_ON_WINDOWS=1`` says that this machine may be changed (``.github/workflows/windows.yml``). Each test
takes away what it has made.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import lines, program, registry
from ansible_collections.tlsops.windows.plugins.plugin_utils._tls.look import Look
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows import certreq, host, netsh
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.dialect import dialect_of
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import Record, Selector
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import read as iis_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.site_states import APPCMD
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.swap import read_record
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.journal import REQUESTS
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.request_inf import NewRequest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.subject import Subject

from . import machine
from .batch_cases import batch_cases
from .case import HOSTILE, Case
from .certificate_cases import NOBODY, PASSWORD, opens_as, proves
from .chain_cases import ROOT, SIGNATURE, issued
from .hostile_cases import registry_values, undo_cases
from .machine import STORE, Authority, Machine
from .registry_cases import registry_cases
from .sides import run
from .test_operations import compare
from .world import Held, minted, pfx

pytestmark = pytest.mark.skipif(bool(machine.refusal()), reason=f"not on this machine: {machine.refusal()}")

NETWORK_SERVICE = "S-1-5-20"
APP_ID = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
NOT_EXPORTABLE = (0x8009000B - (1 << 32), 0x80090029 - (1 << 32))  # a CSP's answer, and a KSP's
CASES = [*registry_cases(), *registry_values(), *undo_cases(), *batch_cases()]
HAS_IIS = Path(os.environ.get("SYSTEMROOT", ""), "System32", "inetsrv", "appcmd.exe").exists()
needs_iis = pytest.mark.skipif(not HAS_IIS, reason="IIS is not installed here")


@pytest.fixture
def side(tmp_path: Path) -> Iterator[Machine]:
    made = Machine(tmp_path)
    made.tidy()
    yield made
    made.tidy()


def held(store: str, kind: str, name: str = "contract.example.com") -> Held:
    return Held(store, *minted(f"{kind} {name}", kind))


def imported(each: Held, *, exportable: bool = True, name: str = "") -> Operation:
    return do.store_import_pfx(
        each.store, each.thumbprint, pfx(each, PASSWORD), PASSWORD, exportable=exportable, friendly_name=name
    )


def removed(each: Held) -> Operation:
    return do.store_remove(each.store, each.thumbprint, with_key=True)


def rows(answer: Answer, keyword: str) -> list[list[bytes]]:
    return [list(fields) for name, fields in lines(answer.payload) if name == keyword]


def well(answers: Sequence[Answer]) -> Sequence[Answer]:
    for answer in answers:
        assert answer.ok, answer.describe()
    return answers


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_registry_and_batches(case: Case, side: Machine) -> None:
    side.furnish(case.world.registry, case.world.files)
    operations = case.operations(side)
    compare(side, operations, run(side, operations, mode=case.mode, deadline=case.deadline), case.expected)
    if case.then is not None:
        operations = case.then(side)
        compare(side, operations, run(side, operations), case.then_expected)


def test_the_host_is_described(side: Machine) -> None:
    found = host.parse(well(run(side, host.operations())))
    assert found.os_version.startswith(("6.", "10."))
    assert {keyword for keyword, _fields in lines(run(side, [do.host_info()])[0].payload)} >= {"writable", "elevated"}
    host.require_rights(found)


def test_accounts_and_services(side: Machine) -> None:
    accounts, service, none = run(
        side, [do.account_sid(r"NT AUTHORITY\NETWORK SERVICE", r"no\body"), do.service("EventLog", "query"), NO_SERVICE]
    )
    assert [fields[1] for fields in rows(accounts, "account")] == [NETWORK_SERVICE.encode(), b""]
    assert rows(service, "status") == [[b"4"]]
    assert none.status == "error"


NO_SERVICE = do.service("tlsops-no-such-service", "query")


@pytest.mark.parametrize("exportable", [True, False], ids=["exportable", "stays"])
@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_key_comes_is_used_and_goes(kind: str, exportable: bool, side: Machine) -> None:
    before = machine.key_files()
    each = held(STORE, kind)
    asked = [
        imported(each, exportable=exportable, name=HOSTILE[5]),
        do.key_prove(STORE, each.thumbprint, b"challenge"),
        do.key_acl(STORE, each.thumbprint, grant=[NETWORK_SERVICE]),
        do.store_read(STORE),
        do.store_export_pfx(STORE, each.thumbprint, PASSWORD),
        do.store_copy(STORE, "CA", each.thumbprint),
        do.store_remove("CA", each.thumbprint),
        removed(each),
        do.store_read(STORE),
    ]
    *answers, export, copied, uncopied, gone, after = run(side, asked)
    well([*answers, copied, uncopied, gone, after])
    assert each.key is not None
    assert proves(each.key, b"challenge")(answers[1])
    (certificate,) = rows(answers[3], "certificate")
    _store, der, keyed, name, archived, provider, container, _spec, leaves, access = certificate
    assert (der, keyed, name.decode(), archived) == (each.der, b"1", HOSTILE[5], b"0")
    assert provider
    assert container
    assert leaves == (b"1" if exportable else b"0")
    assert b";NS)" in access
    assert rows(answers[2], "sddl") == [[access]]
    if exportable:
        assert opens_as(each)(export)
    else:
        assert export.number in NOT_EXPORTABLE
    assert rows(after, "certificate") == []
    assert machine.key_files() - before == set()


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_a_list_of_access_is_replaced_and_put_back(kind: str, side: Machine) -> None:
    each = held(STORE, kind)
    well(run(side, [imported(each)], mode="write"))
    try:
        (first,) = well(run(side, [do.key_acl(STORE, each.thumbprint)]))
        ((sddl,),) = rows(first, "sddl")
        acl = [
            do.key_acl(STORE, each.thumbprint, grant=[NETWORK_SERVICE]),
            do.key_acl(STORE, each.thumbprint, sddl=sddl.decode()),
        ]
        granted, back = well(run(side, acl, mode="write"))
        assert rows(granted, "sddl") != [[sddl]]
        assert rows(back, "sddl") == [[sddl]]
        nonsense = run(side, [do.key_acl(STORE, each.thumbprint, sddl="nonsense")])
        assert nonsense[0].status == "error"
    finally:
        well(run(side, [removed(each)]))


@pytest.mark.parametrize("kind", ["ec", "rsa"])
def test_an_import_that_cannot_stay_leaves_no_key(kind: str, side: Machine) -> None:
    before = machine.key_files()
    each = held(STORE, kind, "another.example.com")
    wrong = do.store_import_pfx(STORE, NOBODY, pfx(each, PASSWORD), PASSWORD, exportable=True)
    password = do.store_import_pfx(STORE, each.thumbprint, pfx(each, "other"), PASSWORD, exportable=True)
    answers = run(side, [wrong, password])
    assert [answer.number for answer in answers] == [0x80092004 - (1 << 32), 0x80070056 - (1 << 32)]
    assert machine.key_files() - before == set()


def test_what_windows_says_of_a_chain(side: Machine) -> None:
    chain = issued()
    tampered, unknown, junk = run(side, [*map(do.chain_status, (chain.tampered, chain.root, b"junk"))])
    assert int(rows(unknown, "status")[0][0]) & ROOT
    assert tampered.ok
    assert not int(rows(unknown, "status")[0][0]) & SIGNATURE
    assert junk.status == "error"


def http_sys(side: Machine) -> netsh.Netsh:
    return netsh.Netsh.probed(run(side, netsh.probes()))


def record(side: Machine, selector: Selector) -> Record | None:
    (answer,) = well(run(side, [read_record(selector)]))
    found = registry(answer.payload)
    return Record.from_registry(found[""]) if found else None


def test_an_http_sys_record_is_made_changed_and_deleted(side: Machine) -> None:
    one, other = held("MY", "rsa", "one.example.com"), held("MY", "rsa", "other.example.com")
    selector = Selector.parse(f"ipport=0.0.0.0:{machine.free_port()}")
    tool = http_sys(side)
    well(run(side, [imported(one), imported(other)], mode="write"))
    try:
        made = Record(thumbprint=one.thumbprint, app_id=APP_ID, flags=2, check_mode=1)
        well(run(side, [tool.add(selector, made)], mode="write"))
        found = record(side, selector)
        assert found is not None
        assert (found.thumbprint, found.app_id, found.store.upper()) == (one.thumbprint, APP_ID, "MY")
        assert (found.flags, found.check_mode, found.unknown) == (2, 1, ())
        assert run(side, [tool.add(selector, made)])[0].kind == "exit", "there is one already"
        if tool.can_update:
            changed = Record.from_settings(other.thumbprint, "MY", found.settings())
            well(run(side, [tool.update(selector, changed)], mode="write"))
            assert record(side, selector) == changed
    finally:
        run(side, [tool.delete(selector), removed(one), removed(other)])
    assert record(side, selector) is None


def test_a_record_of_a_certificate_without_key_is_refused(side: Machine) -> None:
    selector = Selector.parse(f"ipport=0.0.0.0:{machine.free_port()}")
    bare = held("MY", "rsa", "bare.example.com")
    try:
        well(run(side, [do.store_add("MY", bare.der)], mode="write"))
        (refused,) = run(side, [http_sys(side).add(selector, Record(thumbprint=bare.thumbprint, app_id=APP_ID))])
        assert "1312" in refused.text
    finally:
        run(side, [do.store_remove("MY", bare.thumbprint)])
    assert record(side, selector) is None


@needs_iis
def test_a_site_of_iis_serves_its_certificate(side: Machine) -> None:
    each, port = held("MY", "rsa", "site.example.com"), machine.free_port()
    name, selector = "tlsops 日本語 contract", Selector.parse(f"ipport=0.0.0.0:{port}")
    tool, look = http_sys(side), Look("127.0.0.1", port, "site.example.com")
    added = do.run(
        *(APPCMD, "add", "site", f"/name:{name}", f"/bindings:https/*:{port}:"),
        r"/physicalPath:%SystemDrive%\inetpub\wwwroot",
    )
    bound = tool.add(selector, Record(thumbprint=each.thumbprint, app_id=APP_ID))
    try:
        well(run(side, [imported(each), added, bound], mode="write"))
        run(side, [do.run(APPCMD, "start", "site", name)])
        served = look.served(run(side, look.operations))
        assert served.problem == ""
        assert served.certificates[0].der == each.der
        web = iis_read.parse(run(side, iis_read.operations()), host.parse(run(side, host.operations())))
        (site,) = (site for site in web.sites if site.name == name)
        assert site.state == "started"
        assert [endpoint.thumbprint for endpoint in web.endpoints if endpoint.selector == str(selector)] == [
            each.thumbprint
        ]
    finally:
        run(side, [do.run(APPCMD, "delete", "site", name), tool.delete(selector), removed(each)])


@needs_iis
def test_a_service_stops_and_starts(side: Machine) -> None:
    stopped, started = well(run(side, [do.service("W3SVC", "stop", 60), do.service("W3SVC", "start", 60)]))
    assert (rows(stopped, "status"), rows(started, "status")) == ([[b"1"]], [[b"4"]])


@pytest.mark.parametrize("key", ["rsa-2048", "ecdsa-p256"])
def test_a_request_is_made_signed_and_accepted(key: str, side: Machine) -> None:
    """The CA is trusted meanwhile: certreq takes nothing else."""
    before, authority = machine.key_files(), Authority(f"tlsops contract {key}")
    root = hashlib.sha1(authority.der, usedforsecurity=False).hexdigest().upper()
    described = host.parse(run(side, host.operations()))
    dialect, system_root = dialect_of(described), os.environ["SYSTEMROOT"]
    wanted = NewRequest(Subject.parse("CN=req.example.com"), ("req.example.com",), (), key, exportable=True)
    making, keeping = certreq.new(wanted, dialect, system_root=system_root, nonce="c0" * 8)
    leaf = b""
    try:
        well(run(side, [*making, *keeping], mode="write", deadline=300))
        (kept,) = run(side, [do.reg_read(REQUESTS, value="c0" * 8)])
        leaf = authority.sign(registry(kept.payload)[""]["c0" * 8].data)
        accepting = certreq.accept(Certificate(leaf), dialect, system_root=system_root, nonce="c1" * 8)
        (first,) = (each for each in run(side, accepting, mode="write") if not each.ok and each.status == "error")
        assert certreq.explain(first.number), "not trusted yet"
        well(run(side, [do.store_add("ROOT", authority.der), *accepting], mode="write"))
        thumbprint = hashlib.sha1(leaf, usedforsecurity=False).hexdigest().upper()
        (proven,) = well(run(side, [do.key_prove("MY", thumbprint, b"x")]))
        assert rows(proven, "signature")
    finally:
        thumbprint = hashlib.sha1(leaf, usedforsecurity=False).hexdigest().upper()
        tidy = [do.store_remove("MY", thumbprint, with_key=True), do.store_remove("ROOT", root)]
        run(side, [*tidy, do.reg_delete(REQUESTS, "c0" * 8)])
    assert machine.key_files() - before == set()


def test_a_program_says_what_it_says(side: Machine) -> None:
    (answer,) = well(run(side, [do.run(r"%SystemRoot%\System32\cmd.exe", "/d", "/c", "ver")]))
    assert b"Windows" in program(answer.payload).stdout
