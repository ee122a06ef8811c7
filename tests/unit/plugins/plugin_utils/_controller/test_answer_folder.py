# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._controller import answer_folder
from ansible_collections.tlsops.windows.plugins.plugin_utils._controller.answer_folder import Found, find
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.request import key_sha256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from tests.unit.mint import NOW, mint
from tests.unit.requests_made import request_pem

ROOT = mint("Root", ca=True)
LEAF = mint("www.example.com", ROOT, names=["www.example.com"])
OTHER = mint("shop.example.com", ROOT, names=["shop.example.com"])
KEY = key_sha256(LEAF.certificate.public_key)


def look(folder: Path) -> str:
    found = find(str(folder), KEY)
    assert found.unreadable == ()
    return os.path.basename(found.path)


@pytest.mark.parametrize(
    "data",
    [
        LEAF.pem.encode(),
        LEAF.der,
        f"Subject: issued\nContent-Type: text/plain\n\nDear customer\n\n> {ROOT.pem}\n{LEAF.pem}".encode(),
        pkcs7.serialize_certificates([ROOT.certificate.parsed, LEAF.certificate.parsed], Encoding.DER),
    ],
    ids=["pem", "der", "mail", "pkcs7"],
)
def test_any_form_under_any_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.eml").write_text(OTHER.pem)
    (tmp_path / "Your certificate (1) é").write_bytes(data)
    (tmp_path / "z.txt").write_text("notes")
    assert look(tmp_path) == "Your certificate (1) é"


def test_another_hosts_answer_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "www.example.com.eml").write_text(OTHER.pem)
    assert look(tmp_path) == ""


def test_an_empty_folder(tmp_path: Path) -> None:
    assert find(f"{tmp_path}/", KEY) == Found("")


def test_a_key_that_is_unknown_matches_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(LEAF.pem)
    assert find(str(tmp_path), "") == Found("")


def test_of_several_the_one_issued_last_is_meant(tmp_path: Path) -> None:
    older = mint("www.example.com", ROOT, key=LEAF.key, not_before=NOW - timedelta(days=40))
    (tmp_path / "1 old").write_text(older.pem)
    (tmp_path / "2 new").write_text(LEAF.pem)
    (tmp_path / "3 old").write_text(older.pem)
    assert look(tmp_path) == "2 new"


def test_of_the_same_certificate_the_file_with_more_of_its_chain_and_then_the_first(tmp_path: Path) -> None:
    for name, text in {"1": LEAF.pem, "2": LEAF.pem + ROOT.pem, "3": ROOT.pem + LEAF.pem}.items():
        (tmp_path / name).write_text(text)
    assert look(tmp_path) == "2"


def test_the_cas_own_certificate_for_the_key_is_no_answer(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text(mint("CA", ROOT, key=LEAF.key, ca=True).pem)
    assert look(tmp_path) == ""


def test_what_is_not_looked_into(tmp_path: Path) -> None:
    key = LEAF.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "answer").write_text(LEAF.pem)
    (tmp_path / "with a key").write_text(LEAF.pem + key)
    (tmp_path / ".hidden").write_text(LEAF.pem)
    (tmp_path / "vault").write_text(f"$ANSIBLE_VAULT;1.1;AES256\n{LEAF.pem}")
    (tmp_path / "request.csr").write_text(request_pem("www.example.com", key=LEAF.key))
    (tmp_path / "nowhere").symlink_to(tmp_path / "no such file")
    (tmp_path / "empty").write_text("")
    os.mkfifo(tmp_path / "pipe")
    assert look(tmp_path) == ""


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "answer").write_text(LEAF.pem)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere" / "answer")
    assert look(tmp_path) == "link"


def test_a_file_that_is_too_large_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_folder, "MAX_MAIL_BYTES", 10_000)
    (tmp_path / "large").write_text(LEAF.pem + "x" * 10_000)
    assert look(tmp_path) == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (LEAF.pem[:-40], "no END line"),
        (LEAF.pem.replace("\nMI", "\n!!MI"), "damaged"),
        ("-----BEGIN PGP MESSAGE-----\n\n" + "hQEMA" * 40 + "\n-----END PGP MESSAGE-----\n", "encrypted"),
    ],
    ids=["cut", "characters", "encrypted"],
)
def test_what_may_be_the_answer_but_cannot_be_read_is_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "broken").write_text(text)
    found = find(str(tmp_path), KEY)
    assert found.path == ""
    assert len(found.unreadable) == 1
    assert found.unreadable[0].startswith(f"{tmp_path}/broken: ")
    assert words in found.unreadable[0]
    (tmp_path / "whole").write_text(LEAF.pem)
    assert find(str(tmp_path), KEY).path == f"{tmp_path}/whole"


def test_a_file_that_the_system_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "answer").write_text(LEAF.pem)
    monkeypatch.setattr(answer_folder, "open", refused, raising=False)
    assert find(str(tmp_path), KEY) == Found("", (f"{tmp_path}/answer: Permission denied.",))


def test_too_many_files(tmp_path: Path) -> None:
    for number in range(answer_folder.MAX_FILES + 1):
        (tmp_path / str(number)).touch()
    with pytest.raises(TlsOpsError, match="5001 files; at most 5000"):
        find(str(tmp_path), KEY)


def test_too_many_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer_folder, "MAX_BYTES", 1500)
    for number in range(3):
        (tmp_path / str(number)).write_text("x" * 600)
    with pytest.raises(TlsOpsError, match="at most 1500 bytes"):
        find(str(tmp_path), KEY)


@pytest.mark.parametrize("name", ["missing", "file"])
def test_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TlsOpsError, match="cannot be read"):
        find(str(tmp_path / name), KEY)
