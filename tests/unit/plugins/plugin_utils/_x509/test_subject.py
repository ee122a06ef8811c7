# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.subject import Subject, check_text
from cryptography import x509
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("CN=www.example.com", "CN=www.example.com"),
        ("cn = www.example.com , O = Example , C = JP", "CN=www.example.com,O=Example,C=JP"),
        ('CN=a,O="Example, Inc."', 'CN=a,O="Example, Inc."'),
        (r"CN=a,O=Example\, Inc.", 'CN=a,O="Example, Inc."'),
        (r"CN=a,O=caf\C3\A9", "CN=a,O=café"),
        (r"CN=a,O=\ a\ ", 'CN=a,O=" a "'),
        ("CN=a,O=No. #1", 'CN=a,O="No. #1"'),
        ("CN=a,O=株式会社\u3000例", "CN=a,O=株式会社\u3000例"),
        ("CN=a,ST=Tokyo,oid.2.5.4.15=Private", "CN=a,S=Tokyo,OID.2.5.4.15=Private"),
        ("CN=a,EmailAddress=b@c", "CN=a,E=b@c"),
        ("CN=a,O=x;y".replace(";", r"\;"), 'CN=a,O="x;y"'),
    ],
)
def test_as_people_write_it_and_as_windows_reads_it(text: str, written: str) -> None:
    subject = Subject.parse(text)
    assert subject.text == written
    assert Subject.parse(subject.text) == subject


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("www.example.com", "cannot be read"),
        ("CN=a,", "cannot be read"),
        ("CN=a;O=b", "cannot be read"),
        ("CN=a+OU=b", "cannot be read"),
        ("CN=a=b", "cannot be read"),
        ('CN="a', "cannot be read"),
        ("CN=a\\", "cannot be read"),
        ("XX=a", "not known"),
        ("CN=#0401", "hexadecimal"),
        (r"CN=\#0401", "hexadecimal"),
        (r"CN=\FF", "no UTF-8"),
        ("CN=\ud800", "no UTF-8"),
        ("CN=", "0 characters"),
        (f"CN={'x' * 65}", "65 characters"),
        ("CN=a,C=JPN", "two letters"),
        ("CN=a,SERIALNUMBER=株1", "SERIALNUMBER cannot hold '株'"),
        ("CN=a,SERIALNUMBER=A_1", "SERIALNUMBER cannot hold '_'"),
        ("CN=a,E=é@example.com", "E cannot hold 'é'"),
        ("CN=a,DC=例", "DC cannot hold '例'"),
        ("CN=a,1.50.3=b", "is no OID"),
        ('CN="a""b"', "the character"),
        ("CN=100%", "the character"),
        (r"CN=a\\b", "the character"),
        ("CN=a\nb", "the character"),
        (r"CN=a\0Ab", "the character"),
        ("CN=a\u202eb", "the character"),
        (",".join(["DC=a"] * 21), "21 attributes"),
    ],
)
def test_what_is_none_or_cannot_be_asked_for(text: str, message: str) -> None:
    with pytest.raises(TlsOpsError, match=message):
        Subject.parse(text)


def name(*parts: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts])


COUNTRY, COMPANY, HOST = (NameOID.COUNTRY_NAME, "JP"), (NameOID.ORGANIZATION_NAME, "A, B"), (NameOID.COMMON_NAME, "a")


def test_a_certificate_s_name_stands_the_other_way_round() -> None:
    subject = Subject.of(name(COUNTRY, COMPANY, HOST))
    assert subject.text == 'CN=a,O="A, B",C=JP'
    assert subject.common_name == "a"
    assert subject.is_named(name(COUNTRY, COMPANY, HOST))
    assert subject.is_named(name(HOST, COMPANY, COUNTRY))
    assert not subject.is_named(name(COMPANY, HOST, COUNTRY))
    assert not subject.is_named(name(COUNTRY, COMPANY))


def test_several_attributes_in_one_part_cannot_be_asked_for() -> None:
    attributes = [x509.NameAttribute(*COMPANY), x509.NameAttribute(*HOST)]
    with pytest.raises(TlsOpsError, match="several attributes"):
        Subject.of(x509.Name([x509.RelativeDistinguishedName(attributes)]))


@given(st.text(max_size=80))
def test_any_text_is_a_subject_or_an_error(text: str) -> None:
    for given_text in (text, f"CN={text}", f'CN="{text}"'):
        try:
            subject = Subject.parse(given_text)
        except TlsOpsError:
            continue
        assert Subject.parse(subject.text) == subject


@given(st.text(max_size=30))
def test_what_is_checked_has_nothing_that_an_inf_gives_a_meaning(text: str) -> None:
    try:
        check_text("it", text)
    except TlsOpsError:
        return
    assert not set(text) & set('"%\\\r\n\0\t\x1a\u2028\u2029\u0085')


def test_without_a_subject_it_is_the_first_name_that_cn_can_hold() -> None:
    long = f"{'a' * 40}.{'b' * 40}.example.com"
    assert Subject.naming([long, "www.example.com"]).text == "CN=www.example.com"
    with pytest.raises(TlsOpsError, match="short enough"):
        Subject.naming([long])
