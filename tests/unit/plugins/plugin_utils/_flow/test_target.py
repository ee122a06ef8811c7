# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The door to a host: what a connection's troubles become, and which connections encrypt."""

from __future__ import annotations

import base64
import zlib
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import host_info
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import target as target_module
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.target import (
    ConnectionTarget,
    UnknownOutcome,
    check_connection,
)


def answered(_other: str, in_data: bytes) -> dict[str, Any]:
    """A host that answers one operation with the payload 'hello'."""
    head = in_data.decode().split("\n\0\0\0\0\n", 1)[1].split("\n")[0].split(" ")
    nonce = base64.b64decode(head[2]).decode()
    text = encode_lines(
        [("answer", (b"0", b"ok", b"", b"0", b"", b"", b"hello")), ("batch", (b"ok", b"", b"0", b"", b""))]
    )
    packer = zlib.compressobj(wbits=-15)
    body = base64.encodebytes(packer.compress(text) + packer.flush()).decode()
    return {"stdout": f"banner\n-----BEGIN {nonce}-----\n{body}-----END {nonce}-----\n", "stderr": "", "rc": 1}


def send(execute: Any) -> Any:
    return ConnectionTarget(SimpleNamespace(transport="winrm"), execute).batch([host_info()], mode="read", timeout=30)


def test_an_answer_comes_back_whatever_the_exit_code() -> None:
    (answer,) = send(answered)
    assert answer.ok
    assert answer.payload == b"hello"


def test_a_host_that_was_never_reached_stays_unreachable() -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise AnsibleConnectionFailure("refused")

    with pytest.raises(AnsibleConnectionFailure):
        send(refuse)


@pytest.mark.parametrize(
    ("transport", "words", "todo"),
    [
        ("psrp", "pypsrp or dependencies are not installed: No module named 'pypsrp'", "pip install pypsrp."),
        ("winrm", "winrm or requests is not installed: No module named 'winrm'", "pip install pywinrm."),
        ("other", "its library is not installed", "runs Ansible."),
    ],
)
def test_a_library_that_the_controller_lacks_is_no_matter_of_the_host(transport: str, words: str, todo: str) -> None:
    def execute(*_: Any, **__: Any) -> Any:
        raise AnsibleError(words)

    target = ConnectionTarget(SimpleNamespace(transport=transport), execute)
    with pytest.raises(TlsOpsError, match=words) as error:
        target.batch([host_info()], mode="read", timeout=30)
    assert error.value.hint.startswith("Nothing was sent. Install it on the controller")
    assert error.value.hint.endswith(todo)


@pytest.mark.parametrize(
    "words",
    [
        "Unable to execute ssh command line on a controller.",
        "to use the password_mechanism=sshpass, you must install the sshpass program",
    ],
)
def test_what_ssh_lacks_on_the_controller_is_no_matter_of_the_host(words: str) -> None:
    def execute(*_: Any, **__: Any) -> Any:
        raise AnsibleError(words)

    target = ConnectionTarget(SimpleNamespace(transport="ssh"), execute)
    with pytest.raises(TlsOpsError, match=words.rstrip(".")) as error:
        target.batch([host_info()], mode="read", timeout=30)
    assert error.value.hint.startswith("Nothing was sent. See to ssh on the controller")


def test_another_error_of_the_connection_is_an_unknown_outcome() -> None:
    def execute(*_: Any, **__: Any) -> Any:
        raise AnsibleError("winrm send_input failed")

    with pytest.raises(UnknownOutcome, match="send_input"):
        send(execute)


def test_a_break_after_the_host_was_reached_is_an_unknown_outcome() -> None:
    replies: list[Any] = [answered, AnsibleConnectionFailure("read timed out"), OSError("reset"), answered]

    def execute(cmd: str, in_data: bytes) -> Any:
        reply = replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply(cmd, in_data)

    target = ConnectionTarget(SimpleNamespace(transport="winrm"), execute)
    target.batch([host_info()], mode="read", timeout=30)
    for words in ("read timed out", "reset"):
        with pytest.raises(UnknownOutcome, match=words):
            target.batch([host_info()], mode="write", timeout=30)
    assert target.batch([host_info()], mode="read", timeout=30)


def test_output_without_marks_is_an_unknown_outcome() -> None:
    with pytest.raises(UnknownOutcome, match="did not answer"):
        send(lambda *_, **__: {"stdout": "", "stderr": "", "rc": 0})


def test_a_reset_follows_a_close_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target_module, "_PAUSE", 0)
    calls: list[str] = []

    def close() -> None:
        calls.append("close")
        raise OSError("gone")

    connection = SimpleNamespace(transport="winrm", close=close, reset=lambda: calls.append("reset"))
    ConnectionTarget(connection, answered).reconnect()
    assert calls == ["close", "reset"]


def winrm(scheme: str, transports: list[str], encryption: str = "auto") -> Any:
    return SimpleNamespace(
        transport="winrm",
        _winrm_scheme=scheme,
        _winrm_transport=transports,
        _winrm_kwargs={"message_encryption": encryption},
    )


def psrp(**options: Any) -> Any:
    known = {"protocol": "http", "port": 5985, "auth": "negotiate", "message_encryption": "auto"} | options
    return SimpleNamespace(transport="psrp", get_option=known.get)


@pytest.mark.parametrize(
    ("connection", "encrypts"),
    [
        (winrm("https", ["basic"]), True),
        (winrm("http", ["ntlm"]), True),
        (winrm("http", ["ntlm"], "never"), False),
        (winrm("http", ["plaintext"]), False),
        (winrm("http", ["ntlm", "basic"]), False),
        (psrp(), True),
        (psrp(auth="basic"), False),
        (psrp(message_encryption="never"), False),
        (psrp(protocol="https", auth="basic"), True),
        (psrp(protocol=None, port=5986, auth="basic"), True),
        (psrp(protocol=None, port=5985, auth="basic"), False),
        (SimpleNamespace(transport="ssh"), True),
        (SimpleNamespace(transport="telnet"), False),
    ],
)
def test_which_connections_encrypt(connection: Any, encrypts: bool) -> None:
    assert ConnectionTarget(connection, answered).encrypts() is encrypts


def test_connections_that_a_batch_cannot_go_through() -> None:
    windows = SimpleNamespace(transport="winrm", _shell=SimpleNamespace(_IS_WINDOWS=True))
    plain, become = SimpleNamespace(become=False), SimpleNamespace(become=True)
    check_connection(windows, plain, [])
    check_connection(windows, plain, [{}])
    with pytest.raises(TlsOpsError, match="Windows shell"):
        check_connection(SimpleNamespace(transport="ssh", _shell=SimpleNamespace()), plain, [])
    with pytest.raises(TlsOpsError, match=r"ansible_become: false .* in the inventory, or become: false on the task"):
        check_connection(windows, become, [])
    with pytest.raises(TlsOpsError, match="environment"):
        check_connection(windows, plain, [{"A": "b"}])
