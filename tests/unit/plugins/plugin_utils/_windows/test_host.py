# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The host's own facts: read in any order, hostile ones refused in words."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.host import parse, require_rights
from hypothesis import given
from hypothesis import strategies as st

FACTS = {
    "computer_name": "サーバー",
    "os_version": "10.0.17763",
    "edition": "ServerStandard",
    "powershell_version": "5.1",
    "clr_version": "4.0",
    "language_mode": "FullLanguage",
    "ui_language": "ja-JP",
    "system_root": "C:\\Windows",
    "clock": "134217728000000000",
    "elevated": "1",
}


def payload(facts: dict[str, str], *writable: str) -> bytes:
    found = [(name, (text.encode(),)) for name, text in facts.items()]
    return encode_lines([*found, *(("writable", (key.encode(),)) for key in writable)])


def program(output: str) -> bytes:
    return encode_lines([("exit", (b"0",)), ("stdout", (output.encode("cp850"),)), ("stderr", (b"",))])


def test_facts_are_read() -> None:
    host = parse([Answer("ok", payload(FACTS, "HKLM\\SOFTWARE"))])
    assert host.computer_name == "サーバー"
    assert host.clock == datetime(2026, 4, 27, 14, 13, 20, tzinfo=UTC)
    assert host.writable == {"HKLM\\SOFTWARE"}
    require_rights(host)


def test_server_2003_has_no_edition_of_its_own_and_no_uac() -> None:
    """EditionID is missing there, and the script gives ProductName."""
    old = {"os_version": "5.2.3790", "edition": "Microsoft Windows Server 2003", "powershell_version": "2.0"}
    host = parse([Answer("ok", payload(FACTS | old | {"clr_version": "2.0.50727.3662"}, "HKLM\\SOFTWARE"))])
    assert (host.os_version, host.edition) == ("5.2.3790", "Microsoft Windows Server 2003")
    require_rights(host)
    with pytest.raises(TlsOpsError, match="administrator rights"):
        require_rights(dataclasses.replace(host, elevated=False))


@pytest.mark.parametrize("change", [{"clock": "soon"}, {"clock": "9" * 30}, {"more": "x"}])
def test_facts_that_make_no_sense(change: dict[str, str]) -> None:
    with pytest.raises(TlsOpsError):
        parse([Answer("ok", payload(FACTS | change))])


def test_a_registry_that_does_not_open_for_writing_is_refused() -> None:
    with pytest.raises(TlsOpsError, match="does not open for writing"):
        require_rights(parse([Answer("ok", payload(FACTS))]))


EVERYONE = '"Jeder","Bekannte Gruppe","S-1-1-0","x"\r\n'
FILTERED = EVERYONE + '"VORDEFINIERT\\Administratoren","Alias","S-1-5-32-544","Gruppe, die nur zum Verweigern"\r\n'


@pytest.mark.parametrize(
    ("said", "cause", "todo"),
    [
        (Answer("ok", program(EVERYONE)), "is not an administrator", "group Administrators"),
        (Answer("ok", program(FILTERED)), "UAC gives this logon no", "LocalAccountTokenFilterPolicy to 1"),
        (
            Answer("error", kind="win32", number=2),
            "no unfiltered administrator rights",
            "LocalAccountTokenFilterPolicy",
        ),
    ],
)
def test_who_is_no_administrator_and_who_is_filtered_are_told_apart(said: Answer, cause: str, todo: str) -> None:
    info = parse([Answer("ok", payload(FACTS | {"elevated": "0"}, "HKLM\\SOFTWARE"))])
    asked: list[Operation] = []

    def ask(operations: tuple[Operation, ...]) -> tuple[Answer, ...]:
        asked.extend(operations)
        return (said,)

    with pytest.raises(TlsOpsError, match=cause) as error:
        require_rights(info, ask)
    assert todo in error.value.hint
    assert [dict(each.arguments)["program"] for each in asked] == ["%SystemRoot%\\System32\\whoami.exe"]


def test_nobody_is_asked_where_the_rights_are_there() -> None:
    def ask(_operations: tuple[Operation, ...]) -> tuple[Answer, ...]:
        raise AssertionError

    require_rights(parse([Answer("ok", payload(FACTS, "HKLM\\SOFTWARE"))]), ask)


def test_missing_facts() -> None:
    with pytest.raises(TlsOpsError):
        parse([Answer("ok", b"")])
    with pytest.raises(TlsOpsError, match="Access is denied"):
        parse([Answer("error", text="Access is denied.", kind="hresult", number=-2147024891)])


@given(st.binary(max_size=200))
def test_hostile_facts_are_refused(data: bytes) -> None:
    with pytest.raises(TlsOpsError):
        parse([Answer("ok", data)])
