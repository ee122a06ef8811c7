# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""PFX files (PKCS#12, RFC 7292): opened, made and proven in memory."""

from __future__ import annotations

import dataclasses
import itertools
import warnings
from collections.abc import Sequence
from typing import Literal

from .._cryptography import Encoding, PrivateFormat, PublicFormat, UnsupportedAlgorithm, ec, hashes, pkcs12, rsa
from .._errors import TlsOpsError
from .certificate import Certificate
from .passwords import password_bytes
from .pfx_mac import mac_holds, with_mac
from .pfx_structure import old_ciphers, private_keys

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Compatibility = Literal["modern", "windows2016", "windows2003"]

# Rounds of the key derivation, for key, certificates and MAC alike. .NET refuses more than 300,000 for each of them by
# default (Pkcs12LoaderLimits); for old systems, where nothing is documented, few more than what they write themselves.
_ROUNDS: dict[Compatibility, int] = {"modern": 100_000, "windows2016": 20_000, "windows2003": 2_000}

_ONE = "Export that one certificate alone, with its key (and its chain, if you like), and give that file."
_WITH_KEY = "Export the certificate again, with its private key ('Yes, export the private key' in Windows' wizard)."
_OTHER_FILE = "Name the .pfx (.p12) file that holds certificate and key; where it is the right one, take another copy."
_OTHER_PASSWORD = "Give the password under which it was exported, blanks and all; where it is right, take another copy."
_ANEW = "Export it again, encrypted with TripleDES-SHA1 or AES256-SHA256."
_OTHER_WAYS = (
    "Convert the file: import it on any Windows Server 2019 or Windows 10 and export it again with AES256-SHA256, or "
    "run 'openssl pkcs12 -legacy' on a machine that has it. Or let Ansible run with the cryptography of PyPI, whose "
    "wheels read these ciphers, and without CRYPTOGRAPHY_OPENSSL_NO_LEGACY; Debian 13 has them in the package "
    "openssl-provider-legacy."
)


@dataclasses.dataclass(frozen=True)
class OpenedPfx:
    """What a PFX holds: one key, the certificate that belongs to it, and the others in their order, each once.

    ``friendly_name`` is the certificate's, as Windows shows it; empty where the file has none.
    """

    key: PrivateKey = dataclasses.field(repr=False)
    certificate: Certificate
    others: tuple[Certificate, ...]
    friendly_name: str = ""


def open_pfx(data: bytes, password: str) -> OpenedPfx:
    """Opens a PFX whose ciphers are AES, 3DES or, where this controller has them, RC2 and RC4.

    Raises TlsOpsError: wrong password, damaged, no key, several keys, no certificate for the key.
    """
    secret = password_bytes(password, "the password")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # BER, which Windows may write, is only warned of
            parsed = pkcs12.load_pkcs12(data, secret)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unreadable(data, password, error) from None
    count = private_keys(data)
    if count > 1:
        raise TlsOpsError(f"the PFX holds {count} private keys, and it cannot be told which one is meant.", hint=_ONE)
    if parsed.key is None:
        raise TlsOpsError("the PFX holds no private key.", hint=_WITH_KEY)
    if not isinstance(parsed.key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise TlsOpsError("the key in the PFX is neither RSA nor ECDSA.", hint=_OTHER_FILE)
    bags = [*([parsed.cert] if parsed.cert else []), *parsed.additional_certs]
    names = {bag.certificate.public_bytes(Encoding.DER): bag.friendly_name or b"" for bag in reversed(bags)}
    certificates = [Certificate(bag.certificate.public_bytes(Encoding.DER)) for bag in bags]
    own = next((each for each in certificates if each.public_key == public_key(parsed.key)), None)
    if own is None:
        raise TlsOpsError("the PFX holds no certificate that belongs to its private key.", hint=_WITH_KEY)
    others = tuple(dict.fromkeys(each for each in certificates if each != own))
    return OpenedPfx(parsed.key, own, others, names[own.der].decode("utf-8", "replace"))


def _unreadable(data: bytes, password: str, error: Exception) -> TlsOpsError:
    """In words. What cryptography says is the same for a wrong password and for a cipher that OpenSSL lacks.

    The MAC tells them apart: it needs nothing that is not there. (pyca/cryptography issue 11450: Debian has the legacy
    provider in a package of its own.)
    """
    if "password" not in str(error).lower() and isinstance(error, ValueError):
        return TlsOpsError("this is no PFX file, or it is damaged.", hint=_OTHER_FILE)
    holds, old = mac_holds(data, password), " and ".join(old_ciphers(data))
    if holds is False:
        return TlsOpsError("the password is wrong, or the PFX is damaged.", hint=_OTHER_PASSWORD)
    if holds and old:
        return TlsOpsError(
            f"the password is right, but the PFX is encrypted with {old}, as Windows up to Server 2012 R2 does it, and "
            "the Python library cryptography of this controller lacks this old cipher.",
            hint=_OTHER_WAYS,
        )
    if holds:
        return TlsOpsError("the password is right, but what the PFX holds cannot be read.", hint=_ANEW)
    if old:
        return TlsOpsError(
            f"the password is wrong, or this controller lacks the old cipher ({old}) of this PFX.", hint=_OTHER_WAYS
        )
    return TlsOpsError("the password is wrong, or the PFX is damaged.", hint=_OTHER_PASSWORD)


def make_pfx(
    key: PrivateKey,
    certificate: Certificate,
    chain: Sequence[Certificate],
    password: str,
    compatibility: Compatibility = "modern",
    friendly_name: str = "",
    *,
    rounds: int = 0,
) -> bytes:
    """A PFX with the key, its certificate and ``chain`` (its issuers, the root last).

    ``modern``: AES-256-CBC with PBKDF2-HMAC-SHA256, and a SHA-256 MAC, which Windows reads from Server 2019 on. Else
    3DES and SHA-1 throughout, which every Windows reads. ``rounds`` of the key derivation are for a password that
    nobody can guess anyway; 0: as the compatibility says. Without ``friendly_name`` no bag has one. Raises TlsOpsError
    for an empty password, or a key that is not the certificate's.
    """
    if not password:
        raise TlsOpsError("the password of a PFX must not be empty.")
    if public_key(key) != certificate.public_key:
        raise TlsOpsError(f"the private key does not belong to {certificate.label} ({certificate.thumbprint}).")
    digest: hashes.SHA256 | hashes.SHA1
    if compatibility == "modern":
        algorithm, digest = pkcs12.PBES.PBESv2SHA256AndAES256CBC, hashes.SHA256()
    else:
        algorithm, digest = pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC, hashes.SHA1()
    rounds = rounds or _ROUNDS[compatibility]
    encryption = (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(rounds)
        .key_cert_algorithm(algorithm)
        .hmac_hash(digest)
        .build(password_bytes(password, "the password"))
    )
    issuers = [each.parsed for each in chain if each != certificate]
    name = friendly_name.encode("utf-8") or None
    made = pkcs12.serialize_key_and_certificates(name, key, certificate.parsed, issuers, encryption)
    return with_mac(made, password, digest.name, rounds)


def prove(data: bytes, password: str, chain: Sequence[Certificate]) -> OpenedPfx:
    """Opens a PFX again and checks that it holds ``chain`` (leaf first, root last) and the leaf's key.

    Raises TlsOpsError where anything is missing, the chain does not hold together, or it ends below a root.
    """
    opened = open_pfx(data, password)
    leaf = chain[0]
    if opened.certificate != leaf:
        raise TlsOpsError(f"the PFX holds {opened.certificate.thumbprint} with the key, not {leaf.thumbprint}.")
    for child, issuer in itertools.pairwise(chain):
        if child.signed_by(issuer) is False:
            raise TlsOpsError(f"the chain does not hold together: {child.label} is not signed by {issuer.label}.")
    if not chain[-1].self_signed:
        raise TlsOpsError(f"the chain is not complete: {chain[-1].label} is not a root.")
    missing = [each.label for each in chain[1:] if each not in opened.others]
    if missing:
        raise TlsOpsError(f"the PFX lacks certificates of the chain: {', '.join(missing)}.")
    return opened


def public_key(key: PrivateKey) -> bytes:
    """The SubjectPublicKeyInfo as DER, to compare with ``Certificate.public_key``."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
