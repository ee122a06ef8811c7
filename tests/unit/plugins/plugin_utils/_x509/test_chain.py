# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import Stores
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.chain import (
    Trust,
    alternatives,
    paths,
    sent_chain,
)

from tests.unit.mint import NOW, Minted, ec_key, mint
from tests.unit.shelves import copy, real, stores

NONE = bytes.fromhex("3000")


class Hierarchy:
    """The shape of VeriSign G5 and of Sectigo R46: an old root, a newer one, and a cross certificate between them."""

    def __init__(self, cross_until: datetime | None = None) -> None:
        self.old = mint("Old Root", ca=True)
        self.new = mint("New Root", ca=True)
        self.cross = mint("New Root", issuer=self.old, key=self.new.key, ca=True, not_after=cross_until)
        self.issuing = mint("Issuing CA", issuer=self.new, ca=True)
        self.leaf = mint("www.example.com", issuer=self.issuing, names=("www.example.com",))

    def stores(self, **usages: bytes) -> Stores:
        copies = [copy(self.new, usages=usages.get("new")), copy(self.old, usages=usages.get("old"))]
        return stores((), (self.issuing, self.cross), *copies)


H = Hierarchy()
LEAF = H.leaf.certificate


def labels(chain: tuple[object, ...]) -> list[str]:
    return [getattr(each, "label", "") for each in chain]


def test_an_enabled_self_signed_root_ends_the_chain_early() -> None:
    assert sent_chain(LEAF, H.stores(), NOW) == (LEAF, H.issuing.certificate)
    assert Trust(H.stores(), NOW).chosen(LEAF)[-1] == H.new.certificate


def test_the_cross_certificate_is_sent_once_the_root_is_disabled() -> None:
    assert sent_chain(LEAF, H.stores(new=NONE), NOW) == (LEAF, H.issuing.certificate, H.cross.certificate)
    assert Trust(H.stores(new=NONE), NOW).chosen(LEAF)[-1] == H.old.certificate


def test_both_chains_are_known_the_expected_one_first() -> None:
    assert [len(chain) for chain in alternatives(LEAF, H.stores(), NOW)] == [2, 3]
    assert [len(path) for path in paths(LEAF, [H.new.certificate, H.cross.certificate, H.issuing.certificate])] == [3]


def test_disallowed_is_stronger_than_enabled() -> None:
    held = H.stores()
    held = Stores((*held.copies, copy(H.new, "System", "Disallowed")), held.automatic_update)
    assert len(sent_chain(LEAF, held, NOW)) == 3


def test_of_two_equal_paths_the_newer_wins() -> None:
    later = mint("Issuing CA", issuer=H.new, key=H.issuing.key, ca=True, not_before=NOW - timedelta(days=5))
    held = stores((H.new,), (H.issuing, later))
    assert sent_chain(LEAF, held, NOW)[1] == later.certificate


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (stores(), "the issuer of www.example.com"),
        (stores((), (H.issuing, H.new)), "New Root .* is not in the Root store"),
        (H.stores(new=NONE, old=NONE), "New Root .* is not enabled .*; Old Root .* is not enabled"),
        (stores((H.new,), (H.issuing,), copy(H.issuing, store="Disallowed")), "Issuing CA .* is disallowed"),
    ],
)
def test_without_a_trusted_chain_the_reason_of_each_path_is_told(held: Stores, why: str) -> None:
    with pytest.raises(TlsOpsError, match=why):
        sent_chain(LEAF, held, NOW)


def test_an_expired_certificate_ends_its_path() -> None:
    old = Hierarchy(cross_until=NOW - timedelta(days=1))
    with pytest.raises(TlsOpsError, match=r"New Root .* expired on"):
        sent_chain(old.leaf.certificate, old.stores(new=NONE), NOW)


def test_an_expired_leaf_may_be_left_out_of_it() -> None:
    leaf = mint("old.example.com", issuer=H.issuing, not_after=NOW - timedelta(days=1)).certificate
    trust = Trust(H.stores(), NOW)
    with pytest.raises(TlsOpsError, match=r"old\.example\.com .* expired on"):
        trust.sent(leaf)
    assert trust.sent(leaf, expired_leaf=True) == (leaf, H.issuing.certificate)


def test_a_self_signed_leaf_of_root_is_its_own_chain() -> None:
    own = mint("printer.example.com")
    assert sent_chain(own.certificate, stores((own,)), NOW) == (own.certificate,)


def test_a_name_without_the_signature_is_no_issuer() -> None:
    impostor = mint("Issuing CA", issuer=H.new, ca=True)
    assert not paths(LEAF, [impostor.certificate, H.new.certificate])


def test_a_certificate_that_is_no_ca_issues_nothing() -> None:
    key = ec_key()
    leaf = mint("below", issuer=mint("not a CA", key=key))
    assert not paths(leaf.certificate, [mint("not a CA", key=key, issuer=H.new).certificate, H.new.certificate])


def test_roots_that_sign_each_other_do_not_go_on_for_ever() -> None:
    one, other = mint("One", ca=True), mint("Other", ca=True)
    crossed = [mint("One", issuer=other, key=one.key, ca=True), mint("Other", issuer=one, key=other.key, ca=True)]
    leaf = mint("leaf", issuer=one)
    found = paths(leaf.certificate, [each.certificate for each in (*crossed, one, other)])
    assert [labels(path) for path in found] == [["leaf", "One"], ["leaf", "One", "Other"]]


def test_many_certificates_of_one_name_stay_bounded() -> None:
    issuers: list[Minted] = [mint("Top", ca=True)]
    pool = list(issuers)
    for depth in range(12):
        key = ec_key()
        same = [mint(f"CA {depth}", issuer=issuers[-1], key=key, ca=True) for _other in range(6)]
        pool += same
        issuers.append(same[0])
    leaf = mint("leaf", issuer=issuers[8]).certificate
    start = time.monotonic()
    assert len(paths(leaf, [each.certificate for each in pool])) <= 256
    assert time.monotonic() - start < 5


def test_the_real_cross_certificates_lead_from_one_root_to_another() -> None:
    at = datetime(2026, 11, 21, tzinfo=UTC)
    ye, x2, x1 = real("isrg_root_ye"), real("isrg_root_x2"), real("isrg_root_x1")
    crosses = [real(f"isrg_root_{name}") for name in ("ye_cross_by_x2", "x2_cross_by_x1_2025", "x2_cross_by_x1_2032")]
    leaf = crosses[0]
    assert Trust(stores((ye, x2, x1), crosses), at).chosen(leaf) == (leaf, x2)
    chain = Trust(stores((x1,), crosses, copy(x2, usages=NONE)), at).chosen(leaf)
    assert [each.thumbprint for each in chain] == [each.thumbprint for each in (leaf, crosses[2], x1)]


def test_the_real_g5_leads_to_g1_by_two_cross_certificates() -> None:
    at = datetime(2015, 6, 1, tzinfo=UTC)
    g3 = real("verisign_class3_secure_server_ca_g3")
    g5 = real("verisign_g5_root_selfsigned")
    crosses = [real(f"verisign_g5_cross_by_g1_{serial}") for serial in ("250ce8e0", "1b093b78")]
    g1 = [real("verisign_class3_g1_root_md2"), real("verisign_class3_g1_root_sha1")]
    assert Trust(stores((g5, *g1), crosses), at).chosen(g3) == (g3, g5)
    held = stores(g1, crosses, copy(g5, usages=NONE))
    assert len(alternatives(g3, held, at)) == 4
    chain = Trust(held, at).chosen(g3)
    assert (chain[1] in crosses, chain[2] in g1) == (True, True)
    with pytest.raises(TlsOpsError, match="expired on 2021-11-07"):
        Trust(held, datetime(2022, 1, 1, tzinfo=UTC)).chosen(real("symantec_class3_secure_server_ca_g4"))


def test_real_stores_are_quick() -> None:
    roots = [real(name) for name in ("isrg_root_x1", "usertrust_rsa")]
    filler = [mint(f"Root {number}", ca=True, key=H.new.key) for number in range(400)]
    more = [mint(f"CA {number}", ca=True, key=H.new.key, issuer=filler[number % 400]) for number in range(2000)]
    held = stores((*roots, *filler, H.new, H.old), (*more, H.cross, H.issuing))
    start = time.monotonic()
    trust = Trust(held, NOW)
    for _again in range(100):
        assert trust.sent(LEAF)
    assert sent_chain(LEAF, held, NOW)
    assert time.monotonic() - start < 1
