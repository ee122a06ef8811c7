# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be seen of a PFX without its password: how many keys it holds, and with which old ciphers (RFC 7292)."""

from __future__ import annotations

from collections.abc import Iterator

from .der import MAX_DEPTH, OID, SEQUENCE, Element, children, octets, read

_DATA = bytes.fromhex("06092a864886f70d010701")  # pkcs-7 data: bags that are not encrypted as a whole
_BAG = bytes.fromhex("060b2a864886f70d010c0a01")  # bagtypes of PKCS#12, the last number missing
_KEY, _SHROUDED_KEY, _SAFE_CONTENTS = b"\x01", b"\x02", b"\x06"

# RFC 7292 appendix C, the arcs below pkcs-12PbeIds.
_PBE = bytes.fromhex("060a2a864886f70d010c01")
_OLD = {b"\x01": "RC4-128", b"\x02": "RC4-40", b"\x05": "RC2-128", b"\x06": "RC2-40"}


def private_keys(pfx: bytes) -> int:
    """How many private keys lie in parts that are not encrypted as a whole, which is where everybody puts them.

    0 where none is seen, or the structure cannot be read.
    """
    try:
        return sum(1 for bag in _bags(pfx) if bag in (_KEY, _SHROUDED_KEY))
    except (ValueError, IndexError):
        return 0


def old_ciphers(pfx: bytes) -> tuple[str, ...]:
    """The names of the ciphers in the file that only OpenSSL's legacy provider has."""
    return tuple(name for last, name in _OLD.items() if _PBE + last in pfx)


def authenticated(pfx: bytes) -> bytes:
    """The contents that a MAC protects. Raises ValueError, IndexError."""
    _version, safe, *_mac = children(read(pfx).content)
    return _data(safe)


def _data(content_info: Element) -> bytes:
    """What a ContentInfo of type data holds. Raises ValueError where it is of another type."""
    kind, wrapped = children(content_info.content)
    if kind.tag != OID or kind.raw != _DATA:
        raise ValueError("not of type data")
    return octets(read(wrapped.content))


def _bags(pfx: bytes) -> Iterator[bytes]:
    for content_info in children(read(authenticated(pfx)).content):
        if content_info.tag == SEQUENCE and children(content_info.content)[0].raw == _DATA:
            yield from _of_contents(_data(content_info), 0)


def _of_contents(contents: bytes, depth: int) -> Iterator[bytes]:
    """The last number of each bag's type, those of nested contents too."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deep")
    for bag in children(read(contents).content):
        kind, value, *_attributes = children(bag.content)
        if kind.raw[:-1] != _BAG:
            continue
        if kind.raw[-1:] == _SAFE_CONTENTS:
            yield from _of_contents(value.content, depth + 1)
        else:
            yield kind.raw[-1:]
