# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs other than IIS sites that name a certificate by its thumbprint, where the registry or a file says so.

FTP is not among them: its settings are in IIS's own configuration, which is read with the web server.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from .._batch.operation import Answer, Operation
from .._batch.operations import file_read, reg_read
from .._batch.payload import RegistryValue, registry
from .._errors import TlsOpsError
from .._model.consumers import Consumer, Consumers
from .iis.xml_reader import elements
from .thumbprint import of_bytes, of_text


@dataclasses.dataclass(frozen=True)
class _Place:
    """Values of a key, or of the keys ``depth`` levels below it whose path ends in ``below``."""

    program: str
    key: str
    values: tuple[str, ...]
    depth: int = 0
    below: str = ""


_PLACES = (
    # One key a listener, named like "*+HTTPS" (win32 docs, "Installation and Configuration for Windows Remote
    # Management"; Chef's winrm_config_listener writes it there).
    _Place("WinRM listener", r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener", ("certThumbprint",), 1),
    # Azure docs, "Troubleshoot Azure VM RDP connection issues by Event ID": the REG_BINARY value in RDP-Tcp. Absent
    # while Windows' own self-signed certificate is used.
    _Place(
        "Remote Desktop",
        r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations",
        ("SSLCertificateSHA1Hash",),
        1,
    ),
    # IIS Manager writes it beside the http.sys record of port 8172 (certify's script for WMSVC does the same).
    _Place("IIS management service (WMSVC)", r"HKLM\SOFTWARE\Microsoft\WebManagement\Server", ("SslCertificateHash",)),
    # SQL Server docs, "Configure SQL Server Database Engine for encrypting connections": in <instance>\MSSQLServer.
    _Place(
        "SQL Server",
        r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server",
        ("Certificate",),
        3,
        r"MSSQLServer\SuperSocketNetLib",
    ),
    # Microsoft KB947027.
    _Place(
        "SSTP (Routing and Remote Access)",
        r"HKLM\SYSTEM\CurrentControlSet\Services\SstpSvc\Parameters",
        ("SHA1CertificateHash", "SHA256CertificateHash"),
    ),
)

# IIS docs, "Certificate Rebind in IIS 8.5": IIS Manager makes this task. Its name is that of one exported from a
# Windows Server 2019 (VividRock's MECM toolkit, with its XML). Task Scheduler keeps each task as XML under its name.
REBIND_TASK = r"%SystemRoot%\System32\Tasks\Microsoft\Windows\CertificateServicesClient\IIS-AutoCertRebind"


def operations() -> tuple[Operation, ...]:
    """What to ask; ``parse`` reads the answers in this order. An error is data."""
    keys = (
        reg_read(place.key, depth=place.depth, value=place.values[0] if len(place.values) == 1 else None)
        for place in _PLACES
    )
    return (*keys, file_read(REBIND_TASK))


def parse(answers: Sequence[Answer]) -> Consumers:
    """What is malformed, or cannot be read, is among the unreadable, with its place."""
    found: list[Consumer] = []
    unreadable: list[str] = []
    for place, answer in zip(_PLACES, answers[:-1], strict=True):
        try:
            named = [] if answer.missing else list(_named(place, registry(_payload(answer))))
        except TlsOpsError as error:
            unreadable.append(_why(place.key, error))
            continue
        found += [each for each in named if each.thumbprint]
        unreadable += [each.place for each in named if not each.thumbprint]
    try:
        rebind = _is_on(answers[-1])
    except TlsOpsError as error:
        return Consumers(tuple(found), False, (*unreadable, _why(REBIND_TASK, error)))
    return Consumers(tuple(found), rebind, tuple(unreadable))


def _payload(answer: Answer) -> bytes:
    if not answer.ok:
        raise TlsOpsError(answer.describe())
    return answer.payload


def _why(where: str, error: TlsOpsError) -> str:
    return f"{where} ({error.message.rstrip('.')})"


def _named(place: _Place, keys: Mapping[str, Mapping[str, RegistryValue]]) -> Iterator[Consumer]:
    """A consumer for each value that names a certificate; its thumbprint is empty where it is not understood."""
    wanted = [name.lower() for name in place.values]
    for path, values in sorted(keys.items()):
        if _depth(path) != place.depth or not path.lower().endswith(place.below.lower()):
            continue
        for name, value in sorted(values.items()):
            thumbprint = _thumbprint(value) if name.lower() in wanted else ""
            if thumbprint != "":
                yield _consumer(place, path, name, thumbprint or "")


def _depth(path: str) -> int:
    return path.count("\\") + 1 if path else 0


def _consumer(place: _Place, path: str, name: str, thumbprint: str) -> Consumer:
    key = f"{place.key}\\{path}" if path else place.key
    which = path.partition("\\")[0]
    return Consumer(f"{place.program} {which}".rstrip(), f"{key}, {name}", thumbprint)


def _thumbprint(value: RegistryValue) -> str | None:
    if value.kind == "Binary":
        return of_bytes(value.data)
    try:
        return of_text(value.text)
    except TlsOpsError:
        return None


def _is_on(answer: Answer) -> bool:
    """Whether the task is there and enabled, which it is unless its settings say otherwise (MS-TSCH, settingsType)."""
    if answer.missing:
        return False
    root = elements(_payload(answer), "the scheduled task", texts=True)
    return (root.findtext("Settings/Enabled") or "true").strip().lower() not in ("false", "0")
