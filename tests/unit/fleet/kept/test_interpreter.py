# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a PowerShell is started with, and what the one that only pretends makes of it."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

import pytest

from tests.fleet import payload
from tests.fleet.kept import interpreter, pretend
from tests.fleet.world.host import Host

BOOTSTRAP = (
    '$t=New-Object Text.StringBuilder;while($input.MoveNext()){$l=[string]$input.Current;if($l -eq "`0`0`0`0"){break};'
    '[void]$t.Append($l).Append("`n")};$input|&([ScriptBlock]::Create($t.ToString()))'
)
LINE = "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "
SCRIPT = payload.SHIPPED_SCRIPT.read_bytes()
STDIN = SCRIPT + b"\0\0\0\0\nbatch MQ== YWIxMg== cmVhZA== NjA= NQ==\nend\n"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode("ascii")


def test_the_command_is_the_one_that_came_with_the_stand_ins_in_front(tmp_path: Path) -> None:
    """The program here writes down what it was given."""
    program, errors = tmp_path / "program", list[str]()
    code = "import json, os, sys; d = sys.stdin.buffer.read(); print(json.dumps([sys.argv[1:], len(d), os.getcwd(), "
    code += "{n: os.environ.get(n) for n in ('SystemRoot', 'TLSOPS_WORLD', 'TLSOPS_WORLD_DESK', 'HOME')}]))"
    program.write_text(f"#!{sys.executable}\n{code}\n", encoding="utf-8")
    program.chmod(0o755)
    host = Host("one", "2022")
    run = interpreter.PowerShell(str(program), tmp_path / "it's", errors.append)
    outcome = run(host, LINE + encoded(BOOTSTRAP), STDIN)
    arguments, size, place, environment = json.loads(outcome.stdout)
    folder = tmp_path / "it's" / "one"
    assert (outcome.exit_code, outcome.stderr, errors) == (0, b"", [])
    assert tuple(arguments[:-1]) == interpreter.SWITCHES
    command = base64.b64decode(arguments[-1]).decode("utf-16-le")
    assert command == f". '{str(folder).replace(chr(39), chr(39) * 2)}/stand_ins.ps1'\n{BOOTSTRAP}"
    assert size == len(STDIN)
    assert Path(place) == folder
    assert environment["SystemRoot"] == r"C:\Windows"
    assert environment["TLSOPS_WORLD"] == str(folder)
    assert len(environment["TLSOPS_WORLD_DESK"].split()) == 2
    assert environment["HOME"] == str(folder / "home")
    assert host.write_log == []


def test_the_stand_ins_are_one_file(tmp_path: Path) -> None:
    interpreter.put_stand_ins(tmp_path)
    text = (tmp_path / interpreter.STAND_IN_FILE).read_text(encoding="ascii")
    for alias in ("Hive", "OpenStore", "OpenNode", "OwnKey", "Dial"):
        assert f"\nSet-Alias -Name {alias} -Value World{alias} -Scope Global\n" in text


def test_only_an_encoded_command_is_taken() -> None:
    with pytest.raises(ValueError, match="no encoded command"):
        interpreter.decoded("PowerShell -Command x")


def given(folder: Path, command: str = BOOTSTRAP, *, front: str | None = None) -> list[str]:
    interpreter.put_stand_ins(folder)
    front = interpreter.prelude(folder) if front is None else front
    return [*interpreter.SWITCHES, encoded(front + command)]


def test_the_pretender_takes_what_ansible_sends(tmp_path: Path) -> None:
    assert pretend.batch_of(tmp_path, given(tmp_path), STDIN) == ["batch MQ== YWIxMg== cmVhZA== NjA= NQ==", "end"]


def test_the_pretender_takes_nothing_else(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="switches"):
        pretend.batch_of(tmp_path, ["-NoProfile", *given(tmp_path)], STDIN)
    with pytest.raises(ValueError, match="stand-ins"):
        pretend.batch_of(tmp_path, given(tmp_path, front=""), STDIN)
    with pytest.raises(payload.Refused, match="bootstrap"):
        pretend.batch_of(tmp_path, given(tmp_path, "Get-Date"), STDIN)
    with pytest.raises(payload.Refused, match="SHA-256"):
        pretend.batch_of(tmp_path, given(tmp_path), b"# " + STDIN)
    (tmp_path / interpreter.STAND_IN_FILE).unlink()
    arguments = [*interpreter.SWITCHES, encoded(interpreter.prelude(tmp_path) + BOOTSTRAP)]
    with pytest.raises(ValueError, match="stand-ins"):
        pretend.batch_of(tmp_path, arguments, STDIN)


def test_a_powershell_is_named_or_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TLSOPS_PWSH", raising=False)
    assert interpreter.find_powershell() == ""
    monkeypatch.setenv("TLSOPS_PWSH", "/opt/pwsh")
    assert interpreter.find_powershell() == "/opt/pwsh"
