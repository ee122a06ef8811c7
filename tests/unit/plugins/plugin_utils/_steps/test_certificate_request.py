# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import reg_delete, reg_read
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import apply
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Query, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.journal import REQUESTS
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.request import read_request
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils

from tests.unit.mint import NOW, ec_key, mint, rsa_key
from tests.unit.request_host import CSP, HOST, HOST_2003, KSP, Disk, csr, dummy, registry_answer, step, windows_pem

NAMES = ["www.example.com", "example.com", "10.0.0.1"]
ASKED: dict[str, Any] = {"names": NAMES[:2], "ip_addresses": NAMES[2:], "key_type": "ecdsa-p256"}
CA = mint("CA", ca=True)
KEY = ec_key()
OLD = mint("www.example.com", CA, names=NAMES, not_after=NOW + timedelta(days=20))
NEW = mint("www.example.com", CA, names=NAMES, not_after=NOW + timedelta(days=300))
FILE = "/csr/web01_www.example.com.csr"


def snapshot(*personal: PersonalCertificate, requests: dict[str, bytes] | None = None, **more: Any) -> Snapshot:
    return Snapshot(HOST, Journal(requests=requests or {}), personal=personal, nonce="0a1b", **more)


def mine(minted: Any, store: str = "MY", **more: Any) -> PersonalCertificate:
    return PersonalCertificate(store, minted.certificate, True, **more)


def kept(key: Any = KEY, names: Sequence[str] = tuple(NAMES), name: str = "old1") -> dict[str, bytes]:
    return {name: windows_pem(csr(key, list(names)))}


def operations(plan: Plan) -> list[str]:
    return [each.name for change in plan.changes for each in change.operations]


class TestArguments:
    def test_what_is_asked_for(self) -> None:
        assert step(**ASKED).queries() == {Query.PERSONAL}
        assert step(site="Shop").queries() == {Query.PERSONAL, Query.WEB}

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({}, "one of the following is required"),
            ({"renew_from": "AB" * 20, "site": "Shop"}, "mutually exclusive"),
            ({"renew_from": "AB"}, "not a thumbprint"),
            ({**ASKED, "due_days": 30}, "due_days needs"),
            ({"site": "Shop", "due_days": -1}, "between 0 and 36500"),
            ({"site": "Shop", "due_days": 10**12}, "between 0 and 36500"),
            ({**ASKED, "csr_path": "here.csr"}, "not absolute"),
            ({**ASKED, "key_size": 2048}, "key_size is for RSA"),
            ({"names": ["a b"]}, "no DNS name"),
            ({"names": []}, "needs a name"),
            ({"subject": "O=Example"}, "needs a name"),
            ({"subject": "www.example.com"}, "cannot be read"),
            ({"ip_addresses": ["www.example.com"]}, "no IP address"),
            ({**ASKED, "provider": "Nothing"}, "not known here"),
            ({**ASKED, "provider": "Microsoft RSA SChannel Cryptographic Provider"}, "RSA keys only"),
            ({**ASKED, "friendly_name": 'a"b'}, "the character"),
            ({"names": [f"{number}.example.com" for number in range(101)]}, "101 names are too many"),
        ],
    )
    def test_that_make_no_sense(self, arguments: dict[str, Any], message: str) -> None:
        with pytest.raises(TlsOpsError, match=message):
            step(**arguments)

    def test_the_common_name_is_the_name_where_no_other_is_given(self) -> None:
        plan = step(subject="CN=WWW.example.com,O=Example").plan(snapshot())
        assert plan.result["names"] == ["www.example.com"]
        assert plan.result["subject"] == "CN=WWW.example.com,O=Example"
        assert not plan.warnings


class TestNew:
    def test_a_request_is_made_kept_and_read_back_and_no_file_is_left(self) -> None:
        plan = step(**ASKED).plan(snapshot())
        entered, dropped = ["reg.write", "reg.write"], ["file.delete", "reg.delete"] * 2
        assert operations(plan) == [*entered, "file.write", "run", "reg.write", *dropped]
        make, keep = plan.changes
        assert "pending request" in make.permanent
        assert (keep.before, keep.after) == ("", "")
        assert plan.result == {
            "state": "made",
            "csr": "",
            "key_sha256": "",
            "due": True,
            "in_use": {},
            "subject": "CN=www.example.com",
            "names": NAMES,
            "key": "ecdsa-p256",
            "exportable": True,
            "installed": "",
            "files": [],
        }
        (proof,) = plan.proofs
        assert proof.operations == (reg_read(REQUESTS, depth=0, value="0a1b"),)

    def test_the_proof_gives_the_request(self) -> None:
        (proof,) = step(**ASKED).plan(snapshot()).proofs
        made = csr(KEY, NAMES)
        verdict = proof.judge((registry_answer({"0a1b": windows_pem(made)}),))
        assert verdict.outcome is Outcome.PROVEN
        assert verdict.result == {"csr": made.pem, "key_sha256": made.key_sha256}

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Answer("error", text="gone"), "cannot be read back"),
            (registry_answer({}), "not where it was put"),
            (registry_answer({"0a1b": b"nonsense"}), "0 certificate requests"),
            (registry_answer({"0a1b": windows_pem(csr(KEY, NAMES[:1]))}), "its names are www.example.com"),
            (registry_answer({"0a1b": windows_pem(csr(KEY, NAMES, "CN=other"))}), "its subject is CN=other"),
            (registry_answer({"0a1b": windows_pem(csr(ec.generate_private_key(ec.SECP384R1()), NAMES))}), "its key is"),
        ],
        ids=["gone", "empty", "nonsense", "names", "subject", "key"],
    )
    def test_another_request_than_the_one_asked_for_is_no_success(self, answer: Answer, words: str) -> None:
        (proof,) = step(**ASKED).plan(snapshot()).proofs
        verdict = proof.judge((answer,))
        assert verdict.outcome is Outcome.MISSED
        assert words in verdict.seen

    def test_a_request_with_a_bad_signature_is_no_success(self) -> None:
        made = csr(KEY, NAMES)
        (proof,) = step(**ASKED).plan(snapshot()).proofs
        bad = made.der[:-1] + bytes([made.der[-1] ^ 1])
        assert "signature is not by its key" in proof.judge((registry_answer({"0a1b": bad}),)).seen

    @pytest.mark.parametrize(("fails_at", "stays"), [(2, False), (3, False), (4, True), (5, True)])
    def test_what_certreq_has_made_when_something_later_fails_is_said(self, fails_at: int, stays: bool) -> None:
        planned = apply.sequence(step(**ASKED).plan(snapshot()))
        count = len(planned.operations)
        said = [Answer("ok")] * fails_at + [Answer("error", text="no")] + [Answer("skipped")] * (count - fails_at - 1)
        with pytest.raises(TlsOpsError) as error:
            apply.check_done(planned, tuple(said))
        assert ("What stays: the new pending request" in error.value.hint, error.value.changed) == (stays, stays)

    def test_it_is_written_to_a_file(self) -> None:
        plan = step(csr_path="/csr", **ASKED).plan(snapshot())
        (export,) = plan.exports
        assert [(each.path, each.replace) for each in export.files] == [(FILE, False)]
        assert plan.result["files"] == [{"path": FILE, "created": True}]
        made = csr(KEY, NAMES)
        assert export.content(registry_answer({"0a1b": windows_pem(made)})) == made.pem.encode()
        with pytest.raises(TlsOpsError, match="another request"):
            export.content(registry_answer({"0a1b": windows_pem(csr(KEY, NAMES[:1]))}))

    def test_what_others_have_pending_does_not_block(self) -> None:
        others = (
            dummy(KEY, NAMES[:1]),
            dummy(rsa_key(), NAMES),
            dummy(KEY, ["other.example.com"], bare=True),
            dataclasses.replace(dummy(KEY, NAMES), has_private_key=False),
        )
        for other in others:
            assert step(**ASKED).plan(snapshot(other)).result["state"] == "made"
        assert step(subject="CN=x", **ASKED).plan(snapshot(dummy(KEY, NAMES))).result["state"] == "made"

    def test_server_2003_is_told_in_its_own_words(self) -> None:
        here = dataclasses.replace(snapshot(), host=HOST_2003)
        plan = step(names=NAMES[:2], friendly_name="Shop").plan(here)
        *_entries, write, program = plan.changes[0].operations
        assert b"EnhancedKeyUsageExtension" in dict(write.arguments)["data"]  # type: ignore[operator]
        assert "-q" not in [value for _name, value in program.arguments]
        assert [words.split()[1] for words in plan.warnings] == ["request", "friendly"]
        assert "Shop" not in plan.changes[0].after

    @pytest.mark.parametrize(
        ("asked", "words"),
        [({"key_type": "ecdsa-p256"}, "RSA keys only"), ({"provider": KSP}, "one of CNG")],
        ids=["ecdsa", "ksp"],
    )
    def test_what_server_2003_cannot_make_is_refused(self, asked: dict[str, str], words: str) -> None:
        with pytest.raises(TlsOpsError, match=words):
            step(names=NAMES[:2], **asked).plan(dataclasses.replace(snapshot(), host=HOST_2003))

    def test_kept_requests_whose_key_is_gone_are_forgotten(self) -> None:
        plan = step(**ASKED).plan(snapshot(requests={**kept(), "junk": b"?"}))
        assert plan.changes[-1].closing == (reg_delete(REQUESTS, "old1"), reg_delete(REQUESTS, "junk"))
        assert plan.snapshot.journal.requests == {}

    def test_a_common_name_that_is_none_of_the_names_is_told(self) -> None:
        (warning,) = step(subject="CN=other.example.com", **ASKED).plan(snapshot()).warnings
        assert "none of the names" in warning


class TestPending:
    def test_the_kept_request_is_returned(self) -> None:
        requests = kept()
        plan = step(**ASKED).plan(snapshot(dummy(KEY, NAMES, bare=True), requests=requests))
        assert not plan.changes_anything
        assert not plan.wants_proof
        known = read_request(requests["old1"])
        assert plan.result["csr"] == known.pem
        assert (plan.result["state"], plan.result["key_sha256"]) == ("pending", known.key_sha256)

    def test_a_key_that_did_not_open_is_asked_to_sign(self) -> None:
        plan = step(**ASKED).plan(snapshot(dummy(KEY, NAMES, provider=""), requests=kept()))
        assert plan.prove_always
        assert [proof.name for proof in plan.proofs] == ["private_key"]
        assert dict(plan.proofs[0].operations[0].arguments)["store"] == "REQUEST"

    def test_only_its_file_is_written_where_that_is_missing(self) -> None:
        here = snapshot(dummy(KEY, NAMES), requests=kept())
        disk = Disk()
        plan = step(disk, csr_path="/csr/", **ASKED).plan(here)
        (export,) = plan.exports
        assert export.operation == reg_read(REQUESTS, depth=0, value="old1")
        disk.files[FILE] = export.content(registry_answer(dict(here.journal.requests)))
        again = step(disk, csr_path="/csr/", **ASKED).plan(here)
        assert not again.changes_anything
        assert again.result["files"] == [{"path": FILE, "created": False}]

    def test_an_older_request_in_the_file_is_replaced(self) -> None:
        disk = Disk({FILE: csr(ec_key(), NAMES[:2]).pem.encode()})
        plan = step(disk, csr_path="/csr/", **ASKED).plan(snapshot(dummy(KEY, NAMES), requests=kept()))
        assert plan.exports[0].change.before.startswith("certificate request for www.example.com, example.com, ecdsa")
        assert plan.exports[0].files[0].replace

    def test_last_year_s_request_in_a_file_for_this_host_is_replaced(self) -> None:
        key = ec_key()
        used = mint("www.example.com", CA, key, names=NAMES)
        disk = Disk({FILE: csr(key, NAMES).pem.encode()})
        assert step(disk, csr_path=FILE, **ASKED).plan(snapshot(mine(used))).exports[0].files[0].replace

    def test_two_keys_for_the_same_names_have_a_file_each(self) -> None:
        other = rsa_key()
        both = snapshot(dummy(KEY, NAMES), dummy(other, NAMES), requests=kept() | kept(other, name="new1"))
        disk = Disk({FILE: csr(KEY, NAMES).pem.encode()})
        paths = []
        for kind in ("ecdsa-p256", "rsa"):
            (told,) = step(disk, csr_path="/csr/", **{**ASKED, "key_type": kind}).plan(both).result["files"]
            paths.append((told["path"], told["created"]))
        assert paths == [(FILE, False), (FILE.replace(".csr", "_2.csr"), True)]

    def test_another_host_s_request_for_the_same_names_stays_in_its_file(self) -> None:
        disk = Disk({FILE: csr(ec_key(), NAMES).pem.encode()})
        for here in (snapshot(), snapshot(dummy(KEY, NAMES), requests=kept()), snapshot(dummy(KEY, NAMES))):
            with pytest.raises(TlsOpsError, match="does not have that key") as caught:
                step(disk, csr_path=FILE, **ASKED).plan(here)
            assert "Give a folder" in caught.value.hint

    def test_another_request_that_waits_keeps_its_file_in_a_folder(self) -> None:
        other, names = ec_key(), ["www.example.com", "api.example.com"]
        disk = Disk({FILE: csr(other, names).pem.encode()})
        waiting, second = dummy(other, names), FILE.replace(".csr", "_2.csr")
        requests = kept(other, names, "api") | kept()
        made = step(disk, csr_path="/csr/", **ASKED).plan(snapshot(waiting))
        assert made.result["files"] == [{"path": second, "created": True}]
        disk.files[second] = csr(KEY, NAMES).pem.encode()
        both = snapshot(waiting, dummy(KEY, NAMES), requests=requests)
        assert not step(disk, csr_path="/csr/", **ASKED).plan(both).changes_anything
        alone = snapshot(dummy(KEY, NAMES), requests=kept())  # the other one was answered
        assert not step(disk, csr_path="/csr/", **ASKED).plan(alone).changes_anything
        del disk.files[second]
        assert step(disk, csr_path="/csr/", **ASKED).plan(alone).result["files"] == [{"path": FILE, "created": True}]

    @pytest.mark.parametrize(
        ("content", "words"),
        [(b"notes", "is no certificate request"), (csr(KEY, ["other.example.com"]).der, "none of its names")],
        ids=["notes", "another's"],
    )
    def test_any_other_file_stays(self, content: bytes, words: str) -> None:
        with pytest.raises(TlsOpsError, match=words):
            step(Disk({FILE: content}), csr_path=FILE, **ASKED).plan(snapshot())

    def test_the_newest_of_several_is_taken_and_said(self) -> None:
        other = ec_key()
        entries = dummy(KEY, NAMES, made=NOW - timedelta(days=3)), dummy(other, NAMES)
        plan = step(**ASKED).plan(snapshot(*entries, requests=kept() | kept(other, name="new1")))
        assert plan.result["key_sha256"] == csr(other, NAMES).key_sha256
        assert "2 pending requests fit" in plan.findings[0]

    @pytest.mark.parametrize(
        ("wanted", "has", "words"), [(True, False, "not exportable"), (False, True, "is exportable")]
    )
    def test_a_key_of_the_other_kind_is_told(self, wanted: bool, has: bool, words: str) -> None:
        entry = dummy(KEY, NAMES, exportable=has)
        plan = step(exportable=wanted, **ASKED).plan(snapshot(entry, requests=kept()))
        assert (plan.result["state"], plan.result["exportable"]) == ("pending", has)
        assert words in plan.warnings[0]

    def test_another_provider_than_the_one_named_does_not_fit(self) -> None:
        here = snapshot(dummy(KEY, NAMES), requests=kept())
        assert step(provider="Other Key Storage Provider", **ASKED).plan(here).result["state"] == "made"
        assert (
            step(provider="microsoft software key storage provider".title(), **ASKED).plan(here).result["state"]
            == "pending"
        )


class TestForeign:
    """A pending request that IIS or a person made: there is no copy of it."""

    def test_one_with_other_words_for_the_same_is_not_doubled(self) -> None:
        with pytest.raises(TlsOpsError, match="may be the one") as error:
            step(**ASKED).plan(snapshot(dummy(KEY, NAMES, bare=True)))
        assert "Certificate Enrollment Requests" in error.value.hint

    def test_a_bare_one_for_just_its_common_name_fits(self) -> None:
        plan = step(names=["www.example.com"], key_type="ecdsa-p256").plan(snapshot(dummy(KEY, NAMES[:1], bare=True)))
        assert plan.result["state"] == "pending"

    def test_one_of_the_wizard_of_iis_is_signed_again_for_its_names(self) -> None:
        """Its subject is what somebody typed; that the names are those of its common name alone is all it shows."""
        key = rsa_key()
        entry = dummy(key, NAMES[:1], bare=True, provider=CSP, key_spec=1, friendly_name="Default Web Site")
        here = dataclasses.replace(snapshot(entry), host=HOST_2003)
        plan = step(names=NAMES[:1]).plan(here)
        assert (plan.result["state"], plan.changes, plan.result["files"]) == ("pending", (), [])
        assert "SHA-1" in plan.warnings[0]
        (proof,) = plan.proofs
        data = dict(proof.operations[0].arguments)["data"]
        assert isinstance(data, bytes)
        signature = key.sign(data, padding.PKCS1v15(), hashes.SHA1())
        rows = [("algorithm", (b"rsa-pkcs1-sha1",)), ("signature", (signature,))]
        verdict = proof.judge((Answer("ok", encode_lines(rows)),))
        assert (verdict.outcome, verdict.facts["sha1"]) == (Outcome.PROVEN, True)

    def sign(self, plan: Plan) -> Answer:
        data = dict(plan.proofs[0].operations[0].arguments)["data"]
        assert isinstance(data, bytes)
        r, s = utils.decode_dss_signature(KEY.sign(data, ec.ECDSA(hashes.SHA256())))
        fields = {"algorithm": b"ecdsa-sha256", "signature": r.to_bytes(32, "big") + s.to_bytes(32, "big")}
        return Answer("ok", encode_lines((name, (value,)) for name, value in fields.items()))

    def test_its_key_signs_it_again_and_nothing_is_written(self) -> None:
        plan = step(**ASKED).plan(snapshot(dummy(KEY, NAMES)))
        assert (plan.changes_anything, plan.prove_always, plan.result["csr"]) == (False, True, "")
        verdict = plan.proofs[0].judge((self.sign(plan),))
        made = read_request(verdict.result["csr"].encode())
        assert verdict.outcome is Outcome.PROVEN
        assert made.signed_by_its_key
        assert (made.dns_names, made.ip_addresses) == (tuple(NAMES[:2]), tuple(NAMES[2:]))
        assert made.key_sha256 == plan.result["key_sha256"] == verdict.result["key_sha256"]

    def test_a_file_that_has_it_saves_the_signature(self) -> None:
        disk = Disk({FILE: csr(KEY, NAMES).pem.encode()})
        plan = step(disk, csr_path=FILE, **ASKED).plan(snapshot(dummy(KEY, NAMES)))
        assert (plan.changes_anything, plan.wants_proof) == (False, False)
        assert plan.result["csr"].encode() == disk.files[FILE]

    def test_the_file_gets_what_the_key_signed(self) -> None:
        plan = step(csr_path=FILE, **ASKED).plan(snapshot(dummy(KEY, NAMES)))
        assert read_request(plan.exports[0].content(self.sign(plan))).signed_by_its_key

    def test_the_file_and_the_result_are_the_same_though_the_key_signed_twice(self) -> None:
        plan = step(csr_path=FILE, **ASKED).plan(snapshot(dummy(KEY, NAMES)))
        verdict = plan.proofs[0].judge((self.sign(plan),))
        assert plan.exports[0].content(self.sign(plan)).decode() == verdict.result["csr"]

    def test_sha1_is_told(self) -> None:
        key = rsa_key()
        old = dataclasses.replace(HOST, clr_version="2.0.50727.5420")
        here = dataclasses.replace(snapshot(dummy(key, NAMES)), host=old)
        plan = step(**{**ASKED, "key_type": "rsa"}).plan(here)
        assert "SHA-1" in plan.warnings[0]
        data = dict(plan.proofs[0].operations[0].arguments)["data"]
        assert isinstance(data, bytes)
        signature = key.sign(data, padding.PKCS1v15(), hashes.SHA1())
        answer = Answer("ok", encode_lines([("algorithm", (b"rsa-pkcs1-sha1",)), ("signature", (signature,))]))
        verdict = plan.proofs[0].judge((answer,))
        assert (verdict.outcome, verdict.facts) == (Outcome.PROVEN, {"sha1": True})

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (Answer("error", text="Keyset does not exist"), "could not sign"),
            (Answer("ok", encode_lines([("unproven", (b"no way to a CNG key",))])), "no way to a CNG key"),
            (
                Answer("ok", encode_lines([("algorithm", (b"md5",)), ("signature", (b"x",))])),
                "not one of the known ways",
            ),
            (
                Answer("ok", encode_lines([("algorithm", (b"ecdsa-sha256",)), ("signature", (b"xy",))])),
                "not by the key",
            ),
        ],
        ids=["error", "unproven", "unknown", "wrong"],
    )
    def test_a_key_that_does_not_sign_ends_in_words(self, answer: Answer, words: str) -> None:
        verdict = step(**ASKED).plan(snapshot(dummy(KEY, NAMES))).proofs[0].judge((answer,))
        assert verdict.outcome is Outcome.MISSED
        assert words in verdict.seen


class TestRenewal:
    def renew(self, **more: Any) -> dict[str, Any]:
        return {"renew_from": OLD.thumbprint, **more}

    def test_names_subject_and_key_come_from_the_certificate_in_use(self) -> None:
        plan = step(**self.renew()).plan(snapshot(mine(OLD)))
        assert (plan.result["state"], plan.result["subject"], plan.result["key"]) == (
            "made",
            "CN=www.example.com",
            "ecdsa-p256",
        )
        assert plan.result["names"] == NAMES
        assert plan.result["in_use"] == {
            "thumbprint": OLD.thumbprint,
            "not_after": OLD.certificate.not_after.isoformat(),
            "days_left": 20,
        }

    def test_each_can_be_said_otherwise(self) -> None:
        given = {
            "names": ["www.example.com"],
            "ip_addresses": [],
            "key_type": "rsa",
            "subject": "CN=www.example.com,C=JP",
        }
        plan = step(**self.renew(**given)).plan(snapshot(mine(OLD)))
        assert (plan.result["names"], plan.result["key"]) == (["www.example.com"], "rsa-2048")
        assert plan.result["subject"] == "CN=www.example.com,C=JP"

    @pytest.mark.parametrize(
        ("bits", "given", "wanted"),
        [
            (1024, {}, "rsa-2048"),
            (3072, {}, "rsa-3072"),
            (3072, {"key_size": 4096}, "rsa-4096"),
            (3072, {"key_type": "rsa"}, "rsa-3072"),
            (3072, {"key_type": "ecdsa-p384"}, "ecdsa-p384"),
        ],
    )
    def test_the_key_is_like_the_one_in_use_but_never_weaker_than_allowed(
        self, bits: int, given: dict[str, Any], wanted: str
    ) -> None:
        used = mint("www.example.com", CA, rsa_key(bits), names=NAMES)
        plan = step(renew_from=used.thumbprint, **given).plan(snapshot(mine(used)))
        assert plan.result["key"] == wanted

    def test_a_key_that_cannot_be_asked_for_needs_a_word(self) -> None:
        used = mint("www.example.com", CA, ec.generate_private_key(ec.SECP521R1()), names=NAMES)
        with pytest.raises(TlsOpsError, match="secp521r1"):
            step(renew_from=used.thumbprint).plan(snapshot(mine(used)))

    @pytest.mark.parametrize(("days", "due"), [(19, False), (20, True), (30, True), (None, True)])
    def test_before_it_is_due_nothing_is_done_by_the_target_s_clock(self, days: int | None, due: bool) -> None:
        given = {} if days is None else {"due_days": days}
        plan = step(csr_path="/csr/", **self.renew(**given)).plan(
            snapshot(mine(OLD), dummy(KEY, NAMES), requests=kept())
        )
        assert (plan.result["due"], plan.result["state"]) == (due, "pending" if due else "not_due")
        if not due:
            assert not plan.changes_anything
            assert (plan.result["csr"], plan.result["files"], plan.result["names"]) == ("", [], NAMES)
        late = dataclasses.replace(HOST, clock=NOW + timedelta(days=10))
        assert step(**self.renew(**given)).plan(dataclasses.replace(snapshot(mine(OLD)), host=late)).result["due"]

    def test_an_answer_that_was_installed_is_found(self) -> None:
        plan = step(**self.renew(due_days=30)).plan(snapshot(mine(OLD), mine(NEW, "WebHosting", exportable=True)))
        assert (plan.result["state"], plan.result["installed"]) == ("installed", NEW.thumbprint)
        assert (plan.changes_anything, plan.result["due"], plan.result["exportable"]) == (False, True, True)

    def test_an_answer_to_which_the_ca_added_a_name_is_found(self) -> None:
        until = NOW + timedelta(days=300)
        old = mint("www.example.com", CA, names=["www.example.com"], not_after=NOW + timedelta(days=20))
        for more, state in ((["example.com"], "installed"), (["mail.example.com"], "made")):
            new = mint("www.example.com", CA, KEY, names=["www.example.com", *more], not_after=until)
            plan = step(renew_from=old.thumbprint, due_days=30).plan(snapshot(mine(old), mine(new)))
            assert plan.result["state"] == state

    @pytest.mark.parametrize(
        "other",
        [
            mine(mint("www.example.com", CA, names=NAMES[:2], not_after=NOW + timedelta(days=300))),
            mine(mint("www.example.com", CA, names=NAMES, not_after=NOW + timedelta(days=10))),
            mine(mint("www.example.com", CA, names=NAMES, not_after=NOW + timedelta(days=25))),
            mine(mint("www.example.com", None, names=NAMES, not_after=NOW + timedelta(days=300))),
            mine(mint("www.example.com", CA, rsa_key(), names=NAMES, not_after=NOW + timedelta(days=300))),
            mine(NEW, archived=True),
            dataclasses.replace(mine(NEW), has_private_key=False),
        ],
        ids=["names", "ends before", "due itself", "self-signed", "key", "archived", "no key"],
    )
    def test_what_is_no_successor(self, other: PersonalCertificate) -> None:
        plan = step(**self.renew(due_days=30)).plan(snapshot(mine(OLD), other))
        assert plan.result["state"] == "made"

    @pytest.mark.parametrize("which", ["renew_from", "site", "no IIS"])
    def test_nothing_that_matches_is_an_error_or_not_as_asked(self, which: str) -> None:
        given = {"renew_from": "AB" * 20} if which == "renew_from" else {"site": "Shop"}
        here = snapshot(mine(OLD), web=None if which == "no IIS" else Iis7((), ()))
        words = {"renew_from": "no certificate ABAB", "site": "no site 'Shop'", "no IIS": "no IIS"}[which]
        with pytest.raises(TlsOpsError, match=words):
            step(**given).plan(here)
        plan = step(**given, no_match="ignore", csr_path="/csr/", due_days=30).plan(here)
        assert (plan.changes_anything, plan.wants_proof, plan.result["state"]) == (False, False, "no_match")
        assert plan.result["due"] is False
        assert len(plan.findings) == 1
        assert plan.findings[0].startswith("Nothing to do here: ")
        assert words in plan.findings[0]

    def test_a_site_without_a_certificate_is_an_error_all_the_same(self) -> None:
        here = snapshot(mine(OLD), web=Iis7((Site("1", "Shop", "started", ()),), ()))
        with pytest.raises(TlsOpsError, match=r"no certificate is attached .*Leave site out and give subject or names"):
            step(site="Shop", no_match="ignore").plan(here)

    def test_the_certificate_of_a_site(self) -> None:
        shop = Site("1", "Shop", "started", ())
        endpoint = Endpoint("ipport=0.0.0.0:443", "0.0.0.0", 443, "", ("Shop",), "iis", OLD.thumbprint)
        here = snapshot(mine(OLD), web=Iis7((shop,), (endpoint,)))
        assert step(site="shop").plan(here).result["in_use"]["thumbprint"] == OLD.thumbprint
        with pytest.raises(TlsOpsError, match="no site"):
            step(site="Shopp").plan(here)

    def test_a_certificate_that_is_not_there(self) -> None:
        with pytest.raises(TlsOpsError, match="there is no certificate"):
            step(**self.renew()).plan(snapshot(mine(NEW)))

    def test_names_that_cannot_be_asked_for_again_need_a_word(self) -> None:
        used = mint("www.example.com", CA, names=["a_b.example.com"])
        with pytest.raises(TlsOpsError, match="names of the certificate in use") as error:
            step(renew_from=used.thumbprint).plan(snapshot(mine(used)))
        assert error.value.hint == "Give names."

    def test_a_subject_that_cannot_be_asked_for_again_needs_a_word(self) -> None:
        used = mint("www.example.com", CA, names=NAMES, organization='The "Company"')
        with pytest.raises(TlsOpsError, match="subject of the certificate in use"):
            step(renew_from=used.thumbprint).plan(snapshot(mine(used)))


def test_what_was_not_read_is_said() -> None:
    with pytest.raises(TlsOpsError, match="not read"):
        step(**ASKED).plan(Snapshot(HOST, Journal()))
