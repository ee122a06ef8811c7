# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The far side of the wire: order, stop, skip, undo, expect, deadline, mutex."""

from __future__ import annotations

import hashlib
import socket
import threading

import pytest

from tests.fleet.world.host import Host
from tests.unit.fleet.world.asking import ask, make, request, unpack

KEY = r"HKLM\SOFTWARE\Test"


def write(name: str, **undo: object) -> tuple[object, ...]:
    operation = ("reg.write", "key", KEY, "name", name, "kind", "String", "data", "x")
    return (*operation, undo) if undo else operation


def delete(name: str) -> tuple[str, ...]:
    return ("reg.delete", "key", KEY, "name", name)


FAILING = ("file.read", "path", r"C:\nothing.txt")


def test_a_read_batch_answers_everything() -> None:
    said = ask(Host("web"), FAILING, ("host.info",))
    assert [each.status for each in said] == ["error", "ok"]
    assert (said[0].hresult, said[0].type) == (0x80070002, "System.IO.FileNotFoundException")


def test_a_write_batch_stops_skips_and_undoes_newest_first() -> None:
    host = Host("web")
    operations = (write("a", undo=[delete("a")]), write("b", undo=[delete("b")]), FAILING, write("c"))
    said = ask(host, *operations, mode="write")
    assert [each.status for each in said] == ["ok", "ok", "error", "skipped"]
    assert [each.undone for each in said] == [((0, "ok"),), ((0, "ok"),), (), ()]
    assert [entry["detail"] for entry in host.write_log if entry["action"] == "delete value"] == ["b", "a"]


def test_an_undo_list_ends_at_its_first_failure_and_the_next_list_runs_all_the_same() -> None:
    host = Host("web")
    said = ask(host, write("a", undo=[delete("a")]), write("b", undo=[FAILING, delete("b")]), FAILING, mode="write")
    assert said[1].undone == ((0, "error"),)
    assert host.registry.get(KEY, "a") is None
    assert host.registry.get(KEY, "b") is not None


def test_keep_going_lets_a_write_batch_go_on() -> None:
    host = Host("web")
    said = ask(host, write("a", undo=[delete("a")]), (*FAILING, "keep_going", "1"), write("b"), mode="write")
    assert [each.status for each in said] == ["ok", "error", "ok"]
    assert said[0].undone == ()


def test_an_unknown_operation_makes_the_whole_request_malformed() -> None:
    host = Host("web")
    assert unpack(host.execute(request("write", [write("a"), ("wmi.read",)])))[-1][1][:2] == (b"error", b"batch")
    assert host.write_log == []


def test_expect_compares_the_payload() -> None:
    host = Host("web")
    read = ("reg.read", "key", KEY)
    nothing = hashlib.sha256(b"").hexdigest()
    assert ask(host, (*read, "expect", nothing))[0].status == "ok"
    ask(host, write("a"), mode="write")
    assert ask(host, (*read, "expect", nothing))[0].kind == "expect"


def test_the_deadline_is_checked_before_each_operation() -> None:
    host = Host("web")
    said = ask(host, ("host.info",), deadline=-1)
    assert said[0].kind == "deadline"


def test_a_second_batch_waits_for_the_first_and_then_gives_up() -> None:
    host = Host("web")
    with host.mutex:
        keyword, fields = unpack(host.execute(request("read", [("host.info",)], wait=0.01)))[-1]
    assert (keyword, *fields[:2]) == ("batch", b"error", b"busy")


def test_a_mutex_of_another_account_is_waited_for_or_said_to_be_refused() -> None:
    host = make({"mutex_refused_seconds": 20})
    keyword, fields = unpack(host.execute(request("read", [("host.info",)], wait=10)))[-1]
    assert (keyword, *fields[:3]) == ("batch", b"error", b"busy", b"-2147024891")
    before = host.clock.monotonic()
    assert ask(host, ("host.info",), wait=30)[0].status == "ok"
    assert host.clock.monotonic() >= before + 20
    assert host.options.mutex_refused_seconds == 0


@pytest.mark.parametrize("lines", [[], ["nonsense"], ["batch !!"], ["do aG9zdC5pbmZv"]])
def test_without_a_nonce_there_is_no_answer(lines: list[str]) -> None:
    assert Host("web").execute(lines) == ""


@pytest.mark.parametrize(
    "rest", [[], ["do aG9zdC5pbmZv YQ==", "end"], ["what", "end"], ["do %%%", "end"], ["undo aG9zdC5pbmZv", "end"]]
)
def test_a_malformed_request_is_answered_as_such(rest: list[str]) -> None:
    header = request("read", [])[0]
    assert unpack(Host("web").execute([header, *rest]))[-1][1][:2] == (b"error", b"batch")


def test_registry_payloads_are_sorted_and_keep_their_kinds() -> None:
    host = Host("web")
    ask(
        host,
        ("reg.write", "key", KEY + r"\b", "name", "N", "kind", "DWord", "data", b"\1\0\0\0"),
        ("reg.write", "key", KEY + r"\a", "name", "", "kind", "MultiString", "data", "x\0y"),
        mode="write",
    )
    assert ask(host, ("reg.read", "key", KEY.upper()))[0].rows == [
        ("key", b""),
        ("key", b"a"),
        ("value", b"a", b"", b"MultiString", b"x\0y"),
        ("key", b"b"),
        ("value", b"b", b"N", b"DWord", b"\1\0\0\0"),
    ]
    assert ask(host, ("reg.read", "key", KEY, "depth", "0"))[0].rows == [("key", b"")]


def test_a_match_keeps_subkeys_by_value_or_name_and_hides_their_names() -> None:
    host = Host("web")
    row = (
        "reg.write",
        "key",
        KEY + r"\opaque",
        "name",
        "HostnamePort",
        "kind",
        "String",
        "data",
        "www.example.com:443",
    )
    ask(host, row, mode="write")
    match = ("reg.read", "key", KEY, "value", "HostnamePort", "match_name", "HostnamePort", "match_data")
    expected = [("key", b""), ("value", b"", b"HostnamePort", b"String", b"www.example.com:443")]
    assert ask(host, (*match, "WWW.example.com:443"))[0].rows == expected
    assert ask(host, (*match, "OPAQUE"))[0].rows == expected
    assert ask(host, (*match, "other:443"))[0].payload == b""


def test_http_parameters_cannot_be_written_and_a_filtered_token_writes_nothing() -> None:
    host, filtered = Host("web"), make({"elevated": False})
    key = r"HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters\SslBindingInfo\0.0.0.0:444"
    forbidden = ("reg.write", "key", key, "name", "x", "kind", "String", "data", "y")
    assert ask(host, forbidden, mode="write")[0].hresult == 0x80070005
    before = filtered.digest()
    for operation in (
        write("a"),
        ("file.write", "path", r"C:\Windows\Temp\x", "data", "x"),
        ("service", "name", "W3SVC", "action", "stop"),
    ):
        assert ask(filtered, operation, mode="write")[0].status == "error"
    assert filtered.digest() == before


def test_files_are_new_and_gone_without_complaint() -> None:
    host, path = Host("web"), r"%SystemRoot%\Temp\x.cer"
    write_it, delete_it = ("file.write", "path", path, "data", b"1"), ("file.delete", "path", path)
    said = ask(host, write_it, ("file.read", "path", path.upper()), write_it)
    assert [each.status for each in said] == ["ok", "ok", "error"]
    assert (said[1].payload, said[2].hresult) == (b"1", 0x80070050)
    assert [each.status for each in ask(host, delete_it, delete_it)] == ["ok", "ok"]
    assert ask(host, ("file.read", "path", r"C:\no\such"))[0].hresult == 0x80070003


def test_reads_leave_log_and_digest_alone() -> None:
    host = make()
    before = host.digest()
    ask(
        host,
        ("host.info",),
        ("reg.read", "key", r"HKLM\SOFTWARE"),
        ("store.read", "store", "MY", "store", "Root"),
        ("service", "name", "W3SVC", "action", "query"),
        (
            "run",
            "program",
            "%windir%\\system32\\netsh.exe",
            "argument",
            "http",
            "argument",
            "show",
            "argument",
            "sslcert",
        ),
    )
    assert (host.write_log, host.digest()) == ([], before)


def test_services() -> None:
    host = make()
    assert ask(host, ("service", "name", "w3svc", "action", "query"))[0].rows == [("status", b"4"), ("start", b"2")]
    ask(host, ("service", "name", "WAS", "action", "stop"), mode="write")
    assert (host.listening(), host.sites) == (set(), {"Production": "Unknown"})
    ask(host, ("service", "name", "W3SVC", "action", "start"), mode="write")
    assert host.services.running("WAS")
    assert host.sites == {"Production": "Started"}
    assert ask(host, ("service", "name", "Nothing", "action", "query"))[0].status == "error"
    disabled = make(services={"W3SVC": {"running": False, "start": 4}})
    assert ask(disabled, ("service", "name", "W3SVC", "action", "start"))[0].number == 1058


def test_a_missing_program_is_win32_2() -> None:
    said = ask(Host("web"), ("run", "program", r"C:\nothing.exe"))[0]
    assert (said.kind, said.number) == ("win32", 2)


def test_a_flight_through_a_real_socket() -> None:
    host = make()
    here, there = socket.socketpair()
    host.connect = lambda _address, _port: here
    answering = threading.Thread(target=lambda: there.sendall(there.recv(10) + b" back"))
    answering.start()
    said = ask(host, ("tcp.exchange", "address", "127.0.0.1", "port", "443", "data", "hello", "ends_with", "back"))
    answering.join()
    there.close()
    assert said[0].payload == b"hello back"
    closed = ("tcp.exchange", "address", "127.0.0.1", "port", "444", "data", "x")
    assert (ask(host, closed)[0].kind, ask(host, closed)[0].number) == ("win32", 10061)
