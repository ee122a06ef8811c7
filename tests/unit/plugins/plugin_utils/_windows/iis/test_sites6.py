# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib
from collections.abc import Sequence

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.place import Place
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.metabase import Nodes, Value
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.sites6 import (
    endpoint,
    in_the_way,
    path_named,
    sites,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.iis6_host import OLD, Node, site


def found(*own: Node) -> Nodes:
    nodes: Nodes = {"W3SVC": {}}
    for number, node in enumerate(own, 1):
        nodes[f"W3SVC/{number}"] = {name: Value(kind, data) for name, (kind, data) in node.items()}
    return nodes


def test_a_site() -> None:
    (one,) = sites(found(site(plain=(":80:", "10.0.0.1:80:shop.example.jp"))), running=True)
    assert (one.identifier, one.name, one.state) == ("1", "Shop", "started")
    assert one.bindings == (
        Binding("http", ":80:"),
        Binding("http", "10.0.0.1:80:shop.example.jp"),
        Binding("https", ":443:"),
    )


@pytest.mark.parametrize(
    ("comments", "names"),
    [
        (("Shop", "Other"), ("Shop", "Other")),
        (("Shop", "shop"), ("Shop (W3SVC/1)", "shop (W3SVC/2)")),
        (("", "Shop", " "), ("W3SVC/1", "Shop", "W3SVC/3")),
        (("W3SVC/2", ""), ("W3SVC/2 (W3SVC/1)", "W3SVC/2 (W3SVC/2)")),
        (
            ("Shop", "Shop", "Shop (W3SVC/1)"),
            ("Shop (W3SVC/1) (W3SVC/1)", "Shop (W3SVC/2)", "Shop (W3SVC/1) (W3SVC/3)"),
        ),
    ],
    ids=["apart", "alike", "without", "like a number", "like a made one"],
)
def test_each_site_has_a_name_of_its_own(comments: Sequence[str], names: Sequence[str]) -> None:
    assert tuple(each.name for each in sites(found(*map(site, comments)), running=True)) == tuple(names)


@given(st.lists(st.sampled_from(["", "a", "A", "a (W3SVC/1)", "W3SVC/2", "a (W3SVC/2)"]), max_size=8))
def test_names_are_never_the_same(comments: list[str]) -> None:
    names = [each.name.casefold() for each in sites(found(*map(site, comments)), running=True)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("number", "state"),
    [(1, "starting"), (2, "started"), (3, "stopping"), (4, "stopped"), (5, "unknown"), (6, "unknown"), (9, "unknown")],
)
def test_states(number: int, state: str) -> None:
    assert sites(found(site(state=number)), running=True)[0].state == state
    assert sites(found(site(state=number)), running=False)[0].state == "stopped"


def test_sites_are_in_the_order_of_their_numbers() -> None:
    many = found(*(site(f"S{number}") for number in range(1, 12)))
    many["W3SVC/Filters"] = {}
    many = dict(sorted(many.items()))
    assert [each.identifier for each in sites(many, running=True)] == [str(number) for number in range(1, 12)]


def test_one_endpoint_a_site_with_secure_bindings() -> None:
    nodes = found(site(secure=("10.0.0.1:444:", ":443:")), site("Bare", secure=()), site("Odd", secure=("nonsense",)))
    one, bare, odd = sites(nodes, running=True)
    made = endpoint(one, nodes)
    assert made
    assert (made.selector, made.address, made.port, made.host) == ("metabase=W3SVC/1", "10.0.0.1", 444, "")
    assert (made.sites, made.owner, made.thumbprint, made.store) == (("Shop",), "iis", OLD, "MY")
    assert (made.settings, made.inherited_from, made.program) == ({}, "", "IIS")
    assert endpoint(bare, nodes) is endpoint(odd, nodes) is None


def test_where_a_certificate_comes_from() -> None:
    nodes = found(site(certificate="", store=""))
    above = Value("binary", bytes.fromhex(OLD), True)
    nodes["W3SVC/1"]["SSLCertHash"] = above
    (one,) = sites(nodes, running=True)
    for value, origin in ((Value("binary", above.data), "W3SVC"), (above, "the metabase above W3SVC")):
        nodes["W3SVC"]["SSLCertHash"] = value
        made = endpoint(one, nodes)
        assert made
        assert (made.thumbprint, made.store, made.inherited_from) == (OLD, "MY", origin)


def test_what_is_no_thumbprint_is_refused() -> None:
    nodes = found(site(certificate="AB"))
    with pytest.raises(TlsOpsError, match="something else than a thumbprint for metabase=W3SVC/1"):
        endpoint(sites(nodes, running=True)[0], nodes)


@pytest.mark.parametrize(
    "name", ["ipport=0.0.0.0:443", "metabase=W3SVC", "metabase=W3SVC/x", "metabase=MSFTPSVC/1", "x"]
)
def test_a_selector_of_something_else(name: str) -> None:
    with pytest.raises(TlsOpsError, match=r"names no site of IIS 6\.0"):
        path_named(name)


@given(st.text(max_size=30))
def test_any_selector_is_read_or_refused(name: str) -> None:
    with contextlib.suppress(TlsOpsError):
        assert path_named(name).startswith("W3SVC/")


@pytest.mark.parametrize(
    ("secure", "plain", "state", "taken"),
    [
        ((":443:",), (), 2, True),
        ((":443:shop.example.jp",), (), 2, True),
        ((), (":443:",), 1, True),
        ((":443:",), (), 4, False),
        ((":444:", "10.0.0.1:443:"), (":80:",), 2, False),
    ],
    ids=["same", "host header", "http", "stopped", "elsewhere"],
)
def test_who_is_in_the_way(secure: Sequence[str], plain: Sequence[str], state: int, *, taken: bool) -> None:
    own, other = sites(found(site("Own"), site("Other", secure, state=state, plain=plain)), running=True)
    assert in_the_way(own, Place("0.0.0.0", 443, ""), (own, other)) == (other if taken else None)
