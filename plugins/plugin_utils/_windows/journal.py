# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The way back that survives the process: what is kept on the target under ``HKLM\\SOFTWARE\\tlsops.windows\\Undo``."""

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


def operations() -> tuple[Operation, ...]:
    return (reg_read(JOURNAL),)


def parse(answers: Sequence[Answer]) -> Journal:
    """The journal from the answer of :func:`operations`; raises TlsOpsError where it cannot be read."""
    (answer,) = answers
    if not answer.ok:
        raise TlsOpsError(f"the journal {JOURNAL} cannot be read: {answer.describe()}.")
    keys = registry(answer.payload)
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
    return Journal(endpoints, saved, frozenset(marked[DISALLOWED]), frozenset(marked[REBIND]))


def _blobs(values: dict[str, RegistryValue]) -> dict[str, bytes]:
    return {name: value.data for name, value in values.items() if name not in (DISALLOWED, REBIND)}
