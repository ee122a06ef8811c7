# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords and keys of a whole life are in no place where nobody has put them; and in each place one would be seen."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.fleet import doors
from tests.fleet.faults import Cut
from tests.fleet.world.host import Host
from tests.fleet.world.registry import string

from . import life, secret, secret_life, watched, witness
from .secret_life import SECOND, SPARE, TEXTS, Life
from .tap import Tap
from .watched import Watched

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked at in /proc")
HOSTS = [*life.DUE, SECOND, SPARE]
CANARY = "Canary \"bird\" & $(cage) 'é'"
REFUSED = {
    "wrong password": "the password is wrong",
    "a list": "password is a list",
    "misspelled": "unsupported parameters: pasword",
    "no folder": "there is no folder",
    "wrong passphrase": "its passphrase is wrong",
}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Life, Watched, dict[str, str]]]:
    """The life, the run, and the digests of what the user had put on the controller before it."""
    with secret_life.begun(tmp_path_factory.mktemp("secrets")) as found:
        given = secret_life.digests(found.given)
        run = found.run(secret_life.playbook(found), "run", "-vvvvv", "--diff")
        yield found, run, given


def test_the_life_was_a_whole_one(lived: tuple[Life, Watched, dict[str, str]]) -> None:
    """Else a search that finds nothing says nothing."""
    found, run, given = lived
    assert not found.stage.fleet.errors
    results = {(each["host"], each["task"]): each for each in run.results}
    assert [results[name, "Keep renewal_result"]["status"] for name in life.DUE] == ["ok"] * 2
    assert results[SECOND, "Second backup"]["result"]["changed"]
    assert results[SPARE, "Restore"]["result"]["changed"]
    for task, words in REFUSED.items():
        assert words in results["web01", task]["result"]["msg"]
    assert {name: len(found.one_time[name]) for name in HOSTS} == dict.fromkeys(HOSTS, 1)
    assert len(found.secrets()) == len(TEXTS) + 4 + 7  # one-time passwords; keys: two for each renewal, 3 others
    assert secret_life.digests(found.given) == given
    assert (run.directory / "retry" / "life.retry").read_text().split() == ["web01"]


def test_nothing_that_the_run_said_or_left_holds_a_secret(lived: tuple[Life, Watched, dict[str, str]]) -> None:
    found, run, _given = lived
    secrets = found.secrets()
    channels = run.channels()
    for name in (
        "output",
        "ansible.log",
        "record.jsonl",
        "junit",
        "tree",
        "facts",
        "retry",
        "processes",
        "audit.jsonl",
    ):
        assert channels[name], name
    for name in ("output", "ansible.log"):
        assert secret.search(channels[name], [found.served("web01")]), "the answers in it were not unpacked"
    assert {name: seen for name, data in channels.items() if (seen := secret.search(data, secrets))} == {}


def test_nothing_on_the_servers_holds_a_secret(lived: tuple[Life, Watched, dict[str, str]]) -> None:
    """Nor a PFX that has travelled, though nobody has its password any more."""
    found, _run, _given = lived
    secrets = [*found.secrets(), *found.travelled()]
    places = {
        (name, what): data for name in HOSTS for what, data in secret_life.on_the_server(found.stage.host(name)).items()
    }
    assert all(places[name, what] for name in HOSTS for what in ("registry", "events"))
    assert {place: seen for place, data in places.items() if (seen := secret.search(data, secrets))} == {}


def test_nothing_on_the_wire_is_in_clear(lived: tuple[Life, Watched, dict[str, str]]) -> None:
    found, _run, _given = lived
    heard = found.tap.heard
    assert all(heard.count(f"/wsman/{name}".encode()) > 5 for name in (*life.DUE, SPARE))
    assert secret.search(heard, [*found.secrets(), *found.travelled()]) == []


def test_the_run_started_nothing_but_ssh_and_wrote_only_where_it_was_asked(
    lived: tuple[Life, Watched, dict[str, str]],
) -> None:
    """Ansible itself looks for a library with ldconfig."""
    found, run, _given = lived
    starts = ("subprocess.Popen", "os.posix_spawn")  # newer Pythons start some of the former by the latter
    started = {Path(each["arguments"][0]).name for each in run.audit if each["event"] in starts}
    assert started <= {"ssh", "ldconfig", "gcc", "cc", "ld", "objdump"}
    assert not [each for each in run.audit if each["event"] in ("os.exec", "os.spawn", "os.system")]
    assert watched.written(run, [found.stage.backups]) == []
    assert sorted(path.name for path in found.stage.backups.iterdir()) == ["early.vault", "web01.pfx", "web02.pfx"]


def test_the_backups_open_with_their_passwords_only(
    lived: tuple[Life, Watched, dict[str, str]], tmp_path: Path
) -> None:
    found, _run, _given = lived
    backups = found.stage.backups
    given = {"right": TEXTS["the role's backup password"], "second": TEXTS["the second backup's password"]}
    for name, password in given.items():
        (tmp_path / name).write_text(password, encoding="utf-8")
    vault = VaultLib([("default", VaultSecret(TEXTS["the vault password"].encode()))])
    (tmp_path / "second.pfx").write_bytes(vault.decrypt((backups / "early.vault").read_bytes()))
    opens = [(backups / "web01.pfx", "right"), (backups / "web02.pfx", "right"), (tmp_path / "second.pfx", "second")]
    for path, password in opens:
        assert witness.key_belongs(path, tmp_path / password), path
        assert not witness.key_belongs(path, tmp_path / ("right" if password == "second" else "second")), path
    for path in backups.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert secret.search(path.read_bytes(), found.secrets()) == [], path


def test_a_secret_would_be_seen_in_whatever_a_run_says_and_leaves(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The same search where tasks leak on purpose."""
    tmp_path = tmp_path_factory.mktemp("leaks")  # short: ansible-core 2.21 has a socket below TMPDIR
    inventory = tmp_path / "inventory.json"
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory.write_text(json.dumps({"all": {"hosts": {"here": local}}}), encoding="utf-8")
    (tmp_path / "variables.json").write_text(json.dumps({"canary": CANARY}), encoding="utf-8")
    folder = tmp_path / "run"
    places = [str(folder / name / "planted") for name in ("temporary", "work", "ansible_home", "retry")]
    plant = "import pathlib, sys; [pathlib.Path(each).write_text(sys.argv[1]) for each in sys.argv[2:]]"
    argv = [sys.executable, "-c", plant, "{{ canary }}", *places, str(tmp_path / "elsewhere")]
    copy = {"content": "{{ canary }}", "dest": str(folder / "home" / "planted"), "mode": "0600"}
    tasks = [
        {"ansible.builtin.debug": {"msg": "{{ canary }}"}},
        {"ansible.builtin.set_fact": {"canary_too": "{{ canary }}", "cacheable": True}},
        {"ansible.builtin.command": {"argv": argv}, "environment": {"BIRD": "{{ canary }}"}},
        {"ansible.builtin.copy": copy},
    ]
    playbook = tmp_path / "leaks.json"
    playbook.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]), encoding="utf-8")
    options = ("-vvvvv", "--diff", "-e", f"@{tmp_path / 'variables.json'}")
    run = watched.run(playbook, inventory, folder, *options, sampler=watched.Sampler())
    assert run.returncode == 0, run.output[-3000:]
    channels = run.channels()
    del channels["processes"]  # looked at by itself
    assert [name for name, data in channels.items() if not secret.search(data, [secret.text("it", CANARY)])] == []
    events = [each for each in run.audit if each["event"] == "subprocess.Popen"]
    assert any(CANARY in each["arguments"][1] for each in events)
    assert any(each["environment"].get("BIRD") == CANARY for each in events)
    assert watched.written(run, []) == [str(tmp_path / "elsewhere")]


def test_a_secret_would_be_seen_in_a_process() -> None:
    """In the arguments and in the environment, of a grandchild too."""
    inner = "import subprocess, sys; subprocess.run(['sleep', '60'], env={'BIRD': sys.argv[1]})"
    child = subprocess.Popen([sys.executable, "-c", inner, CANARY], env={**os.environ, "BIRD": ""})
    sampler = watched.Sampler()
    sampler.process = child.pid
    ends = time.monotonic() + 30
    try:
        while f"BIRD={CANARY}".encode() not in sampler.seen and time.monotonic() < ends:
            sampler.look()
    finally:
        for pid in reversed(watched.family(child.pid)):
            os.kill(pid, 9)
        child.wait()
    assert f"BIRD={CANARY}".encode() in sampler.seen
    assert f"\n{CANARY}\n".encode() in sampler.seen


def test_a_secret_would_be_seen_on_a_server() -> None:
    bird = [secret.text("it", CANARY)]
    world = Host("canary")
    assert [what for what, data in secret_life.on_the_server(world).items() if secret.search(data, bird)] == []
    world.files.write(r"C:\Windows\Temp\x.txt", CANARY.encode("utf-16-le"))
    world.registry.set(r"HKLM\SOFTWARE\Example", "Value", string(CANARY))
    world.events.process_created(f"certutil.exe -p {CANARY}")
    world.journal.wrote("key", "create", CANARY)
    seen = [what for what, data in secret_life.on_the_server(world).items() if secret.search(data, bird)]
    assert seen == ["registry", "files", "events", "write log"]


def test_a_secret_would_be_seen_on_the_wire_and_trouble_on_it_tells_none(
    lived: tuple[Life, Watched, dict[str, str]], tmp_path: Path
) -> None:
    """Basic over HTTP, which the step refuses unless it is allowed; then a batch is cut off, one answers rubbish."""
    found, _run, _given = lived
    call = {"site": "Production", "password": secret_life.variable("the second backup's password")}
    allowed = {**call, "allow_unencrypted": True}
    names = ("refused", "allowed", "dropped", "garbled")
    tasks = [
        {"name": name, "tlsops.windows.pfx_backup": {**(call if name == "refused" else allowed), **_to(found, name)}}
        for name in names
    ]
    playbook = tmp_path / "basic.json"
    play = {"hosts": SECOND, "gather_facts": False, "ignore_errors": True, "tasks": tasks}
    playbook.write_text(json.dumps([play]), encoding="utf-8")
    faults = found.stage.fleet.faults
    faults.clear()
    faults.cut(SECOND, Cut(0, "before", "drop", 0.1), after=4)  # one batch, two, then the second of two
    faults.forge(SECOND, lambda text, _lines: text[:200].encode(), times=2, after=6)
    with Tap(found.stage.fleet.port) as tap:
        basic = doors.variables(found.stage.fleet, SECOND, "winrm-basic")
        found.stage.set_variables({SECOND: basic | {"ansible_port": tap.port}})
        run = found.run(playbook, "basic", "-vvvvv")
    assert [each["status"] for each in run.results] == ["failed", "ok", "ok", "failed"], run.output[-3000:]
    assert "does not encrypt" in run.results[0]["result"]["msg"]
    assert faults.acted[SECOND] == 3
    secrets = found.secrets()
    assert {name: seen for name, data in run.channels().items() if (seen := secret.search(data, secrets))} == {}
    seen = secret.search(tap.heard, secrets)
    assert {each.partition(" (")[0] for each in seen} == {"the connection's password", "a one-time password of early"}


def _to(found: Life, name: str) -> dict[str, list[str]]:
    return {"destinations": [f"{found.stage.backups}/{name}.pfx"]}
