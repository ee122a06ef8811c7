# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certreq -new: what it reads in an INF, what it makes, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.fleet.world import inf, x500
from tests.fleet.world.host import Host
from tests.unit.fleet.world.asking import CERTREQ, ask, run, scenario

GIVEN, MADE = r"C:\Windows\Temp\tlsops-1.inf", r"C:\Windows\Temp\tlsops-1.req"
HEAD = '[Version]\nSignature="$Windows NT$"\n[NewRequest]\n'
PLAIN = {
    "Subject": '"CN=www.example.com,O=""Example, Inc."",C=JP"',
    "KeySpec": "1",
    "KeyLength": "2048",
    "KeyUsage": "0xa0",
    "Exportable": "TRUE",
    "MachineKeySet": "TRUE",
    "RequestType": "PKCS10",
    "HashAlgorithm": "sha256",
    "ProviderName": '"Microsoft RSA SChannel Cryptographic Provider"',
    "ProviderType": "12",
    "FriendlyName": '"this year"',
}
ECDSA = {**PLAIN, "ProviderName": "Microsoft Software Key Storage Provider", "KeyAlgorithm": "ECDSA_P256"}
ECDSA |= {"KeyLength": "256", "ProviderType": None, "KeySpec": "0"}
NAMES = '2.5.29.17="{text}"\n_continue_ = "DNS=www.example.com&"\n_continue_ = "IPAddress=10.0.0.1&"\n'
EXTENSIONS = f'[Extensions]\n{NAMES}2.5.29.37="{{text}}1.3.6.1.5.5.7.3.1"\n'


def text(values: dict[str, Any], extensions: str = EXTENSIONS) -> str:
    rows = "".join(f"{key} = {value}\n" for key, value in values.items() if value is not None)
    return f"{HEAD}{rows}{extensions}"


def new(host: Host, content: str | bytes, *options: str) -> int:
    data = content if isinstance(content, bytes) else content.encode("ascii")
    written = ask(host, ("file.delete", "path", GIVEN), ("file.write", "path", GIVEN, "data", data), mode="write")
    assert written[1].status == "ok"
    return run(host, CERTREQ, *(options or ("-q", "-new")), GIVEN, MADE)[0] & 0xFFFFFFFF


def made(host: Host) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(host.files.read(MADE))


def names(found: Any) -> list[str]:
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return [str(each.value) for each in names]


def test_a_key_a_request_and_a_dummy_that_holds_the_key() -> None:
    host = scenario().hosts["web"]
    assert new(host, text(PLAIN)) == 0
    request, (dummy,) = made(host), host.store("REQUEST")
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=www.example.com,O=Example\\, Inc.,C=JP"
    assert names(request) == names(dummy.certificate) == ["www.example.com", "10.0.0.1"]
    assert dummy.certificate.public_key() == request.public_key()
    container = host.keys.open(dummy.link)
    assert (container.key.public_key(), container.exportable, container.key_spec) == (request.public_key(), True, 1)
    assert dummy.friendly_name == "this year"
    data = host.files.read(MADE)
    assert data.startswith(b"-----BEGIN NEW CERTIFICATE REQUEST-----\r\n")
    usage = request.extensions.get_extension_for_class(x509.KeyUsage).value
    assert (usage.digital_signature, usage.key_encipherment, usage.key_cert_sign) == (True, True, False)


def test_ecdsa() -> None:
    host = scenario().hosts["web"]
    assert new(host, text(ECDSA)) == 0
    key = made(host).public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert host.store("REQUEST")[0].link.key_spec == 0  # type: ignore[union-attr]


def test_the_dummy_can_be_bare_and_the_subject_the_other_way_round() -> None:
    host = scenario({"request_dummy": "bare", "request_subject": "written"}).hosts["web"]
    assert new(host, text(ECDSA)) == 0
    assert len(host.store("REQUEST")[0].certificate.extensions) == 0
    assert made(host).subject.rfc4514_string() == "C=JP,O=Example\\, Inc.,CN=www.example.com"


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ({"Subject": "CN=a,O=b"}, 0x8007000D),
        ({"Subject": '"CN=a,O=b+c"'}, 0x80092023),
        ({"Subject": '"CN=a,C=Japan"'}, 0x80092023),
        ({"Subject": '"CN=a'}, 0x8007000D),
        ({"KeyLenght": "2048"}, 0x8007000D),
        ({"RequestType": "CMC"}, 0x8007000D),
        ({"Exportable": "YES"}, 0x8007000D),
        ({"KeyLength": "many"}, 0x8007000D),
        ({"ProviderName": "Nothing"}, 0x80090019),
        ({"ProviderType": "1"}, 0x8009001B),
        ({"KeyLength": "512"}, 0x80090009),
        ({"KeyLength": "2049"}, 0x80090009),
        ({"KeyAlgorithm": "ECDSA_P256"}, 0x80090008),
        ({"KeyAlgorithm": "DSA"}, 0x80090008),
        ({"HashAlgorithm": "md5"}, 0x80090008),
    ],
)
def test_what_it_refuses_leaves_nothing(values: dict[str, Any], number: int) -> None:
    host = scenario().hosts["web"]
    keys = len(host.keys.all())
    assert new(host, text({**PLAIN, **values})) == number
    assert (host.store("REQUEST"), len(host.keys.all()), host.files.exists(MADE)) == ([], keys, False)


@pytest.mark.parametrize(
    "extensions",
    [
        '[Extensions]\n_continue_ = "DNS=a&"\n',
        '[Extensions]\n2.5.29.17 = "DNS=a&"\n',
        '[Extensions]\n2.5.29.17 = "{text}EMAIL=a&"\n',
        '[Extensions]\n2.5.29.17 = "{text}IPAddress=a&"\n',
        '[Extensions]\n2.5.29.99 = "{text}a"\n',
    ],
)
def test_extensions_it_refuses(extensions: str) -> None:
    assert new(scenario().hosts["web"], text(PLAIN, extensions)) == 0x8007000D


def test_a_csp_key_without_key_spec_is_for_signatures_only() -> None:
    host = scenario().hosts["web"]
    assert new(host, text({**PLAIN, "KeySpec": None})) == 0
    assert host.store("REQUEST")[0].link.key_spec == 2  # type: ignore[union-attr]


def test_without_the_machine_s_key_set_it_is_the_user_s() -> None:
    host = scenario().hosts["web"]
    assert new(host, text({**PLAIN, "MachineKeySet": "FALSE"})) == 0
    assert host.store("REQUEST") == []
    host.files.delete(MADE)
    assert new(host, text({**PLAIN, "MachineKeySet": "FALSE"}), "-q", "-machine", "-new") == 0
    assert len(host.store("REQUEST")) == 1


def test_an_output_file_that_is_there() -> None:
    host = scenario().hosts["web"]
    host.files.put(MADE, b"old")
    assert new(host, text(PLAIN)) == 0x80070050
    assert host.files.read(MADE) == b"old"
    assert new(host, text(PLAIN), "-q", "-f", "-new") == 0
    program = ("run", "program", CERTREQ, "argument", "-new", "argument", GIVEN, "argument", MADE, "seconds", "5")
    assert ask(host, program)[0].kind == "timeout"


def test_without_elevation_it_is_denied() -> None:
    host = scenario({"elevated": False}).hosts["web"]
    host.files.put(GIVEN, text(PLAIN).encode())
    assert run(host, CERTREQ, "-q", "-new", GIVEN, MADE)[0] & 0xFFFFFFFF == 0x80070005


def test_other_characters_need_utf_16() -> None:
    japanese = text({**ECDSA, "Subject": '"CN=www.example.com,O=株式会社例"'})
    for language in ("en-US", "ja-JP"):
        host = scenario(language=language).hosts["web"]
        new(host, japanese.encode("utf-8"))
        assert not host.files.exists(MADE) or "株式会社例" not in made(host).subject.rfc4514_string()
    host = scenario().hosts["web"]
    assert new(host, b"\xff\xfe" + japanese.encode("utf-16-le")) == 0
    assert made(host).subject.rfc4514_string() == "CN=www.example.com,O=株式会社例"


def test_the_key_takes_its_time() -> None:
    host = scenario().hosts["web"]
    before = host.clock.monotonic()
    assert new(host, text({**PLAIN, "KeyLength": "3072"})) == 0
    assert host.clock.monotonic() - before >= 3
    assert isinstance(made(host).public_key(), rsa.RSAPublicKey)


class TestInf:
    def test_quotes_comments_continued_lines_and_strings(self) -> None:
        found = inf.parse(
            '; all\n[A]\nkey = "a ; ""b""" , c d ; rest\nlong = one\\\n two\n%name% = "%name% 100%% %other%"\n'
            "[Strings]\nname = value\n"
        )
        assert found["a"] == [
            ("key", ['a ; "b"', "c d"]),
            ("long", ["onetwo"]),
            ("value", ["value 100% %other%"]),
        ]

    @pytest.mark.parametrize("content", ["key = value", '[A]\nkey = "open', f'[A]\nkey = "{"x" * 4097}"'])
    def test_what_is_none(self, content: str) -> None:
        with pytest.raises(inf.BadInf):
            inf.parse(content)

    def test_only_line_ends_end_a_line(self) -> None:
        assert inf.parse("[A]\nkey = a\u2028b\x0cc\n")["a"] == [("key", ["a\u2028b\x0cc"])]


class TestX500:
    def test_quotes_semicolons_and_oids(self) -> None:
        found = x500.name('CN="a, ""b""";O = c ;OID.2.5.4.15=d,2.5.4.17=e', reverse=True)
        assert [each.value for each in found] == ["e", "d", "c", 'a, "b"']

    def test_several_values_in_one_part(self) -> None:
        assert len(x500.name("CN=a+OU=b,O=c", reverse=False).rdns) == 2

    @pytest.mark.parametrize("content", ["", "a", "CN=", "CN=#04", "XX=a", 'CN="a', "CN=a=b", "C=JPN", "CN=a,"])
    def test_what_is_none(self, content: str) -> None:
        with pytest.raises(x500.BadName):
            x500.name(content, reverse=True)

    def test_what_an_attribute_cannot_hold_has_a_number_of_its_own(self) -> None:
        for text, number in (
            ("CN=a,SERIALNUMBER=株", 0x80092021),
            ("CN=a,E=é@a", 0x80092022),
            ("CN=a,DC=例", 0x80092022),
        ):
            with pytest.raises(x500.BadName) as caught:
                x500.name(text, reverse=True)
            assert caught.value.number == number
