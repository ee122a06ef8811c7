# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A certificate that round 1 did not find in a store of the machine, put there. Pure."""

from __future__ import annotations

import dataclasses

from .._batch.operation import Operation
from .._batch.operations import reg_read, store_add, store_copy, store_remove
from .._batch.payload import digest
from .._x509.certificate import Certificate
from .stores import MACHINE, VALUE


def put(store: str, certificate: Certificate) -> tuple[Operation, ...]:
    """The way back takes it out again."""
    return _new(store, certificate.thumbprint, store_add(store, certificate.der))


def put_copy(from_store: str, to_store: str, thumbprint: str) -> tuple[Operation, ...]:
    """The same with a copy that keeps the link to the key."""
    return _new(to_store, thumbprint, store_copy(from_store, to_store, thumbprint))


def look(store: str, thumbprint: str) -> Operation:
    """Stops the batch where it is there after all: another run may depend on it, so no way back may take it out."""
    key = rf"{MACHINE}\{store}\Certificates\{thumbprint}"

    def differs(_payload: bytes) -> str:
        return f"{key} has changed since it was read: it was not there and is there now"

    return dataclasses.replace(reg_read(key, depth=0, value=VALUE), expect=digest(b""), differs=differs)


def _new(store: str, thumbprint: str, adding: Operation) -> tuple[Operation, ...]:
    return look(store, thumbprint), dataclasses.replace(adding, undo=(store_remove(store, thumbprint),))
