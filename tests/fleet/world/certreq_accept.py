# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``certreq -accept``: installs what a CA answered and links it to the pending request's key, by public key.

A pending request is a dummy certificate in REQUEST that carries the new key's link; accepting removes it and moves the
link to the issued certificate, which always lands in MY (ICEnroll docs; windowsserverdocs certreq_1).
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.serialization import pkcs7

from . import blob
from .errors import ASN1_BAD_TAG, CERT_E_CHAINING, CERT_E_UNTRUSTEDROOT, CRYPT_E_NOT_FOUND, hresult
from .keys import CNG, public_bytes
from .schannel import paths, self_signed
from .stores import Entry

if TYPE_CHECKING:
    from .host import Host

KEPT = (blob.KEY_PROV_INFO, blob.FRIENDLY_NAME)


def accept(host: Host, data: bytes, *, machine: bool) -> str:
    """What certreq says. Raises an HRESULT.

    Without a matching request the key may be one that MY has already (a reissue); that needs ``-machine``.
    """
    certificates = read_answer(data)
    if not certificates:
        raise hresult(ASN1_BAD_TAG)
    for der in certificates:
        pending = _with_key(host, "REQUEST", der)
        known = pending or (_with_key(host, "MY", der) if machine else None)
        if known is None:
            continue
        problem = _chain_problem(host, der, certificates) if host.options.certreq_checks_chain else 0
        if problem:
            raise hresult(problem)
        _install(host, der, known)
        _install_chain(host, [each for each in certificates if each != der])
        if pending:
            host.stores.remove("REQUEST", pending.thumbprint)
        return f"{host.language.say('certreq installed')}\r\n  {blob.thumbprint(der).lower()}\r\n"
    raise hresult(CRYPT_E_NOT_FOUND)


def read_answer(data: bytes) -> list[bytes]:
    """X.509 or PKCS#7, binary or base64 with or without a label; nothing where it is neither."""
    found = re.search(rb"-----BEGIN [^-]+-----(.+?)-----END", data, re.DOTALL)
    text = found[1] if found else data
    try:
        der = base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error:
        der = data
    try:
        blob.parsed(der)
    except ValueError:
        return _pkcs7(der)
    return [der]


def _pkcs7(der: bytes) -> list[bytes]:
    try:
        return [blob.encoded(certificate) for certificate in pkcs7.load_der_pkcs7_certificates(der)]
    except ValueError:
        return []


def _with_key(host: Host, store: str, der: bytes) -> Entry | None:
    public = public_bytes(blob.parsed(der).public_key())
    for entry in host.stores.logical(store):
        container = host.keys.find(entry.link)
        if container and container.public == public:
            return entry
    return None


def _install(host: Host, der: bytes, known: Entry) -> None:
    kept = {number: data for number, data in blob.parse(known.blob) if number in KEPT}
    there = host.stores.find("MY", blob.thumbprint(der))
    if there is None or there.link != known.link:
        host.stores.remove("MY", blob.thumbprint(der))
        host.stores.add("MY", der, kept)
    link = known.link
    if link and link.provider == CNG and host.options.netsh_87_after_certreq:
        host.failing_tries[blob.thumbprint(der)] = host.options.netsh_87_after_certreq


def _install_chain(host: Host, others: list[bytes]) -> None:
    """A PKCS#7 brings its root along, a conflicting one too: give certreq the leaf only."""
    for der in others:
        host.stores.add("ROOT" if self_signed(der) else "CA", der)


def _chain_problem(host: Host, der: bytes, others: list[bytes]) -> int:
    """CERT_E_UNTRUSTEDROOT where a path ends in a root that is not trusted, CERT_E_CHAINING where none gets so far."""
    if host.schannel.trusted_path(der, host.clock.now()):
        return 0
    stored = [entry.der for store in ("CA", "Root") for entry in host.stores.logical(store)]
    ends = [path[-1] for path in paths(der, [*stored, *others])]
    return CERT_E_UNTRUSTEDROOT if any(self_signed(end) for end in ends) else CERT_E_CHAINING
