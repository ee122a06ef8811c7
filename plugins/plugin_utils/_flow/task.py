# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stage 1: the task's arguments become a frozen, validated step. No host is contacted."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult
from ansible.module_utils.errors import UnsupportedError

from .._errors import TlsOpsError, naming

_TEXTS = ("str", "path")
_FREE_FORM = "_raw_params"  # what is left of a task's text that is no option=value
_RULES = ("mutually_exclusive", "required_together", "required_one_of", "required_if", "required_by")


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
    if _FREE_FORM in arguments:  # its text may hold a piece of a secret
        raise TlsOpsError(
            "the task has a text where its arguments should be.",
            hint="Write them below the module's name, one a line, as option: value. ansible-doc describes each option.",
        )
    given = _given(arguments, spec)
    _check_texts(given, spec)
    result = ArgumentSpecValidator(dict(spec), **rules).validate(given)
    errors = _entry_errors(given, spec) or _messages(result)
    if errors:
        raise TlsOpsError("; ".join(errors).rstrip(".") + ".")
    return dict(result.validated_parameters)


def _given(arguments: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    """What counts as given, in the entries of a list of dicts too."""
    given = {name: _decrypted(value) for name, value in arguments.items() if not _is_nothing(value, spec.get(name))}
    for name, value in given.items():
        options = (spec.get(name) or {}).get("options")
        if options and isinstance(value, list):
            given[name] = [_given(each, options) if isinstance(each, Mapping) else each for each in value]
    return given


def _entry_errors(given: Mapping[str, Any], spec: Mapping[str, Any]) -> list[str]:
    """Faults of entries of a list of dicts, each with the entry's number (from 1), which Ansible's own do not tell."""
    found = []
    for name, option in spec.items():
        entries = given.get(name)
        if "options" in option and isinstance(entries, list):
            rules = {rule: option[rule] for rule in _RULES if rule in option}
            for number, each in enumerate(entries, 1):
                if isinstance(each, Mapping):
                    result = ArgumentSpecValidator(dict(option["options"]), **rules).validate(dict(each))
                    found += [f"{name}, entry {number}: {message}" for message in _messages(result)]
                elif not isinstance(each, str):  # Ansible makes a dict of a text
                    found.append(f"{name}, entry {number}: it is {_kind(each)}, not a dict")
    return found


def _messages(result: ValidationResult) -> list[str]:
    """Ansible's own words; of an unknown option it tells the name only."""
    return [
        f"unsupported parameters: {each.msg}" if isinstance(each, UnsupportedError) else each.msg
        for each in result.errors.errors
    ]


def _is_nothing(value: Any, option: Mapping[str, Any] | None) -> bool:
    return value in ("", None) and option is not None and "default" not in option and not option.get("required")


def _decrypted(value: Any) -> Any:
    """In ansible-core 2.18 a text that stands in the task with ``!vault`` is an object that the validator refuses."""
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value


def _check_texts(given: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Raises TlsOpsError where a text would be that of a list or a dict, which nobody chose; a secret that of anything.

    Ansible itself takes the text of whatever it is.
    """
    for name, value in given.items():
        option = spec.get(name) or {}
        if option.get("no_log"):
            good = value is None or (isinstance(value, str | int) and not isinstance(value, bool))
        else:
            good = option.get("type", "str") not in _TEXTS or not isinstance(value, Mapping | list | tuple)
        if name in spec and not good:
            wanted = "text or a whole number" if option.get("no_log") else "text"
            raise TlsOpsError(
                f"{name} is {_kind(value)}; it must be {wanted}.",
                hint="Put it in quotes, or name the one value that is meant, in the variable that it comes from.",
            )
        for number, entry in enumerate(value if "options" in option and isinstance(value, list) else (), 1):
            if isinstance(entry, Mapping):
                with naming(f"{name}, entry {number}"):
                    _check_texts(entry, option["options"])


def _kind(value: Any) -> str:
    """Never the value itself."""
    kinds: dict[str, Any] = {"a dict": Mapping, "a list": list | tuple, "true or false": bool}
    kinds |= {"a number": int, "a number with a fraction": float, "nothing": type(None)}
    return next((words for words, kind in kinds.items() if isinstance(value, kind)), "something else")


def options(arguments: Mapping[str, Any], *, dry_run: bool) -> Options:
    timeout = int(arguments["timeout"])
    if not 10 <= timeout <= 3600:
        raise TlsOpsError(
            f"timeout is {timeout}; it must be between 10 and 3600 seconds.",
            hint="It is for each batch on the host, not for the whole play. Without it, it is 300.",
        )
    return Options(dry_run, timeout, bool(arguments.get("allow_unencrypted", False)))
