# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host says of itself, and what must be true of it before anything else can work."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from .._batch.operation import Answer, Operation
from .._batch.operations import host_info
from .._batch.payload import lines
from .._errors import TlsOpsError
from .._model.host import HostInfo

_FILETIME_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)  # MS-DTYP 2.3.3: 100 ns units since then
_MANY = "writable"
_SOFTWARE = r"HKLM\SOFTWARE"


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
    try:
        return HostInfo(
            clock=_moment(single.pop("clock")),
            elevated=single.pop("elevated") == "1",
            writable=frozenset(writable),
            **single,
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise TlsOpsError(f"the host's facts are incomplete or malformed: {error}.") from error


def _moment(filetime: str) -> datetime:
    return _FILETIME_EPOCH + timedelta(microseconds=int(filetime) // 10)


def require_rights(host: HostInfo) -> None:
    """Raises TlsOpsError where the token cannot do what every step needs."""
    if not host.elevated:
        raise TlsOpsError(
            "the connection's user holds no unfiltered administrator rights.",
            hint="Use an administrator; a local account other than the built-in Administrator is filtered by UAC over"
            " the network unless LocalAccountTokenFilterPolicy is 1.",
        )
    if _SOFTWARE not in host.writable:
        raise TlsOpsError(
            f"the registry key {_SOFTWARE} does not open for writing, so no way back could be kept.",
            hint="Look at its permissions, and at what protects the registry on this server.",
        )
