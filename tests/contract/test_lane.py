# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lane's own parts: what it says was executed, and what it says ran."""

from __future__ import annotations

import html
import os
import re
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import bootstrap

from . import executed, sides, summary, test_providers, test_seldom
from .executed import Record, Statement
from .world import World

HEAD = '#< CLIXML\r\n<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">'
SAMPLE = """function A($x) {
    if ($x -eq 1) { return 'a<b' } elseif ($x) { throw 'b' } else { continue }
    foreach ($a in @(Sorted $b)) { [void]$list.Add($a) }
    for ($i = 0; $i -lt 3; $i++) { $i = 1; return }
    try { A $x } catch { $y = @{ B = A 1 } } finally { A 2 }
    do { $x++ } while ($x)
    return ,$x
}
# ---- Here it begins ----
'x' + 'y'
"""
PLACES = {
    2: [9, 28, 44, 50, 69],
    3: [20, 36],
    4: [10, 18, 28, 36, 44],
    5: [11, 26, 56],
    6: [10, 24],
    7: [12],
    10: [1],
}


@pytest.fixture(autouse=True)
def _grammar() -> None:
    pytest.importorskip("tree_sitter_powershell", reason="tree-sitter and tree-sitter-powershell are not installed")


def trace(script: str, places: Sequence[tuple[int, int]]) -> str:
    """As PowerShell writes it (PositionUtilities.BriefMessage, with the line's end; TraceScriptLineMessage, CLIXML)."""
    lines = script.split("\n")
    said = [
        f"{line:4}+ {lines[line - 1][: column - 1]} >>>> {lines[line - 1][column - 1 :]}_x000A_"
        for line, column in places
    ]
    return HEAD + "".join(f'<S S="debug">{html.escape(each, quote=False)}</S>' for each in said) + "</Objs>"


def places(script: str) -> list[tuple[int, int]]:
    return [(each.line, each.column) for each in executed.statements(script)]


def test_what_counts_as_a_statement() -> None:
    assert places(SAMPLE) == [(line, column) for line, columns in PLACES.items() for column in columns]
    assert {each.function for each in executed.statements(SAMPLE)} == {"A", ""}


def test_a_trace_is_read_back() -> None:
    found = places(SAMPLE)
    assert executed.traced(trace(SAMPLE, found), SAMPLE) == set(found)
    assert executed.traced(trace("another\n" * 20, [(2, 3)]), SAMPLE) == set(), "a line of another file"
    assert executed.traced("", SAMPLE) == set()
    assert executed.traced('<S S="debug">12+ no mark</S><S S="debug">words</S>', SAMPLE) == set()


def test_standard_error_without_its_trace() -> None:
    assert executed.without_trace(trace(SAMPLE, places(SAMPLE))) == ""
    wrong = '<S S="Error">it broke_x000A_</S>'
    assert (
        executed.without_trace(f'{HEAD}<S S="debug">   1+  &gt;&gt;&gt;&gt; a</S>{wrong}</Objs>')
        == f"{HEAD}{wrong}</Objs>"
    )
    assert executed.without_trace("words") == "words"


@pytest.mark.parametrize("at", range(0, 900, 37))
def test_the_errors_that_stand_amid_the_trace_are_taken_out_of_it(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """CLIXML goes out by its own buffer: what the script writes to standard error itself may part an element."""
    monkeypatch.setattr(executed, "RECORD", Record())
    said = trace(SAMPLE, places(SAMPLE))
    told = f"{sides.CAUGHT}\n<it> broke\nat line 3\n{sides.ALL_CAUGHT}\n"
    assert sides.measured(said[:at] + told + said[at:], SAMPLE).strip() == "<it> broke\nat line 3"
    found = executed.parted(said[:at] + told + said[at:], sides.CAUGHT, sides.ALL_CAUGHT)
    assert (found[0], executed.traced(found[0], SAMPLE)) == (said, set(places(SAMPLE)))


def test_only_whole_marks_are_taken_out() -> None:
    assert executed.parted("a b", "b", "c") == ("a b", "")
    assert executed.parted("a", "b", "c") == ("a", "")


@pytest.mark.parametrize("between", ["", "function B { }\nclass C { }\n"], ids=["whole", "parted"])
def test_the_lines_of_the_script_are_found_in_what_is_sent(between: str) -> None:
    before, mark, after = SAMPLE.partition(sides.MAIN)
    sent = f"Set-StrictMode -Version 2\n{before}{between}{mark}{after}more\n"
    shift = between.count("\n")
    numbers = executed.lines_of(SAMPLE, sent, sides.MAIN)
    assert numbers == {**{n + 1: n for n in range(1, 9)}, **{n + 1 + shift: n for n in (9, 10)}}
    record = Record()
    record.note(trace(sent, [(3, 9), (11 + shift, 1), (1, 1)]), sent, numbers, "test_x")
    assert record.first == {(2, 9): "test_x", (10, 1): "test_x"}


def test_lines_of_another_script_are_not() -> None:
    assert executed.lines_of(SAMPLE, "throw 'broken'\n", sides.MAIN) == {}


def test_the_report_names_what_was_never_executed(tmp_path: Path) -> None:
    record = Record()
    record.note(trace(SAMPLE, places(SAMPLE)[:-1]), SAMPLE, executed.lines_of(SAMPLE, SAMPLE, sides.MAIN), "test_x")
    record.note("", SAMPLE, {}, "test_y")
    report = record.report(SAMPLE, set())
    assert report.missed == [Statement(10, 1, "", "'x' + 'y'")]
    assert report.lines() == [
        "batch.ps1: 18 of 19 statements executed (94.7 %), on 6 of 7 lines that hold one; in 2 processes",
        "1 of these processes left no trace (none does before PowerShell 7.6)",
        "never executed:",
        "  10:1  main: 'x' + 'y'",
    ]
    report.write(tmp_path / "new" / "lines.txt")
    written = (tmp_path / "new" / "lines.txt").read_text(encoding="utf-8").splitlines()
    assert [row.rpartition("\t")[2] for row in written] == ["test_x"] * 18 + ["NEVER"]
    assert len(record.report(SAMPLE, {"A"}).statements) == 19, "it was replaced, but also executed"
    assert [each.line for each in Record().report(SAMPLE, {"A"}).statements] == [10], "what is replaced is left out"


def test_every_statement_of_the_shipped_script_can_be_told_from_the_others() -> None:
    script = bootstrap.script()
    found = places(script)
    assert len(found) == len(set(found)) > 700
    assert executed.traced(trace(script, found), script) == set(found)
    assert "_x" not in script, "CLIXML would write it in another way"


def _snippets() -> dict[str, str]:
    """The PowerShell in ``test_seldom.py`` and ``test_providers.py``."""
    named = {**vars(test_seldom), **vars(test_providers)}
    held = {name: value for name, value in named.items() if name.isupper() and isinstance(value, str)}
    made = {"refused": test_seldom.refused(3), "cng": test_providers.cng(-1), "instead": test_seldom.instead("Deny")}
    return held | made


@pytest.mark.parametrize("name", _snippets())
def test_what_is_put_in_the_place_of_functions_parses(name: str) -> None:
    from tests.lint.test_world import assigned_like_properties, parsed
    from tests.lint.tree import named, walk

    root = parsed(re.sub(r"^(class \w+) : [\w.]+ ", r"\1 ", _snippets()[name], flags=re.MULTILINE))  # no such grammar
    assert not [each for each in walk(root) if each.type == "ERROR" or each.is_missing]
    assert [
        assigned_like_properties(each) for each in named(root, "class_statement") if assigned_like_properties(each)
    ] == []


def test_the_stand_ins_are_recognized() -> None:
    found = summary.replaced(sides.stand_ins())
    assert {"Hive", "OpenStore", "FindService", "IsElevated", "FindSid", "NewChain", "OpenNode"} <= found
    assert "Perform" not in found
    assert summary.replaced("function WorldHive($a) { }\nfunction Digest { }\nfunction Other { }\n") == {
        "Hive",
        "Digest",
    }


@pytest.mark.skipif(os.name == "nt", reason="a script with a first line like this one runs on POSIX systems only")
def test_what_a_powershell_says_reaches_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a program that only says what a PowerShell would: nothing is executed by it."""
    program = tmp_path / "pwsh"
    said = trace(f"x\n{bootstrap.script()}", [(13, 9)])
    body = f"import sys\nsys.stdin.read()\nsys.stderr.write({said!r})\nprint('out')\n"
    program.write_text(f"#!{sys.executable}\n{body}", encoding="utf-8")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("TLSOPS_PWSH", str(program))
    monkeypatch.setattr(executed, "RECORD", Record())
    side = sides.PowerShell(World(), tmp_path)
    assert side.script().splitlines()[0] == "Set-StrictMode -Version 2"
    output = side.send("end\n")
    assert (output.stdout, output.stderr) == ("out\n", "")
    assert executed.RECORD.processes == 1
    assert list(executed.RECORD.first) == [(12, 9)]
    monkeypatch.setenv("TLSOPS_COVER", "0")
    assert side.send("end\n").stderr == said
    assert executed.RECORD.processes == 1


def test_a_fault_of_the_measuring_is_no_fault_of_the_case(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_given: object) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(executed, "RECORD", Record())
    monkeypatch.setattr(executed, "lines_of", broken)
    assert sides.measured("said", "script") == "said"
    assert "not all was measured: RuntimeError('no')" in executed.RECORD.report(SAMPLE, set()).lines()


def test_the_share_is_wanted_only_where_it_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executed, "RECORD", Record())
    monkeypatch.delenv("TLSOPS_COVER_MIN", raising=False)
    assert not summary.too_few()
    monkeypatch.setenv("TLSOPS_COVER_MIN", "90")
    assert not summary.too_few(), "no PowerShell has run"
    executed.RECORD.note("", "", {}, "test_x")
    assert summary.too_few()
    assert any("never executed" in line for line in summary.measured())


def test_what_ran_is_told_by_side() -> None:
    def report(state: str, side: str, why: str = "") -> pytest.TestReport:
        words = ("f.py", 1, f"Skipped: {why}") if why else None
        return pytest.TestReport("t", ("f.py", 1, "t"), {}, state, words, "call", user_properties=[("side", side)])  # type: ignore[arg-type]

    stats = {
        "passed": [report("passed", "double"), report("passed", "double")],
        "failed": [report("failed", "powershell")],
        "skipped": [report("skipped", "powershell", "no reason"), report("skipped", "windows", "not Windows")],
    }
    said = summary.ran(stats)
    assert said[:5] == [
        "on the Windows double: 2 ran",
        "on batch.ps1 in a PowerShell, with stand-ins for what only Windows has: 1 failed, 1 did not run",
        "  1: no reason",
        "on batch.ps1 as it is, on Windows: 1 did not run",
        "  1: not Windows",
    ]
    assert summary.ran({"passed": []}) == []
