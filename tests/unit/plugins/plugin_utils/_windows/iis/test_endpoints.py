# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import IIS_APP_ID, Record
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.endpoints import (
    entry,
    foreign_program,
    from_entry,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.iis_host import OLD, Host, iis

ADFS = "{5d89a20c-beab-4389-9447-324788eb944a}"
OTHER = "{11111111-2222-3333-4444-555555555555}"


def endpoints(host: Host) -> dict[str, Endpoint]:
    return {each.selector: each for each in host.web().endpoints}


def test_every_record_and_every_binding() -> None:
    bindings = [("https", "*:443:", 0), ("https", "10.0.0.1:443:", 0), ("https", "*:443:a.example.com", 1)]
    records = {"ipport=0.0.0.0:443": iis(), "ipport=[::]:443": iis(), "hostnameport=A.example.com:443": iis("CC" * 20)}
    found = endpoints(Host({"A": ("started", bindings), "B": ("started", bindings[:1])}, records))
    assert list(found) == [*records, "ipport=10.0.0.1:443"]
    assert [each.owner for each in found.values()] == ["iis"] * 4
    assert found["ipport=0.0.0.0:443"].sites == found["ipport=[::]:443"].sites == ("A", "B")
    sni = found["hostnameport=A.example.com:443"]
    assert (sni.host, sni.address, sni.sites, sni.thumbprint) == ("a.example.com", "0.0.0.0", ("A",), "CC" * 20)
    missing = found["ipport=10.0.0.1:443"]
    assert (missing.thumbprint, missing.settings, missing.address) == ("", {}, "10.0.0.1")


@pytest.mark.parametrize(
    ("selector", "record", "bound", "owner"),
    [
        ("ipport=0.0.0.0:443", iis(), True, "iis"),
        ("ipport=0.0.0.0:443", iis(app_id=OTHER), True, "iis"),
        ("ipport=0.0.0.0:443", iis(), False, "unbound"),
        ("ipport=0.0.0.0:443", iis(app_id=ADFS.upper()), True, "foreign"),
        ("ipport=0.0.0.0:8172", Record(OLD), True, "foreign"),
        ("ipport=0.0.0.0:8172", iis(), True, "iis"),
        ("ipport=0.0.0.0:5986", Record(OLD), False, "foreign"),
        ("ccs=443", iis(""), True, "central_store"),
    ],
)
def test_owner(selector: str, record: Record, bound: bool, owner: str) -> None:
    port = selector.rpartition(":")[2] if ":" in selector else "443"
    flags = 2 if owner == "central_store" else 0
    host = Host({"A": ("started", [("https", f"*:{port}:", flags)])} if bound else {}, {selector: record})
    assert endpoints(host)[selector].owner == owner


def test_central_store_without_a_record() -> None:
    found = endpoints(Host({"A": ("started", [("https", "*:443:a.example.com", 3), ("https", "*:443:b", 3)])}))
    assert [(each.selector, each.owner, each.host) for each in found.values()] == [("ccs=443", "central_store", "")]


def test_foreign_programs_have_names() -> None:
    assert foreign_program(ADFS, 443) == "AD FS"
    assert foreign_program("{D7D72267-FCF9-4424-9EEC-7E1D8DCEC9A9}", 443) == "the IIS management service (WMSVC)"
    assert foreign_program(OTHER, 443) == ""


@pytest.mark.parametrize(
    ("selector", "app_id", "bound", "program"),
    [
        ("ipport=0.0.0.0:443", ADFS, False, "AD FS"),
        ("ipport=0.0.0.0:8172", OTHER, False, "the IIS management service (WMSVC)"),
        ("ipport=0.0.0.0:443", OTHER, False, ""),
        ("ipport=0.0.0.0:443", OTHER, True, "IIS"),
        ("ipport=0.0.0.0:443", IIS_APP_ID, False, "IIS"),
        ("ccs=443", OTHER, False, "IIS"),
    ],
)
def test_whose_a_record_is(selector: str, app_id: str, bound: bool, program: str) -> None:
    host = Host({"A": ("started", [("https", "*:443:", 0)])} if bound else {}, {selector: iis(app_id=app_id)})
    assert endpoints(host)[selector].program == program


def test_entry_and_back() -> None:
    record = iis(OLD, flags=0x11, ctl_store="日本")
    host = Host({"A": ("started", [("https", "*:443:", 0)])}, {"ipport=0.0.0.0:443": record})
    (before,) = host.web().endpoints
    text = entry(before)
    assert text.isascii()
    after = from_entry(text)
    assert (after.selector, after.thumbprint, after.settings) == (before.selector, OLD, before.settings)


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"selector": 1}', "[" * 5000])
def test_broken_entries(text: str) -> None:
    with pytest.raises(TlsOpsError, match="journal entry"):
        from_entry(text)


@given(st.text(max_size=30))
def test_hostile_entries(text: str) -> None:
    with contextlib.suppress(TlsOpsError):
        from_entry(text)
