# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._certificate import (
    given_answer,
    is_absolute,
    normalized_thumbprint,
    resolve,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.mint import NOW, mint

ROOT = mint("Root", ca=True)
OLD = mint("old.example.com", issuer=ROOT)
NEW = mint("www.example.com", issuer=ROOT)
PENDING = mint("request", key=NEW.key)
HOST = HostInfo("WEB01", "10.0.20348", "", "5.1", "4.0", "FullLanguage", "en-US", r"C:\Windows", NOW, True, frozenset())
ANSWER = (ROOT.certificate, NEW.certificate)

IN_MY = PersonalCertificate("MY", OLD.certificate, True)
WAITING = PersonalCertificate("REQUEST", PENDING.certificate, True)
INSTALLED = PersonalCertificate("WebHosting", NEW.certificate, True)


def snapshot(*personal: PersonalCertificate, dry_run: bool = False) -> Snapshot:
    return Snapshot(HOST, Journal(), personal=personal, dry_run=dry_run)


class Files:
    """A controller with one file."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def resolve(self, path: str) -> str:
        return f"/play/{path}"

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)


def given_by(files: Mapping[str, bytes] = MappingProxyType({}), **arguments: Any) -> Any:
    return given_answer({"answer": None, "answer_path": None, **arguments}, Files(files))  # type: ignore[arg-type]


def test_an_answer_as_text_as_a_file_and_not_at_all() -> None:
    assert given_by(answer=f"証明書\n{NEW.pem}") == (NEW.certificate,)
    assert given_by({"/play/mail.eml": NEW.der}, answer_path="mail.eml") == (NEW.certificate,)
    assert given_by(answer=f"\ud800{NEW.pem}") == (NEW.certificate,)
    assert given_by() is None
    with pytest.raises(TlsOpsError, match="no file /play/x") as error:
        given_by(answer_path="x")
    assert error.value.hint == "Give an absolute path, or one that begins with {{ inventory_dir }}/ ."
    with pytest.raises(TlsOpsError, match="no file") as error:
        given_by(answer_path="/x")
    assert error.value.hint == "answer_path names the file with the CA's answer."
    with pytest.raises(TlsOpsError, match="no certificate"):
        given_by(answer=" ")


def test_paths_that_do_not_depend_on_the_play(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    paths = ("/a", "~", "~/a", "a", "./a", "", "~nobody.of.that.name/a", "{{ inventory_dir }}/a")
    assert [path for path in paths if is_absolute(path)] == ["/a", "~", "~/a"]


def test_an_empty_variable_of_an_inventory_is_no_answer() -> None:
    assert given_by(answer="", answer_path="") is None
    assert given_by({"/play/mail.eml": NEW.der}, answer="", answer_path="mail.eml") == (NEW.certificate,)


@pytest.mark.parametrize("text", ["{}", " {} ", "\u200e{}"])
def test_thumbprints_as_people_copy_them(text: str) -> None:
    plain = NEW.thumbprint
    pairs = [plain[i : i + 2] for i in range(0, 40, 2)]
    for form in (plain, plain.lower(), " ".join(pairs), ":".join(pairs)):
        assert normalized_thumbprint(text.format(form)) == plain


@given(st.text(max_size=50))
def test_anything_else_is_no_thumbprint(text: str) -> None:
    with pytest.raises(TlsOpsError, match="not a thumbprint"):
        normalized_thumbprint(text)


def test_by_thumbprint() -> None:
    found = resolve(snapshot(WAITING, IN_MY, INSTALLED), thumbprint=NEW.thumbprint.lower())
    assert (found.certificate, found.personal, found.warning) == (NEW.certificate, INSTALLED, "")


def test_a_thumbprint_that_is_not_there_or_has_no_key() -> None:
    with pytest.raises(TlsOpsError, match="no certificate") as error:
        resolve(snapshot(IN_MY, WAITING), thumbprint=PENDING.thumbprint)
    assert "'old.example.com'" in error.value.hint
    with pytest.raises(TlsOpsError, match="without a private key"):
        resolve(snapshot(dataclasses.replace(IN_MY, has_private_key=False)), thumbprint=OLD.thumbprint)


def test_by_answer_once_it_is_installed() -> None:
    found = resolve(snapshot(IN_MY, INSTALLED), answer=ANSWER)
    assert (found.certificate, found.personal, found.warning) == (NEW.certificate, INSTALLED, "")


def test_before_it_is_installed_only_a_dry_run_goes_on() -> None:
    with pytest.raises(TlsOpsError, match="not installed yet"):
        resolve(snapshot(IN_MY, WAITING), answer=ANSWER)
    found = resolve(snapshot(IN_MY, WAITING, dry_run=True), answer=ANSWER)
    assert (found.certificate, found.personal) == (NEW.certificate, None)
    assert "not installed yet" in found.warning


def test_an_answer_for_another_host() -> None:
    with pytest.raises(TlsOpsError, match="private key of this host"):
        resolve(snapshot(IN_MY, dry_run=True), answer=ANSWER)


def test_what_was_not_read_is_said() -> None:
    with pytest.raises(TlsOpsError, match="not read"):
        resolve(Snapshot(HOST, Journal()), thumbprint=OLD.thumbprint)
