# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What only IIS 6.0 has: one certificate a site, in the metabase, inherited or set there, served from a start on."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

from tests.fleet.batch import At

from . import witness
from .plain import FIRST, OLD, PRODUCTION, RSA, at, host, journal, records, scenario, site, swap
from .stage import Beats, Case, Stage, staged

SECOND = "metabase=W3SVC/2"
FORMS = ("units", "bytes", "elements", "hex")
METABASE = r"C:\WINDOWS\System32\inetsrv\MetaBase.xml"


def iis6(*sites: dict[str, Any], **more: Any) -> dict[str, Any]:
    return host(*(sites or (PRODUCTION,)), product=OLD, **more)


def inherited(information: str) -> dict[str, Any]:
    """A binding of a site whose certificate is set on the service W3SVC, above the sites."""
    return {"information": information, "certificate": "old", "inherited": True}


SWAPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "inherited": (
        iis6(site("Production", inherited("*:443:")), site("Other", inherited("*:444:"))),
        {"production_site": "Production"},
    ),
    "several": (
        iis6(
            site("Production", at("*:443:"), at("10.0.1.7:8443:"), at("*:9443:shop.example.com")),
            addresses=["10.0.1.7"],
        ),
        {"production_site": "Production"},
    ),
    "at-once": (iis6(options={"iis6_takes_certificate": "at_once"}), {"production_site": "Production"}),
    "busy": (iis6(options={"metabase_busy": 3}), {"production_site": "Production"}),
    "slow-start": (iis6(options={"iis6_settling_reads": 2}), {"production_site": "Production"}),
    "between-states": (iis6(options={"iis6_settling_calls": 2}), {"production_site": "Production"}),
    "no-second-start": (iis6(options={"iis6_already": 0x80070420}), {"production_site": "Production"}),
    "japanese": (
        iis6(
            site("本番サイト", at("*:443:"), state="stopped"),
            site("更新用サイト", {"information": "*:444:"}),
            site("予備", at("*:8443:"), {"protocol": "http", "information": "*:80:"}),
            language="ja-JP",
        ),
        {"production_site": "本番サイト", "renewal_site": "更新用サイト"},
    ),
    "mail": (iis6(consumers={"smtp": "old"}), {"production_site": "Production"}),
    "no-filter": (
        iis6(services={"HTTPFilter": {"running": False, "start": 3}}),
        {"production_site": "Production"},
    ),
    **{f"form-{form}": (iis6(options={"adsi_binary_form": form}), {"replaces": "old"}) for form in FORMS},
    **{
        f"wrong-{form}": (iis6(options={"adsi_binary_form": form, "adsi_other_forms": "wrong"}), {"replaces": "old"})
        for form in FORMS
    },
}
STARTED_ONCE = ("at-once", "japanese")  # no second start: production is served anew by the first


def wanted(stage: Stage, name: str) -> dict[str, str]:
    arguments = {"thumbprint": stage.thumbprint(name, "new"), **SWAPS[name][1]}
    if "replaces" in arguments:
        arguments["replaces"] = stage.thumbprint(name, arguments["replaces"])
    return {f"site_certificate_{option}": value for option, value in arguments.items()}


def test_swaps_in_four_beats(tmp_path: Path) -> None:
    with staged(scenario(**{name: what for name, (what, _other) in SWAPS.items()}), tmp_path) as stage:
        before = {name: records(stage, name) for name in SWAPS}
        stage.set_variables({name: wanted(stage, name) for name in SWAPS})
        beats = stage.beats(stage.role("site_certificate"), list(SWAPS))
        for name in SWAPS:
            new = stage.thumbprint(name, "new")
            after = records(stage, name)
            assert after[FIRST]["certificate"] == new, name
            assert {place: each for place, each in after.items() if place != FIRST} == {
                place: each for place, each in before[name].items() if place != FIRST
            }, name
            assert {proof["outcome"] for proof in beats.done.of(name)["proofs"].values()} == {"proven"}, name
            assert beats.commands[name] == (2 if name == "japanese" else 3), name  # there the site starts behind it
            assert journal(stage, name) == [], name
            chain = looked(stage, name)
            assert (witness.thumbprint(chain.leaf), chain.protocol) == (new, "TLSv1"), name
            assert new in on_disk(stage, name), name
        told(beats)
        outside(stage)


def looked(stage: Stage, name: str, port: int = 443, address: str = "127.0.0.1") -> witness.ServedChain:
    """What openssl is sent."""
    return witness.served_chain(stage.fleet.socket_address(name, address, port))


def on_disk(stage: Stage, name: str) -> str:
    """MetaBase.xml as it is there, whatever the live metabase has."""
    return str(stage.host(name).files.read(METABASE).decode("utf-8", "replace")).upper()


def told(beats: Beats) -> None:
    """What the results say of each."""
    for beat in (beats.dry, beats.done):
        (change,) = beat.of("inherited")["diff"]
        assert "inherited from: W3SVC" in change["before"]
        assert "inherited" not in change["after"]
        assert "予備" in str(beat.of("japanese")["findings"]), "another site that is started is named"
        assert "SMTPSVC/1" in str(beat.of("mail")["findings"])
        assert "予備" not in str(beat.of("japanese")["diff"])
    assert beats.dry.of("several")["warnings"] == [
        "the site 'Production' (metabase=W3SVC/1): if it goes on with the old certificate after the swap, a run stops "
        "and starts it, which cuts open connections."
    ]
    assert beats.done.of("several")["warnings"] == [
        "the site 'Production' (metabase=W3SVC/1) went on with what it had before, so it was stopped and started: open "
        "connections were cut."
    ]
    (proof,) = beats.done.of("several")["proofs"].values()
    assert {(each["address"], each["port"]) for each in proof["served"]} == {
        ("127.0.0.1", 443),
        ("10.0.1.7", 8443),
        ("127.0.0.1", 9443),
    }
    for name in SWAPS:
        (proof,) = beats.done.of(name)["proofs"].values()
        assert {each["protocol"] for each in proof["served"]} == {"TLS 1.0"}, name
        assert ("remedy" in proof) is (name not in STARTED_ONCE), name
        warned = "went on with what it had before" in str(beats.done.of(name).get("warnings"))
        assert warned is ("remedy" in proof), name


def outside(stage: Stage) -> None:
    """The sites as the metabase has them, and what openssl sees beside the first site on port 443."""
    old, new = stage.thumbprint("inherited", "old"), stage.thumbprint("several", "new")
    assert witness.thumbprint(looked(stage, "inherited", 444).leaf) == old
    assert records(stage, "inherited")[SECOND]["certificate"] == old
    for address, port in (("10.0.1.7", 8443), ("127.0.0.1", 9443)):
        assert witness.thumbprint(looked(stage, "several", port, address).leaf) == new
    states = {"本番サイト": "Started", "更新用サイト": "Stopped", "予備": "Started"}
    assert stage.host("japanese").sites == states
    assert stage.host("no-filter").services.running("HTTPFilter")


def answer(stage: Stage, name: str, **more: Any) -> Case:
    return Case(name, "certificate_install", {"answer": stage.text(name, "renewal"), **more})


def bare(information: str = "") -> dict[str, Any]:
    """A renewal site without a certificate; by default without an https binding too."""
    return site("Renewal", *([{"information": information}] if information else []))


REQUEST = {"renewal": {"authority": RSA, "names": ["www.example.com"], "key": "rsa-2048"}}
BY_WIZARD = {"renewal": {**REQUEST["renewal"], "made_by": "wizard", "mail": "japanese"}}


def test_what_cannot_work_is_refused_in_the_dry_run_and_in_the_run(tmp_path: Path) -> None:
    no_sha2 = {"sha2": False}
    elliptic = iis6()
    no_key_there = {"key": "ecdsa-p256", "has_key": False}  # there is no CNG on 2003
    elliptic["certificates"]["elliptic"] = {"authority": RSA, "names": ["www.example.com"], **no_key_there}
    hosts = {
        "no-hotfix": iis6(PRODUCTION, bare(), options=no_sha2, requests=REQUEST),
        "no-hotfix-japanese": iis6(options=no_sha2, language="ja-JP"),
        "elliptic": elliptic,
        "taken": iis6(PRODUCTION, bare(), requests=REQUEST),
        "own-http": iis6(
            PRODUCTION,
            site("Renewal", {"protocol": "http", "information": "*:8080:"}, state="stopped"),
            requests=REQUEST,
        ),
        "taken-port": iis6(PRODUCTION, site("Shop", at("*:8443:")), bare(), requests=REQUEST),
        "disabled": iis6(services={"IISADMIN": {"running": False, "start": 4}}),
    }
    with staged(scenario(**hosts), tmp_path) as stage:
        whole = {"answer": stage.text("no-hotfix", "renewal"), "production_site": "Production", "backup_password": "x"}
        bind = {"renewal_site": "Renewal", "bind": True}
        cases = {
            "no hotfix": (swap(stage, "no-hotfix"), "KB938397"),
            "no hotfix, whole": (
                Case("no-hotfix", "renewal", {**whole, "backup_destinations": [f"{stage.backups}/"]}),
                "KB968730",
            ),
            "no hotfix, bind": (answer(stage, "no-hotfix", port=8443, **bind), "KB938397"),
            "no hotfix, japanese": (swap(stage, "no-hotfix-japanese"), "KB968730"),
            "elliptic": (
                swap(stage, "elliptic", thumbprint=stage.thumbprint("elliptic", "elliptic")),
                "without a private key",
            ),
            "taken": (answer(stage, "taken", **bind), "'Production'"),
            "own http": (
                answer(stage, "own-http", port=8080, **bind),
                "port 8080 is the HTTP port of the site 'Renewal'",
            ),
            "taken port": (answer(stage, "taken-port", port=8443, **bind), "'Shop'"),
            "disabled": (swap(stage, "disabled"), "IISADMIN"),
        }
        stage.refused(cases, "--check")
        stage.refused(cases)
        assert list(stage.backups.iterdir()) == []


def test_step_1_gives_a_site_without_secure_bindings_its_port(tmp_path: Path) -> None:
    """443 unless another is told, as the wizard asks for it; SecureBindings are written without an asterisk.

    Two of the requests were made by the IIS wizard: a pending request is found by its key, whatever made it.
    """
    hosts = {
        "default": iis6(bare(), requests=REQUEST),
        "told": iis6(PRODUCTION, bare(), requests=BY_WIZARD),
        "beside": iis6(PRODUCTION, bare("*:8443:"), requests=BY_WIZARD, language="ja-JP"),
    }
    ports = {"default": {}, "told": {"port": 8444}, "beside": {"port": 8443}}
    with staged(scenario(**hosts), tmp_path) as stage:
        common = {"renewal_site": "Renewal", "bind": True}
        own = {name: {"answer_path": stage.answer(name), **common, **port} for name, port in ports.items()}
        stage.set_variables(
            {
                name: {f"certificate_install_{option}": value for option, value in each.items()}
                for name, each in own.items()
            }
        )
        beats = stage.beats(stage.role("certificate_install"), list(hosts))
        for name, place, port in (("default", FIRST, 443), ("told", SECOND, 8444), ("beside", SECOND, 8443)):
            new = stage.thumbprint(name, "renewal")
            assert beats.done.of(name)["thumbprint"] == new
            assert beats.done.of(name)["matched"] == "pending request"
            assert stage.host(name).store("REQUEST") == []
            (warning,) = beats.done.of(name)["warnings"]
            assert warning.startswith(f"the site 'Renewal' ({place}) went on with what it had before")
            assert "if it goes on with what it had before" in str(beats.dry.of(name)["warnings"])
            assert journal(stage, name) == []
            assert records(stage, name)[place]["certificate"] == new
            assert f'SECUREBINDINGS=":{port}:"' in on_disk(stage, name)
            assert witness.thumbprint(looked(stage, name, port).leaf) == new
            if name != "default":
                assert witness.thumbprint(looked(stage, name).leaf) == stage.thumbprint(name, "old")


def test_a_swap_that_fails_ends_in_the_old_certificate(tmp_path: Path) -> None:
    """The site does not start again; the metabase cannot be saved; a form of bytes that ADSI does not know."""
    hosts = {
        "start-fails": iis6(),
        "inherited": iis6(site("Production", inherited("*:443:"))),
        "busy-for-ever": iis6(options={"metabase_busy": 100_000}),
        "no-form": iis6(options={"adsi_binary_form": "none"}),
    }
    with staged(scenario(**hosts), tmp_path) as stage:
        before = {name: records(stage, name) for name in hosts}
        for name in ("start-fails", "inherited"):
            unstartable(stage, name)
        results = stage.cases({name: swap(stage, name) for name in hosts})
        for name, result in results.items():
            assert result["status"] == "failed", (name, result)
            assert records(stage, name) == before[name], name
            left = [FIRST] if name in ("busy-for-ever", "no-form") else []  # going back cannot be done either
            assert journal(stage, name) == left, name
            assert stage.host(name).sites["Production"] == "Started", name
            assert witness.thumbprint(looked(stage, name).leaf) == stage.thumbprint(name, "old"), name
        for name in ("start-fails", "inherited"):
            assert "0x80070020" in results[name]["msg"], results[name]["msg"]
        assert "0x80070094" in results["busy-for-ever"]["msg"]
        stage.host("busy-for-ever").options.metabase_busy = 0
        assert stage.cases({"later": swap(stage, "busy-for-ever")})["later"]["proofs"][FIRST]["outcome"] == "proven"
        assert journal(stage, "busy-for-ever") == []


def test_a_signature_that_windows_cannot_check_and_does_not_tell_ends_in_the_old_certificate(tmp_path: Path) -> None:
    """What X509Chain says there is not proven: where it says nothing, the look behind the swap shows it."""
    with staged(scenario(web=iis6(options={"sha2": False, "sha2_status": 0})), tmp_path) as stage:
        before = records(stage, "web")
        (result,) = stage.cases({"swap": swap(stage, "web")}).values()
        assert result["status"] == "failed", result
        assert "The old state was put back" in result["msg"], result["msg"]
        assert (records(stage, "web"), journal(stage, "web")) == (before, [])
        assert stage.host("web").sites["Production"] == "Started"
        assert stage.thumbprint("web", "old") in on_disk(stage, "web")


def unstartable(stage: Stage, name: str) -> None:
    """The site does not start with the new certificate."""
    world, new = stage.host(name), stage.thumbprint(name, "new")
    start = world.iis6.start

    def refusing(number: int) -> None:
        if records(stage, name)[FIRST]["certificate"] == new:
            raise world.iis6.error(0x80070020)
        start(number)

    world.iis6.start = refusing


def killed_behind(stage: Stage, name: str, operation: str, *, whole: bool = False) -> None:
    """The script is killed behind the first such operation, or behind all of the first batch that has one.

    From then on the host answers nothing.
    """
    world = stage.host(name)
    execute = world.execute

    def cut(lines: list[str], at: At) -> str:
        found = [number for number, line in enumerate(lines) if line.startswith(f"do {encoded(operation)} ")]
        if not found:
            return str(execute(lines, at))
        execute(lines if whole else [*lines[: found[0] + 1], "end"], at)
        world.execute = lambda _lines, _at: ""
        return ""

    world.execute = cut


# Behind all of the batch that swaps: the one that starts the site anew, and drops the entry, never comes.
NOT_STARTED = "not-started"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def test_a_run_that_was_killed_is_repaired_by_the_next(tmp_path: Path) -> None:
    """Behind the write and before the save; behind the save; with the swap done, and the site not started anew."""
    hosts = {
        "written": iis6(),
        "written-inherited": iis6(site("Production", inherited("*:443:"))),
        "saved": iis6(),
        "lost": iis6(),
        NOT_STARTED: iis6(),
    }
    with staged(scenario(**hosts), tmp_path) as stage:
        before = {name: records(stage, name) for name in hosts}
        executes = {name: stage.host(name).execute for name in hosts}
        for name in hosts:
            killed_behind(stage, name, "adsi.invoke" if name == "saved" else "adsi.write", whole=name == NOT_STARTED)
        failed = stage.cases({name: swap(stage, name) for name in hosts})
        assert {each["status"] for each in failed.values()} <= {"failed", "unreachable"}, failed
        for name, execute in executes.items():
            assert journal(stage, name) == [FIRST], name
            stage.host(name).execute = execute
        not_started = witness.thumbprint(looked(stage, NOT_STARTED).leaf)
        assert not_started == stage.thumbprint(NOT_STARTED, "old"), "the swap is done, and not served"
        stage.host("lost").crash()
        assert records(stage, "lost") == before["lost"], "the metabase had not reached the disk"
        results = stage.cases({name: swap(stage, name) for name in hosts})
        for name, result in results.items():
            assert result["status"] == "ok", result
            assert result["changed"], name
            assert journal(stage, name) == [], name
            assert stage.host(name).sites["Production"] == "Started", name
            new = stage.thumbprint(name, "new")
            assert records(stage, name)[FIRST]["certificate"] == new, name
            assert witness.thumbprint(looked(stage, name).leaf) == new, name
            assert new in on_disk(stage, name), name
        again = stage.cases({name: swap(stage, name) for name in hosts})
        assert not any(each["changed"] for each in again.values())


def test_a_crash_behind_a_run_keeps_the_swap(tmp_path: Path) -> None:
    with staged(scenario(web=iis6()), tmp_path) as stage:
        assert stage.cases({"swap": swap(stage, "web")})["swap"]["changed"]
        stage.host("web").crash()
        new = stage.thumbprint("web", "new")
        assert records(stage, "web")[FIRST]["certificate"] == new
        assert witness.thumbprint(looked(stage, "web").leaf) == new
