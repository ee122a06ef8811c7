# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The arguments of one operation, and the lines that a payload can be made of."""

from __future__ import annotations

import base64

from .world.errors import COR_E_FORMAT, WindowsError, signed


class Arguments:
    """(name, value) pairs of one operation; a repeated name is a list."""

    def __init__(self, pairs: list[tuple[str, bytes]]) -> None:
        self._pairs = pairs

    def has(self, name: str) -> bool:
        return any(each == name for each, _other in self._pairs)

    def raw(self, name: str) -> bytes:
        for each, value in self._pairs:
            if each == name:
                return value
        raise WindowsError("batch", 0, "", f"the argument {name} is missing")

    def text(self, name: str, default: str | None = None) -> str:
        return default if default is not None and not self.has(name) else self.raw(name).decode("utf-8")

    def number(self, name: str, default: float | None = None) -> float:
        if default is not None and not self.has(name):
            return default
        try:
            return float(self.text(name))
        except ValueError as problem:
            raise WindowsError("hresult", signed(COR_E_FORMAT), "FormatException", f"{name}: {problem}") from problem

    def raws(self, name: str) -> list[bytes]:
        return [value for each, value in self._pairs if each == name]

    def texts(self, name: str) -> list[str]:
        return [value.decode("utf-8") for value in self.raws(name)]


def lines(*rows: tuple[str, ...] | tuple[str | bytes, ...]) -> bytes:
    """A payload of lines: a plain keyword, then base64 fields."""
    out = []
    for keyword, *fields in rows:
        encoded = (base64.b64encode(field.encode() if isinstance(field, str) else field) for field in fields)
        out.append(b" ".join([str(keyword).encode(), *(field or b"-" for field in encoded)]) + b"\n")
    return b"".join(out)
