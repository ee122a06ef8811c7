# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The TLS listeners: what openssl and Python's own ssl get to see."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.fleet import Fleet
from tests.unit.fleet.fakes import FakeCredential, FakeHost, scenario, settings
from tests.unit.mint import Minted, mint, rsa_key

ROOT = mint("Root", ca=True)
INTERMEDIATE = mint("Intermediate", ROOT, ca=True)


def credential(leaf: Minted, *others: Minted) -> FakeCredential:
    return FakeCredential((leaf.der, *(other.der for other in others)), leaf.key)


DEFAULT = credential(mint("default.example", INTERMEDIATE), INTERMEDIATE)
BY_NAME = credential(mint("www.example", INTERMEDIATE, names=["www.example"]), INTERMEDIATE, ROOT)
WEAK = credential(mint("weak.example", key=rsa_key(1024)))


@pytest.fixture
def host() -> FakeHost:
    credentials = {None: DEFAULT, "www.example": BY_NAME, "weak.example": WEAK}
    return FakeHost("web01", endpoints={("0.0.0.0", 443), ("10.0.0.5", 8443)}, credentials=credentials)


@pytest.fixture
def fleet(host: FakeHost, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet.start(scenario(host), tmp_path, settings=settings()) as running:
        yield running
    assert not running.errors


def look(
    address: tuple[str, int], server_name: str | None = None, version: ssl.TLSVersion | None = None
) -> bytes | None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version or ssl.TLSVersion.TLSv1_3
    with (
        socket.create_connection(address, timeout=5) as connection,
        context.wrap_socket(connection, server_hostname=server_name) as tls,
    ):
        assert not tls.session_reused
        return tls.getpeercert(binary_form=True)


def listener(fleet: Fleet, ip: str = "0.0.0.0", port: int = 443) -> tuple[str, int]:
    address = fleet.socket_address("web01", ip, port)
    assert address is not None
    return address


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(
    ("server_name", "expected"), [(None, DEFAULT), ("www.example", BY_NAME), ("other", DEFAULT), ("weak.example", WEAK)]
)
def test_the_world_chooses_at_each_handshake(
    fleet: Fleet, host: FakeHost, server_name: str | None, expected: FakeCredential, version: ssl.TLSVersion
) -> None:
    assert look(listener(fleet), server_name, version) == expected.chain[0]
    assert host.asked == [("0.0.0.0", 443, server_name)]


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
@pytest.mark.parametrize(("server_name", "expected"), [("www.example", BY_NAME), ("", DEFAULT)])
def test_openssl_sees_exactly_the_chain(fleet: Fleet, version: str, server_name: str, expected: FakeCredential) -> None:
    ip, port = listener(fleet)
    name = ["-servername", server_name] if server_name else ["-noservername"]
    command = ["openssl", "s_client", "-connect", f"{ip}:{port}", *name, "-showcerts", version]
    shown = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=10
    ).stdout.decode()
    pems = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", shown, re.DOTALL)
    assert tuple(ssl.PEM_cert_to_DER_cert(pem) for pem in pems) == expected.chain
    assert "TLS session ticket" not in shown


def test_a_session_is_not_resumed(fleet: Fleet, tmp_path: Path) -> None:
    ip, port = listener(fleet)
    session = tmp_path / "session"
    for option in ("-sess_out", "-sess_in"):
        command = ["openssl", "s_client", "-connect", f"{ip}:{port}", "-tls1_2", option, str(session)]
        shown = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=10).stdout
        assert b"\nNew, TLSv1.2" in shown


def test_no_certificate_bound_closes_without_a_word(fleet: Fleet, host: FakeHost) -> None:
    host.credentials.clear()
    with pytest.raises((ssl.SSLEOFError, ConnectionResetError)):
        look(listener(fleet))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_versions_of_a_host_can_be_set(fleet: Fleet, host: FakeHost) -> None:
    host.tls_versions = ("1.0", "1.2")
    assert look(listener(fleet), None, ssl.TLSVersion.TLSv1) == DEFAULT.chain[0]
    with pytest.raises(ssl.SSLError, match=r"(?i)protocol version"):
        look(listener(fleet), None, ssl.TLSVersion.TLSv1_3)


def test_listeners_follow_the_world(fleet: Fleet, host: FakeHost) -> None:
    old = listener(fleet)
    host.endpoints = {("0.0.0.0", 444)}
    host.changed()
    assert fleet.socket_address("web01", "0.0.0.0", 443) is None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(old, timeout=1)
    assert look(listener(fleet, port=444)) == DEFAULT.chain[0]
    host.changed()
    assert listener(fleet, port=444) == listener(fleet, port=444)


@pytest.mark.parametrize(
    ("endpoint", "ip", "expected"),
    [
        ("0.0.0.0", "127.0.0.1", True),
        ("0.0.0.0", "10.0.0.5", True),
        ("0.0.0.0", "10.0.0.6", False),
        ("10.0.0.5", "10.0.0.5", True),
        ("10.0.0.5", "127.0.0.1", False),
        ("0.0.0.0", "::1", False),
        ("::", "::1", True),
        ("::", "127.0.0.1", False),
    ],
)
@pytest.mark.usefixtures("fleet")
def test_virtual_addresses(host: FakeHost, endpoint: str, ip: str, expected: bool) -> None:
    host.endpoints = {(endpoint, 443)}
    host.changed()
    if not expected:
        with pytest.raises(ConnectionRefusedError):
            host.connect(ip, 443)
        return
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with host.connect(ip, 443) as connection, context.wrap_socket(connection) as tls:
        tls.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 200 OK")
    assert host.asked == [(ip, 443, None)]


def test_a_client_that_goes_away_does_no_harm(fleet: Fleet, host: FakeHost) -> None:
    for data in (b"", b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"):
        with host.connect("127.0.0.1", 443) as connection:
            connection.sendall(data)
    assert look(listener(fleet)) == DEFAULT.chain[0]


def test_no_key_stays_on_disk(fleet: Fleet, host: FakeHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "empty"))
    host.credentials = {None: credential(mint("new.example"))}
    assert look(listener(fleet)) == host.credentials[None].chain[0]
    assert not list((tmp_path / "empty").iterdir())


def test_an_error_of_the_world_is_kept(fleet: Fleet, host: FakeHost) -> None:
    host.credentials = {None: FakeCredential((b"no certificate",), DEFAULT.key)}
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        look(listener(fleet))
    deadline = time.monotonic() + 5
    while not fleet.errors and time.monotonic() < deadline:
        time.sleep(0.01)
    assert "web01" in fleet.errors.pop()


def test_four_hundred_listeners(tmp_path: Path) -> None:
    endpoints = {("0.0.0.0", 443), ("0.0.0.0", 8443)}
    hosts = [
        FakeHost(f"web{number:03}", endpoints=set(endpoints), credentials={None: DEFAULT}) for number in range(200)
    ]
    with Fleet.start(scenario(*hosts), tmp_path, settings=settings()) as fleet:
        for name in ("web000", "web199"):
            address = fleet.socket_address(name, "0.0.0.0", 8443)
            assert address is not None
            assert look(address) == DEFAULT.chain[0]
