# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host for the tests of tls_info: a site by name and one by address below a root with a cross certificate."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding, Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import IIS_APP_ID, Record
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7

from tests.unit.mint import NOW, Minted, mint
from tests.unit.root_host import HOST
from tests.unit.shelves import stores

ROOT = mint("Plain Root", ca=True)
ISSUING = mint("Issuing CA", issuer=ROOT, ca=True)
LEAF = mint("www.example.com", issuer=ISSUING, names=["www.example.com", "192.0.2.1"])
SETTINGS = Record(app_id=IIS_APP_ID).settings()
CNG = "Microsoft Software Key Storage Provider"


def leaf(**changes: Any) -> Minted:
    return mint("www.example.com", issuer=ISSUING, names=["www.example.com"], **changes)


def personal(one: Minted = LEAF, store: str = "MY", **changes: Any) -> PersonalCertificate:
    made = PersonalCertificate(store, one.certificate, True, exportable=True, friendly_name="this year", provider=CNG)
    return dataclasses.replace(made, **changes)


def site(*bindings: tuple[str, int], name: str = "www") -> Site:
    return Site("1", name, "started", tuple(Binding("https", *each) for each in bindings))


def endpoint(one: Minted | str = LEAF, selector: str = "ipport=0.0.0.0:443", **changes: Any) -> Endpoint:
    thumbprint = one if isinstance(one, str) else one.thumbprint
    settings = SETTINGS if thumbprint else {}
    made = Endpoint(selector, "0.0.0.0", 443, "", ("www",), "iis", thumbprint.lower(), settings=settings)
    return dataclasses.replace(made, **changes)


def snapshot(**changes: Any) -> Snapshot:
    """A sound host; ``web`` may be given as endpoints."""
    made = Snapshot(
        host=HOST,
        journal=Journal(),
        stores=stores((ROOT,), (ISSUING,)),
        personal=(personal(),),
        web=Iis7((site(("*:443:", 0)),), (endpoint(),), version="10.0"),
        read_at=NOW - timedelta(seconds=2),
    )
    return dataclasses.replace(made, **changes)
