# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table of bad input: mails, certificates, sites, passwords, arguments. Each is refused in words, nothing touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from tests.fleet.authority import Issued
from tests.fleet.mail import compose, pem

from .bad import Row, renewal, told
from .plain import NAMES, OLD, at, host, scenario, site
from .stage import PASSWORD, Case, Stage, staged

# PKCS#1: 1.2.840.113549.1.1.x, where 11 is with SHA-256 and 5 with SHA-1.
_RSA_WITH = bytes.fromhex("2a864886f70d0101")
_SHA256, _SHA1 = b"\x0b", b"\x05"


def fleet() -> dict[str, Any]:
    """One host whose requests a CA has answered in all ways; a twin of it with another key; two of IIS 6.0."""
    by = {"authority": "rsa", "names": NAMES, "key": "rsa-2048"}
    requests = {
        "good": by,
        "expired": {**by, "days": [-400, -2]},
        "future": {**by, "days": [2, 400]},
        "names": {**by, "names": ["mail.example.com"]},
        "hole": {**by, "authority": "hole"},
        "private": {**by, "authority": "unknown"},
        "sha1": by,
        "short": {**by, "key": "rsa-1024"},
        "ca": by,
        "usage": by,
    }
    named = site("Production", at("*:443:www.example.com", 1))
    web = host(named, site("Plain"))
    web |= {"requests": requests, "stores": [{"certificate": "rsa.root", "in": ["Root"]}]}
    web["stores"].append({"certificate": "hole.root", "in": ["Root"]})
    twin = host(named) | {"requests": {"theirs": by}}
    double = host(site("Production", at("*:443:")), site("Production", at("*:444:")), product=OLD)
    described = scenario(web=web, twin=twin, iis6=double)
    described["authorities"] |= {name: {"shape": "plain", "key": "rsa-2048"} for name in ("hole", "unknown")}
    return described


def issued(stage: Stage, request: str, **changes: Any) -> x509.Certificate:
    """A leaf for the key of a request with other extensions, by the same CA."""
    old = x509.load_der_x509_certificate(stage.fleet.scenario.answers["web"][request].leaf)  # type: ignore[attr-defined]
    issuer = issuer_of(stage)
    builder = x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer)
    builder = builder.public_key(old.public_key()).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(old.not_valid_before_utc).not_valid_after(old.not_valid_after_utc)
    for extension in old.extensions:
        name = type(extension.value).__name__
        builder = builder.add_extension(changes.get(name, extension.value), extension.critical)
    return builder.sign(issuer.key, hashes.SHA256())


def issuer_of(stage: Stage) -> Issued:
    return stage.fleet.scenario.authorities["rsa"].certificates["intermediate"]  # type: ignore[attr-defined]


def with_sha1(stage: Stage, certificate: x509.Certificate) -> x509.Certificate:
    """The same, signed with SHA-1 by the same CA: the library makes none."""
    key = issuer_of(stage).key
    assert isinstance(key, rsa.RSAPrivateKey)

    def weak(data: bytes) -> bytes:
        return data.replace(_RSA_WITH + _SHA256, _RSA_WITH + _SHA1)

    signature = key.sign(weak(certificate.tbs_certificate_bytes), padding.PKCS1v15(), hashes.SHA1())
    whole = weak(certificate.public_bytes(Encoding.DER))
    return x509.load_der_x509_certificate(whole[: -len(signature)] + signature)


def sent(stage: Stage, *certificates: x509.Certificate) -> str:
    """The mail with a leaf and its issuer, as a CA writes it."""
    return compose("pem", certificates[0], [*certificates[1:], issuer_of(stage).certificate], "www.example.com")


def answers(stage: Stage) -> dict[str, tuple[str, str, str]]:
    """By name the mail, the cause and what to do."""

    def text(request: str) -> str:
        return stage.text("web", request)

    leaf = x509.load_der_x509_certificate(stage.fleet.scenario.answers["web"]["hole"].leaf)  # type: ignore[attr-defined]
    sha1 = with_sha1(stage, issued(stage, "sha1"))
    authority = issued(stage, "ca", BasicConstraints=x509.BasicConstraints(ca=True, path_length=None))
    client = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    good = text("good")
    begin = good.index("-----BEGIN CERTIFICATE-----")
    return {
        "no certificate": (good[:begin], "there is no certificate in the CA's answer", "Give the mail with the cert"),
        "nothing": ("\n \n", "there is no certificate in the CA's answer; what it holds: nothing", "Give the mail"),
        "truncated": (good[: begin + 700], "has no END line", "Fetch it again from the CA"),
        "a changed letter": (good[: begin + 300] + "#" + good[begin + 301 :], "is damaged in line", "Fetch it again"),
        "another key": (stage.text("twin", "theirs"), "belongs to a private key of this host", "pending request is"),
        "expired": (text("expired"), "it expired on ", "ask the CA for a new one"),
        "not yet valid": (text("future"), "is valid only from ", "clock"),
        "wrong names": (text("names"), "does not cover www.example.com", "Ask the CA"),
        "chain with a hole": (pem(leaf), "it has no trusted chain on this server: ", "intermediate"),
        "a root that is unknown here": (
            text("private"),
            "it has no trusted chain on this server: ",
            "install the CA's",
        ),
        "SHA-1": (sent(stage, sha1), "is signed with SHA1, which clients refuse", "Ask the CA"),
        "1024 bits": (text("short"), "has an RSA key of 1024 bits; 2048 are needed", "new request"),
        "a CA's certificate": (sent(stage, authority), "is a CA certificate", "Ask the CA"),
        "for clients only": (
            sent(stage, issued(stage, "usage", ExtendedKeyUsage=client)),
            "is not for server authentication",
            "Ask the CA",
        ),
    }


def test_answers_that_cannot_be_used(tmp_path: Path) -> None:
    with staged(fleet(), tmp_path) as stage:
        rows = {
            name: Row(renewal(stage, "web", answer=text, answer_path=None), cause, todo)
            for name, (text, cause, todo) in answers(stage).items()
        }
        told(stage, rows)


def test_sites_passwords_and_places_that_are_not_there(tmp_path: Path) -> None:
    with staged(fleet(), tmp_path) as stage:
        full = stage.directory / "full"
        full.mkdir(mode=0o700)
        (full / "there.pfx").write_bytes(b"somebody's")

        def web(**more: Any) -> Case:
            return renewal(stage, "web", **{"answer": stage.text("web", "good"), "answer_path": None, **more})

        def restore(**more: Any) -> Case:
            return Case("web", "pfx_restore", {"path": str(backup(stage)), "password": PASSWORD, **more})

        told(
            stage,
            {
                "an unknown site": Row(web(production_site="Produktion"), "no web site 'Produktion'", "IIS Manager"),
                "a site without https": Row(web(production_site="Plain"), "has no https binding", "Add one in IIS"),
                "an ambiguous site": Row(
                    renewal(stage, "iis6", answer_path=None, thumbprint=stage.thumbprint("iis6", "new")),
                    "there is no web site 'Production'; there are: 'Production (W3SVC/1)', 'Production (W3SVC/2)'",
                    "IIS Manager",
                ),
                "an unknown binding": Row(
                    web(production_site=None, binding="*:444:"), "no site has the https binding '*:444:'", "Name one of"
                ),
                "the wrong password of a PFX": Row(
                    restore(password="wrong"), "www.pfx: the password is wrong", "Give the password"
                ),
                "no PFX": Row(restore(path="/no/such.pfx"), "there is no file /no/such.pfx", "path"),
                "something that is no PFX": Row(
                    restore(path=str(full / "there.pfx")), "there.pfx: this is no PFX file", "Name the .pfx"
                ),
                "no mail": Row(
                    web(answer=None, answer_path="/no/mail.txt"), "there is no file /no/mail.txt", "answer_path names"
                ),
                "no folder for the backup": Row(
                    web(backup_destinations=["/no/such/folder/"]), "there is no folder /no/such/folder", "Create it"
                ),
                "a backup that is another's": Row(
                    web(backup_destinations=[str(full / "there.pfx")]), "there.pfx", "other"
                ),
                "no password for the backup": Row(
                    web(backup_password=""), "the backup's password is empty", "protects the key"
                ),
                "a thumbprint that is none": Row(
                    web(answer=None, thumbprint="12 34"), "'12 34' is not a thumbprint", "40 hexadecimal digits"
                ),
                "a thumbprint that is not here": Row(
                    web(answer=None, thumbprint="AB" * 20), f"there is no certificate {'AB' * 20}", "there are: "
                ),
            },
        )


def backup(stage: Stage) -> Path:
    """A PFX as another run left it."""
    path = stage.directory / "www.pfx"
    key = rsa.generate_private_key(65537, 2048)
    locked = BestAvailableEncryption(PASSWORD.encode())
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"www", key, None, None, locked))
    path.chmod(0o600)
    return path


REPORTED = {"certificates": ["verisign_g5"], "state": "reported"}


def test_tasks_that_are_written_wrong(tmp_path: Path) -> None:
    with staged(fleet(), tmp_path) as stage:
        whole = dict(renewal(stage, "web").arguments)

        def task(**keywords: Any) -> Case:
            return Case("web", "trusted_root", REPORTED, keywords)

        def given(**arguments: Any) -> Case:
            return Case("web", "renewal", {**whole, **arguments})

        def without(name: str) -> Case:
            return Case("web", "renewal", {key: value for key, value in whole.items() if key != name})

        become, variables = "become does not act on these modules", "environment does not act on these modules"
        see = "ansible-doc"
        told(
            stage,
            {
                "become": Row(task(become=True), become, "ansible_become: false"),
                "become as SYSTEM": Row(
                    task(become=True, become_method="runas", become_user="SYSTEM"), become, "ansible_become: false"
                ),
                "environment": Row(task(environment={"A": "b"}), variables, "Leave it out"),
                "environments in a list": Row(task(environment=[{}, {"A": "b"}]), variables, "Leave it out"),
                "an unknown argument": Row(given(productionsite="x"), "unsupported parameters: productionsite", see),
                "an argument of another module": Row(given(force=True), "unsupported parameters: force", see),
                "a dict for a text": Row(given(production_site={"a": 1}), "production_site is a dict", "in quotes"),
                "a text for a number": Row(given(timeout="soon"), "timeout", see),
                "no time at all": Row(given(timeout=0), "timeout is 0; it must be between 10 and 3600", "each batch"),
                "a choice that is none": Row(given(conflicting_roots="deleted"), "conflicting_roots", see),
                "no password": Row(without("backup_password"), "backup_password", see),
                "no site": Row(without("production_site"), "production_site", see),
                "no answer": Row(without("answer_path"), "answer_path", see),
                "two answers": Row(given(answer="x"), "mutually exclusive", see),
                "an answer of nothing": Row(given(answer_path="{{ omit_nothing | default('') }}"), "answer_path", see),
                "a site of nothing": Row(
                    given(production_site="{{ none_here | default(none) }}"), "production_site", see
                ),
                "a list for a password": Row(given(backup_password=["a"]), "backup_password is a list", "quotes"),
                "an empty list of renewals": Row(
                    Case("web", "renewal", {"renewals": [], "backup_password": "x", "backup_destinations": ["/tmp/"]}),
                    "renewals",
                    "entry",
                ),
            },
        )
        assert stage.fleet.traffic("web").commands == 0
