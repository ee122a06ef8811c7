# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the contract tests put into the script: what stops the whole script from parsing."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tree_sitter_powershell", reason="the linter needs tree-sitter and tree-sitter-powershell")

import tree_sitter
import tree_sitter_powershell

from .test_powershell import SCRIPT
from .tree import Node, functions, named, parameter_names, text, walk

CONTRACT = Path(__file__).parents[1] / "contract"
WORLD = "".join((CONTRACT / name).read_text(encoding="ascii") for name in ("world.ps1", "metabase.ps1"))


def parsed(script: str) -> Node:
    language = tree_sitter.Language(tree_sitter_powershell.language())
    return tree_sitter.Parser(language).parse(script.encode("ascii")).root_node


def classes(script: str) -> list[Node]:
    return list(named(parsed(script), "class_statement"))


def assigned_like_properties(owner: Node) -> set[str]:
    """PowerShell's parser refuses these (MissingThis, MissingTypeInStaticPropertyAssignment)."""
    definitions = list(named(owner, "class_property_definition"))
    properties = {text(each).lstrip("$").lower() for node in definitions for each in named(node, "variable")}
    targets = [node for method in named(owner, "class_method_definition") for node in _targets(method)]
    return properties & {target.rpartition("$")[2].strip().lower() for target in targets}


def _targets(method: Node) -> list[str]:
    return [text(node.children[0]) for node in walk(method) if node.type == "assignment_expression"]


def test_what_it_replaces_is_only_windows_own_and_takes_the_same() -> None:
    start, found_mark, _rest = SCRIPT.read_text(encoding="ascii").partition("# ---- Arguments, answers, errors ----\n")
    assert found_mark
    shipped, replaced = (
        {name: parameter_names(body) for name, body in functions(parsed(script)).items()} for script in (start, WORLD)
    )
    assert replaced == {name: shipped[name] for name in replaced}
    assert shipped.keys() - replaced.keys() == {"DeleteKey", "MetabasePath", "UseNode"}, "work anywhere"


def test_no_method_assigns_to_a_variable_named_like_a_property() -> None:
    found = classes(WORLD)
    assert [assigned_like_properties(each) for each in found] == [set()] * 4


@pytest.mark.parametrize("target", ["$path", "[string] $Path"])
def test_such_an_assignment_is_found(target: str) -> None:
    (found,) = classes(f"class A {{\n[string] $Path\n[void] B() {{ {target} = 'x'; $this.Path = 'y' }}\n}}\n")
    assert assigned_like_properties(found) == {"path"}
