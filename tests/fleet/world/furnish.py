# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One host from its description in a scenario."""

from __future__ import annotations

import dataclasses
import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding

from ..authority import Authority, KeyPool, pending_dummy, wizard_dummy
from ..mail import compose, pem
from . import blob, named
from .errors import WindowsError
from .host import Host
from .keys import AT_KEYEXCHANGE, CAPI, CNG, DEFAULT_ACCESS, Container
from .options import Options
from .registry import dword
from .services import RUNNING
from .services import STOPPED as SERVICE_STOPPED
from .stores import PHYSICAL, POLICIES

DATA = Path(__file__).parents[2] / "data" / "windows"
KEYS = {"product", "language", "clock_offset_days", "addresses", "options", "stores", "certificates", "requests"}
KEYS |= {"sites", "records", "services", "registry", "config_extra", "programme"}
KEYS |= {"consumers", "metabase", "certificate_rebind"}


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the CA gave out for a request."""

    mail: str
    leaf: bytes
    chain: tuple[bytes, ...]  # intermediate and cross certificate

    @property
    def leaf_pem(self) -> str:
        return pem(x509.load_der_x509_certificate(self.leaf))


class Furnisher:
    """``host`` is ready after construction; ``answers`` and ``certificates`` by their names in the scenario."""

    def __init__(
        self, name: str, what: dict[str, Any], authorities: dict[str, Authority], now: datetime, pool: KeyPool
    ) -> None:
        unknown = set(what) - KEYS
        if unknown:
            raise ValueError(f"{name}: unknown keys {sorted(unknown)}")
        self._authorities = authorities
        self._now = now
        self._pool = pool
        self.answers: dict[str, Answer] = {}
        self.certificates: dict[str, bytes] = {}
        self._placed: dict[str, tuple[str, str]] = {}  # certificate -> store and thumbprint
        self._keys: dict[str, Container] = {}
        self.host = Host(
            name,
            product=str(what.get("product", "2022")),
            language=what.get("language", "en-US"),
            options=Options(**what.get("options", {})),
            clock_offset=timedelta(days=what.get("clock_offset_days", 0)),
            addresses=tuple(what.get("addresses", ())),
        )
        with self.host.journal.silence():
            self._furnish(what)

    def _furnish(self, what: dict[str, Any]) -> None:
        for entry in what.get("stores", []):
            self._store(entry)
        self._programme(what.get("programme", []))
        for name, entry in what.get("certificates", {}).items():
            self._certificate(name, entry)
        for name, entry in what.get("requests", {}).items():
            self._request(name, entry)
        for number, entry in enumerate(what.get("sites", []), 1):
            self.host.web.add_site(number, entry, self._placed)
        for entry in what.get("records", []):
            self.host.iis7.add_record(entry, self._placed)
        for name, state in what.get("services", {}).items():
            self._service(name, state)
        for key, values in what.get("registry", {}).items():
            for value, number in values.items():
                self.host.registry.set(key, value, dword(number))
        if "config_extra" in what:
            self._config(what["config_extra"])
        self._named(what)

    # Stores

    def _store(self, entry: dict[str, Any]) -> None:
        for place in entry["in"]:
            self.host.stores.put(physical(place), self._blob(entry, place))

    def _blob(self, entry: dict[str, Any], place: str) -> bytes:
        """A Blob of the data folder as it is, else one made: AuthRoot copies carry the programme's usages."""
        if "blob" in entry:
            return bytes.fromhex((DATA / "blobs" / entry["blob"]).read_text().strip())
        usages = entry.get("usages", "programme" if place == "AuthRoot" else "all")
        properties = {blob.FRIENDLY_NAME: blob.utf16(entry["friendly_name"])} if "friendly_name" in entry else {}
        if usages != "all":
            named: dict[str, tuple[str, ...]] = {"programme": blob.PROGRAMME_USAGES, "none": ()}
            oids = named[usages] if isinstance(usages, str) else tuple(usages)
            properties[blob.ENHKEY_USAGE] = blob.encode_usages(oids)
        return blob.build(self._der(entry), properties)

    def _der(self, entry: dict[str, Any]) -> bytes:
        if "pem" in entry:
            return _encoded(x509.load_pem_x509_certificate((DATA / "certs" / entry["pem"]).read_bytes()))
        authority, _other, role = entry["certificate"].partition(".")
        return _encoded(self._authorities[authority].certificates[role].certificate)

    def _programme(self, entries: list[dict[str, Any]]) -> None:
        """What Microsoft's and the directory's lists bring back; ``programme``: roots not fetched yet."""
        options = self.host.options
        if not options.automatic_update:
            self.host.registry.set(rf"{POLICIES}\AuthRoot", "DisableRootAutoUpdate", dword(1))
        self.host.updates.remember([self._thumbprint(each) for each in options.automatic_update_restores])
        self.host.updates.remember([self._thumbprint(each) for each in options.directory_restores], directory=True)
        for entry in entries:
            self.host.updates.publish(self._blob(entry, "AuthRoot"))

    def _thumbprint(self, name: str) -> str:
        """A thumbprint, or ``authority.role``."""
        return blob.thumbprint(self._der({"certificate": name})) if "." in name else name.upper()

    # Certificates, keys and requests

    def _certificate(self, name: str, entry: dict[str, Any]) -> None:
        """``pem``: a real one, whose own key nobody has; the key beside it serves no handshake."""
        container = self._container(entry)
        if "pem" in entry:
            certificate = self._der(entry)
        else:
            days = tuple(entry.get("days", (-300, 60)))
            authority = self._authorities[entry["authority"]]
            certificate = _encoded(authority.issue(container.key.public_key(), entry["names"], (days[0], days[1])))
        properties = {blob.KEY_PROV_INFO: container.link.encode()} if entry.get("has_key", True) else {}
        if "friendly_name" in entry:
            properties[blob.FRIENDLY_NAME] = blob.utf16(entry["friendly_name"])
        if entry.get("archived"):
            properties[blob.ARCHIVED] = b""
        self._placed[name] = entry.get("store", "MY"), blob.thumbprint(certificate)
        self.host.stores.add(self._placed[name][0], certificate, properties)
        self.certificates[name], self._keys[name] = certificate, container

    def _container(self, entry: dict[str, Any]) -> Container:
        """Before Vista there are keys of CSPs only, so a certificate of another kind has no key there."""
        key = self._pool.make(entry.get("key", "ecdsa-p256" if self.host.product.cng else "rsa-2048"))
        default = "capi" if isinstance(key, rsa.RSAPrivateKey) else "cng"
        if entry.get("provider", default) == "cng" and not self.host.product.cng and entry.get("has_key", True):
            raise ValueError("this product has no CNG keys: key rsa-2048 and provider capi, or has_key: false")
        container = Container(
            name=f"{{{str(uuid.uuid4()).upper()}}}",
            key=key,
            provider={"capi": CAPI, "cng": CNG}[entry.get("provider", default)],
            exportable=entry.get("exportable", True),
            usable=entry.get("usable", True),
            key_spec=entry.get("key_spec", AT_KEYEXCHANGE),
            access=entry.get("access", DEFAULT_ACCESS),
        )
        self.host.keys.add(container)
        return container

    def _request(self, name: str, entry: dict[str, Any]) -> None:
        """A pending request and the CA's answer to it; ``key_of``: an answer for a certificate that MY has already."""
        if "key_of" in entry:
            container = self._keys[entry["key_of"]]
        else:
            container = self._container(entry)
            make = {"certreq": pending_dummy, "wizard": wizard_dummy}[entry.get("made_by", "certreq")]
            dummy = _encoded(make(container.key, entry["names"][0], self._now))
            properties = {blob.KEY_PROV_INFO: container.link.encode()}
            if "friendly_name" in entry:
                properties[blob.FRIENDLY_NAME] = blob.utf16(entry["friendly_name"])
            self.host.stores.add("REQUEST", dummy, properties)
        authority, days = self._authorities[entry["authority"]], entry.get("days", (-1, 396))
        leaf = authority.issue(container.key.public_key(), entry["names"], (days[0], days[1]))
        chain = authority.chain()
        sent = [*chain, authority.root()] if entry.get("mail_root") else chain
        mail = compose(entry.get("mail", "pem"), leaf, sent, entry["names"][0])
        self.answers[name] = Answer(mail, _encoded(leaf), tuple(_encoded(each) for each in chain))

    # Services, and who else names a certificate

    def _service(self, name: str, state: dict[str, Any]) -> None:
        status = RUNNING if state.get("running", True) else SERVICE_STOPPED
        self.host.services.add(name, status, state.get("start", 2))

    def _named(self, what: dict[str, Any]) -> None:
        for name, certificate in what.get("consumers", {}).items():
            named.consumer(self.host, name, self.certificates[certificate])
        if "metabase" in what:
            kept = {site: self.certificates[each] for site, each in what["metabase"].items()}
            named.keep_in_metabase(self.host, kept)
        if "certificate_rebind" in what:
            named.rebind_task(self.host, enabled=what["certificate_rebind"])

    def _config(self, text: str) -> None:
        """XML put at the end of applicationHost.config: e.g. a ``customMetadata`` section with a stale 5506."""
        path = self.host.iis.path
        try:
            now = self.host.files.read(path).decode()
        except WindowsError as problem:
            raise ValueError("config_extra: there is no applicationHost.config") from problem
        self.host.files.put(path, now.replace("</configuration>", f"{text.strip()}\r\n</configuration>").encode())


def physical(place: str) -> str:
    """``Root``, ``AuthRoot``, ``CA``, ``Disallowed``, or one of the others: ``Policies/Root``, ``System/CA`` ..."""
    first, _other, second = place.partition("/")
    if second:
        return PHYSICAL[second.lower()][first]
    return next(places[first] for places in PHYSICAL.values() if first in places)


def _encoded(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
