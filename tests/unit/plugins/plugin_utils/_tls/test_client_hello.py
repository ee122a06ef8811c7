# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import ipaddress

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._tls.client_hello import client_hello, sni_name
from hypothesis import given, settings
from hypothesis import strategies as st


def extensions(hello: bytes) -> dict[int, bytes]:
    assert hello[:3] == b"\x16\x03\x01"
    assert int.from_bytes(hello[3:5], "big") == len(hello) - 5
    assert hello[5] == 1
    body = hello[9:]
    assert int.from_bytes(hello[6:9], "big") == len(body)
    assert body[:2] == b"\x03\x03"
    rest = body[35 + body[34] :]
    suites = int.from_bytes(rest[:2], "big")
    rest = rest[2 + suites :]
    assert rest[:2] == b"\x01\x00"
    assert int.from_bytes(rest[2:4], "big") == len(rest) - 4
    rest = rest[4:]
    found = {}
    while rest:
        length = int.from_bytes(rest[2:4], "big")
        found[int.from_bytes(rest[:2], "big")] = rest[4 : 4 + length]
        rest = rest[4 + length :]
    return found


def test_it_is_well_formed_and_offers_no_tls_1_3():
    found = extensions(client_hello())
    assert set(found) == {10, 11, 13, 0xFF01}
    assert client_hello()[43] == 0, "no session id"
    assert client_hello() != client_hello(), "the random differs"


def test_it_offers_what_server_2003_speaks_without_a_hotfix():
    """RC4 and 3DES (AES there is KB948963), in a record that TLS 1.0 reads; no OpenSSL of today answers to these."""
    hello = client_hello()
    assert hello[1:3] == b"\x03\x01"
    length = int.from_bytes(hello[44:46], "big")
    suites = {hello[at : at + 2] for at in range(46, 46 + length, 2)}
    assert {b"\x00\x0a", b"\x00\x05", b"\x00\x04"} <= suites


def test_with_key_shares_it_offers_tls_1_3_only():
    found = extensions(client_hello("a.b", {0x1D: b"share", 0x17: b"other"}))
    assert set(found) == {0, 10, 13, 43, 51}
    assert found[43] == b"\x02\x03\x04"
    assert found[51] == b"\x00\x12\x00\x1d\x00\x05share\x00\x17\x00\x05other"


def test_the_server_name_is_sent():
    assert extensions(client_hello("www.example.com"))[0] == b"\x00\x12\x00\x00\x0fwww.example.com"


@pytest.mark.parametrize(
    ("host", "sent"),
    [
        (None, None),
        ("", None),
        ("192.0.2.1", None),
        ("[2001:db8::1]", None),
        ("WWW.example.com.", "www.example.com"),
        ("my_host", "my_host"),
        ("*.example.com", "tlsops-look.example.com"),
        ("例え.jp", "xn--r8jz45g.jp"),
    ],
)
def test_sni_name(host, sent):
    assert sni_name(host) == sent


@pytest.mark.parametrize("host", ["a" * 64 + ".com", "a..b", "a b.com", ".".join(["abc"] * 80), ".", "x\x00y"])
def test_what_can_be_no_host_name_is_refused(host):
    with pytest.raises(TlsOpsError, match="cannot be sent as a server name"):
        client_hello(host)


@given(st.text(max_size=80) | st.ip_addresses().map(str))
@settings(max_examples=100, deadline=None)
def test_any_text_is_a_hello_or_a_clear_error(host):
    try:
        name = sni_name(host)
    except TlsOpsError:
        return
    if name is not None:
        with pytest.raises(ValueError, match="does not appear"):
            ipaddress.ip_address(name)
        assert name.encode("ascii") in client_hello(host)
