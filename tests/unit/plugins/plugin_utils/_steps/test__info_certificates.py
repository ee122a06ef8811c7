# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.consumers import Consumer, Consumers
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._info_certificates import (
    certificates,
    held,
    roots,
    unreadable,
    usable,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import CERTIFICATE, FRIENDLY_NAME, Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.info_host import CNG, ISSUING, LEAF, ROOT, leaf, personal, snapshot
from tests.unit.mint import NOW, mint, rsa_key
from tests.unit.root_host import HOST, LISTED, NONE
from tests.unit.shelves import copy, real, stores

NET_46, NET_45 = "4.0.30319.42000", "4.0.30319.34209"


def test_one_certificate_in_several_stores_is_told_once() -> None:
    both = (personal(), personal(store="WebHosting", has_private_key=False, provider="", friendly_name=""))
    shelves = stores((ROOT, LEAF), (ISSUING,))
    told = certificates(snapshot(personal=both, stores=shelves))
    assert [each["thumbprint"] for each in told] == [LEAF.thumbprint, ROOT.thumbprint, ISSUING.thumbprint]
    assert told[0]["stores"] == ["MY", "WebHosting", "Root"]
    assert (told[0]["has_private_key"], told[0]["provider"], told[0]["friendly_name"]) == (True, CNG, "this year")
    assert (told[1]["has_private_key"], told[1]["key_usable"], told[1]["exportable"]) == (False, None, None)
    assert told[1]["friendly_name"] == "名前", "the property of a copy"


def test_what_a_certificate_says() -> None:
    told = certificates(snapshot())[0]
    assert told["names"] == ["www.example.com", "192.0.2.1"]
    assert (told["key_algorithm"], told["key_size"]) == ("ECDSA", 256)
    assert told["sha256"] == LEAF.certificate.sha256
    assert told["not_after"] == LEAF.certificate.not_after.isoformat()
    assert (told["sites"], told["used_by"]) == (["www"], ["ipport=0.0.0.0:443"])


@pytest.mark.parametrize(("hours", "days"), [(49, 2), (47, 1), (1, 0), (-1, -1), (-25, -2)])
def test_days_left_by_the_hosts_clock(hours: int, days: int) -> None:
    one = leaf(not_before=NOW - timedelta(days=9), not_after=NOW + timedelta(hours=hours))
    assert certificates(snapshot(personal=(personal(one),)))[0]["days_left"] == days


def test_kinds_of_keys() -> None:
    other = mint("old.example.com", key=rsa_key(1024))
    key: Any = ed25519.Ed25519PrivateKey.generate()
    strange = mint("strange.example.com", issuer=ISSUING, key=key)
    told = certificates(snapshot(personal=(personal(other), personal(strange)), stores=stores()))
    assert [(each["key_algorithm"], each["key_size"]) for each in told] == [("RSA", 1024), ("other", 0)]


@pytest.mark.parametrize(
    ("provider", "clr", "expected"),
    [(CNG, NET_45, True), ("", NET_46, False), ("", NET_45, None), ("", "2.0.50727.5420", None), ("", "8.0.1", False)],
)
def test_a_key_that_did_not_open_is_unusable_only_where_dotnet_could_have_opened_it(
    provider: str, clr: str, expected: bool | None
) -> None:
    assert usable(personal(provider=provider), clr) is expected
    host = dataclasses.replace(HOST, clr_version=clr)
    told = certificates(snapshot(host=host, personal=(personal(provider=provider),)))[0]
    assert told["key_usable"] is expected


def test_a_program_is_found_by_either_thumbprint() -> None:
    programs = (Consumer("SSTP", "x", LEAF.certificate.sha256), Consumer("FTP", "y", LEAF.thumbprint))
    assert certificates(snapshot(consumers=Consumers(programs)))[0]["used_by"][1:] == ["SSTP", "FTP"]


def test_what_no_library_reads_is_left_out_and_named() -> None:
    broken = personal()
    object.__setattr__(broken, "certificate", Certificate(b"0\x03\x02\x01\x00"))
    one = snapshot(personal=(broken, personal()), web=None)
    assert [each["thumbprint"] for each in certificates(one)][:1] == [LEAF.thumbprint]
    assert unreadable(one) == [f"MY {broken.certificate.thumbprint}"]
    assert len(held(one)) == 4


def test_real_old_roots_are_told() -> None:
    old = ("verisign_class3_g1_root_md2", "verisign_class3_g1_root_sha1", "verisign_g5_root_selfsigned")
    told = certificates(snapshot(personal=(), stores=stores([real(name) for name in old])))
    assert [each["key_size"] for each in told] == [1024, 1024, 2048]
    assert [each["names"] for each in told] == [[], [], []]


def test_roots_by_physical_store_with_their_usages() -> None:
    shelves = stores((), (), copy(ROOT), copy(ROOT, "AuthRoot", usages=LISTED), copy(ROOT, "Policies", usages=NONE))
    forbidden = copy(ROOT, store="Disallowed")
    (told,) = roots(snapshot(stores=dataclasses.replace(shelves, copies=(*shelves.copies, forbidden))))
    assert told["disallowed"]
    assert [tuple(each.values()) for each in told["copies"]] == [
        ("Registry", "enabled", None),
        ("AuthRoot", "enabled", ["clientAuth", "serverAuth"]),
        ("Policies", "disabled", []),
    ]


@given(st.lists(st.binary(max_size=20), max_size=2), st.text(max_size=5))
def test_any_property_of_a_copy_is_a_name_or_none(properties: list[bytes], own: str) -> None:
    made = copy(ROOT)
    blob = Blob((*((FRIENDLY_NAME, each) for each in properties), (CERTIFICATE, ROOT.der)))
    shelves = stores((), (), dataclasses.replace(made, blob=blob.encode()))
    (told,) = certificates(snapshot(personal=(), stores=shelves))
    assert isinstance(told["friendly_name"], str)
    named = certificates(snapshot(personal=(personal(ROOT, friendly_name=own),), stores=shelves))[0]
    assert named["friendly_name"] in (own, told["friendly_name"])
