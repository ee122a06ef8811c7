# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry: one tree, names compared without case and kept as first written, values with their kinds."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Callable, Iterator

from .journal import Journal

KINDS = frozenset({"String", "ExpandString", "Binary", "DWord", "QWord", "MultiString", "None"})


@dataclasses.dataclass(frozen=True)
class Value:
    """``data`` holds strings as UTF-8, a MultiString joined by NUL, numbers little-endian."""

    kind: str
    data: bytes

    @property
    def text(self) -> str:
        return self.data.decode("utf-8")

    @property
    def number(self) -> int:
        return int.from_bytes(self.data, "little")


def string(text: str) -> Value:
    return Value("String", text.encode())


def dword(number: int) -> Value:
    return Value("DWord", struct.pack("<I", number))


def binary(data: bytes) -> Value:
    return Value("Binary", data)


def multi_string(*texts: str) -> Value:
    return Value("MultiString", "\0".join(texts).encode())


class Key:
    """One key; ``keys`` and ``values`` are keyed by the name in lower case and hold the name as written."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.keys: dict[str, Key] = {}
        self.values: dict[str, tuple[str, Value]] = {}

    def subkeys(self) -> list[Key]:
        return list(self.keys.values())

    def pairs(self) -> list[tuple[str, Value]]:
        """Names as written and values; a copy, since a handshake may look while a batch writes."""
        return list(self.values.values())

    def value(self, name: str) -> Value | None:
        found = self.values.get(name.lower())
        return found[1] if found else None

    def walk(self, path: str = "") -> Iterator[tuple[str, Key]]:
        """This key as "" and everything below it by relative path."""
        yield path, self
        for key in self.subkeys():
            yield from key.walk(f"{path}\\{key.name}" if path else key.name)


class Registry:
    """Paths have the form ``HKLM\\SOFTWARE\\...``; the hives are HKLM and HKU.

    ``guard`` is asked before each mutation and may refuse it.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.guard: Callable[[str], None] = lambda _path: None
        self._root = Key("")
        for hive in ("HKLM", "HKU"):
            self._root.keys[hive.lower()] = Key(hive)

    def key(self, path: str) -> Key | None:
        found: Key | None = self._root
        for part in _parts(path):
            found = found.keys.get(part.lower()) if found else None
        return found

    def get(self, path: str, name: str) -> Value | None:
        key = self.key(path)
        return key.value(name) if key else None

    def create(self, path: str) -> Key:
        """The key, made with all above it where missing."""
        parts = _parts(path)
        if not parts or parts[0].lower() not in self._root.keys:
            raise KeyError(path)
        key = self._root
        for part in parts:
            if part.lower() not in key.keys:
                key.keys[part.lower()] = Key(part)
                self._journal.wrote("registry", "create", path)
            key = key.keys[part.lower()]
        return key

    def set(self, path: str, name: str, value: Value) -> None:
        self.guard(path)
        key = self.create(path)
        written = key.values.get(name.lower(), (name, value))[0]
        key.values[name.lower()] = (written, value)
        self._journal.wrote("registry", "set", path, name)

    def delete_value(self, path: str, name: str) -> bool:
        key = self.key(path)
        if key is None or name.lower() not in key.values:
            return False
        self.guard(path)
        del key.values[name.lower()]
        self._journal.wrote("registry", "delete value", path, name)
        return True

    def delete(self, path: str) -> bool:
        """Deletes the key with everything below it; whether there was one."""
        parts = _parts(path)
        parent = self.key("\\".join(parts[:-1])) if len(parts) > 1 else None
        if parent is None or parts[-1].lower() not in parent.keys:
            return False
        self.guard(path)
        del parent.keys[parts[-1].lower()]
        self._journal.wrote("registry", "delete", path)
        return True

    def dump(self) -> Iterator[tuple[str, str, Value]]:
        """Every value (path, name, value), and every key as a value of kind ``key``; sorted."""
        for path, key in sorted(self._root.walk()):
            yield path, "", Value("key", b"")
            for name, value in sorted(key.pairs(), key=lambda item: item[0]):
                yield path, name, value


def _parts(path: str) -> list[str]:
    return [part for part in path.split("\\") if part]
