# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding, Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._info_web import (
    host_facts,
    names_by_record,
    owner,
    records,
    sites,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.endpoints import endpoints
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7, Problem

from tests.unit.info_host import LEAF, SETTINGS, endpoint, site, snapshot
from tests.unit.mint import NOW


def web(*bindings: tuple[str, int], **changes: Any) -> Iis7:
    return Iis7((site(*bindings),), **changes)


def test_facts_of_the_host() -> None:
    facts = host_facts(snapshot())
    assert (facts["build"], facts["clock_difference"], facts["iis_version"]) == (20348, 2.0, "10.0")
    assert str(host_facts(snapshot(read_at=NOW + timedelta(milliseconds=9)))["clock_difference"]) == "0.0"
    assert host_facts(snapshot(read_at=None))["clock_difference"] is None


def test_flags_by_name_and_those_that_have_none() -> None:
    one = snapshot(web=web(("*:443:www.example.com", 0x1 | 0x20 | 0x400)))
    (binding,) = sites(one)[0]["bindings"]
    assert (binding["ssl_flags"], binding["flags"]) == (0x421, ["sni", "disable_tls13", "0x400"])


def test_a_record_with_every_value() -> None:
    made = endpoint(settings={**SETTINGS, "flags": 2, "unknown": ["New (DWord, 4 bytes)"]})
    (record,) = records(snapshot(web=Iis7(known_endpoints=(made,))))
    assert (record["thumbprint"], record["owner"], record["flags"]) == (LEAF.thumbprint, "IIS", 2)
    assert record["unknown"] == ["New (DWord, 4 bytes)"]
    assert record.keys() >= SETTINGS.keys()


def test_a_binding_without_a_record_is_no_record() -> None:
    assert records(snapshot(web=Iis7(known_endpoints=(endpoint(""),)))) == []


@pytest.mark.parametrize(
    ("kind", "program", "whose"),
    [("iis", "", "IIS"), ("foreign", "AD FS", "AD FS"), ("unbound", "", ""), ("unbound", "IIS", "IIS")],
)
def test_owners(kind: Any, program: str, whose: str) -> None:
    assert owner(endpoint(owner=kind, program=program)) == whose


def test_sites_that_are_not_known_are_none() -> None:
    unknown = snapshot(web=Iis7(problem=Problem("IIS 6.0.")))
    assert sites(unknown) == records(unknown) == []


def test_names_by_the_record_that_answers() -> None:
    own = site(("*:443:a.example", 0), ("*:443:b.example", 1), ("*:443:b.example", 1), ("*:444:", 0))
    assert names_by_record(Iis7((own,), endpoints({}, (own,)))) == {
        "ipport=0.0.0.0:443": ["a.example"],
        "hostnameport=b.example:443": ["b.example"],
        "ipport=0.0.0.0:444": [],
    }


def test_a_site_that_is_itself_the_endpoint_shows_nothing_of_http_sys() -> None:
    """As on IIS 6.0: no record, so no values of one."""
    site_itself = Endpoint("metabase=W3SVC/1", "0.0.0.0", 443, "", ("Shop",), "iis", "ab" * 20, inherited_from="W3SVC")
    assert records(snapshot(web=Iis7(known_endpoints=(site_itself,)))) == [
        {
            "selector": "metabase=W3SVC/1",
            "address": "0.0.0.0",
            "port": 443,
            "host": "",
            "sites": ["Shop"],
            "owner": "IIS",
            "thumbprint": "AB" * 20,
            "store": "MY",
            "inherited_from": "W3SVC",
        }
    ]


def test_other_protocols_are_told_too() -> None:
    other = Site("7", "mixed", "stopped", (Binding("net.tcp", "808:*"),))
    (told,) = sites(snapshot(web=Iis7((other,))))
    assert (told["id"], told["state"], told["bindings"][0]["protocol"]) == ("7", "stopped", "net.tcp")
