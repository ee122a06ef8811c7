# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import grp
import os
import pwd
from types import SimpleNamespace

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import folder as folder_module
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.folder import check_private, check_room


@pytest.fixture
def place(tmp_path):
    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True, mode=0o700)
    return inner


def test_a_folder_of_ones_own(place):
    check_private(str(place))


@pytest.mark.parametrize("above", [0, 1])
def test_inside_a_git_work_tree(place, above):
    tree = [place, place.parent][above]
    (tree / ".git").mkdir()
    with pytest.raises(TlsOpsError, match=f"git work tree {tree}:"):
        check_private(str(place))


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o777, "is writable for everybody"), (0o1777, "is writable for everybody"), (0o772, "is writable for everybody")],
)
def test_others_may_write(place, mode, words):
    place.chmod(mode)
    with pytest.raises(TlsOpsError, match=words):
        check_private(str(place))


def test_others_may_replace_a_folder_above(place):
    place.parent.chmod(0o777)
    with pytest.raises(TlsOpsError, match=f"{place.parent} is writable for everybody"):
        check_private(str(place))
    place.parent.chmod(0o1777)
    check_private(str(place))


@pytest.mark.parametrize(
    ("name", "members", "good"),
    [("me", [], True), ("me", ["me"], True), ("me", ["me", "you"], False), ("staff", [], False)],
)
def test_a_group_may_write(place, monkeypatch, name, members, good):
    place.chmod(0o770)
    monkeypatch.setattr(folder_module, "pwd", SimpleNamespace(getpwuid=lambda _: pwd.struct_passwd(
        ("me", "x", os.getuid(), os.getgid(), "", "", ""))))  # fmt: skip
    monkeypatch.setattr(folder_module, "grp", SimpleNamespace(getgrgid=lambda gid: grp.struct_group(
        (name, "x", gid, members))))  # fmt: skip
    if good:
        check_private(str(place))
    else:
        with pytest.raises(TlsOpsError, match="is writable for group"):
            check_private(str(place))


def test_a_group_that_nobody_knows(place, monkeypatch):
    def unknown(_other):
        raise KeyError

    place.chmod(0o770)
    monkeypatch.setattr(folder_module, "grp", SimpleNamespace(getgrgid=unknown))
    with pytest.raises(TlsOpsError, match="is writable for group"):
        check_private(str(place))


def test_a_folder_of_somebody_else(place, monkeypatch):
    monkeypatch.setattr(folder_module.os, "stat", lambda _: os.stat_result((0o40700, 0, 0, 1, 54321, 0, 0, 0, 0, 0)))
    with pytest.raises(TlsOpsError, match="belongs to user 54321"):
        check_private(str(place))


@pytest.mark.parametrize(
    ("blocks", "free", "is_full"), [(100, 0, True), (100, 15, True), (100, 16, False), (0, 0, False)]
)
def test_a_full_file_system(monkeypatch: pytest.MonkeyPatch, blocks: int, free: int, is_full: bool) -> None:
    state = SimpleNamespace(f_blocks=blocks, f_bavail=free, f_frsize=4096)
    monkeypatch.setattr("os.statvfs", lambda _folder: state)
    if not is_full:
        check_room("/somewhere")
        return
    with pytest.raises(TlsOpsError, match="of the folder /somewhere on the controller is full") as error:
        check_room("/somewhere")
    assert error.value.hint == "Make room there, or choose another folder."


def test_a_file_system_that_does_not_tell_its_size_is_believed() -> None:
    check_room("/no/such/folder")
