# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is written for certreq, read by the double's own reader of INF files."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.request_inf import (
    ECDSA_PROVIDER,
    KEYS,
    RSA_PROVIDER,
    NewRequest,
    check_provider,
    inf,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.names import dns_name, ip_address
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.request import read_request
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.subject import Subject
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from tests.fleet.world import inf as windows
from tests.fleet.world.certreq_new import new
from tests.fleet.world.host import Host

PLAIN = NewRequest(Subject.parse('CN=a.example.com,O="A, B"'), ("a.example.com",), ("10.0.0.1",), "rsa-2048", True)
ECDSA = dataclasses.replace(PLAIN, key="ecdsa-p384", exportable=False)
SECTIONS = {"version", "newrequest", "extensions"}


def read(request: NewRequest) -> dict[str, windows.Section]:
    return windows.parse(windows.decode(inf(request), "cp1252"))


def values(request: NewRequest) -> dict[str, str]:
    found = read(request)["newrequest"]
    assert all(len(fields) == 1 for _key, fields in found)
    assert len({key.lower() for key, _fields in found}) == len(found)
    return {key: fields[0] for key, fields in found}


def test_an_rsa_key_for_schannel() -> None:
    assert values(PLAIN) == {
        "Subject": 'CN=a.example.com,O="A, B"',
        "ProviderName": RSA_PROVIDER,
        "ProviderType": "12",
        "KeySpec": "1",
        "KeyLength": "2048",
        "KeyUsage": "0xa0",
        "Exportable": "TRUE",
        "MachineKeySet": "TRUE",
        "HashAlgorithm": "sha256",
        "RequestType": "PKCS10",
        "SMIME": "FALSE",
        "Silent": "TRUE",
    }
    data = inf(PLAIN)
    assert data.isascii()
    assert data.count(b"\n") == data.count(b"\r\n")


def test_an_ecdsa_key() -> None:
    found = values(dataclasses.replace(ECDSA, friendly_name="this year"))
    assert found["ProviderName"] == ECDSA_PROVIDER
    assert (found["KeyAlgorithm"], found["KeyLength"], found["KeySpec"], found["KeyUsage"]) == (
        "ECDSA_P384",
        "384",
        "0",
        "0x80",
    )
    assert (found["Exportable"], found["FriendlyName"]) == ("FALSE", "this year")
    assert "ProviderType" not in found


def test_names_one_a_line() -> None:
    request = dataclasses.replace(PLAIN, dns_names=("a.example.com", "*.b.example.com"))
    assert read(request)["extensions"] == [
        ("2.5.29.17", ["{text}"]),
        ("_continue_", ["DNS=a.example.com&"]),
        ("_continue_", ["DNS=*.b.example.com&"]),
        ("_continue_", ["IPAddress=10.0.0.1&"]),
        ("2.5.29.37", ["{text}1.3.6.1.5.5.7.3.1"]),
    ]


def test_other_characters_as_utf_16() -> None:
    request = dataclasses.replace(PLAIN, subject=Subject.parse("CN=a.example.com,O=株式会社例"))
    data = inf(request)
    assert data.startswith(b"\xff\xfe[\0V\0")
    assert values(request)["Subject"] == "CN=a.example.com,O=株式会社例"


@pytest.mark.parametrize(
    ("provider", "key", "kind"),
    [
        ("Microsoft Enhanced RSA and AES Cryptographic Provider", "rsa-4096", "24"),
        ("Microsoft Strong Cryptographic Provider", "rsa-2048", "1"),
        ("Microsoft Software Key Storage Provider", "rsa-3072", None),
        ("Microsoft Platform Crypto Provider Key Storage Provider", "ecdsa-p256", None),
    ],
)
def test_other_providers(provider: str, key: str, kind: str | None) -> None:
    found = values(dataclasses.replace(PLAIN, provider=provider, key=key))
    assert (found["ProviderName"], found.get("ProviderType")) == (provider, kind)


@pytest.mark.parametrize(
    "provider",
    [
        "Nothing",
        'A" Key Storage Provider',
        "A%b% Key Storage Provider",
        "A\n Key Storage Provider",
        " Key Storage Provider",
    ],
)
def test_a_provider_that_is_none(provider: str) -> None:
    with pytest.raises(TlsOpsError, match="not known here"):
        check_provider(provider, "rsa-2048")


@pytest.mark.parametrize(
    "changed",
    [
        {"friendly_name": "a\r\nKeyLength = 512"},
        {"friendly_name": "x" * 257},
        {"subject": Subject((("2.5.4.3", 'a"'),))},
        {"subject": Subject((("2.5.4.3", "a\n[Extensions]"),))},
        {"subject": Subject((("2.5.4.3", "%a%"),))},
        {"subject": Subject(tuple(("2.5.4.11", "x" * 129) for _number in range(3)))},
        {"subject": Subject(tuple(("2.5.4.13", "x" * 128) for _number in range(20)))},
        {"key": "ecdsa-p256", "provider": RSA_PROVIDER},
    ],
    ids=["line", "long", "quote", "section", "string", "value", "all", "provider"],
)
def test_what_cannot_be_in_it(changed: dict[str, Any]) -> None:
    with pytest.raises(TlsOpsError):
        inf(dataclasses.replace(PLAIN, **changed))


def accepted(read_one: Any, texts: list[str]) -> tuple[str, ...]:
    """Those that the step takes."""
    found = []
    for text in texts:
        try:
            found.append(read_one(text))
        except TlsOpsError:
            continue
    return tuple(dict.fromkeys(found))


WILD = st.text(st.characters(codec="utf-8") | st.sampled_from('"%\\\r\n'), min_size=1, max_size=20)
TEXTS = st.text(st.sampled_from("aZ0 ,+=<>#;'&{}[]$!~\u3000例é😀"), min_size=1, max_size=30)
OIDS = st.sampled_from(["2.5.4.3", "2.5.4.7", "2.5.4.8", "2.5.4.9", "2.5.4.10", "2.5.4.11", "2.5.4.13", "2.5.4.17"])
HOSTS = st.text(st.sampled_from('abz09-.*"&=;%\n_ äß例'), min_size=1, max_size=20)
HOSTS |= st.from_regex(r"(\*\.)?[a-z]([a-z0-9-]{0,20}[a-z0-9])?(\.[a-z]{1,10}){0,3}", fullmatch=True)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(
    st.lists(st.tuples(OIDS, TEXTS), min_size=1, max_size=6) | st.lists(st.tuples(OIDS, WILD), min_size=1),
    st.lists(HOSTS, max_size=5),
    st.lists(st.ip_addresses().map(str) | HOSTS, max_size=3),
    st.just("") | TEXTS | WILD,
)
def test_whatever_is_accepted_arrives_exactly_and_nothing_else(
    parts: list[tuple[str, str]], names: list[str], addresses: list[str], friendly_name: str
) -> None:
    subject = Subject(tuple(parts))
    hosts = accepted(dns_name, names), accepted(ip_address, addresses)
    request = NewRequest(subject, *hosts, "ecdsa-p256", exportable=True, friendly_name=friendly_name)
    assume(any(hosts))
    try:
        data = inf(request)
    except TlsOpsError:
        event("refused")
        return
    event("accepted")
    plain = windows.parse(windows.decode(inf(dataclasses.replace(ECDSA, friendly_name="x")), "cp1252"))
    written = windows.parse(windows.decode(data, "cp932"))
    assert set(written) == SECTIONS
    assert {key for key, _fields in written["newrequest"]} <= {key for key, _fields in plain["newrequest"]}
    host = Host("web")
    _bits, made = new(host, data, machine=False)
    found = read_request(made)
    assert subject.is_named(found.subject)
    assert (found.dns_names, found.ip_addresses) == hosts
    (dummy,) = host.store("REQUEST")
    assert dummy.friendly_name == friendly_name


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_made(key: str) -> None:
    _bits, made = new(Host("web"), inf(dataclasses.replace(PLAIN, key=key)), machine=False)
    assert read_request(made).key == key
