# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names and patterns of sites: what they mean, and that nothing that can be written breaks them."""

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._site_patterns import Match, is_pattern, matched
from hypothesis import given
from hypothesis import strategies as st

SITES = ("Shop DE", "shop fr", "Renewal", "Straße", "店舗 1", "A [b]", "A b")
# No site of IIS has "*" or "?" in its name.
NAMES = st.lists(st.text(st.characters(exclude_characters="*?"), min_size=1), unique_by=str.casefold, max_size=6)


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        (["SHOP *"], ("Shop DE", "shop fr")),
        (["*"], tuple(name for name in SITES if name != "Renewal")),
        (["*newal"], ()),
        (["Stra?e"], ("Straße",)),
        (["店舗 [0-9]"], ("店舗 1",)),
        (["a [B]"], ("A [b]",)),
        (["A [bc]"], ("A b",)),
        (["A [[]b]"], ("A [b]",)),
        (["shop fr", "Shop*"], ("Shop DE", "shop fr")),
        (["Shop [!D]?"], ("shop fr",)),
    ],
)
def test_what_a_pattern_means(wanted: list[str], names: tuple[str, ...]) -> None:
    assert matched(SITES, wanted, ["RENEWAL"]).names == names


def test_what_found_nothing_is_told() -> None:
    match = matched(SITES, ["X", "Y*", "shop DE"], [])
    assert match == Match(("Shop DE",), frozenset(["Shop DE"]), ("X",), ("Y*",))


def test_a_pattern_that_finds_only_what_it_must_not_is_told_apart() -> None:
    match = matched(SITES, ["Renew*", "Y*", "*"], ["renewal"])
    assert (match.shut, match.unused) == ((("Renew*", ("Renewal",)),), ("Y*",))
    assert "Renewal" not in match.names


def test_a_name_is_no_pattern() -> None:
    assert not is_pattern("Shop (50%) {x}")
    assert all(map(is_pattern, ("*", "a?", "[a]")))


@given(NAMES, st.lists(st.text(min_size=1), max_size=4), st.lists(st.text(), max_size=3))
def test_whatever_is_written_has_a_meaning(sites: list[str], wanted: list[str], never: list[str]) -> None:
    match = matched(sites, wanted, never)
    assert list(match.names) == [site for site in sites if site in match.names]
    assert match.named <= set(match.names)
    assert {*match.unknown, *match.unused, *(pattern for pattern, _sites in match.shut)} <= set(wanted)
    shut = {each.casefold() for each in never}
    assert all(name in match.named for name in match.names if name.casefold() in shut)


@given(NAMES)
def test_every_site_is_meant_by_its_own_name_and_by_the_star(sites: list[str]) -> None:
    for site in sites:
        assert matched(sites, [site.upper().lower(), site], []).named >= {site}
    assert matched(sites, ["*"], []).names == tuple(sites)
