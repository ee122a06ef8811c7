# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from collections.abc import Mapping

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import (
    RegistryValue,
    encode_registry,
    reg_text,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.consumers import Consumers
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows import consumers
from hypothesis import given
from hypothesis import strategies as st

KEYS = [str(dict(each.arguments)["key"]) for each in consumers.operations()[:-1]]
MISSING = Answer("error", kind="hresult", number=0x80070002 - (1 << 32))
DENIED = Answer("error", kind="hresult", number=0x80070005 - (1 << 32), text="Access is denied.")
OLD, OLD_256 = "AB" * 20, "CD" * 32
TASK = '<?xml version="1.0" encoding="UTF-16"?><Task><Triggers><T><Enabled>false</Enabled></T></Triggers>{}</Task>'


def string(text: str) -> RegistryValue:
    return RegistryValue("String", reg_text(text))


def binary(text: str) -> RegistryValue:
    return RegistryValue("Binary", bytes.fromhex(text))


def answers(found: Mapping[str, Mapping[str, Mapping[str, RegistryValue]]], task: Answer = MISSING) -> list[Answer]:
    """``found``: the end of a key's name -> what lies below it."""
    given_keys = {key: below for key in KEYS for end, below in found.items() if key.endswith(end)}
    assert len(given_keys) == len(found)
    return [*(Answer("ok", encode_registry({"": {}, **given_keys.get(key, {})})) for key in KEYS), task]


def test_every_place() -> None:
    sql = r"MSSQL15.MSSQLSERVER\MSSQLServer"
    found = consumers.parse(
        answers(
            {
                "Listener": {
                    "*+HTTP": {"certThumbprint": string("")},
                    "*+HTTPS": {"certThumbprint": string(OLD.lower())},
                },
                "WinStations": {
                    "Console": {},
                    "RDP-Tcp": {"SSLCertificateSHA1Hash": binary(OLD), "PortNumber": binary("3d0d0000")},
                },
                r"WebManagement\Server": {"": {"SslCertificateHash": binary(OLD)}},
                "Microsoft SQL Server": {
                    sql: {"Certificate": string(OLD)},
                    rf"{sql}\SuperSocketNetLib": {"Certificate": string(OLD)},
                    r"MSSQL16.NEW\MSSQLServer\SuperSocketNetLib": {"Certificate": string("")},
                },
                r"SstpSvc\Parameters": {"": {"sha256certificatehash": binary(OLD_256), "ServerUri": string("/sra")}},
            }
        )
    )
    assert [(each.program, each.thumbprint) for each in found.consumers] == [
        ("WinRM listener *+HTTPS", OLD),
        ("Remote Desktop RDP-Tcp", OLD),
        ("IIS management service (WMSVC)", OLD),
        ("SQL Server MSSQL15.MSSQLSERVER", OLD),
        ("SSTP (Routing and Remote Access)", OLD_256),
    ]
    assert found.consumers[0].place == rf"{KEYS[0]}\*+HTTPS, certThumbprint"
    assert (found.unreadable, found.certificate_rebind) == ((), False)
    assert len(found.of(OLD)) == 4
    assert len(found.of(OLD, OLD_256)) == 5
    assert found.of("EF" * 20) == Consumers().of("") == ()


def test_what_is_not_understood_is_named() -> None:
    given_values = {"Listener": {"*+HTTPS": {"certThumbprint": string("soon")}}}
    found = consumers.parse(answers(given_values))
    assert (found.consumers, found.unreadable) == ((), (rf"{KEYS[0]}\*+HTTPS, certThumbprint",))
    denied = consumers.parse([*([DENIED] * len(KEYS)), DENIED])
    assert len(denied.unreadable) == len(KEYS) + 1
    assert denied.unreadable[0] == f"{KEYS[0]} (Access is denied. (hresult 0x80070005))"
    assert consumers.parse([MISSING] * (len(KEYS) + 1)) == Consumers()


@pytest.mark.parametrize(
    ("settings", "on"),
    [
        ("<Settings><Enabled>true</Enabled></Settings>", True),
        ("<Settings><Enabled>false</Enabled></Settings>", False),
        ("<Settings><Enabled> 0 </Enabled></Settings>", False),
        ("<Settings/>", True),
        ("", True),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_the_rebind_task(settings: str, on: bool, encoding: str) -> None:
    task = Answer("ok", TASK.format(settings).encode(encoding))
    found = consumers.parse(answers({}, task))
    assert (found.certificate_rebind, found.unreadable) == (on, ())


def test_a_task_that_is_no_xml() -> None:
    found = consumers.parse(answers({}, Answer("ok", b"MZ")))
    assert (found.certificate_rebind, len(found.unreadable)) == (False, 1)


VALUES = st.builds(RegistryValue, st.sampled_from(["String", "Binary", "DWord", "MultiString"]), st.binary(max_size=33))
NAMES = ["certThumbprint", "SSLCertificateSHA1Hash", "SslCertificateHash", "Certificate", "SHA1CertificateHash"]
BELOW = st.dictionaries(
    st.sampled_from(["", "a", r"a\b", r"a\MSSQLServer\SuperSocketNetLib"]),
    st.dictionaries(st.sampled_from(NAMES), VALUES),
).map(encode_registry)


@given(
    st.lists(
        st.builds(Answer, st.sampled_from(["ok", "error"]), BELOW | st.binary(max_size=40)),
        min_size=len(KEYS) + 1,
        max_size=len(KEYS) + 1,
    )
)
def test_hostile_answers(hostile: list[Answer]) -> None:
    found = consumers.parse(hostile)
    assert all(len(each.thumbprint) in (40, 64) for each in found.consumers)
