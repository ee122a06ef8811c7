# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the copies of a root mean: whether Windows uses it, for what, and what may bring it back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .._cryptography import x509
from .._errors import TlsOpsError
from .._model.stores import StoreCopy, Stores
from .._x509.certificate import Certificate
from .blob import DISALLOWED_SINCE, DISALLOWED_USAGES, NO_USAGES, NOT_BEFORE, NOT_BEFORE_USAGES, USAGES, Blob

SERVER_AUTH = "1.3.6.1.5.5.7.3.1"
_ANY = "2.5.29.37.0"

_NAMES = {
    SERVER_AUTH: "serverAuth",
    "1.3.6.1.5.5.7.3.2": "clientAuth",
    "1.3.6.1.5.5.7.3.3": "codeSigning",
    "1.3.6.1.5.5.7.3.4": "emailProtection",
    "1.3.6.1.5.5.7.3.5": "ipsecEndSystem",
    "1.3.6.1.5.5.7.3.6": "ipsecTunnel",
    "1.3.6.1.5.5.7.3.7": "ipsecUser",
    "1.3.6.1.5.5.7.3.8": "timeStamping",
    "1.3.6.1.5.5.7.3.9": "OCSPSigning",
    _ANY: "any",
}

_COMES_BACK = {
    "AuthRoot": "automatic update: Windows may enable or fetch it again at the next chain building (KB 2831004)",
    "Enterprise": "Active Directory: published roots are written again at start-up, every 8 hours, with Group Policy",
    "Policies": "Group Policy: its roots are written again at every policy refresh",
}


def roots(stores: Stores) -> tuple[StoreCopy, ...]:
    """Every copy in the logical store Root, whatever the physical one."""
    return tuple(copy for copy in stores.copies if copy.store == "Root")


def disallowed(stores: Stores) -> frozenset[str]:
    """Thumbprints of what lies in Disallowed: stronger than any usage (Chromium, trust_store_win.cc)."""
    return frozenset(copy.certificate.thumbprint for copy in stores.copies if copy.store == "Disallowed")


def is_disabled(copy: StoreCopy) -> bool:
    """Whether this copy is disabled for all purposes."""
    return Blob.parse(copy.blob).usages == ()


def disable(blob: bytes) -> bytes:
    """The Blob with "disable all purposes for this certificate", everything else as it was."""
    return Blob.parse(blob).with_property(USAGES, NO_USAGES).encode()


def enable_all(blob: bytes) -> bytes:
    """The Blob with "enable all purposes for this certificate", everything else as it was."""
    return Blob.parse(blob).without_property(USAGES).encode()


def serves(copies: Iterable[StoreCopy], at: datetime, leaf: Certificate | None = None) -> bool:
    """Whether the copies of one root allow server authentication, for ``leaf`` where one is given.

    Windows unions the usages of all copies: one enabled copy is enough (Chromium, trust_store_win.cc).
    """
    return any(_serves(copy, at, leaf) for copy in copies)


def _serves(copy: StoreCopy, at: datetime, leaf: Certificate | None) -> bool:
    blob = Blob.parse(copy.blob)
    extension = copy.certificate.extension(x509.ExtendedKeyUsage)
    own = [oid.dotted_string for oid in extension] if isinstance(extension, x509.ExtendedKeyUsage) else None
    # Effective use is what both the extension and the property allow (sdk-api, CertGetEnhancedKeyUsage).
    if not (_allows(blob.usages, SERVER_AUTH) and _allows(own, SERVER_AUTH)):
        return False
    since = blob.moment(DISALLOWED_SINCE)  # present and empty (VeriSign G5) has no documented meaning: left enabled
    if SERVER_AUTH in (_oids(blob, DISALLOWED_USAGES) or ()) or (since is not None and since <= at):
        return False
    return leaf is None or not _too_new(blob, leaf)


def _too_new(blob: Blob, leaf: Certificate) -> bool:
    """Microsoft's NotBefore: certificates issued later are not trusted for these usages."""
    limit = blob.moment(NOT_BEFORE)
    if limit is None or leaf.not_before < limit:
        return False
    usages = _oids(blob, NOT_BEFORE_USAGES)
    return usages is None or SERVER_AUTH in usages


def _allows(usages: Iterable[str] | None, usage: str) -> bool:
    return usages is None or not {usage, _ANY}.isdisjoint(usages)


def _oids(blob: Blob, number: int) -> tuple[str, ...] | None:
    """Microsoft's own levers; one that cannot be read changes nothing."""
    try:
        return blob.oids(number)
    except TlsOpsError:
        return None


def state(copy: StoreCopy) -> str:
    """``enabled`` (all purposes, or some with server authentication), ``restricted`` (others only) or ``disabled``."""
    usages = Blob.parse(copy.blob).usages
    if usages == ():
        return "disabled"
    return "enabled" if _allows(usages, SERVER_AUTH) else "restricted"


def allowed(blob: bytes) -> list[str] | None:
    """The allowed usages by name, or as dotted numbers: None is all of them, an empty list none."""
    usages = Blob.parse(blob).usages
    return None if usages is None else [_NAMES.get(usage, usage) for usage in usages]


def describe(blob: bytes) -> str:
    """The allowed usages in words, for a diff."""
    usages = allowed(blob)
    if usages is None:
        return "allowed usages: all"
    return "allowed usages: " + (", ".join(usages) or "none (disabled for all purposes)")


def comes_back(copies: Iterable[StoreCopy], automatic_update: bool, programme: bool = False) -> list[str]:
    """Why Windows may undo what was done to a root: the reasons that apply to its copies on this machine.

    ``programme``: the root is known to be one of Microsoft's programme, so automatic update may add a copy.
    """
    there = {copy.physical for copy in copies}
    if programme:
        there.add("AuthRoot")
    if not automatic_update:
        there.discard("AuthRoot")
    return [text for physical, text in _COMES_BACK.items() if physical in there]
