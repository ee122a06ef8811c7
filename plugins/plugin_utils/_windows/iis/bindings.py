# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites and bindings of applicationHost.config, and which http.sys record a binding uses."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from ..._errors import TlsOpsError
from ..._model.place import Place
from ..._model.web import Binding, Site
from ..httpsys import Selector

CONFIG = r"%SystemRoot%\System32\inetsrv\config\applicationHost.config"
SNI, CENTRAL_STORE = 0x1, 0x2  # sslFlags (IIS docs, binding); higher bits are TLS settings, kept as they are


def selector(binding: Binding, place: Place) -> Selector:
    """The record that http.sys takes for a binding; without SNI the host part has no say (IIS docs, binding)."""
    if binding.ssl_flags & CENTRAL_STORE:
        return Selector("ccs", str(place.port))
    if binding.ssl_flags & SNI:
        return Selector("hostnameport", f"{place.host or '*'}:{place.port}")
    return Selector("ipport", f"{place.address}:{place.port}")


def sites(config: Element) -> tuple[Site, ...]:
    """The sites of applicationHost.config (its root), their state unknown. Raises TlsOpsError."""
    found = []
    for section in config.iterfind(".//system.applicationHost/sites"):
        if section.get("configSource"):
            raise TlsOpsError(
                f"applicationHost.config keeps its sites in another file ({section.get('configSource')}).",
                hint="Sites in a file of their own are not supported: move them back into applicationHost.config.",
            )
        found += [_site(element) for element in section.iterfind("site")]
    return tuple(found)


def _site(element: Element) -> Site:
    name = element.get("name", "")
    bindings = tuple(_binding(each, name) for each in element.iterfind("bindings/binding"))
    return Site(element.get("id", ""), name, "unknown", bindings)


def _binding(element: Element, site: str) -> Binding:
    information, flags = element.get("bindingInformation", ""), element.get("sslFlags", "0")
    if not re.fullmatch("[0-9]{1,10}", flags):
        raise TlsOpsError(f"the binding {information} of site {site} has sslFlags '{flags}', which is no number.")
    return Binding(element.get("protocol", ""), information, int(flags))
