# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file system: path to bytes, names compared without case, variables of the environment expanded."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from .errors import FILE_EXISTS, FILE_NOT_FOUND, PATH_NOT_FOUND, hresult
from .journal import Journal

SYSTEM_FOLDERS = ("", "Temp", "System32", r"System32\inetsrv", r"System32\inetsrv\config")


class Files:
    """Folders are those of a fresh system and those that hold a file."""

    def __init__(self, journal: Journal, system_root: str = r"C:\Windows") -> None:
        self._journal = journal
        self.guard: Callable[[str], None] = lambda _path: None  # is asked before a file is written
        self._files: dict[str, tuple[str, bytes]] = {}
        self._folders = {rf"{system_root}\{name}".rstrip("\\").lower() for name in SYSTEM_FOLDERS} | {"c:"}
        self.following: set[str] = set()  # files that are a copy of what is in memory, in lower case
        self.environment = {"systemroot": system_root, "windir": system_root, "systemdrive": system_root[:2]}

    def expand(self, path: str) -> str:
        """``%SystemRoot%`` and the like; an unknown variable stays as it is, as ExpandEnvironmentVariables does it."""
        return re.sub(r"%([^%]+)%", lambda found: self.environment.get(found[1].lower(), found[0]), path)

    def exists(self, path: str) -> bool:
        return _key(path) in self._files

    def read(self, path: str) -> bytes:
        """Raises ERROR_FILE_NOT_FOUND or ERROR_PATH_NOT_FOUND as HRESULT, the way .NET does."""
        if _key(path) not in self._files:
            raise self._missing(path)
        return self._files[_key(path)][1]

    def write(self, path: str, data: bytes, *, new: bool = False) -> None:
        """``new``: fails where the file exists (FileMode.CreateNew)."""
        if new and self.exists(path):
            raise hresult(FILE_EXISTS, "System.IO.IOException", f"The file '{path}' already exists.")
        if _folder(path) not in self._folders:
            raise self._missing(path)
        self.guard(path)
        self._files[_key(path)] = (path, data)
        self._journal.wrote("file", "write", path)

    def delete(self, path: str) -> bool:
        if _folder(path) not in self._folders:
            raise self._missing(path)
        if self._files.pop(_key(path), None) is None:
            return False
        self._journal.wrote("file", "delete", path)
        return True

    def put(self, path: str, data: bytes) -> None:
        """For a scenario: with the folders above it."""
        folder = _folder(path)
        while folder and folder not in self._folders:
            self._folders.add(folder)
            folder = folder.rpartition("\\")[0]
        self._files[_key(path)] = (path, data)

    def dump(self) -> Iterator[tuple[str, bytes]]:
        """All but those that a service brings up to date by itself, at its own time."""
        for key in sorted(set(self._files) - self.following):
            yield self._files[key]

    def _missing(self, path: str) -> Exception:
        if _folder(path) in self._folders:
            text = f"Could not find file '{path}'."
            return hresult(FILE_NOT_FOUND, "System.IO.FileNotFoundException", text)
        text = f"Could not find a part of the path '{path}'."
        return hresult(PATH_NOT_FOUND, "System.IO.DirectoryNotFoundException", text)


def _key(path: str) -> str:
    return path.replace("/", "\\").lower()


def _folder(path: str) -> str:
    return _key(path).rpartition("\\")[0]
