# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Private keys: ``keys.txt``, and ``keys/<thumbprint>.pfx`` for each certificate of a store whose key can be used.

``container <name> <provider> <exportable> <usable> <key spec> <access list> <PKCS #8, or - where only the PFX has it>``
and ``link <thumbprint> <name>``; names, provider, list and key in base64. ``default <list>``: of a new container.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from ..world import access
from ..world.errors import WindowsError
from ..world.host import Host
from ..world.keys import DEFAULT_ACCESS, Container, PrivateKey
from ..world.stores import MACHINE, Entry
from . import lines

NAME = "keys.txt"
FOLDER = "keys"
PASSWORD = "setup"  # of the files here; it keeps no secret


def save(host: Host, folder: Path) -> None:
    (folder / FOLDER).mkdir(exist_ok=True)
    entries = {entry.thumbprint: entry for entry in linked(host)}
    for old in set((folder / FOLDER).glob("*.pfx")) - {pfx_path(folder, each) for each in entries}:
        old.unlink()
    for thumbprint, entry in entries.items():
        container = host.keys.find(entry.link)
        if container is not None and not pfx_path(folder, thumbprint).exists():
            pfx_path(folder, thumbprint).write_bytes(_pfx(container.key, entry.certificate))
    lines.write(folder / NAME, _rows(host, entries))


def linked(host: Host) -> Iterator[Entry]:
    """The certificates of all machine stores that name a container whose key can be used."""
    stores = host.registry.key(MACHINE)
    for store in stores.subkeys() if stores else []:
        for entry in host.stores.entries(rf"{MACHINE}\{store.name}"):
            if host.keys.find(entry.link) is not None:
                yield entry


def pfx_path(folder: Path, thumbprint: str) -> Path:
    return folder / FOLDER / f"{thumbprint}.pfx"


def _rows(host: Host, entries: dict[str, Entry]) -> Iterator[list[str]]:
    yield ["default", lines.token(DEFAULT_ACCESS)]
    for each in host.keys.all():
        flags = [str(int(each.exportable)), str(int(each.usable)), str(each.key_spec)]
        names = [lines.token(each.name), lines.token(each.provider)]
        yield ["container", *names, *flags, lines.token(each.access), lines.token(_der(each.key))]
    for thumbprint, entry in entries.items():
        assert entry.link is not None
        yield ["link", thumbprint, lines.token(entry.link.container)]


def take(folder: Path, host: Host) -> None:
    """Makes the host's containers what the files say; only what differs is written, and told to the journal."""
    held = {each.name.lower(): each for each in host.keys.all()}
    wanted = {each.name.lower(): each for each in _read(folder, {_der(each.key): each.key for each in held.values()})}
    for name in set(held) - set(wanted):
        host.keys.delete(held[name])
    for name, each in wanted.items():
        if name not in held or _der(held[name].key) != _der(each.key):
            host.keys.add(each)
        elif dataclasses.replace(each, key=held[name].key) != held[name]:
            host.keys.change(name, access=each.access, usable=each.usable, exportable=each.exportable)


def _read(folder: Path, known: dict[bytes, PrivateKey]) -> Iterator[Container]:
    """``known``: keys by their PKCS #8, which are not read once more: that takes a tenth of a second."""
    rows = list(lines.read(folder / NAME))
    links = {lines.text(row[2]).lower(): row[1] for row in rows if row[0] == "link"}
    for row in rows:
        if row[0] != "container" or (row[7] == "-" and lines.text(row[1]).lower() not in links):
            continue  # whatever named the container names another one by now: nobody can reach that key
        name, provider, listed = lines.text(row[1]), lines.text(row[2]), _listed(lines.text(row[6]))
        material = lines.plain(row[7])
        key = known.get(material) or (_key(material) if material else _key_of(pfx_path(folder, links[name.lower()])))
        yield Container(name, key, provider, row[3] == "1", row[4] == "1", int(row[5]), listed)


def _listed(sddl: str) -> str:
    """As Windows shows it again; the access list of a fresh container has a right that no name stands for."""
    try:
        return sddl if sddl == DEFAULT_ACCESS else access.set_list(sddl)
    except WindowsError:
        return sddl


def _key(der: bytes) -> PrivateKey:
    key = serialization.load_der_private_key(der, None)
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key


def _key_of(path: Path) -> PrivateKey:
    key, _certificate, _more = pkcs12.load_key_and_certificates(path.read_bytes(), PASSWORD.encode())
    assert isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey)
    return key


def _der(key: PrivateKey) -> bytes:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.DER, form, serialization.NoEncryption())


def _pfx(key: PrivateKey, certificate: x509.Certificate) -> bytes:
    """By SHA-1 and 3DES, which every .NET reads."""
    builder = serialization.PrivateFormat.PKCS12.encryption_builder().kdf_rounds(2000)
    builder = builder.key_cert_algorithm(pkcs12.PBES.PBESv1SHA1And3KeyTripleDESCBC).hmac_hash(hashes.SHA1())
    return pkcs12.serialize_key_and_certificates(None, key, certificate, None, builder.build(PASSWORD.encode()))
