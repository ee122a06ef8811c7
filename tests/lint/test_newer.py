# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reading without a parser finds what is newer, and nothing in the shipped script."""

from __future__ import annotations

from pathlib import Path

import pytest

from .newer import newer_than_2

SCRIPT = Path(__file__).parents[2] / "plugins" / "plugin_utils" / "_batch" / "batch.ps1"
NEWER = {
    "-in": ("return 1 -in $a", "-in"),
    "-notin": ("if ($b -notin $a) { }", "-notin"),
    "-shl": ("return $a -shl 1", "-shl"),
    "ordered": ("$a = [ordered]@{ B = 1 }", "[ordered]"),
    "pscustomobject": ("return [pscustomobject]@{ B = 1 }", "[pscustomobject]"),
    "new": ("$a = [Text.StringBuilder]::new()", "::new"),
    "ConvertTo-Json": ("return ConvertTo-Json $a", "ConvertTo-Json"),
    "in a pipeline": ("$a | ConvertFrom-Json", "ConvertFrom-Json"),
    "Where": ("$a.Where(1)", ".Where"),
    "ForEach behind a call": ("(Get-Service).ForEach(1)", ".ForEach"),
    "CopyTo": ("$a.CopyTo($b)", ".CopyTo"),
    "newer type": ("$a = [Security.Cryptography.HashAlgorithmName]", "[Security.Cryptography.HashAlgorithmName]"),
    "newer type in New-Object": ("$a = New-Object Net.Http.HttpClient", "New-Object Net.Http.HttpClient"),
    "class": ("class A { }", "class"),
    "using": ("using namespace System", "using"),
    "and chain": ("A && B", "&&"),
    "null coalescing": ("$a ?? 1", "??"),
    "ternary": ("return $a ? 1 : 2", "?"),
    "redirection": ("A *> $null", "*>"),
    "psitem": ("return $PSItem", "$PSItem"),
}
OLD = {
    "strings": "return 'ConvertTo-Json', \"[ordered] -in `\" $a::new()\", 'it''s a -in b'",
    "comments": "# [ordered]\n$a = 1 # -in, ::new()\n<# class\nenum #>",
    "a here string": "$a = @'\n[ordered]'\n'@",
    "keys of its own": "$a = @{ Kept = 1; Late = 2 }\nreturn $a.Kept + $a.Late",
    "logic": "if (-not $a -and $b -or ($c -band 1)) { }",
    "numbers and ranges": "return @(1.5, -2)[0..1]",
    "parameters": "Start-Sleep -Milliseconds 5",
}


def test_the_shipped_script_has_nothing_newer() -> None:
    assert newer_than_2(SCRIPT.read_text(encoding="ascii")) == []


@pytest.mark.parametrize(("line", "what"), NEWER.values(), ids=NEWER.keys())
def test_what_is_newer_is_found_with_its_line(line: str, what: str) -> None:
    assert f"3: {what}" in newer_than_2(f"# a\n\n{line}\n")


@pytest.mark.parametrize("line", NEWER.values(), ids=NEWER.keys())
def test_it_is_found_in_the_shipped_script(line: tuple[str, str]) -> None:
    script = SCRIPT.read_text(encoding="ascii")
    found = newer_than_2(f"{script}{line[0]}\n")
    assert [each.partition(": ")[2] for each in found if each.endswith(f" {line[1]}")] == [line[1]]


@pytest.mark.parametrize("script", OLD.values(), ids=OLD.keys())
def test_what_is_old_is_not(script: str) -> None:
    assert newer_than_2(f"{script}\n") == []
