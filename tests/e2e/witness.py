# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Independent witnesses: what OpenSSL's own programs say of a served chain and of a backup."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path

_DEPTH = re.compile(r"^ *(\d+) s:(.*)$", re.MULTILINE)
_TLS_1_0 = ("-min_protocol", "TLSv1", "-cipher", "DEFAULT:@SECLEVEL=0")  # OpenSSL's own defaults refuse Server 2003
_NOT_AFTER = re.compile(r"NotAfter: (\w{3} +\d+ [\d:]+ \d{4}) GMT")


@dataclasses.dataclass(frozen=True)
class ServedChain:
    """Common names from the leaf upwards, as sent; ``not_after`` is the leaf's; ``leaf`` is its PEM.

    ``protocol`` is OpenSSL's name of the TLS version, ``TLSv1`` for 1.0; two chains are the same whatever it is.
    """

    names: tuple[str, ...]
    not_after: str
    leaf: str
    protocol: str = dataclasses.field(default="", compare=False)

    def __str__(self) -> str:
        return " <- ".join(self.names) if self.names else "(nothing)"


def served_chain(address: tuple[str, int] | None, server_name: str = "") -> ServedChain:
    """What ``openssl s_client`` is sent at a socket address; nothing where nobody listens."""
    if address is None:
        return ServedChain((), "", "")
    name = ["-servername", server_name] if server_name else ["-noservername"]
    shown = _openssl("s_client", "-connect", f"{address[0]}:{address[1]}", "-showcerts", *_TLS_1_0, *name)
    subjects = dict(_DEPTH.findall(shown))
    chain = tuple(_common_name(subjects[depth]) for depth in sorted(subjects, key=int))
    leaf = re.search(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", shown, re.DOTALL)
    expiry = _NOT_AFTER.search(shown)
    spoken = re.search(r"^(?: *Protocol *: |New, (?=TLSv1\.3))(TLSv[\d.]+)", shown, re.MULTILINE)
    return ServedChain(
        chain, expiry[1] if expiry else "", leaf[0] + "\n" if leaf else "", spoken[1] if spoken and chain else ""
    )


def _common_name(subject: str) -> str:
    found = re.search(r"CN ?= ?([^,/]+)", subject)
    return found[1].strip() if found else subject


def backup(path: Path, password_file: Path) -> list[str]:
    """The common names of all certificates in a PFX, leaf first, by ``openssl pkcs12``; empty if it cannot."""
    shown = _openssl("pkcs12", "-in", str(path), "-passin", f"file:{password_file}", "-nokeys")
    return [_common_name(line) for line in re.findall(r"^subject=(.*)$", shown, re.MULTILINE)]


def encryption(path: Path, password_file: Path) -> str:
    """How a PFX is encrypted, in OpenSSL's words."""
    shown = _openssl("pkcs12", "-in", str(path), "-passin", f"file:{password_file}", "-info", "-noout")
    mac = re.search(r"^MAC: (.*?),", shown, re.MULTILINE)
    bags = re.findall(r"(?:encrypted data|Keybag): (.*?), Iteration", shown)
    return f"MAC {mac[1] if mac else '?'}; {', '.join(dict.fromkeys(bags)) or '?'}"


def key_belongs(path: Path, password_file: Path) -> bool:
    """Whether the private key in a PFX is that of its leaf."""
    given = ("pkcs12", "-in", str(path), "-passin", f"file:{password_file}")
    key = _openssl("pkey", "-pubout", text=_openssl(*given, "-nocerts", "-nodes"))
    leaf = _openssl("x509", "-noout", "-pubkey", text=_openssl(*given, "-clcerts", "-nokeys"))
    return key == leaf != "" and "PUBLIC KEY" in key


def thumbprint(pem: str) -> str:
    """The SHA-1 fingerprint of a certificate in PEM, in upper-case hex; empty for none."""
    found = re.search(r"Fingerprint=([0-9A-F:]+)", _openssl("x509", "-noout", "-fingerprint", "-sha1", text=pem))
    return found[1].replace(":", "") if found else ""


@dataclasses.dataclass(frozen=True)
class Request:
    """``verified``: its own key signed it. ``subject`` as RFC 2253 has it; ``names`` as openssl lists them."""

    verified: bool
    subject: str
    names: tuple[str, ...]
    key: str


def request(pem: str) -> Request:
    """What ``openssl req`` says of a certificate request."""
    shown = _openssl("req", "-noout", "-verify", "-text", "-nameopt", "RFC2253,utf8,-esc_msb", text=pem)
    subject = re.search(r"^ +Subject: (.*)$", shown, re.MULTILINE)
    names = re.search(r"Subject Alternative Name: *\n +(.*)$", shown, re.MULTILINE)
    key = re.search(r"Public-Key: \((\d+) bit\)", shown)
    kind = "rsa" if "rsaEncryption" in shown else "ecdsa"
    return Request(
        verified=re.search(r"verify OK", shown) is not None,
        subject=subject[1] if subject else "",
        names=tuple(names[1].split(", ")) if names else (),
        key=f"{kind}-{key[1]}" if key else "",
    )


def _openssl(*arguments: str, text: str = "") -> str:
    done = subprocess.run(
        ["openssl", *arguments],
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=30,
        check=False,
    )
    return done.stdout
