# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``certreq -new`` is told: an INF file (Microsoft docs, certreq; INF syntax: SetupAPI)."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable

from .._errors import TlsOpsError
from .._x509.subject import Subject, check_text

RSA_PROVIDER = "Microsoft RSA SChannel Cryptographic Provider"
ECDSA_PROVIDER = "Microsoft Software Key Storage Provider"

# wincrypt.h: the type of each CryptoAPI provider that makes RSA keys for TLS; a certificate names both.
_CSP_TYPES = {
    RSA_PROVIDER: 12,
    "Microsoft Enhanced RSA and AES Cryptographic Provider": 24,
    "Microsoft Strong Cryptographic Provider": 1,
    "Microsoft Enhanced Cryptographic Provider v1.0": 1,
}
_KSP = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._()-]{0,100} Key Storage Provider")
_KEY_TYPES = {
    "rsa-2048": ("RSA", 2048),
    "rsa-3072": ("RSA", 3072),
    "rsa-4096": ("RSA", 4096),
    "ecdsa-p256": ("ECDSA_P256", 256),
    "ecdsa-p384": ("ECDSA_P384", 384),
}
KEYS = tuple(_KEY_TYPES)
_LONGEST_NAME = 256  # characters of a friendly name
_LONGEST_LINE = 2000  # characters; SetupAPI reads no string above 4096


@dataclasses.dataclass(frozen=True)
class NewRequest:
    """A request to be made. ``key`` is one of ``KEYS``; ``provider`` empty: the usual one for the key."""

    subject: Subject
    dns_names: tuple[str, ...]
    ip_addresses: tuple[str, ...]
    key: str
    exportable: bool
    friendly_name: str = ""
    provider: str = ""

    @property
    def key_provider(self) -> str:
        return self.provider or (RSA_PROVIDER if self.key.startswith("rsa-") else ECDSA_PROVIDER)


def check_provider(provider: str, key: str) -> None:
    """Raises TlsOpsError where the provider is not known as one, or cannot make such a key."""
    if _KSP.fullmatch(provider):
        return
    if provider not in _CSP_TYPES:
        raise TlsOpsError(
            f"the provider {provider!r} is not known here.",
            hint=f"Give a '... Key Storage Provider', or one of: {', '.join(_CSP_TYPES)}.",
        )
    if not key.startswith("rsa-"):
        raise TlsOpsError(
            f"the provider '{provider}' makes RSA keys only, not {key}.", hint=f"ECDSA needs '{ECDSA_PROVIDER}'."
        )


def check_friendly_name(text: str) -> None:
    """Raises TlsOpsError where the file cannot hold it."""
    check_text("the friendly name", text)
    if len(text) > _LONGEST_NAME:
        raise TlsOpsError(f"the friendly name has {len(text)} characters; {_LONGEST_NAME} are allowed.")


def inf(request: NewRequest) -> bytes:
    """The file in the form that Windows Server 2008 and newer take.

    Raises TlsOpsError where a value cannot be in it; nothing of a value is ever a line, a key or a string of its own.
    """
    return file(
        (
            *head(request),
            *_key_lines(request),
            f"Exportable = {str(request.exportable).upper()}",
            "MachineKeySet = TRUE",
            "HashAlgorithm = sha256",
            "RequestType = PKCS10",
            "SMIME = FALSE",
            "Silent = TRUE",
            *([f"FriendlyName = {string(request.friendly_name)}"] if request.friendly_name else []),
            "",
            "[Extensions]",
            '2.5.29.17 = "{text}"',
            *(f'_continue_ = "DNS={name}&"' for name in request.dns_names),
            *(f'_continue_ = "IPAddress={address}&"' for address in request.ip_addresses),
            '2.5.29.37 = "{text}1.3.6.1.5.5.7.3.1"',
        )
    )


def head(request: NewRequest) -> tuple[str, ...]:
    """The lines from the beginning to the subject. Raises TlsOpsError where a value of the request cannot be in it."""
    check_friendly_name(request.friendly_name)
    check_provider(request.key_provider, request.key)
    subject = request.subject.checked().text
    if len(subject) > _LONGEST_LINE:
        raise TlsOpsError(f"the subject has {len(subject)} characters; {_LONGEST_LINE} are allowed.")
    return "[Version]", 'Signature = "$Windows NT$"', "", "[NewRequest]", f"Subject = {string(subject)}"


def file(lines: Iterable[str]) -> bytes:
    """ASCII where that is enough, else UTF-16LE with its mark: anything else certreq reads as ANSI."""
    text = "".join(f"{line}\r\n" for line in lines)
    return text.encode("ascii") if text.isascii() else b"\xff\xfe" + text.encode("utf-16-le")


def key_length(request: NewRequest) -> str:
    return f"KeyLength = {_KEY_TYPES[request.key][1]}"


def csp_lines(request: NewRequest) -> tuple[str, ...]:
    """A CSP key without KeySpec 1 is for signatures only, and no listener can use it (error 1312)."""
    provider = request.key_provider
    return f"ProviderName = {string(provider)}", f"ProviderType = {_CSP_TYPES[provider]}", "KeySpec = 1"


def is_csp(provider: str) -> bool:
    """Whether it is a provider of CryptoAPI; else it is one of CNG, which came with Server 2008."""
    return provider in _CSP_TYPES


def _key_lines(request: NewRequest) -> tuple[str, ...]:
    algorithm, _size = _KEY_TYPES[request.key]
    provider = request.key_provider
    cng = f"ProviderName = {string(provider)}", f"KeyAlgorithm = {algorithm}", "KeySpec = 0"
    return (
        *(csp_lines(request) if is_csp(provider) else cng),
        key_length(request),
        f"KeyUsage = {'0xa0' if algorithm == 'RSA' else '0x80'}",
    )


def string(text: str) -> str:
    """A quoted string of an INF: a quotation mark in it is doubled."""
    doubled = text.replace('"', '""')
    return f'"{doubled}"'
