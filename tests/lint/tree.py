# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reading a PowerShell syntax tree."""

from __future__ import annotations

from collections.abc import Iterator

import tree_sitter

Node = tree_sitter.Node


def text(node: Node) -> str:
    return (node.text or b"").decode("utf-8")


def walk(node: Node, *, skip_functions: bool = False) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    yield node
    for child in node.children:
        if not (skip_functions and child.type == "function_statement"):
            yield from walk(child, skip_functions=skip_functions)


def named(node: Node, kind: str, *, skip_functions: bool = False) -> list[Node]:
    return [each for each in walk(node, skip_functions=skip_functions) if each.type == kind]


def functions(root: Node) -> dict[str, Node]:
    """Function statements by name."""
    return {text(named(each, "function_name")[0]): each for each in named(root, "function_statement")}


def name_of(command: Node) -> str:
    name = command.child_by_field_name("command_name")
    return text(name) if name is not None else ""


def variable_name(node: Node) -> str:
    """Without sigil and case; empty where the node is no plain variable."""
    return text(node).lstrip("$@").strip("{}").lower() if node.type == "variable" else ""


def parameters(function: Node) -> set[str]:
    return set(parameter_names(function))


def parameter_names(function: Node) -> list[str]:
    """In their order."""
    return [variable_name(named(each, "variable")[0]) for each in named(function, "script_parameter")]


def targets(assignment: Node) -> list[str]:
    """The variables that an assignment sets; none where it sets an element or a member."""
    left = assignment.child_by_field_name("left") or next(
        child for child in assignment.children if child.type == "left_assignment_expression"
    )
    if named(left, "member_access") or named(left, "element_access"):
        return []
    return [variable_name(each) for each in named(left, "variable")]


def local_names(scope: Node, *, skip_functions: bool = False) -> set[str]:
    """The variables that are set within, by assignment or ``foreach``."""
    found = {
        name
        for assignment in named(scope, "assignment_expression", skip_functions=skip_functions)
        for name in targets(assignment)
    }
    for loop in named(scope, "foreach_statement", skip_functions=skip_functions):
        found.add(variable_name(next(child for child in loop.children if child.type == "variable")))
    return found - {"null"}
