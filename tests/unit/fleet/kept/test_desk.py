# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stand-ins ask the fleet: programs as real processes under their Windows names, ports, the metabase's methods."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.kept import folder as world
from tests.fleet.kept import lines
from tests.fleet.kept.desk import VARIABLE, Desk, ask
from tests.fleet.kept.interpreter import PROGRAMS, put_programs
from tests.fleet.world import programs
from tests.fleet.world.errors import PATH_NOT_FOUND, WindowsError, signed
from tests.fleet.world.host import Host
from tests.fleet.world.scenario import load

SCENARIO = Path(__file__).parents[3] / "fleet" / "scenarios" / "demo.yml"
NETSH = r"C:\Windows\System32\netsh.exe"


class Open:
    """A host in a folder, and the desk beside it."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host = host
        self.folder = folder
        self.errors: list[str] = []
        world.save(host, folder)
        put_programs(host, folder)
        self.desk = Desk(host, folder, self.errors.append)

    def program(self, name: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        """As .NET on Linux starts it: found in the current directory, the name as it was given as argv[0]."""
        command = [name, *arguments]
        environment = {**os.environ, VARIABLE: self.desk.where}
        return subprocess.run(
            command, executable=self.folder / name, cwd=self.folder, env=environment, capture_output=True, check=False
        )


def opened(host: Host, folder: Path) -> Iterator[Open]:
    found = Open(host, folder)
    with found.desk:
        yield found
    assert found.errors == []


@pytest.fixture
def new(tmp_path: Path) -> Iterator[Open]:
    yield from opened(load(SCENARIO).hosts["web01"], tmp_path)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Open]:
    yield from opened(load(SCENARIO).hosts["web04"], tmp_path)


def test_a_program_is_a_process_that_says_what_it_says_on_the_host(new: Open) -> None:
    arguments = ("http", "show", "sslcert")
    expected = programs.start(new.host, NETSH, list(arguments), 10)
    done = new.program(NETSH, *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (expected.exit, expected.stdout, expected.stderr)
    assert b"0.0.0.0:443" in done.stdout


def test_what_a_program_changes_is_in_the_folder_when_it_has_ended(new: Open) -> None:
    assert new.program(NETSH, "http", "delete", "sslcert", "ipport=0.0.0.0:443").returncode == 0
    assert new.host.sslcert("ipport=0.0.0.0:443") is None
    place = lines.token(r"HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters\SslBindingInfo\0.0.0.0:443")
    assert place not in (new.folder / "registry.txt").read_text(encoding="ascii")
    assert new.host.write_log[-1]["by"] == "netsh"


def test_a_program_sees_a_file_that_was_written_just_before(new: Open) -> None:
    (new.folder / r"C:\Windows\Temp\junk.cer").write_bytes(b"junk")
    done = new.program(r"C:\Windows\System32\certreq.exe", "-q", "-accept", "-machine", r"C:\Windows\Temp\junk.cer")
    missing = new.program(r"C:\Windows\System32\certreq.exe", "-q", "-accept", "-machine", r"C:\Windows\Temp\no.cer")
    assert done.returncode != 0
    assert (done.returncode, done.stdout) != (missing.returncode, missing.stdout)


def test_hostile_arguments_arrive_as_they_are(new: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[list[str]] = []

    def start(_host: Host, path: str, arguments: list[str], _limit: float) -> programs.Completed:
        given.append([path, *arguments])
        return programs.Completed(300, b"\xff\0", b"e")

    monkeypatch.setattr(programs, "start", start)
    hostile = ["a b", 'c"d', "$(x)", "", "日本", "%PATH%", "\u200e", "a\nb", "-"]
    done = new.program(NETSH, *hostile)
    assert given == [[NETSH, *hostile]]
    assert (done.returncode, done.stdout, done.stderr) == (300 & 0xFF, b"\xff\0", b"e"), "eight bits of an exit code"


def test_2003_has_no_appcmd(old: Open) -> None:
    there = {name for name in PROGRAMS if (old.folder / rf"C:\Windows\System32\{name}").exists()}
    assert there == {*PROGRAMS} - {r"inetsrv\appcmd.exe"}


def test_a_port_is_the_loopback_socket_of_a_listener(new: Open) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
        new.host.connect = lambda _ip, _port: socket.create_connection(address, timeout=5)
        assert ask(new.desk.where, "port", "127.0.0.1", "443") == [str(address[1]).encode()]
        assert ask(new.desk.where, "port", "127.0.0.1", "444") == [b"0"]


def test_methods_of_the_metabase(old: Open) -> None:
    assert old.host.sites["Default Web Site"] == "Started"
    assert ask(old.desk.where, "invoke", "W3SVC/1", "Stop") == []
    assert old.host.sites["Default Web Site"] == "Stopped"
    state = f"{lines.token('W3SVC/1')} {lines.token('ServerState')} number {lines.token('4')}"
    assert state in (old.folder / "metabase.txt").read_text(encoding="ascii")
    with pytest.raises(WindowsError) as caught:
        ask(old.desk.where, "invoke", "W3SVC/9", "Stop")
    assert (caught.value.kind, caught.value.number) == ("hresult", signed(PATH_NOT_FOUND))


def test_only_this_batch_is_answered(new: Open) -> None:
    port = new.desk.where.split()[0]
    with pytest.raises(WindowsError, match="not this batch's word"):
        ask(f"{port} {'0' * 32}", "run", NETSH, "http", "delete", "sslcert", "ipport=0.0.0.0:443")
    assert new.host.sslcert("ipport=0.0.0.0:443") is not None


def test_an_error_of_the_desk_is_told_to_the_fleet(tmp_path: Path) -> None:
    found = Open(load(SCENARIO).hosts["web01"], tmp_path)
    with found.desk, pytest.raises(ValueError, match="unpack"):
        ask(found.desk.where, "no such verb")
    assert "no such verb" not in found.errors[0]
    assert "KeyError" in found.errors[0]
