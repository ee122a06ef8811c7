# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.utils.display import Display
from ansible_collections.tlsops.windows.plugins.lookup.answer_file import LookupModule
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.request import key_sha256

from tests.unit.mint import mint
from tests.unit.requests_made import request_pem

ROOT = Path(__file__).resolve().parents[4]
LEAF = mint("www.example.com", mint("Root", ca=True), names=["www.example.com"])
REQUEST = request_pem("www.example.com", key=LEAF.key)


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    said: list[str] = []
    monkeypatch.setattr(Display, "warning", lambda _self, text, **_more: said.append(text))
    return said


def look(*terms: str, **options: str) -> list[str]:
    return LookupModule().run(list(terms), variables={}, **options)


def test_the_path_or_nothing(tmp_path: Path, warnings: list[str]) -> None:
    assert look(str(tmp_path), csr=REQUEST) == [""]
    (tmp_path / "a mail").write_text(LEAF.pem)
    assert look(str(tmp_path), csr=REQUEST) == [f"{tmp_path}/a mail"]
    assert warnings == []


def test_by_the_digest_of_the_key(tmp_path: Path, warnings: list[str]) -> None:
    key = key_sha256(LEAF.certificate.public_key)
    assert look(str(tmp_path), key_sha256=key) == [""]
    (tmp_path / "a mail").write_text(LEAF.pem)
    assert look(str(tmp_path), key_sha256=key.lower()) == [f"{tmp_path}/a mail"]
    assert warnings == []


def test_a_damaged_file_is_warned_about_unless_another_one_answers(tmp_path: Path, warnings: list[str]) -> None:
    (tmp_path / "a mail").write_text(LEAF.pem[:-40])
    assert look(str(tmp_path), csr=REQUEST) == [""]
    assert [f"{tmp_path}/a mail" in text for text in warnings] == [True]
    (tmp_path / "again").write_text(LEAF.pem)
    assert look(str(tmp_path), csr=REQUEST) == [f"{tmp_path}/again"]
    assert len(warnings) == 1


@pytest.mark.parametrize(
    ("terms", "csr", "words"),
    [
        ((), REQUEST, "one absolute path is needed"),
        (("answers",), REQUEST, "one absolute path is needed"),
        (("/a", "/b"), REQUEST, "one absolute path is needed"),
        (("/no/such/folder",), REQUEST, "cannot be read"),
        (("/tmp",), "", "certificate request"),
    ],
    ids=["none", "relative", "two", "missing", "no request"],
)
def test_refusals(terms: tuple[str, ...], csr: str, words: str) -> None:
    with pytest.raises(AnsibleError, match=words):
        look(*terms, csr=csr)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "no option is given"),
        ({"csr": REQUEST, "request": REQUEST}, "csr, request is given"),
        ({"csr": REQUEST, "key_sha256": "AB" * 32}, "csr, key_sha256 is given"),
        ({"key_sha256": ""}, "64 hexadecimal digits"),
    ],
    ids=["none", "unknown", "both", "empty"],
)
def test_options(tmp_path: Path, options: dict[str, str], words: str) -> None:
    with pytest.raises(AnsibleError, match=words):
        look(str(tmp_path), **options)


def test_its_page_tells_of_its_options() -> None:
    page = yaml.safe_load((ROOT / "plugins/lookup/answer_file.yml").read_text(encoding="utf-8"))
    assert page["DOCUMENTATION"]["name"] == "answer_file"
    assert set(page["DOCUMENTATION"]["options"]) == {"_terms", "csr", "key_sha256"}
    assert all(
        "answer_file', '/" in task["vars"]["answer"] for task in yaml.safe_load(page["EXAMPLES"]) if "vars" in task
    )
