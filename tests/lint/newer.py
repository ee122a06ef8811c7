# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a script uses that PowerShell 2.0 on .NET 2.0 does not have, with nothing but the standard library.

The linter reads the syntax tree; this reads the text, for the Windows double, whose old hosts refuse such a script.
Both go by ``vocabulary.py``. What is in quotes or in a comment does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from . import vocabulary as known

_TEXT = re.compile(
    r"(?P<comment><#.*?#>|(?<![\w$])#[^\n]*)|@'\n.*?\n'@|@\"\n.*?\n\"@|'(?:[^']|'')*'|\"(?:[^\"`]|`.|\"\")*\"",
    re.DOTALL,
)
_SYNTAX = re.compile(
    r"&&|\|\||\?\?|\?\.|\?\[|\*>|^ *(?:class|enum|using|workflow|configuration)\b|(?<=\s)\?(?=\s)", re.MULTILINE
)
_COMMAND = re.compile(r"(?<![\w$.:-])[A-Za-z]+-[A-Za-z]\w*")
_OPERATOR = re.compile(r"(?<=[\w)\]}\"'] )-([A-Za-z]+)(?![\w-])")
_LOGIC = frozenset(["-and", "-or", "-not", "-xor", "-band", "-bor", "-bxor", "-bnot", "-f"])
_NEW_OBJECT = re.compile(r"\bNew-Object\s+([A-Za-z][\w.]*)")
_TYPE = re.compile(r"(?<![\w$)\]}])\[([A-Za-z][\w.]*(?:\[\])?)\]")
_MEMBER = re.compile(r"(?:(?<![.\s])\.|::)([A-Za-z_]\w*)")
_KEY = re.compile(r"[{;\n]\s*([A-Za-z_]\w*) = ")
_VARIABLE = re.compile(r"\$(psitem|psscriptroot|pscommandpath)\b", re.IGNORECASE)


def newer_than_2(script: str) -> list[str]:
    """Each with its line; empty where PowerShell 2.0 has all that the script uses."""
    code = _TEXT.sub(_blank, script)
    found = {(code.count("\n", 0, at) + 1, what) for rule in _RULES for at, what in rule(code)}
    return [f"{line}: {what}" for line, what in sorted(found)]


def _blank(match: re.Match[str]) -> str:
    """The same number of lines, and a string where one was."""
    kept = "\n" * match[0].count("\n")
    return kept if match["comment"] else f"''{kept}"


def _syntax(code: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0].strip()) for match in _SYNTAX.finditer(code))


def _variables(code: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0]) for match in _VARIABLE.finditer(code))


def _commands(code: str) -> Iterator[tuple[int, str]]:
    return ((match.start(), match[0]) for match in _COMMAND.finditer(code) if match[0] not in known.CMDLETS)


def _operators(code: str) -> Iterator[tuple[int, str]]:
    """A parameter of a cmdlet has the form of an operator."""
    parameters = frozenset[str]().union(*known.CMDLETS.values())
    for match in _OPERATOR.finditer(code):
        if match[0].lower() not in known.OPERATORS | _LOGIC and match[0] not in parameters:
            yield match.start(), match[0]


def _types(code: str) -> Iterator[tuple[int, str]]:
    for match in _TYPE.finditer(code):
        if match[1] not in known.TYPES:
            yield match.start(), f"[{match[1]}]"
    for match in _NEW_OBJECT.finditer(code):
        if match[1] not in known.TYPES | known.FALLBACK_TYPES:
            yield match.start(), f"New-Object {match[1]}"


def _members(code: str) -> Iterator[tuple[int, str]]:
    own = known.MEMBERS | known.NEWER | known.OWN_KEYS | set(_KEY.findall(code))
    for match in _MEMBER.finditer(_TYPE.sub(_spaces, _NEW_OBJECT.sub(_spaces, code))):
        if match[1] not in own:
            yield match.start(), match[0]


def _spaces(match: re.Match[str]) -> str:
    return "0" * len(match[0])


_RULES = (_syntax, _variables, _commands, _operators, _types, _members)
