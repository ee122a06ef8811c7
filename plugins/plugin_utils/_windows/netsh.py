# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""http.sys records written by netsh: every setting is sent again, and what netsh cannot say is refused.

Microsoft docs: "netsh http" for the parameters, http.h (HTTP_SERVICE_CONFIG_SSL_FLAG_*) for the flags,
HTTP_SERVICE_CONFIG_SSL_PARAM for the check mode.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator

from .._batch.operation import Answer, Operation
from .._batch.operations import run
from .._batch.payload import program
from .._errors import TlsOpsError
from .httpsys import Record, Selector

NETSH = r"%SystemRoot%\System32\netsh.exe"

_FLAGS = {
    0x1: "dsmapperusage",
    0x2: "clientcertnegotiation",
    0x8: "reject",
    0x10: "disablehttp2",
    0x20: "disablequic",
    0x40: "disabletls13",
    0x80: "disableocspstapling",
    0x100: "enabletokenbinding",
    0x200: "logextendedevents",
    0x400: "disablelegacytls",
    0x800: "enablesessionticket",
    0x1000: "disabletls12",
    0x4000: "disablesessionid",
}
# Known bits for which netsh has no switch: NO_RAW_FILTER, ENABLE_CLIENT_CORRELATION, ENABLE_CACHE_CLIENT_HELLO.
_CLASSIC = frozenset({"dsmapperusage", "clientcertnegotiation"})  # since Windows Server 2008
_REVOCATION_OFF, _CACHED_ONLY, _FRESHNESS_TIME, _NO_USAGE_CHECK = 0x1, 0x2, 0x4, 0x10000
_CHECK_MODES = _REVOCATION_OFF | _CACHED_ONLY | _FRESHNESS_TIME | _NO_USAGE_CHECK

# ERROR_INVALID_PARAMETER is passing for some seconds after certreq has accepted a CNG key (seen on Server 2025).
# The text around the number is localized.
_INVALID_PARAMETER = "(?<![0-9A-Za-z])87(?![0-9A-Za-z])"
_RETRY_SECONDS = 16
_SECONDS = 30


# winerror.h: what stands behind netsh's localized "Error: ".
_EXPLAINED = {
    "5": "The account may not write http.sys records: connect as an administrator.",
    "87": "netsh refuses a value of this record (ERROR_INVALID_PARAMETER): change it by the program that made it.",
    "112": "A disk of the server is full: make room on its system drive, then run again.",
    "1312": "Windows finds no usable private key for the certificate in the machine's store (1312). Where its key is "
    "still on the server, 'certutil -repairstore My <thumbprint>' links it again.",
}


def explain(text: str) -> str:
    """What to do about a failure of netsh, by the number in what it says; empty where none is known."""
    numbers = re.findall(r"(?<![0-9A-Za-z])[0-9]+(?![0-9A-Za-z])", text)
    return next((_EXPLAINED[each] for each in numbers if each in _EXPLAINED), "")


def probes() -> tuple[Operation, ...]:
    """What shows the host's netsh; ``Netsh.probed`` takes the answers."""
    return run(NETSH, "http", "update", seconds=_SECONDS), run(
        NETSH, "http", "add", "sslcert", "help", seconds=_SECONDS
    )


@dataclasses.dataclass(frozen=True)
class Netsh:
    """What the host's netsh can do. ``switches`` are the parameter names that its help lists."""

    can_update: bool = False
    switches: frozenset[str] = frozenset()
    missing: bool = False

    @classmethod
    def probed(cls, answers: Iterable[Answer]) -> Netsh:
        """Help text is localized, command and parameter names are not. What cannot be read is taken as not there."""
        answers = tuple(answers)
        update, help_text = (_output(answer).lower() for answer in answers)
        switches = frozenset(re.findall(r"([a-z][a-z0-9]+)=", help_text))
        return cls("sslcert" in update, switches, any(answer.missing for answer in answers))

    def add(self, selector: Selector, record: Record, *, ok_exit: Iterable[int] = (0,)) -> Operation:
        """Fails with 183 where the record exists. Raises TlsOpsError where a setting would be lost."""
        return self._write("add", selector, record, ok_exit)

    def update(self, selector: Selector, record: Record, *, ok_exit: Iterable[int] = (0,)) -> Operation:
        """One atomic change of an existing record. Raises TlsOpsError where a setting would be lost."""
        return self._write("update", selector, record, ok_exit)

    def delete(self, selector: Selector, *, ok_exit: Iterable[int] = (0,)) -> Operation:
        return run(NETSH, "http", "delete", "sslcert", *_checked([str(selector)]), ok_exit=ok_exit, seconds=_SECONDS)

    def _write(self, verb: str, selector: Selector, record: Record, ok_exit: Iterable[int]) -> Operation:
        if self.missing:
            raise TlsOpsError(
                f"{NETSH} is not on this server, and nothing else writes the http.sys record {selector}.",
                hint="It is a part of Windows: repair the installation ('sfc /scannow').",
            )
        lost = [*record.unknown, *self._lost_flags(record), *_lost_checks(record)]
        if lost:
            raise TlsOpsError(
                f"the http.sys record {selector} holds what netsh on this host cannot write: {', '.join(lost)}.",
                hint="Replacing its certificate would lose that. Change the record by the program that made it.",
            )
        return run(
            *(NETSH, "http", verb, "sslcert", *_checked([str(selector), *_arguments(record)])),
            ok_exit=ok_exit,
            seconds=_SECONDS,
            retry_match=_INVALID_PARAMETER,
            retry_seconds=_RETRY_SECONDS,
        )

    def _lost_flags(self, record: Record) -> Iterator[str]:
        for bit in _bits(record.flags):
            switch = _FLAGS.get(bit, "")
            if not switch:
                yield f"flag 0x{bit:x}"
            elif switch not in self.switches | _CLASSIC:
                yield f"flag 0x{bit:x} ({switch})"


def _arguments(record: Record) -> Iterator[str]:
    yield f"certhash={record.thumbprint.lower()}"
    yield f"appid={record.app_id}"
    # Without it netsh stores "(null)".
    yield f"certstorename={record.store}"
    yield f"verifyclientcertrevocation={_switch(not record.check_mode & _REVOCATION_OFF)}"
    yield f"verifyrevocationwithcachedclientcertonly={_switch(record.check_mode & _CACHED_ONLY)}"
    yield f"usagecheck={_switch(not record.check_mode & _NO_USAGE_CHECK)}"
    # An explicit zero is refused with error 87 (seen on Server 2025); left out means zero.
    if record.revocation_freshness_time:
        yield f"revocationfreshnesstime={record.revocation_freshness_time}"
    if record.url_retrieval_timeout:
        yield f"urlretrievaltimeout={record.url_retrieval_timeout}"
    if record.ctl_identifier:
        yield f"sslctlidentifier={record.ctl_identifier}"
    if record.ctl_store:
        yield f"sslctlstorename={record.ctl_store}"
    for bit, switch in _FLAGS.items():
        if record.flags & bit or switch in _CLASSIC:
            yield f"{switch}={_switch(record.flags & bit)}"


# netsh takes its line apart by itself, and how it reads these is written nowhere. A backslash matters at the end of
# what stands in quotation marks: CommandLineToArgvW wants it doubled there.
_UNSAFE = re.compile(r'["\x00-\x1f\x7f]|\s.*\\\Z', re.DOTALL)


def _checked(arguments: Iterable[str]) -> Iterator[str]:
    """Raises TlsOpsError where netsh could take one for something else."""
    for each in arguments:
        if _UNSAFE.search(each):
            raise TlsOpsError(
                f"netsh cannot be told {each!r}: a quotation mark, a control character or a backslash at its end.",
                hint="Change this http.sys record by the program that made it.",
            )
        yield each


def _lost_checks(record: Record) -> Iterator[str]:
    for bit in _bits(record.check_mode & ~_CHECK_MODES):
        yield f"check mode 0x{bit:x}"
    # netsh sets the bit exactly when it gets a freshness time.
    if bool(record.check_mode & _FRESHNESS_TIME) != bool(record.revocation_freshness_time):
        yield f"check mode 0x{record.check_mode:x} with a freshness time of {record.revocation_freshness_time}"


def _bits(number: int) -> Iterator[int]:
    return (1 << place for place in range(number.bit_length()) if number >> place & 1)


def _switch(value: object) -> str:
    return "enable" if value else "disable"


def _output(answer: Answer) -> str:
    if not answer.payload:
        return ""
    try:
        return program(answer.payload).stdout.decode("latin-1")
    except TlsOpsError:
        return ""
