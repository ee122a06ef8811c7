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
    "account.sid": do.account_sid("S-1-5-20"),
    "store.remove": do.store_remove("CA", "AB"),
    "store.export_pfx": do.store_export_pfx("MY", "AB", "password"),
    "store.import_pfx": do.store_import_pfx("MY", "AB", b"\0", "password", exportable=True),
    "key.acl": do.key_acl("MY", "AB"),
    "key.prove": do.key_prove("MY", "AB", b"x"),
    "service": do.service("W3SVC", "query"),
    "tcp.exchange": do.tcp_exchange("127.0.0.1", 443, b"x"),
    "adsi.read": do.adsi_read("W3SVC", "SSLCertHash", children="IIsWebServer"),
    "adsi.write": do.adsi_write("W3SVC/1", ("SSLCertHash", "binary", b"\1"), forms=("units",)),
    "adsi.invoke": do.adsi_invoke("", "SaveData", retry=(-2147024748,), retry_seconds=20),
    "chain.status": do.chain_status(b"DER"),
}


@pytest.mark.parametrize(("name", "operation"), OPERATIONS.items())
def test_names(name: str, operation: Operation) -> None:
    assert operation.name == name
    assert operation.secret is (name in ("store.export_pfx", "store.import_pfx"))
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


def test_what_a_value_a_key_and_an_account_take() -> None:
    assert do.reg_write_file("K", "n", "C:\\a.req").arguments == (
        ("key", "K"),
        ("name", "n"),
        ("kind", "Binary"),
        ("file", "C:\\a.req"),
    )
    assert do.store_remove("MY", "AB").arguments == (("store", "MY"), ("thumbprint", "AB"))
    assert do.store_remove("MY", "AB", with_key=True).arguments[2:] == (("with_key", "1"),)
    assert do.account_sid("a", "S-1-5-20").arguments == (("name", "a"), ("name", "S-1-5-20"))
    assert do.key_acl("MY", "AB").arguments[2:] == ()
    listed = do.key_acl("MY", "AB", grant=["S-1-5-20", "S-1-5-19"], sddl="D:")
    assert listed.arguments[2:] == (("sddl", "D:"), ("grant", "S-1-5-20"), ("grant", "S-1-5-19"))


def test_an_import_says_only_what_is_wanted() -> None:
    bare = do.store_import_pfx("MY", "AB", b"pfx", "p", exportable=False)
    given = (("store", "MY"), ("thumbprint", "AB"), ("pfx", b"pfx"), ("password", "p"))
    assert bare.arguments == given
    full = do.store_import_pfx("MY", "AB", b"pfx", "p", exportable=True, friendly_name="証")
    assert full.arguments == (*given, ("exportable", "1"), ("friendly_name", "証"))


def test_nothing_proves_nothing() -> None:
    with pytest.raises(TlsOpsError):
        do.key_prove("MY", "AB", b"")


def test_what_the_metabase_is_asked() -> None:
    names = (("name", "ServerComment"), ("name", "SSLCertHash"))
    assert do.adsi_read("W3SVC/1", "ServerComment", "SSLCertHash").arguments == (("path", "W3SVC/1"), *names)
    listed = do.adsi_read("W3SVC", children="IIsWebServer")
    assert listed.arguments == (("path", "W3SVC"), ("children", "IIsWebServer"))
    assert do.adsi_read("").arguments == (("path", ""),)


def test_values_of_the_metabase_are_three_lists_side_by_side() -> None:
    values = ("SSLCertHash", "binary", b"\1\2"), ("SSLStoreName", "clear", b"")
    assert do.adsi_write("W3SVC/1", *values, forms=("units", "hex")).arguments == (
        ("path", "W3SVC/1"),
        *(("name", "SSLCertHash"), ("kind", "binary"), ("data", b"\1\2")),
        *(("name", "SSLStoreName"), ("kind", "clear"), ("data", b"")),
        *(("form", "units"), ("form", "hex")),
    )


def test_a_method_is_called_again_only_where_it_is_said() -> None:
    assert do.adsi_invoke("W3SVC/1", "Start").arguments == (("path", "W3SVC/1"), ("method", "Start"))
    again = do.adsi_invoke("", "SaveData", retry=(-1, 2), retry_seconds=9).arguments
    assert again[2:] == (("retry", "-1"), ("retry", "2"), ("retry_seconds", "9"))


@pytest.mark.parametrize("argument", ["a\0b", "x" * 20_000], ids=["nul", "long"])
def test_what_no_command_line_holds_is_refused(argument: str) -> None:
    with pytest.raises(TlsOpsError, match=r"an argument for a\.exe holds a NUL|the arguments for a\.exe are longer"):
        do.run("a.exe", "fine", argument)
