# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PowerShell remoting as the real client sees it: pypsrp, with the message encryption of NTLM."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import AuthenticationError, WSManFaultError
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from tests.fleet.batch import Killed
from tests.fleet.fleet import Fleet
from tests.fleet.psrp import Pool
from tests.fleet.wsman import HOST_PROCESS_GONE, MAX_SHELLS, Faulted
from tests.unit.fleet.fakes import BOOTSTRAP, FakeHost, scenario, settings, stdin


@pytest.fixture
def host() -> FakeHost:
    return FakeHost("web01")


@pytest.fixture
def fleet(host: FakeHost, tmp_path: Path) -> Iterator[Fleet]:
    with Fleet.start(scenario(host), tmp_path, settings=settings()) as running:
        yield running


def client(fleet: Fleet, password: str = "") -> WSMan:
    return WSMan(
        "127.0.0.1",
        port=fleet.port,
        path="wsman/web01",
        ssl=False,
        auth="ntlm",
        encryption="always",
        username=fleet.account.user,
        password=password or fleet.account.password,
    )


def run(pool: RunspacePool, *lines: str, script: str = BOOTSTRAP, data: bytes = b"") -> PowerShell:
    pipeline = PowerShell(pool)
    pipeline.add_script(script)
    pipeline.invoke(input=(data or stdin(*lines)).decode().splitlines())
    return pipeline


def test_a_batch_is_a_pipeline_of_lines(fleet: Fleet) -> None:
    with RunspacePool(client(fleet)) as pool:
        done = run(pool, "batch 1", "end")
        assert (done.output, done.had_errors, done.state) == (["batch 1", "end"], False, PSInvocationState.COMPLETED)
        assert pool.protocol_version == "2.3"
        assert fleet.traffic("web01").requests == 8, "three for NTLM, Create, Receive, Command, Send, Receive"
        assert fleet.open_shells("web01") == 1
        again = run(pool, "batch 2", "end")
        assert again.output == ["batch 2", "end"]
        assert (fleet.traffic("web01").commands, fleet.traffic("web01").shells) == (2, 1)
    assert fleet.open_shells("web01") == 0
    assert not fleet.errors


def test_an_answer_of_many_fragments_arrives_whole(host: FakeHost, fleet: Fleet) -> None:
    host.run = lambda _lines: "\r\n".join(f"{number:070}" for number in range(8000))
    with RunspacePool(client(fleet)) as pool:
        assert run(pool, "batch").output == [f"{number:070}" for number in range(8000)]


@pytest.mark.parametrize(
    ("script", "data", "words"),
    [
        ("Get-ChildItem", b"", "not its bootstrap"),
        (BOOTSTRAP, stdin("batch", script=b"other\n"), "only runs the shipped script"),
        (BOOTSTRAP, b"no script at all", "no line of four NUL"),
    ],
)
def test_a_pipeline_is_held_to_what_a_command_line_is_held_to(
    fleet: Fleet, script: str, data: bytes, words: str
) -> None:
    with RunspacePool(client(fleet)) as pool:
        done = run(pool, script=script, data=data)
        assert done.output == []
        assert [words in str(error) for error in done.streams.error] == [True]


def test_more_than_one_command_is_refused(fleet: Fleet) -> None:
    with RunspacePool(client(fleet)) as pool:
        pipeline = PowerShell(pool).add_script(BOOTSTRAP).add_cmdlet("Out-String")
        pipeline.invoke(input=["x"])
        assert ["a pipeline of one script" in str(error) for error in pipeline.streams.error] == [True]


def test_a_killed_process_takes_its_pool_with_it(host: FakeHost, fleet: Fleet) -> None:
    def die(_lines: list[str]) -> str:
        raise Killed

    host.run = die
    with RunspacePool(client(fleet)) as pool:
        with pytest.raises(WSManFaultError) as caught:
            run(pool, "batch")
        assert caught.value.code == HOST_PROCESS_GONE.code


def test_a_stopped_pipeline_leaves_the_pool(host: FakeHost, fleet: Fleet) -> None:
    host.run = lambda _lines: time.sleep(0.5) or "late"  # type: ignore[func-returns-value]
    with RunspacePool(client(fleet)) as pool:
        pipeline = PowerShell(pool)
        pipeline.add_script(BOOTSTRAP)
        pipeline.begin_invoke(stdin("batch").decode().splitlines())
        pipeline.stop()
        host.run = "\n".join
        assert run(pool, "next").output == ["next"]


def test_a_pool_counts_as_a_shell(fleet: Fleet) -> None:
    fleet.settings.max_shells = 1
    with RunspacePool(client(fleet)), pytest.raises(WSManFaultError) as caught:
        RunspacePool(client(fleet)).open()
    assert caught.value.code == MAX_SHELLS.code


def test_powershell_2_speaks_an_older_protocol(host: FakeHost, fleet: Fleet) -> None:
    host.powershell, host.winrm = "2.0", "2.0"
    with RunspacePool(client(fleet)) as pool:
        assert run(pool, "batch").output == ["batch"]
        assert pool.protocol_version == "2.1"


def test_a_wrong_password(fleet: Fleet) -> None:
    with pytest.raises(AuthenticationError):
        RunspacePool(client(fleet, "wrong")).open()


@pytest.mark.parametrize("fragments", [b"", b"none", b"\0" * 64], ids=["empty", "short", "zeros"])
def test_what_is_no_psrp_is_refused(fragments: bytes) -> None:
    with pytest.raises(Faulted):
        Pool(fragments, "5.1")
