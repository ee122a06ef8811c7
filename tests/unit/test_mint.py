# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from tests.unit.mint import NOW, mint


def test_a_cross_certificate_has_the_name_and_key_of_the_root_it_stands_beside() -> None:
    old, new = mint("Old Root", ca=True), mint("New Root", ca=True)
    cross = mint("New Root", issuer=old, key=new.key, ca=True)
    assert (cross.certificate.subject, cross.certificate.public_key) == (
        new.certificate.subject,
        new.certificate.public_key,
    )
    assert cross.certificate.signed_by(old.certificate)
    assert new.certificate.self_signed
    assert not cross.certificate.self_signed


def test_a_leaf_covers_its_names_now() -> None:
    leaf = mint("www.example.com", names=("www.example.com", "192.0.2.1"))
    assert leaf.certificate.dns_names == ("www.example.com",)
    assert leaf.certificate.ip_addresses == ("192.0.2.1",)
    assert leaf.certificate.valid_at(NOW)
