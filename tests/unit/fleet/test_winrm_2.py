# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host of the time of WinRM 2.0 and PowerShell 2.0: what its service refuses, and which scripts it runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from winrm.exceptions import WinRMTransportError, WSManFaultError

from tests.fleet import payload, wsman
from tests.fleet.fleet import Fleet
from tests.unit.fleet.fakes import SCRIPT, FakeHost, client, command_line, run, scenario, settings, stdin


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Fleet]:
    """A fleet with a host that has WinRM 2.0, as Server 2003 and 2008 R2 do."""
    host = FakeHost("old", winrm="2.0", powershell="2.0")
    with Fleet.start(scenario(host, FakeHost("web01")), tmp_path, settings=settings()) as running:
        yield running


@pytest.mark.parametrize("transport", ["basic", "ntlm"])
def test_winrm_2_refuses_a_message_above_150_kb(old: Fleet, transport: str) -> None:
    for size, taken in ((100_000, True), (120_000, False)):
        data = stdin("x" * (size - len(stdin("")) - 1))
        protocol = client(old, "old", transport)
        shell = protocol.open_shell()
        command = protocol.run_command(shell, command_line(), console_mode_stdin=False)
        if taken:
            protocol.send_command_input(shell, command, data, end=True)
        else:
            with pytest.raises(WinRMTransportError, match="413"):
                protocol.send_command_input(shell, command, data, end=True)
        protocol.close_shell(shell)
    run(client(old, "web01", transport), data)  # a newer one takes it


def test_winrm_2_keeps_its_own_replies_below_150_kb(old: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    original = wsman.received

    def received(*given: Any) -> str:
        sizes.append(len(original(*given).encode()))
        return original(*given)

    monkeypatch.setattr(wsman, "received", received)
    out, _err, _code = run(client(old, "old", "basic"), stdin(*["x" * 90_000] * 2, script=SCRIPT), piece=60_000)
    assert len(out) > 180_000
    assert 140_000 < max(sizes) <= 150 * 1024


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("return 1 -in $a", "-in"),
        ("$a = [ordered]@{ B = 1 }", "[ordered]"),
        ("$a = [Text.StringBuilder]::new()", "::new"),
        ("return ConvertTo-Json $a", "ConvertTo-Json"),
    ],
)
def test_powershell_2_does_not_run_what_is_newer(old: Fleet, line: str, what: str) -> None:
    script = f"# ours\n{line}\n".encode()
    old.settings.script_digest = hashlib.sha256(script).hexdigest()
    out, err, _code = run(client(old, "old"), stdin("batch", script=script))
    assert out == b""
    assert f"2: {what}".encode() in err
    assert run(client(old, "web01"), stdin("batch", script=script))[0] == b"batch"


def test_powershell_2_runs_the_shipped_script(old: Fleet) -> None:
    script = payload.SHIPPED_SCRIPT.read_bytes()
    old.settings.script_digest = payload.script_digest()
    assert run(client(old, "old"), stdin("batch", script=script)) == (b"batch", b"", 0)


def test_winrm_2_has_five_shells_a_user_and_fifteen_processes_a_shell(old: Fleet) -> None:
    protocol = client(old, "old", "basic")
    shell, *_others = [protocol.open_shell() for _number in range(5)]
    with pytest.raises(WSManFaultError):
        protocol.open_shell()
    for _number in range(15):
        command = protocol.run_command(shell, command_line(), console_mode_stdin=False)
    with pytest.raises(WSManFaultError) as caught:
        protocol.run_command(shell, command_line(), console_mode_stdin=False)
    assert caught.value.wsman_fault_code == 2150858815
    protocol.cleanup_command(shell, command)
    protocol.run_command(shell, command_line(), console_mode_stdin=False)
