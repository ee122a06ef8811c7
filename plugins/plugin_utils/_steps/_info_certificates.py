# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``tls_info`` tells of certificates: each once, with the places where it lies and what uses it. Pure."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from .._cryptography import UnsupportedAlgorithm, ec, rsa
from .._errors import TlsOpsError
from .._model.consumers import Consumers
from .._model.snapshot import Snapshot
from .._model.stores import PersonalCertificate, StoreCopy, Stores
from .._windows.blob import FRIENDLY_NAME, Blob
from .._windows.personal import opens_cng
from .._windows.roots import allowed, disallowed, state
from .._windows.roots import roots as copies_in_root
from .._x509.certificate import Certificate
from ._info_web import consumers
from ._roots import endpoints_of


@dataclasses.dataclass(frozen=True)
class Held:
    """A certificate of a host: what MY, WebHosting and REQUEST say of it, and its copies in other stores."""

    certificate: Certificate
    personal: tuple[PersonalCertificate, ...] = ()
    copies: tuple[StoreCopy, ...] = ()

    @property
    def stores(self) -> list[str]:
        """The logical stores in which it lies, each once."""
        own, others = (one.store for one in self.personal), (copy.store for copy in self.copies)
        return list(dict.fromkeys((*own, *others)))

    @property
    def keyed(self) -> PersonalCertificate | None:
        """The entry that tells most of its key; None where no store says that it has one."""
        linked = [each for each in self.personal if each.has_private_key]
        return next((each for each in linked if each.provider), linked[0] if linked else None)


def held(snapshot: Snapshot) -> tuple[Held, ...]:
    """Every certificate that was read, once: the machine's own first."""
    personal: dict[Certificate, list[PersonalCertificate]] = {}
    copies: dict[Certificate, list[StoreCopy]] = {}
    for one in snapshot.personal or ():
        personal.setdefault(one.certificate, []).append(one)
    for copy in snapshot.stores.copies if snapshot.stores is not None else ():
        copies.setdefault(copy.certificate, []).append(copy)
    return tuple(
        Held(each, tuple(personal.get(each, ())), tuple(copies.get(each, ())))
        for each in dict.fromkeys((*personal, *copies))
    )


def certificates(snapshot: Snapshot) -> list[dict[str, Any]]:
    """One that no library can read is left out: a problem names it."""
    uses, known = _uses(snapshot), Consumers(consumers(snapshot))
    described = (_described(each, snapshot, uses, known) for each in held(snapshot))
    return [each for each in described if each is not None]


def unreadable(snapshot: Snapshot) -> list[str]:
    """Store and thumbprint of each that ``certificates`` leaves out."""
    missing = (each for each in held(snapshot) if _facts(each.certificate) is None)
    return [f"{each.stores[0]} {each.certificate.thumbprint}" for each in missing]


def _described(each: Held, snapshot: Snapshot, uses: Mapping[str, _Uses], known: Consumers) -> dict[str, Any] | None:
    facts = _facts(each.certificate)
    if facts is None:
        return None
    used = uses.get(each.certificate.thumbprint, _Uses())
    programs = known.of(each.certificate.thumbprint, each.certificate.sha256)
    return {
        **facts,
        "days_left": (each.certificate.not_after - snapshot.host.clock).days,
        "stores": each.stores,
        **_key(each, snapshot.host.clr_version),
        "friendly_name": _friendly_name(each),
        "archived": any(one.archived for one in each.personal),
        "sites": list(used.sites),
        "used_by": [*used.selectors, *dict.fromkeys(program.program for program in programs)],
    }


def _facts(certificate: Certificate) -> dict[str, Any] | None:
    """What the certificate itself says; None where a field cannot be read, as in some old roots."""
    try:
        algorithm, size = _public_key(certificate)
        return {
            "thumbprint": certificate.thumbprint,
            "sha256": certificate.sha256,
            "subject": certificate.subject_text,
            "names": [*_names(certificate), *certificate.ip_addresses],
            "issuer": certificate.issuer_text,
            "not_before": certificate.not_before.isoformat(),
            "not_after": certificate.not_after.isoformat(),
            "key_algorithm": algorithm,
            "key_size": size,
        }
    except (TlsOpsError, ValueError):
        return None


def _names(certificate: Certificate) -> tuple[str, ...]:
    """Of a CA the common name is no host."""
    return () if certificate.is_ca else certificate.dns_names


def _public_key(certificate: Certificate) -> tuple[str, int]:
    """Algorithm and size in bits; what cryptography does not know is ``other``."""
    try:
        key = certificate.parsed.public_key()
    except (ValueError, UnsupportedAlgorithm):
        return "other", 0
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return "ECDSA", key.key_size
    return "other", 0


def _key(each: Held, clr_version: str) -> dict[str, Any]:
    one = each.keyed
    return {
        "has_private_key": one is not None,
        "key_usable": None if one is None else usable(one, clr_version),
        "exportable": None if one is None else one.exportable,
        "provider": "" if one is None else one.provider,
        "key_spec": 0 if one is None else one.key_spec,
    }


def usable(one: PersonalCertificate, clr_version: str) -> bool | None:
    """Whether the key opened; None where this .NET opens no CNG key, so that nothing is known of one.

    Only an opened key tells its provider (``store_read``).
    """
    if one.provider:
        return True
    return False if opens_cng(clr_version) else None


def _friendly_name(each: Held) -> str:
    names = (*(one.friendly_name for one in each.personal), *map(_property, each.copies))
    return next(filter(None, names), "")


def _property(copy: StoreCopy) -> str:
    """Empty where the Blob holds no name, or several."""
    with contextlib.suppress(TlsOpsError):
        return (Blob.parse(copy.blob).get(FRIENDLY_NAME) or b"").decode("utf-16-le", "replace").rstrip("\0")
    return ""


@dataclasses.dataclass
class _Uses:
    selectors: dict[str, None] = dataclasses.field(default_factory=dict)
    sites: dict[str, None] = dataclasses.field(default_factory=dict)


def _uses(snapshot: Snapshot) -> dict[str, _Uses]:
    """The endpoints that hold a certificate, and their sites, by thumbprint."""
    found: dict[str, _Uses] = {}
    for endpoint in endpoints_of(snapshot):
        if endpoint.thumbprint:
            uses = found.setdefault(endpoint.thumbprint.upper(), _Uses())
            uses.selectors[endpoint.selector] = None
            uses.sites |= dict.fromkeys(endpoint.sites)
    return found


def roots(snapshot: Snapshot) -> list[dict[str, Any]]:
    """Every root, with what each of its copies is allowed for."""
    stores = snapshot.stores or Stores((), automatic_update=True)
    by_root: dict[str, list[StoreCopy]] = {}
    for copy in copies_in_root(stores):
        by_root.setdefault(copy.certificate.thumbprint, []).append(copy)
    forbidden = disallowed(stores)
    return [_root(thumbprint, copies, thumbprint in forbidden) for thumbprint, copies in by_root.items()]


def _root(thumbprint: str, copies: Iterable[StoreCopy], forbidden: bool) -> dict[str, Any]:
    return {
        "thumbprint": thumbprint,
        "label": next(iter(copies)).certificate.label,
        "disallowed": forbidden,
        "copies": [
            {"physical": copy.physical, "state": state(copy), "allowed_usages": allowed(copy.blob)} for copy in copies
        ],
    }
