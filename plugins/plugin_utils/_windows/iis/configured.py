# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates that applicationHost.config itself names: FTP's, and those that IIS 6 compatibility left behind."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import re
from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from ..._model.consumers import Consumer
from ..thumbprint import of_bytes, of_text

# MD_SSL_CERT_HASH. "SSL Bindings are randomly getting deleted for a website" (Microsoft's IIS support blog): when a
# program opens the metabase, the mapper writes this certificate to the site's bindings, or deletes them.
_CERTIFICATE_HASH = "5506"
_SITE = re.compile(r"/?LM/W3SVC/(?P<identifier>[0-9]{1,10})/?", re.IGNORECASE)


@dataclasses.dataclass(frozen=True)
class Configured:
    """``metabase``: number of a site -> thumbprint, empty where it is not understood. ``unreadable``: places."""

    metabase: Mapping[str, str] = dataclasses.field(default_factory=dict)
    consumers: tuple[Consumer, ...] = ()
    unreadable: tuple[str, ...] = ()


def configured(config: Element) -> Configured:
    """From the root of applicationHost.config; never raises."""
    ftp = list(_ftp(config))
    unreadable = tuple(each.place for each in ftp if not each.thumbprint)
    return Configured(_metabase(config), tuple(each for each in ftp if each.thumbprint), unreadable)


def _metabase(config: Element) -> dict[str, str]:
    found: dict[str, str] = {}
    for key in config.iterfind(".//customMetadata/key"):
        site = _SITE.fullmatch(key.get("path", "").strip())
        values = [each.get("value", "") for each in key.iterfind("property") if each.get("id") == _CERTIFICATE_HASH]
        if site and values:
            found[str(int(site["identifier"]))] = _base64(values[-1]) or ""
    return found


def _base64(text: str) -> str | None:
    try:
        return of_bytes(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError):
        return None


def _ftp(config: Element) -> Iterator[Consumer]:
    """IIS docs, FTP over SSL: ``serverCertHash`` of a site, or for those that have none of siteDefaults."""
    for sites in config.iterfind(".//system.applicationHost/sites"):
        for element in (*sites.iterfind("site"), *sites.iterfind("siteDefaults")):
            name = f"site '{element.get('name', '')}'" if element.tag == "site" else "siteDefaults"
            for ssl in element.iterfind("ftpServer/security/ssl"):
                thumbprint = of_text(ssl.get("serverCertHash", ""))
                if thumbprint != "":
                    place = f"applicationHost.config, {name}, ftpServer/security/ssl, serverCertHash"
                    yield Consumer("FTP", place, thumbprint or "")
