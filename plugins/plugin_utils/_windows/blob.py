# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry value ``Blob`` of a certificate store: records, kept byte for byte.

Each record is ``id | 1 | length | data``, numbers unsigned 32 bit little-endian (MS-GPEF 2.2.1.1.1). In what Windows
writes the order varies and the certificate comes last; a record that is not understood here stays as it is.
"""

from __future__ import annotations

import dataclasses
import struct
from datetime import UTC, datetime, timedelta

from .._errors import TlsOpsError

# Property numbers: wincrypt.h, CERTENROLL_PROPERTYID.
USAGES = 9
FRIENDLY_NAME = 11  # UTF-16LE with its NUL
CERTIFICATE = 32
DISALLOWED_SINCE = 104
DISALLOWED_USAGES = 122
NOT_BEFORE = 126
NOT_BEFORE_USAGES = 127

# A usage list of zero entries: valid for nothing (sdk-api, CertGetEnhancedKeyUsage).
NO_USAGES = bytes.fromhex("3000")

_HEADER = struct.Struct("<III")
_RESERVED = 1
_EPOCH = datetime(1601, 1, 1, tzinfo=UTC)


@dataclasses.dataclass(frozen=True)
class Blob:
    """The records of one Blob, in order."""

    records: tuple[tuple[int, bytes], ...]

    @classmethod
    def parse(cls, data: bytes) -> Blob:
        """Raises TlsOpsError where the bytes are not records from the first to the last one."""
        records: list[tuple[int, bytes]] = []
        position = 0
        while position < len(data):
            number, content = _record(data, position)
            records.append((number, content))
            position += _HEADER.size + len(content)
        return cls(tuple(records))

    @classmethod
    def of(cls, der: bytes) -> Blob:
        """A certificate without any property."""
        return cls(((CERTIFICATE, der),))

    def encode(self) -> bytes:
        return b"".join(_HEADER.pack(number, _RESERVED, len(data)) + data for number, data in self.records)

    def get(self, number: int) -> bytes | None:
        """The data of one record; None where there is none. Raises TlsOpsError where there are several."""
        found = [data for each, data in self.records if each == number]
        if len(found) > 1:
            raise TlsOpsError(f"a certificate Blob holds record {number} {len(found)} times.")
        return found[0] if found else None

    @property
    def certificate(self) -> bytes:
        """The certificate's DER. Raises TlsOpsError where the Blob holds none."""
        der = self.get(CERTIFICATE)
        if der is None:
            raise TlsOpsError("a certificate Blob holds no certificate (record 32).")
        return der

    def with_property(self, number: int, data: bytes) -> Blob:
        """Replaced where it stands, else put before the certificate: every Blob seen has that one last."""
        if self.get(number) is not None:
            return Blob(tuple((each, data if each == number else old) for each, old in self.records))
        numbers = [each for each, _old in self.records]
        place = numbers.index(CERTIFICATE) if CERTIFICATE in numbers else len(numbers)
        return Blob((*self.records[:place], (number, data), *self.records[place:]))

    def without_property(self, number: int) -> Blob:
        return Blob(tuple(record for record in self.records if record[0] != number))

    def oids(self, number: int) -> tuple[str, ...] | None:
        """A record that lists usages, as dotted numbers; None where there is none. Raises TlsOpsError."""
        data = self.get(number)
        return None if data is None else decode_oids(data)

    def moment(self, number: int) -> datetime | None:
        """A record that holds a FILETIME; None where there is none, or where it is no FILETIME (104 may be empty)."""
        data = self.get(number)
        if data is None or len(data) != 8:
            return None
        try:
            return _EPOCH + timedelta(microseconds=int.from_bytes(data, "little") // 10)
        except OverflowError:
            return None

    @property
    def usages(self) -> tuple[str, ...] | None:
        """Allowed usages as dotted numbers: None is all of them, empty is none (disabled for all purposes)."""
        return self.oids(USAGES)


def _record(data: bytes, position: int) -> tuple[int, bytes]:
    if len(data) - position < _HEADER.size:
        raise TlsOpsError(f"a certificate Blob ends in {len(data) - position} bytes that are no record.")
    number, reserved, length = _HEADER.unpack_from(data, position)
    start = position + _HEADER.size
    if number == 0 or reserved != _RESERVED:
        raise TlsOpsError(f"a certificate Blob has an unknown record form at byte {position} ({number}, {reserved}).")
    if length > len(data) - start:
        raise TlsOpsError(f"record {number} of a certificate Blob is cut off: {length} bytes announced.")
    return number, data[start : start + length]


def decode_oids(der: bytes) -> tuple[str, ...]:
    """``SEQUENCE OF OBJECT IDENTIFIER`` in DER (RFC 5280, 4.2.1.12) as dotted numbers. Raises TlsOpsError."""
    content, rest = _element(der, 0x30)
    if rest:
        raise TlsOpsError("a usage list has bytes after its end.")
    found = []
    while content:
        oid, content = _element(content, 0x06)
        found.append(_dotted(oid))
    return tuple(found)


def _element(der: bytes, tag: int) -> tuple[bytes, bytes]:
    if len(der) < 2 or der[0] != tag:
        raise TlsOpsError("a usage list is not DER.")
    length, start = der[1], 2
    if length >= 0x80:
        start += length - 0x80
        length = int.from_bytes(der[2:start], "big")
        if length < 0x80 or der[2] == 0:
            raise TlsOpsError("a usage list has a length that is not DER.")
    if len(der) - start < length:
        raise TlsOpsError("a usage list is cut off.")
    return der[start : start + length], der[start + length :]


def _dotted(oid: bytes) -> str:
    if not oid or oid[-1] & 0x80:
        raise TlsOpsError("a usage list holds an incomplete object identifier.")
    numbers = [0]
    for byte in oid:
        if byte == 0x80 and numbers[-1] == 0:
            raise TlsOpsError("a usage list holds a padded object identifier.")
        numbers[-1] = numbers[-1] << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(0)
    first = min(numbers[0] // 40, 2)
    return ".".join(str(number) for number in (first, numbers[0] - 40 * first, *numbers[1:-1]))
