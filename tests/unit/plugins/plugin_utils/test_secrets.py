# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No value that holds a password or a key shows it in its text, and no error takes one along."""

from __future__ import annotations

import dataclasses
import functools
import gc
import importlib
import re
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.tlsops.windows.plugins import plugin_utils
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow, task
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.files import ControllerFiles
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.target import ConnectionTarget
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import certificate_request, pfx_backup, pfx_restore

from tests.e2e import secret
from tests.e2e.plain import PRODUCTION, host, scenario
from tests.fleet.batch import run_batch
from tests.fleet.world.scenario import load

PASSWORD = "Pa55 \"word\" of $(somebody) 'é'"
WRONG = "Wr0ng-passw0rd"
OPTIONS = Options(dry_run=False, timeout=60, allow_unencrypted=False)
HIDDEN = re.compile("password|passphrase|private_?key", re.IGNORECASE)


def dataclasses_of_the_collection() -> list[type[Any]]:
    folder = Path(plugin_utils.__path__[0])
    names = [".".join(path.relative_to(folder).with_suffix("").parts) for path in sorted(folder.rglob("*.py"))]
    modules = [importlib.import_module(f"{plugin_utils.__name__}.{name}") for name in names if "__init__" not in name]
    values = [(module, each) for module in modules for each in vars(module).values() if isinstance(each, type)]
    return [each for module, each in values if each.__module__ == module.__name__ and dataclasses.is_dataclass(each)]


def shown(kind: type[Any]) -> set[str]:
    """The fields whose values a value's own text shows."""
    value = object.__new__(kind)
    for field in dataclasses.fields(kind):
        object.__setattr__(value, field.name, f"<{field.name}>")
    text = repr(value)
    return {field.name for field in dataclasses.fields(kind) if f"<{field.name}>" in text}


@pytest.mark.parametrize("kind", dataclasses_of_the_collection(), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_no_field_that_may_hold_a_secret_is_shown(kind: type[Any]) -> None:
    suspects = {
        field.name
        for field in dataclasses.fields(kind)
        if (str(field.type) != "bool" and HIDDEN.search(f"{field.name} {field.type}")) or str(field.type) == "Arguments"
    }
    assert shown(kind) & suspects == set()


def test_a_field_that_is_shown_would_be_found() -> None:
    kind = dataclasses.make_dataclass("Kind", [("password", str), ("name", str)])
    assert shown(kind) == {"password", "name"}
    assert len(dataclasses_of_the_collection()) > 50


def texts() -> bytes:
    """What every value of the collection's classes, every partial and every error that is alive says of itself."""
    found = {sys.intern(text) for each in gc.get_objects() for text in _said(each)}
    return "\n".join(found).encode("utf-8", "surrogatepass")


def _said(each: Any) -> Iterator[str]:
    kind = type(each)
    if isinstance(each, BaseException):
        yield f"{each!r} {each.args!r}"
    elif isinstance(each, functools.partial):
        yield repr(each) if _ours(each.func) else ""
    elif _ours(kind) and (dataclasses.is_dataclass(kind) or "__repr__" in vars(kind)):
        yield repr(each)


def _ours(each: Any) -> bool:
    return str(getattr(each, "__module__", "")).startswith(plugin_utils.__name__)


@pytest.fixture
def lived(tmp_path: Path) -> SimpleNamespace:
    """Two servers in memory, the way to them, and what could be read at each round in what was alive then."""
    world = load(scenario(web01=host(PRODUCTION), spare=host()))
    seen: list[bytes] = []
    one_time: set[str] = set()

    def execute(name: str, _command: str, in_data: bytes) -> dict[str, Any]:
        lines = in_data.decode().split("\n\0\0\0\0\n", 1)[1].splitlines()
        seen.append(texts())
        answer = run_batch(world.hosts[name], lines)
        one_time.update(_passwords(lines))
        return {"stdout": answer, "stderr": "", "rc": 0}

    def run(name: str, module: Any, step: Any, **arguments: Any) -> dict[str, Any]:
        connection = SimpleNamespace(transport="local", get_option=lambda _name: None)
        target = ConnectionTarget(connection, functools.partial(execute, name))
        given = task.validated(arguments, module.ARGUMENTS, module.RULES)
        files = ControllerFiles(DataLoader(), name)

        def write(file: Any, content: bytes) -> None:
            seen.append(texts())
            files.write(file.path, content, vault=False, replace=file.replace)

        return flow.run(step.from_arguments(given, files), target, OPTIONS, write)

    tmp_path.chmod(0o700)
    return SimpleNamespace(world=world, run=run, seen=seen, one_time=one_time, path=str(tmp_path / "web01.pfx"))


def _passwords(lines: list[str]) -> Iterator[str]:
    from tests.fleet.batch import read_header, read_request

    nonce, header = read_header(lines[0])
    for operation in read_request(nonce, header, lines[1:]).operations:
        if "pfx" in operation.name:
            yield operation.arguments.text("password")


def secrets(lived: SimpleNamespace) -> list[secret.Secret]:
    keys = [each.key for world in lived.world.hosts.values() for each in world.keys.all()]
    found = [secret.text("the password", PASSWORD), secret.text("the wrong one", WRONG)]
    found += [secret.text("a one-time password", each) for each in sorted(lived.one_time)]
    return found + [secret.private_key(f"key {number}", key) for number, key in enumerate(keys)]


def test_nothing_that_is_alive_during_a_task_shows_a_secret(lived: SimpleNamespace) -> None:
    backup = {"site": "Production", "password": PASSWORD, "destinations": [lived.path]}
    results = [lived.run("web01", pfx_backup, pfx_backup.PfxBackup, **backup)]
    results.append(lived.run("spare", pfx_restore, pfx_restore.PfxRestore, path=lived.path, password=PASSWORD))
    results.append(lived.run("web01", certificate_request, certificate_request.CertificateRequest, site="Production"))
    assert all(each["changed"] for each in results)
    assert len(lived.one_time) == 2
    assert len(lived.seen) >= 7
    assert b"PfxBackup(" in b"".join(lived.seen)
    assert b"store.import_pfx" in b"".join(lived.seen)
    assert secret.search(b"\n".join([*lived.seen, repr(results).encode()]), secrets(lived)) == []


def test_a_value_that_shows_its_password_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    kind = dataclasses.make_dataclass("Kind", [("password", str)])
    monkeypatch.setattr(kind, "__module__", plugin_utils.__name__ + "._steps")
    alive = [kind(PASSWORD)]
    assert secret.search(texts(), [secret.text("it", PASSWORD)])
    assert alive


def _raised(work: Callable[[], Any]) -> TlsOpsError:
    with pytest.raises(TlsOpsError) as caught:
        work()
    return caught.value


def _told(error: BaseException | None) -> str:
    """All that an error says, those it came from, and their tracebacks."""
    said = "" if error is None else "".join(traceback.format_exception(error))
    while error is not None:
        said += f"\n{error!r} {error.args!r} {vars(error)!r}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return said


def test_no_error_takes_a_secret_along(lived: SimpleNamespace) -> None:
    half = WRONG + "\udce9"
    backup, restore = pfx_backup.PfxBackup, pfx_restore.PfxRestore
    there = {"site": "Production", "destinations": [lived.path]}
    lived.run("web01", pfx_backup, backup, password=PASSWORD, **there)
    damaged = Path(lived.path).with_name("damaged.pfx")
    damaged.write_bytes(Path(lived.path).read_bytes()[:-40] + bytes(40))
    errors = [
        _raised(lambda: lived.run("spare", pfx_restore, restore, path=lived.path, password=WRONG)),
        _raised(lambda: lived.run("spare", pfx_restore, restore, path=str(damaged), password=PASSWORD)),
        _raised(lambda: lived.run("spare", pfx_restore, restore, path=lived.path, password=half)),
        _raised(lambda: lived.run("spare", pfx_restore, restore, path=lived.path, password=[WRONG])),
        _raised(lambda: lived.run("spare", pfx_restore, restore, path=lived.path, pasword=WRONG)),
        _raised(lambda: lived.run("web01", pfx_backup, backup, password=WRONG, **there)),
        _raised(lambda: lived.run("web01", pfx_backup, backup, password=half, **there)),
        _raised(lambda: lived.run("web01", pfx_backup, backup, password={"a": WRONG}, **there)),
    ]
    told = "\n".join(map(_told, errors))
    assert told.count("Traceback") >= len(errors)
    assert secret.search(told.encode("utf-8", "surrogatepass"), secrets(lived)) == []
