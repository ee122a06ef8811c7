# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a secret could reach a log: as an argument of a cmdlet (module logging, event 4103).

A value may be a secret when it comes from an operation's argument that is not listed as public, from a payload, or
from ``Export``, and whatever is computed from such a value, through variables, parameters and results of functions.
"""

from __future__ import annotations

from collections.abc import Iterator

from . import vocabulary as known
from .tree import Node, functions, name_of, named, parameter_names, targets, text, variable_name, walk

_READERS = ("Bytes", "Text", "Texts")
_SOURCES = ("Arguments", "Payload", "Export")


class _Taint:
    """Functions whose result, and (function, parameter) pairs whose value, may be a secret; grows to a fixed point."""

    def __init__(self, root: Node) -> None:
        self.functions = functions(root)
        self.results: set[str] = set()
        self.given: set[tuple[str, str]] = set()
        size = -1
        while size != len(self.results) + len(self.given):
            size = len(self.results) + len(self.given)
            for name, body in self.functions.items():
                self._function(name, body)

    def variables(self, name: str, body: Node) -> set[str]:
        """The variables of a function that may hold a secret."""
        found = {parameter for function, parameter in self.given if function == name}
        before = -1
        while before != len(found):
            before = len(found)
            for assignment in named(body, "assignment_expression"):
                if self.holds(assignment.children[-1], found):
                    found.update(targets(assignment))
            for loop in named(body, "foreach_statement"):
                variable = next(child for child in loop.children if child.type == "variable")
                if self.holds(next(child for child in loop.children if child.type == "pipeline"), found):
                    found.add(variable_name(variable))
        return found - {"null"}

    def holds(self, expression: Node, secret: set[str]) -> bool:
        """Whether the expression's value may be a secret. A command counts by its result, not by its arguments."""
        if expression.type == "command":
            return self._command(expression)
        if expression.type == "variable":
            return variable_name(expression) in secret
        if expression.type == "member_name":
            return text(expression) in _SOURCES
        return any(self.holds(child, secret) for child in expression.children)

    def _command(self, command: Node) -> bool:
        name = name_of(command)
        if name in _READERS:
            return _argument_name(command) not in known.PUBLIC_ARGUMENTS
        return name in self.results

    def _function(self, name: str, body: Node) -> None:
        secret = self.variables(name, body)
        if name not in _READERS:
            statements = named(body, "flow_control_statement")
            if any(text(each).startswith("return") and self.holds(each, secret) for each in statements):
                self.results.add(name)
        for command in named(body, "command"):
            called = self.functions.get(name_of(command))
            if called is not None and name_of(command) not in _READERS:
                for parameter, value in zip(parameter_names(called), arguments(command), strict=False):
                    if self.holds(value, secret):
                        self.given.add((name_of(command), parameter))


def leaks(root: Node) -> Iterator[tuple[Node, str]]:
    """Cmdlets that are given what may be a secret."""
    taint = _Taint(root)
    for name, body in taint.functions.items():
        secret = taint.variables(name, body)
        yield from _leaks(taint, body, secret)
    yield from _leaks(taint, root, set())


def _leaks(taint: _Taint, scope: Node, secret: set[str]) -> Iterator[tuple[Node, str]]:
    for command in named(scope, "command"):
        if name_of(command) in known.CMDLETS:
            for value in arguments(command):
                if taint.holds(value, secret):
                    yield command, f"{name_of(command)} is given {text(value)[:60]}, which may be a secret"


def arguments(command: Node) -> list[Node]:
    elements = command.child_by_field_name("command_elements")
    if elements is None:
        return []
    skipped = ("command_argument_sep", "command_parameter")
    return [child for child in elements.children if child.is_named and child.type not in skipped]


def _argument_name(command: Node) -> str:
    """The literal second argument of ``Text $call 'name'``; empty where it is computed."""
    given = arguments(command)
    literals = [each for each in walk(given[1]) if each.type == "string_literal"] if len(given) > 1 else []
    return text(literals[0]).strip("'") if len(literals) == 1 else ""
