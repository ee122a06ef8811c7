# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._tls import client_hello as hello_module
from ansible_collections.tlsops.windows.plugins.plugin_utils._tls.client_hello import TLS13_SUITES
from ansible_collections.tlsops.windows.plugins.plugin_utils._tls.look import Look
from cryptography.hazmat.primitives import serialization
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mint import Minted, mint, rsa_key

ROOT = mint("Root", ca=True)
INTERMEDIATE = mint("Intermediate", ROOT, ca=True)
LEAF = mint("www.example.com", INTERMEDIATE, names=["www.example.com"])
OTHER = mint("other.example.com", INTERMEDIATE, names=["other.example.com"])
RSA_LEAF = mint("rsa.example.com", INTERMEDIATE, key=rsa_key())
WEAK_LEAF = mint("weak.example.com", INTERMEDIATE, key=rsa_key(1024))


def exchange(operation: Operation) -> Answer:
    """What tcp.exchange of the far side does, on this machine."""
    given = dict(operation.arguments)
    assert operation.name == "tcp.exchange"
    ends_with, received = given.get("ends_with", b""), b""
    try:
        with socket.create_connection((str(given["address"]), int(given["port"])), timeout=5) as connection:
            connection.sendall(given["data"])
            while not (ends_with and received.endswith(ends_with)):
                connection.settimeout(0.1 if received else 5)
                chunk = connection.recv(65536)
                if not chunk:
                    break
                received += chunk
    except ConnectionRefusedError:
        return Answer("error", kind="win32", number=10061, text="No connection could be made")
    except OSError:
        pass
    return Answer("ok", received)


def context_for(directory: Path, leaf: Minted, *chain: Minted) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    key = leaf.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = directory / f"{leaf.thumbprint}.pem"
    file.write_text(key.decode() + leaf.pem + "".join(each.pem for each in chain))
    context.load_cert_chain(file)
    return context


Configure = Callable[[ssl.SSLContext], None]


@contextlib.contextmanager
def listening(context: ssl.SSLContext) -> Iterator[int]:
    def serve() -> None:
        while True:
            try:
                raw, _other = listener.accept()
            except OSError:
                return
            with raw, contextlib.suppress(OSError), context.wrap_socket(raw, server_side=True) as connection:
                connection.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def look(port: int, server_name: str | None = None):
    seen = Look("127.0.0.1", port, server_name)
    return seen.served([exchange(operation) for operation in seen.operations])


def only(version: ssl.TLSVersion) -> Configure:
    def configure(context: ssl.SSLContext) -> None:
        context.minimum_version = context.maximum_version = version

    return configure


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("leaf", [LEAF, RSA_LEAF, WEAK_LEAF], ids=["ecdsa", "rsa", "rsa1024"])
@pytest.mark.parametrize(
    ("version", "protocol"),
    [
        (ssl.TLSVersion.TLSv1, "TLS 1.0"),
        (ssl.TLSVersion.TLSv1_1, "TLS 1.1"),
        (ssl.TLSVersion.TLSv1_2, "TLS 1.2"),
        (ssl.TLSVersion.TLSv1_3, "TLS 1.3"),
    ],
    ids=str,
)
def test_the_chain_a_real_server_sends(tmp_path, leaf, version, protocol):
    context = context_for(tmp_path, leaf, INTERMEDIATE)
    only(version)(context)
    with listening(context) as port:
        served = look(port)
    assert served.problem == ""
    assert served.protocol == protocol
    assert served.certificates == (leaf.certificate, INTERMEDIATE.certificate)


def test_tls_1_2_is_preferred_and_does_not_wait_for_silence(tmp_path):
    with listening(context_for(tmp_path, LEAF, INTERMEDIATE, ROOT)) as port:
        started = time.monotonic()
        answer = exchange(Look("127.0.0.1", port).operations[0])
        assert time.monotonic() - started < 0.19, "ServerHelloDone ends the exchange"
        served = look(port)
    assert answer.payload.endswith(b"\x0e\x00\x00\x00")
    assert served.protocol == "TLS 1.2"
    assert len(served.certificates) == 3


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=str)
def test_sni_decides(tmp_path, version):
    by_name = {
        "other.example.com": context_for(tmp_path, OTHER, INTERMEDIATE),
        "tlsops-look.wild.example": context_for(tmp_path, RSA_LEAF),
    }

    def choose(connection: ssl.SSLObject, name: str | None, _other: ssl.SSLContext) -> None:
        connection.context = by_name.get(name or "", context)

    context = context_for(tmp_path, LEAF)
    only(version)(context)
    context.sni_callback = choose
    with listening(context) as port:
        assert look(port).certificates == (LEAF.certificate,)
        assert look(port, "other.example.com").certificates == (OTHER.certificate, INTERMEDIATE.certificate)
        assert look(port, "*.wild.example").certificates == (RSA_LEAF.certificate,)


@pytest.mark.parametrize("suite", ["AES128-SHA", "AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA256"])
def test_cipher_suites_of_old_servers(tmp_path, suite):
    context = context_for(tmp_path, RSA_LEAF)
    only(ssl.TLSVersion.TLSv1_2)(context)
    context.set_ciphers(f"{suite}:@SECLEVEL=0")
    with listening(context) as port:
        assert look(port).certificates == (RSA_LEAF.certificate,)


def test_a_server_that_wants_a_client_certificate_shows_its_own_all_the_same(tmp_path):
    context = context_for(tmp_path, LEAF)
    context.verify_mode = ssl.CERT_REQUIRED
    for version, protocol in ((ssl.TLSVersion.TLSv1_2, "TLS 1.2"), (ssl.TLSVersion.TLSv1_3, "TLS 1.3")):
        context.minimum_version = version
        with listening(context) as port:
            assert look(port).protocol == protocol


def test_a_server_that_asks_for_another_key_share_is_not_proven(tmp_path):
    context = context_for(tmp_path, RSA_LEAF)
    only(ssl.TLSVersion.TLSv1_3)(context)
    context.set_ecdh_curve("secp521r1")
    with listening(context) as port:
        served = look(port)
    assert served.certificates == ()
    assert "up to TLS 1.2: the server answered with alert 70" in served.problem
    assert "TLS 1.3: the server asked for another key share (HelloRetryRequest)" in served.problem


@pytest.mark.parametrize("group", ["prime256v1", "secp384r1", "X25519"])
def test_every_group_of_schannel(tmp_path, group):
    context = context_for(tmp_path, LEAF, INTERMEDIATE)
    only(ssl.TLSVersion.TLSv1_3)(context)
    context.set_ecdh_curve(group)
    with listening(context) as port:
        assert look(port).certificates == (LEAF.certificate, INTERMEDIATE.certificate)


@pytest.mark.parametrize("suite", TLS13_SUITES)
def test_every_cipher_suite_of_tls_1_3(tmp_path, suite, monkeypatch):
    monkeypatch.setattr(hello_module, "TLS13_SUITES", (suite,))
    context = context_for(tmp_path, LEAF, INTERMEDIATE)
    only(ssl.TLSVersion.TLSv1_3)(context)
    with listening(context) as port:
        assert look(port).certificates == (LEAF.certificate, INTERMEDIATE.certificate)


def test_nothing_listens():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert look(port).problem == "no connection: No connection could be made (win32 10061)"


def test_a_plain_listener():
    seen = Look("127.0.0.1", 80)
    assert "not TLS" in seen.served([Answer("ok", b"HTTP/1.1 400"), Answer("ok", b"HTTP/1.1 400")]).problem
    assert "without an answer" in seen.served([Answer("ok", b""), Answer("ok", b"")]).problem
    assert seen.served([]).problem == "nothing was asked"


def test_certificates_that_are_none():
    body = b"\x00\x00\x07\x00\x00\x04junk"
    hello = b"\x02\x00\x00\x26\x03\x03" + bytes(32) + b"\x00\xc0\x2f\x00"
    sent = hello + b"\x0b" + len(body).to_bytes(3, "big") + body
    answer = Answer("ok", b"\x16\x03\x03" + len(sent).to_bytes(2, "big") + sent)
    assert "not an X.509 certificate" in Look("127.0.0.1", 1).served([answer]).problem


def test_a_look_can_be_repeated(tmp_path):
    """The flow runs the operations of a proof a second time before it takes anything back."""
    contexts = [context_for(tmp_path, LEAF), context_for(tmp_path, OTHER)]
    for context in contexts:
        only(ssl.TLSVersion.TLSv1_3)(context)
    contexts[0].sni_callback = lambda connection, _, __: setattr(connection, "context", contexts[-1])
    with listening(contexts[0]) as port:
        seen = Look("127.0.0.1", port)
        first = [exchange(operation) for operation in seen.operations]
        contexts.append(contexts[0])
        second = [exchange(operation) for operation in seen.operations]
    assert seen.served(first).certificates == (OTHER.certificate,)
    assert seen.served(second).certificates == (LEAF.certificate,)
    assert seen.served(first).certificates == (OTHER.certificate,)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    context = context_for(tmp_path_factory.mktemp("server"), LEAF)
    only(ssl.TLSVersion.TLSv1_3)(context)
    with listening(context) as port:
        seen = Look("127.0.0.1", port)
        return seen, exchange(seen.operations[1])


@given(at=st.integers(0, 900), junk=st.binary(max_size=12))
@settings(max_examples=150, deadline=None)
def test_a_damaged_answer_is_a_chain_or_a_problem(recorded, at, junk):
    seen, answer = recorded
    payload = answer.payload[:at] + junk + answer.payload[at + len(junk) :]
    served = seen.served([Answer("ok"), Answer("ok", payload)])
    assert served.certificates == (LEAF.certificate,) or served.problem


def test_another_look_cannot_read_it(recorded):
    assert "cannot be decrypted" in Look("127.0.0.1", 1).served([Answer("ok"), recorded[1]]).problem


def test_a_server_name_that_is_none():
    with pytest.raises(TlsOpsError, match="cannot be sent as a server name"):
        _other = Look("127.0.0.1", 1, "a b").operations
