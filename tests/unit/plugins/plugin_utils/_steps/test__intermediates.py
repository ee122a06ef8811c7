# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from datetime import timedelta

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import store_add, store_remove
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import digest
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import Stores
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._intermediates import chain_problem, sorted_out
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.stores import PLACES, with_blob

from tests.unit.mint import NOW, Minted, mint

OLD_ROOT = mint("Old Root", ca=True)
NEW_ROOT = mint("New Root", ca=True)
CROSS = mint("New Root", issuer=OLD_ROOT, key=NEW_ROOT.key, ca=True)
ISSUER = mint("Issuing CA", issuer=NEW_ROOT, ca=True)
LEAF = mint("www.example.com", issuer=ISSUER)
FOREIGN = mint("Foreign CA", issuer=OLD_ROOT, ca=True)
EXPIRED = mint("New Root", issuer=OLD_ROOT, key=NEW_ROOT.key, ca=True, not_after=NOW - timedelta(days=1))
ANSWER = [each.certificate for each in (NEW_ROOT, CROSS, LEAF, OLD_ROOT, FOREIGN, ISSUER, EXPIRED)]


def stores(**places: Minted) -> Stores:
    """``Root_AuthRoot=X``: X in the physical store AuthRoot of Root."""
    result = Stores((), automatic_update=True)
    for name, each in places.items():
        store, _other, physical = name.partition("_")
        key = next(place.key for place in PLACES if (place.store, place.physical) == (store, physical))
        result = with_blob(result, rf"{key}\{each.thumbprint}", Blob.of(each.der).encode())
    return result


def test_intermediates_and_crosses_of_the_chain_are_wanted_and_nothing_else() -> None:
    found = sorted_out(LEAF.certificate, ANSWER, stores(Root_Registry=OLD_ROOT), NOW)
    assert found.wanted == found.missing == (CROSS.certificate, ISSUER.certificate)
    assert found.left_out == (
        (NEW_ROOT.certificate, "self-signed"),
        (OLD_ROOT.certificate, "self-signed"),
        (FOREIGN.certificate, "not in a chain of this certificate"),
        (EXPIRED.certificate, "expired"),
    )


def test_any_physical_copy_in_ca_is_enough_but_one_in_root_is_not() -> None:
    there = stores(Root_Registry=OLD_ROOT, CA_Policies=ISSUER, Root_AuthRoot=CROSS)
    found = sorted_out(LEAF.certificate, ANSWER, there, NOW)
    assert found.wanted == (CROSS.certificate, ISSUER.certificate)
    assert found.missing == (CROSS.certificate,)


def test_a_copy_that_only_system_sees_is_not_enough() -> None:
    there = stores(Root_Registry=OLD_ROOT, CA_System=CROSS, CA_Enterprise=ISSUER)
    found = sorted_out(LEAF.certificate, ANSWER, there, NOW)
    assert found.missing == (CROSS.certificate,)
    assert [copy.physical for copy in found.on(there).copies if copy.certificate == CROSS.certificate] == [
        "System",
        "Registry",
    ]


def test_each_is_added_with_its_way_back() -> None:
    change, _other = sorted_out(LEAF.certificate, ANSWER, stores(), NOW).changes()
    look, operation = change.operations
    assert (look.name, look.expect, look.undo) == ("reg.read", digest(b""), ())
    assert look.differs is not None
    assert look.differs(b"x") == (
        rf"HKLM\SOFTWARE\Microsoft\SystemCertificates\CA\Certificates\{CROSS.thumbprint} has changed since it was "
        "read: it was not there and is there now"
    )
    assert operation.arguments == store_add("CA", CROSS.der).arguments
    assert operation.undo == (store_remove("CA", CROSS.thumbprint),)
    assert change.where == rf"CA\{CROSS.thumbprint}"
    assert not change.before
    assert "issued by CN=Old Root" in change.after


def test_the_chain_is_whole_only_with_them() -> None:
    there = stores(Root_Registry=OLD_ROOT)
    found = sorted_out(LEAF.certificate, ANSWER, there, NOW)
    assert "Issuing CA" in chain_problem(LEAF.certificate, there, NOW)
    assert chain_problem(LEAF.certificate, found.on(there), NOW) == ""


def test_a_root_in_the_answer_alone_is_no_trust() -> None:
    found = sorted_out(LEAF.certificate, ANSWER, stores(), NOW)
    assert "New Root" in chain_problem(LEAF.certificate, found.on(stores()), NOW)


def test_an_answer_of_the_leaf_alone_uses_what_the_stores_have() -> None:
    there = stores(Root_AuthRoot=NEW_ROOT, CA_Registry=ISSUER)
    found = sorted_out(LEAF.certificate, [LEAF.certificate], there, NOW)
    assert (found.wanted, found.left_out) == ((), ())
    assert chain_problem(LEAF.certificate, found.on(there), NOW) == ""


def test_a_false_issuer_is_in_no_chain() -> None:
    impostor = mint("Issuing CA", issuer=OLD_ROOT, ca=True)
    found = sorted_out(LEAF.certificate, [LEAF.certificate, impostor.certificate], stores(Root_Registry=OLD_ROOT), NOW)
    assert found.left_out == ((impostor.certificate, "not in a chain of this certificate"),)
    assert chain_problem(LEAF.certificate, found.on(stores(Root_Registry=OLD_ROOT)), NOW)
