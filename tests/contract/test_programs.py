# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``run`` and the time limits: real programs, so only where a PowerShell is found."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import program

from .case import HOSTILE
from .sides import PowerShell, run
from .test_operations import needs_powershell
from .world import World

pytestmark = needs_powershell

ARGUMENTS = [
    *("a b", 'c"d', "e\\", 'f\\"g', "h i\\", "", "$(x)", 'é"; rm', "\\\\", '"', 'a\\\\"b c\\\\', "x\ty", "*", "'"),
    *HOSTILE,
]


def python(code: str, *arguments: str, seconds: int = 20, **options: object) -> Operation:
    return do.run(sys.executable, "-c", code, *arguments, seconds=seconds, **options)  # type: ignore[arg-type]


@pytest.fixture
def side(tmp_path: Path) -> PowerShell:
    return PowerShell(World(), tmp_path)


def test_arguments_arrive_as_they_are(side: PowerShell) -> None:
    code = "import sys, json; print(json.dumps(sys.argv[1:]))"
    (answer,) = run(side, [python(code, *ARGUMENTS)])
    assert json.loads(program(answer.payload).stdout) == ARGUMENTS


def test_both_outputs_and_the_exit_code(side: PowerShell) -> None:
    code = "import sys; sys.stdout.buffer.write(bytes(range(256))); sys.stderr.write('e'); sys.exit(7)"
    answer, accepted = run(side, [python(code), python(code, ok_exit=(0, 7))])
    assert (answer.status, answer.kind, answer.number) == ("error", "exit", 7)
    assert answer.text == bytes(range(256)).decode("latin-1") + "e"
    assert accepted.ok
    for each in (answer, accepted):
        result = program(each.payload)
        assert (result.exit, result.stdout, result.stderr) == (7, bytes(range(256)), b"e")


def test_much_output_on_both_pipes(side: PowerShell) -> None:
    code = "import sys; sys.stdout.write('o' * 3000000); sys.stderr.write('e' * 200000); sys.exit(5)"
    (answer,) = run(side, [python(code, seconds=60)], deadline=90)
    result = program(answer.payload)
    assert (result.exit, len(result.stdout), len(result.stderr), len(answer.text)) == (5, 3000000, 200000, 500)


def test_no_more_than_16_megabytes_of_a_pipe_are_kept(side: PowerShell) -> None:
    code = "import sys; sys.stdout.write('o' * (20 << 20)); print('e' * 10, file=sys.stderr)"
    (answer,) = run(side, [python(code, seconds=60)], deadline=90)
    result = program(answer.payload)
    assert 16 << 20 <= len(result.stdout) < (16 << 20) + 65536
    assert result.stderr.strip() == b"e" * 10


def test_a_program_that_says_nothing(side: PowerShell) -> None:
    silent, failed = run(side, [python("pass"), python("import sys; sys.exit(255)")])
    assert (program(silent.payload).stdout, program(silent.payload).stderr) == (b"", b"")
    assert (failed.kind, failed.number, failed.text) == ("exit", 255, "")


def test_what_a_program_starts_later_finds_the_batch_ended(side: PowerShell) -> None:
    """A child with closed pipes is none of the batch's business."""
    child = "import time; time.sleep(20)"
    code = (
        f"import subprocess as s, sys; s.Popen([sys.executable, '-c', {child!r}], stdout=s.DEVNULL, stderr=s.DEVNULL)"
    )
    before = time.monotonic()
    (answer,) = run(side, [python(code)])
    assert answer.ok
    assert time.monotonic() - before < 18


def test_standard_input_is_closed(side: PowerShell) -> None:
    (answer,) = run(side, [python("import sys; print(len(sys.stdin.read()))")])
    assert int(program(answer.payload).stdout) <= 1  # .NET Framework may write a byte order mark


def test_a_program_is_stopped_at_its_limit(side: PowerShell) -> None:
    before = time.monotonic()
    late, next_one = run(side, [python("import time; time.sleep(60)", seconds=1), python("print(1)")])
    assert (late.status, late.kind) == ("error", "timeout")
    assert next_one.ok
    assert time.monotonic() - before < 25


def test_a_child_that_keeps_the_pipes_does_not_keep_the_batch(side: PowerShell) -> None:
    code = (
        "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)']); print('done')"
    )
    before = time.monotonic()
    (answer,) = run(side, [python(code)])
    assert program(answer.payload).stdout.strip() == b"done"
    assert time.monotonic() - before < 25


def test_the_batch_bounds_a_program(side: PowerShell) -> None:
    late, after = run(side, [python("import time; time.sleep(60)", seconds=50), python("print(1)")], deadline=4)
    assert (late.kind, after.kind) == ("timeout", "deadline")


def test_retries_while_the_output_matches(side: PowerShell, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    code = (
        "import pathlib, sys; f = pathlib.Path(sys.argv[1]); n = int(f.read_text()) + 1 if f.exists() else 1;"
        "f.write_text(str(n)); print('Error: 87'); sys.exit(0 if n == 3 else 1)"
    )
    (answer,) = run(side, [python(code, str(counter), retry_match="(?<![0-9])87", retry_seconds=20)])
    assert answer.ok
    assert counter.read_text() == "3"


def test_does_not_retry_what_does_not_match(side: PowerShell, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    code = "import sys; open(sys.argv[1], 'a').write('x'); print('Error: 5'); sys.exit(1)"
    (answer,) = run(side, [python(code, str(counter), retry_match="87", retry_seconds=20)])
    assert (answer.kind, answer.number) == ("exit", 1)
    assert counter.read_text() == "x"


def test_gives_up_when_the_time_for_retries_is_over(side: PowerShell, tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    code = "import sys; open(sys.argv[1], 'a').write('x'); print('Error: 87'); sys.exit(1)"
    (answer,) = run(side, [python(code, str(counter), retry_match="87", retry_seconds=2)])
    assert (answer.kind, answer.number) == ("exit", 1)
    assert 2 <= len(counter.read_text()) <= 4


def test_a_program_by_an_environment_variable_but_not_its_arguments(side: PowerShell) -> None:
    name = "%TLSOPS_WORLD%"
    (missing,) = run(side, [do.run(name)])
    assert name not in missing.text
    (answer,) = run(side, [python("import sys; print(sys.argv[1])", name)])
    assert program(answer.payload).stdout.strip() == name.encode()


def test_a_service_that_does_not_come_up(tmp_path: Path) -> None:
    side = PowerShell(World(services={"Stuck": (1, 3)}), tmp_path)
    (tmp_path / "world" / "services" / "Stuck").write_text("!1")
    (answer,) = run(side, [do.service("Stuck", "start", seconds=1)])
    assert (answer.status, answer.kind) == ("error", "timeout")
