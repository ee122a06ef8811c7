# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.names import covers, dns_name, ip_address, normalized
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import mint

MINTED = mint(
    "ignored.example.com", names=["www.example.com", "*.example.org", "xn--bcher-kva.example", "10.0.0.1", "fe80::1"]
)


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("www.example.com", True),
        ("WWW.Example.COM.", True),
        ("example.com", False),
        ("ignored.example.com", False),
        ("shop.example.org", True),
        ("a.shop.example.org", False),
        ("example.org", False),
        (".example.org", False),
        ("*.example.org", True),
        ("*.example.com", False),
        ("b\u00fccher.example", True),
        ("10.0.0.1", True),
        ("10.0.0.2", False),
        ("[FE80:0::1]", True),
        ("", False),
    ],
)
def test_covers(host: str, covered: bool) -> None:
    assert covers(MINTED.certificate, host) is covered


def test_the_common_name_counts_only_without_alternative_names() -> None:
    assert covers(mint("www.example.com", extensions=False).certificate, "www.example.com")


def test_a_wildcard_covers_no_address() -> None:
    assert not covers(mint("x", names=["*.0.0.1"]).certificate, "10.0.0.1")


@given(st.text(max_size=80))
def test_any_host_is_answered(host: str) -> None:
    assert covers(MINTED.certificate, host) in (True, False)


@given(st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True))
def test_a_wildcard_stands_for_one_label(label: str) -> None:
    assert covers(MINTED.certificate, f"{label}.example.org")
    assert not covers(MINTED.certificate, f"{label}.{label}.example.org")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("WWW.Example.com", "www.example.com"),
        (" www.example.com. ", "www.example.com"),
        ("*.example.com", "*.example.com"),
        ("server01", "server01"),
        ("例え.jp", "xn--r8jz45g.jp"),
        ("*.例え.jp", "*.xn--r8jz45g.jp"),
        ("xn--r8jz45g.jp", "xn--r8jz45g.jp"),
    ],
)
def test_a_name_as_a_certificate_has_it(text: str, name: str) -> None:
    assert dns_name(text) == name


@pytest.mark.parametrize(
    "text",
    [
        *("", ".", "*", "*.", "a..b", "-a.example", "a-.example", "a_b.example", "a b", "www.*.example", "w*.example"),
        *("10.0.0.1", "::1", "[::1]", "1.2.3", "straße.de", "a&DNS=b", 'a"b', "a%b", "a\nb", f"{'a' * 64}.example"),
        ".".join(["abcdefgh"] * 29),
    ],
)
def test_what_is_no_name(text: str) -> None:
    with pytest.raises(TlsOpsError):
        dns_name(text)


@pytest.mark.parametrize(("text", "address"), [("10.0.0.1", "10.0.0.1"), ("2001:DB8:0::1", "2001:db8::1")])
def test_an_address_in_its_shortest_form(text: str, address: str) -> None:
    assert ip_address(text) == address


@pytest.mark.parametrize("text", ["", "www.example.com", "10.0.0", "10.0.0.1/24", "fe80::1%eth0", "10.0.0.1&DNS=a"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(TlsOpsError):
        ip_address(text)


@pytest.mark.parametrize(
    ("host", "form"),
    [
        ("WWW.Example.com.", "www.example.com"),
        ("*.Example.com", "*.example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("2001:DB8:0::1", "2001:db8::1"),
        ("[::1]", "::1"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_normalized(host: str, form: str) -> None:
    assert normalized(host) == form
