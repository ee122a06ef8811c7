# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who names a certificate by its thumbprint, beside http.sys: each in the form and place of its own program.

Also IIS 6 compatibility, which keeps a site's certificate and binds it again when a program opens the old metabase,
and the task that binds renewed certificates.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from .registry import Value, binary, string

if TYPE_CHECKING:
    from .host import Host

PLACES: dict[str, tuple[str, str, Callable[[bytes], Value]]] = {
    "winrm": (
        r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\WSMAN\Listener\*+HTTPS",
        "certThumbprint",
        lambda der: string(_sha1(der).hex()),
    ),
    "rdp": (
        r"HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp",
        "SSLCertificateSHA1Hash",
        lambda der: binary(_sha1(der)),
    ),
    "wmsvc": (
        r"HKLM\SOFTWARE\Microsoft\WebManagement\Server",
        "SslCertificateHash",
        lambda der: binary(_sha1(der)),
    ),
    "sql": (
        r"HKLM\SOFTWARE\Microsoft\Microsoft SQL Server\MSSQL15.MSSQLSERVER\MSSQLServer\SuperSocketNetLib",
        "Certificate",
        lambda der: string(_sha1(der).hex()),
    ),
    "sstp": (
        r"HKLM\SYSTEM\CurrentControlSet\Services\SstpSvc\Parameters",
        "SHA256CertificateHash",
        lambda der: binary(hashlib.sha256(der).digest()),
    ),
}
# Virtual servers in the metabase: the service's node, its class, the server's class and name.
SERVERS_6 = {
    "smtp": ("SMTPSVC", "IIsSmtpService", "IIsSmtpServer", "Default SMTP Virtual Server"),
    "nntp": ("NNTPSVC", "IIsNntpService", "IIsNntpServer", "Default NNTP Virtual Server"),
}
REBIND_TASK = r"%SystemRoot%\System32\Tasks\Microsoft\Windows\CertificateServicesClient\IIS-AutoCertRebind"
TASK = """<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers><EventTrigger><Enabled>true</Enabled></EventTrigger></Triggers>
  <Settings><Enabled>{}</Enabled></Settings>
  <Actions><Exec>
    <Command>%SystemRoot%\\System32\\inetsrv\\appcmd.exe</Command>
    <Arguments>renew binding /oldcert:$(OldCertHash) /newcert:$(NewCertHash)</Arguments>
  </Exec></Actions>
</Task>
"""


def consumer(host: Host, name: str, der: bytes) -> None:
    """``name``: of ``PLACES``, ``ftp`` (the default of all sites), ``ftp/<site>``; on IIS 6.0 of ``SERVERS_6``."""
    if name in PLACES:
        key, value, form = PLACES[name]
        host.registry.set(key, value, form(der))
        return
    kind, _slash, site = name.partition("/")
    if kind in SERVERS_6:
        node, service, server, comment = SERVERS_6[kind]
        host.metabase.add(node, service, {})
        host.metabase.add(f"{node}/1", server, {"ServerComment": comment})
        host.iis6.add_certificate(f"{node}/1", "MY", _sha1(der).hex())
        return
    if kind != "ftp":
        raise ValueError(f"no consumer: {name}")
    tree = host.iis.config()
    node = tree.find(f"./system.applicationHost/sites/site[@name='{site}']" if site else ".//siteDefaults")
    assert node is not None, name
    security = ET.SubElement(ET.SubElement(node, "ftpServer"), "security")
    hashed = {"serverCertHash": _sha1(der).hex().upper(), "serverCertStoreName": "MY"}
    ET.SubElement(security, "ssl", {**hashed, "controlChannelPolicy": "SslRequire"})
    host.iis.save(tree)


def rebind_task(host: Host, *, enabled: bool) -> None:
    """Task Scheduler writes UTF-16 with a byte order mark."""
    host.files.put(host.files.expand(REBIND_TASK), TASK.format(str(enabled).lower()).encode("utf-16"))


def keep_in_metabase(host: Host, kept: Mapping[str, bytes]) -> None:
    """Site name to the certificate that a program once set by the old metabase: properties 5506 and 5511."""
    tree = host.iis.config()
    parent = tree.find("./system.applicationHost")
    assert parent is not None
    section = ET.SubElement(parent, "customMetadata")
    for name, der in kept.items():
        site = host.iis.site(name)
        assert site is not None, name
        key = ET.SubElement(section, "key", {"path": f"LM/W3SVC/{site.identifier}"})
        common = {"userType": "1", "attributes": "None"}
        value = base64.b64encode(_sha1(der)).decode()
        ET.SubElement(key, "property", {"id": "5506", "dataType": "Binary", **common, "value": value})
        ET.SubElement(key, "property", {"id": "5511", "dataType": "String", **common, "value": "MY"})
    host.iis.save(tree)


def open_metabase(host: Host) -> None:
    """A program opens the old metabase: the mapper binds what it keeps again, or deletes the binding.

    It knows nothing of SNI, which IIS 6 had not.
    """
    if not host.options.iis6_compatibility:
        return
    with host.journal.acting("IIS 6 compatibility"):
        for key in host.iis.config().findall("./system.applicationHost/customMetadata/key"):
            kept = {node.get("id"): node.get("value", "") for node in key.findall("property")}
            if "5506" in kept:
                number = key.get("path", "").rpartition("/")[2]
                _bind_again(host, number, base64.b64decode(kept["5506"]), kept.get("5511", "MY"))


def _bind_again(host: Host, number: str, certificate: bytes, store: str) -> None:
    names = [
        binding.record[1]
        for site in host.iis.sites()
        if str(site.identifier) == number
        for binding in site.bindings
        if binding.protocol == "https" and binding.record[0] == "ipport"
    ]
    for name in names:
        record = host.httpsys.find("ipport", name)
        if record and host.stores.find(store, certificate.hex()):
            host.iis7.bind(dataclasses.replace(record, certificate=certificate, store=store))
        elif record:
            host.iis7.unbind("ipport", name)


def _sha1(der: bytes) -> bytes:
    return hashlib.sha1(der, usedforsecurity=False).digest()
