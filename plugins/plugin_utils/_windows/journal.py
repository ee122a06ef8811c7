# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this collection keeps on the target under ``HKLM\\SOFTWARE\\tlsops.windows``.

``Undo``: the way back that survives the process, and the names of passing files. ``Request``: the certificate requests
that were made here.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from .._batch.operation import Answer, Operation
from .._batch.operations import file_delete, reg_delete, reg_read, reg_write
from .._batch.payload import RegistryValue, reg_text, registry
from .._errors import TlsOpsError
from .._model.snapshot import Journal

JOURNAL = r"HKLM\SOFTWARE\tlsops.windows\Undo"
SSL_BINDING = JOURNAL + r"\SslBinding"
TRUSTED_ROOT = JOURNAL + r"\TrustedRoot"
FILES = JOURNAL + r"\File"
DISALLOWED = "Disallowed"
REBIND = "Rebind"
_PASSING = re.compile(r"tlsops-[0-9a-f]+\.(cer|inf|req)\Z", re.ASCII)
REQUESTS = r"HKLM\SOFTWARE\tlsops.windows\Request"


def operations() -> tuple[Operation, ...]:
    return reg_read(JOURNAL), reg_read(REQUESTS, depth=0)


def parse(answers: Sequence[Answer]) -> Journal:
    """The journal from the answer of :func:`operations`; raises TlsOpsError where it cannot be read."""
    for name, answer in zip((JOURNAL, REQUESTS), answers, strict=True):
        if not answer.ok:
            raise TlsOpsError(f"the journal {name} cannot be read: {answer.describe()}.")
    keys, requests = (registry(answer.payload) for answer in answers)
    endpoints: dict[str, str] = {}
    files: tuple[str, ...] = ()
    roots: dict[str, dict[str, bytes]] = {}
    marked: dict[str, set[str]] = {DISALLOWED: set(), REBIND: set()}
    for path, values in keys.items():
        place, _other, rest = path.partition("\\")
        if place.lower() == "sslbinding" and not rest:
            endpoints |= {name: value.text for name, value in values.items()}
        elif place.lower() == "file" and not rest:
            files = tuple(values)
        elif place.lower() == "trustedroot" and rest:
            thumbprint = rest.upper()
            roots[thumbprint] = _blobs(values)
            for mark in marked.keys() & values.keys():
                marked[mark].add(thumbprint)
    saved = {name: blobs for name, blobs in roots.items() if blobs}
    made = {name: value.data for name, value in requests.get("", {}).items()}
    return Journal(endpoints, saved, frozenset(marked[DISALLOWED]), frozenset(marked[REBIND]), made, files)


def passing(system_root: str, nonce: str, kind: str) -> str:
    """The path of a passing file; ``kind`` is what its name ends in."""
    return rf"{system_root}\Temp\tlsops-{nonce}.{kind}"


def enter_file(path: str) -> Operation:
    """A passing file is about to be made: its name is random, so a run that is cut off leaves it here for the next."""
    return dataclasses.replace(reg_write(FILES, path, "String", reg_text("")), undo=drop_file(path))


def drop_file(path: str) -> tuple[Operation, Operation]:
    """The file goes before its entry; one that is gone already does no harm."""
    return file_delete(path), reg_delete(FILES, path)


def is_passing(path: str, system_root: str) -> bool:
    """Whether the path is one that this collection gives there; no other file is deleted because of an entry."""
    folder, backslash, name = path.rpartition("\\")
    there = f"{folder}{backslash}".casefold() == f"{system_root}\\Temp\\".casefold()
    return there and _PASSING.match(name) is not None


def _blobs(values: dict[str, RegistryValue]) -> dict[str, bytes]:
    return {name: value.data for name, value in values.items() if name not in (DISALLOWED, REBIND)}
