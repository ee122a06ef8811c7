# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Putting others in the place of the script's functions, and reading what they answer.

An alias stands in front of a function of the same name, wherever that was defined.
"""

from __future__ import annotations

from collections.abc import Callable

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import lines

from .sides import PowerShell

Start = Callable[..., PowerShell]  # (what comes behind the script's functions, the world)
ACCESS_DENIED = -2147024891


def alias(name: str, function: str) -> str:
    return f"Set-Alias -Name {name} -Value {function} -Scope Global\n"


def fields(answer: Answer, keyword: str) -> list[str]:
    """The fields of the only line with this keyword, as text where they are."""
    (found,) = (fields for name, fields in lines(answer.payload) if name == keyword)
    return [each.decode("utf-8", "replace") for each in found]
