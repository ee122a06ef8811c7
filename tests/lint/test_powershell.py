# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The shipped script is clean, and the linter finds each sin."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("tree_sitter_powershell", reason="the linter needs tree-sitter and tree-sitter-powershell")

from .powershell import lint

SCRIPT = Path(__file__).parents[2] / "plugins" / "plugin_utils" / "_batch" / "batch.ps1"


def test_the_shipped_script_is_clean() -> None:
    assert [str(finding) for finding in lint(SCRIPT.read_text(encoding="utf-8"))] == []


CLEAN = "function Add($a, $b) { return $a + $b }\n"

SINS = {
    "syntax error": ("function A { if ($true { } }\n", "syntax"),
    "class": ("class A { }\n", "syntax"),
    "pipeline": ("function A($a) { $a | B }\nfunction B { }\n", "syntax"),
    "and chain": ("function A { B && B }\nfunction B { }\n", "syntax"),
    "ternary": ("function A($a) { return $a ? 1 : 2 }\n", "syntax"),
    "null coalescing": ("function A($a) { return $a ?? 1 }\n", "syntax"),
    "redirection": ("function A { B *> $null }\nfunction B { }\n", "syntax"),
    "script block": ("function A { $b = { 1 } }\n", "syntax"),
    "-in": ("function A($a) { return 1 -in $a }\n", "operators"),
    "-shl": ("function A($a) { return $a -shl 1 }\n", "operators"),
    "newer cmdlet": ("function A($a) { ConvertTo-Json $a }\n", "commands"),
    "alias": ("function A($a) { sleep 1 }\n", "commands"),
    "program": ("function A { netsh.exe http show sslcert }\n", "commands"),
    "newer parameter": ("function A { Start-Sleep -Duration 1 }\n", "commands"),
    "invoke expression": ("function A($a) { Invoke-Expression $a }\n", "commands"),
    "newer type in New-Object": ("function A { $a = New-Object Net.Http.HttpClient }\n", "commands"),
    "fallback without catch": (
        "function A { $a = New-Object Security.Cryptography.SHA256CryptoServiceProvider }\n",
        "commands",
    ),
    "pscustomobject": ("function A { return [pscustomobject]@{ B = 1 } }\n", "types"),
    "ordered": ("function A { return [ordered]@{ B = 1 } }\n", "types"),
    "newer type": ("function A { return [Security.Cryptography.HashAlgorithmName]::SHA256 }\n", "types"),
    "text of nothing": ("function A { foreach ($b in @(1)) { $b } }\nfunction C { return [string](A) }\n", "casts"),
    "newer member of a literal": ("function A { return [Environment]::SHA256 }\n", "members"),
    "new": ("function A { return [Text.StringBuilder]::new() }\n", "members"),
    "Where": ("function A($a) { return $a.Where(1) }\n", "members"),
    "CopyTo": ("function A($a, $b) { $a.CopyTo($b) }\n", "members"),
    "HResult": ("function A($e) { return $e.HResult }\n", "members"),
    "automatic variable": ("function A { $Input = 1 }\n", "variables"),
    "automatic loop variable": ("function A($a) { foreach ($error in $a) { } }\n", "variables"),
    "psitem": ("function A { return $PSItem }\n", "variables"),
    "misspelt variable": ("function A($value) { return $vlaue }\n", "variables"),
    "variable of another function": ("function A { $b = 1 }\nfunction B { return $b }\n", "variables"),
    "umlaut": ("# \u00e4\n", "characters"),
    "carriage return": ("# a\r\n", "characters"),
    "tab": ("function A {\n\treturn 1\n}\n", "characters"),
    "no end": ("function A { }", "characters"),
}

READER = "function Text($call, $name) { return $call.Arguments[$name] }\n"
SECRETS = {
    "directly": "function A($call) { $a = New-Object IO.MemoryStream (Text $call 'password') }\n",
    "through a variable": "function A($call) { $b = Text $call 'password'; $c = $b; Start-Sleep $c }\n",
    "in a list": "function A($call) { $b = Text $call 'data'; New-Object IO.MemoryStream -ArgumentList @(1, $b) }\n",
    "through a parameter": "function A($call) { B (Text $call 'password') }\nfunction B($b) { Start-Sleep $b }\n",
    "through a result": "function A($call) { return Text $call 'data' }\nfunction B($c) { Start-Sleep (A $c) }\n",
    "through a loop": "function A($call) { foreach ($b in @(Text $call 'data')) { Start-Sleep $b } }\n",
    "a payload": "function A($call) { $a = New-Object IO.MemoryStream $call.Payload }\n",
    "an export": "function A($c) { $b = $c.Export(1); $a = New-Object IO.MemoryStream -ArgumentList @(,$b) }\n",
    "a name that is computed": "function A($call, $n) { Start-Sleep (Text $call $n) }\n",
}


def test_a_clean_script_has_no_findings() -> None:
    assert lint(CLEAN) == []


@pytest.mark.parametrize(("script", "rule"), SINS.values(), ids=SINS.keys())
def test_each_sin_is_found(script: str, rule: str) -> None:
    assert rule in {finding.rule for finding in lint(script)}


@pytest.mark.parametrize("script", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_never_reaches_a_cmdlet(script: str) -> None:
    assert "secret" in {finding.rule for finding in lint(READER + script)}


@pytest.mark.parametrize("name", ["store", "certificate", "thumbprint"])
def test_a_public_argument_may(name: str) -> None:
    script = f"function A($call) {{ $a = New-Object Text.UTF8Encoding (Text $call '{name}') }}\n"
    assert lint(READER + script) == []
