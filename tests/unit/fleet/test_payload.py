# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import bootstrap
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fleet import payload
from tests.fleet.payload import Refused, batch_lines, check_command_line, script_digest
from tests.unit.fleet.fakes import BOOTSTRAP, DIGEST, SCRIPT, command_line, stdin


def test_the_shipped_bootstrap_is_accepted() -> None:
    check_command_line(bootstrap.command_line())


@pytest.mark.skipif(not payload.SHIPPED_SCRIPT.is_file(), reason="there is no batch.ps1")
def test_the_shipped_script_is_accepted() -> None:
    assert batch_lines(bootstrap.stdin("batch\nend\n"), script_digest()) == ["batch", "end"]


@pytest.mark.parametrize(
    "text",
    [
        BOOTSTRAP,
        BOOTSTRAP.replace("$t", "$text").replace(";", " ;\n  "),
        BOOTSTRAP.replace("ScriptBlock", "System.Management.Automation.ScriptBlock"),
        BOOTSTRAP.upper(),
    ],
)
def test_the_bootstraps_own_words_are_free(text: str) -> None:
    check_command_line(command_line(text))


@pytest.mark.parametrize(
    "line",
    [
        "",
        "cmd /c dir",
        "PowerShell -EncodedCommand AAAA",
        command_line("$input | Out-Null"),
        command_line(BOOTSTRAP.replace("`0`0`0`0", "end")),
        command_line(BOOTSTRAP.replace("{break}", "{}")),
        command_line(BOOTSTRAP.replace("$input|&", "&")),
        command_line(BOOTSTRAP.replace("$input.MoveNext()", "$input.GetEnumerator().MoveNext()")),
        command_line() + " & whoami",
        command_line() + "A",
        command_line(BOOTSTRAP + "#" * 3000),
    ],
)
def test_any_other_command_line_is_refused(line: str) -> None:
    with pytest.raises(Refused):
        check_command_line(line)


def test_utf16_that_is_none_is_refused() -> None:
    line = command_line()
    odd = base64.b64encode(b"\x00\xd8").decode()
    with pytest.raises(Refused, match="UTF-16LE"):
        check_command_line(line.rpartition(" ")[0] + " " + odd)


@pytest.mark.parametrize(
    ("data", "lines"),
    [
        (stdin(), []),
        (stdin("batch", "end"), ["batch", "end"]),
        (stdin("batch", "end").replace(b"\n", b"\r\n"), ["batch", "end"]),
        (stdin("batch", "end").rstrip(b"\n"), ["batch", "end"]),
        (stdin("batch", "", "\0\0\0\0"), ["batch", "", "\0\0\0\0"]),
    ],
)
def test_batch_lines(data: bytes, lines: list[str]) -> None:
    assert batch_lines(data, DIGEST) == lines


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "four NUL"),
        (SCRIPT, "four NUL"),
        (SCRIPT + b"\0\0\0\n", "four NUL"),
        (stdin(script=SCRIPT + b" \n"), "SHA-256"),
        (stdin(script=b""), "SHA-256"),
        (stdin("é"), "ASCII"),
    ],
)
def test_any_other_input_is_refused(data: bytes, text: str) -> None:
    with pytest.raises(Refused, match=text):
        batch_lines(data, DIGEST)


def test_without_a_shipped_script_nothing_is_accepted(tmp_path: Path) -> None:
    assert script_digest(tmp_path / "batch.ps1") == ""
    with pytest.raises(Refused, match="missing"):
        batch_lines(stdin(script=b""), "")


@given(st.lists(st.text(st.characters(codec="ascii", exclude_characters="\r\n")), max_size=5))
@settings(max_examples=25)
def test_every_ascii_line_arrives(lines: list[str]) -> None:
    assert batch_lines(stdin(*lines), DIGEST) == lines
