# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service as the real client sees it: pywinrm over Basic and over NTLM with message encryption."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from winrm.exceptions import InvalidCredentialsError, WinRMTransportError, WSManFaultError

from tests.fleet.auth import Account
from tests.fleet.faults import Rule
from tests.fleet.fleet import Fleet
from tests.fleet.wsman import MAX_SHELLS
from tests.unit.fleet.fakes import FakeHost, client, command_line, run, scenario, settings, stdin


@pytest.fixture
def host() -> FakeHost:
    return FakeHost("web01")


@pytest.fixture
def fleet(host: FakeHost, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet.start(scenario(host, FakeHost("web02")), tmp_path, settings=settings()) as running:
        yield running


def slow(seconds: float) -> Callable[[list[str]], str]:
    def run_slowly(_lines: list[str]) -> str:
        time.sleep(seconds)
        return "done"

    return run_slowly


@pytest.mark.parametrize(("transport", "requests"), [("basic", 6), ("ntlm", 9)])
def test_one_task_is_counted_exactly(fleet: Fleet, transport: str, requests: int) -> None:
    assert run(client(fleet, "web01", transport), stdin("batch 1", "end")) == (b"batch 1\r\nend", b"", 0)
    traffic = fleet.traffic("web01")
    assert (traffic.requests, traffic.commands, traffic.shells) == (requests, 1, 1)
    assert traffic.received_bytes > traffic.requests * 100
    assert traffic.sent_bytes > traffic.requests * 100
    assert fleet.traffic("web02").requests == 0
    assert fleet.open_shells("web01") == 0
    fleet.reset_traffic()
    assert fleet.traffic("web01").requests == 0


@pytest.mark.parametrize(("transport", "requests"), [("basic", 10), ("ntlm", 13)])
def test_a_second_round_in_the_same_shell_is_four_requests_more(fleet: Fleet, transport: str, requests: int) -> None:
    protocol = client(fleet, "web01", transport)
    shell = protocol.open_shell()
    for text in ("first", "second"):
        command = protocol.run_command(shell, command_line(), console_mode_stdin=False)
        protocol.send_command_input(shell, command, stdin(text), end=True)
        assert protocol.get_command_output(shell, command) == (text.encode(), b"", 0)
        protocol.cleanup_command(shell, command)
    protocol.close_shell(shell)
    assert fleet.traffic("web01").requests == requests
    assert fleet.traffic("web01").commands == 2


def test_messages_are_encrypted_under_ntlm(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    original = socket.socket.sendall

    def sendall(self: socket.socket, data: bytes) -> None:
        sent.append(data)
        original(self, data)

    monkeypatch.setattr(socket.socket, "sendall", sendall)
    run(client(fleet, "web01"), stdin("word" * 1000))
    assert b"Encrypted Boundary" in b"".join(sent)
    assert b"Envelope" not in b"".join(sent)


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_a_wrong_password_is_401(fleet: Fleet, transport: str) -> None:
    with pytest.raises(InvalidCredentialsError):
        client(fleet, "web01", transport, password="wrong").open_shell()


def test_a_body_under_another_connections_key_is_400(fleet: Fleet) -> None:
    protocol = client(fleet, "web01")
    protocol.open_shell()
    assert protocol.transport.session is not None
    protocol.transport.session.close()  # the next message authenticates a new connection, under the old key
    with pytest.raises(WinRMTransportError) as caught:
        protocol.open_shell()
    assert caught.value.code == 400


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
@pytest.mark.parametrize("separate_done", [False, True])
def test_much_goes_in_and_comes_out_in_pieces(fleet: Fleet, transport: str, separate_done: bool) -> None:
    fleet.settings.separate_done = separate_done
    line = "0123456789" * 30_000
    assert run(client(fleet, "web01", transport), stdin(line)) == (line.encode(), b"", 0)
    # 2 Sends; at most 113,280 bytes of output in an envelope of 153,600: 3 Receives.
    assert fleet.traffic("web01").requests == {"basic": 0, "ntlm": 3}[transport] + 9 + separate_done


def test_no_reply_is_larger_than_the_client_allows(fleet: Fleet) -> None:
    protocol = client(fleet, "web01")
    sizes: list[int] = []
    original = protocol.transport.send_message

    def send(message: str | bytes) -> bytes:
        before = fleet.traffic("web01").sent_bytes
        reply = original(message)
        sizes.append(fleet.traffic("web01").sent_bytes - before)
        return reply

    protocol.transport.send_message = send  # type: ignore[method-assign]
    run(protocol, stdin("x" * 400_000))
    assert 150_000 < max(sizes) <= 153_600


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_receive_waits_and_then_says_that_it_timed_out(fleet: Fleet, host: FakeHost, transport: str) -> None:
    host.run = slow(1.5)
    assert run(client(fleet, "web01", transport, timeout=1), stdin("x")) == (b"done", b"", 0)
    assert fleet.traffic("web01").requests == {"basic": 7, "ntlm": 10}[transport]


def test_an_exception_ends_the_command(fleet: Fleet, host: FakeHost) -> None:
    host.run = lambda _lines: str(1 // 0)
    out, err, code = run(client(fleet, "web01"), stdin("x"))
    assert (out, code) == (b"", 1)
    assert b"ZeroDivisionError" in err
    assert "ZeroDivisionError" in fleet.errors.pop()


@pytest.mark.parametrize(
    ("line", "data", "text"),
    [
        ("ipconfig", b"", b"only runs the shipped script"),
        (command_line("Get-Date"), b"", b"not its bootstrap"),
        (command_line(), b"", b"no line of four NUL characters"),
        (command_line(), stdin("x", script=b"another script\n"), b"what came has"),
        (command_line("#" * 4000), b"x", b"The command line is too long."),
    ],
)
def test_anything_else_than_the_shipped_script_is_refused(fleet: Fleet, line: str, data: bytes, text: bytes) -> None:
    out, err, code = run(client(fleet, "web01"), data, line)
    assert (out, code) == (b"", 1)
    assert text in err
    assert not fleet.errors


def test_shells_per_user_are_limited_and_leaked_ones_count(fleet: Fleet) -> None:
    fleet.settings.max_shells = 2
    protocol = client(fleet, "web01")
    shells = [protocol.open_shell(), protocol.open_shell()]
    with pytest.raises(WSManFaultError) as caught:
        protocol.open_shell()
    assert caught.value.wsman_fault_code == 2150859173
    assert fleet.open_shells("web01") == 2
    protocol.close_shell(shells[0], close_session=False)
    protocol.open_shell()


@pytest.mark.parametrize(
    "call",
    [
        lambda protocol, _shell: protocol.run_command("no such shell", "x"),
        lambda protocol, shell: protocol.get_command_output_raw(shell, "no such command"),
        lambda protocol, shell: protocol.cleanup_command(shell, "no such command"),
        lambda protocol, _shell: protocol.close_shell("no such shell"),
    ],
)
def test_what_does_not_exist_is_a_fault(fleet: Fleet, call: Callable[[object, str], object]) -> None:
    protocol = client(fleet, "web01")
    with pytest.raises(WSManFaultError) as caught:
        call(protocol, protocol.open_shell())
    assert caught.value.wsman_fault_code == 2150858843


def test_input_after_the_end_is_a_fault(fleet: Fleet, host: FakeHost) -> None:
    go = threading.Event()
    host.run = lambda _lines: str(go.wait(10))
    protocol = client(fleet, "web01")
    shell = protocol.open_shell()
    command = protocol.run_command(shell, command_line(), console_mode_stdin=False)
    protocol.send_command_input(shell, command, stdin("x"), end=True)
    with pytest.raises(WSManFaultError):
        protocol.send_command_input(shell, command, b"more", end=True)
    go.set()


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /wsman/web01 HTTP/1.1\r\n\r\n", "405"),
        ("POST /wsman/nobody HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "404"),
        ("POST /other HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "404"),
        ("POST //wsman/web01 HTTP/1.1\r\nContent-Length: 0\r\n\r\n", "401"),
        ("POST /wsman/web01 HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", "413"),
        ("POST /wsman/web01 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "411"),
        ("POST /wsman/web01 HTTP/1.1\r\nAuthorization: Negotiate !!\r\n\r\n", "401"),
        ("POST /wsman/web01 HTTP/1.1\r\nAuthorization: Negotiate TlRMTVNTUAABAAAA\r\n\r\n", "401"),
        ("POST /wsman/web01 HTTP/1.1\r\nAuthorization: Basic !!\r\n\r\n", "401"),
        ("POST /wsman/web01 HTTP/1.1\r\nno colon\r\n\r\n", "400"),
        ("nonsense\r\n\r\n", "400"),
        ("\x16\x03\x01", "400"),  # how TLS begins
        ("POST /wsman/web01 HTTP/1.1\r\nX: " + "x" * 70_000 + "\r\n\r\n", "431"),
    ],
)
def test_bad_http_is_answered(fleet: Fleet, request_text: str, status: str) -> None:
    with socket.create_connection(("127.0.0.1", fleet.port), timeout=5) as connection:
        connection.sendall(request_text.encode())
        assert re.match(rf"HTTP/1.1 {status} ", connection.recv(4096).decode())
    assert not fleet.errors


def test_a_fault_rule_acts_once(fleet: Fleet) -> None:
    fleet.faults.add("web01", "Create", Rule("fault", fault=MAX_SHELLS))
    protocol = client(fleet, "web01")
    with pytest.raises(WSManFaultError):
        protocol.open_shell()
    protocol.open_shell()


@pytest.mark.parametrize(("effect", "shells"), [("drop", 0), ("drop_reply", 1)])
def test_a_dropped_connection_lost_the_request_or_only_the_reply(fleet: Fleet, effect: str, shells: int) -> None:
    fleet.faults.add("web01", "Create", Rule(effect))  # type: ignore[arg-type]
    with pytest.raises(requests.exceptions.ConnectionError):
        client(fleet, "web01", "basic").open_shell()
    assert fleet.open_shells("web01") == shells


def test_two_fleets_with_another_password_for_one_user_are_refused(fleet: Fleet, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="another password"):
        Fleet.start(scenario(), tmp_path, account=Account(fleet.account.user, "another"))


def test_stopping_leaves_no_thread_and_no_socket(host: FakeHost, tmp_path: Path) -> None:
    before = set(threading.enumerate())
    host.endpoints = {("0.0.0.0", 443)}
    host.run = slow(0.5)
    with Fleet.start(scenario(host), tmp_path, settings=settings()) as fleet:
        protocol = client(fleet, "web01", "basic")
        shell = protocol.open_shell()
        command = protocol.run_command(shell, command_line(), console_mode_stdin=False)
        protocol.send_command_input(shell, command, stdin("x"), end=True)
        addresses = [("127.0.0.1", fleet.port), fleet.socket_address("web01", "0.0.0.0", 443)]
    assert set(threading.enumerate()) == before
    for address in addresses:
        assert address is not None
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address, timeout=1)
