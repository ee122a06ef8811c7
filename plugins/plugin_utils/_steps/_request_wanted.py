# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a certificate request is to hold: said by the user, or taken from the certificate in use."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from .._errors import TlsOpsError
from .._windows.request_inf import KEYS, NewRequest, check_friendly_name, check_provider
from .._x509.certificate import Certificate
from .._x509.names import dns_name, ip_address
from .._x509.request import SigningRequest, key_name
from .._x509.subject import Subject

REQUEST_ARGUMENTS: dict[str, Any] = {
    "subject": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "ip_addresses": {"type": "list", "elements": "str"},
    "key_type": {"type": "str", "choices": ["rsa", "ecdsa-p256", "ecdsa-p384"]},
    "key_size": {"type": "int", "choices": [2048, 3072, 4096]},
    "friendly_name": {"type": "str"},
    "exportable": {"type": "bool", "default": True},
    "provider": {"type": "str"},
}
_DEFAULT_SIZE = 2048
_MOST_NAMES = 100  # what most CAs take


@dataclasses.dataclass(frozen=True)
class Wish:
    """What the user said. What is None was not said: it comes from the certificate in use, or has a default."""

    subject: Subject | None
    names: tuple[str, ...] | None
    ip_addresses: tuple[str, ...] | None
    key_type: str
    key_size: int | None
    friendly_name: str
    exportable: bool
    provider: str

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any]) -> Wish:
        """Raises TlsOpsError where a value makes no sense; without a host being asked."""
        wish = cls(
            subject=Subject.parse(arguments["subject"]) if arguments["subject"] else None,
            names=_each(dns_name, arguments["names"]),
            ip_addresses=_each(ip_address, arguments["ip_addresses"]),
            key_type=arguments["key_type"] or "",
            key_size=arguments["key_size"],
            friendly_name=arguments["friendly_name"] or "",
            exportable=arguments["exportable"],
            provider=arguments["provider"] or "",
        )
        check_friendly_name(wish.friendly_name)
        if wish.key_size and wish.key_type.startswith("ecdsa"):
            raise TlsOpsError(f"key_size is for RSA keys; {wish.key_type} says the size itself.")
        if wish.provider:
            check_provider(wish.provider, wish.key_type or "rsa")
        return wish

    def wanted(self, in_use: Certificate | None) -> Wanted:
        """Raises TlsOpsError where nothing says a name, or the certificate in use has what cannot be asked for."""
        addresses = self._addresses(in_use)
        names = self._names(in_use, addresses)
        if not names and not addresses:
            raise TlsOpsError("a request needs a name.", hint="Give names or ip_addresses; no browser looks at CN.")
        if len(names) + len(addresses) > _MOST_NAMES:
            raise TlsOpsError(f"{len(names) + len(addresses)} names are too many; {_MOST_NAMES} are allowed.")
        key = self._key(in_use)
        if self.provider:
            check_provider(self.provider, key)
        subject = self.subject or _taken_subject(in_use) or Subject.naming((*names, *addresses))
        asked = NewRequest(subject, names, addresses, key, self.exportable, self.friendly_name, self.provider)
        return Wanted(asked, any_subject=self.subject is None)

    def _names(self, in_use: Certificate | None, addresses: tuple[str, ...]) -> tuple[str, ...]:
        if self.names is not None:
            return self.names
        if in_use is not None:
            return _taken("names", in_use.dns_names)
        common_name = self.subject.common_name if self.subject else ""
        return (dns_name(common_name),) if common_name and not addresses else ()

    def _addresses(self, in_use: Certificate | None) -> tuple[str, ...]:
        if self.ip_addresses is not None or in_use is None:
            return self.ip_addresses or ()
        return in_use.ip_addresses

    def _key(self, in_use: Certificate | None) -> str:
        used = key_name(in_use.public_key) if in_use is not None else ""
        if self.key_type.startswith("ecdsa"):
            return self.key_type
        if self.key_size or self.key_type == "rsa" or not in_use:
            return f"rsa-{self.key_size or _size_like(used)}"
        if used.startswith("rsa-"):
            return f"rsa-{_size_like(used)}"
        if used not in KEYS:
            raise TlsOpsError(
                f"the certificate in use has a key ({used or 'unknown'}) that cannot be asked for.",
                hint="Give key_type.",
            )
        return used


@dataclasses.dataclass(frozen=True)
class Wanted:
    """The request as it is to be. ``any_subject``: the user named none, so another one fits too."""

    request: NewRequest
    any_subject: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (*self.request.dns_names, *self.request.ip_addresses)

    def has_names(self, dns_names: tuple[str, ...], ip_addresses: tuple[str, ...]) -> bool:
        """Whether these are exactly the wanted ones, in whatever order."""
        own = set(self.request.dns_names), set(self.request.ip_addresses)
        return own == (set(dns_names), set(ip_addresses))

    def fits_certificate(self, certificate: Certificate) -> bool:
        """Whether an issued certificate has the names and the key. Its subject is the CA's to choose."""
        named = self.has_names(certificate.dns_names, certificate.ip_addresses)
        return named and key_name(certificate.public_key) == self.request.key

    def answered_by(self, certificate: Certificate) -> bool:
        """Whether a CA may have issued it for such a request: many add the name without ``www.`` or ``*.``, or with."""
        wanted = set(self.request.dns_names)
        related = {f"www.{name}" for name in wanted} | {name.partition(".")[2] for name in wanted if _is_leading(name)}
        names = set(certificate.dns_names)
        named = wanted <= names <= wanted | related and set(certificate.ip_addresses) == set(self.request.ip_addresses)
        return named and key_name(certificate.public_key) == self.request.key

    def fits_request(self, request: SigningRequest) -> bool:
        named = self.has_names(request.dns_names, request.ip_addresses)
        subject = self.any_subject or self.request.subject.is_named(request.subject)
        return named and subject and request.key == self.request.key

    def differences(self, request: SigningRequest) -> list[str]:
        """Where a request that was just made is not the one that was asked for, in words; none is good."""
        found = []
        if not self.request.subject.is_named(request.subject):
            found.append(f"its subject is {request.subject.rfc4514_string()}, not {self.request.subject.text}")
        if not self.has_names(request.dns_names, request.ip_addresses):
            found.append(f"its names are {', '.join((*request.dns_names, *request.ip_addresses)) or 'none'}")
        if request.key != self.request.key:
            found.append(f"its key is {request.key or 'unknown'}, not {self.request.key}")
        if not request.signed_by_its_key:
            found.append("its signature is not by its key")
        return found


def _is_leading(name: str) -> bool:
    return name.startswith(("www.", "*."))


def _each(read: Any, values: Any) -> tuple[str, ...] | None:
    return None if values is None else tuple(dict.fromkeys(read(str(each)) for each in values if each))


def _taken(what: str, values: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(dns_name(each) for each in values))
    except TlsOpsError as error:
        raise TlsOpsError(
            f"the {what} of the certificate in use cannot be asked for again: {error.message}", hint=f"Give {what}."
        ) from error


def _taken_subject(in_use: Certificate | None) -> Subject | None:
    """The subject of the certificate in use; None where it has none, as some CAs issue them now."""
    if in_use is None or not list(in_use.parsed.subject):
        return None
    try:
        return Subject.of(in_use.parsed.subject)
    except TlsOpsError as error:
        raise TlsOpsError(
            f"the subject of the certificate in use cannot be asked for again: {error.message}", hint="Give subject."
        ) from error


def _size_like(used: str) -> int:
    """An RSA size that can be asked for: that of the key in use, or the next one up."""
    bits = int(used.removeprefix("rsa-")) if used.startswith("rsa-") else _DEFAULT_SIZE
    return next((size for size in (2048, 3072, 4096) if size >= bits), 4096)
