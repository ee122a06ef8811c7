# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate records of http.sys as the registry shows them; read only, netsh writes them."""

from __future__ import annotations

import dataclasses
import functools
import re
import uuid
from collections.abc import Mapping
from typing import Any

from .._batch.payload import RegistryValue, digest, encode_registry
from .._errors import TlsOpsError
from .._model.place import plain_address

PARAMETERS = r"HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters"
# The service keeps one list a kind; SNI and CCS came with Windows Server 2012.
KEYS = {
    "ipport": PARAMETERS + r"\SslBindingInfo",
    "hostnameport": PARAMETERS + r"\SslSniBindingInfo",
    "ccs": PARAMETERS + r"\SslCcsBindingInfo",
}
HASH = "SslCertHash"
HOSTNAME_PORT = "HostnamePort"  # an SNI record's subkey may be an opaque id: its name is in this value
IIS_APP_ID = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
_NO_APP_ID = "{00000000-0000-0000-0000-000000000000}"

_PLACE = re.compile(r"(?:(?P<host>.+):)?(?P<port>[0-9]{1,5})", re.DOTALL)

# Value name (lower case) -> field, registry kind, size of binary data.
_VALUES: dict[str, tuple[str, str, int]] = {
    "sslcerthash": ("thumbprint", "Binary", 20),
    "sslcertstorename": ("store", "String", 0),
    "appid": ("app_id", "Binary", 16),
    "defaultflags": ("flags", "DWord", 0),
    "defaultsslcertcheckmode": ("check_mode", "DWord", 0),
    "defaultsslrevocationfreshnesstime": ("revocation_freshness_time", "DWord", 0),
    "defaultsslrevocationurlretrievaltimeout": ("url_retrieval_timeout", "DWord", 0),
    "defaultsslctlidentifier": ("ctl_identifier", "String", 0),
    "defaultsslctlstorename": ("ctl_store", "String", 0),
    "hostnameport": ("", "String", 0),
}


@dataclasses.dataclass(frozen=True)
class Selector:
    """Which record: ``kind`` (``ipport``, ``hostnameport``, ``ccs``) and ``name`` as the system spells it."""

    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}={self.name}"

    @classmethod
    def parse(cls, text: str) -> Selector:
        """From ``ipport=0.0.0.0:443``, ``hostnameport=www.example.com:443`` or ``ccs=443``; raises TlsOpsError."""
        kind, separator, name = text.partition("=")
        selector = cls(kind, name)
        if not separator or kind not in KEYS:
            raise TlsOpsError(f"'{text}' names no http.sys record.")
        _other = selector.place
        return selector

    @functools.cached_property
    def place(self) -> tuple[str, int]:
        """Address or host name (lower case; empty for CCS) and port; raises TlsOpsError."""
        found = _PLACE.fullmatch(self.name)
        host, port = (found["host"] or "", int(found["port"])) if found else ("", 0)
        try:
            if not 0 < port < 65536 or (self.kind != "ccs" and not host):
                raise ValueError(self.name)
            if self.kind == "ipport":
                host = plain_address(host)
        except ValueError as error:
            raise TlsOpsError(f"'{self}' names no http.sys record.") from error
        return ("" if self.kind == "ccs" else host.lower()), port

    @property
    def identity(self) -> tuple[str, str, int]:
        """Equal for two spellings of the same record."""
        return (self.kind, *self.place)

    @property
    def registry_match(self) -> tuple[str, str]:
        """What finds the record's subkey below ``KEYS[kind]``, whatever that is named."""
        return HOSTNAME_PORT, self.name


@dataclasses.dataclass(frozen=True)
class Record:
    """A record's values; what the registry does not hold has the value that http.sys takes for it.

    ``revocation_freshness_time`` in seconds, ``url_retrieval_timeout`` in milliseconds. ``unknown`` describes values
    that are not understood: such a record must not be written again, because they would be lost.
    """

    thumbprint: str = ""
    store: str = "MY"
    app_id: str = _NO_APP_ID
    flags: int = 0
    check_mode: int = 0
    revocation_freshness_time: int = 0
    url_retrieval_timeout: int = 0
    ctl_identifier: str = ""
    ctl_store: str = ""
    unknown: tuple[str, ...] = ()

    @classmethod
    def from_registry(cls, values: Mapping[str, RegistryValue]) -> Record:
        fields: dict[str, Any] = {}
        unknown: list[str] = []
        for name, value in values.items():
            field, kind, size = _VALUES.get(name.lower(), ("", "", 0))
            content = _content(value, kind, size)
            if content is None:
                unknown.append(f"{name} ({value.kind}, {len(value.data)} bytes)")
            elif field and content not in ("", b""):
                fields[field] = content
        if "thumbprint" in fields:
            fields["thumbprint"] = fields["thumbprint"].hex().upper()
        if "app_id" in fields:
            # GUID in memory order: the first three groups little-endian.
            fields["app_id"] = f"{{{uuid.UUID(bytes_le=fields['app_id'])}}}"
        return cls(**fields, unknown=tuple(unknown))

    def settings(self) -> dict[str, object]:
        """Everything but the certificate and its store, as plain values."""
        values = dataclasses.asdict(self) | {"unknown": list(self.unknown)}
        return {name: value for name, value in values.items() if name not in ("thumbprint", "store")}

    @classmethod
    def from_settings(cls, thumbprint: str, store: str, settings: Mapping[str, object]) -> Record:
        """The inverse of ``settings``; raises TlsOpsError where these are not such."""
        fields = dict(settings)
        unknown = fields.pop("unknown", [])
        defaults = cls().settings()
        fit = all(name in defaults and type(value) is type(defaults[name]) for name, value in fields.items())
        positive = all(value >= 0 for value in fields.values() if isinstance(value, int))
        if not fit or not positive or not isinstance(unknown, list | tuple):
            raise TlsOpsError("these are not the settings of an http.sys record.")
        known: dict[str, Any] = fields
        return cls(thumbprint=thumbprint.upper(), store=store, unknown=tuple(map(str, unknown)), **known)


def _content(value: RegistryValue, kind: str, size: int) -> str | int | bytes | None:
    """The value if it is of the kind that is known for its name, else None."""
    if value.kind != kind:
        return None
    if kind == "Binary":
        return value.data if len(value.data) in (0, size) else None
    try:
        return value.number if kind == "DWord" else value.text.rstrip("\0")
    except (TlsOpsError, ValueError):
        return None


def records(kind: str, keys: Mapping[str, Mapping[str, RegistryValue]]) -> dict[Selector, Record]:
    """The records of one kind from the subtree ``KEYS[kind]``. What is named like no record is left out."""
    found: dict[Selector, Record] = {}
    trees = _trees(keys)
    for path, values in sorted(keys.items()):
        if not path or "\\" in path:
            continue
        record = Record.from_registry(values)
        below = tuple(f"subkey {path}\\{each}" for each in sorted(trees[path]) if each)
        selector = Selector(kind, _named(values) or path)
        try:
            _other = selector.place
        except TlsOpsError:
            continue
        found[selector] = dataclasses.replace(record, unknown=record.unknown + below)
    return found


def digests(kind: str, keys: Mapping[str, Mapping[str, RegistryValue]]) -> dict[tuple[str, str, int], str]:
    """For the identity of each record, the ``expect`` of a read of all that it holds."""
    found: dict[tuple[str, str, int], str] = {}
    trees = _trees(keys)
    called: dict[str, list[str]] = {}
    for path in keys:
        for name in () if "\\" in path else {path.lower(), _named(keys[path]).lower()}:
            called.setdefault(name, []).append(path)
    for own in records(kind, keys):
        paths = called[own.name.lower()]
        # Two subkeys of one name would be read as one: then only its certificate is compared.
        if len(paths) == 1:
            found[own.identity] = digest(encode_registry(trees[paths[0]]))
    return found


def _trees(keys: Mapping[str, Mapping[str, RegistryValue]]) -> dict[str, dict[str, Mapping[str, RegistryValue]]]:
    """Each subkey with all that is below it, by the paths there; its own is empty."""
    found: dict[str, dict[str, Mapping[str, RegistryValue]]] = {}
    for path, values in keys.items():
        own, _separator, rest = path.partition("\\")
        found.setdefault(own, {})[rest] = values
    return found


def _named(values: Mapping[str, RegistryValue]) -> str:
    for name, value in values.items():
        if name.lower() == HOSTNAME_PORT.lower():
            return str(_content(value, "String", 0) or "")
    return ""
