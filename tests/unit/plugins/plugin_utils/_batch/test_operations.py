# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Constructors: what is left out, what becomes text, what is a secret."""

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError

OPERATIONS = {
    "host.info": do.host_info(),
    "reg.read": do.reg_read("HKLM\\A"),
    "reg.write": do.reg_write("HKLM\\A", "n", "Binary", b"\0"),
    "reg.delete": do.reg_delete("HKLM\\A"),
    "file.read": do.file_read("a"),
    "file.write": do.file_write("a", b""),
    "file.delete": do.file_delete("a"),
    "run": do.run("a.exe"),
    "store.read": do.store_read("MY"),
    "store.add": do.store_add("CA", b"\0"),
    "store.copy": do.store_copy("MY", "CA", "AB"),
    "store.remove": do.store_remove("CA", "AB"),
    "store.export_pfx": do.store_export_pfx("MY", "AB", "password"),
    "key.prove": do.key_prove("MY", "AB", b"x"),
    "service": do.service("W3SVC", "query"),
    "tcp.exchange": do.tcp_exchange("127.0.0.1", 443, b"x"),
}


@pytest.mark.parametrize(("name", "operation"), OPERATIONS.items())
def test_names(name: str, operation: Operation) -> None:
    assert operation.name == name
    assert operation.secret is (name == "store.export_pfx")
    assert all(isinstance(value, str | bytes) for _other, value in operation.arguments)


def test_what_is_none_is_left_out_and_what_is_empty_is_not() -> None:
    assert do.reg_read("K").arguments == (("key", "K"),)
    assert do.reg_read("K", depth=0, value="").arguments == (("key", "K"), ("depth", "0"), ("value", ""))
    assert do.reg_read("K", match=("n", "d")).arguments[1:] == (("match_name", "n"), ("match_data", "d"))
    assert do.reg_delete("K", "").arguments == (("key", "K"), ("name", ""))
    assert do.reg_delete("K").arguments == (("key", "K"),)


def test_lists_keep_their_order() -> None:
    operation = do.run("p", "b", "", "a", ok_exit=(0, -2146885628), seconds=5, retry_match="87", retry_seconds=9)
    assert operation.arguments == (
        ("program", "p"),
        ("argument", "b"),
        ("argument", ""),
        ("argument", "a"),
        ("ok_exit", "0"),
        ("ok_exit", "-2146885628"),
        ("seconds", "5"),
        ("retry_match", "87"),
        ("retry_seconds", "9"),
    )
    assert "retry_seconds" not in dict(do.run("p").arguments)


def test_nothing_proves_nothing() -> None:
    with pytest.raises(TlsOpsError):
        do.key_prove("MY", "AB", b"")
