# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The file that answers a request, among those of a folder of the controller: by the key, never by the file's name."""

from __future__ import annotations

import dataclasses
import os
import stat
from collections.abc import Iterable, Iterator
from datetime import datetime

from .._errors import TlsOpsError, UnreadableAnswer
from .._x509.answer import MAX_MAIL_BYTES, read_answer
from .._x509.certificate import Certificate
from .._x509.request import key_sha256

MAX_FILES = 5000  # a request and a few mails for each of a thousand hosts
MAX_BYTES = 256 * 1024 * 1024  # of all files together
_MANY = "Move old answers away, or use a folder of its own for them."
_VAULT = b"$ANSIBLE_VAULT;"


@dataclasses.dataclass(frozen=True)
class Found:
    """``path`` is empty where no file answers. ``unreadable`` says which files might, in words."""

    path: str
    unreadable: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, order=True)
class _Candidate:
    """The greatest is meant: issued last, the longest valid, with the most of its chain, and then the first by name."""

    not_before: datetime
    not_after: datetime
    certificates: int
    place: int
    path: str


def find(folder: str, key: str) -> Found:
    """The file of ``folder`` that holds a certificate for a key, by what ``key_sha256`` makes of that.

    Sub-folders, what is no file, Ansible Vault files, and files with a private key are passed over. Raises TlsOpsError
    where the folder cannot be read, or holds too much.
    """
    candidates: list[_Candidate] = []
    unreadable, read = [], 0
    for place, path in enumerate(_names(folder)):
        try:
            data = _content(path)
            read += len(data)
            certificates = read_answer(data) if data and read <= MAX_BYTES else ()
        except UnreadableAnswer as error:
            unreadable.append(f"{path}: {error}")
            continue
        except TlsOpsError:
            continue  # no answer, or one that holds a private key: nothing of it is told
        candidates += _candidates(certificates, key, -place, path)
    if read > MAX_BYTES:
        raise TlsOpsError(f"the files of the folder {folder} are too large: at most {MAX_BYTES} bytes.", hint=_MANY)
    return Found(max(candidates).path if candidates else "", tuple(unreadable))


def _candidates(certificates: Iterable[Certificate], key: str, place: int, path: str) -> Iterator[_Candidate]:
    given = tuple(certificates)
    for one in given:
        if key and key_sha256(one.public_key) == key and not one.is_ca:
            yield _Candidate(one.not_before, one.not_after, len(given), place, path)


def _names(folder: str) -> list[str]:
    """The paths of the folder's entries, sorted; hidden ones are left out: they are programs' own."""
    try:
        names = sorted(name for name in os.listdir(folder) if not name.startswith("."))
    except OSError as error:
        raise TlsOpsError(
            f"the folder {folder} cannot be read: {error.strerror}.",
            hint="It has to exist on the controller. Give an absolute path, or one that begins with "
            "{{ inventory_dir }}/ .",
        ) from error
    if len(names) > MAX_FILES:
        raise TlsOpsError(
            f"the folder {folder} holds {len(names)} files; at most {MAX_FILES} are looked into.",
            hint=_MANY,
        )
    return [os.path.join(folder, name) for name in names]


def _content(path: str) -> bytes:
    """The bytes of what may be an answer; nothing where it is none: no file, too large, a Vault file.

    Raises UnreadableAnswer where the system says no.
    """
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # a named pipe would block
            return b""
        with open(path, "rb") as file:
            data = file.read(MAX_MAIL_BYTES + 1)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise UnreadableAnswer(f"{error.strerror}.") from error
    return b"" if len(data) > MAX_MAIL_BYTES or data.startswith(_VAULT) else data
