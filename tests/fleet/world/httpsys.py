# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""http.sys: its TLS records in the registry, and which of them answers a connection.

The registry is the only state. The service does not watch it, and editing it is advised against: so nothing but the
service's own API (here: netsh and the set-up) may write below ``HTTP\\Parameters``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import uuid

from .options import Options
from .registry import Key, Registry, Value, binary, dword, string

PARAMETERS = r"HKLM\SYSTEM\CurrentControlSet\Services\HTTP\Parameters"
TREES = {"ipport": "SslBindingInfo", "hostnameport": "SslSniBindingInfo", "ccs": "SslCcsBindingInfo"}
IIS_APP_ID = "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
ANY = {"0.0.0.0", "[::]"}


@dataclasses.dataclass(frozen=True)
class Record:
    """One TLS record. ``name`` is ``ip:port``, ``host:port`` or a port; ``store`` None: the value is absent."""

    kind: str
    name: str
    app_id: str
    certificate: bytes = b""  # SHA-1; empty in a CCS record
    store: str | None = None
    flags: int = 0
    check_mode: int = 0
    freshness_time: int = 0
    retrieval_timeout: int = 0
    ctl_identifier: str = ""
    ctl_store: str = ""
    more: tuple[tuple[str, Value], ...] = ()  # values that no tool of this double knows

    @property
    def selector(self) -> str:
        return f"{self.kind}={self.name.lower()}"

    @property
    def port(self) -> int:
        return int(self.name.rpartition(":")[2])

    @property
    def address(self) -> str:
        return self.name.rpartition(":")[0]

    def values(self) -> dict[str, Value]:
        """CTL values follow the pattern of the others but were not observed: written where there is one."""
        found = {
            "AppId": binary(uuid.UUID(self.app_id).bytes_le),
            "SslCertHash": binary(self.certificate),
            "DefaultFlags": dword(self.flags),
            "DefaultSslCertCheckMode": dword(self.check_mode),
            "DefaultSslRevocationFreshnessTime": dword(self.freshness_time),
            "DefaultSslRevocationUrlRetrievalTimeout": dword(self.retrieval_timeout),
        }
        texts = {
            "SslCertStoreName": self.store,
            "DefaultSslCtlIdentifier": self.ctl_identifier or None,
            "DefaultSslCtlStoreName": self.ctl_store or None,
        }
        return found | {name: string(text) for name, text in texts.items() if text is not None} | dict(self.more)


class HttpSys:
    def __init__(self, registry: Registry, options: Options) -> None:
        self._registry = registry
        self._options = options
        for tree in TREES.values():
            registry.create(rf"{PARAMETERS}\{tree}")

    def records(self) -> list[Record]:
        found = []
        for kind, tree in TREES.items():
            key = self._registry.key(rf"{PARAMETERS}\{tree}")
            found += [_record(kind, each) for each in (key.subkeys() if key else [])]
        return found

    def find(self, kind: str, name: str) -> Record | None:
        key = self._registry.key(self._path(kind, name)) if kind in TREES else None
        return _record(kind, key) if key else None

    def addresses(self) -> set[tuple[str, int]]:
        """Address (``0.0.0.0``, ``[::]``) and port of each record that is for an address."""
        tree = self._registry.key(rf"{PARAMETERS}\{TREES['ipport']}")
        parts = [key.name.rpartition(":") for key in tree.subkeys()] if tree else []
        return {(address, int(port)) for address, _other, port in parts}

    def write(self, record: Record) -> None:
        """Makes the record anew: values that the caller did not give are gone."""
        path = self._path(record.kind, record.name)
        key = self._registry.key(path)
        values = record.values()
        if record.kind == "hostnameport" and self._options.sni_key_style == "opaque":
            values["HostnamePort"] = string(record.name)
        for name in [name for name, _other in key.pairs()] if key else []:
            if name not in values:
                self._registry.delete_value(path, name)
        for name, value in values.items():
            self._registry.set(path, name, value)

    def delete(self, kind: str, name: str) -> bool:
        return self._registry.delete(self._path(kind, name))

    def answering(self, address: str, port: int, server_name: str | None) -> Record | None:
        """The record whose certificate a handshake gets.

        Exact IP:port, then SNI host:port, then CCS by port, then the any-address record as the fallback; sources
        differ on whether an address record hides SNI: ``ip_record_hides_sni``.
        """
        text = f"[{address}]" if ":" in address else address
        exact = self.find("ipport", f"{text}:{port}") if text not in ANY else None
        any_address = self.find("ipport", f"{'[::]' if ':' in address else '0.0.0.0'}:{port}")
        by_name = self._by_name(server_name, port) or self.find("ccs", str(port))
        order = {
            "exact": (exact, by_name, any_address),
            "any": (exact, any_address, by_name),
            "never": (by_name, exact, any_address),
        }[self._options.ip_record_hides_sni]
        return next((record for record in order if record), None)

    def _by_name(self, server_name: str | None, port: int) -> Record | None:
        """SNI rows may hold a wildcard: ``*.example.com`` on IIS 10, ``*`` for every name."""
        if not server_name:
            return None
        names = server_name, "*." + server_name.partition(".")[2], "*"
        return next((found for name in names if (found := self.find("hostnameport", f"{name}:{port}"))), None)

    def _path(self, kind: str, name: str) -> str:
        """SNI subkeys are reported as opaque ids with the name in a value; other tools assume host:port."""
        shown = name
        if kind == "hostnameport" and self._options.sni_key_style == "opaque":
            shown = hashlib.md5(name.lower().encode(), usedforsecurity=False).hexdigest()
        return rf"{PARAMETERS}\{TREES[kind]}\{shown}"


def _record(kind: str, key: Key) -> Record:
    values = dict(key.pairs())
    named = values.pop("HostnamePort", None)

    def number(name: str) -> int:
        return values.pop(name).number if name in values else 0

    def text(name: str) -> str | None:
        return values.pop(name).text if name in values else None

    app_id = values.pop("AppId", None)
    certificate = values.pop("SslCertHash", None)
    return Record(
        kind=kind,
        name=named.text if named else key.name,
        app_id="{" + str(uuid.UUID(bytes_le=app_id.data)) + "}" if app_id else "{" + str(uuid.UUID(int=0)) + "}",
        certificate=certificate.data if certificate else b"",
        store=text("SslCertStoreName"),
        flags=number("DefaultFlags"),
        check_mode=number("DefaultSslCertCheckMode"),
        freshness_time=number("DefaultSslRevocationFreshnessTime"),
        retrieval_timeout=number("DefaultSslRevocationUrlRetrievalTimeout"),
        ctl_identifier=text("DefaultSslCtlIdentifier") or "",
        ctl_store=text("DefaultSslCtlStoreName") or "",
        more=tuple(sorted(values.items())),
    )


def listen_list(registry: Registry) -> list[str]:
    """IP addresses that http.sys listens on; empty: all."""
    value = registry.get(PARAMETERS, "ListenOnlyList")
    return [text for text in value.text.split("\0") if text] if value else []


def allowed(registry: Registry, found: set[tuple[str, int]]) -> set[tuple[str, int]]:
    """With a listen list an any-address listener is one on each listed address."""
    listed = {socket_name(address) for address in listen_list(registry)}
    if not listed:
        return found
    kept = {(address, port) for address, port in found if address in listed}
    for address, port in found:
        if address in ("0.0.0.0", "::") and address not in listed:
            same = {each for each in listed if (":" in each) == (":" in address)}
            kept |= {(each, port) for each in same}
    return kept


def socket_name(address: str) -> str:
    """An address as sockets write it: ``::`` for ``[::]``; ``*`` is every IPv4 address."""
    bare = "0.0.0.0" if address in ("", "*") else address.strip("[]")
    return str(ipaddress.ip_address(bare))
