# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._tls.flight import SERVER_HELLO_DONE, parse_flight
from hypothesis import given, settings
from hypothesis import strategies as st

RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")


def record(kind: int, body: bytes) -> bytes:
    return bytes([kind, 3, 3]) + len(body).to_bytes(2, "big") + body


def message(kind: int, body: bytes) -> bytes:
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def hello(version: int = 0x0303, cipher: int = 0xC030, random: bytes = bytes(32), extensions: bytes = b"") -> bytes:
    tail = len(extensions).to_bytes(2, "big") + extensions if extensions else b""
    return message(2, version.to_bytes(2, "big") + random + b"\x00" + cipher.to_bytes(2, "big") + b"\x00" + tail)


def certificates(*ders: bytes) -> bytes:
    entries = b"".join(len(der).to_bytes(3, "big") + der for der in ders)
    return message(11, len(entries).to_bytes(3, "big") + entries)


SENT = hello() + certificates(b"leaf", b"intermediate") + message(12, b"key exchange") + SERVER_HELLO_DONE


def test_several_messages_in_one_record():
    flight = parse_flight(record(22, SENT))
    assert (flight.protocol, flight.cipher) == ("TLS 1.2", 0xC030)
    assert flight.certificates == (b"leaf", b"intermediate")
    assert flight.problem == ""


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 40])
def test_messages_split_over_records(size):
    split = b"".join(record(22, SENT[at : at + size]) for at in range(0, len(SENT), size))
    assert parse_flight(split) == parse_flight(record(22, SENT))


@pytest.mark.parametrize(("number", "name"), [(0x0300, "SSL 3.0"), (0x0301, "TLS 1.0"), (0x0302, "TLS 1.1")])
def test_old_versions(number, name):
    assert parse_flight(record(22, hello(number) + certificates(b"leaf"))).protocol == name


def test_a_warning_may_come_before_the_hello():
    warned = record(21, b"\x01\x70") + record(22, SENT)
    assert parse_flight(warned) == parse_flight(record(22, SENT))


def test_a_warning_is_the_problem_when_nothing_follows():
    assert "alert 112 (unrecognized_name" in parse_flight(record(21, b"\x01\x70")).problem


@pytest.mark.parametrize(("number", "words"), [(40, "handshake_failure"), (70, "protocol_version"), (199, "unknown")])
def test_a_fatal_alert(number, words):
    flight = parse_flight(record(21, bytes([2, number])))
    assert f"alert {number} ({words}" in flight.problem
    assert flight.certificates == ()


def test_hello_retry_request():
    flight = parse_flight(record(22, hello(random=RETRY, extensions=bytes.fromhex("002b00020304003300020017"))))
    assert flight.retry
    assert flight.protocol == "TLS 1.3"
    assert "HelloRetryRequest" in flight.problem


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "without an answer"),
        (b"HTTP/1.1 400 Bad Request\r\n", "not TLS"),
        (b"\x16\x03", "not TLS"),
        (record(22, hello()), "ended before the server's certificate"),
        (record(22, SENT)[:60], "ended before the server's certificate"),
        (record(22, hello() + SERVER_HELLO_DONE), "sent no certificate"),
        (record(22, hello() + certificates()), "empty certificate message"),
        (record(22, hello() + message(11, b"\x00\x00\x09\x00\x00\x04leaf")), "malformed"),
        (record(22, hello() + message(11, b"\x00\x00\x05\x00\x00\x04le")), "malformed"),
        (record(22, hello() + message(11, b"\x00\x00\x03\x00\x00\x00")), "malformed"),
        (record(22, message(2, b"\x03\x03")), "hello is malformed"),
        (record(22, message(2, bytes(34) + b"\xff" + bytes(40))), "hello is malformed"),
    ],
)
def test_what_shows_no_chain(data, words):
    flight = parse_flight(data)
    assert words in flight.problem
    assert flight.certificates == ()


@given(st.binary(max_size=400))
@settings(max_examples=200, deadline=None)
def test_no_bytes_raise(data):
    assert parse_flight(data).problem


@given(at=st.integers(0, len(SENT) + 4), junk=st.binary(max_size=8), records=st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_a_damaged_flight_is_a_flight_or_a_problem(at, junk, records):
    data = b"".join(record(22, SENT[start : start + records]) for start in range(0, len(SENT), records))
    flight = parse_flight(data[:at] + junk + data[at + len(junk) :])
    assert bool(flight.problem) != bool(flight.certificates)


@given(st.integers(0, len(SENT) + 5))
@settings(deadline=None)
def test_cut_off_anywhere(at):
    flight = parse_flight(record(22, SENT)[:at])
    assert bool(flight.problem) != bool(flight.certificates)
