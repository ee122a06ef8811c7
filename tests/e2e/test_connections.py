# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The renewal over every connection but WinRM over HTTP, which all the other tests take; and each of them cut off.

All hosts are twins: what becomes of one is told by comparing it with another. The table goes to
``build/connections.txt``, and is printed.
"""

from __future__ import annotations

import dataclasses
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.fleet import doors
from tests.fleet.faults import Cut, When
from tests.fleet.world.scenario import Scenario

from .cuts.farm import SELECTORS, differences, facts, farm
from .playbook import ROOT
from .roads import play, web_of
from .stage import Beats, Stage

TABLE = ROOT / "build" / "connections.txt"
NO_SSH = shutil.which("ssh") is None
# Hosts by name, with the way into each: IIS 10 but for those that begin with iis6, Server 2003.
ROADS = {
    "iis7-basic-https": "winrm-basic-https",
    "iis7-ntlm-https": "winrm-ntlm-https",
    "iis7-psrp": "psrp-ntlm",
    "iis7-psrp-https": "psrp-basic-https",
    "iis6-psrp": "psrp-ntlm",
    "iis7-ssh": "ssh-powershell",
    "iis6-ssh": "ssh-cmd",
}
EVERYWHERE = ("reading", "first-write", "certificate-away", "all-done")
CUT = {
    "winrm-ntlm-https": ("reading", "certificate-away"),
    "psrp-ntlm": EVERYWHERE,
    "psrp-basic-https": ("reading", "certificate-away"),
    "ssh-powershell": EVERYWHERE,
}
PAGE = ROOT / "docs" / "connections.md"
SHOWN = {
    "WinRM over HTTP, with NTLM": ["winrm-ntlm"],
    "WinRM over HTTPS": ["winrm-ntlm-https"],
    "WinRM with Kerberos": ["winrm-kerberos-https"],
    "PSRP": ["psrp-ntlm", "psrp-basic-https"],
    "SSH": ["ssh-powershell"],
}
# What a reader has in another group of the inventory, or the default, or an own value of.
_ELSEWHERE = {"ansible_host", "ansible_user", "ansible_password", "ansible_winrm_path", "ansible_psrp_path"}
_OWN = {"ansible_port", "ansible_winrm_ca_trust_path", "ansible_psrp_ca_cert", "ansible_ssh_private_key_file"}
_LOOPBACK = {"ansible_ssh_common_args", "ansible_winrm_kinit_env_vars"}
_GOES_ON = (
    4.0  # seconds after which a process whose client is lost goes on: longer than the pause before the client is back
)
_ENDS = 60.0


def here(door: str) -> bool:
    return not (NO_SSH and door.startswith("ssh"))


@dataclasses.dataclass(frozen=True)
class Place:
    """A connection is dropped ``when`` the process is at operation ``number`` (from 0) of batch ``batch`` (from 0)."""

    name: str
    batch: int
    number: int
    when: When


@dataclasses.dataclass(frozen=True)
class Renewed:
    """What renewals that are not cut off do, over every connection: how they leave the hosts, and one's ``places``."""

    scenario: Scenario
    beats: Beats
    ends: Mapping[str, Mapping[str, str]]
    shells: Mapping[str, int]
    places: Sequence[Place]
    backups: Path
    variables: Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def renewed(tmp_path_factory: pytest.TempPathFactory) -> Renewed:
    scenario = farm()
    roads = {name: door for name, door in ROADS.items() if here(door)}
    with play(tmp_path_factory.mktemp("renewed"), scenario, roads) as (stage, playbook):
        model = next(iter(roads))
        seen = watch(stage, model)
        beats = stage.beats(playbook, list(roads), "--forks", "8")
        ends = {name: facts(stage.host(name)) for name in roads}
        shells = {name: stage.fleet.open_shells(name) for name in roads}
        places = places_of(stage.fleet.faults.batches(model), seen)
        variables = {door: doors.variables(stage.fleet, model, door) for door in doors.DOORS}
        return Renewed(scenario, beats, ends, shells, places, stage.backups, variables)


def test_ssh_is_among_them() -> None:
    if NO_SSH:
        pytest.skip("no ssh client here: nothing goes over SSH")
    assert any(door.startswith("ssh") for door in CUT)


def test_four_beats_over_every_connection(renewed: Renewed) -> None:
    for name, end in renewed.ends.items():
        first = next(other for other in renewed.ends if web_of(other) == web_of(name))
        assert not list(differences(dict(end), dict(renewed.ends[first]))), name
        commands = renewed.beats.commands[name]
        assert commands == (3 if name.startswith("iis6") else 2), "one more for a site that is started anew"
        assert (renewed.backups / f"{name}_{thumbprint(renewed.beats.done.of(name))}.pfx").exists()
        assert not renewed.shells[name]


def thumbprint(result: Mapping[str, Any]) -> str:
    return str(result["certificate_install"]["thumbprint"])


def test_what_each_connection_does_on_a_drop(renewed: Renewed, tmp_path: Path) -> None:
    """It heals or says what is the matter; the next run ends as that of a host that was not cut off."""
    wanted = dict(renewed.ends[next(iter(renewed.ends))])
    cuts = [(door, place) for door in CUT if here(door) for place in renewed.places if place.name in CUT[door]]
    roads = {f"iis7-{door}-{place.name}": door for door, place in cuts}
    insistent = {name: {"ansible_ssh_retries": 2} for name in roads if not name.endswith("-reading")}
    with play(tmp_path, renewed.scenario, roads, own=insistent) as (stage, playbook):
        for name, (_door, place) in zip(roads, cuts, strict=True):
            stage.fleet.faults.cut(name, Cut(place.number, place.when, "drop", _GOES_ON), after=place.batch)
        broken = stage.run(playbook, "--forks", "8")
        assert stage.fleet.faults.wait_idle(_ENDS)
        found = {each["host"]: each for each in broken.results}
        left = {name: list(differences(facts(stage.host(name)), wanted)) for name in roads}
        done = {
            name: len(stage.fleet.faults.batches(name)[place.batch])
            for name, (_door, place) in zip(roads, cuts, strict=True)
        }
        shells = {name: stage.fleet.open_shells(name) for name in roads}
        show(cuts, [found[name]["status"] for name in roads], list(done.values()), list(shells.values()))
        again = stage.run(playbook, "--forks", "8")
        for name in roads:
            assert stage.fleet.faults.acted[name] == 1
            judge(name, found[name], left[name])
            assert again.status(name) == "ok", again.of(name)
            assert not list(differences(facts(stage.host(name)), wanted)), name


def judge(name: str, found: Mapping[str, Any], left: Sequence[str]) -> None:
    """What the run that was cut off said, against how it left the host."""
    result = found["result"]
    if found["status"] == "ok":
        assert result["changed"], name
        assert not left, (name, left)
    elif found["status"] == "unreachable":
        assert name.endswith("-reading"), result
        assert not result.get("changed")
    else:
        assert result["msg"].startswith(f"{name} renewal "), result
        assert result["hint"], result


def watch(stage: Stage, name: str) -> list[tuple[int, int]]:
    """Where a host's production site is without one of its certificates, as batch and operation, once that is seen."""
    host, seen = stage.host(name), list[tuple[int, int]]()

    def look(batch: int, when: str, number: int, _operation: str) -> None:
        if when == "after" and any(host.sslcert(selector) is None for selector in SELECTORS["iis7"]):
            seen.append((batch, number))

    stage.fleet.faults.watch(name, look)
    return seen


def places_of(batches: Sequence[Sequence[str]], away: Sequence[tuple[int, int]]) -> list[Place]:
    """Of a run's two batches: ``batches`` are those of all beats."""
    written, swap = away[0]
    return [
        Place("reading", 0, len(batches[0]) // 2, "before"),
        Place("first-write", 1, 0, "before"),
        Place("certificate-away", 1, swap, "after"),
        Place("all-done", 1, len(batches[written]) - 1, "after"),
    ]


def test_a_door_that_is_shut_is_unreachable_and_nothing_was_touched(renewed: Renewed, tmp_path: Path) -> None:
    """Each as the connection plugin says it: before anything is sent."""
    shut: dict[str, tuple[str, dict[str, Any], str]] = {
        "iis7-name": (
            "psrp-basic-https",
            {"ansible_host": "localhost"},
            "doesn't match|Hostname mismatch|not valid for",
        ),
        "iis7-ca": ("psrp-ntlm-https", {"ansible_psrp_ca_cert": None}, "certificate verify failed"),
        "iis7-password": ("psrp-ntlm", {"ansible_password": "wrong"}, "failed to authenticate"),
        "iis7-user": ("ssh-powershell", {"ansible_user": "guest"}, "Permission denied"),
        "iis7-host-key": ("ssh-cmd", {"ansible_ssh_common_args": "-F none -o StrictHostKeyChecking=yes"}, "Host key"),
    }
    wanted = {name: door for name, (door, _own, _words) in shut.items() if here(door)}
    with play(tmp_path, renewed.scenario, wanted, own={name: own for name, (_d, own, _w) in shut.items()}) as (
        stage,
        go,
    ):
        before = stage.digests(list(wanted))
        run = stage.run(go)
        for name in wanted:
            assert run.status(name) == "unreachable", run.of(name)
            assert re.search(shut[name][2], str(run.of(name)["msg"])), run.of(name)
        assert stage.digests(list(wanted)) == before


def show(
    cuts: Sequence[tuple[str, Place]], statuses: Sequence[str], done: Sequence[int], shells: Sequence[int]
) -> None:
    """``done``: how many operations the process did that lost its client, ``shells``: how many stayed open."""
    ended = {"ok": "healed", "failed": "error"}
    lines = [
        "The connection is dropped once, in the middle of a renewal. The next run always ended as on other hosts.",
        f"{'connection':20}{'dropped at':20}{'its process':14}{'the run':14}shells left open",
    ]
    for (door, place), status, count, left in zip(cuts, statuses, done, shells, strict=True):
        process = "had ended" if place.name == "all-done" else "went on" if count > place.number + 1 else "was ended"
        lines.append(f"{door:20}{place.name:20}{process:14}{ended.get(status, status):14}{left}")
    text = "\n".join(lines) + "\n"
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(text, encoding="utf-8")
    print(text)


def test_the_page_shows_what_was_tried(renewed: Renewed) -> None:
    """The inventories of the page say what those of these tests say."""
    sections = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for title, tried in SHOWN.items():
        (section,) = [text for text in sections if text.startswith(f"{title}\n")]
        blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", section, re.DOTALL)]
        assert [_compared(block) for block in blocks] == [_compared(renewed.variables[door]) for door in tried], title


def _compared(variables: Mapping[str, Any]) -> dict[str, Any]:
    ours = {name: value for name, value in variables.items() if name not in _ELSEWHERE | _LOOPBACK}
    if ours.get("ansible_winrm_message_encryption") == "auto":
        del ours["ansible_winrm_message_encryption"]
    return {name: "own" if name in _OWN else value for name, value in ours.items()}
