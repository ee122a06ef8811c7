# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for a batch as a whole: order, failure, undo, expectations, time."""

from __future__ import annotations

import dataclasses

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import RegistryValue, digest, reg_dword

from .case import ERROR, KEY, NOTHING, OK, SKIPPED, Case, Expected, keys
from .registry_cases import TREE, WHOLE


def batch_cases() -> list[Case]:
    one = do.reg_write(KEY, "one", "DWord", reg_dword(1))
    expecting = dataclasses.replace(do.reg_read(rf"{KEY}\a"), expect=digest(b"something else"))
    holding = dataclasses.replace(do.reg_read(KEY), expect=digest(WHOLE))
    missing = dataclasses.replace(do.reg_read(KEY + r"\nothing"), expect=digest(b""))
    fails = do.file_read("/no/such/file")

    def undoing(name: str) -> Operation:
        mark = do.reg_write(KEY + r"\undone", name, "String", b"")
        return dataclasses.replace(one, undo=(do.reg_delete(KEY, "one"), mark))

    half = dataclasses.replace(one, undo=(fails, do.reg_write(KEY + r"\undone", "never", "String", b"")))
    marks = {name: RegistryValue("String", b"") for name in ("first", "second")}
    unmarked = dataclasses.replace(fails, undo=(do.reg_write(KEY + r"\undone", "failed", "String", b""),))
    return [
        Case("no operation", lambda _: [], ()),
        Case("no operation to write", lambda _: [], (), mode="write"),
        Case("expect holds, also for nothing", lambda _: [holding, missing], (Expected(payload=WHOLE), NOTHING), TREE),
        Case(
            "expect does not hold; a read batch goes on",
            lambda _: [expecting, do.reg_read(KEY)],
            (Expected("error", kind="expect"), Expected(payload=WHOLE)),
            TREE,
        ),
        Case(
            "a write batch stops, and takes back what was done, newest first",
            lambda _: [undoing("first"), undoing("second"), unmarked, undoing("third")],
            (
                Expected(undone=("ok", "ok")),
                Expected(undone=("ok", "ok")),
                ERROR,
                SKIPPED,
            ),
            mode="write",
            then=lambda _: [do.reg_read(KEY)],
            then_expected=(Expected(payload=keys(root={}, undone=marks)),),
        ),
        Case(
            "an undo that fails ends its own list only",
            lambda _: [undoing("first"), half, fails],
            (Expected(undone=("ok", "ok")), Expected(undone=("error",)), ERROR),
            mode="write",
            then=lambda _: [do.reg_read(KEY)],
            then_expected=(Expected(payload=keys(root={}, undone={"first": RegistryValue("String", b"")})),),
        ),
        Case(
            "keep_going lets a write batch go on, and takes nothing back",
            lambda _: [undoing("first"), dataclasses.replace(fails, keep_going=True), one],
            (OK, ERROR, OK),
            mode="write",
            then=lambda _: [do.reg_read(KEY)],
            then_expected=(Expected(payload=keys(root={"one": RegistryValue("DWord", reg_dword(1))})),),
        ),
        Case("a read batch takes nothing back", lambda _: [undoing("first"), fails], (OK, ERROR)),
        Case(
            "an expectation that does not hold stops a write batch",
            lambda _: [expecting, one],
            (Expected("error", kind="expect"), SKIPPED),
            TREE,
            "write",
        ),
        Case(
            "the time is over before anything began",
            lambda _: [one, one],
            (Expected("error", kind="deadline"), SKIPPED),
            mode="write",
            deadline=0,
            then=lambda _: [do.reg_read(KEY)],
            then_expected=(NOTHING,),
        ),
        Case(
            "the time is over for a read batch",
            lambda _: [do.host_info(), do.reg_read(KEY)],
            (Expected("error", kind="deadline"),) * 2,
            deadline=0,
        ),
        Case("an argument is missing", lambda _: [Operation("reg.read"), do.reg_read(KEY)], (ERROR, NOTHING)),
    ]
