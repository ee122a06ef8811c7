# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of itself, and what must be true of it before anything else can work."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from .._batch.operation import Answer, Operation
from .._batch.operations import host_info, run
from .._batch.payload import lines, program
from .._errors import TlsOpsError
from .._model.host import HostInfo

_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)  # MS-DTYP 2.3.3: 100 ns units since then
_MANY = "writable"
_SINGLE = {each.name for each in dataclasses.fields(HostInfo)} - {_MANY}
_FIRST_YEAR, _LAST_YEAR = 1980, 9000  # the FAT epoch, where clocks without a battery begin; room to reckon behind it
_SOFTWARE = r"HKLM\SOFTWARE"
_GROUPS = run(r"%SystemRoot%\System32\whoami.exe", "/groups", "/fo", "csv", "/nh")
_ADMINISTRATORS = '"S-1-5-32-544"'  # the group's name is translated, its SID is the same everywhere

Ask = Callable[[tuple[Operation, ...]], tuple[Answer, ...]]


def operations() -> tuple[Operation, ...]:
    return (host_info(),)


def parse(answers: Sequence[Answer]) -> HostInfo:
    """The host facts; raises TlsOpsError where they are missing or make no sense."""
    (answer,) = answers
    if not answer.ok:
        raise TlsOpsError(f"the host does not say what it is: {answer.describe()}.")
    single: dict[str, str] = {}
    writable: set[str] = set()
    for keyword, fields in lines(answer.payload):
        text = fields[0].decode("utf-8", "replace") if fields else ""
        if keyword == _MANY:
            writable.add(text)
        else:
            single[keyword] = text
    wrong = sorted(single.keys() ^ _SINGLE)
    if wrong:
        raise TlsOpsError(f"the host's facts are incomplete or malformed: {', '.join(wrong)[:80]}.")
    clock, elevated = _moment(single.pop("clock")), single.pop("elevated") == "1"
    return HostInfo(clock=clock, elevated=elevated, writable=frozenset(writable), **single)


def _unprivileged(answers: Sequence[Answer]) -> TlsOpsError:
    """UAC leaves the group Administrators in a filtered token, for denying only: it is listed all the same."""
    found: list[str] = []
    for each in answers:
        with contextlib.suppress(TlsOpsError):  # that the rights are missing is known without it
            found += [program(each.payload).output] if each.ok else []
    if any(_ADMINISTRATORS in each for each in found):
        return TlsOpsError(
            "the connection's user is an administrator, but UAC gives this logon no administrator rights.",
            hint="Connect with a domain account that is an administrator there, or with the built-in Administrator; or "
            r"set the DWORD LocalAccountTokenFilterPolicy to 1 under HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"
            r"\Policies\System on the server, for its other local accounts.",
        )
    if found:
        return TlsOpsError(
            "the connection's user is not an administrator of this server.",
            hint="Connect as one (ansible_user), or add this account to the server's group Administrators.",
        )
    return TlsOpsError(
        "the connection's user holds no unfiltered administrator rights.",
        hint="Use an administrator; a local account other than the built-in Administrator is filtered by UAC over"
        " the network unless LocalAccountTokenFilterPolicy is 1.",
    )


def _moment(filetime: str) -> datetime:
    """Raises TlsOpsError where it is no moment that a clock shows; none is near the ends of what can be reckoned."""
    try:
        moment = _FILETIME_EPOCH + timedelta(microseconds=int(filetime) // 10)
    except (ValueError, OverflowError) as error:
        raise TlsOpsError(f"the host's clock is {filetime[:40]!r}, which is no time.") from error
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise TlsOpsError(
            f"the host's clock says {moment:%Y-%m-%d}, which cannot be.",
            hint="Set the clock of the server, and run again.",
        )
    return moment


def require_rights(host: HostInfo, ask: Ask | None = None) -> None:
    """Raises TlsOpsError where the token cannot do what every step needs.

    ``ask`` does a few reads more, where only they tell what is missing.
    """
    if not host.elevated:
        raise _unprivileged(ask((_GROUPS,)) if ask else ())
    if _SOFTWARE not in host.writable:
        raise TlsOpsError(
            f"the registry key {_SOFTWARE} does not open for writing, so no way back could be kept.",
            hint="Look at its permissions, and at what protects the registry on this server.",
        )
