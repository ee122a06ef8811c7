# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 1: the task's arguments become a frozen, validated step. No host is contacted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .._errors import TlsOpsError


@dataclasses.dataclass(frozen=True)
class Options:
    """How a task is run, as opposed to what it does. ``timeout``: seconds for each batch."""

    dry_run: bool
    timeout: int
    allow_unencrypted: bool


def validated(arguments: Mapping[str, Any], spec: Mapping[str, Any], rules: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with types and defaults applied; raises TlsOpsError naming every fault.

    An option without a default that is given as an empty text counts as not given: that is what a variable becomes that
    an inventory sets to nothing.
    """
    given = {name: value for name, value in arguments.items() if not _is_nothing(value, spec.get(name))}
    result = ArgumentSpecValidator(dict(spec), **rules).validate(given)
    if result.error_messages:
        raise TlsOpsError(
            "; ".join(result.error_messages).rstrip(".") + ".",
            hint="See ansible-doc for the options of this module.",
        )
    return dict(result.validated_parameters)


def _is_nothing(value: Any, option: Mapping[str, Any] | None) -> bool:
    return value in ("", None) and option is not None and "default" not in option and not option.get("required")


def options(arguments: Mapping[str, Any], *, dry_run: bool) -> Options:
    timeout = int(arguments["timeout"])
    if not 10 <= timeout <= 3600:
        raise TlsOpsError(f"timeout is {timeout}; it must be between 10 and 3600 seconds.")
    return Options(dry_run, timeout, bool(arguments.get("allow_unencrypted", False)))
