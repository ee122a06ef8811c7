# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import files as files_module
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.files import ControllerFiles

SECRETS = [("default", VaultSecret(b"vault password")), ("backup", VaultSecret(b"other"))]


@pytest.fixture
def play(tmp_path):
    folder = tmp_path / "play"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def loader(play):
    loader = DataLoader()
    loader.set_basedir(str(play))
    return loader


@pytest.fixture
def files(loader):
    return ControllerFiles(loader, "web01")


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_paths_are_relative_to_the_play(files, play, monkeypatch):
    monkeypatch.setenv("HOME", str(play))
    (play / "folder").mkdir()
    assert files.host == "web01"
    assert files.resolve("a.pfx") == str(play / "a.pfx")
    assert files.resolve("~/a.pfx") == str(play / "a.pfx")
    assert files.resolve("/x/../a.pfx") == "/a.pfx"
    assert files.resolve("folder") == f"{play}/folder/"
    assert files.resolve("missing/") == f"{play}/missing/"
    for wrong in ("", "a\0b", "a\ud83d"):
        with pytest.raises(TlsOpsError, match="is no path"):
            files.resolve(wrong)


def test_reading(files, play, monkeypatch):
    path = play / "answer.txt"
    assert files.read(str(path)) is None
    path.write_bytes(b"\xff\x00answer")
    assert files.read(str(path)) == b"\xff\x00answer"
    monkeypatch.setattr(files_module, "_LARGEST", 3)
    with pytest.raises(TlsOpsError, match="more than 3 bytes"):
        files.read(str(path))


def test_what_cannot_be_read(files, play):
    os.mkfifo(play / "pipe")
    for wrong in (play, play / "pipe"):
        with pytest.raises(TlsOpsError, match="is not a file") as error:
            files.read(str(wrong))
        assert "the file itself" in error.value.hint
    (play / "loop").symlink_to("loop")
    with pytest.raises(TlsOpsError, match="cannot be read: Too many levels"):
        files.read(str(play / "loop"))


def test_a_vault_file_is_decrypted(files, loader, play):
    path = play / "answer.vault"
    path.write_bytes(VaultLib(SECRETS).encrypt(b"\xffanswer", secret=SECRETS[1][1], vault_id="backup"))
    with pytest.raises(TlsOpsError, match=r"cannot be decrypted.*--ask-vault-pass"):
        files.read(str(path))
    loader.set_vault_secrets(SECRETS)
    assert files.read(str(path)) == b"\xffanswer"
    loader.set_vault_secrets(SECRETS[:1])
    with pytest.raises(TlsOpsError, match="cannot be decrypted"):
        files.read(str(path))


def test_whether_a_file_is_one_of_the_vault(files, play):
    (play / "plain.pfx").write_bytes(b"\x30\x82")
    (play / "vault.pfx").write_bytes(VaultLib(SECRETS).encrypt(b"\xff", secret=SECRETS[0][1]))
    assert [files.is_vault(str(play / name)) for name in ("plain.pfx", "vault.pfx", "none")] == [False, True, False]


def test_a_new_file_is_private_and_whole(files, play):
    path = play / "a.pfx"
    mask = os.umask(0)
    try:
        files.write(str(path), b"secret" * 100_000, vault=False)
    finally:
        os.umask(mask)
    assert path.read_bytes() == b"secret" * 100_000
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_nlink == 1
    assert names(play) == ["a.pfx"]


@pytest.mark.parametrize("hard_links", [True, False])
def test_what_is_there_stays(files, play, monkeypatch, hard_links):
    if not hard_links:
        without_hard_links(monkeypatch)
    (play / "a.pfx").write_bytes(b"other")
    (play / "link.pfx").symlink_to(play / "target")
    for name in ("a.pfx", "link.pfx"):
        with pytest.raises(TlsOpsError, match="has appeared meanwhile"):
            files.write(str(play / name), b"secret", vault=False)
    assert (play / "a.pfx").read_bytes() == b"other"
    assert names(play) == ["a.pfx", "link.pfx"]


def without_hard_links(monkeypatch):
    def link(*_, **__):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(files_module.os, "link", link)


def test_without_hard_links(files, play, monkeypatch):
    without_hard_links(monkeypatch)
    files.write(str(play / "a.pfx"), b"secret", vault=False)
    assert (play / "a.pfx").read_bytes() == b"secret"
    assert names(play) == ["a.pfx"]


def test_replacing_puts_a_new_file_under_the_name(files, play):
    target = play / "target"
    target.write_bytes(b"of somebody else")
    (play / "a.csr").write_bytes(b"older")
    (play / "a.csr").chmod(0o644)
    (play / "hard").hardlink_to(play / "a.csr")
    (play / "link.csr").symlink_to(target)
    for name in ("a.csr", "link.csr", "new.csr"):
        files.write(str(play / name), b"csr", vault=False, replace=True)
        assert (play / name).read_bytes() == b"csr"
        assert not (play / name).is_symlink()
        assert stat.S_IMODE((play / name).stat().st_mode) == 0o600
    assert target.read_bytes() == b"of somebody else"
    assert (play / "hard").read_bytes() == b"older"
    assert names(play) == ["a.csr", "hard", "link.csr", "new.csr", "target"]


def test_a_folder_is_not_replaced(files, play):
    (play / "folder").mkdir()
    with pytest.raises(TlsOpsError, match="cannot be written"):
        files.write(str(play / "folder"), b"csr", vault=False, replace=True)
    assert names(play) == ["folder"]


@pytest.mark.parametrize("unnamed", [True, False])
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_no_temporary_file_stays_behind(files, play, monkeypatch, error, unnamed):
    def fail(_other):
        assert [stat.S_IMODE((play / name).stat().st_mode) for name in names(play)] == ([] if unnamed else [0o600])
        raise error

    if not unnamed:
        monkeypatch.delattr(files_module.os, "O_TMPFILE", raising=False)
    monkeypatch.setattr(files_module.os, "fsync", fail)
    with pytest.raises((TlsOpsError, KeyboardInterrupt)):
        files.write(str(play / "a.pfx"), b"secret", vault=False)
    assert names(play) == []


def test_only_one_of_many_writers_wins(files, play):
    outcomes = []

    def write(number):
        try:
            files.write(str(play / "a.pfx"), bytes([number]) * 1000, vault=False)
            outcomes.append(number)
        except TlsOpsError:
            pass

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert len(outcomes) == 1
    assert (play / "a.pfx").read_bytes() == bytes(outcomes) * 1000
    assert names(play) == ["a.pfx"]


def test_a_missing_folder(files, play):
    with pytest.raises(TlsOpsError, match="cannot be written: No such file"):
        files.write(str(play / "none" / "a.pfx"), b"secret", vault=False)
    with pytest.raises(TlsOpsError, match="there is no folder"):
        files.check_destination(str(play / "none" / "a.pfx"), allow_unsafe=True)


def test_what_is_written_as_a_vault_file(files, loader, play, monkeypatch):
    with pytest.raises(TlsOpsError, match=r"no vault secret to encrypt.*vault \(backup_vault in renewal\)"):
        files.check_vault()
    loader.set_vault_secrets(SECRETS)
    files.check_vault()
    files.write(str(play / "a.pfx"), b"secret", vault=True)
    text = (play / "a.pfx").read_bytes()
    assert text.startswith(b"$ANSIBLE_VAULT;1.1;AES256\n")
    assert VaultLib(SECRETS[:1]).decrypt(text) == b"secret"
    assert files.read(str(play / "a.pfx")) == b"secret"

    monkeypatch.setattr(files_module, "_setting", {"DEFAULT_VAULT_ENCRYPT_IDENTITY": "backup"}.get)
    files.write(str(play / "b.pfx"), b"secret", vault=True)
    text = (play / "b.pfx").read_bytes()
    assert text.startswith(b"$ANSIBLE_VAULT;1.2;AES256;backup\n")
    assert VaultLib(SECRETS[1:]).decrypt(text) == b"secret"

    monkeypatch.setattr(files_module, "_setting", {"DEFAULT_VAULT_ENCRYPT_IDENTITY": "unknown"}.get)
    with pytest.raises(TlsOpsError, match="unknown"):
        files.check_vault()


def test_a_private_folder_is_good(files, play):
    files.check_destination(str(play / "a.pfx"), allow_unsafe=False)
    (play / "a.pfx").write_bytes(b"")
    files.check_destination(str(play / "a.pfx"), allow_unsafe=False)


def test_a_link_or_a_folder_is_never_a_destination(files, play):
    (play / "link").symlink_to(play / "target")
    (play / "folder").mkdir()
    for name, words in (("link", "symbolic link"), ("folder", "is not a file")):
        with pytest.raises(TlsOpsError, match=words) as error:
            files.check_destination(str(play / name), allow_unsafe=True)
        assert error.value.hint


def test_unsafe_places_can_be_allowed(files, play):
    (play / ".git").write_text("gitdir: elsewhere")
    with pytest.raises(TlsOpsError, match=r"git work tree.*allow_unsafe_destination"):
        files.check_destination(str(play / "a.pfx"), allow_unsafe=False)
    files.check_destination(str(play / "a.pfx"), allow_unsafe=True)
