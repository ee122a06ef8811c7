# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What this collection keeps on the target under ``HKLM\\SOFTWARE\\tlsops.windows``.

``Undo``: the way back that survives the process. ``Request``: the certificate requests that were made here.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._batch.operation import Answer, Operation
from .._batch.operations import reg_read
from .._batch.payload import RegistryValue, registry
from .._errors import TlsOpsError
from .._model.snapshot import Journal

JOURNAL = r"HKLM\SOFTWARE\tlsops.windows\Undo"
SSL_BINDING = JOURNAL + r"\SslBinding"
TRUSTED_ROOT = JOURNAL + r"\TrustedRoot"
DISALLOWED = "Disallowed"
REBIND = "Rebind"
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
    roots: dict[str, dict[str, bytes]] = {}
    marked: dict[str, set[str]] = {DISALLOWED: set(), REBIND: set()}
    for path, values in keys.items():
        place, _other, rest = path.partition("\\")
        if place.lower() == "sslbinding" and not rest:
            endpoints |= {name: value.text for name, value in values.items()}
        elif place.lower() == "trustedroot" and rest:
            thumbprint = rest.upper()
            roots[thumbprint] = _blobs(values)
            for mark in marked.keys() & values.keys():
                marked[mark].add(thumbprint)
    saved = {name: blobs for name, blobs in roots.items() if blobs}
    made = {name: value.data for name, value in requests.get("", {}).items()}
    return Journal(endpoints, saved, frozenset(marked[DISALLOWED]), frozenset(marked[REBIND]), made)


def _blobs(values: dict[str, RegistryValue]) -> dict[str, bytes]:
    return {name: value.data for name, value in values.items() if name not in (DISALLOWED, REBIND)}
