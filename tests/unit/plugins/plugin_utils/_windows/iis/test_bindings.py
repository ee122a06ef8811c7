# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.place import Place, tls_places
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.bindings import (
    selector,
    sites,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.xml_reader import elements

from tests.unit.iis_host import Host


def document(config: bytes) -> Element:
    return elements(config, "applicationHost.config")


@pytest.mark.parametrize(
    ("information", "flags", "expected"),
    [
        ("*:443:", 0, "ipport=0.0.0.0:443"),
        (":443:", 0, "ipport=0.0.0.0:443"),
        ("*:443:www.example.com", 0, "ipport=0.0.0.0:443"),
        ("10.0.0.1:8443:", 0, "ipport=10.0.0.1:8443"),
        ("[2001:DB8::0:1]:443:", 0, "ipport=[2001:db8::1]:443"),
        ("*:443:WWW.example.com", 1, "hostnameport=www.example.com:443"),
        ("*:443:*.example.com", 1 | 32, "hostnameport=*.example.com:443"),
        ("*:443:", 1, "hostnameport=*:443"),
        ("*:443:www.example.com", 2, "ccs=443"),
        ("*:443:www.example.com", 3, "ccs=443"),
        ("10.0.0.1:443:", 4, "ipport=10.0.0.1:443"),
    ],
)
def test_record_of_a_binding(information: str, flags: int, expected: str) -> None:
    place = Place.parse(information)
    assert place
    assert str(selector(Binding("https", information, flags), place)) == expected


def test_sites() -> None:
    host = Host({"商用": ("started", [("http", "*:80:", 0), ("https", "*:443:a", 1)]), "B": ("stopped", [])})
    first, second = sites(document(host.xml()))
    assert (first.identifier, first.name, first.state) == ("1", "商用", "unknown")
    assert first.bindings == (Binding("http", "*:80:"), Binding("https", "*:443:a", 1))
    assert [place for _other, place in tls_places(first)] == [Place("0.0.0.0", 443, "a")]
    assert second.bindings == ()


def test_sites_elsewhere_and_strange_flags_are_refused() -> None:
    inside = "<configuration><system.applicationHost><sites {}>{}</sites></system.applicationHost></configuration>"
    with pytest.raises(TlsOpsError, match=r"sites\.config"):
        sites(document(inside.format('configSource="sites.config"', "").encode()))
    binding = '<site name="A"><bindings><binding protocol="https" sslFlags="Sni"/></bindings></site>'
    with pytest.raises(TlsOpsError, match="site A has sslFlags 'Sni'"):
        sites(document(inside.format("", binding).encode()))
