# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The controller's own files: the CA's answer that is read, the backup that is written."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from typing import BinaryIO

from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, match_encrypt_secret

from .._errors import TlsOpsError
from .folder import ROOM, check_private, check_room

_LARGEST = 64 * 1024 * 1024  # bytes; no answer and no backup comes near
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)  # FAT and some network file systems


class ControllerFiles:
    """What a step may ask of the controller (``Controller``), and the one place that writes there."""

    def __init__(self, loader: DataLoader, host: str) -> None:
        self._loader = loader
        self.host = host

    def resolve(self, path: str) -> str:
        """The absolute path: ``~`` and variables expanded, relative to the play's folder otherwise.

        It ends in a slash where it is an existing folder, or was given so.
        """
        if not path or "\0" in path or not _has_bytes(path):
            raise TlsOpsError(f"{path!r} is no path.")
        resolved = str(self._loader.path_dwim(path))
        is_folder = path.endswith("/") or os.path.isdir(resolved)
        return os.path.join(resolved, "") if is_folder else resolved

    def read(self, path: str) -> bytes | None:
        """The file's bytes, decrypted if it is an Ansible Vault file; None where there is none. Raises TlsOpsError."""
        data = self._bytes(path)
        return None if data is None else self._decrypted(path, data)

    def is_vault(self, path: str) -> bool:
        """Whether the file is an Ansible Vault file; False where there is none. Raises TlsOpsError."""
        data = self._bytes(path)
        return data is not None and bool(VaultLib.is_encrypted(data))

    def _bytes(self, path: str) -> bytes | None:
        try:
            if not stat.S_ISREG(os.stat(path).st_mode):  # a named pipe would block
                raise TlsOpsError(f"{path} is not a file.", hint="Name the file itself, not a folder or a device.")
            with open(path, "rb") as file:
                data = file.read(_LARGEST + 1)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise TlsOpsError(f"{path} cannot be read: {error.strerror}.") from error
        if len(data) > _LARGEST:
            raise TlsOpsError(f"{path} has more than {_LARGEST} bytes.")
        return data

    def check_destination(self, path: str, *, allow_unsafe: bool) -> None:
        """Raises TlsOpsError where a secret must not be written: no folder, a link, or a place that others reach."""
        folder = os.path.dirname(path)
        if not os.path.isdir(folder):
            raise TlsOpsError(f"there is no folder {folder} on the controller.", hint="Create it, with mode 0700.")
        if os.path.islink(path):
            raise TlsOpsError(f"{path} is a symbolic link.", hint="Name the file itself.")
        if os.path.exists(path) and not os.path.isfile(path):
            raise TlsOpsError(f"{path} is not a file.", hint="Choose another name for it.")
        if not os.access(folder, os.W_OK | os.X_OK):
            raise TlsOpsError(
                f"the folder {folder} is not writable for the user that runs Ansible.",
                hint="Give that user the right to write there, or choose another folder.",
            )
        check_room(folder)
        if not allow_unsafe:
            check_private(os.path.realpath(folder))

    def check_vault(self) -> None:
        """Raises TlsOpsError where no vault secret is loaded to encrypt with."""
        self._vault_secret()

    def write(self, path: str, content: bytes, *, vault: bool, replace: bool = False) -> None:
        """A file, whole or not at all: mode 0600 from its first byte, never through a link.

        Never over another one, unless ``replace``. Raises TlsOpsError.
        """
        data = self._encrypted(content) if vault else content
        try:
            with _opened(os.path.realpath(os.path.dirname(path))) as folder:
                _write_new(folder, os.path.basename(path), data, replace=replace)
        except FileExistsError:
            raise TlsOpsError(
                f"{path} has appeared meanwhile, and is left as it is.", hint="Run the task again."
            ) from None
        except OSError as error:
            hint = ROOM if error.errno in (errno.ENOSPC, errno.EDQUOT) else "Choose another folder."
            raise TlsOpsError(f"{path} cannot be written: {error.strerror}.", hint=hint) from error

    @property
    def _vault(self) -> VaultLib:
        # The loader has no public way to its secrets that works alike in ansible-core 2.18 to 2.21; this one does.
        return self._loader._vault

    def _decrypted(self, path: str, data: bytes) -> bytes:
        if not VaultLib.is_encrypted(data):
            return data
        try:
            return bytes(self._vault.decrypt(data))
        except AnsibleError as error:
            raise TlsOpsError(
                f"{path} is an Ansible Vault file that cannot be decrypted: {str(error).rstrip('.')}.",
                hint="Give its password: --ask-vault-pass, --vault-id or vault_password_file.",
            ) from error

    def _vault_secret(self) -> tuple[str, VaultSecret]:
        """The vault ID and secret that ``ansible-vault encrypt`` would take; the first where it would ask for one."""
        try:
            found = match_encrypt_secret(self._vault.secrets or [], _setting("DEFAULT_VAULT_ENCRYPT_IDENTITY"))
        except AnsibleError as error:
            raise TlsOpsError(f"no vault secret to encrypt with: {str(error).rstrip('.')}.") from error
        if not found:
            raise TlsOpsError(
                "there is no vault secret to encrypt the backup with.",
                hint="Give one: --ask-vault-pass, --vault-id or vault_password_file; or set vault "
                "(backup_vault in renewal) to false.",
            )
        identity, secret = found
        return identity, secret

    def _encrypted(self, content: bytes) -> bytes:
        identity, secret = self._vault_secret()
        label = None if identity == _setting("DEFAULT_VAULT_IDENTITY") else identity
        return bytes(self._vault.encrypt(content, secret=secret, vault_id=label))


def _has_bytes(path: str) -> bool:
    """Half a character (a lone surrogate) has none, unless it stands for a byte that is no UTF-8."""
    try:
        return bool(os.fsencode(path))
    except UnicodeEncodeError:
        return False


def _setting(name: str) -> str | None:
    value = constants.config.get_config_value(name)
    return None if value is None else str(value)


@contextlib.contextmanager
def _opened(folder: str) -> Iterator[int]:
    """A folder by descriptor: nobody can put another one in its place while it is used."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _write_new(folder: int, name: str, data: bytes, *, replace: bool) -> None:
    """Raises OSError; FileExistsError where the name is taken and not to be replaced. Leaves no other file."""
    if not _written_unnamed(folder, name, data, replace=replace):
        _write_beside(folder, name, data, replace=replace)
    with contextlib.suppress(OSError):  # not every file system can
        os.fsync(folder)


def _written_unnamed(folder: int, name: str, data: bytes, *, replace: bool) -> bool:
    """Whether it could be done with a file that has no name until it is whole: a process that is killed leaves nothing.

    Ansible ends its workers by ``os._exit`` at Ctrl-C, where no ``finally`` runs. Raises OSError.
    """
    descriptor = _unnamed(folder)
    if descriptor is None:
        return False
    with open(descriptor, "wb") as file:
        _fill(file, data)
        try:
            _give_name(folder, f"/proc/self/fd/{file.fileno()}", name, replace=replace)
        except FileExistsError:
            raise
        except OSError:  # no /proc, or no links: what else there is to say the other way says
            return False
    return True


def _unnamed(folder: int) -> int | None:
    """A new file without a name (open(2), O_TMPFILE); None where system or file system has none.

    They refuse it with many numbers; what else may be wrong the other way meets too.
    """
    flag: int = getattr(os, "O_TMPFILE", 0)  # Linux
    if not flag:
        return None
    try:
        return os.open(".", os.O_WRONLY | flag | os.O_CLOEXEC, mode=0o600, dir_fd=folder)
    except OSError:
        return None


def _give_name(folder: int, unnamed: str, name: str, *, replace: bool) -> None:
    """linkat(2) replaces nothing, so what is to be replaced is renamed over. Raises OSError."""
    if not replace:
        os.link(unnamed, name, dst_dir_fd=folder)
        return
    with _temporary(folder) as temporary:
        os.link(unnamed, temporary, dst_dir_fd=folder)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)


def _write_beside(folder: int, name: str, data: bytes, *, replace: bool) -> None:
    """With a temporary file beside it, which only a process that is killed leaves behind. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with _temporary(folder) as temporary:
        with open(os.open(temporary, flags, mode=0o600, dir_fd=folder), "wb") as file:
            _fill(file, data)
        if replace:
            os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            _publish(folder, temporary, name)


@contextlib.contextmanager
def _temporary(folder: int) -> Iterator[str]:
    """A name that nobody else has; what has it afterwards is taken away."""
    temporary = f".tlsops-{secrets.token_hex(8)}.tmp"
    try:
        yield temporary
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary, dir_fd=folder)


def _fill(file: BinaryIO, data: bytes) -> None:
    """Down to the disk."""
    file.write(data)
    file.flush()
    os.fsync(file.fileno())


def _publish(folder: int, temporary: str, name: str) -> None:
    """Gives the file its name at once. A hard link, because a rename would replace a file that has just appeared."""
    try:
        os.link(temporary, name, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        _rename(folder, temporary, name)


def _rename(folder: int, temporary: str, name: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.stat(name, dir_fd=folder, follow_symlinks=False)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
