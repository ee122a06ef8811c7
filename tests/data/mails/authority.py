# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The CA of the corpus, made when it is first asked for, and the words that a CA puts around its certificates."""

from __future__ import annotations

import base64
import dataclasses
import functools
from collections.abc import Mapping, Sequence

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import serialize_certificates

from tests.unit.mint import Minted, ec_key, mint

ALL = ("leaf", "issuer", "cross")
BEFORE = """Dear customer,

your SSL/TLS server certificate for www.example.com has been issued.
Order number: 0012345678      Product: Server ID (1 year) -- renewal

"""
AFTER = """
Copy each block from BEGIN to END, these lines included, into a text file.
--
Example Trust customer support -- https://support.example/ssl?order=0012345678&lang=en
"""


@dataclasses.dataclass(frozen=True)
class Mail:
    """``expected`` are roles of the CA's certificates, and exactly these come out of ``data``."""

    data: bytes
    expected: Sequence[str] = ALL


@dataclasses.dataclass(frozen=True)
class Broken:
    """``words`` is a regular expression for the error; where a line is to blame it names that one."""

    data: bytes
    words: str


@functools.cache
def certificates() -> Mapping[str, Minted]:
    """By role: leaf, issuer, cross, root (the cross certificate's issuer), and old, the leaf of last year."""
    root = mint("Example Trust Root - G1", organization="Example Trust", ca=True)
    newer = mint("Example Trust Root - G5", organization="Example Trust", ca=True)
    issuer = mint("Example Trust Server CA", issuer=newer, organization="Example Trust", ca=True)
    return {
        "leaf": _padded("www.example.com", issuer),
        "issuer": issuer,
        "cross": mint("Example Trust Root - G5", root, newer.key, ca=True, organization="Example Trust"),
        "root": root,
        "old": _padded("www.example.com", issuer),
        "staff": mint("Example Trust staff"),
    }


def _padded(name: str, issuer: Minted) -> Minted:
    """A leaf whose base64 ends with padding: a signature's length differs from one to the next."""
    made = mint(name, issuer=issuer, key=ec_key(), names=[name])
    return made if len(made.der) % 3 else _padded(name, issuer)


def der(role: str) -> bytes:
    return certificates()[role].der


def pem(*roles: str, label: str = "CERTIFICATE", width: int = 64, end: str = "\n") -> str:
    """The blocks of these certificates, all of the usual ones where none is named."""
    return "".join(block(der(role), label, width, end) for role in roles or ALL)


def block(data: bytes, label: str, width: int = 64, end: str = "\n") -> str:
    text = base64.b64encode(data).decode()
    rows = [text[at : at + width] for at in range(0, len(text), width)]
    return end.join([f"-----BEGIN {label}-----", *rows, f"-----END {label}-----", ""])


def bundle(*roles: str) -> bytes:
    """PKCS#7 in DER."""
    return serialize_certificates([certificates()[role].certificate.parsed for role in roles or ALL], Encoding.DER)


def letter(text: str) -> str:
    """A CA's words around it."""
    return f"{BEFORE}{text}{AFTER}"
