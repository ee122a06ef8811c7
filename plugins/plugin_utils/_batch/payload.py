# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an answer's payload holds, read with suspicion: anything malformed is a TlsOpsError."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
import re
from collections.abc import Iterable, Mapping

from .._errors import TlsOpsError

_KEYWORD = re.compile(r"[a-z][a-z0-9_]*\Z")
_KINDS = frozenset(("String", "ExpandString", "Binary", "DWord", "QWord", "MultiString", "None", "Unknown"))

Fields = tuple[bytes, ...]


def lines(payload: bytes) -> list[tuple[str, Fields]]:
    """The lines of a payload: a keyword and its fields. Raises TlsOpsError."""
    if not payload:
        return []
    if not payload.endswith(b"\n"):
        raise TlsOpsError("the target's answer was cut off within a line.")
    return [line(each) for each in payload[:-1].split(b"\n")]


def encode_lines(content: Iterable[tuple[str, Iterable[bytes]]]) -> bytes:
    """The inverse of ``lines``."""
    text = "".join(" ".join((keyword, *map(encode_field, fields))) + "\n" for keyword, fields in content)
    return text.encode("ascii")


def encode_field(value: bytes) -> str:
    """One value as a token: base64, and ``-`` for the empty one."""
    return base64.b64encode(value).decode("ascii") or "-"


def line(row: bytes) -> tuple[str, Fields]:
    """One line without its end. Raises TlsOpsError."""
    try:
        keyword, *tokens = row.decode("ascii").split(" ")
    except UnicodeDecodeError as error:
        raise TlsOpsError("the target's answer holds bytes that are not ASCII where lines are expected.") from error
    if not _KEYWORD.match(keyword):
        raise TlsOpsError(f"the target's answer has a line that begins with {keyword[:40]!r}: no keyword.")
    return keyword, tuple(_decode_field(token) for token in tokens)


def _decode_field(token: str) -> bytes:
    if token == "-":
        return b""
    try:
        value = base64.b64decode(token, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TlsOpsError(f"the target's answer holds {token[:40]!r}, which is not base64.") from error
    if not value:
        raise TlsOpsError("the target's answer holds an empty token.")
    return value


def text(value: bytes) -> str:
    """A field as text. Raises TlsOpsError where it is not UTF-8."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TlsOpsError("the target's answer holds text that is not UTF-8.") from error


def number(value: bytes) -> int:
    """A field as a decimal number of at most 64 bits. Raises TlsOpsError."""
    if not re.fullmatch(rb"-?[0-9]{1,20}", value) or not -(1 << 63) <= int(value) < 1 << 64:
        raise TlsOpsError(f"the target's answer holds {value[:40]!r} where a number is expected.")
    return int(value)


def digest(payload: bytes) -> str:
    """What ``Operation.expect`` must say of this payload: its SHA-256 in lower-case hex."""
    return hashlib.sha256(payload).hexdigest()


@dataclasses.dataclass(frozen=True)
class RegistryValue:
    """A registry value: ``kind`` as .NET's RegistryValueKind names it, ``data`` as it travels.

    Strings are UTF-8 (unexpanded), a MultiString's strings are joined by NUL, numbers are little-endian.
    """

    kind: str
    data: bytes

    @property
    def text(self) -> str:
        """The string. Raises TlsOpsError for another kind."""
        self._require("String", "ExpandString")
        return text(self.data)

    @property
    def texts(self) -> tuple[str, ...]:
        """The strings of a MultiString. Raises TlsOpsError for another kind."""
        self._require("MultiString")
        return tuple(text(self.data).split("\0")) if self.data else ()

    @property
    def number(self) -> int:
        """The unsigned number of a DWord or QWord. Raises TlsOpsError for another kind or a wrong size."""
        self._require("DWord", "QWord")
        if len(self.data) != (4 if self.kind == "DWord" else 8):
            raise TlsOpsError(f"a registry value of kind {self.kind} holds {len(self.data)} bytes.")
        return int.from_bytes(self.data, "little")

    def _require(self, *kinds: str) -> None:
        if self.kind not in kinds:
            raise TlsOpsError(f"a registry value is {self.kind} where {' or '.join(kinds)} is expected.")


Registry = dict[str, dict[str, RegistryValue]]


def registry(payload: bytes) -> Registry:
    """Keys by their path relative to the key that was read ("" is itself), each with its values by name.

    Empty where the key does not exist. Raises TlsOpsError, also where two subkeys matched one ``match``.
    """
    keys: Registry = {}
    for keyword, fields in lines(payload):
        if keyword == "key" and len(fields) == 1:
            path = text(fields[0])
            if path in keys:
                raise TlsOpsError(f"two registry keys answer to one name ({path or 'the key itself'}).")
            keys[path] = {}
        elif keyword == "value" and len(fields) == 4:
            path, name, kind = map(text, fields[:3])
            if path not in keys or kind not in _KINDS:
                raise TlsOpsError(f"the target's answer holds a registry value of kind {kind[:40]!r} out of place.")
            keys[path][name] = RegistryValue(kind, fields[3])
        else:
            raise TlsOpsError(f"the target's answer holds a line {keyword!r} with {len(fields)} fields in a registry.")
    return keys


def encode_registry(keys: Mapping[str, Mapping[str, RegistryValue]]) -> bytes:
    """The payload that ``reg.read`` gives for these keys: for ``expect``."""
    content: list[tuple[str, Fields]] = []
    for path in sorted(keys, key=_ordinal):
        content.append(("key", (_bytes(path),)))
        for name in sorted(keys[path], key=_ordinal):
            value = keys[path][name]
            content.append(("value", (_bytes(path), _bytes(name), _bytes(value.kind), value.data)))
    return encode_lines(content)


def _ordinal(name: str) -> bytes:
    """The order of .NET's StringComparer.Ordinal: by UTF-16 code units."""
    return name.encode("utf-16-be", "surrogatepass")


def _bytes(value: str) -> bytes:
    return value.encode("utf-8")


def reg_text(value: str) -> bytes:
    """Data of a String or ExpandString for ``reg_write``."""
    return value.encode("utf-8")


def reg_texts(values: Iterable[str]) -> bytes:
    """Data of a MultiString for ``reg_write``."""
    return "\0".join(values).encode("utf-8")


def reg_dword(value: int) -> bytes:
    """Data of a DWord for ``reg_write``. Raises TlsOpsError outside 0 to 2^32-1."""
    if not 0 <= value < 1 << 32:
        raise TlsOpsError(f"{value} does not fit into a registry DWord.")
    return value.to_bytes(4, "little")


@dataclasses.dataclass(frozen=True)
class ProgramResult:
    """How a program ended. Its output is bytes in whatever code page it chose."""

    exit: int
    stdout: bytes
    stderr: bytes

    @property
    def output(self) -> str:
        """All it wrote, as Latin-1: for looking for ASCII words and for showing."""
        return (self.stdout + self.stderr).decode("latin-1")


def program(payload: bytes) -> ProgramResult:
    """The payload of ``run``. Raises TlsOpsError."""
    found = lines(payload)
    if [keyword for keyword, _fields in found] != ["exit", "stdout", "stderr"] or any(len(f) != 1 for _k, f in found):
        raise TlsOpsError("the target's answer does not hold a program's result.")
    code, stdout, stderr = (fields[0] for _keyword, fields in found)
    return ProgramResult(number(code), stdout, stderr)
