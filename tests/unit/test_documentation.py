# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said in more than one place is the same in each: a step's arguments, lists of steps, paths and commands."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(path.stem for path in (ROOT / "plugins/action").glob("*.py"))
STEPS = [name for name in MODULES if (ROOT / f"plugins/plugin_utils/_steps/{name}.py").is_file()]
LOOKUPS = sorted(path.stem for path in (ROOT / "plugins/lookup").glob("*.py"))
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *ROOT.glob("roles/*/README.md"),
]
TASKS = {"renewal": "tasks/renew.yml"}  # where a role's one task is, if its main.yml does more than this task
OWN = {"renewal": r"sign|before|folder|(ca|request)_\w+"}  # a role's variables that are no arguments of its step
FOLDERS = "plugins|roles|playbooks|tests|docs|meta|changelogs|LICENSES|\\.ci"
SPOKEN = ("type", "required", "default", "choices", "elements")  # what documentation says of an option


def strings_of(path: Path) -> dict[str, str]:
    """The string constants that a documentation file assigns, in a class or at the top."""
    found = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            found[ast.unparse(node.targets[0])] = node.value.value
    return found


def documentation(step: str) -> dict[str, Any]:
    return yaml.safe_load(strings_of(ROOT / f"plugins/modules/{step}.py")["DOCUMENTATION"])


def documented_options(step: str) -> dict[str, Any]:
    """A module's options with those of its fragments."""
    page = documentation(step)
    options = dict(page.get("options", {}))
    for fragment in page.get("extends_documentation_fragment", []):
        name = fragment.removeprefix("tlsops.windows.")
        text = strings_of(ROOT / f"plugins/doc_fragments/{name}.py")["DOCUMENTATION"]
        options |= yaml.safe_load(text).get("options", {})
    return options


def step_module(step: str) -> Any:
    """The module with a step's arguments; what is no step (it contacts no host) has them in another room."""
    room = "_steps" if step in STEPS else "_controller"
    return importlib.import_module(f"ansible_collections.tlsops.windows.plugins.plugin_utils.{room}.{step}")


def role_file(step: str, name: str) -> Any:
    return yaml.safe_load((ROOT / "roles" / step / name).read_text(encoding="utf-8")) or {}


def spoken(options: dict[str, Any], *more: str) -> dict[str, Any]:
    """What is said of each option, and of the options of its entries; a module's page calls those suboptions."""
    found = {}
    for name, value in options.items():
        found[name] = {
            key: list(value[key]) if key == "choices" else value[key]
            for key in (*SPOKEN, *more)
            if value.get(key) is not None
        }
        if inner := value.get("options") or value.get("suboptions"):
            found[name]["options"] = spoken(inner, *more)
    return found


def described(options: dict[str, Any]) -> bool:
    inner = (value.get("options") or value.get("suboptions") or {} for value in options.values())
    return all(value.get("description") for value in options.values()) and all(map(described, inner))


def unprefixed(step: str, variables: dict[str, Any]) -> dict[str, Any]:
    assert all(name.startswith(f"{step}_") for name in variables)
    plain = {name.removeprefix(f"{step}_"): value for name, value in variables.items()}
    return {name: value for name, value in plain.items() if not re.fullmatch(OWN.get(step, ""), name)}


def test_steps_are_listed_the_same_everywhere() -> None:
    group = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))["action_groups"]["all"]
    table = re.findall(
        r"^\| \[`(\w+)`\]\(roles/\1/README\.md\) \|", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert sorted(group) == STEPS
    assert sorted(table) == STEPS
    assert sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py")) == MODULES
    assert sorted(path.name for path in (ROOT / "roles").iterdir()) == STEPS


@pytest.mark.parametrize("step", STEPS)
class TestStep:
    def test_role_takes_the_arguments(self, step: str) -> None:
        options = role_file(step, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
        assert spoken(unprefixed(step, options), "no_log") == spoken(step_module(step).ARGUMENTS, "no_log")
        assert described(options)

    def test_role_has_the_defaults(self, step: str) -> None:
        wanted = {name: each["default"] for name, each in step_module(step).ARGUMENTS.items() if "default" in each}
        assert unprefixed(step, role_file(step, "defaults/main.yml")) == wanted

    def test_role_says_its_defaults(self, step: str) -> None:
        options = role_file(step, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
        said = {name: option["default"] for name, option in options.items() if "default" in option}
        assert role_file(step, "defaults/main.yml") == said

    def test_role_hands_every_argument_on(self, step: str) -> None:
        (task,) = role_file(step, TASKS.get(step, "tasks/main.yml"))
        given = task[f"tlsops.windows.{step}"]
        assert set(given) == set(step_module(step).ARGUMENTS)
        assert all(re.match(rf"{{{{ {step}_{name}\b", value) for name, value in given.items())

    def test_role_readme_has_every_variable(self, step: str) -> None:
        text = (ROOT / "roles" / step / "README.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
        assert rows == list(role_file(step, "meta/argument_specs.yml")["argument_specs"]["main"]["options"])


@pytest.mark.parametrize("module", MODULES)
class TestModule:
    def test_it_documents_the_arguments(self, module: str) -> None:
        assert spoken(documented_options(module)) == spoken(step_module(module).ARGUMENTS)

    def test_its_page_is_whole(self, module: str) -> None:
        page = documentation(module)
        assert page["module"] == module
        assert described(documented_options(module))
        examples = yaml.safe_load(strings_of(ROOT / f"plugins/modules/{module}.py")["EXAMPLES"])
        for task in examples:
            assert set(task.get(f"tlsops.windows.{module}", {})) <= set(step_module(module).ARGUMENTS)

    def test_action_is_only_a_door(self, module: str) -> None:
        lines = (ROOT / f"plugins/action/{module}.py").read_text(encoding="utf-8").splitlines()
        assert len(lines) < 15
        assert f"STEP = {module}." in "\n".join(lines)


def test_stepwise_gives_the_roles_only_what_they_know() -> None:
    given = yaml.safe_load((ROOT / "playbooks/vars/stepwise.yml").read_text(encoding="utf-8"))
    known = {
        name
        for step in STEPS
        for name in role_file(step, "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    }
    taken = set(re.findall(r"\brenewal_\w+", " ".join(map(str, given.values()))))
    assert set(given) <= known
    assert taken <= known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestPage:
    def test_paths_exist(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        named = re.findall(rf"(?<![\w/.}}>-])((?:{FOLDERS})/[\w./<>*-]*[\w/>*])", text)
        missing = [name for name in named if not any(ROOT.glob(re.sub(r"<\w+>", "*", name).rstrip("/")))]
        assert missing == []

    def test_links_lead_somewhere(self, page: Path) -> None:
        links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
        missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
        assert missing == []

    def test_commands_exist(self, page: Path) -> None:
        text = page.read_text(encoding="utf-8")
        makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
        targets = set(re.findall(r"^([a-z0-9 ]+):", makefile, re.MULTILINE))
        known = {name for target in targets for name in target.split()}
        assert set(re.findall(r"(?:^|`)make ([a-z0-9]+)", text, re.MULTILINE)) <= known
        plugins = set(re.findall(r"\btlsops\.windows\.(?!all\b)([a-z_]+)", text))
        assert plugins <= {*MODULES, *LOOKUPS, *(path.stem for path in (ROOT / "playbooks").glob("*.yml"))}
