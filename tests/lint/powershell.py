# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A linter for ``batch.ps1``: what cannot be run here can still be read by a machine.

It parses with tree-sitter-powershell and compares with an allow-list (``vocabulary.py``). "Parses" does not mean
"2.0": only what is listed there passes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import tree_sitter
import tree_sitter_powershell

from . import taint
from . import vocabulary as known
from .tree import Node, functions, local_names, name_of, named, parameters, text, walk

_LANGUAGE = tree_sitter.Language(tree_sitter_powershell.language())


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    """``line`` counts from 1."""

    line: int
    rule: str
    what: str

    def __str__(self) -> str:
        return f"{self.line}: {self.rule}: {self.what}"


def lint(script: str) -> list[Finding]:
    """Everything that is wrong with the script, by line."""
    root = tree_sitter.Parser(_LANGUAGE).parse(script.encode("utf-8")).root_node
    found = set(_characters(script))
    for rule in (_syntax, _commands, _types, _casts, _members, _operators, _variables):
        found.update(Finding(node.start_point[0] + 1, rule.__name__[1:], what) for node, what in rule(root))
    found.update(Finding(node.start_point[0] + 1, "secret", what) for node, what in taint.leaks(root))
    return sorted(found)


def _characters(script: str) -> Iterator[Finding]:
    for number, line in enumerate(script.split("\n"), 1):
        if not line.isascii() or any(ord(each) < 32 for each in line):
            yield Finding(number, "characters", "only printable ASCII, and line feeds, travel unharmed")
    if not script.endswith("\n"):
        yield Finding(script.count("\n") + 1, "characters", "the last line has no end")


def _syntax(root: Node) -> Iterator[tuple[Node, str]]:
    for node in walk(root):
        if node.type == "ERROR" or node.is_missing:
            yield node, f"does not parse: {text(node)[:60]!r}"
        elif node.is_named and node.type not in known.SYNTAX:
            yield node, f"{node.type} is not on the list of PowerShell 2.0 syntax: {text(node)[:60]!r}"
        elif node.type == "pipeline_chain" and sum(child.is_named for child in node.children) > 1:
            yield node, "a pipeline: its objects end in the log of every cmdlet in it"


def _commands(root: Node) -> Iterator[tuple[Node, str]]:
    own = set(functions(root))
    for command in named(root, "command"):
        name = name_of(command)
        if name.startswith("$") or name in own:
            continue
        if name not in known.CMDLETS:
            yield command, f"{name} is no function of the script and no cmdlet on the list"
            continue
        for parameter in named(command, "command_parameter"):
            if text(parameter) not in known.CMDLETS[name]:
                yield parameter, f"{name} has no parameter {text(parameter)} on the list"
        if name == "New-Object":
            yield from _new_object(command)


def _new_object(command: Node) -> Iterator[tuple[Node, str]]:
    elements = command.child_by_field_name("command_elements")
    given = [child for child in elements.children if child.is_named and child.type != "command_argument_sep"]
    name = text(given[0]).strip("'")
    if name not in known.TYPES | known.FALLBACK_TYPES:
        yield command, f"New-Object of {name}, which is not on the list of .NET 2.0"
    if name in known.FALLBACK_TYPES and not _inside(command, "catch_clause"):
        yield command, f"{name} is newer than .NET 2.0: only behind a catch"


def _inside(node: Node, kind: str) -> bool:
    while node.parent is not None:
        node = node.parent
        if node.type == kind:
            return True
    return False


def _types(root: Node) -> Iterator[tuple[Node, str]]:
    for literal in named(root, "type_literal"):
        if text(literal)[1:-1] not in known.TYPES:
            yield literal, f"{text(literal)} is not on the list of .NET 2.0"


def _casts(root: Node) -> Iterator[tuple[Node, str]]:
    """From 3.0 on, [string] of a command without output is $null, which is not '' (PowerShell issue 21250)."""
    silent = {name for name, body in functions(root).items() if not _always_returns(body)}
    for cast in named(root, "cast_expression"):
        if text(cast.children[0]) == "[string]":
            for command in _commands_within(cast.children[-1]):
                if name_of(command) in silent:
                    yield cast, f"{name_of(command)} may give nothing, and [string] leaves that $null"


def _always_returns(function: Node) -> bool:
    """Whether the last statement of the function returns a value."""
    bodies = [child for child in function.children if child.type == "script_block"]
    lists = [node for body in bodies for node in named(body, "statement_list")][:1]
    statements = [each for node in lists for each in node.children if each.is_named and each.type != "empty_statement"]
    return bool(statements) and text(statements[-1]).startswith("return ")


def _commands_within(operand: Node) -> list[Node]:
    """The command whose output a bracketed expression is; none where it is something else."""
    node = operand
    while node.type != "command":
        inner = [child for child in node.children if child.is_named]
        if len(inner) != 1:
            return []
        node = inner[0]
    return [node]


def _members(root: Node) -> Iterator[tuple[Node, str]]:
    own = {text(key) for key in named(root, "key_expression")} | known.OWN_KEYS
    for member in named(root, "member_name"):
        name = text(member)
        if name in known.NEWER:
            owner = member.parent.children[0]
            if owner.type == "type_literal":
                yield member, f"{name} is newer than .NET 2.0: ask for its type with -as [type] first"
        elif name not in known.MEMBERS and name not in own:
            yield member, f"{name} is no member on the list of .NET 2.0 and no key of the script"


def _operators(root: Node) -> Iterator[tuple[Node, str]]:
    for operator in named(root, "comparison_operator"):
        if text(operator).lower() not in known.OPERATORS:
            yield operator, f"{text(operator)} is not an operator of PowerShell 2.0 on the list"


def _variables(root: Node) -> Iterator[tuple[Node, str]]:
    """Names are compared without case, as PowerShell does."""
    shared = local_names(root, skip_functions=True)
    scopes = [(root, shared), *((body, local_names(body) | parameters(body)) for body in functions(root).values())]
    for scope, assigned in scopes:
        for name in assigned & known.AUTOMATIC:
            yield scope, f"${name} is PowerShell's own and must not be assigned"
        for variable in named(scope, "variable", skip_functions=scope is root):
            name = text(variable).lstrip("$@").strip("{}").lower()
            if name not in assigned | shared | known.READABLE:
                yield variable, f"{text(variable)} is never set in its function"
