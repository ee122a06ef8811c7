# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A distinguished name as people write it, as a certificate holds it, and as Windows reads it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence

from .._cryptography import x509
from .._errors import TlsOpsError

# CertStrToName's keys (win32 docs, CertNameToStr, CERT_X500_NAME_STR); the first one is written, all are read.
_KEYS = {
    "2.5.4.3": ("CN",),
    "2.5.4.4": ("SN",),
    "2.5.4.5": ("SERIALNUMBER",),
    "2.5.4.6": ("C",),
    "2.5.4.7": ("L",),
    "2.5.4.8": ("S", "ST"),
    "2.5.4.9": ("STREET",),
    "2.5.4.10": ("O",),
    "2.5.4.11": ("OU",),
    "2.5.4.12": ("T", "TITLE"),
    "2.5.4.42": ("G", "GN", "GIVENNAME"),
    "2.5.4.43": ("I", "INITIALS"),
    "1.2.840.113549.1.9.1": ("E", "EMAIL", "EMAILADDRESS"),
    "0.9.2342.19200300.100.1.25": ("DC",),
}
_OIDS = {key: oid for oid, keys in _KEYS.items() for key in keys}
_COMMON_NAME, _COUNTRY = "2.5.4.3", "2.5.4.6"
_LONGEST = {_COMMON_NAME: 64, "2.5.4.10": 64, "2.5.4.11": 64}  # X.520, upper bounds
_LONGEST_OTHER = 128
# What Windows refuses else with CRYPT_E_INVALID_PRINTABLE_STRING and CRYPT_E_INVALID_IA5_STRING.
_HELD = {"2.5.4.5": "[A-Za-z0-9 '()+,./:=?-]", "1.2.840.113549.1.9.1": "[ -~]", "0.9.2342.19200300.100.1.25": "[ -~]"}
_MOST = 20  # attributes

_PART = re.compile(
    r"""[ \t]*(?P<key>[A-Za-z]+|(?:[Oo][Ii][Dd]\.)?[0-2](?:\.(?:0|[1-9][0-9]{0,17})){1,18})[ \t]*=[ \t]*
    (?:"(?P<quoted>(?:[^"]|"")*)"|(?P<plain>(?:\\.|[^,;+="\\])*))[ \t]*(?P<end>,|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_PIECES = re.compile(r"\\([0-9A-Fa-f]{2})|\\(.)|([^\\]+)", re.DOTALL)
_NEEDS_QUOTES = re.compile(r"[,+=<>#;']|^\s|\s$")
_WIDE_SPACE = "\u3000"  # stands in Japanese company names
_HINT = 'Write it like CN=www.example.com,O="Example, Inc.",C=JP; or leave it out: then it is CN= with the first name.'


@dataclasses.dataclass(frozen=True)
class Subject:
    """``parts``: (OID in dotted form, value), the most specific first, as RFC 4514 writes a name."""

    parts: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> Subject:
        """From RFC 4514 text, or with values in quotes as RFC 1779 and certreq have them.

        Raises TlsOpsError, also for characters that a file for certreq cannot hold safely.
        """
        parts, at = [], 0
        while True:
            found = _PART.match(text, at)
            if found is None:
                raise TlsOpsError(f"the subject cannot be read from {text[at : at + 40]!r} on.", hint=_HINT)
            parts.append((_oid(found["key"]), _value(found)))
            at = found.end()
            if not found["end"]:
                return cls(tuple(parts)).checked()

    @classmethod
    def of(cls, name: x509.Name) -> Subject:
        """From a certificate's name, which stands the other way round. Raises TlsOpsError as ``parse`` does."""
        if any(len(list(rdn)) > 1 for rdn in name.rdns):
            raise TlsOpsError("a subject with several attributes in one part ('+') cannot be asked for.", hint=_HINT)
        return cls(tuple(reversed(_attributes(name)))).checked()

    @classmethod
    def naming(cls, names: Sequence[str]) -> Subject:
        """CN= with the first of the names that it can hold. Raises TlsOpsError where there is none."""
        fitting = next((name for name in names if len(name) <= _LONGEST[_COMMON_NAME]), None)
        if fitting is None:
            raise TlsOpsError(
                f"no name is short enough for a subject: CN holds {_LONGEST[_COMMON_NAME]} characters.",
                hint="Give subject, without CN (as in O=Example) where the CA takes that.",
            )
        return cls(((_COMMON_NAME, fitting),)).checked()

    def checked(self) -> Subject:
        """Itself. Raises TlsOpsError where Windows, X.520 or a file for certreq cannot hold it."""
        if len(self.parts) > _MOST:
            raise TlsOpsError(f"the subject has {len(self.parts)} attributes; {_MOST} are enough for any.")
        for oid, value in self.parts:
            check_text(f"the subject's {_key(oid)}", value)
            longest = _LONGEST.get(oid, _LONGEST_OTHER)
            if not value or len(value) > longest:
                raise TlsOpsError(f"the subject's {_key(oid)} has {len(value)} characters; 1 to {longest} are allowed.")
            if value.startswith("#"):
                raise TlsOpsError(f"the subject's {_key(oid)} begins with '#', which stands for hexadecimal DER.")
            if oid == _COUNTRY and not re.fullmatch("[A-Za-z]{2}", value):
                raise TlsOpsError(f"the subject's C is {value!r}; it is a country code of two letters.")
            bad = re.sub(_HELD.get(oid, "(?s:.)"), "", value)
            if bad:
                raise TlsOpsError(f"the subject's {_key(oid)} cannot hold {bad[0]!r} (X.520, RFC 5280).")
        return self

    def is_named(self, name: x509.Name) -> bool:
        """Whether a request or certificate has this subject, whichever way round its parts stand."""
        attributes = _attributes(name)
        return self.parts in (attributes, attributes[::-1])

    @property
    def common_name(self) -> str:
        return next((value for oid, value in self.parts if oid == _COMMON_NAME), "")

    @property
    def text(self) -> str:
        """As CertStrToName reads it (win32 docs): values with a separator in quotes."""
        return ",".join(f"{_key(oid)}={_quoted(value)}" for oid, value in self.parts)


def check_text(what: str, value: str) -> None:
    """Raises TlsOpsError for characters that an INF or the X.500 text in it gives a meaning, or that nobody sees.

    Doubling a quotation mark or a per cent sign is documented for each alone, not for one in the other.
    """
    bad = next((each for each in value if each in '"%\\' or not (each.isprintable() or each == _WIDE_SPACE)), None)
    if bad is not None:
        raise TlsOpsError(
            f"{what} holds the character {bad!r}, which a request for certreq cannot hold.",
            hint="Leave out quotation marks, backslashes, per cent signs and control characters.",
        )


def _attributes(name: x509.Name) -> tuple[tuple[str, str], ...]:
    return tuple((each.oid.dotted_string, _as_text(each.value)) for each in name)


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("latin-1")


def _oid(key: str) -> str:
    plain = key.upper().removeprefix("OID.")
    if plain[0].isdigit():
        return _real_oid(plain)
    if plain not in _OIDS:
        raise TlsOpsError(f"the subject's attribute {key!r} is not known.", hint="Give its OID, as in 2.5.4.15=...")
    return _OIDS[plain]


def _real_oid(text: str) -> str:
    try:
        return x509.ObjectIdentifier(text).dotted_string
    except ValueError:
        raise TlsOpsError(f"the subject's attribute {text!r} is no OID.", hint="As in 2.5.4.15=...") from None


def _value(found: re.Match[str]) -> str:
    if found["quoted"] is not None:
        return found["quoted"].replace('""', '"')
    return _unescaped(found["plain"])


def _unescaped(plain: str) -> str:
    """RFC 4514: a backslash before a character, or before two hexadecimal digits of a byte of UTF-8."""
    try:
        return b"".join(map(_piece, _PIECES.finditer(_trimmed(plain)))).decode("utf-8")
    except UnicodeError:
        raise TlsOpsError(
            "a value of the subject is no UTF-8 where its backslashes are taken out.", hint=_HINT
        ) from None


def _piece(found: re.Match[str]) -> bytes:
    return bytes.fromhex(found[1]) if found[1] else (found[2] or found[3]).encode("utf-8")


def _trimmed(plain: str) -> str:
    """Without spaces at the end, unless the last one is escaped."""
    bare = plain.rstrip(" \t")
    return bare + plain[len(bare) : len(bare) + 1] if bare.endswith("\\") and not bare.endswith("\\\\") else bare


def _key(oid: str) -> str:
    return _KEYS[oid][0] if oid in _KEYS else f"OID.{oid}"


def _quoted(value: str) -> str:
    return f'"{value}"' if _NEEDS_QUOTES.search(value) else value
