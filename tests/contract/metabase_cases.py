# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The metabase of IIS 6.0, and what is not done on every Windows."""

from __future__ import annotations

import dataclasses

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines, reg_dword

from .case import DOUBLE, ERROR, KEY, NOTHING, OK, SKIPPED, Case, Expected, hresult
from .world import Metabase, World

FORMS = ("units", "bytes", "elements", "hex")
ABOVE, OWN = bytes(range(0xD0, 0xE4)), bytes(range(0x23, 0x37))
# As 16-bit units: halves of surrogate pairs in the wrong order, zeros, a byte order mark, no character.
HOSTILE = bytes.fromhex("00dcffd80000fffefeffffff" + "2700220060002400")
PLACE = "W3SVC/1"

Values = dict[str, tuple[str, bytes]]
SITE: Values = {
    "ServerComment": ("text", "ショップ é".encode()),
    "SecureBindings": ("texts", b":443:\0" + b"192.0.2.7:8443:shop"),
    "ServerAutoStart": ("flag", b"1"),
    "ServerState": ("number", b"2"),
}
TEN: Values = {"ServerComment": ("text", b"Ten"), "SSLCertHash": ("binary", OWN), "SSLStoreName": ("text", b"MY")}
NODES = {
    "W3SVC": ("IIsWebService", {"SSLCertHash": ("binary", ABOVE), "SSLStoreName": ("text", b"MY")}),
    "W3SVC/2": ("IIsWebServer", {"ServerComment": ("text", b"Two")}),
    PLACE: ("IIsWebServer", SITE),
    "W3SVC/10": ("IIsWebServer", TEN),
    "W3SVC/AppPools": ("IIsApplicationPools", {}),
}


def on_2003(takes: str = "units", others: str = "refused", busy: int = 0) -> World:
    return World(windows="5.2", metabase=Metabase(NODES, takes, others, busy))


def node(path: str, *values: tuple[str, str, bytes, bool]) -> bytes:
    """As ``adsi_read`` answers it; a value is a name, its kind, its data and whether it is inherited."""
    place = path.encode()
    rows = [("value", [place, name.encode(), kind.encode(), data, b"%d" % above]) for name, kind, data, above in values]
    return encode_lines([("node", [place]), *rows])


def metabase_cases() -> list[Case]:
    return [*_reads(), *_writes(), *_forms(), *_calls(), *_other_windows()]


def _reads() -> list[Case]:
    names = ("SSLCertHash", "ServerComment", "SslCtlIdentifier", "SecureBindings", "ServerAutoStart", "ServerState")
    own = [(name, *SITE[name], False) for name in names if name in SITE]
    comments = {"W3SVC/1": SITE, "W3SVC/10": TEN, "W3SVC/2": NODES["W3SVC/2"][1]}
    listed = [node("W3SVC")]
    listed += [node(path, ("ServerComment", *values["ServerComment"], False)) for path, values in comments.items()]
    return [
        Case(
            "adsi.read every kind, what is inherited, and nothing of what has no value",
            lambda _: [do.adsi_read(PLACE, *names)],
            (Expected(payload=node(PLACE, ("SSLCertHash", "binary", ABOVE, True), *own)),),
            on_2003(),
        ),
        Case(
            "adsi.read where it is set, and of a property that the schema does not know",
            lambda _: [do.adsi_read("W3SVC/10", "SSLCertHash", "NoSuchProperty"), do.adsi_read("W3SVC", "SSLCertHash")],
            (
                Expected(payload=node("W3SVC/10", ("SSLCertHash", "binary", OWN, False))),
                Expected(payload=node("W3SVC", ("SSLCertHash", "binary", ABOVE, False))),
            ),
            on_2003(),
        ),
        Case(
            "adsi.read with the children of one class, sorted ordinally",
            lambda _: [do.adsi_read("W3SVC", "ServerComment", children="IIsWebServer")],
            (Expected(payload=b"".join(listed)),),
            on_2003(),
        ),
        Case(
            "adsi.read of the computer, and of children that are not there",
            lambda _: [do.adsi_read(""), do.adsi_read("W3SVC", children="IIsFtpServer")],
            (Expected(payload=node("")), Expected(payload=node("W3SVC"))),
            on_2003(),
        ),
        Case(
            "a node that is not there",
            lambda _: [
                do.adsi_read("W3SVC/7", "ServerComment"),
                do.adsi_write("W3SVC/7", ("ServerComment", "text", "x")),
                do.adsi_write("W3SVC/7", ("SSLCertHash", "binary", OWN), forms=FORMS),
                do.adsi_invoke("W3SVC/7", "Start"),
            ],
            (hresult(0x80070003),) * 4,
            on_2003(),
        ),
    ]


def _writes() -> list[Case]:
    several = (
        ("SSLCertHash", "binary", HOSTILE),
        ("SSLStoreName", "text", "日本 $(x) `n"),
        ("SecureBindings", "texts", b":443:\0:8443:"),
        ("ServerAutoStart", "flag", "0"),
        ("ServerComment", "clear", b""),
    )
    shown = [(name, kind, data if isinstance(data, bytes) else data.encode(), False) for name, kind, data in several]
    names = [name for name, _kind, _data in several]
    back = (("SSLCertHash", "clear", b""), ("SSLStoreName", "clear", b""))
    above = (("SSLCertHash", "binary", ABOVE, True), ("SSLStoreName", "text", b"MY", True))
    return [
        Case(
            "adsi.write of every kind at once; other nodes stay",
            lambda _: [do.adsi_write(PLACE, *several, forms=FORMS)],
            (NOTHING,),
            on_2003(),
            "write",
            then=lambda _: [do.adsi_read(PLACE, *names), do.adsi_read("W3SVC/10", *TEN), do.adsi_read("W3SVC", *names)],
            then_expected=(
                Expected(payload=node(PLACE, *shown[:-1])),
                Expected(payload=node("W3SVC/10", *((name, *value, False) for name, value in TEN.items()))),
                Expected(payload=node("W3SVC", *((name, kind, data, False) for name, kind, data, _up in above))),
            ),
        ),
        Case(
            "adsi.write clears what is set, and then, and what is inherited, is had from above; again is ok",
            lambda _: [do.adsi_write("W3SVC/10", *back), do.adsi_write("W3SVC/10", *back), do.adsi_write(PLACE, *back)],
            (NOTHING,) * 3,
            on_2003(),
            "write",
            then=lambda _: [do.adsi_read(path, "SSLCertHash", "SSLStoreName") for path in ("W3SVC/10", PLACE)],
            then_expected=(Expected(payload=node("W3SVC/10", *above)), Expected(payload=node(PLACE, *above))),
        ),
        Case(
            "adsi.write where one value is refused commits none",
            lambda _: [do.adsi_write(PLACE, ("SSLStoreName", "text", "CA"), ("ServerComment", "blob", b"x"))],
            (ERROR,),
            on_2003(),
            "write",
            then=lambda _: [do.adsi_read(PLACE, "SSLStoreName", "ServerComment")],
            then_expected=(Expected(payload=node(PLACE, above[1], ("ServerComment", *SITE["ServerComment"], False))),),
        ),
    ]


def _forms() -> list[Case]:
    write = ("SSLCertHash", "binary", HOSTILE), ("SSLStoreName", "text", "CA")
    held = node(PLACE, ("SSLCertHash", "binary", HOSTILE, False), ("SSLStoreName", "text", b"CA", False))
    untouched = node(PLACE, ("SSLCertHash", "binary", ABOVE, True), ("SSLStoreName", "text", b"MY", True))
    taken = [
        Case(
            f"adsi.write of a binary value that is taken as {form}; another form is {others}",
            lambda _: [do.adsi_write(PLACE, *write, forms=FORMS)],
            (NOTHING,),
            on_2003(takes=form, others=others),
            "write",
            then=lambda _: [do.adsi_read(PLACE, "SSLCertHash", "SSLStoreName")],
            then_expected=(Expected(payload=held),),
        )
        for form in FORMS
        for others in ("refused", "wrong")
    ]
    return [
        *taken,
        Case(
            "adsi.write of a binary value in no form that is taken",
            lambda _: [do.adsi_write(PLACE, *write, forms=FORMS[:3])],
            (hresult(0x8007000D),),
            on_2003(takes="hex"),
            "write",
            then=lambda _: [do.adsi_read(PLACE, "SSLCertHash", "SSLStoreName")],
            then_expected=(Expected(payload=untouched),),
        ),
        Case(
            "adsi.write of a binary value that is never read back as it was written, and in no form at all",
            lambda _: [do.adsi_write(PLACE, *write, forms=FORMS[:3]), do.adsi_write(PLACE, *write)],
            (hresult(0x8007000D),) * 2,
            on_2003(takes="hex", others="wrong"),
            then=lambda _: [do.adsi_read(PLACE, "SSLCertHash", "SSLStoreName")],
            then_expected=(Expected(payload=untouched),),
        ),
        Case(
            "adsi.write of a binary value that is kept as another one: what was set there is put back as it was read",
            lambda _: [do.adsi_write("W3SVC/10", *write, forms=("units", "bytes"))],
            (hresult(0x8007000D),),
            on_2003(takes="elements", others="wrong"),
            "write",
            then=lambda _: [do.adsi_read("W3SVC/10", *TEN)],
            then_expected=(
                Expected(payload=node("W3SVC/10", *((name, *value, False) for name, value in TEN.items()))),
            ),
        ),
    ]


def _calls() -> list[Case]:
    busy = 0x80070094 - (1 << 32)

    def state(number: bytes) -> Expected:
        return Expected(payload=node(PLACE, ("ServerState", "number", number, False)))

    return [
        Case(
            "adsi.invoke stops and starts a site",
            lambda _: [
                do.adsi_invoke(PLACE, "Stop"),
                do.adsi_read(PLACE, "ServerState"),
                do.adsi_invoke(PLACE, "Start"),
                do.adsi_read(PLACE, "ServerState"),
            ],
            (NOTHING, state(b"4"), NOTHING, state(b"2")),
            on_2003(),
            "write",
        ),
        Case(
            "adsi.invoke of a method that is none",
            lambda _: [do.adsi_invoke(PLACE, "Begin"), do.adsi_invoke(PLACE, "Begin", retry=(busy,), retry_seconds=5)],
            (ERROR,) * 2,
            on_2003(),
        ),
        Case(
            "adsi.invoke of a method that is none: by COM's number",  # the objects of the other side are no COM objects
            lambda _: [do.adsi_invoke(PLACE, "Begin")],
            (hresult(0x80020006),),
            on_2003(),
            sides=(DOUBLE,),
        ),
        Case(
            "adsi.invoke again while it is busy",
            lambda _: [
                do.adsi_invoke("", "SaveData", retry=(1, busy), retry_seconds=10),
                do.adsi_invoke("", "SaveData"),
            ],
            (NOTHING, NOTHING),
            on_2003(busy=1),
        ),
        Case(
            "adsi.invoke while it is busy: not again for another number, nor behind the time",
            lambda _: [
                do.adsi_invoke("", "SaveData"),
                do.adsi_invoke("", "SaveData", retry=(1,), retry_seconds=10),
                do.adsi_invoke("", "SaveData", retry=(busy,), retry_seconds=1),
            ],
            (hresult(0x80070094),) * 3,
            on_2003(busy=99),
        ),
    ]


def _other_windows() -> list[Case]:
    write = do.reg_write(KEY, "x", "DWord", reg_dword(1))
    before = {number: dataclasses.replace(write, before_os=number) for number in (5, 6, 10, 11)}
    read = do.reg_read(KEY)
    return [
        Case(
            "before_os: not done from that Windows on; a read batch goes on",
            lambda _: [dataclasses.replace(do.adsi_read(PLACE), before_os=6), before[10], read, before[11]],
            (Expected("error", b"", "os", 10), Expected("error", b"", "os", 10), NOTHING, OK),
        ),
        Case(
            "before_os: done before that Windows",
            lambda _: [dataclasses.replace(do.adsi_read("W3SVC"), before_os=6), before[5], read, before[6]],
            (Expected(payload=node("W3SVC")), Expected("error", b"", "os", 5), NOTHING, OK),
            on_2003(),
        ),
        Case(
            "before_os stops a write batch that is on another Windows",
            lambda _: [before[11], before[6], write],
            (Expected(undone=()), Expected("error", b"", "os", 10), SKIPPED),
            mode="write",
        ),
    ]
