# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificate stores: they live in the registry as real Blobs, so every way of reading them agrees.

A logical store is a collection of physical ones (win32 docs "System Store Locations"); the same certificate can lie in
several, and Windows unions the usages of all instances: one enabled copy keeps a root enabled (Chromium,
trust_store_win.cc). A certificate in Disallowed is out, whatever else is said of it.
"""

from __future__ import annotations

import dataclasses

from cryptography import x509

from . import blob
from .errors import CRYPT_E_NOT_FOUND, cryptographic
from .keys import KeyLink
from .options import Options
from .registry import Key, Registry, binary

MACHINE = r"HKLM\SOFTWARE\Microsoft\SystemCertificates"
POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates"
ENTERPRISE = r"HKLM\SOFTWARE\Microsoft\EnterpriseCertificates"
SYSTEM = r"HKU\S-1-5-18\SOFTWARE\Microsoft\SystemCertificates"

PHYSICAL = {
    "root": {
        "Root": rf"{MACHINE}\ROOT",
        "AuthRoot": rf"{MACHINE}\AuthRoot",
        "Policies": rf"{POLICIES}\Root",
        "Enterprise": rf"{ENTERPRISE}\Root",
        "System": rf"{SYSTEM}\Root",
    },
    "ca": {
        "CA": rf"{MACHINE}\CA",
        "Policies": rf"{POLICIES}\CA",
        "Enterprise": rf"{ENTERPRISE}\CA",
        "System": rf"{SYSTEM}\CA",
    },
    "disallowed": {
        "Disallowed": rf"{MACHINE}\Disallowed",
        "Policies": rf"{POLICIES}\Disallowed",
        "Enterprise": rf"{ENTERPRISE}\Disallowed",
        "System": rf"{SYSTEM}\Disallowed",
    },
}
NAMES = {"my": "MY", "root": "ROOT", "ca": "CA", "request": "REQUEST", "webhosting": "WebHosting"}


@dataclasses.dataclass(frozen=True)
class Entry:
    """One certificate in one physical store."""

    path: str  # the registry key that holds its Blob
    blob: bytes

    @property
    def der(self) -> bytes:
        return blob.certificate(self.blob)

    @property
    def thumbprint(self) -> str:
        return self.path.rpartition("\\")[2]

    @property
    def certificate(self) -> x509.Certificate:
        return blob.parsed(self.der)

    @property
    def link(self) -> KeyLink | None:
        data = blob.get(self.blob, blob.KEY_PROV_INFO)
        return KeyLink.decode(data) if data is not None else None

    @property
    def friendly_name(self) -> str:
        return blob.from_utf16(blob.get(self.blob, blob.FRIENDLY_NAME) or b"")

    @property
    def archived(self) -> bool:
        return blob.get(self.blob, blob.ARCHIVED) is not None


class Stores:
    def __init__(self, registry: Registry, options: Options) -> None:
        self._registry = registry
        self._options = options

    def exists(self, store: str) -> bool:
        return self._registry.key(path(store)) is not None

    def entries(self, place: str) -> list[Entry]:
        """What lies under one physical store's key. A value that is no Blob, or lies under a key that is not the
        upper-case SHA-1 of its certificate, is ignored as Windows ignores it."""
        key = self._registry.key(rf"{place}\Certificates")
        found = (_entry(place, sub) for sub in sorted(key.subkeys(), key=lambda each: each.name)) if key else ()
        return [entry for entry in found if entry]

    def logical(self, store: str) -> list[Entry]:
        """Every copy in every physical store of a logical one."""
        places = PHYSICAL.get(store.lower(), {"": path(store)})
        return [entry for place in places.values() for entry in self.entries(place)]

    def find(self, store: str, thumbprint: str) -> Entry | None:
        """In the store's own key; thumbprints compare without case."""
        matching = (each for each in self.entries(path(store)) if each.thumbprint == thumbprint.upper())
        return next(matching, None)

    def need(self, store: str, thumbprint: str) -> Entry:
        found = self.find(store, thumbprint)
        if found is None:
            raise cryptographic(CRYPT_E_NOT_FOUND, "Cannot find object or property.")
        return found

    def put(self, place: str, data: bytes) -> None:
        """Writes a Blob under a physical store's key."""
        thumbprint = blob.thumbprint(blob.certificate(data))
        self._registry.set(rf"{place}\Certificates\{thumbprint}", "Blob", binary(data))

    def add(self, store: str, der: bytes, properties: dict[int, bytes] | None = None) -> bool:
        """Whether it was new. One that is there keeps its properties."""
        if self.find(store, blob.thumbprint(der)):
            return False
        self.put(path(store), blob.build(der, properties))
        return True

    def copy(self, source: str, target: str, thumbprint: str) -> None:
        """With all properties, the link to the key among them; what is there already stays as it is."""
        data = self.need(source, thumbprint).blob
        if self.find(target, thumbprint) is None:
            self.put(path(target), data)

    def remove(self, store: str, thumbprint: str) -> bool:
        found = self.find(store, thumbprint)
        return bool(found and self._registry.delete(found.path))

    def disallowed(self) -> frozenset[bytes]:
        return frozenset(entry.der for entry in self.logical("Disallowed"))

    def trusted_roots(self) -> list[bytes]:
        """The certificates that count as trust anchors now."""
        copies: dict[bytes, list[bytes]] = {}
        for entry in self.logical("Root"):
            copies.setdefault(entry.der, []).append(entry.blob)
        forbidden = self.disallowed()
        return [der for der, blobs in copies.items() if der not in forbidden and self._enabled(blobs)]

    def _enabled(self, blobs: list[bytes]) -> bool:
        """Usages of all copies together: none at all (30 00 in each) is "disabled for all purposes" in MMC."""
        if self._options.disallowed_filetime_disables:
            blobs = [data for data in blobs if blob.get(data, blob.DISALLOWED_FILETIME) is None]
        allowed = [blob.usages(data) for data in blobs]
        if any(each is None for each in allowed):
            return True
        union = frozenset[str]().union(*(each or () for each in allowed))
        if self._options.root_without_server_auth == "disabled":
            return blob.SERVER_AUTH in union
        return bool(union)


def path(store: str) -> str:
    """The key of a machine store; Windows finds it without looking at case."""
    return rf"{MACHINE}\{NAMES.get(store.lower(), store)}"


def _entry(place: str, key: Key) -> Entry | None:
    value = key.value("Blob")
    try:
        if value is None or key.name != blob.thumbprint(blob.certificate(value.data)):
            return None
        blob.parsed(blob.certificate(value.data))
    except ValueError:
        return None
    return Entry(rf"{place}\Certificates\{key.name}", value.data)
