# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a case is, and what every kind of case uses."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import RegistryValue, encode_registry

from .sides import Mode, Side
from .world import World

Judge = Callable[[Answer], bool]
DOUBLE, POWERSHELL = "double", "powershell"
BOTH = (DOUBLE, POWERSHELL)


@dataclasses.dataclass(frozen=True)
class Expected:
    """What is None is not looked at. ``judge`` looks at the whole answer."""

    status: str = "ok"
    payload: bytes | None = None
    kind: str | None = None
    number: int | None = None
    judge: Judge | None = None
    undone: tuple[str, ...] = ()


OK = Expected()
NOTHING = Expected(payload=b"")
ERROR = Expected("error")
SKIPPED = Expected("skipped", b"")


EMPTY = World()


@dataclasses.dataclass(frozen=True)
class Case:
    """``operations`` are sent as one batch, ``then`` as a second one (read) that shows what the first one did."""

    name: str
    operations: Callable[[Side], Sequence[Operation]]
    expected: tuple[Expected, ...]
    world: World = EMPTY
    mode: Mode = "read"
    deadline: int = 60
    then: Callable[[Side], Sequence[Operation]] | None = None
    then_expected: tuple[Expected, ...] = ()
    sides: tuple[str, ...] = BOTH


def hresult(number: int) -> Expected:
    """An error with this HRESULT, given unsigned."""
    return Expected("error", kind="hresult", number=number - (1 << 32))


KEY = r"HKLM\SOFTWARE\tlsops.windows\Contract"
HOSTILE = (
    *('a"b', "a'b", "$(throw 1)", "a`nb", "; exit 7", "日本語 é 😀", "a\r\nb", "-a", "@a", "%PATH%", " ", "\u200b"),
    *("^a&b|c<d>e", "\u2018a\u2019 \u201cb\u201d", "${env:PATH}", "\u202ea", "\u200eab", "e\u0301", "{0}", "\t"),
    *("'@\n\"@", "#a", "*?[a]", "a,b", "-----END -----", "\ufeffa", "x" * 200),
)


def keys(**found: dict[str, RegistryValue]) -> bytes:
    """A registry payload; ``root`` stands for the key itself."""
    return encode_registry({"" if path == "root" else path: values for path, values in found.items()})
