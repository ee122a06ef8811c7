# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import Record, Selector
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.netsh import Netsh
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.world.programs import blank_words, command_line
from tests.unit.iis_host import HELP, OLD, iis, program, record_of

ANY = Selector("ipport", "0.0.0.0:443")
NEWEST = Netsh(True, frozenset({"disablehttp2", "disablelegacytls"}))


def arguments(operation: Operation) -> list[str]:
    return [str(value) for name, value in operation.arguments if name == "argument"]


def test_the_whole_command_line() -> None:
    record = iis(OLD, flags=0x12, check_mode=5, revocation_freshness_time=60, ctl_store="my store")
    operation = NEWEST.update(ANY, record)
    assert dict(operation.arguments)["program"] == r"%SystemRoot%\System32\netsh.exe"
    assert arguments(operation) == [
        *("http", "update", "sslcert", "ipport=0.0.0.0:443", "certhash=" + "aa" * 20),
        *("appid={4dc3e181-e14b-4a21-b022-59fc669b0914}", "certstorename=MY"),
        *("verifyclientcertrevocation=disable", "verifyrevocationwithcachedclientcertonly=disable"),
        *("usagecheck=enable", "revocationfreshnesstime=60", "sslctlstorename=my store"),
        *("dsmapperusage=disable", "clientcertnegotiation=enable", "disablehttp2=enable"),
    ]


def test_delete() -> None:
    operation = NEWEST.delete(Selector("hostnameport", "www.example.com:443"))
    assert arguments(operation) == ["http", "delete", "sslcert", "hostnameport=www.example.com:443"]


def test_zeros_are_left_out() -> None:
    assert not [each for each in arguments(NEWEST.add(ANY, iis())) if each.endswith("=0")]


@given(
    st.builds(
        Record,
        st.just(OLD),
        st.sampled_from(["MY", "WebHosting"]),
        flags=st.sampled_from([0, 1, 2, 3, 0x10, 0x413]),
        check_mode=st.sampled_from([0, 1, 2, 3, 0x10000, 0x10003]),
        url_retrieval_timeout=st.integers(0, 1 << 31),
        ctl_identifier=st.text(max_size=10) | st.text(" \t\"\\=\u3000'^&%", max_size=6),
    )
)
def test_nothing_is_lost_on_the_one_line_that_netsh_takes_apart(record: Record) -> None:
    try:
        given = arguments(NEWEST.add(ANY, record))
    except TlsOpsError:
        assert re.search(r'["\x00-\x1f\x7f]|\\\Z', record.ctl_identifier)
    else:
        assert record_of(given[4:]) == record
        assert blank_words(command_line(given)) == given


@pytest.mark.parametrize("name", ['a"b', "a\nb", "a\0b", "a b\\"], ids=["mark", "line", "nul", "backslash"])
def test_what_netsh_could_take_for_something_else_is_refused(name: str) -> None:
    with pytest.raises(TlsOpsError, match="netsh cannot be told"):
        NEWEST.add(ANY, iis(store=name))
    with pytest.raises(TlsOpsError, match="netsh cannot be told"):
        NEWEST.delete(Selector("hostnameport", f"{name}:443 \\"))


@pytest.mark.parametrize(
    ("record", "named"),
    [
        (iis(flags=0x2000), "flag 0x2000"),
        (iis(flags=0x8001), "flag 0x8000"),
        (iis(flags=0x4), "flag 0x4"),
        (iis(flags=0x40000), "flag 0x40000"),
        (iis(flags=0x8), "flag 0x8 (reject)"),
        (iis(check_mode=8), "check mode 0x8"),
        (iis(check_mode=4), "freshness time of 0"),
        (iis(revocation_freshness_time=9), "freshness time of 9"),
        (iis(unknown=("Novel (DWord, 4 bytes)",)), "Novel (DWord"),
    ],
)
def test_what_would_be_lost_is_refused(record: Record, named: str) -> None:
    for write in (NEWEST.add, NEWEST.update):
        with pytest.raises(TlsOpsError, match=re.escape(named)):
            write(ANY, record)


def test_probed() -> None:
    assert Netsh.probed([program(1, b"update sslcert - ..."), program(1, HELP.encode())]).can_update
    old = Netsh.probed(
        [program(1, "次のコマンドは見つかりませんでした: http update".encode("cp932")), program(0, HELP.encode())]
    )
    assert not old.can_update
    assert "disablehttp2" in old.switches
    assert Netsh.probed([Answer("error"), Answer("error", b"garbage")]) == Netsh()


@pytest.mark.parametrize(
    ("text", "again"),
    [
        (b"SSL Certificate add failed, Error: 87\r\n", True),
        ("SSL 証明書を追加できませんでした。エラー: 87\r\n".encode("cp932"), True),
        (b"Error: 183\r\n", False),
        (b"Error: 1287 0x87 a87b\r\n", False),
    ],
)
def test_retry_finds_the_number_only(text: bytes, again: bool) -> None:
    given = dict(NEWEST.add(ANY, iis()).arguments)
    assert bool(re.search(str(given["retry_match"]), text.decode("latin-1"))) is again
    assert given["retry_seconds"] == "16"


def test_without_netsh_nothing_is_planned() -> None:
    missing = Answer("error", kind="win32", number=2)
    netsh = Netsh.probed([missing, missing])
    assert netsh.missing
    for write in (netsh.add, netsh.update):
        with pytest.raises(TlsOpsError, match=r"netsh\.exe is not on this server") as error:
            write(ANY, iis())
        assert "sfc /scannow" in error.value.hint
