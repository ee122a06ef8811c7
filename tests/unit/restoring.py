# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A backup, the host that it comes into, and the step between them."""

from __future__ import annotations

import dataclasses

from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import task
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate, StoreCopy, Stores
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.pfx_restore import ARGUMENTS, RULES, PfxRestore
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import make_pfx

from tests.unit.mint import NOW, Minted, mint, rsa_key

ROOT = mint("Root", ca=True)
INTERMEDIATE = mint("Intermediate", ROOT, ca=True)
LEAF = mint("www.example.com", INTERMEDIATE, names=["www.example.com"], key=rsa_key())
EC_LEAF = mint("ec.example.com", INTERMEDIATE, names=["ec.example.com"])
OTHER = mint("other.example.com", INTERMEDIATE)
PASSWORD = "pässword"
FILE = "/safe/web01.pfx"
CSP = "Microsoft Enhanced Cryptographic Provider v1.0"
DEFAULT = "D:PAI(A;;0xd01f01ff;;;CO)(A;;FA;;;SY)(A;;FA;;;BA)"
HOST = HostInfo(
    "WEB01", "10.0.17763", "", "5.1", "4.0.30319.42000", "FullLanguage", "ja-JP", "C:\\Windows", NOW, True, frozenset()
)


@dataclasses.dataclass
class Disk:
    """A controller with files."""

    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    host: str = "web01"

    def resolve(self, path: str) -> str:
        return path

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


@dataclasses.dataclass
class Web:
    """``endpoints`` raises where it is an error."""

    known: tuple[Endpoint, ...] | TlsOpsError = ()
    sites: tuple[()] = ()

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        if isinstance(self.known, TlsOpsError):
            raise self.known
        return self.known


def backup(leaf: Minted = LEAF, *chain: Minted, name: str = "www 2026") -> bytes:
    issuers = [each.certificate for each in chain or (INTERMEDIATE, ROOT)]
    return make_pfx(leaf.key, leaf.certificate, issuers, PASSWORD, "windows2003", name)


BACKUP = backup()


def step(data: bytes | None = None, **given) -> PfxRestore:
    given = {"path": FILE, "password": PASSWORD, **given}
    disk = Disk({FILE: BACKUP if data is None else data})
    return PfxRestore.from_arguments(task.validated(given, ARGUMENTS, RULES), disk)


def store_copy(minted: Minted, store: str, physical: str = "Registry", **more) -> StoreCopy:
    key = f"HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\{store}\\Certificates\\{minted.thumbprint}"
    blob = Blob.of(minted.der).encode()
    return StoreCopy(key, store, physical, more.get("blob", blob), minted.certificate)


STORED = (store_copy(ROOT, "Root"), store_copy(INTERMEDIATE, "CA"))


def snapshot(*personal: PersonalCertificate, stores=STORED, host=HOST, **given) -> Snapshot:
    values = {"stores": Stores(stores, True), "personal": personal, "one_time_password": "one time", "nonce": "ab"}
    return Snapshot(host, Journal(), **(values | given))


def entry(minted: Minted = LEAF, store: str = "MY", **given) -> PersonalCertificate:
    values = {"exportable": True, "friendly_name": "www 2026", "provider": CSP, "key_spec": 1, "access": DEFAULT}
    return PersonalCertificate(store, minted.certificate, True, **(values | given))


def operations(plan) -> list:
    """All but the looks at what is there."""
    return [each for change in plan.changes for each in change.operations if each.name != "reg.read"]


def argument(operation, name: str):
    return dict(operation.arguments).get(name)
