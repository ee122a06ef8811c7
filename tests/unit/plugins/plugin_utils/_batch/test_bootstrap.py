# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command line and the standard input of a batch."""

from __future__ import annotations

import base64

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import bootstrap


def test_the_command_line_is_what_connections_pass_on_unchanged() -> None:
    prefix = "PowerShell -NoProfile -NonInteractive -ExecutionPolicy Unrestricted -EncodedCommand "
    command = bootstrap.command_line()
    assert command.startswith(prefix)
    assert base64.b64decode(command[len(prefix) :], validate=True).decode("utf-16-le") == bootstrap.BOOTSTRAP
    assert len(command) < 2000  # cmd.exe takes 8,191 characters


def test_standard_input_is_script_separator_batch() -> None:
    sent = bootstrap.stdin("batch\nend\n")
    script, separator, batch = sent.partition(b"\0\0\0\0\n")
    assert script == bootstrap.script().encode("ascii")
    assert separator
    assert batch == b"batch\nend\n"


def test_the_script_can_travel_as_lines() -> None:
    script = bootstrap.script()
    assert script.isascii()
    assert script.endswith("\n")
    assert not {"\r", "\0"} & set(script)


def test_the_winrm_plugin_gets_the_plain_script_because_it_encodes_by_itself() -> None:
    assert bootstrap.command("winrm") == bootstrap.BOOTSTRAP
    assert bootstrap.command("psrp") == bootstrap.command("ssh") == bootstrap.command_line()
