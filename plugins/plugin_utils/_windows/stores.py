# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where a machine's roots, intermediates and disallowed certificates lie in the registry, and what was read there."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from .._batch.operation import Answer, Operation
from .._batch.operations import reg_read
from .._batch.payload import RegistryValue, reg_dword, registry
from .._errors import TlsOpsError
from .._model.stores import StoreCopy, Stores
from .._x509.certificate import Certificate
from .blob import Blob

VALUE = "Blob"


@dataclasses.dataclass(frozen=True)
class Place:
    """One physical store: ``key`` holds a subkey per certificate, named by its thumbprint."""

    store: str
    physical: str
    key: str


# win32 docs, "System Store Locations" and "Certificate Store Migration". Group Policy and Enterprise are physical
# stores of the machine's Root and CA; services that run as SYSTEM also see SYSTEM's own.
MACHINE = r"HKLM\SOFTWARE\Microsoft\SystemCertificates"
_POLICIES = r"HKLM\SOFTWARE\Policies\Microsoft\SystemCertificates"
_ENTERPRISE = r"HKLM\SOFTWARE\Microsoft\EnterpriseCertificates"
_SYSTEM = r"HKU\S-1-5-18\SOFTWARE\Microsoft\SystemCertificates"

PLACES = (
    Place("Root", "Registry", rf"{MACHINE}\ROOT\Certificates"),
    Place("Root", "AuthRoot", rf"{MACHINE}\AuthRoot\Certificates"),
    Place("Root", "Policies", rf"{_POLICIES}\Root\Certificates"),
    Place("Root", "Enterprise", rf"{_ENTERPRISE}\Root\Certificates"),
    Place("Root", "System", rf"{_SYSTEM}\Root\Certificates"),
    Place("CA", "Registry", rf"{MACHINE}\CA\Certificates"),
    Place("CA", "Policies", rf"{_POLICIES}\CA\Certificates"),
    Place("CA", "Enterprise", rf"{_ENTERPRISE}\CA\Certificates"),
    Place("CA", "System", rf"{_SYSTEM}\CA\Certificates"),
    Place("Disallowed", "Registry", rf"{MACHINE}\Disallowed\Certificates"),
    Place("Disallowed", "Policies", rf"{_POLICIES}\Disallowed\Certificates"),
    Place("Disallowed", "Enterprise", rf"{_ENTERPRISE}\Disallowed\Certificates"),
    Place("Disallowed", "System", rf"{_SYSTEM}\Disallowed\Certificates"),
)
INTERMEDIATES = next(place.key for place in PLACES if (place.store, place.physical) == ("CA", "Registry"))
ROOTS = next(place.key for place in PLACES if (place.store, place.physical) == ("Root", "Registry"))
DISALLOWED = next(place.key for place in PLACES if (place.store, place.physical) == ("Disallowed", "Registry"))

# The root programme's switch (ADMX CertMgr_DisableAutoRootUpdates).
_SWITCH_KEY = rf"{_POLICIES}\AuthRoot"
_SWITCH = "DisableRootAutoUpdate"


def operations() -> tuple[Operation, ...]:
    """What to ask; ``parse`` reads the answers in this order."""
    places = tuple(reg_read(place.key, depth=1, value=VALUE) for place in PLACES)
    return (*places, reg_read(_SWITCH_KEY, depth=0, value=_SWITCH))


def parse(answers: Sequence[Answer]) -> Stores:
    """Raises TlsOpsError where a store is there and could not be read: what it holds decides what is trusted."""
    copies: list[StoreCopy] = []
    unreadable: list[str] = []
    for place, answer in zip(PLACES, answers[:-1], strict=True):
        for name, values in _subkeys(answer, place.key):
            copy = _copy(place, name, values)
            if copy is None:
                unreadable.append(rf"{place.key}\{name}")
            else:
                copies.append(copy)
    return Stores(tuple(copies), _automatic_update(answers[-1]), tuple(unreadable))


def copy_from(key: str, blob: bytes) -> StoreCopy:
    """The copy that ``blob`` makes at a registry key of one of the places. Raises TlsOpsError where it makes none."""
    parent, _other, name = key.rpartition("\\")
    place = next((place for place in PLACES if place.key.casefold() == parent.casefold()), None)
    if place is None:
        raise TlsOpsError(f"{key} is no key of a certificate store that is known here.")
    certificate = Certificate(Blob.parse(blob).certificate)
    if certificate.thumbprint != name.upper():
        raise TlsOpsError(f"the Blob of {key} holds another certificate ({certificate.thumbprint}).")
    return StoreCopy(key, place.store, place.physical, blob, certificate)


def with_blob(stores: Stores, key: str, blob: bytes) -> Stores:
    """The stores once the Blob at ``key`` is as given; a copy that was not there is added."""
    new = copy_from(key, blob)
    if not any(_same(copy.key, key) for copy in stores.copies):
        return dataclasses.replace(stores, copies=(*stores.copies, new))
    copies = tuple(dataclasses.replace(copy, blob=blob) if _same(copy.key, key) else copy for copy in stores.copies)
    return dataclasses.replace(stores, copies=copies)


def without(stores: Stores, key: str) -> Stores:
    """The stores once the copy at ``key`` is gone."""
    return dataclasses.replace(stores, copies=tuple(copy for copy in stores.copies if not _same(copy.key, key)))


def with_intermediate(stores: Stores, certificate: Certificate) -> Stores:
    """The stores once the certificate lies in the machine's CA store."""
    return _with_new(stores, INTERMEDIATES, certificate)


def with_root(stores: Stores, certificate: Certificate) -> Stores:
    """The stores once the certificate lies in the machine's Root store."""
    return _with_new(stores, ROOTS, certificate)


def with_disallowed(stores: Stores, certificate: Certificate) -> Stores:
    """The stores once the certificate lies in the machine's Disallowed store."""
    return _with_new(stores, DISALLOWED, certificate)


def _with_new(stores: Stores, parent: str, certificate: Certificate) -> Stores:
    key = rf"{parent}\{certificate.thumbprint}"
    if any(_same(copy.key, key) for copy in stores.copies):
        return stores
    return with_blob(stores, key, Blob.of(certificate.der).encode())


def _same(one: str, other: str) -> bool:
    """Registry key names compare without case."""
    return one.casefold() == other.casefold()


def _subkeys(answer: Answer, key: str) -> Iterator[tuple[str, Mapping[str, RegistryValue]]]:
    if answer.missing:
        return
    if not answer.ok:
        raise TlsOpsError(f"cannot read {key}: {answer.describe()}.", hint="Run with an administrator's full token.")
    for name, values in registry(answer.payload).items():
        if name:
            yield name, values


def _copy(place: Place, name: str, values: Mapping[str, RegistryValue]) -> StoreCopy | None:
    value = values.get(VALUE)
    if value is None or value.kind != "Binary":
        return None
    try:
        copy = copy_from(rf"{place.key}\{name}", value.data)
        # What later decides is read once here: old roots hold names and keys that a library refuses.
        _other = (
            Blob.parse(copy.blob).usages,
            copy.certificate.subject,
            copy.certificate.issuer,
            copy.certificate.not_after,
        )
    except (TlsOpsError, ValueError):
        return None
    return copy


def _automatic_update(answer: Answer) -> bool:
    """On unless switched off: an error or a missing value leaves the default."""
    if not answer.ok:
        return True
    values = registry(answer.payload).get("", {})
    switch = next((value for name, value in values.items() if _same(name, _SWITCH)), None)
    return switch is None or switch.data != reg_dword(1)
