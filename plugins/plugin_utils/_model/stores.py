# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate stores of a machine as values."""

from __future__ import annotations

import dataclasses

from .._x509.certificate import Certificate


@dataclasses.dataclass(frozen=True)
class StoreCopy:
    """One certificate as it lies in one physical store in the registry.

    ``key`` is the registry key that holds the value ``Blob`` (it ends in the thumbprint); ``store`` is the logical
    store (``Root``, ``CA``, ``Disallowed``); ``physical`` one of ``Registry``, ``AuthRoot``, ``Policies``,
    ``Enterprise``, ``System`` (SYSTEM's own). ``blob`` holds every byte that was there.
    """

    key: str
    store: str
    physical: str
    blob: bytes
    certificate: Certificate


@dataclasses.dataclass(frozen=True)
class Stores:
    """Roots, intermediates and the disallowed; ``automatic_update`` is the root programme's switch."""

    copies: tuple[StoreCopy, ...]
    automatic_update: bool
    unreadable: tuple[str, ...] = ()  # registry keys whose Blob could not be understood; reported, never touched


@dataclasses.dataclass(frozen=True)
class PersonalCertificate:
    """A certificate of MY, WebHosting or REQUEST with what is known of its key.

    ``exportable`` is None where the system could not say. ``key_spec`` is 0 for CNG keys. ``access`` is the list of who
    may use the key, as SDDL (``D:...``), empty where it could not be read.
    In REQUEST the certificate is the dummy that holds a pending request's key (win32 docs, ICEnroll RequestStoreName).
    """

    store: str
    certificate: Certificate
    has_private_key: bool
    exportable: bool | None = None
    friendly_name: str = ""
    archived: bool = False
    provider: str = ""
    container: str = ""
    key_spec: int = 0
    access: str = ""
