# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""certreq as Windows Server 2003 has it: fewer options, fewer keys of an INF, other forms of extensions."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.fleet.world import blob
from tests.fleet.world.host import Host
from tests.unit.fleet.world.asking import CERTREQ, ask, run, scenario

GIVEN, MADE = r"C:\Windows\Temp\tlsops-1.inf", r"C:\Windows\Temp\tlsops-1.req"
ANSWER = r"C:\Windows\Temp\tlsops-1.cer"
KEYS = {  # those of Microsoft's sample (KB321051)
    "Subject": '"CN=www.example.com,O=Example,C=JP"',
    "KeySpec": "1",
    "KeyLength": "2048",
    "Exportable": "TRUE",
    "MachineKeySet": "TRUE",
    "SMIME": "False",
    "PrivateKeyArchive": "FALSE",
    "UserProtected": "FALSE",
    "UseExistingKeySet": "FALSE",
    "ProviderName": '"Microsoft RSA SChannel Cryptographic Provider"',
    "ProviderType": "12",
    "RequestType": "PKCS10",
    "KeyUsage": "0xa0",
}
USAGE = "[EnhancedKeyUsageExtension]\nOID=1.3.6.1.5.5.7.3.1\n"
NAMES = x509.SubjectAlternativeName([x509.DNSName("www.example.com"), x509.DNSName("shop.example.com")])
REQUEST = {"authority": "simple", "names": ["www.example.com"], "key": "rsa-2048", "made_by": "wizard"}


def server(options: dict[str, Any] | None = None, **what: Any) -> Any:
    return scenario(options, **{"product": "2003", "certificates": {}, "sites": [], "stores": [], **what})


def names(rows: int = 1) -> str:
    text = base64.b64encode(NAMES.public_bytes()).decode()
    step = -(-len(text) // rows)
    first, *others = (text[at : at + step] for at in range(0, len(text), step))
    return "\n".join(["[Extensions]", f"2.5.29.17={first}", *(f'_continue_ = "{each}"' for each in others), ""])


def text(values: dict[str, Any] | None = None, extensions: str = "") -> str:
    keys = {**KEYS, **(values or {})}
    rows = "".join(f"{key} = {value}\n" for key, value in keys.items() if value is not None)
    return f'[Version]\nSignature="$Windows NT$"\n[NewRequest]\n{rows}{USAGE}{extensions or names()}'


def new(host: Host, content: str, *options: str) -> int:
    written = ask(host, ("file.delete", "path", GIVEN), ("file.write", "path", GIVEN, "data", content), mode="write")
    assert written[1].status == "ok"
    return run(host, CERTREQ, *(options or ("-new",)), GIVEN, MADE)[0] & 0xFFFFFFFF


def made(host: Host) -> x509.CertificateSigningRequest:
    return x509.load_pem_x509_csr(host.files.read(MADE))


@pytest.mark.parametrize("rows", [1, 3])
def test_a_request_in_the_form_of_its_time(rows: int) -> None:
    host = server().hosts["web"]
    assert new(host, text(extensions=names(rows))) == 0
    request, (dummy,) = made(host), host.store("REQUEST")
    assert isinstance(request.public_key(), rsa.RSAPublicKey)
    assert request.signature_algorithm_oid._name == "sha1WithRSAEncryption"
    found = request.extensions
    assert found.get_extension_for_class(x509.SubjectAlternativeName).value == NAMES
    usages = found.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in usages] == ["1.3.6.1.5.5.7.3.1"]
    assert host.keys.open(dummy.link).provider == "Microsoft RSA SChannel Cryptographic Provider"


@pytest.mark.parametrize("option", ["-q", "-machine", "-f", "-user"])
def test_an_option_that_it_does_not_know_gets_the_usage(option: str) -> None:
    host = server().hosts["web"]
    assert new(host, text(), option, "-new") == 0x80070057
    assert b"Usage" in run(host, CERTREQ, option, "-accept", GIVEN)[1]
    assert not host.files.exists(MADE)
    assert host.store("REQUEST") == []


def test_its_options_can_be_set() -> None:
    host = server({"certreq_options": ["-new", "-q"], "certreq_dialog_without_q": True}).hosts["web"]
    assert new(host, text(), "-q", "-new") == 0
    assert new(host, text(), "-machine", "-new") == 0x80070057


@pytest.mark.parametrize("key", ["HashAlgorithm", "FriendlyName", "KeyAlgorithm", "Silent"])
def test_keys_that_are_newer_are_refused_or_ignored(key: str) -> None:
    newer = text({key: "sha256"})
    assert new(server().hosts["web"], newer) == 0x8007000D
    host = server({"certreq_unknown_keys": "ignored"}).hosts["web"]
    assert new(host, newer) == 0
    assert made(host).signature_algorithm_oid._name == "sha1WithRSAEncryption"


@pytest.mark.parametrize(
    "extensions",
    [
        '[Extensions]\n2.5.29.17 = "{text}DNS=a&"\n',
        '[Extensions]\n2.5.29.17 = "no base64"\n',
        "[Extensions]\n2.5.29.17 = BAMCAQA=\n",
        "[Extensions]\n2.5.29.37 = MAoGCCsGAQUFBwMB\n",
        "[EnhancedKeyUsageExtension]\nOID = server\n",
        "[EnhancedKeyUsageExtension]\nCritical = 1\n",
    ],
)
def test_extensions_it_refuses(extensions: str) -> None:
    assert new(server().hosts["web"], text(extensions=extensions)) == 0x8007000D


def test_it_has_no_keys_but_those_of_cryptoapi() -> None:
    host = server().hosts["web"]
    ksp = {"ProviderName": '"Microsoft Software Key Storage Provider"', "ProviderType": None}
    assert new(host, text(ksp)) == 0x80090019
    assert new(host, text({"ProviderName": None, "ProviderType": None})) == 0
    assert host.keys.open(host.store("REQUEST")[0].link).provider == "Microsoft Enhanced Cryptographic Provider v1.0"


def test_an_output_file_that_is_there_is_asked_about() -> None:
    host = server().hosts["web"]
    host.files.put(MADE, b"old")
    host.files.put(GIVEN, text().encode())
    program = ("run", "program", CERTREQ, "argument", "-new", "argument", GIVEN, "argument", MADE, "seconds", "5")
    assert ask(host, program)[0].kind == "timeout"


def test_it_takes_the_answer_to_the_wizards_request() -> None:
    what = server(requests={"renewal": REQUEST})
    host, answer = what.hosts["web"], what.answers["web"]["renewal"]
    (dummy,) = host.store("REQUEST")
    assert dummy.certificate.subject.rfc4514_string().startswith("CN=www.example.com,OU=Web,O=Example Company,L=")
    assert len(dummy.certificate.extensions) == 0
    assert not host.registry.key(r"HKLM\SOFTWARE\tlsops.windows")
    host.files.put(ANSWER, answer.leaf_pem.encode())
    assert run(host, CERTREQ, "-accept", "-machine", ANSWER)[0] & 0xFFFFFFFF == 0x80070057
    assert run(host, CERTREQ, "-accept", ANSWER)[0] == 0
    assert host.store("REQUEST") == []
    found = host.stores.find("MY", blob.thumbprint(answer.leaf))
    assert found is not None
    assert found.link == dummy.link
