# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``certreq -new``: a key, a request for it, and the dummy certificate that holds the key until the answer comes.

Sources: windowsserverdocs certreq_1 (keys of [NewRequest]); ICEnroll docs (the dummy in REQUEST); CERTENROLL's errors
as people report them. A key of [NewRequest] that is not in the docs is an error here: a typing error would hide else.
"""

from __future__ import annotations

import base64
import dataclasses
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from . import blob, inf, x500
from .certreq_extensions import Extensions, extensions, usage
from .errors import (
    INVALID_DATA,
    NTE_BAD_ALGID,
    NTE_BAD_FLAGS,
    NTE_KEYSET_NOT_DEF,
    NTE_PROV_TYPE_NO_MATCH,
    hresult,
)
from .keys import CAPI, CNG, ENHANCED, PROV_RSA_FULL, PROV_RSA_SCHANNEL, Container, PrivateKey, sign

if TYPE_CHECKING:
    from .host import Host

DOCUMENTED = (
    "subject exportable exportableencrypted hashalgorithm keyalgorithm keycontainer keylength keyspec keyusage"
    " keyusageproperty machinekeyset notbefore notafter privatekeyarchive providername providertype renewalcert"
    " requestername requesttype securitydescriptor silent smime friendlyname useexistingkeyset userprotected"
    " x500nameflags suppressdefaults"
)
# Server 2003 makes requests with KB321051's keys: hash, name and algorithm came with CertEnroll, in Vista.
NEWER_THAN_2003 = {"hashalgorithm", "friendlyname", "keyalgorithm", "silent", "exportableencrypted"}
NEWER_THAN_2003 |= {"keyusageproperty", "securitydescriptor", "x500nameflags", "suppressdefaults"}
CSPS = {CAPI: PROV_RSA_SCHANNEL, ENHANCED: PROV_RSA_FULL}
AT_SIGNATURE = 2
CURVES: dict[str, type[ec.EllipticCurve]] = {"ecdsa_p256": ec.SECP256R1, "ecdsa_p384": ec.SECP384R1}
CURVES["ecdsa_p521"] = ec.SECP521R1
HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
ANSI = {"ja-JP": "cp932"}
SHA1_WITH_RSA = bytes.fromhex("300d06092a864886f70d0101050500")
OS_VERSION = x509.ObjectIdentifier("1.3.6.1.4.1.311.13.2.3")


@dataclasses.dataclass(frozen=True)
class _Asked:
    """[NewRequest] with what holds without a word."""

    values: dict[str, str]

    def text(self, key: str, default: str = "") -> str:
        return self.values.get(key, default)

    def flag(self, key: str) -> bool:
        value = self.text(key, "false").lower()
        if value not in ("true", "false", "1", "0"):
            raise hresult(INVALID_DATA)
        return value in ("true", "1")

    def number(self, key: str, default: int) -> int:
        try:
            return int(self.text(key, str(default)), 0)
        except ValueError:
            raise hresult(INVALID_DATA) from None


def new(host: Host, data: bytes, *, machine: bool) -> tuple[int, bytes]:
    """The size of the key, and what is in the file. Raises an HRESULT; nothing is made then."""
    try:
        sections = inf.parse(inf.decode(data, ANSI.get(host.language.tag, "cp1252")))
    except inf.BadInf:
        raise hresult(INVALID_DATA) from None
    asked = _asked(sections, host)
    try:
        subject = x500.name(asked.text("subject"), reverse=host.options.request_subject == "reversed")
    except x500.BadName as problem:
        raise hresult(problem.number) from None
    subject = x509.Name([each for each in subject if each.oid.dotted_string not in host.options.request_drops])
    wanted = [*usage(asked.number("keyusage", 0)), *extensions(sections, text=host.product.cng)]
    container = _container(asked, host)
    digest = HASHES.get(asked.text("hashalgorithm", "sha1").lower())
    if digest is None:
        raise hresult(NTE_BAD_ALGID)
    request = _request(host, container.key, subject, wanted, digest())
    if machine or asked.flag("machinekeyset"):
        _keep(host, container, subject, wanted, asked.text("friendlyname"))
    return container.key.key_size, _windows_pem(request)


def _asked(sections: dict[str, inf.Section], host: Host) -> _Asked:
    """A value of several fields, as an unquoted subject with commas is, is no data for certreq."""
    newer = set() if host.product.cng else NEWER_THAN_2003
    signature = dict((key.lower(), fields) for key, fields in sections.get("version", []))
    if signature.get("signature") not in (["$Windows NT$"], ["$Chicago$"]):
        raise hresult(INVALID_DATA)
    values: dict[str, str] = {}
    for key, fields in sections.get("newrequest", []):
        if key.lower() in newer and host.options.certreq_unknown_keys == "ignored":
            continue
        if key.lower() in newer:
            raise hresult(INVALID_DATA)
        if key.lower() not in DOCUMENTED.split() or key.lower() in values or len(fields) != 1:
            raise hresult(INVALID_DATA)
        values[key.lower()] = fields[0]
    asked = _Asked(values)
    if asked.text("requesttype").upper() != "PKCS10" or asked.text("renewalcert"):
        raise hresult(INVALID_DATA)  # CMC and renewals are not modelled
    return asked


def _container(asked: _Asked, host: Host) -> Container:
    """Without a provider it is the software KSP, on 2003 a CSP; its key without KeySpec is for signatures only."""
    provider = asked.text("providername", CNG if host.product.cng else ENHANCED)
    if provider not in (*CSPS, *([CNG] if host.product.cng else [])):
        raise hresult(NTE_KEYSET_NOT_DEF)
    if provider in CSPS and asked.number("providertype", CSPS[provider]) != CSPS[provider]:
        raise hresult(NTE_PROV_TYPE_NO_MATCH)
    return Container(
        name=f"{{{str(uuid.uuid4()).upper()}}}",
        key=_key(asked, provider),
        provider=provider,
        exportable=asked.flag("exportable"),
        key_spec=asked.number("keyspec", 0) or AT_SIGNATURE,
    )


def _key(asked: _Asked, provider: str) -> PrivateKey:
    algorithm, bits = asked.text("keyalgorithm", "RSA").lower(), asked.number("keylength", 2048)
    if algorithm in CURVES:
        if provider != CNG:
            raise hresult(NTE_BAD_ALGID)
        if bits != CURVES[algorithm].key_size:
            raise hresult(NTE_BAD_FLAGS)
        return ec.generate_private_key(CURVES[algorithm]())
    if algorithm != "rsa":
        raise hresult(NTE_BAD_ALGID)
    if not 1024 <= bits <= 16384 or bits % 8:
        raise hresult(NTE_BAD_FLAGS)
    return rsa.generate_private_key(65537, bits)


def _request(
    host: Host,
    key: PrivateKey,
    subject: x509.Name,
    wanted: Extensions,
    digest: hashes.HashAlgorithm,
) -> bytes:
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
    for extension, critical in wanted:
        builder = builder.add_extension(extension, critical)
    builder = builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    builder = builder.add_attribute(OS_VERSION, f"{host.product.os_version}.2".encode())
    # cryptography's builder signs with SHA-1 no more.
    if isinstance(digest, hashes.SHA1) and isinstance(key, rsa.RSAPrivateKey):
        return _signed_with_sha1(builder.sign(key, hashes.SHA256()).tbs_certrequest_bytes, key)
    return builder.sign(key, digest).public_bytes(Encoding.DER)  # type: ignore[arg-type]


def _signed_with_sha1(content: bytes, key: PrivateKey) -> bytes:
    """A PKCS#10 of its content, which does not name the algorithm of the signature (RFC 2986 4)."""
    _name, signature = sign(key, content, sha1=True)
    return _der(0x30, content + SHA1_WITH_RSA + _der(0x03, b"\0" + signature))


def _der(tag: int, content: bytes) -> bytes:
    """Long form of the length, which every content here needs."""
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


def _keep(
    host: Host,
    container: Container,
    subject: x509.Name,
    wanted: Extensions,
    friendly_name: str,
) -> None:
    """The dummy: whether it shows what was asked for besides the subject no source says (``request_dummy``)."""
    now, key = host.clock.now(), container.key
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(now).not_valid_after(now + timedelta(days=365))
    for extension, critical in wanted if host.options.request_dummy == "full" else []:
        builder = builder.add_extension(extension, critical)
    properties = {blob.KEY_PROV_INFO: container.link.encode()}
    if friendly_name:
        properties[blob.FRIENDLY_NAME] = blob.utf16(friendly_name)
    host.keys.add(container)
    host.stores.add("REQUEST", blob.encoded(builder.sign(key, hashes.SHA256())), properties)


def _windows_pem(der: bytes) -> bytes:
    """64 columns, CRLF, under a label of Windows' own."""
    text = base64.b64encode(der).decode()
    rows = [text[at : at + 64] for at in range(0, len(text), 64)]
    label = "NEW CERTIFICATE REQUEST"
    return "\r\n".join([f"-----BEGIN {label}-----", *rows, f"-----END {label}-----", ""]).encode()
