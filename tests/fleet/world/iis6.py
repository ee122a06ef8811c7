# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IIS 6.0: sites in the metabase, each with one certificate for all its SecureBindings.

TLS is served in user mode by the service HTTP SSL (cc737578): no http.sys record is needed, SNI is not looked at. When
a started site serves a certificate that was written is not said anywhere: ``iis6_takes_certificate``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from .adsi import AdsiObject
from .blob import thumbprint
from .errors import (
    ACCESS_DENIED,
    CO_E_SERVER_EXEC_FAILURE,
    SERVICE_CANNOT_ACCEPT_CTRL,
    SERVICE_DISABLED,
    SERVICE_NOT_ACTIVE,
    hresult,
)
from .httpsys import allowed
from .iis6_sites import BINDINGS, Site, configured, shown_names, site_of, sites
from .keys import AT_KEYEXCHANGE, CNG, Container
from .metabase import Metabase
from .schannel import Credential
from .services import DISABLED
from .stores import Entry

if TYPE_CHECKING:
    from .host import Host

STARTING, STARTED, STOPPING, STOPPED = 1, 2, 3, 4
STATES = {STARTING: "Starting", STARTED: "Started", STOPPING: "Stopping", STOPPED: "Stopped"}
CERTIFICATE = {"SSLCertHash", "SSLStoreName"}
SHA2 = {"sha256", "sha384", "sha512"}


class Iis6:
    def __init__(self, host: Host) -> None:
        self._host = host
        self.metabase = Metabase(host.files, host.clock, host.options, host.journal)
        self.metabase.add("W3SVC", "IIsWebService", {})
        self.metabase.add("W3SVC/AppPools", "IIsApplicationPools", {})
        self.taken: dict[int, str] = {}  # site -> store of the certificate that it serves
        self._settling: dict[int, tuple[int, int]] = {}  # site -> state that is still shown, for how many reads
        self._busy: dict[int, int] = {}  # site -> calls that it does not take yet
        self.metabase.save()
        self.metabase.committed = self._committed
        host.services.changed = self._service_changed

    # What the fleet asks

    def listening(self) -> set[tuple[str, int]]:
        found = {(address or "0.0.0.0", port) for site in self._started() for address, port in site.endpoints}
        return allowed(self._host.registry, found)

    def credential(self, ip: str, port: int, server_name: str | None) -> Credential | None:
        """An exact address before any address; of several sites the first, whatever name the client sends."""
        del server_name
        for wanted in ((ip, port), ("", port)):
            for site in self._started():
                if wanted in site.endpoints:
                    return self._credential(site)
        return None

    def _credential(self, site: Site) -> Credential | None:
        chain = self._host.schannel.bound(site.selector)
        if chain is None or not self._host.services.running("HTTPFilter"):
            return None
        entry = self._host.stores.find(self.taken[site.number], thumbprint(chain[0]))
        container = self._usable(entry)
        return Credential(chain, container.key) if container else None

    def states(self) -> dict[str, str]:
        return {name: STATES[self._state(number)] for number, name in shown_names(sites(self.metabase)).items()}

    def sslcert(self, selector: str) -> dict[str, Any] | None:
        """``metabase=W3SVC/1``: the certificate, its store, and where it is set (``W3SVC/1`` or above)."""
        path = selector.partition("=")[2]
        found = self.metabase.get(path, "SSLCertHash") if path in [site.path for site in sites(self.metabase)] else None
        if found is None or not isinstance(found[0], bytes):
            return None
        return {"certificate": found[0].hex().upper(), "store": self._store(path), "set_at": found[1]}

    def pools(self) -> Sequence[str]:
        """Pools have accounts of their own from IIS 7.5 on."""
        return ()

    def restart(self, *, crash: bool) -> None:
        """An orderly stop writes the metabase to the disk; what is read then is what the disk has."""
        with self._host.journal.silence():
            if crash:
                self.metabase.flush()
            else:
                self.metabase.save()
            self.metabase.load()
            self.taken.clear()
            self._settling.clear()
            self._busy.clear()
            self._service_changed("W3SVC")

    def dump(self) -> Iterator[object]:
        for path, node in self.metabase.walk():
            yield path, node.kind, sorted(node.values.items())
        yield sorted(self.taken.items())

    def adsi(self, path: str) -> AdsiObject:
        """Opens a node of ``IIS://localhost``. COM starts the service of the metabase where it does not run."""
        services = self._host.services
        if not self._host.options.elevated:
            raise self.error(ACCESS_DENIED)
        if not services.running("IISADMIN"):
            if services.query("IISADMIN")[1] == DISABLED:
                raise self.error(SERVICE_DISABLED)
            if not self._host.options.com_starts_iisadmin:
                raise self.error(CO_E_SERVER_EXEC_FAILURE)
            with self._host.journal.acting("COM"):
                services.start("IISADMIN")
        self.metabase.flush()
        return AdsiObject(self._host, self, path)

    # For a scenario

    def add_site(self, number: int, entry: dict[str, Any], certificates: dict[str, tuple[str, str]]) -> None:
        """The form of a site of IIS 7; the bindings' certificate becomes the site's, ``inherited`` puts it on W3SVC.

        No check for collisions, a host may have been set up so.
        """
        number, bindings, values = entry.get("id", number), entry.get("bindings", []), configured(entry)
        self.metabase.add(f"W3SVC/{number}", "IIsWebServer", values)
        self.metabase.add(f"W3SVC/{number}/ROOT", "IIsWebVirtualDir", {"Path": rf"C:\Inetpub\{number}"})
        named = [each for each in (entry, *bindings) if each.get("certificate")]
        if named:
            store, digest = certificates[named[0]["certificate"]]
            place = "W3SVC" if any(each.get("inherited") for each in named) else f"W3SVC/{number}"
            self.add_certificate(place, store, digest)
        self.metabase.save()
        self._show(number, STARTED if values["ServerAutoStart"] else STOPPED)

    def add_certificate(self, place: str, store: str, digest: str) -> None:
        """On a node that is there."""
        self.metabase.node(place).values.update({"SSLCertHash": bytes.fromhex(digest), "SSLStoreName": store})
        self.metabase.save()

    # Start and stop

    def start(self, number: int) -> None:
        """The number of a start that collides is not the one of IIS 7 and newer: ``iis6_start_error``."""
        self._takes_calls(number)
        site = site_of(self.metabase, number)
        if self._state(number) == STARTED:
            self._already()
            return
        problem = self._host.options.iis6_start_failures.pop(site.comment, 0)
        if problem or self._collides(site):
            raise self.error(problem or self._host.options.iis6_start_error)
        self._show(number, STARTED)
        self._remember(site, started=True)

    def stop(self, number: int) -> None:
        self._takes_calls(number)
        if self._state(number) == STOPPED:
            self._already()
            return
        self._show(number, STOPPED)
        self._remember(site_of(self.metabase, number), started=False)

    def shown_state(self, number: int) -> int:
        """ServerState as it is read: behind Start and Stop for a while the one before."""
        state, left = self._settling.get(number, (0, 0))
        if left <= 0:
            return self._state(number)
        self._settling[number] = state, left - 1
        return state

    def error(self, number: int) -> Exception:
        """As COM reports it: the number, and the system's text in the host's language."""
        return hresult(number, text=self._host.language.windows(number))

    def _remember(self, site: Site, *, started: bool) -> None:
        """IIS writes ServerAutoStart whenever a site starts or stops (cc782812)."""
        self.metabase.keep(site.path, "ServerAutoStart", started)
        self._settling[site.number] = (STARTING if started else STOPPING, self._host.options.iis6_settling_reads)
        self._busy[site.number] = self._host.options.iis6_settling_calls
        self._host.journal.wrote("site", "started" if started else "stopped", site.comment or site.path)

    def _takes_calls(self, number: int) -> None:
        """Not while the service is down, nor for some calls behind a start or a stop (``iis6_settling_calls``)."""
        if not self._host.services.running("W3SVC"):
            raise self.error(SERVICE_NOT_ACTIVE)
        if self._busy.get(number, 0) > 0:
            self._busy[number] -= 1
            raise self.error(SERVICE_CANNOT_ACCEPT_CTRL)

    def _already(self) -> None:
        if self._host.options.iis6_already:
            raise self.error(self._host.options.iis6_already)

    def _show(self, number: int, state: int) -> None:
        self.metabase.keep(f"W3SVC/{number}", "ServerState", state)
        if state == STARTED:
            self._take(number)
        else:
            self._release(number)
        self._host.changed()

    def _state(self, number: int) -> int:
        found = self.metabase.get(f"W3SVC/{number}", "ServerState")
        running = self._host.services.running("W3SVC")
        return int(found[0]) if running and found and isinstance(found[0], int) else STOPPED

    def _started(self) -> list[Site]:
        return [site for site in sites(self.metabase) if self._state(site.number) == STARTED]

    def _collides(self, site: Site) -> bool:
        return site.mixed or any(site.claims & other.claims for other in self._started() if other.number != site.number)

    def _service_changed(self, name: str) -> None:
        """IISADMIN writes the metabase when it stops, and reads it when it starts. W3SVC starts the sites that had been
        started (ServerAutoStart), the first of those that collide."""
        running = self._host.services.running(name)
        if name.upper() == "IISADMIN":
            (self.metabase.load if running else self.metabase.save)()
        if name.upper() != "W3SVC":
            return
        for site in sites(self.metabase):
            self.metabase.keep(site.path, "ServerState", STOPPED)
            self._release(site.number)
        for site in sites(self.metabase) if running else []:
            wanted = self.metabase.get(site.path, "ServerAutoStart")
            self._show(site.number, STARTED if wanted and wanted[0] and not self._collides(site) else STOPPED)
        self._host.changed()

    # Certificates

    def _committed(self, path: str, names: list[str]) -> None:
        below = [site for site in self._started() if f"{site.path}/".startswith(f"{path}/") or not path]
        for site in below:
            if set(BINDINGS) & set(names) and self._collides(site):
                self._show(site.number, STOPPED)  # deactivated (W3SVC event 1007)
            elif CERTIFICATE & set(names) and self._host.options.iis6_takes_certificate == "at_once":
                self._take(site.number)
        self._host.changed()

    def _take(self, number: int) -> None:
        """The certificate as the metabase has it now, the chain as the stores have it now."""
        path = f"W3SVC/{number}"
        found, store = self.metabase.get(path, "SSLCertHash"), self._store(path)
        wanted = found[0].hex() if found and isinstance(found[0], bytes) else ""
        entry = self._host.stores.find(store, wanted)
        if entry is None or self._usable(entry) is None:
            self._release(number)
            return
        self.taken[number] = store
        self._host.schannel.bind(f"metabase={path}", entry.der, self._host.clock.now())

    def _release(self, number: int) -> None:
        self.taken.pop(number, None)
        self._host.schannel.release(f"metabase=W3SVC/{number}")

    def _usable(self, entry: Entry | None) -> Container | None:
        """A key of a CSP with KeySpec 1; and SHA-2 only where a hotfix brought it (KB938397, KB968730)."""
        container = self._host.keys.find(entry.link) if entry else None
        if entry is None or container is None or container.provider == CNG or container.key_spec != AT_KEYEXCHANGE:
            return None
        algorithm = entry.certificate.signature_hash_algorithm
        known = self._host.options.sha2 or algorithm is None or algorithm.name not in SHA2
        return container if known else None

    def _store(self, path: str) -> str:
        found = self.metabase.get(path, "SSLStoreName")
        return str(found[0]) if found else self._host.options.iis6_default_store
