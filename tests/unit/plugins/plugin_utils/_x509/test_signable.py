# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import ipaddress

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.signable import hosts, signable
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import ec_key, rsa_key
from tests.unit.requests_made import request_pem

ADDRESS = x509.IPAddress(ipaddress.ip_address("2001:db8::1"))
GOOD = request_pem("www.example.com", "*.Example.com", ADDRESS)


def refusal(text: str, *allowed: str) -> str:
    with pytest.raises(TlsOpsError) as caught:
        signable(text, allowed or None)
    return str(caught.value)


def as_pem(der: bytes) -> str:
    label = "CERTIFICATE REQUEST-----"
    return f"-----BEGIN {label}\n{base64.encodebytes(der).decode()}-----END {label}\n"


def as_der(text: str) -> bytes:
    return base64.b64decode("".join(line for line in text.splitlines() if not line.startswith("-")))


def test_names_of_a_good_request() -> None:
    assert hosts(signable(GOOD)) == ("www.example.com", "*.example.com", "2001:db8::1")


@pytest.mark.parametrize("label", ["NEW CERTIFICATE REQUEST", "CERTIFICATE REQUEST"])
def test_either_label_with_text_around_it(label: str) -> None:
    text = "Hello,\n\n" + GOOD.replace("CERTIFICATE REQUEST", label).replace("\n", "\r\n") + "\nGood bye"
    assert hosts(signable(text))


@pytest.mark.parametrize(
    "text", ["", "no request", GOOD * 2, GOOD.replace(" REQUEST", "")], ids=["nothing", "prose", "two", "another label"]
)
def test_exactly_one_request_is_needed(text: str) -> None:
    assert "where one is expected" in refusal(text)


def test_a_request_that_was_changed_is_refused() -> None:
    changed = as_der(GOOD).replace(b"www.example.com", b"evil.example.co")
    assert "not by the key that it is for" in refusal(as_pem(changed))


def test_far_too_much_text_is_refused() -> None:
    assert "at most" in refusal(GOOD + "x" * 300_000)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (rsa_key(1024), "RSA key of 1024 bits"),
        (ec.generate_private_key(ec.SECP256K1()), "curve secp256k1"),
        (ed25519.Ed25519PrivateKey.generate(), "neither RSA nor ECDSA"),
    ],
    ids=["small", "curve", "ed25519"],
)
def test_a_key_that_cannot_serve_is_refused(key, words: str) -> None:
    assert words in refusal(request_pem("www.example.com", key=key))


@pytest.mark.parametrize("key", [rsa_key(2048), ec.generate_private_key(ec.SECP384R1())], ids=["rsa", "p384"])
def test_a_key_that_can_serve_is_taken(key) -> None:
    assert signable(request_pem("www.example.com", key=key)).signed_by_its_key


def test_a_request_without_names_is_refused() -> None:
    assert "subject alternative name" in refusal(request_pem())


@pytest.mark.parametrize(
    "name",
    [
        x509.RFC822Name("root@example.com"),
        x509.UniformResourceIdentifier("https://www.example.com"),
        x509.IPAddress(ipaddress.ip_network("10.0.0.0/8")),
        x509.DNSName("10.0.0.1"),
        x509.DNSName("*"),
        x509.DNSName("www.*.example.com"),
        x509.DNSName("a b.example.com"),
        x509.DNSName(""),
        x509.DNSName("www..example.com"),
        x509.DNSName("x" * 64 + ".example.com"),
    ],
    ids=["mail", "uri", "net", "number", "star", "inner star", "space", "empty", "dots", "long"],
)
def test_what_is_no_host_is_not_signed(name: x509.GeneralName) -> None:
    assert "no DNS name and no IP address" in refusal(request_pem("www.example.com", name))


def test_too_many_names_are_refused() -> None:
    assert "101 names" in refusal(request_pem(*(f"h{number}.example.com" for number in range(101))))


def test_a_ca_certificate_is_not_signed() -> None:
    wish = x509.BasicConstraints(ca=True, path_length=None)
    assert "CA certificate" in refusal(request_pem("www.example.com", extensions=[wish]))


def test_no_ca_may_be_asked_for() -> None:
    wish = x509.BasicConstraints(ca=False, path_length=None)
    assert signable(request_pem("www.example.com", extensions=[wish]))


def test_only_allowed_names_are_signed() -> None:
    allowed = ("WWW.example.com.", "*.example.com", "2001:DB8:0::1", "another.example.com")
    assert signable(GOOD, allowed)
    assert "asks for *.example.com, 2001:db8::1, which" in refusal(GOOD, "www.example.com")


@pytest.mark.parametrize("name", ["bank.example.org", "Intranet", "10.0.0.1"], ids=["name", "one label", "address"])
def test_a_common_name_that_can_be_a_host_s_has_to_be_allowed_too(name: str) -> None:
    request = request_pem("www.example.com", common_name=name)
    assert f"asks for {name.lower()}, which" in refusal(request, "www.example.com")
    assert signable(request, ["www.example.com", name])
    assert signable(request)


def test_a_common_name_that_is_no_host_s_needs_no_word() -> None:
    assert signable(request_pem("www.example.com", common_name="The shop of Example"), ["www.example.com"])


def test_no_name_is_allowed_by_an_empty_list() -> None:
    with pytest.raises(TlsOpsError, match="not among the names allowed"):
        signable(GOOD, [])


@given(at=st.integers(0, 2000), value=st.integers(0, 255))
def test_a_damaged_request_is_refused_or_still_the_same(at: int, value: int) -> None:
    der = bytearray(DER)
    der[at % len(der)] = value
    if bytes(der) != DER:
        refusal(as_pem(bytes(der)))


@given(st.text())
def test_any_text_is_refused(text: str) -> None:
    refusal(text)


DER = as_der(request_pem("www.example.com", key=ec_key()))
