# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A file on the controller is private from its first byte and whole from its first moment, wherever a process dies."""

from __future__ import annotations

import ast
import errno
import os
import signal
import stat
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import files as files_module
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.files import ControllerFiles

CONTENT = os.urandom(100_000)
OLDER = b"older"
PLUGINS = Path(__file__).parents[5] / "plugins"
WAYS = ("unnamed", "no links by /proc", "beside", "no links")
linux_only = pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files without a name are Linux's")
ways = pytest.mark.parametrize("way", [pytest.param(way, marks=linux_only if way[0] == "u" else ()) for way in WAYS])


@pytest.fixture
def folder(tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private folder on a file system that can what ``way`` says."""
    if way in ("beside", "no links"):
        monkeypatch.delattr(files_module.os, "O_TMPFILE", raising=False)
    if way == "no links":
        monkeypatch.setattr(files_module.os, "link", _no_link)
    if way == "no links by /proc":
        link = os.link
        monkeypatch.setattr(
            files_module.os, "link", lambda old, *a, **k: (_no_link if "proc" in str(old) else link)(old, *a, **k)
        )
    place = tmp_path / "private"
    place.mkdir(mode=0o700)
    return place


def _no_link(*_arguments: Any, **_more: Any) -> None:
    raise OSError(errno.EPERM, "Operation not permitted")


@linux_only
@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EACCES, errno.EINVAL])
@pytest.mark.parametrize("call", ["open", "link"])
def test_where_a_file_cannot_be_without_a_name_it_is_written_the_other_way(
    tmp_path: Path, number: int, call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Network file systems, sandboxes and containers refuse it each with another number."""
    real = {"open": os.open, "link": os.link}[call]

    def refusing(path: Any, *arguments: Any, **more: Any) -> Any:
        if str(path) == "." or "proc" in str(path):
            raise OSError(number, os.strerror(number))
        return real(path, *arguments, **more)

    monkeypatch.setattr(files_module.os, call, refusing)
    for replace in (False, True):
        write(tmp_path / f"{replace}.pfx", replace=replace)
    assert {each.read_bytes() for each in tmp_path.iterdir()} == {CONTENT}
    assert len(list(tmp_path.iterdir())) == 2
    with pytest.raises(TlsOpsError, match="has appeared meanwhile"):
        write(tmp_path / "False.pfx")


def write(path: Path, *, replace: bool = False) -> None:
    ControllerFiles(DataLoader(), "web01").write(str(path), CONTENT, vault=False, replace=replace)


def killed_at(step: int, path: Path, *, replace: bool) -> bool:
    """Writes in a process that is killed at that line of the module; False where it came to its end before."""
    child = os.fork()
    if child == 0:
        try:
            sys.settrace(_killing(step))
            write(path, replace=replace)
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(child, 0)[1])


def _killing(step: int) -> Any:
    passed = 0

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal passed
        if frame.f_code.co_filename != files_module.__file__:
            return None
        passed += event in ("line", "return")
        if passed == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


@ways
@pytest.mark.parametrize("replace", [False, True])
def test_a_process_that_is_killed_leaves_all_or_nothing(folder: Path, way: str, replace: bool) -> None:
    step, outcomes = 1, set()
    path = folder / "a.pfx"
    while True:
        for each in folder.iterdir():
            each.unlink()
        if replace:
            path.write_bytes(OLDER)
        if not killed_at(step, path, replace=replace):
            break
        outcomes.add(path.read_bytes() if path.exists() else b"")
        others = [each for each in folder.iterdir() if each != path]
        assert len(others) <= (0 if way == "unnamed" and not replace else 1)
        for each in (path, *others):
            assert not each.exists() or each.read_bytes() == OLDER or stat.S_IMODE(each.stat().st_mode) == 0o600
        step += 1
    assert step > 20, "the module was not traced"
    assert outcomes == {OLDER if replace else b"", CONTENT}
    assert path.read_bytes() == CONTENT


@ways
def test_what_a_killed_run_left_is_not_in_the_way(folder: Path, way: str) -> None:  # noqa: ARG001
    assert killed_at(30, folder / "a.pfx", replace=False)
    if not (folder / "a.pfx").exists():
        write(folder / "a.pfx")
    assert (folder / "a.pfx").read_bytes() == CONTENT
    with pytest.raises(TlsOpsError, match="has appeared meanwhile"):
        write(folder / "a.pfx")


@ways
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_private_before_the_first_byte_and_on_disk_before_it_has_its_name(
    folder: Path, way: str, umask: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    happened: list[str] = []
    really = {name: getattr(os, name) for name in ("open", "fsync", "link", "rename")}

    def opened(path: str, flags: int, mode: int = 0o777, **more: Any) -> int:
        descriptor: int = really["open"](path, flags, mode, **more)
        if flags & (os.O_WRONLY | os.O_RDWR):
            state = os.fstat(descriptor)
            assert (stat.S_IMODE(state.st_mode), state.st_size, state.st_uid) == (0o600, 0, os.geteuid())
            assert mode == 0o600
            assert path == "." or (flags & os.O_EXCL and flags & os.O_NOFOLLOW)
            happened.append("made")
        return descriptor

    def told(name: str) -> Any:
        def call(*arguments: Any, **more: Any) -> Any:
            result = really[name](*arguments, **more)
            happened.append(name)
            return result

        return call

    monkeypatch.setattr(files_module.os, "open", opened)
    for name in ("fsync", "link", "rename"):
        monkeypatch.setattr(files_module.os, name, told(name))
    before = os.umask(umask)
    try:
        write(folder / "a.pfx")
    finally:
        os.umask(before)
    naming = "rename" if way == "no links" else "link"
    assert happened[-4:] == ["made", "fsync", naming, "fsync"]
    assert stat.S_IMODE((folder / "a.pfx").stat().st_mode) == 0o600


def _changes(call: ast.Call) -> bool:
    """Whether it may write, or start something. Of ``open`` only one that reads bytes is taken for harmless."""
    name = ast.unparse(call.func)
    if name in ("open", "io.open"):
        return [ast.unparse(each) for each in call.args[1:]] != ["'rb'"]
    exact = ("os.open", "os.mkdir", "os.makedirs", "os.link", "os.symlink", "os.rename", "os.replace", "os.system")
    ends = (".write_text", ".write_bytes", ".touch", ".mkdir", "TemporaryFile", "mkstemp", "mkdtemp", ".Popen", ".fork")
    return name in exact or name.endswith(ends)


def test_nothing_else_writes_on_the_controller_or_starts_a_program() -> None:
    """So what is shown of ``files`` here holds for every file; and no argument list exists for a secret."""
    found, imported = set(), set()
    for path in PLUGINS.rglob("*.py"):
        nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
        if any(isinstance(each, ast.Call) and _changes(each) for each in nodes):
            found.add(str(path.relative_to(PLUGINS)))
        for each in nodes:
            imported |= {alias.name for alias in each.names} if isinstance(each, ast.Import) else set()
            imported |= {str(each.module)} if isinstance(each, ast.ImportFrom) else set()
    assert found == {"plugin_utils/_flow/files.py"}
    assert not imported & {"subprocess", "tempfile", "shutil", "multiprocessing", "pty"}
