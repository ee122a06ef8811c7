# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the contract tests put into the script: what stops the whole script from parsing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytest.importorskip("tree_sitter_powershell", reason="the linter needs tree-sitter and tree-sitter-powershell")

import tree_sitter
import tree_sitter_powershell

from .test_powershell import SCRIPT
from .tree import Node, functions, name_of, named, parameter_names, text, walk

CONTRACT = Path(__file__).parents[1] / "contract"
WORLD, STORES, METABASE, WINDOWS = (
    (CONTRACT / name).read_text(encoding="ascii") for name in ("world.ps1", "stores.ps1", "metabase.ps1", "windows.ps1")
)
LANE = WORLD + STORES + METABASE  # what the contract lane puts into the script; whole tasks have WINDOWS besides
PREFIX = "World"


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
    return (properties - {"null"}) & {target.rpartition("$")[2].strip().lower() for target in targets}


def _targets(method: Node) -> list[str]:
    return [text(node.children[0]) for node in walk(method) if node.type == "assignment_expression"]


def aliases(script: str) -> dict[str, str]:
    """What ``Set-Alias`` names, and what it stands for."""
    found = re.findall(r"^Set-Alias -Name (\w+) -Value (\w+) -Scope Global$", script, re.MULTILINE)
    assert len(found) == len(dict(found)) == script.count("Set-Alias")
    return dict(found)


def parameters(script: str) -> dict[str, list[str]]:
    return {name: parameter_names(body) for name, body in functions(parsed(script)).items()}


def test_what_it_replaces_is_only_windows_own_and_takes_the_same() -> None:
    start, found_mark, _rest = SCRIPT.read_text(encoding="ascii").partition("# ---- Arguments, answers, errors ----\n")
    assert found_mark
    shipped, own = parameters(start), parameters(LANE)
    assert {name: own[target] for name, target in aliases(LANE).items()} == {
        name: shipped[name] for name in aliases(LANE)
    }
    assert aliases(LANE) == {name.removeprefix(PREFIX): name for name in own}
    anywhere = {"DeleteKey", "Dial", "Known", "NewMutex", "MetabasePath", "UseNode"}
    assert shipped.keys() - aliases(LANE).keys() <= anywhere, "work anywhere"


def test_a_whole_task_has_two_more_and_they_take_the_same() -> None:
    shipped, own = parameters(SCRIPT.read_text(encoding="ascii")), parameters(WINDOWS)
    assert aliases(WINDOWS) == {name: f"{PREFIX}{name}" for name in ("Dial", "OwnKey")}
    assert {name: own[target] for name, target in aliases(WINDOWS).items()} == {
        name: shipped[name] for name in aliases(WINDOWS)
    }


@pytest.mark.parametrize("script", [WORLD, STORES, METABASE, WINDOWS], ids=["world", "stores", "metabase", "windows"])
def test_it_parses_is_ascii_and_calls_no_function_that_there_is_not(script: str) -> None:
    root = parsed(script)
    assert not [text(node)[:80] for node in walk(root) if node.type == "ERROR" or node.is_missing]
    shipped = parameters(SCRIPT.read_text(encoding="ascii"))
    known = {*shipped, *parameters(LANE + WINDOWS), "New-Object", "Set-Alias"}
    assert {name_of(each) for each in named(root, "command")} <= known


def test_no_method_assigns_to_a_variable_named_like_a_property() -> None:
    found = classes(LANE + WINDOWS)
    assert [assigned_like_properties(each) for each in found] == [set()] * 11


@pytest.mark.parametrize("target", ["$path", "[string] $Path"])
def test_such_an_assignment_is_found(target: str) -> None:
    (found,) = classes(f"class A {{\n[string] $Path\n[void] B() {{ {target} = 'x'; $this.Path = 'y' }}\n}}\n")
    assert assigned_like_properties(found) == {"path"}
