# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Windows does seldom: with other functions in the place of the script's."""

from __future__ import annotations

import secrets
from pathlib import Path

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError

from .case import keys
from .instead import ACCESS_DENIED, Start, alias, fields
from .metabase_cases import ABOVE, FORMS, OWN, PLACE, SITE, node, on_2003
from .sides import run
from .test_operations import needs_powershell

pytestmark = needs_powershell
NOT_TAKEN = 0x8007000D - (1 << 32)

# ---- The registry ----
GOING = """
class GoingKey {
    static [int] $Opened = 0
    [string] $Place
    GoingKey([string] $at) { $this.Place = $at }
    [object] OpenSubKey([string] $name, [bool] $writable) {
        if ($name -eq 'SOFTWARE\\Denied') { throw [UnauthorizedAccessException]::new('no') }
        if ($name -eq 'gone') { [GoingKey]::Opened += 1 }
        if ($name -eq 'gone' -and [GoingKey]::Opened -ne 1) { return $null }
        return [GoingKey]::new($name)
    }
    [string[]] GetSubKeyNames() {
        if ($this.Place -eq 'SOFTWARE\\Going') { return [string[]] @('gone', 'here') }
        return [string[]] @()
    }
    [string[]] GetValueNames() { return [string[]] @() }
    [object] GetValue([string] $name, [object] $default, [string] $options) { return $default }
}
function GoingHive($name) { return [GoingKey]::new('') }
""" + alias("Hive", "GoingHive")


def test_a_key_that_goes_while_it_is_read(start: Start) -> None:
    key = r"HKLM\SOFTWARE\Going"
    whole, matched = run(start(GOING), [do.reg_read(key), do.reg_read(key, match=("x", "nothing"))])
    assert (whole.status, whole.payload) == ("ok", keys(root={}, here={}))
    assert (matched.status, matched.payload) == ("ok", b"")


def test_a_key_that_may_not_be_read(start: Start) -> None:
    (answer,) = run(start(GOING), [do.reg_read(r"HKLM\SOFTWARE\Denied")])
    assert (answer.status, answer.kind, answer.number) == ("error", "hresult", ACCESS_DENIED)


# ---- The metabase ----
# The script's own function under another name, and one in its place that sometimes does something else.
INSTEAD = """
Set-Item -Path function:UseNodeAsItIs -Value ${function:UseNode}
$global:Committed = $false
function Deny { throw [Runtime.InteropServices.COMException]::new('no', -2147024891) }
function UseNode($node, $how, $member) {
    if ($member -ceq 'SetInfo') { $global:Committed = $true }
    CONDITION
    return ,(UseNodeAsItIs $node $how $member @args)
}
"""
CERTIFICATE = do.adsi_write(PLACE, ("SSLCertHash", "binary", OWN), forms=FORMS)


def instead(condition: str) -> str:
    return INSTEAD.replace("CONDITION", condition)


def test_what_has_no_attributes_counts_as_set_there(start: Start) -> None:
    side = start(instead("if ($member -ceq 'GetPropertyAttribObj') { Deny }"), on_2003())
    (answer,) = run(side, [do.adsi_read(PLACE, "SSLCertHash", "ServerComment")])
    comment = ("ServerComment", *SITE["ServerComment"], False)
    assert answer.payload == node(PLACE, ("SSLCertHash", "binary", ABOVE, False), comment)


def test_a_property_that_may_not_be_read_is_an_error(start: Start) -> None:
    side = start(instead("if ($member -ceq 'Get') { Deny }"), on_2003())
    (answer,) = run(side, [do.adsi_read(PLACE, "ServerComment")])
    assert (answer.status, answer.number) == ("error", ACCESS_DENIED)


def test_a_binary_value_that_may_not_be_written_is_tried_once(start: Start, tmp_path: Path) -> None:
    tell = "[IO.File]::AppendAllText([IO.Path]::Combine($env:TLSOPS_WORLD, 'tried'), 'x')"
    side = start(instead(f"if ($member -ceq 'Put') {{ {tell}; Deny }}"), on_2003())
    (answer,) = run(side, [CERTIFICATE], mode="write")
    assert (answer.status, answer.number) == ("error", ACCESS_DENIED)
    assert (tmp_path / "world" / "tried").read_text(encoding="utf-8") == "x"


def test_a_binary_value_that_is_kept_nowhere(start: Start) -> None:
    side = start(instead("if ($member -ceq 'Put' -and $args[0] -eq 'SSLCertHash') { return }"), on_2003())
    (answer,) = run(side, [do.adsi_write("", ("SSLCertHash", "binary", OWN), forms=FORMS)], mode="write")
    assert (answer.status, answer.number) == ("error", NOT_TAKEN)


def test_a_binary_value_that_can_be_neither_read_back_nor_put_back(start: Start) -> None:
    side = start(instead("if ($member -ceq 'Get' -and $global:Committed) { Deny }"), on_2003())
    (answer,) = run(side, [CERTIFICATE], mode="write")
    assert (answer.status, answer.number) == ("error", NOT_TAKEN)
    assert "no" in answer.text.rpartition("forms.")[2]


# ---- Programs, sockets, the mutex ----
STUBBORN = """
class Stubborn {
    [bool] $Ends
    Stubborn([bool] $ends) { $this.Ends = $ends }
    [void] Kill() { throw 'access denied, or it has ended' }
    [bool] WaitForExit([int] $milliseconds) { return $this.Ends }
}
function ReadHost($call) {
    $builder = New-Object Text.StringBuilder
    Line $builder 'ended' (Stopped ([Stubborn]::new($true)))
    Line $builder 'stays' (Stopped ([Stubborn]::new($false)))
    Answer $call $builder
}
"""


def test_a_program_that_cannot_be_killed_may_have_ended(start: Start) -> None:
    (answer,) = run(start(STUBBORN), [do.host_info()])
    assert (fields(answer, "ended"), fields(answer, "stays")) == (["False"], ["True"])


NOBODY = """
function NobodyAnswers($address, $port) {
    $never = New-Object Threading.ManualResetEvent $false
    return @{ Client = (New-Object Net.Sockets.TcpClient); Pending = @{ AsyncWaitHandle = $never } }
}
""" + alias("Dial", "NobodyAnswers")


def test_nobody_answers_in_time(start: Start) -> None:
    (answer,) = run(start(NOBODY), [do.tcp_exchange("127.0.0.1", 9, b"x", seconds=1)])
    assert (answer.status, answer.kind) == ("error", "timeout")


def refused(times: int) -> str:
    """A mutex that cannot be opened the first ``times`` times."""
    return f"""
$global:Refused = 0
function RefusedMutex {{
    $global:Refused += 1
    if ($global:Refused -le {times}) {{ throw [UnauthorizedAccessException]::new('of another account') }}
    return New-Object Threading.Mutex $false
}}
""" + alias("NewMutex", "RefusedMutex")


def test_a_mutex_of_another_account_is_waited_for(start: Start) -> None:
    assert run(start(refused(3)), [do.host_info()], wait=30)[0].ok


@pytest.mark.parametrize("wait", [0, 1])
def test_a_mutex_of_another_account_that_stays_is_busy(wait: int, start: Start) -> None:
    with pytest.raises(TlsOpsError, match="another"):
        run(start(refused(100000)), [do.host_info()], wait=wait)


ODD = """
class Odd {
    [bool] WaitOne([int] $milliseconds, [bool] $exits) { throw 'no mutex today' }
    [void] ReleaseMutex() { }
}
function BrokenMutex { return [Odd]::new() }
"""


@pytest.mark.parametrize(
    "broken", ["function BrokenMutex { throw 'no mutex today' }\n", ODD], ids=["made", "waited for"]
)
def test_a_mutex_that_fails_in_another_way_is_a_fault_of_the_script(broken: str, start: Start) -> None:
    nonce = secrets.token_hex(16)
    batch = wire.encode([do.host_info()], nonce=nonce, mode="read", deadline=60, mutex_wait=5)
    output = start(broken + alias("NewMutex", "BrokenMutex")).send(batch)
    with pytest.raises(wire.NoAnswer, match="no mutex today"):
        wire.decode(output.stdout, output.stderr, nonce=nonce, count=1)


def test_what_was_waited_for_the_mutex_is_not_the_batch_s_time(start: Start) -> None:
    (answer,) = run(start(refused(10)), [do.host_info()], wait=30, deadline=2)
    assert answer.ok
