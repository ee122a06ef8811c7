# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
import copy
import json

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Repaired
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.entry6 import entry, from_entry
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.metabase import Value
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.iis6_host import NEW, OLD, SELECTOR, SITE, Host, Node, site

VALUES = {"SSLCertHash": Value("binary", bytes.fromhex(OLD)), "SSLStoreName": Value("text", b"MY", True)}
TEXT = entry(SELECTOR, VALUES)
INHERITED = entry(SELECTOR, {"SSLCertHash": Value("binary", bytes.fromhex(OLD), True)})
STORED = frozenset({("my", OLD)})


def settled(host: Host, repaired: Repaired) -> None:
    """The change, and what closes it behind the proofs."""
    assert all(each.ok for each in host.batch(repaired.change.operations))
    assert all(host.execute(each).ok for each in repaired.change.closing)


def with_site(node: Node | None, text: str = TEXT) -> Host:
    return Host({"W3SVC": {}} | ({SITE: node} if node else {}), journal={SELECTOR: text})


def test_an_entry_is_read_as_it_was_written() -> None:
    assert from_entry(TEXT) == (SELECTOR, VALUES)
    assert from_entry(INHERITED)[1].keys() == {"SSLCertHash"}


def test_a_site_that_holds_a_certificate_is_proven_first() -> None:
    host = with_site(site())
    host.nodes[SITE] = site(certificate=NEW)  # written, and not saved
    found = host.web().repaired(SELECTOR, TEXT, STORED)
    assert (found.change.operations, found.change.where, found.warnings) == ((), f"journal {SELECTOR}", ())
    settled(host, found)
    assert (host.journal, host.disk) == ({}, host.nodes)
    host.undo(found.change.closing)
    assert host.journal == {SELECTOR: TEXT}


def test_a_site_without_its_certificate_gets_it_back() -> None:
    host = with_site(site(certificate="", store=""))
    found = host.web().repaired(SELECTOR, TEXT, STORED)
    assert [each.undo for each in found.change.operations] == [()] * 3
    assert found.change.permanent
    settled(host, found)
    assert (host.nodes, host.disk, host.journal) == ({"W3SVC": {}, SITE: site()}, host.nodes, {})
    assert found.web.endpoints == host.web().endpoints


def test_the_store_is_the_one_of_the_entry() -> None:
    text = entry(SELECTOR, {**VALUES, "SSLStoreName": Value("text", b"Shops")})
    host = with_site(site(certificate="", store=""), text)
    found = host.web().repaired(SELECTOR, text, frozenset({("shops", OLD)}))
    settled(host, found)
    assert host.nodes[SITE] == site(store="Shops")
    assert found.web.endpoints == host.web().endpoints


@pytest.mark.parametrize("node", [None, site(secure=())], ids=["no site", "no SecureBindings"])
def test_an_entry_that_nothing_needs_goes_at_once(node: Node | None) -> None:
    host = with_site(node)
    found = host.web().repaired(SELECTOR, TEXT, STORED)
    settled(host, found)
    assert found.change.operations
    assert host.journal == {}


@pytest.mark.parametrize(
    ("name", "text", "match"),
    [
        (SELECTOR, "rubbish", "not readable"),
        (SELECTOR, INHERITED, "was set above the site"),
        (SELECTOR, entry(SELECTOR, {"SSLCertHash": Value("binary", bytes.fromhex(NEW))}), "no longer in the store MY"),
        ("ipport=0.0.0.0:443", TEXT, "names no site of IIS 6.0"),
    ],
    ids=["rubbish", "inherited", "not stored", "another web server's"],
)
def test_what_is_left_to_a_person(name: str, text: str, match: str) -> None:
    web = with_site(site(certificate="")).web()
    with pytest.raises(TlsOpsError, match=match) as error:
        web.repaired(name, text, STORED)
    assert rf"the value '{name}' under HKLM\SOFTWARE\tlsops.windows\Undo\SslBinding" in error.value.hint
    assert "IIS Manager" in error.value.hint


RESTART = f"restart={SITE}"


@pytest.mark.parametrize("cut", range(6))
def test_a_site_that_was_to_be_started_anew_runs_after_the_next_run(cut: int) -> None:
    """Wherever its stop and its start were cut off."""
    host = Host()
    before = copy.deepcopy(host.nodes)
    for each in host.web().refresh(host.web().endpoints[0])[:cut]:
        assert host.execute(each).ok
    for name, text in list(host.journal.items()):
        repaired = host.web().repaired(name, text, STORED)
        assert bool(repaired.change.permanent) is (host.nodes != before)
        settled(host, repaired)
        assert repaired.web.sites == host.web().sites
    assert (host.nodes, host.disk, host.journal) == (before, before, {})


@pytest.mark.parametrize(
    ("nodes", "warned"),
    [
        ({"W3SVC": {}}, ""),
        ({"W3SVC": {}, SITE: site(state=4), "W3SVC/2": site("Other", (":443:",))}, "'Other' is started"),
    ],
    ids=["no such site", "taken"],
)
def test_a_site_that_cannot_be_started_again(nodes: dict[str, Node], warned: str) -> None:
    host = Host(nodes, journal={RESTART: "started"})
    repaired = host.web().repaired(RESTART, "started", STORED)
    assert warned in "".join(repaired.warnings)
    assert bool(warned) is bool(repaired.warnings)
    settled(host, repaired)
    assert (host.journal, host.did) == ({}, [])


def test_a_site_is_not_started_again_before_its_service() -> None:
    host = Host({"W3SVC": {}, SITE: site(state=4)}, {"IISADMIN": (4, 2), "HTTPFilter": (4, 3), "W3SVC": (1, 2)})
    with pytest.raises(TlsOpsError, match="'Shop' do not run"):
        host.web().repaired(RESTART, "started", STORED)


def test_stores_that_were_not_read_say_nothing() -> None:
    host = with_site(site(certificate=""))
    settled(host, host.web().repaired(SELECTOR, TEXT, None))
    assert host.nodes[SITE] == site()


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["selector", "values", "SSLCertHash", "SSLStoreName", "kind", "data", "inherited"]), inner
        )
    ),
)


@given(st.text(max_size=60) | _json.map(json.dumps))
def test_any_entry_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(TlsOpsError):
        assert from_entry(text)[1]["SSLCertHash"].binary is not None
