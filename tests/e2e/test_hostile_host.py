# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts that lie, through the real ansible-playbook: what they say is text, whatever it holds; or it is refused."""

from __future__ import annotations

import base64
import json
import os
import re
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fleet.world.event_log import PROCESS_CREATED
from tests.fleet.world.programs import c_words

from .plain import PRODUCTION, at, host, scenario, site
from .stage import Case, Stage, staged

Forger = Callable[[str, list[str]], bytes]
MARK = re.compile(r"-----(BEGIN|END) (\w+)-----")
ACTS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
NEXT = ("Look at", "run the task again", "Run the task again", "report")


def body(text: str) -> str:
    """The lines of an honest answer."""
    packed = base64.b64decode("".join(MARK.sub("", text).split()))
    return zlib.decompress(packed, -15).decode()


def marked(text: str, lines: bytes) -> bytes:
    """Other lines in the frame of an honest answer."""
    nonce = MARK.findall(text)[0][1]
    packer = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(packer.compress(lines) + packer.flush()).decode()
    return f"-----BEGIN {nonce}-----\r\n{packed}\r\n-----END {nonce}-----\r\n".encode()


def lines(change: Callable[[str], str]) -> Forger:
    return lambda text, _request: marked(text, change(body(text)).encode())


def text(change: Callable[[str], str]) -> Forger:
    return lambda text, _request: change(text).encode()


def token(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


FORGED: dict[str, tuple[Forger, str]] = {
    "nothing": (lambda _text, _request: b"", "did not answer"),
    "not-base64": (text(lambda text: text.replace("\r\n", "\r\n!", 3)), "cannot be unpacked"),
    "not-text": (lambda text, _request: b"\xff\xfe\x9b2J\x1b]0;owned\x07" + text.encode()[:40], "did not answer"),
    "cut-off": (text(lambda text: text[: len(text) // 2]), "cut off"),
    "other-batch": (text(lambda text: text.replace(MARK.findall(text)[0][1], "0" * 32)), "did not answer"),
    "two-answers": (text(lambda text: text + text), "more than once"),
    "second-end": (text(lambda text: text + text.strip().rpartition("\r\n")[2]), "more than once"),
    "too-few": (
        lines(lambda body: re.sub(r"^answer [^\n]*\n(?: [^\n]*\n)*", "", body, count=1)),
        "does not belong there",
    ),
    "negative": (
        lines(lambda body: body.replace("answer MA== ", f"answer {token('-1')} ", 1)),
        "does not belong there",
    ),
    "huge": (
        lines(lambda body: body.replace("answer MA== ", f"answer {token('9' * 400)} ", 1)),
        "a number is expected",
    ),
    "undone": (
        lines(lambda body: "".join(["undone MTAw MA== ", f"{token('ok')} - {token('0')} - -\n", body])),
        "operations",
    ),
    "clock": (lines(lambda body: re.sub(r"clock \S+", f"clock {token('2650467743999999999')}", body)), "clock"),
    "old-clock": (lines(lambda body: re.sub(r"clock \S+", f"clock {token('-99999999999')}", body)), "clock"),
    "escape": (lines(lambda body: body.replace("answer ", "answer\x1b[2J ", 1)), "no keyword"),
}


if os.environ.get("TLSOPS_HOSTILE_LONG"):  # half a minute of packing and NTLM encryption; the unit tests have them too
    FORGED |= {
        "too-long": (lambda _text, _request: b"x" * ((64 << 20) + 1), "longer than 64 MB"),
        "bomb": (lambda text, _request: marked(text, b"a" * (512 << 20)), "longer than 64 MB unpacked"),
        "many-values": (lambda text, _request: marked(text, b"a\n" * 3_000_000), "2000000 values"),
    }


def test_a_forged_answer_is_one_clear_error(tmp_path: Path) -> None:
    """In the read, twice: nothing is done on the host, and nothing that it said acts on the terminal."""
    with staged(scenario(**{name: host(PRODUCTION) for name in FORGED}), tmp_path) as stage:
        for name, (forger, _words) in FORGED.items():
            stage.fleet.faults.forge(name, forger, times=9)
        before = stage.digests(list(FORGED))
        results = stage.cases({name: Case(name, "tls_info", {}) for name in FORGED})
        wrong = {
            name: results[name].get("msg", results[name])
            for name in FORGED
            if not _clear(results[name], FORGED[name][1])
        }
        assert not wrong, json.dumps(wrong, indent=1)
        assert stage.digests(list(FORGED)) == before
        assert not any(stage.host(name).write_log for name in FORGED)
        assert all(stage.fleet.faults.acted[name] for name in FORGED)


def _clear(result: dict[str, Any], words: str) -> bool:
    message = result.get("msg", "")
    good = result["status"] == "failed" and not result["changed"] and words in message and "\n" not in message
    return good and not ACTS.search(message) and any(each in message for each in NEXT) | ("clock" in message)


def test_a_forged_answer_to_a_write_leaves_what_the_next_run_finishes(tmp_path: Path) -> None:
    kinds = ("cut-off", "two-answers", "other-batch", "not-base64")
    with staged(scenario(**{name: host(PRODUCTION) for name in kinds}), tmp_path) as stage:
        for name in kinds:
            stage.fleet.faults.forge(name, FORGED[name][0], after=1)
        swaps = {name: _swap(stage, name) for name in kinds}
        results = stage.cases(swaps)
        assert {each["status"] for each in results.values()} == {"ok"}, json.dumps(results, indent=1)
        for name in kinds:
            assert stage.host(name).sslcert("ipport=0.0.0.0:443")["certificate"] == stage.thumbprint(name, "new")


def _swap(stage: Stage, name: str, production: str = "Production", **more: Any) -> Case:
    given = {"thumbprint": stage.thumbprint(name, "new"), "production_site": production, **more}
    return Case(name, "site_certificate", given)


NASTY = {
    "template": "{{ lookup('pipe', 'touch OWNED') }}",
    "statement": "{% for x in ().__class__.__base__.__subclasses__() %}{{ x }}{% endfor %}",
    "escape": "a\x9b2J\x9d0;owned\x9cb",
    "lines": "x\nok: [lines] => {\nchanged: true",
    "right-to-left": "\u202egpj.exe\u2066 \u05d0",
    "quotes": 'O\'Brien "x" \u2018a\u2019 \u201cb\u201d $(calc) `n %PATH% & | ^ ;',
    "long": "\u00e4" * 4096,
}


def test_a_name_on_a_host_is_text_and_nothing_else(tmp_path: Path) -> None:
    """Found, swapped, shown in a diff, registered and printed by another task: never templated, never in control."""
    hosts = {name: host(site(value, at("*:443:")), site("Renewal", state="stopped")) for name, value in NASTY.items()}
    with staged(scenario(**hosts), tmp_path) as stage:
        owned = tmp_path / "OWNED"
        plays = [_play(stage, name) for name in NASTY]
        for name, value in NASTY.items():
            _rename(stage, name, value.replace("OWNED", str(owned)))
        path = tmp_path / "plays.json"
        path.write_text(json.dumps(plays), encoding="utf-8")
        run = stage.run(path, "--diff")
        assert not owned.exists()
        assert not (Path.cwd() / "OWNED").exists()
        assert not ACTS.search(run.output.replace("\r", "")), ACTS.search(run.output)
        assert "\nok: [lines] => {\nchanged: true" not in run.output
        for name in NASTY:
            found = run.of(name, "swap")
            assert found["changed"], found
            only_named(stage, name)


def _rename(stage: Stage, name: str, value: str) -> None:
    world = stage.host(name)
    tree = world.iis.config()
    tree.find("./system.applicationHost/sites/site[@id='1']").set("name", value)
    with world.journal.silence():
        world.iis.save(tree)


def _play(stage: Stage, name: str) -> dict[str, Any]:
    """By a pattern: a value that comes from the user would be his own template."""
    case = Case(name, "site_certificate", {"thumbprint": stage.thumbprint(name, "new"), "production_sites": ["[!R]*"]})
    if name == "right-to-left":
        case = Case(name, "site_certificate", {**case.arguments, "production_sites": ["?[!e]*"]})
    play = case.play(f"swap {name}")
    play["tasks"][0] |= {"register": "found", "ignore_errors": False}
    shown = {
        "name": "show",
        "ansible.builtin.debug": {"msg": "{{ found | to_json | length }} {{ found.warnings | default }}"},
    }
    again = {"name": "again", "ansible.builtin.set_fact": {"kept": "{{ found.sites }}"}}
    play["tasks"] += [again, shown]
    return play


def only_named(stage: Stage, name: str) -> None:
    """appcmd is told of sites that there are; its arguments are as many as were given."""
    names = {each.name for each in stage.host(name).iis.sites()}
    for line in stage.host(name).events.texts(PROCESS_CREATED):
        program, *words = c_words(line)
        told = {each.partition(":")[2] for each in words if each.startswith("/site.name:")}
        assert not program.endswith("appcmd.exe") or (told <= names and len(words) in (3, 4)), line


@pytest.mark.parametrize(
    "junk", [b"<a>" * 200 + b"</a>" * 200, b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"], ids=["deep", "entity"]
)
def test_a_configuration_that_no_parser_should_take(tmp_path: Path, junk: bytes) -> None:
    with staged(scenario(one=host(PRODUCTION)), tmp_path) as stage:
        files = stage.host("one").files
        files.put(files.expand(r"%SystemRoot%\System32\inetsrv\config\applicationHost.config"), junk)
        result = stage.cases({"swap": _swap(stage, "one")})["swap"]
        assert result["status"] == "failed"
        assert "not readable XML" in result["msg"]
        assert not stage.host("one").write_log
