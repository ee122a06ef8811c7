# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about an operation that failed because of the server itself, whatever it was about. Pure."""

from __future__ import annotations

from .._batch.operation import Answer, Operation
from . import netsh

_PROTECTED = (
    "The account may not do this there: look at the permissions, and at what protects the server (a security program, "
    "a policy)."
)
_FULL = "A disk of the server is full: make room on its system drive, then run again."
_BLOCKED = "A policy of the server (AppLocker, Software Restriction, App Control) keeps the program from starting."

# winerror.h; mscorerr.h for COR_E_SECURITY, which .NET gives where a registry key does not open for writing.
_CODES = {
    5: _PROTECTED,
    0x80070005: _PROTECTED,
    0x8013150A: _PROTECTED,
    39: _FULL,
    112: _FULL,
    0x80070027: _FULL,
    0x80070070: _FULL,
    1260: _BLOCKED,
    0x800704EC: _BLOCKED,
    1058: "The service, or one that it needs, is disabled: allow it with 'sc config <service> start= demand'.",
}
_COUNTED = ("win32", "hresult", "exit")  # kinds of numbers that are Windows' own; the exit codes of its tools are


def explain(operation: Operation, answer: Answer) -> str:
    """A sentence, empty where the number says nothing about the server."""
    if answer.kind not in _COUNTED:
        return ""
    if operation.name == "run" and answer.kind == "win32" and answer.number == 2:
        return "This program of Windows is not on the server: repair the installation ('sfc /scannow')."
    if answer.kind == "exit" and dict(operation.arguments).get("program") == netsh.NETSH:
        return netsh.explain(answer.text)
    return _CODES.get(answer.number & 0xFFFFFFFF, "")
