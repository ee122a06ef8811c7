# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations that change what one site of IIS 6.0 has set, so that a failure at any of them ends in the old state.

As in ``swap``, what brings the old certificate back hangs on the journal entry, and the entry stays until the swap is
proven. A value that was inherited is taken away again, so that what stands above it counts as before. A write is live
at once and on disk only after it was saved: an entry goes only behind a save.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..._batch.operation import Operation
from ..._batch.operations import adsi_write
from .metabase import AUTO_START, BINARY_FORMS, CERTIFICATE, SECURE_BINDINGS, STORE, Value, Values, control, holds, save
from .swap import drop_journal, write_journal

_BOTH = (CERTIFICATE, STORE)
RESTART = "restart="  # how the journal's entry begins that says which site was to be started again


def certificate(thumbprint: str, store: str) -> dict[str, Value]:
    """The values of a site that has this certificate set on itself; ``thumbprint`` is SHA-1 in hex."""
    return {CERTIFICATE: Value("binary", bytes.fromhex(thumbprint)), STORE: Value("text", store.encode())}


def replace(path: str, old: Values, new: Values, journal: str, entry: str) -> tuple[Operation, ...]:
    """From the certificate ``old`` to ``new``; ``entry`` is the text under the journal's name ``journal``."""
    enter = write_journal(journal, entry)
    back = (*_restore(path, old, *_BOTH), drop_journal(journal))
    return (
        holds(path, old, *_BOTH),
        dataclasses.replace(enter, undo=back),
        _write(path, new, *_BOTH),
        save(),
        # Going back begins here, maybe when the entry is dropped already.
        dataclasses.replace(holds(path, new, *_BOTH), undo=(enter,)),
    )


def create(path: str, old: Values, new: Values) -> tuple[Operation, ...]:
    """For a site that has no certificate: there is nothing that a run that is cut off could lose."""
    before = dataclasses.replace(holds(path, old, *_BOTH), undo=_restore(path, old, *_BOTH))
    return before, _write(path, new, *_BOTH), save(), holds(path, new, *_BOTH)


def add_binding(path: str, old: Values, information: str) -> tuple[Operation, ...]:
    """One more SecureBinding; the list is set on the site then, with what it had, inherited or not."""
    new = with_binding(old, information)
    undo = _restore(path, old, SECURE_BINDINGS)
    return (
        dataclasses.replace(holds(path, old, SECURE_BINDINGS), undo=undo),
        _write(path, new, SECURE_BINDINGS),
        save(),
        holds(path, new, SECURE_BINDINGS),
    )


def with_binding(old: Values, information: str) -> dict[str, Value]:
    """The SecureBindings of a site as they are with one more."""
    had = old[SECURE_BINDINGS].texts if SECURE_BINDINGS in old else ()
    return {SECURE_BINDINGS: Value("texts", "\0".join((*had, information)).encode())}


def put_back(path: str, values: Values) -> tuple[Operation, ...]:
    """The certificate that a run that was cut off left a site without."""
    return _write(path, values, *_BOTH), save(), holds(path, values, *_BOTH)


def controlled(path: str, method: str, back: str = "", *, auto_start: Value | None = None) -> tuple[Operation, ...]:
    """``Start`` or ``Stop`` of a site, for good; ``back`` is the method that takes it back, where there is one.

    IIS rewrites ServerAutoStart with each of them (TechNet cc782812), so the metabase is saved behind it: else a server
    that loses power comes back with the sites as they were. Taking it back sets ``auto_start`` again.
    """
    undo = (*([control(path, back)] if back else []), *(auto_started(path, auto_start) if auto_start else ()))
    return dataclasses.replace(control(path, method), undo=undo), save()


def started_anew(path: str, auto_start: Value | None) -> tuple[Operation, ...]:
    """A stop and a start. Nobody serves between them, so the journal says so: the next run starts the site.

    ``auto_start`` is put back where it is not what a start makes of it.
    """
    mark = f"{RESTART}{path}"
    kept = auto_started(path, auto_start) if auto_start and not auto_start.flag else ()
    stop = dataclasses.replace(control(path, "Stop"), undo=(control(path, "Start"), drop_journal(mark)))
    return write_journal(mark, "started"), stop, control(path, "Start"), *kept, drop_journal(mark)


def auto_started(path: str, mode: Value) -> tuple[Operation, ...]:
    """ServerAutoStart as it was."""
    return adsi_write(path, (AUTO_START, mode.kind, mode.data)), save()


def _write(path: str, values: Values, *names: str) -> Operation:
    """Sets each of the properties that is among the values on the node itself, and takes the others away from it."""
    given: Mapping[str, Value] = {name: each for name, each in values.items() if not each.inherited}
    changes = [(name, given[name].kind, given[name].data) if name in given else (name, "clear", b"") for name in names]
    return adsi_write(path, *changes, forms=BINARY_FORMS if CERTIFICATE in names else ())


def _restore(path: str, old: Values, *names: str) -> tuple[Operation, ...]:
    return _write(path, old, *names), holds(path, old, *names), save()
