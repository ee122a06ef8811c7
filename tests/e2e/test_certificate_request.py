# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A key and a request for it, made on the host, verified by openssl, and never a second one by accident."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fleet import mail
from tests.fleet.faults import Rule
from tests.fleet.world.certreq_new import new

from . import witness
from .plain import NAMES, OLD, PRODUCTION, RSA, scenario
from .plain import host as plain_host
from .stage import Case, Stage, staged

KSP = "Microsoft Software Key Storage Provider"
REQUESTS = r"HKLM\SOFTWARE\tlsops.windows\Request"
ASKED = {"names": NAMES, "key_type": "ecdsa-p256"}


def host(product: str = "2022", **more: Any) -> dict[str, Any]:
    """A host whose certificate ends in 20 days."""
    made = plain_host(PRODUCTION, product=product, **more)
    made["certificates"] = {"old": {**made["certificates"]["old"], "days": (-345, 20)}}
    return made


def kept(stage: Stage, name: str) -> list[str]:
    key = stage.host(name).registry.key(REQUESTS)
    return [value for value, _other in key.pairs()] if key else []


def pending(stage: Stage, name: str) -> int:
    return len(stage.host(name).store("REQUEST"))


def files(stage: Stage, name: str) -> list[str]:
    return [path for path, _other in stage.host(name).files.dump() if "\\temp\\" in path.lower()]


WANTED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "rsa": (host(), {"names": NAMES}),
    "rsa-3072": (host("2019"), {"names": NAMES, "key_size": 3072, "friendly_name": "Shop 2027", "exportable": False}),
    "rsa-4096": (host("2016"), {"subject": "CN=www.example.com", "key_size": 4096}),
    "cng": (host("2025"), {"names": NAMES, "provider": KSP}),
    "p256": (host("2012r2"), {"names": ["*.example.com"], "key_type": "ecdsa-p256"}),
    "p384": (host(), {"names": NAMES, "ip_addresses": ["10.0.0.1", "2001:db8::1"], "key_type": "ecdsa-p384"}),
    "japanese": (
        host("2019", language="ja-JP"),
        {"subject": 'CN=例え.jp,O=株式会社例,OU="営業, 東京",C=JP', "names": ["例え.jp", "www.例え.jp"]},
    ),
    "bare": (host(options={"request_dummy": "bare", "request_subject": "written"}), {"names": NAMES, **ASKED}),
    "2008r2": (host("2008r2"), {"names": NAMES}),
    "2008r2-cng": (host("2008r2"), {"names": NAMES, "key_type": "ecdsa-p256"}),
    "2003": (host("2003"), {"names": NAMES, "friendly_name": "Shop 2027"}),
    "2003-japanese": (
        host("2003", language="ja-JP", options={"request_dummy": "bare"}),
        {
            "subject": "CN=www.example.com,O=株式会社例,C=JP",
            "names": [*NAMES, *(f"{number:060}.example.com" for number in range(97))],
            "ip_addresses": ["10.0.0.1"],
            "key_size": 4096,
            "exportable": False,
        },
    ),
    "2003-renewal": (host("2003"), {"site": "Production", "due_days": 30}),
    "renewal": (host(), {"site": "Production", "due_days": 30}),
    "renew-from": (host(), {"due_days": 20, "names": [*NAMES, "new.example.com"]}),
}
SEEN = {
    "rsa": ("CN=www.example.com", ["DNS:www.example.com", "DNS:shop.example.com"], "rsa-2048"),
    "rsa-3072": ("CN=www.example.com", ["DNS:www.example.com", "DNS:shop.example.com"], "rsa-3072"),
    "rsa-4096": ("CN=www.example.com", ["DNS:www.example.com"], "rsa-4096"),
    "cng": ("CN=www.example.com", ["DNS:www.example.com", "DNS:shop.example.com"], "rsa-2048"),
    "p256": ("CN=*.example.com", ["DNS:*.example.com"], "ecdsa-256"),
    "p384": (
        "CN=www.example.com",
        ["DNS:www.example.com", "DNS:shop.example.com", "IP Address:10.0.0.1", "IP Address:2001:DB8:0:0:0:0:0:1"],
        "ecdsa-384",
    ),
    "japanese": (
        "CN=例え.jp,O=株式会社例,OU=営業\\, 東京,C=JP",
        ["DNS:xn--r8jz45g.jp", "DNS:www.xn--r8jz45g.jp"],
        "rsa-2048",
    ),
    "bare": ("CN=www.example.com", ["DNS:www.example.com", "DNS:shop.example.com"], "ecdsa-256"),
    "2008r2": ("CN=www.example.com", ["DNS:www.example.com", "DNS:shop.example.com"], "rsa-2048"),
    "2008r2-cng": ("CN=www.example.com", ["DNS:www.example.com", "DNS:shop.example.com"], "ecdsa-256"),
    "2003": ("CN=www.example.com", ["DNS:www.example.com", "DNS:shop.example.com"], "rsa-2048"),
    "2003-japanese": (
        "CN=www.example.com,O=株式会社例,C=JP",
        [
            *("DNS:www.example.com", "DNS:shop.example.com"),
            *(f"DNS:{number:060}.example.com" for number in range(97)),
            "IP Address:10.0.0.1",
        ],
        "rsa-4096",
    ),
    "2003-renewal": (
        "CN=www.example.com,O=Example Company,C=JP",
        ["DNS:www.example.com", "DNS:shop.example.com"],
        "rsa-2048",
    ),
    "renewal": (
        "CN=www.example.com,O=Example Company,C=JP",
        ["DNS:www.example.com", "DNS:shop.example.com"],
        "rsa-2048",
    ),
    "renew-from": (
        "CN=www.example.com,O=Example Company,C=JP",
        ["DNS:www.example.com", "DNS:shop.example.com", "DNS:new.example.com"],
        "rsa-2048",
    ),
}


def test_requests_in_four_beats_and_what_openssl_says(tmp_path: Path) -> None:
    with staged(scenario(**{name: described for name, (described, _other) in WANTED.items()}), tmp_path) as stage:
        folder = stage.directory / "requests"
        folder.mkdir()
        own = {name: {**arguments, "csr_path": f"{folder}/"} for name, (_other, arguments) in WANTED.items()}
        own["renew-from"]["renew_from"] = stage.thumbprint("renew-from", "old")
        stage.set_variables(
            {
                name: {f"certificate_request_{option}": value for option, value in each.items()}
                for name, each in own.items()
            }
        )
        beats = stage.beats(stage.role("certificate_request"), list(WANTED), looking=["2008r2-cng"])
        for name, (subject, names, key) in SEEN.items():
            assert beats.commands[name] == 2, name
            assert (beats.dry.of(name)["csr"], beats.dry.of(name)["state"]) == ("", "made"), name
            done, again = beats.done.of(name), beats.again.of(name)
            assert (done["state"], again["state"], beats.dry_again.of(name)["state"]) == ("made", "pending", "pending")
            assert done["csr"] == again["csr"] == beats.dry_again.of(name)["csr"], name
            assert done["key_sha256"] == again["key_sha256"] != "", name
            seen = witness.request(done["csr"])
            assert (seen.verified, seen.names, seen.key) == (True, tuple(names), key), name
            assert sorted(seen.subject.split(",")) == sorted(subject.split(",")), name
            (file,) = done["files"]
            assert Path(file["path"]).read_text() == done["csr"], name
            assert (pending(stage, name), len(kept(stage, name)), files(stage, name)) == (1, 1, []), name
        assert len(list(folder.iterdir())) == len(WANTED)
        keys(stage)
        for name in ("2003", "2003-japanese"):
            assert beats.done.of(name)["proofs"]["request"]["sha1"], name
            assert "SHA-1" in beats.dry.of(name)["warnings"][0], name
        assert "friendly name is left out" in beats.done.of("2003")["warnings"][1]
        assert beats.done.of("renewal")["in_use"]["days_left"] in (19, 20)


def keys(stage: Stage) -> None:
    """Providers, key spec and what may be exported."""
    found = {}
    for name in WANTED:
        (entry,) = stage.host(name).store("REQUEST")
        found[name] = entry, stage.host(name).keys.open(entry.link)
    assert [name for name, (_entry, key) in found.items() if not key.exportable] == ["rsa-3072", "2003-japanese"]
    assert found["2003"][0].friendly_name == ""
    assert found["rsa-3072"][0].friendly_name == "Shop 2027"
    schannel = [name for name, (_entry, key) in found.items() if "SChannel" in key.provider]
    assert set(found) - set(schannel) == {"cng", "p256", "p384", "bare", "2008r2-cng"}
    assert {found[name][1].key_spec for name in schannel} == {1}


def by_hand(stage: Stage, name: str, names: list[str]) -> None:
    """Somebody runs certreq on the server."""
    world = stage.host(name)
    rows = [
        '[Version]\nSignature="$Windows NT$"\n[NewRequest]\nRequestType=PKCS10\nMachineKeySet=TRUE\nExportable=TRUE',
        f'Subject="CN={names[0]},O=By hand"\nHashAlgorithm=sha256\nKeyLength=2048\nKeySpec=1\nKeyUsage=0xa0',
        'ProviderName="Microsoft RSA SChannel Cryptographic Provider"\n[Extensions]\n2.5.29.17="{text}"',
        *(f'_continue_="DNS={each}&"' for each in names),
    ]
    with world.journal.silence():
        new(world, "\n".join(rows).encode(), machine=True)


def test_a_request_that_somebody_made_by_hand_is_returned_and_none_is_made(tmp_path: Path) -> None:
    wizard = {"authority": "rsa", "names": NAMES[:1], "key": "rsa-2048", "made_by": "wizard"}
    hosts = {"new": host(), "old": host("2008r2"), "bare": host(options={"request_dummy": "bare"}), "other": host()}
    hosts["wizard"] = host("2003", requests={"renewal": wizard})
    with staged(scenario(**hosts), tmp_path) as stage:
        for name in hosts.keys() - {"wizard"}:
            by_hand(stage, name, ["other.example.com"] if name == "other" else NAMES)
        before = stage.digests(list(hosts))

        def case(name: str, **more: Any) -> Case:
            return Case(name, "certificate_request", {"names": NAMES, **more})

        for options in ([], ["--check"]):
            stage.fleet.reset_traffic()
            asked = {"new": case("new"), "old": case("old"), "wizard": case("wizard", names=NAMES[:1])}
            found = stage.cases(asked, *options)
            for name in asked:
                assert (found[name]["changed"], found[name]["state"]) == (False, "pending"), name
                seen = witness.request(found[name]["csr"])
                assert (seen.verified, seen.key) == (True, "rsa-2048"), name
                names = NAMES[:1] if name == "wizard" else NAMES
                assert seen.names == tuple(f"DNS:{each}" for each in names), name
                assert stage.fleet.traffic(name).commands == 2, name
        for name in ("old", "wizard"):
            assert "SHA-1" in found[name]["warnings"][0]
            assert found[name]["proofs"]["request"]["sha1"]
        stage.refused({name: (case(name), "shows no names") for name in ("bare", "wizard")})
        assert stage.digests(list(hosts)) == before
        path = stage.directory / "new.csr"
        for created in (True, False):
            told = stage.cases({"file": case("new", csr_path=str(path))})["file"]
            assert (told["changed"], told["files"]) == (created, [{"path": str(path), "created": created}])
            assert witness.request(path.read_text()).verified
            assert told["csr"] == path.read_text()
        assert stage.digests(list(hosts)) == before
        made = stage.cases({"other": case("other"), "bare": case("bare", subject="CN=new.example.com")})
        assert [each["state"] for each in made.values()] == ["made", "made"]
        assert {name: pending(stage, name) for name in hosts} == {
            "new": 1,
            "old": 1,
            "bare": 2,
            "other": 2,
            "wizard": 1,
        }


@pytest.mark.parametrize("product", ["2022", OLD])
def test_from_the_request_to_the_installed_certificate_and_nothing_more_to_do(product: str, tmp_path: Path) -> None:
    with staged(scenario(web=host(product)), tmp_path) as stage:

        def ask(*options: str, **more: Any) -> dict[str, Any]:
            given = {"renew_from": stage.thumbprint("web", "old"), "due_days": 30, **more}
            return stage.cases({"ask": Case("web", "certificate_request", given)}, *options)["ask"]

        stage.fleet.reset_traffic()
        early = ask(due_days=10)
        assert (early["state"], early["due"], early["changed"], early["csr"]) == ("not_due", False, False, "")
        assert stage.fleet.traffic("web").commands == 1
        asked = ask()
        stage.host("web").clock.advance(3600)
        authority = stage.fleet.scenario.authorities[RSA if product == OLD else "simple"]

        def install(days: int, *options: str) -> dict[str, Any]:
            answer = mail.answer(authority, asked["csr"], "japanese", days=(0, days))
            given = {"answer": answer, "for_sites": ["Production"]}
            return stage.cases({"install": Case("web", "certificate_install", given)}, *options)["install"]

        installed = install(365)
        assert (installed["matched"], installed["proofs"]["private_key"]["outcome"]) == ("pending request", "proven")
        assert (pending(stage, "web"), kept(stage, "web")) == (0, [])
        for options in ([], ["--check"]):
            done = ask(*options)
            assert (done["state"], done["installed"], done["changed"]) == ("installed", installed["thumbprint"], False)
            assert done["key_sha256"] == asked["key_sha256"]
        again = install(397)  # the CA answers the same request once more
        assert (again["matched"], again["proofs"]["private_key"]["outcome"]) == ("reissue", "proven")
        assert again["thumbprint"] != installed["thumbprint"]


def test_one_file_for_two_hosts_keeps_the_request_that_it_holds(tmp_path: Path) -> None:
    with staged(scenario(web=host(), other=host()), tmp_path) as stage:
        path = stage.directory / "request.csr"
        given = {**ASKED, "csr_path": str(path)}
        first = stage.cases({"web": Case("web", "certificate_request", given)})["web"]
        stage.refused({"other": (Case("other", "certificate_request", given), "This host does not have that key")})
        assert path.read_text() == first["csr"]
        own = Case("other", "certificate_request", {**ASKED, "csr_path": f"{stage.directory}/"})
        assert stage.cases({"own": own})["own"]["files"][0]["path"].endswith("/other_www.example.com.csr")


def test_what_cannot_be_asked_for_is_refused_before_anything_is_touched(tmp_path: Path) -> None:
    with staged(scenario(**{"web": host(), OLD: host(OLD)}), tmp_path) as stage:

        def case(**more: Any) -> Case:
            return Case("web", "certificate_request", {**ASKED, **more})

        notes = stage.directory / "notes.txt"
        notes.write_text("notes")
        stage.refused(
            {
                "nothing": (Case("web", "certificate_request", {}), "one of the following is required"),
                "no name": (Case("web", "certificate_request", {"subject": "O=Example"}), "needs a name"),
                "subject": (case(subject="CN=a\r\nSilent,O=b"), "the character '\\r'"),
                "name": (case(names=['a"&DNS=b']), "no DNS name"),
                "provider": (case(provider="Nothing"), "not known here"),
                "relative": (case(csr_path="requests/"), "not absolute"),
                "folder": (case(csr_path="/nowhere/request.csr"), "there is no folder"),
                "file": (case(csr_path=str(notes)), "is no certificate request"),
                "due": (case(due_days=3), "due_days needs renew_from or site"),
                "long ago": (case(site="Production", due_days=10**12), "between 0 and 36500"),
                "printable": (case(subject="CN=a,SERIALNUMBER=株1"), "cannot hold '株'"),
                "site": (case(site="Shop"), "there is no site 'Shop'"),
                "thumbprint": (case(renew_from="AB" * 20), "there is no certificate ABAB"),
                "2003 ecdsa": (Case(OLD, "certificate_request", ASKED), "makes RSA keys only, not ecdsa-p256"),
                "2003 cng": (Case(OLD, "certificate_request", {"names": NAMES, "provider": KSP}), "one of CNG"),
            }
        )
        assert notes.read_text() == "notes"


def test_what_certreq_refuses_leaves_nothing_and_is_said_in_words(tmp_path: Path) -> None:
    with staged(scenario(web=host()), tmp_path) as stage:
        before = stage.host("web").keys.all()
        given = {**ASKED, "provider": "Missing Key Storage Provider"}
        failed = stage.cases({"failed": Case("web", "certificate_request", given)})["failed"]
        assert (failed["status"], failed["changed"], failed["stage"]) == ("failed", False, "apply")
        assert "no such key provider" in failed["hint"]
        assert stage.host("web").keys.all() == before
        assert (pending(stage, "web"), kept(stage, "web"), files(stage, "web")) == (0, [], [])
        assert not stage.host("web").registry.key(r"HKLM\SOFTWARE\tlsops.windows\Undo\File").pairs()


def test_an_answer_that_got_lost_costs_no_second_request(tmp_path: Path) -> None:
    with staged(scenario(web=host()), tmp_path) as stage:
        for effect in ("delay", "drop_reply"):  # the answer to the reads comes, the one to the request is lost
            stage.fleet.faults.add("web", "Receive", Rule(effect))  # type: ignore[arg-type]
        done = stage.cases({"ask": Case("web", "certificate_request", ASKED)})["ask"]
        assert (done["status"], done["changed"], done["state"]) == ("ok", True, "pending")
        assert witness.request(done["csr"]).verified
        assert (pending(stage, "web"), len(kept(stage, "web"))) == (1, 1)
        assert stage.cases({"again": Case("web", "certificate_request", ASKED)})["again"]["changed"] is False


def test_what_stays_when_a_made_request_is_not_the_one_asked_for(tmp_path: Path) -> None:
    with staged(scenario(web=host(language="ja-JP")), tmp_path) as stage:
        subject = "CN=www.example.com,OID.2.5.4.97=VAT"
        stage.host("web").options.request_drops = ["2.5.4.97"]
        failed = stage.cases({"ask": Case("web", "certificate_request", {**ASKED, "subject": subject})})["ask"]
        assert (failed["status"], failed["changed"], failed["stage"]) == ("failed", True, "verify")
        assert "its subject is" in failed["msg"]
        assert "pending request" in failed["hint"]
        assert (pending(stage, "web"), kept(stage, "web"), files(stage, "web")) == (1, [], [])
