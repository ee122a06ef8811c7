# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import key_acl
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._certificate import Resolved
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._key_access import (
    Wanted,
    access_proof,
    granted,
    inherited_access,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.access import parse

from tests.unit.mint import NOW, mint

HOST = HostInfo("WEB01", "10.0.17763", "", "5.1", "4.0", "FullLanguage", "ja-JP", "C:\\Windows", NOW, True, frozenset())
NEW, OLD = mint("www.example.com"), mint("www.example.com")
DEFAULT = "D:PAI(A;;0xd01f01ff;;;CO)(A;;FA;;;SY)(A;;FA;;;BA)"
SERVICE, POOL = "S-1-5-20", "S-1-5-82-1-2-3-4-5"


def entry(minted=NEW, access=DEFAULT, store="MY", **more) -> PersonalCertificate:
    return PersonalCertificate(store, minted.certificate, True, access=access, **more)


def inherited(new: str, old: str, store: str = "MY"):
    mine = entry(NEW, new, store)
    snapshot = Snapshot(HOST, Journal(), personal=(mine, entry(OLD, old, "WebHosting")))
    return inherited_access(snapshot, Resolved(NEW.certificate, mine), [OLD.thumbprint.lower()])


def test_who_reads_the_old_key_reads_the_new_one():
    found = inherited(
        DEFAULT, f"O:BA{DEFAULT}(A;;FR;;;NS)(A;;GRGX;;;{POOL})(A;;FW;;;LS)S:AI(AU;FA;FA;;;WD)", "WebHosting"
    )
    assert found.sids == (SERVICE, POOL)
    (change,) = found.changes
    (operation,) = change.operations
    assert operation.arguments == key_acl("WebHosting", NEW.thumbprint, grant=(SERVICE, POOL)).arguments
    assert operation.undo == (key_acl("WebHosting", NEW.thumbprint, sddl=DEFAULT),)
    assert change.where == rf"key of WebHosting\{NEW.thumbprint}"
    added = set(change.after.splitlines()) - set(change.before.splitlines())
    assert added == {f"allow {SERVICE} (NETWORK SERVICE): read", f"allow {POOL}: read"}
    assert set(change.before.splitlines()) < set(change.after.splitlines())
    mine, old = found.personal
    assert parse(mine.access).readers >= {SERVICE, POOL}
    assert old.access.startswith("O:BA")


@pytest.mark.parametrize(
    ("new", "old"),
    [
        (DEFAULT, DEFAULT),
        (DEFAULT + "(A;;FR;;;NS)", DEFAULT + "(A;;FA;;;NS)"),
        (DEFAULT, ""),
        ("", DEFAULT + "(A;;FR;;;NS)"),
        (DEFAULT, "D:NO_ACCESS_CONTROL"),
        ("D:NO_ACCESS_CONTROL", DEFAULT),
        (DEFAULT, "something else"),
        ("something else", DEFAULT + "(A;;FR;;;NS)"),
        (DEFAULT + "(D;;FR;;;NS)", DEFAULT + "(A;;FR;;;NS)"),
        ("D:P(A;;FA;;;SY)(A;;FA;;;BA)", "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FA;;;CO)(A;;FR;;;OW)"),
    ],
    ids=[
        "equal",
        "reads already",
        "old unknown",
        "new unknown",
        "no old list",
        "no new list",
        "old unreadable",
        "new unreadable",
        "forbidden on purpose",
        "creator",
    ],
)
def test_where_nothing_is_taken_over(new, old):
    found = inherited(new, old)
    assert (found.sids, found.changes) == ((), ())


def test_a_pending_request_s_key_is_that_of_the_certificate_to_come():
    pending = entry(mint("dummy", key=NEW.key), DEFAULT, "REQUEST")
    snapshot = Snapshot(HOST, Journal(), personal=(pending, entry(OLD, DEFAULT + "(A;;FR;;;NS)")))
    found = inherited_access(snapshot, Resolved(NEW.certificate, None), [OLD.thumbprint])
    assert found.sids == (SERVICE,)
    assert dict(found.changes[0].operations[0].arguments)["store"] == "MY"
    assert inherited_access(snapshot, Resolved(OLD.certificate, None), [OLD.thumbprint]).sids == ()


def test_only_replaced_certificates_count():
    mine, other = entry(), entry(OLD, DEFAULT + "(A;;FR;;;NS)")
    snapshot = Snapshot(HOST, Journal(), personal=(mine, other))
    assert inherited_access(snapshot, Resolved(NEW.certificate, mine), []).sids == ()
    assert inherited_access(snapshot, Resolved(NEW.certificate, mine), [NEW.thumbprint]).sids == ()
    assert inherited_access(Snapshot(HOST, Journal()), Resolved(NEW.certificate, mine), ["00"]).sids == ()


def test_the_same_list_as_another_key():
    like = f"O:BAG:SY{DEFAULT}(A;;FR;;;NS)S:AI(AU;FA;FA;;;WD)"
    wanted = Wanted(like=like)
    assert not wanted.met_by(DEFAULT)
    assert wanted.met_by(DEFAULT + "(A;;0x120089;;;S-1-5-20)")
    (operation,) = granted(NEW.certificate, "MY", wanted, DEFAULT).operations
    assert dict(operation.arguments)["sddl"] == f"{DEFAULT}(A;;FR;;;NS)"
    assert wanted.operation("MY", NEW.thumbprint) == key_acl("MY", NEW.thumbprint, sddl=f"{DEFAULT}(A;;FR;;;NS)")


def test_an_account_of_a_domain_that_windows_shows_as_two_letters():
    admin = "S-1-5-21-1004336348-1177238915-682003330-500"
    wanted = Wanted((admin,))
    assert wanted.operation("MY", NEW.thumbprint).arguments == key_acl("MY", NEW.thumbprint, grant=(admin,)).arguments
    assert wanted.met_by(DEFAULT + "(A;;FR;;;LA)"), "the proof reads it back so"
    assert not wanted.met_by(DEFAULT + "(A;;FR;;;DA)")
    assert not wanted.met_by(DEFAULT + "(D;;FR;;;LA)(A;;FR;;;LA)")
    assert not Wanted((SERVICE,)).met_by(DEFAULT + "(A;;FR;;;LA)")


def test_what_the_list_forbids_is_refused_before_anything_is_touched():
    with pytest.raises(TlsOpsError, match=r"forbids S-1-5-20 \(NETWORK SERVICE\) to read it"):
        granted(NEW.certificate, "MY", Wanted((SERVICE,)), DEFAULT + "(D;;FR;;;NS)")
    granted(NEW.certificate, "MY", Wanted(like=DEFAULT), DEFAULT + "(D;;FR;;;NS)")


def test_a_list_in_another_form_is_an_error():
    with pytest.raises(TlsOpsError, match="not in the expected form"):
        granted(NEW.certificate, "MY", Wanted((SERVICE,)), "junk")


def told(sddl: str) -> Answer:
    return Answer("ok", encode_lines([("sddl", [sddl.encode()])]))


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (told(DEFAULT + "(A;;FR;;;NS)"), Outcome.PROVEN),
        (told("D:NO_ACCESS_CONTROL"), Outcome.PROVEN),
        (told(DEFAULT), Outcome.MISSED),
        (told(DEFAULT + "(A;;FR;;;NS)(D;;FR;;;NS)"), Outcome.MISSED),
        (told("junk"), Outcome.NOT_PROVEN),
        (Answer("ok", b""), Outcome.NOT_PROVEN),
        (Answer("ok", b"\xff"), Outcome.NOT_PROVEN),
        (Answer("error", b"", "hresult", -2147024891, "", "Access is denied."), Outcome.NOT_PROVEN),
    ],
    ids=["there", "no list", "missing", "shut out", "junk", "nothing", "no lines", "denied"],
)
def test_the_list_is_read_again(answer, outcome):
    proof = access_proof(NEW.certificate, "MY", Wanted((SERVICE,)))
    assert proof.operations == (key_acl("MY", NEW.thumbprint),)
    assert proof.judge((answer,)).outcome is outcome
