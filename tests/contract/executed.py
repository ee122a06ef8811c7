# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which statements of ``batch.ps1`` a real PowerShell has executed.

``Set-PSDebug -Trace 1`` in front of the script makes PowerShell write each statement to the debug stream as it reaches
it: the number of its line, and the line with ``>>>>`` where the statement begins (PositionUtilities.BriefMessage in
PowerShell's sources). Where PowerShell is started with an encoded command and standard error is redirected, as
Ansible starts it, that stream is CLIXML on standard error (ConsoleHost.ErrorFormat).

What counts as a statement is read from the syntax tree, by the rules of PowerShell's compiler (VisitPipeline,
VisitReturnStatement and others in Compiler.cs): a pipeline or an assignment, the condition of an ``if`` or a loop,
``return`` by what it returns, ``throw``, ``break``, ``continue``.
"""

from __future__ import annotations

import dataclasses
import html
import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.lint.tree import Node

# A trace that cannot be had must not fail what is measured. Before PowerShell 7.6 (.NET 10) none is asked for: it fails
# at each class with a constructor or a property that PowerShell itself writes code for (PSDebug and EmptyScriptExtent).
TRACE_ON = "try { if ([Environment]::Version.Major -ge 10) { Set-PSDebug -Trace 1 } } catch { }"
TRACE_OFF = "try { Set-PSDebug -Trace 0 } catch { }"
_MARK = " >>>> "
_DEBUG = re.compile(r'<S S="debug">(.*?)</S>', re.DOTALL | re.IGNORECASE)
_POSITION = re.compile(r"\s*([0-9]+)\+ (.*)", re.DOTALL)
_CHARACTER = re.compile("_x([0-9A-F]{4})_", re.IGNORECASE)
_NOTHING_ELSE = re.compile(r"#< CLIXML\s*<Objs [^<>]*>\s*</Objs>\s*")
# Their statements are no steps of the function: PowerShell traces some of them, or runs them with what is around them.
_WITHIN = frozenset(["array_expression", "sub_expression", "hash_literal_expression", "script_block_expression"])
_PARENTS = {"statement_list", "if_statement", "elseif_clause", "foreach_statement"}
_PARENTS |= {"for_initializer", "for_condition", "for_iterator", "while_condition"}

Place = tuple[int, int]


@dataclasses.dataclass(frozen=True, order=True)
class Statement:
    """``line`` and ``column`` (of its first character) count from 1; ``function`` is empty outside of all."""

    line: int
    column: int
    function: str
    text: str


def measuring() -> bool:
    """``TLSOPS_COVER=0`` switches it off."""
    return os.environ.get("TLSOPS_COVER", "1") != "0"


def statements(script: str) -> list[Statement]:
    """The statements of a script, in its order. Raises ImportError where tree-sitter-powershell is not installed."""
    import tree_sitter
    import tree_sitter_powershell

    language = tree_sitter.Language(tree_sitter_powershell.language())
    return sorted(_within(tree_sitter.Parser(language).parse(script.encode("ascii")).root_node, ""))


def _within(node: Node, function: str) -> Iterator[Statement]:
    from tests.lint.tree import named, text

    if node.type == "function_statement":
        function = text(named(node, "function_name")[0])
    if _counts(node):
        line, column = node.start_point
        yield Statement(line + 1, column + 1, function, text(node).partition("\n")[0])
    for child in node.children:
        if child.type not in _WITHIN:
            yield from _within(child, function)


def _counts(node: Node) -> bool:
    if node.type == "flow_control_statement":
        return not _returns(node) or len(node.children) == 1
    if node.type != "pipeline" or node.parent is None:
        return False
    return node.parent.type in _PARENTS or (node.parent.type == "flow_control_statement" and _returns(node.parent))


def _returns(node: Node) -> bool:
    return (node.text or b"").startswith(b"return")


def traced(stderr: str, sent: str) -> set[Place]:
    """Where the statements begin that PowerShell says it has reached: line and column of the script it was ``sent``.

    What it read from elsewhere (a file of stand-ins) has lines of the same numbers, but other ones.
    """
    lines = sent.split("\n")
    found = set()
    for message in _DEBUG.findall(stderr):
        match = _POSITION.fullmatch(_plain(message).rstrip("\r\n"))
        if match is not None:
            line, (before, mark, after) = int(match[1]), match[2].partition(_MARK)
            if mark and 0 < line <= len(lines) and lines[line - 1] == before + after:
                found.add((line, len(before) + 1))
    return found


def _plain(message: str) -> str:
    """A string of CLIXML, as EncodeString in serialization.cs leaves it; a traced line comes with its end."""
    return _CHARACTER.sub(lambda found: chr(int(found[1], 16)), html.unescape(message))


def parted(stderr: str, begin: str, end: str) -> tuple[str, str]:
    """Standard error without what stands from ``begin`` to ``end``, and that.

    CLIXML goes out whenever its buffer is full, and the rest at the end: so in the middle of it, even of an element.
    """
    before, mark, rest = stderr.partition(begin)
    told, closed, after = rest.partition(end)
    return (before + after.lstrip("\r\n"), told) if mark and closed else (stderr, "")


def without_trace(stderr: str) -> str:
    """Standard error as it would be without the trace."""
    rest = _DEBUG.sub("", stderr)
    return "" if _NOTHING_ELSE.fullmatch(rest) else rest


def lines_of(shipped: str, sent: str, mark: str) -> dict[int, int]:
    """The lines of what was sent that are the shipped script's: number there -> number in the script.

    The script may have been parted in front of ``mark``. Empty where it is not in there.
    """
    before, found, after = shipped.partition(mark)
    numbers: dict[int, int] = {}
    for part, first in ((before, 1), (found + after, before.count("\n") + 1)):
        at = sent.find(part)
        if at < 0:
            return {}
        offset = sent.count("\n", 0, at) + 1
        numbers.update((offset + line, first + line) for line in range(part.count("\n")))
    return numbers


class Record:
    """What was seen in all processes of a session."""

    def __init__(self) -> None:
        self.first: dict[Place, str] = {}  # who has executed it first
        self.processes = 0
        self.silent = 0
        self.problem = ""  # the last one with the measuring itself

    def note(self, stderr: str, sent: str, numbers: dict[int, int], who: str) -> None:
        """Adds what one process has written to its standard error; ``numbers`` as from ``lines_of``."""
        self.processes += 1
        places = traced(stderr, sent)
        self.silent += not places
        for line, column in places:
            if line in numbers:
                self.first.setdefault((numbers[line], column), who)

    def report(self, script: str, replaced: Collection[str]) -> Report:
        """Raises ImportError as ``statements``.

        ``replaced``: the functions that a stand-in took the place of. They count where one of them was executed.
        """
        first = {each: self.first.get((each.line, each.column), "") for each in statements(script)}
        ran = {each.function for each, who in first.items() if who}
        own = {each: who for each, who in first.items() if each.function in ran or each.function not in replaced}
        return Report(tuple(own), own, self)


@dataclasses.dataclass(frozen=True)
class Report:
    """``first``: each statement with the test that executed it first, empty where none did."""

    statements: tuple[Statement, ...]
    first: dict[Statement, str]
    record: Record

    @property
    def missed(self) -> list[Statement]:
        return [each for each in self.statements if not self.first[each]]

    @property
    def share(self) -> float:
        """Of the statements, in percent."""
        return 100.0 * (len(self.statements) - len(self.missed)) / max(1, len(self.statements))

    def lines(self) -> list[str]:
        """For a reader."""
        total, missed = len(self.statements), self.missed
        all_lines = {each.line for each in self.statements}
        hit = {each.line for each in self.statements if self.first[each]}
        said = [
            f"batch.ps1: {total - len(missed)} of {total} statements executed ({self.share:.1f} %), on {len(hit)} of"
            f" {len(all_lines)} lines that hold one; in {self.record.processes} processes"
        ]
        if self.record.silent:
            said.append(f"{self.record.silent} of these processes left no trace (none does before PowerShell 7.6)")
        if self.record.problem:
            said.append(f"not all was measured: {self.record.problem}")
        if missed:
            said.append("never executed:")
        return said + [f"  {each.line}:{each.column}  {each.function or 'main'}: {each.text[:90]}" for each in missed]

    def write(self, path: Path) -> None:
        """Each statement with the test that executed it first."""
        path.parent.mkdir(parents=True, exist_ok=True)
        rows = (
            f"{each.line}:{each.column}\t{each.function}\t{each.text}\t{self.first[each] or 'NEVER'}\n"
            for each in self.statements
        )
        path.write_text("".join(rows), encoding="utf-8", newline="\n")


RECORD = Record()
