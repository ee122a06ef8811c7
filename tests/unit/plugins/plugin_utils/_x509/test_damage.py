# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.damage import broken_signatures

from tests.unit.mint import Minted, mint
from tests.unit.shelves import real

ROOT = mint("Root", ca=True)
ISSUER = mint("Issuing CA", issuer=ROOT, ca=True)
LEAF = mint("www.example.com", issuer=ISSUER)


def changed(one: Minted) -> Certificate:
    return Certificate(one.der[:-3] + bytes([one.der[-3] ^ 1]) + one.der[-2:])


def test_what_is_whole_is_whole() -> None:
    assert not list(broken_signatures([LEAF.certificate, ISSUER.certificate, ROOT.certificate]))


def test_a_changed_certificate_is_found_beside_its_issuer() -> None:
    leaf = changed(LEAF)
    assert list(broken_signatures([leaf, ISSUER.certificate])) == [(leaf, ISSUER.certificate)]
    assert not list(broken_signatures([leaf, ROOT.certificate])), "without it nothing is known"


def test_an_issuer_that_was_changed_is_found_too() -> None:
    issuer = changed(ISSUER)
    assert list(broken_signatures([LEAF.certificate, issuer, ROOT.certificate])) == [(issuer, ROOT.certificate)]


def test_another_generation_of_the_issuer_says_nothing() -> None:
    other = mint("Issuing CA", issuer=ROOT, ca=True)
    assert not list(broken_signatures([LEAF.certificate, other.certificate]))
    assert not list(broken_signatures([LEAF.certificate, other.certificate, ISSUER.certificate]))


def test_real_certificates_are_whole_those_with_sha1_and_md2_too() -> None:
    names = ("verisign_class3_g1_root_md2", "verisign_class3_g1_root_sha1", "verisign_g5_cross_by_g1_250ce8e0")
    names += ("verisign_class3_secure_server_ca_g3", "symantec_class3_secure_server_ca_g4", "isrg_root_yr_cross_by_x1")
    names += ("isrg_root_x1", "isrg_root_x2_cross_by_x1_2032", "isrg_root_ye_cross_by_x2", "lets_encrypt_r12")
    assert not list(broken_signatures([real(name) for name in names]))
