# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The honest answers of whole renewals, damaged at one place or several: a result, or one clear error; nothing else."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.shown import shown
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import _exported, renewal, tls_info
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fleet.fleet import Fleet

from .mutation import DAMAGES, MUTATIONS, Damage, Mutation
from .replay import NONCE, Block, Recorder, Replayed, Task

DEMO = Path(__file__).parents[2] / "fleet" / "scenarios" / "demo.yml"
SITES = {
    "web01": ("Production", "Renewal"),
    "web02": ("本番サイト", "更新用サイト"),
    "web04": ("Default Web Site", "Renewal"),
}
INFO = "tls_info of "
UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
EXAMPLES = int(os.environ.get("TLSOPS_HOSTILE_EXAMPLES", "120"))
Kept = dict[str, tuple[Task, Recorder]]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """Renewals on IIS 10, IIS 10 with SNI in Japanese, and IIS 6.0; and a look at each host before it."""
    patch = pytest.MonkeyPatch()
    # What is random in a run must be the same when its answers are given again.
    patch.setattr(secrets, "token_hex", lambda size=16: "ab" * size)
    folder = tmp_path_factory.mktemp("fleet")
    backups = tmp_path_factory.mktemp("backups")
    backups.chmod(0o700)
    found: Kept = {}
    with Fleet.start(DEMO, folder) as fleet:
        fleet.write_files()
        for host, (production, site) in SITES.items():
            arguments = {
                "production_site": production,
                "renewal_site": site,
                "answer_path": str(folder / "mails" / f"{host}.txt"),
                "backup_password": "x y",
                "backup_destinations": [f"{backups}/"],
            }
            look = Task(tls_info, tls_info.TlsInfo, {}, backups), Recorder(fleet.hosts[host])
            work = Task(renewal, renewal.Renewal, arguments, backups), Recorder(fleet.hosts[host])
            for task, recorder in (look, work):
                assert task.run(recorder)
            found |= {INFO + host: look, host: work}
    # The derivation of a PFX's keys is slow on purpose; what it is made from has been checked before.
    patch.setattr(_exported, "make_pfx", lambda *_: b"made")
    patch.setattr(_exported, "prove", lambda *_: None)
    yield found
    patch.undo()


def outcome(task: Task, target: Replayed) -> dict[str, object]:
    """What a user would see of it; raises whatever is neither a result nor an error of this collection."""
    try:
        result = shown(task.run(target))
    except TlsOpsError as error:
        result = shown({"msg": str(error), "hint": error.hint})
    message = str(result.get("msg", ""))
    assert not re.search(r"\bunexpected [A-Z]\w+: ", message), message
    assert "\n" not in message
    assert len(message) < 9000
    text = json.dumps(result, ensure_ascii=False)
    text.encode("utf-8")
    assert not UNSEEN.search(text)
    return dict(result)


def test_honest_answers_are_taken_as_they_were(kept: Kept) -> None:
    for name, (task, recorder) in kept.items():
        result = outcome(task, Replayed(recorder.recording, 99))
        assert "msg" not in result, (name, result)
        assert result["changed"] is not name.startswith(INFO)


@settings(max_examples=EXAMPLES)
@given(st.data(), st.lists(MUTATIONS, min_size=1, max_size=3), st.sampled_from([1, 1, 99]))
def test_lines_and_fields(kept: Kept, data: st.DataObject, mutations: list[Mutation], times: int) -> None:
    task, recorder = kept[data.draw(st.sampled_from(sorted(kept)))]
    at = data.draw(st.integers(0, len(recorder.recording.batches) - 1))

    def change(blocks: list[Block]) -> list[Block]:
        for mutation in mutations:
            blocks = mutation.lines(blocks) if blocks else blocks
        return blocks

    outcome(task, Replayed(recorder.recording, at, change, times=times))


@settings(max_examples=EXAMPLES // 2)
@given(st.data(), DAMAGES, st.sampled_from([1, 99]))
def test_the_text_that_is_sent(kept: Kept, data: st.DataObject, damage: Damage, times: int) -> None:
    task, recorder = kept[data.draw(st.sampled_from(sorted(kept)))]
    at = data.draw(st.integers(0, len(recorder.recording.batches) - 1))
    outcome(task, Replayed(recorder.recording, at, forge=damage.text, times=times))


@pytest.mark.parametrize("at", [0, 1], ids=["read", "write"])
@pytest.mark.parametrize(
    ("action", "words"),
    [
        ("nonce", "did not answer"),
        ("twice", "more than once"),
        ("late end", "more than once"),
        ("early end", "more than once"),
    ],
)
def test_no_answer_is_taken_for_another_or_twice(kept: Kept, action: str, words: str, at: int) -> None:
    task, recorder = kept["web01"]
    result = outcome(task, Replayed(recorder.recording, at, forge=Damage(action, 0).text, times=99))
    assert words in str(result["msg"])
    assert NONCE not in str(result["msg"]) or action == "nonce"
