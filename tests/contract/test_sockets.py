# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``tcp.exchange`` against real sockets, on both sides."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do

from .sides import Side, run
from .test_operations import SIDES
from .test_requests import both_sides
from .world import World

Talk = Callable[[socket.socket], None]
DATA = bytes(range(256)) * 20


@contextlib.contextmanager
def server(talk: Talk) -> Iterator[int]:
    """One connection on a loopback port."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(60)

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _other = listener.accept()
            with connection:
                talk(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        thread.join(10)


def _echo_and_close(connection: socket.socket) -> None:
    connection.sendall(connection.recv(65536))


def _stay(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(DATA)
    time.sleep(0.05)
    connection.sendall(b"end")
    connection.settimeout(20)
    connection.recv(1)


def _say_nothing(connection: socket.socket) -> None:
    connection.settimeout(20)
    connection.recv(65536)
    connection.recv(1)


def _close(connection: socket.socket) -> None:
    connection.recv(65536)


@both_sides
def test_reads_until_the_peer_closes(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    with server(_echo_and_close) as port:
        (answer,) = run(side, [do.tcp_exchange("127.0.0.1", port, b"\0hello\xff", quiet_ms=5000)])
    assert (answer.status, answer.payload) == ("ok", b"\0hello\xff")


@both_sides
def test_reads_until_it_is_quiet(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    with server(_stay) as port:
        (answer,) = run(side, [do.tcp_exchange("127.0.0.1", port, b"x", quiet_ms=400, seconds=15)])
    assert answer.payload == DATA + b"end"


@both_sides
def test_reads_until_the_wanted_end(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    with server(_stay) as port:
        before = time.monotonic()
        (answer,) = run(
            side, [do.tcp_exchange("127.0.0.1", port, b"x", quiet_ms=15000, seconds=15, ends_with=b"\xffend")]
        )
        assert time.monotonic() - before < 14
    assert answer.payload == DATA + b"end"


@both_sides
def test_the_limit_ends_a_silent_peer(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    with server(_say_nothing) as port:
        (answer,) = run(side, [do.tcp_exchange("127.0.0.1", port, b"x", seconds=1)])
    assert (answer.status, answer.payload) == ("ok", b"")


@both_sides
def test_a_peer_that_closes_at_once(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    with server(_close) as port:
        (answer,) = run(side, [do.tcp_exchange("127.0.0.1", port, b"x")])
    assert (answer.status, answer.payload) == ("ok", b"")


def _never_end(connection: socket.socket) -> None:
    connection.recv(65536)
    while True:
        connection.sendall(bytes(65536))


@both_sides
def test_no_more_than_a_megabyte_is_kept(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    with server(_never_end) as port:
        (answer,) = run(side, [do.tcp_exchange("127.0.0.1", port, b"x", seconds=30)])
    assert answer.status == "ok"
    assert 1 << 20 <= len(answer.payload) < (1 << 20) + 65536


@both_sides
def test_the_batch_s_time_bounds_the_exchange(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    with server(_say_nothing) as port:
        before = time.monotonic()
        (answer,) = run(side, [do.tcp_exchange("127.0.0.1", port, b"x", seconds=50)], deadline=2)
        assert time.monotonic() - before < 18
    assert answer.payload == b""


@both_sides
def test_nobody_listens(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    (answer,) = run(side, [do.tcp_exchange("127.0.0.1", port, b"x")])
    assert answer.status == "error"
    assert answer.kind in ("win32", "hresult")
    assert answer.number != 0


@both_sides
@pytest.mark.parametrize("address", ["localhost", "", "127.0.0.1:443"])
def test_only_literal_addresses(side_name: str, address: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    (answer,) = run(side, [do.tcp_exchange(address, 443, b"x")])
    assert answer.status == "error"
