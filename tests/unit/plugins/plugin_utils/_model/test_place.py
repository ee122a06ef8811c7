# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.place import Place, tls_places
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding, Site
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*:443:", Place("0.0.0.0", 443, "")),
        (":443:", Place("0.0.0.0", 443, "")),
        ("10.0.0.1:8443:WWW.example.com", Place("10.0.0.1", 8443, "www.example.com")),
        ("[2001:DB8::0:1]:443:", Place("[2001:db8::1]", 443, "")),
    ],
)
def test_place(text: str, expected: Place) -> None:
    assert Place.parse(text) == expected


@pytest.mark.parametrize(
    "text", ["", "443", "*:443", "*:0:", "*:65536:", "1.2.3:443:", "[x]:443:", "a:443:", "*:443:a:b"]
)
def test_no_place(text: str) -> None:
    assert Place.parse(text) is None


@given(st.text("*[]:.0123456789abc ", max_size=20))
def test_hostile_places(text: str) -> None:
    place = Place.parse(text)
    assert place is None or 0 < place.port < 65536


def test_only_https_bindings_that_have_a_place() -> None:
    both = Binding("HTTPS", ":443:"), Binding("https", "nonsense")
    site = Site("1", "A", "started", (Binding("http", ":80:"), *both))
    assert tls_places(site) == [(both[0], Place("0.0.0.0", 443, ""))]
