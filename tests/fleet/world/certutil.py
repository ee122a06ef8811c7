# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``certutil -repairstore``: the key of a certificate that has lost it, found again.

KB889651: it names the certificate by its serial number, looks through the machine's key containers for its public key,
and links the one that it finds. Which number it ends with where it finds none no source says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import blob
from .errors import ACCESS_DENIED, CRYPT_E_NOT_FOUND, E_INVALIDARG, WindowsError, hresult, signed
from .keys import public_bytes
from .programs import Completed, program
from .stores import Entry, path

if TYPE_CHECKING:
    from .host import Host


@program("certutil.exe")
def certutil(host: Host, arguments: list[str]) -> Completed:
    """Only ``-repairstore <store> <serial number or thumbprint>``: with other options it is another program."""
    try:
        if len(arguments) != 3 or arguments[0].lower() != "-repairstore":
            raise hresult(E_INVALIDARG)
        if not host.options.elevated:
            raise hresult(ACCESS_DENIED)
        _repair(host, *arguments[1:])
    except WindowsError as problem:
        number = problem.number & 0xFFFFFFFF
        text = f"CertUtil: -repairstore: 0x{number:08x} {host.language.windows(number)}\r\n"
        return Completed(signed(number), host.language.encode(text))
    return Completed(0, host.language.encode("CertUtil: -repairstore: 0\r\n"))


def _repair(host: Host, store: str, wanted: str) -> None:
    """Raises CRYPT_E_NOT_FOUND where there is no such certificate, or no key for it."""
    found = [entry for entry in host.stores.logical(store) if _is(entry, wanted.lower())]
    if not found:
        raise hresult(CRYPT_E_NOT_FOUND)
    for entry in found:
        public = public_bytes(blob.parsed(entry.der).public_key())
        container = next((each for each in host.keys.all() if each.usable and each.public == public), None)
        if container is None:
            raise hresult(CRYPT_E_NOT_FOUND)
        host.stores.put(path(store), blob.put(entry.blob, blob.KEY_PROV_INFO, container.link.encode()))


def _is(entry: Entry, wanted: str) -> bool:
    """Serial numbers as Windows shows them: the bytes of the number's DER form."""
    number = blob.parsed(entry.der).serial_number
    return wanted in (entry.thumbprint.lower(), number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True).hex())
