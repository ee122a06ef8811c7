# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import NoMatch, TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._site import thumbprint_of

from tests.unit.root_host import HOST, Web

SITES = (Site("1", "Shop", "started", ()), Site("2", "Renewal", "stopped", ()))
CENTRAL = Endpoint("ccs=443", "0.0.0.0", 443, "", ("Shop",), "central_store", "")


def snapshot(*endpoints: Endpoint) -> Snapshot:
    return Snapshot(HOST, Journal(), web=Web(endpoints, SITES))  # type: ignore[arg-type]


@pytest.mark.parametrize("site", ["Shop", "renewal"])
def test_the_hint_is_that_of_the_step(site: str) -> None:
    with pytest.raises(TlsOpsError, match="no certificate is attached") as error:
        thumbprint_of(snapshot(CENTRAL), site, otherwise="Do this.")
    assert error.value.hint == "Do this."
    assert ("central certificate store" in error.value.message) is (site == "Shop")


def test_a_host_without_iis() -> None:
    with pytest.raises(NoMatch, match="no IIS") as error:
        thumbprint_of(dataclasses.replace(snapshot(), web=None), "Shop", otherwise="Do this.")
    assert error.value.hint == "Do this."
