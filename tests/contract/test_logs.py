# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords and keys in what PowerShell itself writes down: transcripts, and the logs of modules and script blocks.

Each has a control: a script that gives the same password away, which must be found.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation

from tests.e2e import secret

from .certificate_cases import EC, RSA, opens_as
from .sides import PowerShell, run
from .test_operations import needs_powershell
from .world import World, pfx

pytestmark = needs_powershell
PASSWORD = "Kq7-sesame;'\"é$(x)"
SECRETS = [
    secret.text("password", PASSWORD),
    *(secret.private_key(f"key {number}", held.key) for number, held in enumerate((EC, RSA))),
]
DEV_LOG = Path("/dev/log")


def life() -> list[Operation]:
    """Everything that a password or a key goes through, and an error of each kind."""
    held = [
        do.store_import_pfx("MY", each.thumbprint, pfx(each, PASSWORD), PASSWORD, exportable=True) for each in (EC, RSA)
    ]
    wrong = [
        do.store_import_pfx("MY", "00" * 20, pfx(EC, PASSWORD), PASSWORD, exportable=True),
        do.store_import_pfx("MY", EC.thumbprint, pfx(EC, "other"), PASSWORD, exportable=True),
        do.store_import_pfx("MY", EC.thumbprint, b"junk", PASSWORD, exportable=True),
        do.store_export_pfx("MY", "00" * 20, PASSWORD),
    ]
    given = [do.store_export_pfx("MY", each.thumbprint, PASSWORD) for each in (EC, RSA)]
    proven = [do.key_prove("MY", each.thumbprint, b"x") for each in (EC, RSA)]
    return [*held, *wrong, *given, *proven, do.store_read("MY"), do.store_remove("MY", EC.thumbprint, with_key=True)]


def lived(side: PowerShell) -> None:
    answers = run(side, life())
    assert [each.ok for each in answers] == [True] * 2 + [False] * 4 + [True] * 6
    for held, answer in zip((EC, RSA), answers[6:8], strict=True):
        assert opens_as(held, PASSWORD)(answer)


def quoted(text: str | Path) -> str:
    return "'" + str(text).replace("'", "''") + "'"


class Transcribed(PowerShell):
    """``instead``: what to run instead of the script."""

    def __init__(self, folder: Path, instead: str = "") -> None:
        super().__init__(World(), folder / "host")
        self.transcript = folder / "transcript.txt"
        self._instead = instead

    def script(self) -> str:
        started = f"$null = Start-Transcript -Path {quoted(self.transcript)} -IncludeInvocationHeader -Force\n"
        return f"{started}{self._instead or super().script()}"


@pytest.fixture(autouse=True)
def _without_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLSOPS_COVER", "0")


def test_a_transcript_holds_no_secret(tmp_path: Path) -> None:
    side = Transcribed(tmp_path)
    lived(side)
    written = side.transcript.read_bytes()
    assert b"-----BEGIN " in written, "what the script says is in it"
    assert secret.search(written, SECRETS) == []


def test_a_transcript_of_a_script_that_tells_is_found_out(tmp_path: Path) -> None:
    told = "".join(f"[char]{ord(each)}+" for each in PASSWORD)
    side = Transcribed(tmp_path, f"'' + {told.rstrip('+')}\n")
    side.send("end\n")
    assert secret.search(side.transcript.read_bytes(), SECRETS)


def test_standard_error_holds_no_secret(tmp_path: Path) -> None:
    side = PowerShell(World(), tmp_path)
    lived(side)
    assert secret.search(side.said.encode(), SECRETS) == []


def test_nothing_is_left_in_files(tmp_path: Path) -> None:
    """Neither is the key, once its certificate was removed with it."""
    side = PowerShell(World(), tmp_path)
    lived(side)
    run(side, [do.store_remove("MY", RSA.thumbprint, with_key=True)], mode="write")
    for file in filter(Path.is_file, tmp_path.rglob("*")):
        assert secret.search(file.read_bytes(), SECRETS) == [], file


@contextlib.contextmanager
def syslog() -> Iterator[list[bytes]]:
    """What is written to the system's log meanwhile, where there is no other log."""
    if not sys.platform.startswith("linux") or DEV_LOG.exists() or not os.access(DEV_LOG.parent, os.W_OK):
        pytest.skip("this system's log cannot be put in place for the test (it needs root, and no /dev/log)")
    received: list[bytes] = []
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
    log.bind(str(DEV_LOG))
    log.settimeout(0.1)
    over = threading.Event()

    def read() -> None:
        while True:
            try:
                received.append(log.recv(1 << 20))
            except TimeoutError:
                if over.is_set():
                    return

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield received
        time.sleep(0.5)
    finally:
        over.set()
        reader.join(10)
        log.close()
        DEV_LOG.unlink(missing_ok=True)


def logging(folder: Path) -> Path:
    """The folder of a host whose PowerShell 7 logs all modules and script blocks."""
    settings = folder / ".config" / "powershell"
    settings.mkdir(parents=True)
    policies = {
        "ModuleLogging": {"EnableModuleLogging": True, "ModuleNames": ["*"]},
        "ScriptBlockLogging": {"EnableScriptBlockLogging": True, "EnableScriptBlockInvocationLogging": True},
    }
    (settings / "powershell.config.json").write_text(json.dumps({"PowerShellPolicies": policies}), encoding="utf-8")
    return folder


class Telling(PowerShell):
    """Gives a cmdlet the password."""

    def script(self) -> str:
        codes = ", ".join(str(ord(each)) for each in PASSWORD)
        return f"$said = -join [char[]]@({codes})\n$null = New-Object Text.StringBuilder $said\n"


def test_the_logs_of_modules_and_script_blocks_hold_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    with syslog() as told:
        Telling(World(), logging(tmp_path / "telling")).send("end\n")
    if not _named(told, b"New-Object"):
        pytest.skip("this PowerShell writes no log of its modules here")
    if not secret.search(b"\n".join(told), SECRETS):
        pytest.skip("the log of modules does not show what a cmdlet was given here: so it proves nothing of the script")
    with syslog() as received:
        lived(PowerShell(World(), logging(tmp_path / "silent")))
    assert _named(received, b"New-Object"), "the log was written again"
    assert secret.search(b"\n".join(received), SECRETS) == []


def _named(received: Sequence[bytes], name: bytes) -> bool:
    return any(name in each for each in received)
