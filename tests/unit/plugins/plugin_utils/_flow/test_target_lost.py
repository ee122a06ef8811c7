# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A connection that was lost, and a task that is ended from outside while a batch is under way."""

from __future__ import annotations

import base64
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from ansible.errors import AnsibleConnectionFailure
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import host_info
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import target as module
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.target import ConnectionTarget, UnknownOutcome


class TaskTimeoutError(BaseException):
    """As Ansible's own: no Exception."""


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE", 0)


def header(in_data: bytes) -> list[str]:
    line = in_data.decode().split("\n\0\0\0\0\n", 1)[1].split("\n")[0].split(" ")
    return [base64.b64decode(each).decode() for each in line[1:]]


def test_the_wait_for_others_is_a_minute_and_after_a_lost_batch_as_long_as_that_may_take() -> None:
    waits: list[tuple[str, str]] = []

    def execute(_command: str, in_data: bytes) -> dict[str, str]:
        *_other, deadline, wait = header(in_data)
        waits.append((deadline, wait))
        return {"stdout": "", "stderr": ""}

    connection = SimpleNamespace(transport="winrm", close=lambda: None)
    target = ConnectionTarget(connection, execute)
    for timeout in (300, 20):
        with pytest.raises(UnknownOutcome):
            target.batch([host_info()], mode="read", timeout=timeout)
    target.reconnect()
    with pytest.raises(UnknownOutcome):
        target.batch([host_info()], mode="read", timeout=300)
    assert waits == [("300", "60"), ("20", "20"), ("300", "300")]


@pytest.mark.parametrize("ending", [TaskTimeoutError, KeyboardInterrupt])
def test_what_ends_the_task_is_not_taken_for_a_lost_connection(ending: type[BaseException]) -> None:
    def execute(_command: str, in_data: bytes) -> dict[str, str]:  # noqa: ARG001
        try:
            raise ending
        finally:
            raise OSError("read timed out")  # the connection's own clean-up, on a silent host

    target = ConnectionTarget(SimpleNamespace(transport="winrm"), execute)
    with pytest.raises(ending):
        target.batch([host_info()], mode="write", timeout=30)
    assert target.has_written


def test_the_end_of_a_generator_is_trouble_of_the_connection() -> None:
    def execute(_command: str, in_data: bytes) -> dict[str, str]:  # noqa: ARG001
        try:
            raise GeneratorExit
        finally:
            raise OSError("connection reset by peer")

    with pytest.raises(UnknownOutcome, match="reset"):
        ConnectionTarget(SimpleNamespace(transport="winrm"), execute).batch([host_info()], mode="write", timeout=30)


def test_what_ends_the_task_ends_the_reconnection_too() -> None:
    calls: list[str] = []

    def close() -> None:
        try:
            raise TaskTimeoutError
        finally:
            raise OSError("read timed out")

    connection = SimpleNamespace(transport="winrm", close=close, reset=lambda: calls.append("reset"))
    with pytest.raises(TaskTimeoutError):
        ConnectionTarget(connection, lambda *_: {}).reconnect()
    assert calls == []


@pytest.mark.parametrize(
    ("transport", "failing", "called"),
    [
        ("winrm", 0, ["close"]),
        ("psrp", 2, ["close", "reset", "close"]),
        ("psrp", 3, ["close", "reset", "close"]),
        ("ssh", 0, ["reset"]),
        ("ssh", 1, ["reset", "close"]),
    ],
)
def test_how_each_connection_is_dropped(transport: str, failing: int, called: list[str]) -> None:
    calls: list[str] = []

    def drop(name: str) -> None:
        calls.append(name)
        if len(calls) <= failing:
            raise AnsibleConnectionFailure("gone")

    ways: dict[str, Any] = {name: lambda name=name: drop(name) for name in ("close", "reset")}
    ConnectionTarget(SimpleNamespace(transport=transport, **ways), lambda *_: {}).reconnect()
    assert calls == called


@pytest.mark.parametrize(("mode", "during"), [("read", 3), ("write", 0)])
def test_ssh_sends_a_batch_of_changes_once(mode: Literal["read", "write"], during: int) -> None:
    options = {"reconnection_retries": 3}
    seen: list[int] = []

    def execute(_command: str, in_data: bytes) -> dict[str, str]:  # noqa: ARG001
        seen.append(options["reconnection_retries"])
        raise AnsibleConnectionFailure("lost")

    connection = SimpleNamespace(transport="ssh", get_option=options.get, set_option=options.__setitem__)
    with pytest.raises(AnsibleConnectionFailure):
        ConnectionTarget(connection, execute).batch([host_info()], mode=mode, timeout=30)
    assert (seen, options) == ([during], {"reconnection_retries": 3})
