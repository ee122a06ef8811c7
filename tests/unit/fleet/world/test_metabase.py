# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metabase: inheritance, the copy on the disk, and what ADSI makes of it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.world import metabase_file
from tests.fleet.world.adsi import form_of, variant
from tests.fleet.world.errors import (
    ACCESS_DENIED,
    CO_E_SERVER_EXEC_FAILURE,
    DISP_E_UNKNOWNNAME,
    INVALID_DATA,
    MK_E_SYNTAX,
    PATH_BUSY,
    PATH_NOT_FOUND,
    SERVICE_DISABLED,
    WindowsError,
    signed,
)
from tests.unit.fleet.world import asking
from tests.unit.fleet.world.asking import ask
from tests.unit.fleet.world.old_host import (
    AT_443,
    FIRST,
    SITES,
    digest,
    invoke,
    make,
    read,
    scenario,
    swap,
    values,
    write,
)

HASH = "SSLCertHash"
SAVE = ("", "SaveData")
INHERITED = [{"name": "Production", "bindings": [{**AT_443, "inherited": True}]}, {"name": "Other", "state": "stopped"}]


def on_disk(host: Any, path: str = "/LM/W3SVC/1") -> dict[str, str]:
    nodes = ET.fromstring(ask(host, ("file.read", "path", host.metabase.path))[0].payload).iter()
    return next(dict(node.attrib) for node in nodes if node.get("Location") == path)


def test_nodes_and_values_in_order_with_their_kinds() -> None:
    world = scenario()
    host = world.hosts["web"]
    names = ("ServerComment", "SecureBindings", "ServerBindings", "ServerState", "ServerAutoStart", HASH, "NoSuch")
    rows = read(host, "W3SVC", *names, children="IIsWebServer").rows
    assert [row[1] for row in rows if row[0] == "node"] == [b"W3SVC", b"W3SVC/1", b"W3SVC/2"]
    assert values(host, "w3svc/1", *names) == {
        "ServerComment": ("text", b"Production", False),
        "SecureBindings": ("texts", b":443:", False),
        "ServerBindings": ("texts", b":80:", False),
        "ServerState": ("number", b"2", False),
        "ServerAutoStart": ("flag", b"1", False),
        HASH: ("binary", digest(world, "old"), False),
    }
    assert values(host, "W3SVC/2", "ServerState", HASH, "ServerBindings") == {"ServerState": ("number", b"4", False)}


def test_a_missing_node_and_the_hosts_language() -> None:
    said = read(make(language="ja-JP"), "W3SVC/7", "ServerComment")
    assert (said.status, said.hresult) == ("error", PATH_NOT_FOUND)
    assert said.text == "指定されたパスが見つかりません。"
    assert read(make(), "SMTPSVC").hresult == PATH_NOT_FOUND


def test_what_the_schema_lets_inherit_comes_from_above_until_it_is_set() -> None:
    world = scenario(sites=INHERITED)
    host, new = world.hosts["web"], digest(world, "new")
    assert values(host, "W3SVC/1", HASH) == {HASH: ("binary", digest(world, "old"), True)}
    assert host.sslcert(FIRST) == {"certificate": digest(world, "old").hex().upper(), "store": "MY", "set_at": "W3SVC"}
    assert swap(host, new).status == "ok"
    assert values(host, "W3SVC/1", HASH) == {HASH: ("binary", new, False)}
    assert values(host, "W3SVC/2", HASH) == {HASH: ("binary", digest(world, "old"), True)}
    assert write(host, "W3SVC/1", (HASH, "clear", b""), ("SSLStoreName", "clear", b"")).status == "ok"
    assert values(host, "W3SVC/1", HASH) == {HASH: ("binary", digest(world, "old"), True)}


def test_bindings_are_not_inherited_unless_the_host_is_set_so() -> None:
    for inheriting, expected in ((["SecureBindings"], {"SecureBindings": ("texts", b":444:", True)}), ([], {})):
        host = make({"metabase_inherits": inheriting}, sites=[{"name": "Plain"}])
        host.metabase.node("W3SVC").values["SecureBindings"] = (":444:",)
        assert values(host, "W3SVC/1", "SecureBindings") == expected


def test_clearing_what_is_not_set_is_nothing_or_an_error() -> None:
    make().web.adsi("W3SVC/2").clear(HASH)
    strict = make({"adsi_clear_unset": 0x800CC801})
    with pytest.raises(WindowsError, match="0x800cc801"):
        strict.web.adsi("W3SVC/2").clear(HASH)
    assert write(strict, "W3SVC/2", (HASH, "clear", b"")).status == "ok"  # the script looks first


@pytest.mark.parametrize("form", ["units", "bytes", "elements", "hex"])
def test_a_binary_value_is_taken_in_one_form_only(form: str) -> None:
    world = scenario({"adsi_binary_form": form})
    host, new = world.hosts["web"], digest(world, "new")
    others = tuple(each for each in ("units", "bytes", "elements", "hex") if each != form)
    assert swap(host, new, forms=others).hresult == INVALID_DATA
    assert values(host, "W3SVC/1", HASH)[HASH][1] == digest(world, "old")
    assert swap(host, new, forms=(*others, form)).status == "ok"
    assert values(host, "W3SVC/1", HASH)[HASH][1] == new


def test_another_form_can_also_be_stored_as_other_bytes() -> None:
    world = scenario({"adsi_binary_form": "hex", "adsi_other_forms": "wrong"})
    host, new = world.hosts["web"], digest(world, "new")
    assert swap(host, new, forms=("units", "elements")).hresult == INVALID_DATA
    assert values(host, "W3SVC/1", HASH)[HASH][1] == digest(world, "old")[:1]  # put back, as an array of bytes
    assert swap(host, new, forms=("units", "hex")).status == "ok"


def test_what_was_put_is_lost_without_set_info() -> None:
    world = scenario()
    host = world.hosts["web"]
    opened = host.web.adsi("W3SVC/1")
    opened.put("ServerComment", "Changed")
    assert opened.get("ServerComment") == "Changed"
    assert host.web.adsi("W3SVC/1").get("ServerComment") == "Production"
    assert host.write_log == []
    opened.set_info()
    assert host.web.adsi("W3SVC/1").get("ServerComment") == "Changed"


@pytest.mark.parametrize(
    "change", [("SecureBindings", "text", b":443:"), ("ServerState", "number", b"2"), ("ServerAutoStart", "text", b"1")]
)
def test_a_value_of_another_type_and_a_state_are_refused_and_nothing_is_written(change: tuple[str, str, bytes]) -> None:
    host = make()
    before = host.digest()
    said = write(host, "W3SVC/1", ("ServerComment", "text", b"Changed"), change)
    assert said.status == "error"
    assert (host.digest(), host.write_log) == (before, [])


def test_the_disk_has_a_change_when_it_is_saved_or_a_minute_later() -> None:
    world = scenario()
    host, old, new = world.hosts["web"], digest(world, "old"), digest(world, "new")
    assert on_disk(host)[HASH] == old.hex()
    assert swap(host, new).status == "ok"
    assert on_disk(host)[HASH] == old.hex()
    assert invoke(host, *SAVE).status == "ok"
    assert on_disk(host)[HASH] == new.hex()
    assert swap(host, old).status == "ok"
    host.clock.advance(61)
    read(host, "W3SVC")
    assert on_disk(host)[HASH] == old.hex()


def test_the_form_of_the_file() -> None:
    host = make(sites=[{"name": 'A "B" & <C>', "bindings": [AT_443, {"information": "10.0.0.1:444:a.example"}]}])
    assert invoke(host, *SAVE).status == "ok"
    node = on_disk(host)
    assert node["SecureBindings"].split() == [":443:", "10.0.0.1:444:a.example"]
    assert (node["ServerComment"], node["ServerAutoStart"]) == ('A "B" & <C>', "TRUE")
    assert "ServerState" not in node


def test_a_crash_loses_what_was_not_saved_and_an_orderly_stop_does_not() -> None:
    for how, survives in (("crash", False), ("restart", True)):
        world = scenario()
        host = world.hosts["web"]
        swap(host, digest(world, "new"))
        getattr(host, how)()
        assert values(host, "W3SVC/1", HASH)[HASH][1] == digest(world, "new" if survives else "old")
        assert host.sites == {"Production": "Started", "Renewal": "Stopped"}


def test_the_service_writes_the_file_when_it_stops_and_reads_it_when_it_starts() -> None:
    world = scenario()
    host, new = world.hosts["web"], digest(world, "new")
    swap(host, new)
    host.services.stop("IISADMIN")
    assert on_disk(host)[HASH] == new.hex()
    edited = host.files.read(host.metabase.path).replace(b":443:", b":8443:")
    host.files.put(host.metabase.path, edited)
    host.services.start("W3SVC")
    assert host.listening() == {("0.0.0.0", 8443)}
    assert host.sites == {"Production": "Started", "Renewal": "Stopped"}


def test_saving_can_find_the_metabase_busy() -> None:
    host = make({"metabase_busy": 2})
    assert invoke(host, *SAVE).hresult == PATH_BUSY
    assert invoke(host, *SAVE, "retry", str(signed(PATH_BUSY)), "retry_seconds", "5").status == "ok"
    assert [entry["kind"] for entry in host.write_log] == ["file"]


@pytest.mark.parametrize(("path", "method"), [("W3SVC/1", "SaveData"), ("", "Start"), ("W3SVC", "Stop"), ("", "Fly")])
def test_a_method_that_the_class_has_not(path: str, method: str) -> None:
    assert invoke(make(), path, method).hresult == DISP_E_UNKNOWNNAME


def test_who_may_not_and_services_that_do_not_run() -> None:
    assert read(make({"elevated": False}), "W3SVC").hresult == ACCESS_DENIED
    stopped = {"IISADMIN": {"running": False, "start": 3}}
    host = make(services=stopped)
    assert read(host, "W3SVC").status == "ok"
    assert [(entry["where"], entry["by"]) for entry in host.write_log] == [("IISADMIN", "COM")]
    assert read(make({"com_starts_iisadmin": False}, services=stopped), "W3SVC").hresult == CO_E_SERVER_EXEC_FAILURE
    assert read(make(services={"IISADMIN": {"running": False, "start": 4}}), "W3SVC").hresult == SERVICE_DISABLED


def test_virtual_servers_of_other_services() -> None:
    world = scenario(consumers={"smtp": "old", "nntp": "new"})
    host = world.hosts["web"]
    rows = read(host, "SMTPSVC", HASH, children="IIsSmtpServer").rows
    assert [row[1] for row in rows] == [b"SMTPSVC", b"SMTPSVC/1", b"SMTPSVC/1"]
    assert values(host, "NNTPSVC/1", HASH)[HASH][1] == digest(world, "new")


def test_there_is_no_provider_on_newer_windows_unless_compatibility_is_installed() -> None:
    assert read(asking.make(), "W3SVC").hresult == MK_E_SYNTAX
    assert read(asking.make({"iis6_compatibility": True}), "W3SVC").hresult == PATH_NOT_FOUND


@pytest.mark.parametrize(("product", "status"), [("2003", "ok"), ("2008r2", "error"), ("2022", "error")])
def test_an_operation_can_be_left_undone_from_a_version_on(product: str, status: str) -> None:
    world = scenario(product=product, sites=SITES if product == "2003" else [])
    said = ask(world.hosts["web"], ("adsi.read", "path", "W3SVC", "before_os", "6"))[0]
    assert (said.status, said.kind) == (status, "" if status == "ok" else "os")
    assert said.number == {"2003": 0, "2008r2": 6, "2022": 10}[product]


XML = st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Co"]), min_size=1)


@given(
    comment=XML, bindings=st.lists(st.from_regex(r"[0-9.]{0,15}:[0-9]{1,5}:[a-z.]{0,20}", fullmatch=True), min_size=1)
)
def test_the_file_gives_back_what_was_written(comment: str, bindings: list[str]) -> None:
    values = {"ServerComment": comment, "SecureBindings": tuple(bindings), "SSLCertHash": b"\xd0\x23"}
    ((path, kind, texts),) = metabase_file.decode(metabase_file.encode([("W3SVC/1", "IIsWebServer", values)]))
    assert (path, kind, texts["ServerComment"]) == ("W3SVC/1", "IIsWebServer", comment)
    assert (texts["SecureBindings"].split(), texts["SSLCertHash"]) == (bindings, "d023")


@given(data=st.binary(min_size=20, max_size=20), form=st.sampled_from(["units", "bytes", "elements", "hex"]))
def test_each_form_stands_for_the_same_bytes(data: bytes, form: str) -> None:
    assert form_of(variant(form, data)) == (form, data)


def test_the_units_of_the_sdks_example() -> None:
    assert variant("units", bytes.fromhex("d023f988")) == "\u23d0\u88f9"  # ms524780
