# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether a certificate authority (CA) of one's own can sign a request: what it asks for, and what the key is."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Collection

from .._cryptography import NameOID, UnsupportedAlgorithm, ec, rsa, x509
from .._errors import TlsOpsError
from .checks import CURVES, RSA_BITS
from .names import dns_name, normalized
from .request import SigningRequest, read_request

_LARGEST = 256 * 1024  # bytes; a request has 2,000
_HOSTS = 100  # names of one request


def signable(text: str, allowed: Collection[str] | None = None) -> SigningRequest:
    """The request of a text in PEM form, if a web server's certificate can be made for it.

    ``allowed``: where given, the only names (DNS names or IP addresses) that it may ask for, a common name that can be
    a host's included. Raises TlsOpsError.
    """
    data = text.encode("utf-8", "replace")
    if len(data) > _LARGEST:
        raise TlsOpsError(f"csr has {len(data)} bytes; at most {_LARGEST} are read.")
    request = read_request(data)
    _check_key(request)
    if not request.signed_by_its_key:
        raise TlsOpsError(
            "the signature of the certificate request is not by the key that it is for.",
            hint="It was damaged or changed on its way: fetch it again from the server.",
        )
    _check_not_ca(request)
    named = hosts(request)
    if allowed is not None:
        _check_names({**dict.fromkeys(named), **dict.fromkeys(_common_names(request))}, allowed)
    return request


def hosts(request: SigningRequest) -> tuple[str, ...]:
    """The DNS names (lower case) and IP addresses of a request, each once.

    Raises TlsOpsError where there are none, or it asks for something that is neither.
    """
    names = _extension(request, x509.SubjectAlternativeName)
    found = tuple(dict.fromkeys(map(_host, names))) if isinstance(names, x509.SubjectAlternativeName) else ()
    if not found:
        raise TlsOpsError(
            "the certificate request has no host in a subject alternative name (SAN): browsers ignore the common name, "
            "so its certificate would be of no use.",
            hint="Make a request that has them; certificate_request does.",
        )
    if len(found) > _HOSTS:
        raise TlsOpsError(f"the certificate request has {len(found)} names; at most {_HOSTS} are signed.")
    return found


def _host(name: x509.GeneralName) -> str:
    if isinstance(name, x509.IPAddress) and isinstance(name.value, ipaddress.IPv4Address | ipaddress.IPv6Address):
        return str(name.value)
    if isinstance(name, x509.DNSName):
        with contextlib.suppress(TlsOpsError):
            if dns_name(name.value) == name.value.lower():
                return str(name.value).lower()
    raise TlsOpsError(
        f"the certificate request asks for the name {str(name.value)!r}, which is no DNS name and no IP address: that "
        "is not signed."
    )


def _extension(request: SigningRequest, kind: type[x509.ExtensionType]) -> x509.ExtensionType | None:
    try:
        return request.parsed.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
        raise TlsOpsError(f"the extensions of the certificate request cannot be read: {error}.") from error


def _check_key(request: SigningRequest) -> None:
    try:
        key = request.parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        key = None
    problem = ""
    if isinstance(key, rsa.RSAPublicKey):
        if key.key_size < RSA_BITS:
            problem = f"an RSA key of {key.key_size} bits; {RSA_BITS} are needed"
    elif isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in CURVES:
            problem = f"a key on the curve {key.curve.name}; P-256, P-384 or P-521 is needed"
    else:
        problem = "a key that is neither RSA nor ECDSA: Windows cannot serve TLS with it"
    if problem:
        raise TlsOpsError(f"the certificate request is for {problem}.")


def _check_not_ca(request: SigningRequest) -> None:
    constraints = _extension(request, x509.BasicConstraints)
    if isinstance(constraints, x509.BasicConstraints) and constraints.ca:
        raise TlsOpsError("the certificate request asks for a CA certificate: that is not signed.")


def _common_names(request: SigningRequest) -> list[str]:
    """Those that can be a host's: old clients take it for one."""
    found = []
    for each in request.subject.get_attributes_for_oid(NameOID.COMMON_NAME):
        with contextlib.suppress(TlsOpsError):
            found.append(_known(str(each.value)))
    return found


def _known(text: str) -> str:
    """Raises TlsOpsError where it is neither an IP address nor a DNS name."""
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return dns_name(text)


def _check_names(asked: Collection[str], allowed: Collection[str]) -> None:
    known = {normalized(name) for name in allowed}
    others = [name for name in asked if name not in known]
    if others:
        raise TlsOpsError(
            f"the certificate request asks for {', '.join(others)}, which is not among the names allowed.",
            hint="Nothing was signed. Where the server shall have it, add it to names.",
        )
