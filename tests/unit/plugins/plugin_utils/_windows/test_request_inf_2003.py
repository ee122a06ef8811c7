# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written for certreq of Server 2003, read by the double's own reader of INF files."""

from __future__ import annotations

import base64
import dataclasses
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.request_inf import RSA_PROVIDER, NewRequest
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.request_inf_2003 import inf
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.names import dns_name, ip_address
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.request import alternative_names, read_request
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.subject import Subject
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from tests.fleet.world import inf as windows
from tests.fleet.world.certreq_new import new
from tests.fleet.world.host import Host
from tests.unit.mint import ec_key

from .test_request_inf import HOSTS, OIDS, TEXTS, WILD, accepted

PLAIN = NewRequest(Subject.parse('CN=a.example.com,O="A, B"'), ("a.example.com",), ("10.0.0.1",), "rsa-2048", True)
KEY = ec_key()
KEYS = {
    "Subject": 'CN=a.example.com,O="A, B"',
    "ProviderName": RSA_PROVIDER,
    "ProviderType": "12",
    "KeySpec": "1",
    "KeyLength": "2048",
    "KeyUsage": "0xa0",
    "Exportable": "TRUE",
    "MachineKeySet": "TRUE",
    "SMIME": "FALSE",
    "PrivateKeyArchive": "FALSE",
    "UserProtected": "FALSE",
    "UseExistingKeySet": "FALSE",
    "RequestType": "PKCS10",
}


def read(request: NewRequest) -> dict[str, windows.Section]:
    return windows.parse(windows.decode(inf(request), "cp932"))


def names(extensions: windows.Section) -> x509.SubjectAlternativeName:
    (key, first), *others = extensions
    assert key == "2.5.29.17"
    assert {each for each, _fields in others} <= {"_continue_"}
    fields = [*first, *(field for _key, each in others for field in each)]
    assert len(fields) == len(extensions)
    return decoded(base64.b64decode("".join(fields), validate=True))


def decoded(der: bytes) -> x509.SubjectAlternativeName:
    """Out of a request that has it as its extension: cryptography reads no bare one."""
    unread = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, der)
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(unread, False)
    made = builder.sign(KEY, hashes.SHA256())
    return made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value


def test_the_keys_of_microsofts_example_and_no_newer_one() -> None:
    found = read(PLAIN)
    assert set(found) == {"version", "newrequest", "enhancedkeyusageextension", "extensions"}
    assert {key: value for key, (value,) in found["newrequest"]} == KEYS
    assert found["enhancedkeyusageextension"] == [("OID", ["1.3.6.1.5.5.7.3.1"])]
    assert names(found["extensions"]) == alternative_names(PLAIN.dns_names, PLAIN.ip_addresses)
    data = inf(PLAIN)
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert inf(dataclasses.replace(PLAIN, friendly_name="Shop")) == data


def test_the_names_as_microsofts_page_shows_them() -> None:
    """TechNet ff625722."""
    request = dataclasses.replace(PLAIN, dns_names=("www01.fabrikam.com", "www.fabrikam.com"), ip_addresses=())
    (_key, (text,)) = read(request)["extensions"][0]
    assert text.rstrip("=") == "MCaCEnd3dzAxLmZhYnJpa2FtLmNvbYIQd3d3LmZhYnJpa2FtLmNvbQ"


def test_many_names_go_on_in_further_lines_that_setupapi_reads() -> None:
    many = tuple(f"{'a' * 60}.{number}.example.com" for number in range(100))
    request = dataclasses.replace(PLAIN, dns_names=many)
    found = read(request)["extensions"]
    assert len(found) > 5
    assert names(found) == alternative_names(many, PLAIN.ip_addresses)
    assert max(map(len, inf(request).split(b"\r\n"))) < 1100


def test_other_characters_as_utf_16() -> None:
    request = dataclasses.replace(PLAIN, subject=Subject.parse("CN=a.example.com,O=株式会社例"))
    assert inf(request).startswith(b"\xff\xfe[\0V\0")
    assert ("Subject", ["CN=a.example.com,O=株式会社例"]) in read(request)["newrequest"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"key": "ecdsa-p256"}, "RSA keys only, not ecdsa-p256"),
        ({"provider": "Microsoft Software Key Storage Provider"}, "one of CNG"),
        ({"friendly_name": "a\r\nKeyLength = 512"}, "friendly name"),
        ({"subject": Subject((("2.5.4.3", "a\n[Extensions]"),))}, "character"),
    ],
    ids=["ecdsa", "ksp", "friendly name", "line"],
)
def test_what_it_cannot_make_is_refused_in_words(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(TlsOpsError, match=words):
        inf(dataclasses.replace(PLAIN, **changed))


@pytest.mark.parametrize("size", [2048, 3072, 4096])
def test_other_sizes_and_providers(size: int) -> None:
    aes = "Microsoft Enhanced RSA and AES Cryptographic Provider"
    request = dataclasses.replace(PLAIN, key=f"rsa-{size}", provider=aes, exportable=False)
    found = {key: value for key, (value,) in read(request)["newrequest"]}
    assert (found["KeyLength"], found["ProviderName"], found["ProviderType"]) == (str(size), aes, "24")
    assert found["Exportable"] == "FALSE"


@pytest.mark.parametrize("size", [2048, 3072, 4096])
def test_the_double_of_server_2003_makes_it(size: int) -> None:
    host = Host("web", "2003")
    request = dataclasses.replace(PLAIN, key=f"rsa-{size}", ip_addresses=("10.0.0.1", "2001:db8::1"))
    _bits, made = new(host, inf(request), machine=False)
    found = read_request(made)
    assert (found.key, found.signed_by_its_key, found.sha1) == (request.key, True, True)
    assert (found.dns_names, found.ip_addresses) == (request.dns_names, request.ip_addresses)
    assert request.subject.is_named(found.subject)
    (dummy,) = host.store("REQUEST")
    assert (dummy.friendly_name, host.keys.open(dummy.link).exportable) == ("", True)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.lists(st.tuples(OIDS, TEXTS), min_size=1, max_size=6) | st.lists(st.tuples(OIDS, WILD), min_size=1),
    st.lists(HOSTS, max_size=40),
    st.lists(st.ip_addresses().map(str) | HOSTS, max_size=3),
    st.just("") | TEXTS | WILD,
)
def test_whatever_is_accepted_arrives_exactly_and_nothing_else(
    parts: list[tuple[str, str]], hosts: list[str], addresses: list[str], friendly_name: str
) -> None:
    subject = Subject(tuple(parts))
    wanted = accepted(dns_name, hosts), accepted(ip_address, addresses)
    assume(any(wanted))
    try:
        found = read(NewRequest(subject, *wanted, "rsa-2048", exportable=True, friendly_name=friendly_name))
    except TlsOpsError:
        event("refused")
        return
    event("accepted")
    assert {key: value for key, (value,) in found["newrequest"]} == {**KEYS, "Subject": subject.text}
    assert set(found) == {"version", "newrequest", "enhancedkeyusageextension", "extensions"}
    assert found["enhancedkeyusageextension"] == [("OID", ["1.3.6.1.5.5.7.3.1"])]
    assert names(found["extensions"]) == alternative_names(*wanted)
