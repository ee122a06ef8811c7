# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keys that come in a PFX and go with their certificate, who may use them, and accounts."""

from __future__ import annotations

import dataclasses

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines, lines

from .case import DOUBLE, ERROR, HOSTILE, NOTHING, Case, Expected, Judge, hresult
from .certificate_cases import EC, KEYLESS, NOBODY, PASSWORD, PERSONAL, RSA, opens_as, stored
from .world import Held, World, pfx

BACKEND = "S-1-5-21-1-2-3-1001"
LIST = "D:PAI(A;;FA;;;SY)(A;;FA;;;BA)"
EMPTY_STORES = World(stores=("MY", "CA", "WebHosting"))


def _import(held: Held, *, thumbprint: str = "", password: str = PASSWORD, exportable: bool = True) -> Operation:
    wanted = thumbprint or held.thumbprint
    return do.store_import_pfx(held.store, wanted, pfx(held, PASSWORD), password, exportable=exportable)


def _read() -> list[Operation]:
    return [do.store_read("MY")]


def _sddl(text: str) -> Expected:
    return Expected(payload=encode_lines([("sddl", [text.encode()])]))


def _access(wanted: str) -> Judge:
    def judge(answer: Answer) -> bool:
        return [fields[9].decode() for keyword, fields in lines(answer.payload) if keyword == "certificate"] == [wanted]

    return judge


def _named(wanted: str) -> Judge:
    def judge(answer: Answer) -> bool:
        return [fields[3].decode() for keyword, fields in lines(answer.payload) if keyword == "certificate"] == [wanted]

    return judge


def _accounts(*wanted: tuple[str, str]) -> Expected:
    return Expected(payload=encode_lines([("account", [name.encode(), sid.encode()]) for name, sid in wanted]))


def key_cases() -> list[Case]:
    return [*_import_cases(), *_refused_cases(), *_remove_cases(), *_access_cases(), *_account_cases()]


def _import_cases() -> list[Case]:
    return [
        Case(
            "store.import_pfx with the key, under a hostile password; again changes nothing",
            lambda _: [_import(EC), _import(RSA, thumbprint=RSA.thumbprint.lower()), _import(RSA)],
            (NOTHING,) * 3,
            mode="write",
            then=lambda _: [*_read(), *(do.store_export_pfx("MY", each.thumbprint, PASSWORD) for each in (EC, RSA))],
            then_expected=(
                Expected(judge=stored(("MY", EC.der, True), ("MY", RSA.der, True))),
                Expected(judge=opens_as(EC)),
                Expected(judge=opens_as(RSA)),
            ),
        ),
        Case(
            "store.import_pfx where the certificate is there without its key",
            lambda _: [_import(RSA)],
            (NOTHING,),
            World(certificates=(Held("MY", RSA.der),)),
            "write",
            then=lambda _: _read(),
            then_expected=(Expected(judge=stored(("MY", RSA.der, True))),),
        ),
        Case(
            "store.import_pfx into another store",
            lambda _: [_import(Held("WebHosting", EC.der, EC.key))],
            (NOTHING,),
            EMPTY_STORES,
            "write",
            then=lambda _: [do.store_read("MY", "WebHosting")],
            then_expected=(Expected(judge=stored(("WebHosting", EC.der, True))),),
        ),
        Case(
            "store.import_pfx keeps the key in, and gives the name",
            lambda _: [
                do.store_import_pfx(
                    "MY", EC.thumbprint, pfx(EC, PASSWORD), PASSWORD, exportable=False, friendly_name=HOSTILE[5]
                )
            ],
            (NOTHING,),
            mode="write",
            then=lambda _: [*_read(), do.store_export_pfx("MY", EC.thumbprint, PASSWORD)],
            then_expected=(Expected(judge=_named(HOSTILE[5])), hresult(0x8009000B)),
            sides=(DOUBLE,),
        ),
    ]


def _refused_cases() -> list[Case]:
    nothing = Expected(judge=stored())
    junk = do.store_import_pfx("MY", EC.thumbprint, b"junk", PASSWORD, exportable=True)
    wrong = {
        "under another password": (_import(EC, password="other"), hresult(0x80070056)),
        "of what is no PFX": (junk, ERROR),
        "of a file that holds another certificate": (_import(EC, thumbprint=NOBODY), hresult(0x80092004)),
        "of a file without a key": (_import(KEYLESS), hresult(0x80090016)),
    }
    return [
        Case(
            f"store.import_pfx {name} leaves nothing",
            lambda _, operation=operation: [operation],  # type: ignore[misc]
            (expected,),
            mode="write",
            then=lambda _: _read(),
            then_expected=(nothing,),
        )
        for name, (operation, expected) in wrong.items()
    ]


def _remove_cases() -> list[Case]:
    return [
        Case(
            "store.remove with the key, also of what has none or is not there",
            lambda _: [
                do.store_remove("MY", each, with_key=True)
                for each in (EC.thumbprint, KEYLESS.thumbprint, NOBODY, EC.thumbprint)
            ],
            (NOTHING,) * 4,
            World(certificates=(EC, RSA, KEYLESS)),
            "write",
            then=lambda _: _read(),
            then_expected=(Expected(judge=stored(("MY", RSA.der, True))),),
        ),
        Case(
            "an import is taken back with its key",
            lambda _: [_undone(), do.file_read("/no/such/file")],
            (Expected(undone=("ok",)), ERROR),
            mode="write",
            then=lambda _: _read(),
            then_expected=(Expected(judge=stored()),),
        ),
    ]


def _undone() -> Operation:
    return dataclasses.replace(_import(EC), undo=(do.store_remove("MY", EC.thumbprint, with_key=True),))


def _access_cases() -> list[Case]:
    def acl(sddl: str = "", *grant: str) -> Operation:
        return do.key_acl("MY", EC.thumbprint, grant=grant, sddl=sddl)

    one = World(certificates=(EC,))
    granted = f"{LIST}(A;;FR;;;{BACKEND})"
    return [
        Case(
            "key.acl replaces, grants, both at once, and reads",
            lambda _: [acl(LIST), acl("", BACKEND), acl(), acl(LIST, BACKEND)],
            (_sddl(LIST), *[_sddl(granted)] * 3),
            one,
            "write",
            then=lambda _: [*_read(), acl()],
            then_expected=(Expected(judge=_access(granted)), _sddl(granted)),
        ),
        Case(
            "key.acl without a key, and of what is not there",
            lambda _: [do.key_acl("MY", each) for each in (KEYLESS.thumbprint, NOBODY)],
            (hresult(0x80090016), hresult(0x80092004)),
            World(certificates=(KEYLESS,)),
        ),
        Case(
            "key.acl of a list that is none",
            lambda _: [acl("nonsense"), acl("", "NETWORK SERVICE")],
            (hresult(0x80070057),) * 2,
            PERSONAL,
            sides=(DOUBLE,),
        ),
    ]


def _account_cases() -> list[Case]:
    names = ((r"CORP\backend", BACKEND), ("日本語 é", "S-1-5-21-1-2-3-1002"))
    return [
        Case(
            "account.sid by name and by SID, and of nobody",
            lambda _: [
                do.account_sid(*(name for name, _sid in names)),
                do.account_sid("S-1-5-20", BACKEND, r"CORP\nobody", "S-1-", *HOSTILE),
            ],
            (
                _accounts(*names),
                _accounts(
                    *(("S-1-5-20", "S-1-5-20"), (BACKEND, BACKEND), (r"CORP\nobody", ""), ("S-1-", "")),
                    *((name, "") for name in HOSTILE),
                ),
            ),
            World(accounts=dict(names)),
        ),
        Case("account.sid of no name", lambda _: [do.account_sid()], (NOTHING,)),
    ]
