# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stores built in memory, as the double and the tests of the steps need them."""

from __future__ import annotations

import pathlib
import warnings
from collections.abc import Iterable

from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import StoreCopy, Stores
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import USAGES, Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.stores import PLACES, copy_from
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.unit.mint import Minted

DATA = pathlib.Path("tests/data/windows")


def real(name: str) -> Certificate:
    """A public certificate of ``tests/data/windows/certs``."""
    text = (DATA / "certs" / f"{name}.pem").read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Certificate(x509.load_pem_x509_certificate(text).public_bytes(Encoding.DER))


def key_of(physical: str, certificate: Certificate, store: str = "Root") -> str:
    place = next(place for place in PLACES if (place.store, place.physical) == (store, physical))
    return rf"{place.key}\{certificate.thumbprint}"


def copy(
    certificate: Certificate | Minted, physical: str = "Registry", store: str = "Root", usages: bytes | None = None
) -> StoreCopy:
    """A copy with ``usages`` as property 9 (None: no such property)."""
    plain = certificate.certificate if isinstance(certificate, Minted) else certificate
    blob = Blob.of(plain.der).with_property(11, "名前\0".encode("utf-16-le"))
    if usages is not None:
        blob = blob.with_property(USAGES, usages)
    return copy_from(key_of(physical, plain, store), blob.encode())


def stores(
    roots: Iterable[Certificate | Minted] = (),
    intermediates: Iterable[Certificate | Minted] = (),
    *copies: StoreCopy,
    automatic_update: bool = False,
) -> Stores:
    """Roots in the machine's Root, intermediates in its CA store, and ``copies`` as given."""
    made = [copy(each) for each in roots] + [copy(each, store="CA") for each in intermediates]
    return Stores((*made, *copies), automatic_update)
