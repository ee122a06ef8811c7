# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a zip archive that came with a mail: read in memory, bounded, and never by the sizes that it claims."""

from __future__ import annotations

import dataclasses
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from .._errors import TlsOpsError

MAX_ENTRIES = 200
MAX_FILE = 1024 * 1024
MAX_TOTAL = 16 * 1024 * 1024
MAX_RATIO = 100  # certificates shrink to two thirds at best, a text to a fifth
LOCKED = "locked with a password"
_SMALL = 64 * 1024  # below this no ratio matters
_SIGNS = (b"PK\x03\x04", b"PK\x05\x06")
_ENTRY = b"PK\x01\x02"  # each file's record in the central directory (APPNOTE.TXT 4.3.12)
_ENCRYPTED, _UTF_8 = 0x1, 0x800  # general purpose bits (APPNOTE.TXT 4.4.4)
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_JUNK = ("__macosx", ".ds_store", "thumbs.db", "desktop.ini")
# What zipfile raises for an archive that is none, is cut off, or lies about itself.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, struct.error, ValueError, NotImplementedError, RuntimeError),
    *(EOFError, OSError, LookupError, OverflowError),
)


@dataclasses.dataclass(frozen=True)
class File:
    """One file of an archive. ``problem``: why it was not unpacked, as the end of a sentence; then without ``data``."""

    name: str
    data: bytes = b""
    problem: str = ""


@dataclasses.dataclass
class Budget:
    """What may still be unpacked of one answer, over all archives in it."""

    entries: int = MAX_ENTRIES
    total: int = MAX_TOTAL


def is_archive(data: bytes) -> bool:
    """Whether it begins as a zip archive does."""
    return data.startswith(_SIGNS)


def files(data: bytes, budget: Budget) -> Iterator[File]:
    """The files of an archive, without folders and without what macOS and Windows put beside them.

    Raises ValueError where the archive is damaged, TlsOpsError where it is larger than an answer of a CA can be.
    """
    # Asked before the directory is read: each entry costs memory.
    _spend(budget, entries=data.count(_ENTRY))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if not info.is_dir() and not _is_junk(info.filename):
                    yield _unpacked(archive, info, budget)
    except _BROKEN as error:
        raise ValueError(f"a damaged zip archive: {error}" if str(error) else "a damaged zip archive") from error


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget) -> File:
    name = _name(info)
    if info.flag_bits & _ENCRYPTED:
        return File(name, problem=LOCKED)
    if info.compress_type not in _METHODS:
        return File(name, problem="packed in a way that is not read here")
    if info.file_size > MAX_FILE:
        return File(name, problem=f"of {info.file_size} bytes (at most {MAX_FILE} are read)")
    if info.file_size > max(_SMALL, MAX_RATIO * info.compress_size):
        raise _too_much(f"'{name}' grows to more than {MAX_RATIO} times its size")
    _spend(budget, total=info.file_size)
    return File(name, archive.read(info))  # reads no more than file_size, and checks the sum


def _spend(budget: Budget, *, entries: int = 0, total: int = 0) -> None:
    budget.entries -= entries
    budget.total -= total
    if budget.entries < 0:
        raise _too_much(f"more than {MAX_ENTRIES} files")
    if budget.total < 0:
        raise _too_much(f"more than {MAX_TOTAL} bytes when unpacked")


def _too_much(what: str) -> TlsOpsError:
    return TlsOpsError(
        f"a zip archive in the CA's answer is too large to be one with certificates: {what}.",
        hint="Unpack it where it does no harm, and give the certificate's file alone.",
    )


def _is_junk(path: str) -> bool:
    folders = path.lower().split("/")
    return folders[-1].startswith("._") or any(each in _JUNK for each in folders)


def _name(info: zipfile.ZipInfo) -> str:
    """The name; where it is not marked as UTF-8, Windows has written it in its own code page."""
    if info.flag_bits & _UTF_8:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("cp932")
    except UnicodeError:
        return info.filename
