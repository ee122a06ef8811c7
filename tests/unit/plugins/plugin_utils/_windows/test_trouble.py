# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Failures of the server itself, by their numbers."""

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import file_write, reg_delete, run
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.netsh import NETSH
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.trouble import explain

FILE = file_write("C:\\x", b"")
CERTREQ, OF_NETSH = run("certreq.exe", "-accept"), run(NETSH, "http", "add")


@pytest.mark.parametrize(
    ("operation", "kind", "number", "words"),
    [
        (FILE, "hresult", -2147024784, "A disk of the server is full"),  # 0x80070070
        (FILE, "hresult", -2147024857, "A disk of the server is full"),  # 0x80070027
        (CERTREQ, "exit", -2147024784, "A disk of the server is full"),
        (FILE, "hresult", -2147024891, "The account may not do this there"),  # 0x80070005
        (reg_delete("HKLM\\SOFTWARE\\x"), "hresult", -2146233078, "The account may not do this there"),  # 0x8013150A
        (CERTREQ, "win32", 2, "This program of Windows is not on the server"),
        (CERTREQ, "win32", 1260, "A policy of the server"),
        (OF_NETSH, "win32", 2, "This program of Windows is not on the server"),
    ],
)
def test_what_to_do(operation: Operation, kind: str, number: int, words: str) -> None:
    assert explain(operation, Answer("error", kind=kind, number=number)).startswith(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SSL Certificate add failed, Error: 1312\r\nA specified logon session", "Windows finds no usable private key"),
        ("SSL 証明書の追加に失敗しました。エラー: 5\r\nアクセスが拒否されました。", "The account may not write"),
        ("Fehler: 112", "A disk of the server is full"),
        ("Error: 9999", ""),
        ("x1312x 13120", ""),
    ],
)
def test_netsh_tells_its_number_in_its_text(text: str, words: str) -> None:
    assert explain(OF_NETSH, Answer("error", kind="exit", number=1, text=text)).startswith(words)
    assert explain(CERTREQ, Answer("error", kind="exit", number=1, text=text)) == ""


@pytest.mark.parametrize("kind", ["expect", "timeout", "deadline", "os", ""])
def test_other_kinds_of_failures_say_nothing_of_the_server(kind: str) -> None:
    assert explain(FILE, Answer("error", kind=kind, number=5)) == ""
    assert explain(FILE, Answer("error", kind="hresult", number=-2146885628)) == ""
    assert explain(FILE, Answer("error", kind="win32", number=2)) == ""
