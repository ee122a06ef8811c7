# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that try to become code, and values that are long, deep, many or missing: they arrive as they are."""

from __future__ import annotations

import dataclasses

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import RegistryValue, digest, encode_lines

from .case import ERROR, HOSTILE, KEY, NOTHING, OK, SKIPPED, Case, Expected, keys
from .certificate_cases import EC, opens_as, stored
from .metabase_cases import PLACE, node, on_2003
from .world import World, minted, pfx

WINDOWS = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
MEGABYTE = bytes(range(256)) * 4096
LONG = "é$(throw 1)`'\"" * 300  # 4 KB and more
# Allowed in a file's name on Windows.
FILES = (
    "$(throw 1).bin",
    "a'b.bin",
    "a;b&c.bin",
    "日本語 é 😀.bin",
    "[a]^b,c.bin",
    "-a.bin",
    "a\u200eb.bin",
    "\N{LEFT SINGLE QUOTATION MARK}a\N{RIGHT SINGLE QUOTATION MARK} \N{LEFT DOUBLE QUOTATION MARK}b.bin",
)
DEEP = "\\".join(f"level {number}" for number in range(60))
# Every operation that cannot do without arguments.
NEEDY = (
    *("reg.read", "reg.write", "reg.delete", "file.read", "file.write", "file.delete", "run", "service"),
    *("store.add", "store.copy", "store.remove", "store.export_pfx", "store.import_pfx", "key.prove", "key.acl"),
    *("tcp.exchange", "adsi.read", "adsi.write", "adsi.invoke", "chain.status"),
)


def hostile_cases() -> list[Case]:
    return [*registry_values(), *_files(), *_certificates(), *_metabase(), *_arguments(), *undo_cases()]


def registry_values() -> list[Case]:
    values = {name: RegistryValue("String", name[::-1].encode()) for name in HOSTILE}
    values |= {"long": RegistryValue("String", LONG.encode()), "big": RegistryValue("Binary", MEGABYTE)}
    values |= {"many": RegistryValue("MultiString", "\0".join(HOSTILE).encode())}
    deep = rf"{KEY}\{DEEP}"
    paths = ["", *("\\".join(DEEP.split("\\")[: number + 1]) for number in range(60))]
    odd = [rf"{KEY}\{name}" for name in HOSTILE]
    return [
        Case(
            "reg: 1 MB, 4 KB of text and hostile names; each is found by its name",
            lambda _: [do.reg_write(KEY, name, value.kind, value.data) for name, value in values.items()],
            (NOTHING,) * len(values),
            mode="write",
            then=lambda _: [do.reg_read(KEY), *(do.reg_read(KEY, value=name) for name in HOSTILE)],
            then_expected=(
                Expected(payload=keys(root=values)),
                *(Expected(payload=keys(root={name: values[name]})) for name in HOSTILE),
            ),
        ),
        Case(
            "reg: keys with hostile names, and what is deleted by name",
            lambda _: [do.reg_write(key, "x", "String", b"1") for key in odd] + [do.reg_delete(key) for key in odd[1:]],
            (NOTHING,) * (2 * len(odd) - 1),
            mode="write",
            then=lambda _: [do.reg_read(KEY)],
            then_expected=(Expected(payload=keys(root={}, **{HOSTILE[0]: {"x": RegistryValue("String", b"1")}})),),
        ),
        Case(
            "reg: a tree of 60 levels, as far as it is asked for; and gone at once",
            lambda _: [do.reg_write(deep, "x", "String", b"1"), do.reg_read(KEY), do.reg_read(KEY, depth=2)],
            (
                NOTHING,
                Expected(payload=keys(**_tree(paths, {"x": RegistryValue("String", b"1")}))),
                Expected(payload=keys(**_tree(paths[:3], {}))),
            ),
            then=lambda _: [do.reg_delete(rf"{KEY}\level 0"), do.reg_read(KEY)],
            then_expected=(NOTHING, Expected(payload=keys(root={}))),
        ),
        Case(
            "reg: what is no key below a hive",
            lambda _: [
                *(do.reg_read(key) for key in ("HKLM", "HKLM\\", "", r"\SOFTWARE")),
                *(do.reg_write(key, "x", "String", b"") for key in ("HKLM", "HKLM\\", "")),
                *(do.reg_delete(key) for key in ("HKLM", "HKLM\\", "")),
            ],
            (ERROR,) * 10,
        ),
    ]


def _tree(paths: list[str], last: dict[str, RegistryValue]) -> dict[str, dict[str, RegistryValue]]:
    return {path or "root": {} for path in paths[:-1]} | {paths[-1]: last}


def _files() -> list[Case]:
    return [
        Case(
            "file: hostile names, written, read and deleted",
            lambda side: [
                *(do.file_write(side.path(name), name.encode()) for name in FILES),
                *(do.file_read(side.path(name)) for name in FILES),
                *(do.file_delete(side.path(name)) for name in FILES),
                *(do.file_read(side.path(name)) for name in FILES),
            ],
            (
                *(NOTHING,) * len(FILES),
                *(Expected(payload=name.encode()) for name in FILES),
                *(NOTHING,) * len(FILES),
                *(ERROR,) * len(FILES),
            ),
        ),
        Case(
            "file: 1 MB there and back, as it was expected",
            lambda side: [
                do.file_write(side.path("big.bin"), MEGABYTE),
                dataclasses.replace(do.file_read(side.path("big.bin")), expect=digest(MEGABYTE)),
                do.reg_write_file(KEY, "big", side.path("big.bin")),
                do.reg_read(KEY),
            ],
            (
                NOTHING,
                Expected(payload=MEGABYTE),
                NOTHING,
                Expected(payload=keys(root={"big": RegistryValue("Binary", MEGABYTE)})),
            ),
            mode="write",
        ),
    ]


def _certificates() -> list[Case]:
    subjects = [minted(name)[0] for name in HOSTILE if len(name) <= 64]
    passwords = [*HOSTILE, LONG[:500]]
    imports = [do.store_import_pfx("MY", EC.thumbprint, pfx(EC, word), word, exportable=True) for word in passwords]
    return [
        Case(
            "store: hostile subjects",
            lambda _: [do.store_add("CA", der) for der in subjects],
            (NOTHING,) * len(subjects),
            mode="write",
            then=lambda _: [do.store_read("CA")],
            then_expected=(Expected(judge=stored(*(("CA", der, False) for der in subjects))),),
        ),
        Case(
            "store: names of stores that are none",
            lambda _: [do.store_read(*(name for name in HOSTILE if "\\" not in name))],
            (NOTHING,),
        ),
        Case(
            "store.import_pfx and export_pfx under hostile passwords",
            lambda _: [*imports, *(do.store_export_pfx("MY", EC.thumbprint, word) for word in passwords)],
            (*(NOTHING,) * len(passwords), *(Expected(judge=opens_as(EC, word)) for word in passwords)),
        ),
        Case(
            "store.import_pfx with a friendly name",  # which .NET on Linux cannot give
            lambda _: [
                do.store_import_pfx("MY", EC.thumbprint, pfx(EC, "x"), "x", exportable=False, friendly_name=HOSTILE[2])
            ],
            (NOTHING,),
            mode="write",
            then=lambda _: [do.store_read("MY")],
            then_expected=(Expected(judge=stored(("MY", EC.der, True))),),
        ),
    ]


def _metabase() -> list[Case]:
    comments = [*HOSTILE, LONG]
    written = [do.adsi_write(PLACE, ("ServerComment", "text", each)) for each in comments]
    read = do.adsi_read(PLACE, "ServerComment")
    shown = [Expected(payload=node(PLACE, ("ServerComment", "text", each.encode(), False))) for each in comments]
    several = do.adsi_write(PLACE, ("SecureBindings", "texts", "\0".join(HOSTILE)))
    return [
        Case(
            "adsi: hostile texts, one by one and many in one value",
            lambda _: [
                *(each for one in written for each in (one, read)),
                several,
                do.adsi_read(PLACE, "SecureBindings"),
            ],
            (
                *(each for one in shown for each in (NOTHING, one)),
                NOTHING,
                Expected(payload=node(PLACE, ("SecureBindings", "texts", "\0".join(HOSTILE).encode(), False))),
            ),
            on_2003(),
        ),
        Case(
            "adsi: an empty text is no value",
            lambda _: [do.adsi_write(PLACE, ("ServerComment", "text", "")), read],
            (NOTHING, Expected(payload=node(PLACE))),
            on_2003(),
        ),
        Case(
            "adsi: paths and methods that are none",
            lambda _: [
                *(do.adsi_read(f"W3SVC/{name}", "ServerComment") for name in HOSTILE),
                *(do.adsi_invoke(PLACE, name) for name in HOSTILE),
            ],
            (ERROR,) * (2 * len(HOSTILE)),
            on_2003(),
        ),
    ]


def _arguments() -> list[Case]:
    return [
        Case(
            "every operation without its arguments",
            lambda _: [Operation(name) for name in NEEDY],
            (ERROR,) * len(NEEDY),
            on_2003(),
        ),
        Case(
            "NUL: kept in a text of the registry, refused in a path",
            lambda _: [
                do.reg_write(KEY, "x", "String", b"a\0b"),
                do.reg_write(KEY, "y", "MultiString", b"a\0\0b"),
                do.reg_read(KEY),
                do.file_read("a\0b"),
                do.file_write("a\0b", b""),
            ],
            (
                NOTHING,
                NOTHING,
                Expected(
                    payload=keys(
                        root={"x": RegistryValue("String", b"a\0b"), "y": RegistryValue("MultiString", b"a\0\0b")}
                    )
                ),
                ERROR,
                ERROR,
            ),
        ),
        Case(
            "numbers that are none",
            lambda _: [
                Operation("reg.read", (("key", KEY), ("depth", "x"))),
                Operation("tcp.exchange", (("address", "127.0.0.1"), ("port", "many"), ("data", b""))),
                Operation("tcp.exchange", (("address", "127.0.0.1"), ("port", "70000"), ("data", b""))),
            ],
            (ERROR,) * 3,
            World(registry={KEY: {}}),
        ),
        Case(
            "something else that is done to a service",
            lambda _: [Operation("service", (("name", "Spooler"), ("action", "pause")))],
            (ERROR,),
            World(services={"Spooler": (4, 2)}),
        ),
        Case(
            "host.info of a Windows that has no edition",
            lambda _: [do.host_info()],
            (Expected(judge=lambda answer: encode_lines([("edition", [b"Some Windows"])]) in answer.payload),),
            World(registry={WINDOWS: {"EditionID": ("String", b""), "ProductName": ("String", b"Some Windows")}}),
        ),
    ]


def undo_cases() -> list[Case]:
    """The last one that was taken back has the last word: the oldest one."""

    def step(number: int) -> Operation:
        mark = do.reg_write(KEY + r"\last", "undone", "String", b"%d" % number)
        more = [do.reg_write(KEY + r"\all", f"{number}.{each}", "String", b"") for each in range(3)]
        return dataclasses.replace(do.reg_write(KEY, f"{number}", "String", b""), undo=(*more, mark))

    steps = [step(number) for number in range(5)]
    marks = {f"{number}.{each}": RegistryValue("String", b"") for number in range(5) for each in range(3)}
    done = {f"{number}": RegistryValue("String", b"") for number in range(5)}
    return [
        Case(
            "undo: five steps with four operations each, newest first",
            lambda _: [*steps, do.file_read("/no/such/file"), steps[0]],
            (*(Expected(undone=("ok",) * 4),) * 5, ERROR, SKIPPED),
            mode="write",
            then=lambda _: [do.reg_read(KEY)],
            then_expected=(
                Expected(payload=keys(root=done, all=marks, last={"undone": RegistryValue("String", b"0")})),
            ),
        ),
        Case(
            "undo: what failed and goes on is not taken back, and a failure behind it takes back the rest",
            lambda _: [
                steps[0],
                dataclasses.replace(do.file_read("/no/such/file"), keep_going=True, undo=steps[1].undo),
                dataclasses.replace(do.reg_read(KEY), expect=digest(b"other")),
            ],
            (Expected(undone=("ok",) * 4), ERROR, Expected("error", kind="expect")),
            mode="write",
        ),
        Case("undo: nothing is taken back where all went well", lambda _: steps, (OK,) * 5, mode="write"),
    ]
