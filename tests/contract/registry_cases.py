# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The registry."""

from __future__ import annotations

from collections.abc import Sequence

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import RegistryValue, encode_registry

from .case import ERROR, HOSTILE, KEY, NOTHING, Case, Expected, hresult, keys
from .world import World

VALUES = {
    "": ("String", b"default"),
    "text": ("String", "日本".encode()),
    "Text2": ("ExpandString", b"%SystemRoot%\\x"),
    "binary": ("Binary", bytes(range(256))),
    "empty": ("Binary", b""),
    "dword": ("DWord", b"\xff\xff\xff\xff"),
    "qword": ("QWord", b"\x01\0\0\0\0\0\0\x80"),
    "several": ("MultiString", b"a\0b"),
    "none": ("MultiString", b""),
}
TREE = World(
    registry={
        KEY: VALUES,
        rf"{KEY}\a": {"x": ("String", b"1"), "y": ("String", b"2")},
        rf"{KEY}\a-b": {"X": ("String", b"3")},
        rf"{KEY}\a\b": {},
        rf"{KEY}\B": {"HostnamePort": ("String", b"WWW.example.com:443"), "x": ("DWord", b"\1\0\0\0")},
    }
)


def _read_values(kinds: dict[str, tuple[str, bytes]]) -> dict[str, RegistryValue]:
    return {name: RegistryValue(kind, data) for name, (kind, data) in kinds.items()}


WHOLE = encode_registry(
    {path: _read_values(dict(TREE.registry[KEY + path])) for path in ("",)}
    | {path: _read_values(dict(TREE.registry[rf"{KEY}\{path}"])) for path in ("a", "a-b", r"a\b", "B")}
)
MATCHED = encode_registry({"": _read_values(dict(TREE.registry[rf"{KEY}\B"]))})


def _writes(pairs: Sequence[tuple[str, str, bytes]]) -> list[Operation]:
    return [do.reg_write(KEY, name, kind, data) for name, kind, data in pairs]


def registry_cases() -> list[Case]:
    hostile = {name: ("String", name.encode()) for name in HOSTILE}
    several = [(name, kind, data) for name, (kind, data) in {**VALUES, **hostile}.items()]
    written = encode_registry({"": _read_values({**VALUES, **hostile})})
    files = {"whole": ("Binary", bytes(range(256))), "empty": ("Binary", b"")}
    read = [do.reg_read(KEY)]
    return [
        Case("reg.read a tree, sorted ordinally", lambda _: read, (Expected(payload=WHOLE),), TREE),
        Case("reg.read of a missing key", lambda _: [do.reg_read(KEY + r"\nothing")], (NOTHING,), TREE),
        Case(
            "reg.read with a depth",
            lambda _: [do.reg_read(rf"{KEY}\a", depth=0), do.reg_read(rf"{KEY}\a", depth=1)],
            (
                Expected(payload=keys(root=_read_values(dict(TREE.registry[rf"{KEY}\a"])))),
                Expected(payload=keys(root=_read_values(dict(TREE.registry[rf"{KEY}\a"])), b={})),
            ),
            TREE,
        ),
        Case(
            "reg.read of one value, by name without case",
            lambda _: [do.reg_read(rf"{KEY}\a", value="X"), do.reg_read(KEY, depth=0, value="")],
            (
                Expected(payload=keys(root={"x": RegistryValue("String", b"1")}, b={})),
                Expected(payload=keys(root={"": RegistryValue("String", b"default")})),
            ),
            TREE,
        ),
        Case(
            "reg.read of the subkey that a value or its name tells",
            lambda _: [
                do.reg_read(KEY, match=("HostnamePort", "www.EXAMPLE.com:443")),
                do.reg_read(KEY, match=("HostnamePort", "b")),
                do.reg_read(KEY, match=("HostnamePort", "nobody:443")),
                do.reg_read(KEY + r"\nothing", match=("HostnamePort", "b")),
            ],
            (Expected(payload=MATCHED), Expected(payload=MATCHED), NOTHING, NOTHING),
            TREE,
        ),
        Case("reg.read of an unknown hive", lambda _: [do.reg_read(r"HKXX\A")], (ERROR,)),
        Case(
            "reg.write every kind and hostile values, and what is read then",
            lambda _: _writes(several),
            tuple(NOTHING for _other in several),
            mode="write",
            then=lambda _: read,
            then_expected=(Expected(payload=written),),
        ),
        Case(
            "reg.write of numbers that are too short",
            lambda _: [do.reg_write(KEY, "x", "DWord", b"\1"), do.reg_write(KEY, "x", "QWord", bytes(4))],
            (ERROR, ERROR),
        ),
        Case(
            "reg.write of a file's bytes; of a file that is not there it makes no key",
            lambda side: [
                do.reg_write_file(KEY, "whole", side.path("a.bin")),
                do.reg_write_file(KEY, "empty", side.path_by_variable("empty.bin")),
                do.reg_write_file(rf"{KEY}\none", "x", side.path("no.bin")),
            ],
            (NOTHING, NOTHING, hresult(0x80070002)),
            World(files={"a.bin": bytes(range(256)), "empty.bin": b""}),
            "write",
            then=lambda _: read,
            then_expected=(Expected(payload=keys(root=_read_values(files))),),
        ),
        Case("reg.write of an unknown kind", lambda _: [do.reg_write(KEY, "x", "Sz", b"1")], (ERROR,), mode="write"),
        Case(
            "reg.delete a value, a tree, and what is not there",
            lambda _: [
                do.reg_delete(rf"{KEY}\a", "X"),
                do.reg_delete(rf"{KEY}\a", "X"),
                do.reg_delete(rf"{KEY}\B"),
                do.reg_delete(rf"{KEY}\B"),
                do.reg_delete(rf"{KEY}\B", "x"),
                do.reg_delete(KEY, ""),
            ],
            (NOTHING,) * 6,
            TREE,
            "write",
            then=lambda _: [do.reg_read(rf"{KEY}\a"), do.reg_read(rf"{KEY}\B"), do.reg_read(KEY, value="", depth=0)],
            then_expected=(
                Expected(payload=keys(root={"y": RegistryValue("String", b"2")}, b={})),
                NOTHING,
                Expected(payload=keys(root={})),
            ),
        ),
    ]
