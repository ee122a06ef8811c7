# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import (
    key_acl,
    store_add,
    store_remove,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.apply import check_done, sequence
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Accounts, Query
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import open_pfx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.unit.mint import NOW, mint
from tests.unit.restoring import (
    BACKUP,
    CSP,
    DEFAULT,
    EC_LEAF,
    FILE,
    HOST,
    INTERMEDIATE,
    LEAF,
    OTHER,
    PASSWORD,
    ROOT,
    STORED,
    argument,
    backup,
    entry,
    operations,
    snapshot,
    step,
)


def test_what_is_asked_for():
    assert step().queries() == {Query.STORES, Query.PERSONAL}
    asked = step(key_access=["S-1-5-20", "IIS AppPool\\Shop"], trusted_root="added").queries()
    assert asked == {Query.STORES, Query.PERSONAL, Query.WEB, Accounts(("IIS AppPool\\Shop",))}
    assert step(key_access=["s-1-5-20"]).queries() == {Query.STORES, Query.PERSONAL}


def test_a_new_server():
    plan = step(store="WebHosting", exportable=False).plan(snapshot(stores=STORED[:1]))
    assert [each.operations[0].name for each in plan.changes] == ["reg.read", "reg.read"]
    added, imported = operations(plan)
    assert added == dataclasses.replace(
        store_add("CA", INTERMEDIATE.der), undo=(store_remove("CA", INTERMEDIATE.thumbprint),)
    )
    assert (imported.name, imported.secret) == ("store.import_pfx", True)
    assert imported.undo == (store_remove("WebHosting", LEAF.thumbprint, with_key=True),)
    assert argument(imported, "friendly_name") == "www 2026"
    assert argument(imported, "exportable") is None
    opened = open_pfx(argument(imported, "pfx"), "one time")
    assert (opened.certificate, opened.others, opened.friendly_name) == (LEAF.certificate, (), "")
    assert [proof.name for proof in plan.proofs] == ["private_key"]
    assert plan.result["imported"] is True
    assert plan.result["key"] == {"provider": None, "key_spec": None, "exportable": None}
    assert [each["added"] for each in plan.result["intermediates"]] == [True]
    assert [each["state"] for each in plan.result["roots"]] == ["there"]
    assert (plan.findings, plan.warnings) == ((), ())
    assert plan.changes[1].before == ""
    assert f"with its key from {FILE}, not exportable" in plan.changes[1].after
    (new,) = plan.snapshot.personal
    assert (new.certificate, new.store, new.exportable) == (LEAF.certificate, "WebHosting", False)
    assert PASSWORD not in str(plan.changes) + str(plan.result)


@pytest.mark.parametrize(("version", "aes"), [("10.0.14393", False), ("6.3.9600", False), ("10.0.17763", True)])
def test_a_cipher_that_the_host_reads(version, aes):
    plan = step().plan(snapshot(host=dataclasses.replace(HOST, os_version=version)))
    pbes2 = bytes.fromhex("06092a864886f70d01050d")
    assert (pbes2 in argument(operations(plan)[0], "pfx")) is aes


def test_there_already():
    plan = step().plan(snapshot(entry()))
    assert not plan.changes_anything
    assert not plan.wants_proof
    assert plan.result["imported"] is False
    assert plan.result["key"] == {"provider": CSP, "key_spec": 1, "exportable": True}
    assert plan.findings == ()
    assert step().plan(snapshot(entry(), prove_all=True)).wants_proof


@pytest.mark.parametrize(
    ("there", "before"),
    [
        (entry(store="WebHosting"), ""),
        (entry(OTHER), ""),
        (dataclasses.replace(entry(), has_private_key=False, provider=""), "without a private key"),
        (entry(provider=""), "with a private key that does not open"),
    ],
    ids=["another store", "another certificate", "no key", "key does not open"],
)
def test_what_is_imported_all_the_same(there, before):
    plan = step().plan(snapshot(there))
    (imported,) = operations(plan)
    assert plan.changes[0].before == before
    expected = (store_remove("MY", LEAF.thumbprint, with_key=True),)
    assert imported.undo == (expected if not before else (*expected, store_add("MY", LEAF.der)))


def test_a_name_that_is_there_is_not_lost_where_the_file_has_none():
    bare = dataclasses.replace(entry(), has_private_key=False, provider="")
    (imported,) = operations(step(backup(name="")).plan(snapshot(bare)))
    assert argument(imported, "friendly_name") == "www 2026"
    (imported,) = operations(step(backup(name="of the file")).plan(snapshot(bare)))
    assert argument(imported, "friendly_name") == "of the file"


def test_the_copy_with_a_key_counts():
    bare = dataclasses.replace(entry(), has_private_key=False, provider="")
    assert not step().plan(snapshot(bare, entry())).changes_anything
    assert not step().plan(snapshot(entry(), bare)).changes_anything


@pytest.mark.parametrize(("clr", "system"), [("2.0.50727.5420", "6.1.7601"), ("4.0.30319.34209", "6.3.9600")])
def test_a_host_that_cannot_look_at_a_key_is_asked_to_sign(clr, system):
    """PowerShell 2.0 and .NET 4.5 have no way to CNG keys: what is imported there would not be seen by the next run."""
    old = dataclasses.replace(HOST, clr_version=clr, os_version=system)
    plan = step(backup(EC_LEAF)).plan(snapshot(entry(EC_LEAF, provider="", access=""), host=old))
    assert not plan.changes_anything
    assert plan.wants_proof
    with pytest.raises(TlsOpsError, match=r"cannot be read and set on this host.*PowerShell 2.0"):
        step(backup(EC_LEAF), key_access=["S-1-5-20"]).plan(snapshot(host=old))
    step(key_access=["S-1-5-20"]).plan(snapshot(host=old))


def test_what_is_there_otherwise():
    plan = step(exportable=False, friendly_name="other").plan(snapshot(entry(archived=True)))
    assert not plan.changes_anything
    exportable, name, archived = plan.findings
    assert "is there already and exportable; it was asked for as not exportable" in exportable
    assert "'www 2026', and is left as it is" in name
    assert "archived" in archived
    there = step().plan(snapshot(entry(exportable=None, friendly_name="other")))
    assert (there.findings, there.result["friendly_name"]) == ((), "other")


def test_accounts_that_may_read_the_key():
    pool = "S-1-5-82-1-2-3-4-5"
    given = {"key_access": ["S-1-5-20", "IIS AppPool\\Shop", "S-1-5-20"]}
    known = {"accounts": {"IIS AppPool\\Shop": pool}}
    plan = step(**given).plan(snapshot(**known))
    assert operations(plan)[-1] == key_acl("MY", LEAF.thumbprint, grant=("S-1-5-20", pool))
    assert plan.changes[-1].after == f"allow S-1-5-20 (NETWORK SERVICE): read\nallow {pool}: read"
    assert [proof.name for proof in plan.proofs] == ["private_key", "key_access"]
    assert plan.result["key_access"] == ["S-1-5-20", pool]
    half = step(**given).plan(snapshot(entry(access=DEFAULT + "(A;;FR;;;NS)"), **known))
    (operation,) = operations(half)
    assert operation.arguments == key_acl("MY", LEAF.thumbprint, grant=(pool,)).arguments
    assert operation.undo == (key_acl("MY", LEAF.thumbprint, sddl=DEFAULT + "(A;;FR;;;NS)"),)
    done = step(**given).plan(snapshot(entry(access=f"{DEFAULT}(A;;FR;;;NS)(A;;FA;;;{pool})"), **known))
    assert not done.changes_anything


def test_an_account_that_the_host_does_not_know():
    with pytest.raises(TlsOpsError, match=r"knows no account 'NETWORK SERVICE'.*a SID is the same everywhere"):
        step(key_access=["NETWORK SERVICE"]).plan(snapshot(accounts={"NETWORK SERVICE": ""}))


@pytest.mark.parametrize(
    ("version", "words"),
    [
        ("10.0.20348", r"'IIS AppPool\<pool>', where that pool exists"),
        ("5.2.3790", "of IIS 6.0 has no account of its own"),
    ],
)
def test_the_account_of_an_application_pool_depends_on_the_host(version, words):
    host, given = dataclasses.replace(HOST, os_version=version), {"IIS AppPool\\Shop": ""}
    with pytest.raises(TlsOpsError, match="knows no account") as error:
        step(key_access=list(given)).plan(snapshot(accounts=given, host=host))
    assert words in error.value.hint
    assert ("AppPool" in error.value.hint) is (version != "5.2.3790")


@pytest.mark.parametrize("account", ["", "  ", "S-1-", "s-1-5-x", "S-1-5", "S-1-5-4294967296"])
def test_what_is_no_account(account):
    with pytest.raises(TlsOpsError, match="neither an account's name nor a SID"):
        step(key_access=[account])


def test_the_list_of_another_key():
    like = entry(OTHER, access=DEFAULT + "(A;;FR;;;NS)")
    given = {"key_access_like": OTHER.thumbprint.lower()}
    plan = step(**given).plan(snapshot(like))
    assert operations(plan)[-1] == key_acl("MY", LEAF.thumbprint, sddl=like.access)
    assert plan.changes[-1].after.splitlines()[-1] == "allow S-1-5-20 (NETWORK SERVICE): read"
    (operation,) = operations(step(**given).plan(snapshot(like, entry())))
    assert operation.undo == (key_acl("MY", LEAF.thumbprint, sddl=DEFAULT),)
    assert not step(**given).plan(snapshot(like, entry(access=like.access))).changes_anything
    with pytest.raises(TlsOpsError, match=r"there is no certificate .* in MY or WebHosting"):
        step(**given).plan(snapshot())
    with pytest.raises(TlsOpsError, match=r"there is no certificate .* in MY\."):
        step(**given).plan(snapshot(host=dataclasses.replace(HOST, os_version="5.2.3790")))
    with pytest.raises(TlsOpsError, match="could not be read on this host"):
        step(**given).plan(snapshot(entry(OTHER, access="")))
    with pytest.raises(TlsOpsError, match="names the certificate that is restored"):
        step(key_access_like=LEAF.thumbprint)
    with pytest.raises(TlsOpsError, match="mutually exclusive"):
        step(key_access_like=OTHER.thumbprint, key_access=["S-1-5-20"])


def test_a_list_that_cannot_be_read_cannot_be_compared():
    with pytest.raises(TlsOpsError, match="cannot be read and set on this host"):
        step(key_access=["S-1-5-20"]).plan(snapshot(entry(access="")))
    assert not step().plan(snapshot(entry(access=""))).changes_anything


def test_what_else_the_file_holds():
    stranger, stray = mint("Stranger", ca=True), mint("Stray", ROOT, ca=True)
    plan = step(backup(LEAF, INTERMEDIATE, ROOT, stranger, stray)).plan(snapshot())
    assert len(operations(plan)) == 1
    assert any("Stranger" in each and "self-signed" in each for each in plan.findings)
    assert any("Stray" in each and "not in a chain" in each for each in plan.findings)


def test_an_old_backup_is_restored_with_a_warning():
    old = mint(
        "www.example.com",
        INTERMEDIATE,
        names=["www.example.com"],
        not_after=NOW - timedelta(days=1),
        usages=[ExtendedKeyUsageOID.CLIENT_AUTH],
    )
    plan = step(backup(old)).plan(snapshot())
    assert plan.changes_anything
    assert any("expired on" in each for each in plan.warnings)
    assert any("not for server authentication" in each for each in plan.warnings)


def test_a_store_that_this_windows_does_not_have():
    old = dataclasses.replace(HOST, os_version="6.1.7601")
    with pytest.raises(TlsOpsError, match="2012, this is Windows Server 2008 R2: leave 'store' out"):
        step(store="WebHosting").plan(snapshot(host=old))


def test_a_key_that_server_2003_cannot_hold():
    old = dataclasses.replace(HOST, os_version="5.2.3790")
    with pytest.raises(TlsOpsError, match=r"ecdsa-p256, and Windows Server 2003 holds RSA keys only: .* RSA key"):
        step(backup(EC_LEAF)).plan(snapshot(host=old))
    assert step().plan(snapshot(host=old)).changes_anything


@pytest.mark.parametrize(
    ("data", "given", "words"),
    [
        (b"junk", {}, f"{FILE}: this is no PFX file"),
        (BACKUP, {"password": "wrong"}, f"{FILE}: the password is wrong"),
        (BACKUP, {"password": "\udce4"}, "half a character"),
        (BACKUP, {"path": "web01.pfx"}, "not absolute: 'web01.pfx'"),
        (BACKUP, {"path": "/safe/other.pfx"}, "there is no file /safe/other.pfx"),
        (BACKUP, {"key_access_like": "junk"}, "not a thumbprint"),
        (BACKUP, {"store": "Root"}, "store must be one of"),
    ],
    ids=["junk", "password", "surrogate", "relative", "missing", "thumbprint", "store"],
)
def test_what_is_refused_before_the_host_is_contacted(data, given, words):
    with pytest.raises(TlsOpsError, match=words) as caught:
        step(data, **given)
    assert PASSWORD not in str(caught.value)


def signed(key, data: bytes, exportable: bytes = b"1") -> Answer:
    signature = key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    told = [("algorithm", [b"rsa-pkcs1-sha256"]), ("signature", [signature])]
    return Answer("ok", encode_lines([*told, ("key", [CSP.encode(), b"c", b"1", exportable])]))


def test_the_key_is_proven_and_told():
    plan = step().plan(snapshot())
    (proof,) = plan.proofs
    data = argument(proof.operations[0], "data")
    verdict = proof.judge((signed(LEAF.key, data),))
    assert verdict.outcome is Outcome.PROVEN
    assert verdict.result == {"key": {"provider": CSP, "key_spec": 1, "exportable": True}}
    wrong = proof.judge((signed(LEAF.key, data, b"0"),))
    assert wrong.outcome is Outcome.MISSED
    assert wrong.seen == "the key is not exportable; it was to be exportable"
    assert proof.judge((signed(LEAF.key, data, b""),)).outcome is Outcome.PROVEN
    there = step(exportable=False).plan(snapshot(entry(), prove_all=True)).proofs[0]
    assert there.judge((signed(LEAF.key, data),)).outcome is Outcome.PROVEN


def test_a_key_that_does_not_sign():
    verdict = step().plan(snapshot()).proofs[0].judge((Answer("error", b"", "hresult", -2146893802, "", "Keyset"),))
    assert verdict.outcome is Outcome.MISSED
    assert verdict.result == {"key": {"provider": None, "key_spec": None, "exportable": None}}


def test_a_logon_that_may_not_import_is_told_what_to_change():
    planned = sequence(step().plan(snapshot()))
    failed = Answer(
        "error", b"", "hresult", 0x80070056 - (1 << 32), "", "The specified network password is not correct."
    )
    skipped = [Answer("skipped")] * (len(planned.operations) - 2)
    with pytest.raises(TlsOpsError, match=r"store.import_pfx MY failed.*0x80070056") as caught:
        check_done(planned, (Answer("ok"), failed, *skipped))
    assert "credssp" in caught.value.hint
    assert "one time" not in str(caught.value)


def test_what_was_not_read():
    with pytest.raises(TlsOpsError, match="were not read"):
        step().plan(dataclasses.replace(snapshot(), personal=None))
    with pytest.raises(TlsOpsError, match="were not read"):
        step().plan(dataclasses.replace(snapshot(), stores=None))
