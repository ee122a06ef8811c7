# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests that are none, two batches at a time, and values that try to become code: on both sides."""

from __future__ import annotations

import base64
import secrets
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import reg_dword
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError

from .case import KEY
from .sides import PowerShell, Side, run
from .test_operations import MARKS, SIDES, needs_powershell
from .world import World

both_sides = pytest.mark.parametrize("side_name", [pytest.param(name, marks=MARKS[name]) for name in SIDES])


def token(text: str) -> str:
    return base64.b64encode(text.encode()).decode() or "-"


def line(keyword: str, *fields: str) -> str:
    return " ".join([keyword, *map(token, fields)])


def write(name: str = "x") -> str:
    value = reg_dword(1).decode()
    return line("do", "reg.write", "key", KEY, "name", name, "kind", "DWord", "data", value)


MALFORMED = {
    "no end": [write()],
    "an unknown keyword": [write(), "redo x", "end"],
    "an undo before the first do": [line("undo", "host.info"), write(), "end"],
    "an argument without value": [write(), line("do", "reg.read", "key"), "end"],
    "a token that is not base64": [write(), "do r%g.read", "end"],
    "a token that is half of one": [write(), f"{line('do', 'reg.read', 'key', KEY)[:-1]}", "end"],
    "bytes that are no text": [write(), f"do {base64.b64encode(bytes([255])).decode()}", "end"],
    "an empty line": [write(), "", "end"],
    "a keyword in capitals": [write(), write().replace("do ", "DO "), "end"],
    "a keyword that is PowerShell": [write(), "$(throw 1)", "end"],
    "an end that is cut off": [write(), "en"],
    "a line that is cut off": [write(), write()[:40]],
    "an undo that is unknown": [write(), line("undo", "no.such"), "end"],
}


@both_sides
@pytest.mark.parametrize("lines", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_batch_does_nothing(side_name: str, lines: list[str], tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    nonce = secrets.token_hex(16)
    output = side.send("\n".join([line("batch", "1", nonce, "write", "60", "10"), *lines, ""]))
    with pytest.raises(TlsOpsError, match="did not understand the batch"):
        wire.decode(output.stdout, output.stderr, nonce=nonce, count=1)
    assert run(side, [do.reg_read(KEY)])[0].payload == b""


HEADS = {
    "a deadline that is no number": ("1", "write", "soon", "10"),
    "a wait that is no number": ("1", "write", "60", "long"),
    "another version": ("2", "write", "60", "10"),
    "no version": ("", "write", "60", "10"),
}


@both_sides
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
def test_a_first_line_that_is_wrong(side_name: str, head: tuple[str, str, str, str], tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    nonce = secrets.token_hex(16)
    version, *rest = head
    output = side.send("\n".join([line("batch", version, nonce, *rest), write(), "end", ""]))
    with pytest.raises(TlsOpsError, match="did not understand the batch"):
        wire.decode(output.stdout, output.stderr, nonce=nonce, count=1)
    assert run(side, [do.reg_read(KEY)])[0].payload == b""


@both_sides
def test_what_follows_the_end_is_not_read(side_name: str, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    nonce = secrets.token_hex(16)
    first = line("batch", "1", nonce, "write", "60", "10")
    output = side.send("\n".join([first, line("do", "reg.read", "key", KEY), "end", write(), "nonsense", ""]))
    assert wire.decode(output.stdout, output.stderr, nonce=nonce, count=1)[0].payload == b""
    assert run(side, [do.reg_read(KEY)])[0].payload == b""


@both_sides
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.99], ids=str)
def test_a_batch_that_is_cut_off_does_nothing(side_name: str, share: float, tmp_path: Path) -> None:
    side: Side = SIDES[side_name](World(), tmp_path)
    nonce = secrets.token_hex(16)
    writes = [do.reg_write(KEY, f"{number}", "DWord", reg_dword(number)) for number in range(8)]
    batch = wire.encode(writes, nonce=nonce, mode="write", deadline=60, mutex_wait=5)
    output = side.send(batch[: int(len(batch) * share)])
    with pytest.raises(TlsOpsError):
        wire.decode(output.stdout, output.stderr, nonce=nonce, count=8)
    assert run(side, [do.reg_read(KEY)])[0].payload == b""


@both_sides
def test_an_operation_that_is_unknown(side_name: str, tmp_path: Path) -> None:
    """The script refuses the whole batch; an error of that operation would do."""
    side: Side = SIDES[side_name](World(), tmp_path)
    nonce = secrets.token_hex(16)
    output = side.send("\n".join([line("batch", "1", nonce, "write", "60", "10"), line("do", "no.such"), "end", ""]))
    try:
        (answer,) = wire.decode(output.stdout, output.stderr, nonce=nonce, count=1)
    except wire.NoAnswer:
        raise
    except TlsOpsError:
        return
    assert answer.status == "error"


@needs_powershell
def test_an_empty_standard_input_is_answered(tmp_path: Path) -> None:
    side = PowerShell(World(), tmp_path)
    output = side.send("")
    assert "-----BEGIN -----" in output.stdout


@needs_powershell
def test_line_ends_do_not_matter(tmp_path: Path) -> None:
    side = PowerShell(World(), tmp_path)
    nonce = secrets.token_hex(16)
    batch = wire.encode([do.host_info()], nonce=nonce, mode="read", deadline=60, mutex_wait=5)
    output = side.send(batch.replace("\n", "\r\n"))
    assert wire.decode(output.stdout, output.stderr, nonce=nonce, count=1)[0].ok


def _slow(seconds: int) -> str:
    operation = do.run(sys.executable, "-c", f"import time; time.sleep({seconds})")
    return wire.encode([operation], nonce="0" * 32, mode="read", deadline=60, mutex_wait=5)


def _until_it_runs(side: PowerShell) -> None:
    """The second one must come while the first one holds the mutex; that takes PowerShell's time to start."""
    for _other in range(100):
        try:
            run(side, [do.host_info()], wait=0)
        except TlsOpsError:
            return
        time.sleep(0.1)
    pytest.fail("the first batch never held the mutex")


@needs_powershell
def test_a_second_batch_waits_or_is_refused(tmp_path: Path) -> None:
    first, second = (PowerShell(World(), tmp_path / name) for name in ("first", "second"))
    process = first.start(_slow(12))
    try:
        _until_it_runs(second)
        with pytest.raises(TlsOpsError, match="another batch"):
            run(second, [do.host_info()], wait=0)
        assert run(second, [do.host_info()], wait=30)[0].ok
    finally:
        process.kill()
        process.communicate()


@needs_powershell
def test_a_mutex_whose_owner_was_killed_is_free(tmp_path: Path) -> None:
    first, second = (PowerShell(World(), tmp_path / name) for name in ("first", "second"))
    process = first.start(_slow(15))
    try:
        _until_it_runs(second)
    finally:
        process.kill()
        process.communicate()
    assert run(second, [do.host_info()], wait=5)[0].ok


@needs_powershell
def test_a_script_that_cannot_run_is_told_from_one_that_answered(tmp_path: Path) -> None:
    """The bootstrap runs, the script throws at once: no marks, so nothing is known."""

    class Broken(PowerShell):
        def script(self) -> str:
            return "throw 'broken'\n"

    output = Broken(World(), tmp_path).send("end\n")
    with pytest.raises(wire.NoAnswer):
        wire.decode(output.stdout, output.stderr, nonce="0" * 32, count=0)
