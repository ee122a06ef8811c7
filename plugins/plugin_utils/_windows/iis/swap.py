# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations that change one http.sys record, so that a failure at any of them ends in the old record.

The target runs the undo lists newest first, each in its own order up to the first that is not ok. netsh can exit with 0
and have done nothing, or be cut off by its time limit after it has done it: so only what is read back counts, and what
brings the old record back hangs on the journal entry, which is written before netsh is started. The entry stays
until the swap is proven: by it the next run knows one that was cut off before.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from ..._batch.operation import Operation
from ..._batch.operations import reg_delete, reg_read, reg_write
from ..._batch.payload import RegistryValue, digest, encode_registry, reg_text, registry
from ..httpsys import HASH, KEYS, Record, Selector
from ..journal import SSL_BINDING
from ..netsh import Netsh

_ANY_OUTCOME = (0, 1)  # netsh's exit code for every refusal is 1: "it exists" (183), "it does not" (2)


def read_record(selector: Selector) -> Operation:
    """Reads every value of the record, whatever its subkey is named."""
    return reg_read(KEYS[selector.kind], match=selector.registry_match)


def holds(selector: Selector, thumbprint: str) -> Operation:
    """Not ok unless the record holds this certificate; an empty thumbprint: unless there is no record."""
    value = {HASH: RegistryValue("Binary", bytes.fromhex(thumbprint))}
    expected = encode_registry({"": value}) if thumbprint else b""
    read = reg_read(KEYS[selector.kind], value=HASH, match=selector.registry_match)
    return dataclasses.replace(read, expect=digest(expected))


def replace(
    netsh: Netsh, selector: Selector, old: Record, new: Record, entry: str, *, as_read: str = ""
) -> tuple[Operation, ...]:
    """From ``old`` to ``new``; ``entry`` is the journal's text, ``drop_journal`` follows once it is proven.

    ``as_read`` is the digest of the whole record: what is written is made of it, so it must still be that one; empty
    where the same batch has written it. Raises TlsOpsError where a setting would be lost.
    """
    change, put_back = _update(netsh, selector, old, new) if netsh.can_update else _renew(netsh, selector, old, new)
    enter = write_journal(str(selector), entry)
    back = (put_back, holds(selector, old.thumbprint), drop_journal(str(selector)))
    before = dataclasses.replace(read_record(selector), expect=as_read, differs=_differs(selector, old))
    return (
        before if as_read else holds(selector, old.thumbprint),
        dataclasses.replace(enter, undo=back),
        *change,
        # Going back begins here, maybe when the entry is dropped already: it is destructive too.
        dataclasses.replace(holds(selector, new.thumbprint), undo=(enter,)),
    )


def create(netsh: Netsh, selector: Selector, new: Record) -> tuple[Operation, ...]:
    """A record where there is none. The undo hangs on the check before it: see above."""
    none_there = dataclasses.replace(holds(selector, ""), differs=_differs(selector, Record()))
    return (
        dataclasses.replace(none_there, undo=(netsh.delete(selector, ok_exit=_ANY_OUTCOME),)),
        netsh.add(selector, new),
        holds(selector, new.thumbprint),
    )


def _differs(selector: Selector, before: Record) -> Callable[[bytes], str]:
    def differs(payload: bytes) -> str:
        now = Record.from_registry(registry(payload).get("", {}))
        then, later = before.thumbprint, now.thumbprint
        changed = [name for name, value in now.settings().items() if value != before.settings()[name]]
        what = f"it held {then or 'no certificate'} and holds {later or 'none'}"
        if then == later:
            what = f"another value of it is different ({', '.join(changed) or 'one that is not known'})"
        return f"the http.sys record {selector} has changed since it was read: {what}"

    return differs


def write_journal(selector: str, entry: str) -> Operation:
    return reg_write(SSL_BINDING, selector, "String", reg_text(entry))


def drop_journal(selector: str) -> Operation:
    return reg_delete(SSL_BINDING, selector)


def _update(netsh: Netsh, selector: Selector, old: Record, new: Record) -> tuple[tuple[Operation, ...], Operation]:
    return (netsh.update(selector, new),), netsh.update(selector, old)


def _renew(netsh: Netsh, selector: Selector, old: Record, new: Record) -> tuple[tuple[Operation, ...], Operation]:
    """Delete and add (http.sys has no other way before ``update``), with as little between them as can be."""
    back = (netsh.delete(selector, ok_exit=_ANY_OUTCOME), netsh.add(selector, old))
    delete = dataclasses.replace(netsh.delete(selector), undo=back)
    # Brings the record back where the delete was cut off; where it is there, netsh refuses.
    return (delete, netsh.add(selector, new)), netsh.add(selector, old, ok_exit=_ANY_OUTCOME)
