# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The operations on certificate stores, keys and accounts; natively, as in ``operations``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography import x509

from .arguments import Arguments, lines
from .world import access, blob
from .world.accounts import sid_of
from .world.errors import (
    CRYPT_E_NO_MATCH,
    FILE_NOT_FOUND,
    NTE_BAD_PROV_TYPE,
    cryptographic,
    denied,
    hresult,
)
from .world.keys import CNG, ON_DISK, Container, export_pfx, sign
from .world.pfx import import_pfx
from .world.stores import Entry

if TYPE_CHECKING:
    from .world.host import Host

NET_46 = (4, 0, 30319, 42000)

Row = tuple[str | bytes, ...]


def store_read(host: Host, arguments: Arguments, _left: float) -> bytes:
    rows: list[Row] = []
    for store in arguments.texts("store"):
        if host.stores.exists(store):
            rows.append(("store", store))
            rows += [("certificate", store, *_certificate(host, entry)) for entry in host.stores.logical(store)]
    return lines(*rows)


def _certificate(host: Host, entry: Entry) -> Row:
    link, flag = entry.link, {True: "1", False: "0"}
    told = entry.friendly_name, flag[entry.archived]
    if link is None:
        return entry.der, "0", *told, "", "", "0", "", ""
    container = _reached(host, entry)
    shown = container.access if container and container.provider in ON_DISK else ""
    return entry.der, "1", *told, *_key_facts(host, entry), shown


def _key_facts(host: Host, entry: Entry) -> Row:
    """Provider, container, key spec, exportable: only an opened key tells them."""
    container, link = _reached(host, entry), entry.link
    if container is None or link is None:
        return "", "", "0", ""
    return link.provider, link.container, str(link.key_spec), "1" if container.exportable else "0"


def _reached(host: Host, entry: Entry) -> Container | None:
    container = host.keys.find(entry.link)
    return container if container and (container.provider != CNG or reaches_cng(host)) else None


def _opened(host: Host, entry: Entry) -> Container:
    """Raises NTE_BAD_KEYSET, and NTE_BAD_PROV_TYPE for a CNG key under PowerShell 2.0."""
    container = host.keys.open(entry.link)
    if _reached(host, entry) is None:
        raise cryptographic(NTE_BAD_PROV_TYPE, "Invalid provider type specified.")
    return container


def reaches_cng(host: Host) -> bool:
    """GetRSAPrivateKey and its like came with .NET 4.6; PowerShell 2.0 runs on CLR 2 whatever else is there."""
    return tuple(map(int, host.clr.split("."))) >= NET_46


def store_add(host: Host, arguments: Arguments, _left: float) -> bytes:
    _elevated(host)
    der = arguments.raw("certificate")
    try:
        x509.load_der_x509_certificate(der)
    except ValueError:
        raise cryptographic(CRYPT_E_NO_MATCH, "Cannot find the requested object.") from None
    host.stores.add(arguments.text("store"), der)
    return b""


def store_copy(host: Host, arguments: Arguments, _left: float) -> bytes:
    _elevated(host)
    host.stores.copy(arguments.text("from"), arguments.text("to"), arguments.text("thumbprint"))
    return b""


def store_remove(host: Host, arguments: Arguments, _left: float) -> bytes:
    """``with_key``: the key goes first; one that is not there is no error, one that cannot be reached is."""
    _elevated(host)
    store, thumbprint = arguments.text("store"), arguments.text("thumbprint")
    entry = host.stores.find(store, thumbprint)
    if entry and entry.link and arguments.has("with_key") and host.keys.find(entry.link):
        host.keys.delete(_opened(host, entry))
    host.stores.remove(store, thumbprint)
    return b""


def store_import_pfx(host: Host, arguments: Arguments, _left: float) -> bytes:
    """The certificate takes the place of the one that is there, without key or with another one."""
    _elevated(host)
    store, thumbprint = arguments.text("store"), arguments.text("thumbprint")
    data, password = arguments.raw("pfx"), arguments.text("password")
    found = import_pfx(host, data, password, thumbprint, exportable=arguments.has("exportable"))
    host.keys.add(found.container)
    properties = {blob.KEY_PROV_INFO: found.container.link.encode()}
    name = arguments.text("friendly_name", found.friendly_name)
    if name:
        properties[blob.FRIENDLY_NAME] = blob.utf16(name)
    host.stores.remove(store, thumbprint)
    host.stores.add(store, found.der, properties)
    return b""


def store_export_pfx(host: Host, arguments: Arguments, _left: float) -> bytes:
    entry = host.stores.need(arguments.text("store"), arguments.text("thumbprint"))
    return export_pfx(host.keys.open(entry.link), entry.certificate, arguments.text("password"))


def key_prove(host: Host, arguments: Arguments, _left: float) -> bytes:
    """PowerShell 2.0 signs with CAPI keys by SHA-1, and has no managed way to CNG keys."""
    entry = host.stores.need(arguments.text("store"), arguments.text("thumbprint"))
    container, cng = host.keys.open(entry.link), reaches_cng(host)
    facts = ("key", *_key_facts(host, entry))
    if container.provider == CNG and not cng:
        return lines(("unproven", "this PowerShell has no way to a CNG key"), facts)
    algorithm, signature = sign(container.key, arguments.raw("data"), sha1=not cng)
    return lines(("algorithm", algorithm), ("signature", signature), facts)


def key_acl(host: Host, arguments: Arguments, _left: float) -> bytes:
    """Only the access list is read and written: an owner would need a privilege."""
    entry = host.stores.need(arguments.text("store"), arguments.text("thumbprint"))
    container = _opened(host, entry)
    if container.provider not in ON_DISK:
        raise hresult(FILE_NOT_FOUND, "System.Runtime.InteropServices.COMException", "The key is in no file.")
    wanted = access.set_list(arguments.text("sddl")) if arguments.has("sddl") else container.access
    for sid in arguments.texts("grant"):
        wanted = access.grant_read(wanted, sid)
    if arguments.has("sddl") or arguments.has("grant"):
        _elevated(host)
        host.keys.change(container.name, access=wanted)
    return lines(("sddl", wanted))


def account_sid(host: Host, arguments: Arguments, _left: float) -> bytes:
    return lines(*(("account", name, sid_of(host, name)) for name in arguments.texts("name")))


def _elevated(host: Host) -> None:
    if not host.options.elevated:
        raise denied()
