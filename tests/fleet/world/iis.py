# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""IIS 7 and newer: sites and bindings in applicationHost.config, their state in the running service.

The certificate is not in the file: a binding without SNI uses the http.sys record of its ip:port (``*`` is 0.0.0.0,
the host part ignored), one with sslFlags 1 that of host:port, one with sslFlags 2 the port's CCS record.
"""

from __future__ import annotations

import dataclasses
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable

from .files import Files
from .journal import Journal
from .services import Services

CONFIG = r"%SystemRoot%\System32\inetsrv\config\applicationHost.config"
REDIRECTION = r"%SystemRoot%\System32\inetsrv\config\redirection.config"
SNI, CCS = 1, 2
STARTED, STOPPED, UNKNOWN = "Started", "Stopped", "Unknown"

TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<configuration>
    <!-- IIS configuration sections. -->
    <configSections>
        <sectionGroup name="system.applicationHost">
            <section name="applicationPools" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
            <section name="sites" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
        </sectionGroup>
    </configSections>
    <system.applicationHost>
        <applicationPools>
            <add name="DefaultAppPool" managedRuntimeVersion="v4.0" />
        </applicationPools>
        <sites>
            <siteDefaults>
                <logFile logFormat="W3C" directory="%SystemDrive%\\inetpub\\logs\\LogFiles" />
            </siteDefaults>
            <applicationDefaults applicationPool="DefaultAppPool" />
        </sites>
    </system.applicationHost>
</configuration>
"""

# On every server; with an attribute enabled="true" the configuration is on a share.
REDIRECTION_TEMPLATE = """<?xml version="1.0" encoding="UTF-8"?>
<configuration>
    <configSections>
        <section name="configurationRedirection" />
    </configSections>
    <configurationRedirection {}/>
</configuration>
"""


@dataclasses.dataclass(frozen=True)
class Binding:
    protocol: str
    information: str
    ssl_flags: int = 0

    @property
    def parts(self) -> tuple[str, int, str]:
        """Address, port, host name; an IPv6 address stays in its brackets."""
        rest, _other, host = self.information.rpartition(":")
        address, _other, port = rest.rpartition(":")
        return address, int(port), host

    @property
    def is_web(self) -> bool:
        return self.protocol.lower() in ("http", "https")

    @property
    def prefix(self) -> tuple[str, str]:
        """What two started sites cannot both have."""
        return self.protocol.lower(), self.information.lower()

    @property
    def record(self) -> tuple[str, str]:
        """Kind and name of the http.sys record it uses."""
        address, port, host = self.parts
        if self.ssl_flags & CCS:
            return "ccs", str(port)
        if self.ssl_flags & SNI:
            return "hostnameport", f"{host}:{port}"
        return "ipport", f"{'0.0.0.0' if address == '*' else address}:{port}"


@dataclasses.dataclass(frozen=True)
class Site:
    name: str
    identifier: int
    bindings: tuple[Binding, ...]


def shared_path(attributes: str) -> str:
    """Where these attributes of ``configurationRedirection`` say that the configuration is; empty: on the server."""
    found = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
    if found.get("enabled", "").lower() != "true":
        return ""
    return found.get("path", "").rstrip("\\") + r"\applicationHost.config"


class Collision(Exception):
    """A started site has one of the bindings: 0x800700B7."""


class Iis:
    def __init__(self, files: Files, services: Services, journal: Journal, redirection: str = "") -> None:
        self._files = files
        self._shared = shared_path(redirection)
        self._services = services
        self._journal = journal
        self.states: dict[int, str] = {}
        self.unloaded: set[int] = set()  # configured, but not loaded by IIS (shared configuration)

    @property
    def path(self) -> str:
        """Where IIS and appcmd have the configuration from, with credentials of their own."""
        return self._shared or self._files.expand(CONFIG)

    def sites(self) -> list[Site]:
        return [_site(node) for node in self.config().findall("./system.applicationHost/sites/site")]

    def pools(self) -> list[str]:
        found = self.config().findall("./system.applicationHost/applicationPools/add")
        return [node.get("name", "") for node in found]

    def site(self, name: str) -> Site | None:
        """By name, without case, as IIS compares them."""
        return next((site for site in self.sites() if site.name.lower() == name.lower()), None)

    def state(self, site: Site) -> str:
        """Nothing is known of a site while the service does not run."""
        if not self._services.running("W3SVC"):
            return UNKNOWN
        return self.states.get(site.identifier, STOPPED)

    def started(self) -> list[Site]:
        return [site for site in self.sites() if self.state(site) == STARTED]

    def start(self, site: Site) -> None:
        """Raises Collision where a started site has the same binding; the site is left stopped."""
        if self._collides(site):
            self.states[site.identifier] = STOPPED
            raise Collision(site.name)
        self.set_state(site, STARTED)

    def stop(self, site: Site) -> None:
        self.set_state(site, STOPPED)

    def set_state(self, site: Site, state: str) -> None:
        self.states[site.identifier] = state
        self._journal.wrote("site", state.lower(), site.name)

    def add_binding(self, site: Site, binding: Binding) -> None:
        """A started site that gets a binding of another started one is deactivated."""
        tree = self.config()
        node = self._node(tree, site).find("bindings")
        assert node is not None
        node.append(_element(binding))
        self.save(tree)
        changed = self.site(site.name)
        if changed and self.state(changed) == STARTED and self._collides(changed):
            self.stop(changed)

    def remove_binding(self, site: Site, binding: Binding) -> bool:
        tree = self.config()
        parent = self._node(tree, site).find("bindings")
        assert parent is not None
        found = [node for node in parent if _binding(node).prefix == binding.prefix]
        for node in found:
            parent.remove(node)
        if found:
            self.save(tree)
        return bool(found)

    def add_site(self, site: Site, state: str) -> None:
        """For a scenario: no check for collisions, a host may have been set up so."""
        tree = self.config()
        sites = tree.find("./system.applicationHost/sites")
        assert sites is not None
        node = ET.Element("site", {"name": site.name, "id": str(site.identifier), "serverAutoStart": "true"})
        application = ET.SubElement(node, "application", {"path": "/"})
        folder = rf"%SystemDrive%\inetpub\{site.identifier}"
        ET.SubElement(application, "virtualDirectory", {"path": "/", "physicalPath": folder})
        ET.SubElement(node, "bindings").extend([_element(binding) for binding in site.bindings])
        sites.insert(len(sites.findall("site")), node)
        self.save(tree)
        self.states[site.identifier] = state

    def config(self) -> ET.Element:
        if not self._files.exists(self.path):  # IIS is not installed
            return ET.Element("configuration")
        builder = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
        return ET.parse(io.BytesIO(self._files.read(self.path)), builder).getroot()

    def save(self, root: ET.Element) -> None:
        ET.indent(root, "    ")
        data = ET.tostring(root, encoding="unicode").replace("\n", "\r\n")
        self._files.write(self.path, f'<?xml version="1.0" encoding="UTF-8"?>\r\n{data}\r\n'.encode())

    def dump(self) -> list[tuple[int, str]]:
        return sorted(self.states.items())

    def _collides(self, site: Site) -> bool:
        mine = {binding.prefix for binding in site.bindings if binding.is_web}
        others = [other for other in self.started() if other.identifier != site.identifier]
        return any(binding.prefix in mine for other in others for binding in other.bindings if binding.is_web)

    @staticmethod
    def _node(root: ET.Element, site: Site) -> ET.Element:
        nodes: Iterable[ET.Element] = root.findall("./system.applicationHost/sites/site")
        return next(node for node in nodes if node.get("id") == str(site.identifier))


def _site(node: ET.Element) -> Site:
    bindings = tuple(_binding(each) for each in node.findall("./bindings/binding"))
    return Site(node.get("name", ""), int(node.get("id", "0")), bindings)


def _binding(node: ET.Element) -> Binding:
    flags = int(node.get("sslFlags", "0"))
    return Binding(node.get("protocol", ""), node.get("bindingInformation", ""), flags)


def _element(binding: Binding) -> ET.Element:
    """``sslFlags`` is written where it is not the schema's default."""
    attributes = {"protocol": binding.protocol, "bindingInformation": binding.information}
    if binding.ssl_flags:
        attributes["sslFlags"] = str(binding.ssl_flags)
    return ET.Element("binding", attributes)
