# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.access import (
    AccessList,
    Entry,
    discretionary,
    is_sid,
    known_name,
    parse,
    shown,
)
from hypothesis import example, given
from hypothesis import strategies as st

NETWORK_SERVICE, SYSTEM, ADMINISTRATORS = "S-1-5-20", "S-1-5-18", "S-1-5-32-544"
POOL = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"
NEW_KEY = "D:PAI(A;;0xd01f01ff;;;CO)(A;;FA;;;SY)(A;;FA;;;BA)"  # what Windows gives a machine key


def test_the_list_of_a_new_key():
    there = parse(NEW_KEY)
    assert (there.protected, there.null) == (True, False)
    assert there.readers == {"S-1-3-0", SYSTEM, ADMINISTRATORS}
    assert there.entries[1] == Entry("A", "", "FA", SYSTEM)


@pytest.mark.parametrize(
    ("entry", "reads"),
    [
        ("A;;FR;;;NS", True),
        ("A;;GR;;;NS", True),
        ("A;;GA;;;NS", True),
        ("A;;FA;;;NS", True),
        ("A;;CCLC;;;NS", True),
        ("A;;KR;;;NS", True),
        ("A;;GXGR;;;NS", True),
        ("A;;GW;;;NS", False),
        ("A;;FW;;;NS", False),
        ("A;;0x120089;;;NS", True),
        ("A;;0x80000000;;;NS", True),
        ("A;;0x10000000;;;NS", True),
        ("A;;0x120116;;;NS", False),
        ("A;;1179785;;;NS", True),
        ("A;;04400211;;;NS", True),
        ("A;;;;;NS", False),
        ("A;OICIIO;FA;;;NS", False),
        ("A;OICI;FA;;;NS", True),
        ("A;ID;FR;;;NS", True),
        ("D;;FA;;;NS", False),
        ("AU;SAFA;FR;;;NS", False),
        ('XA;;FR;;;NS;(@User.Title=="PM" && (@User.Division=="Finance (EU)" || @User.Division ==")"))', False),
    ],
)
def test_who_an_entry_lets_read(entry, reads):
    assert (NETWORK_SERVICE in parse(f"D:({entry})").readers) is reads


def test_what_is_forbidden_counts_more():
    there = parse("D:(D;;FR;;;NS)(A;;FA;;;NS)(A;;FR;;;BU)")
    assert there.readers == {"S-1-5-32-545"}
    assert there.shut_out == {NETWORK_SERVICE}


@pytest.mark.parametrize(
    ("sddl", "protected", "count"),
    [
        ("D:", False, 0),
        ("D:P", True, 0),
        ("D:AI(A;ID;FA;;;SY)", False, 1),
        ("D:ARAIP(A;;FA;;;SY)", True, 1),
        ("O:BAG:SYD:PAI(A;;FA;;;SY)", True, 1),
        ("O:S-1-5-21-1-2-3-500G:S-1-5-21-1-2-3-513D:(A;;FA;;;SY)S:AI(AU;FA;FA;;;WD)", False, 1),
        ("D:(A;;FA;;;S-1-5-21-1-2-3-1001)(A;;FR;;;DA)", False, 2),
    ],
)
def test_what_stands_around_the_entries(sddl, protected, count):
    there = parse(sddl)
    assert (there.protected, len(there.entries)) == (protected, count)


def test_no_list_at_all():
    there = parse("D:NO_ACCESS_CONTROL")
    assert (there.null, there.protected, there.entries) == (True, False, ())


@pytest.mark.parametrize(
    "sddl",
    [
        "",
        "O:BAG:SY",
        "junk",
        "D:X",
        "D:(A;;FA;;SY)",
        "D:(A;;FA;;;SY",
        "D:(A;;FA;;;SY)junk",
        "D:(A;;F;;;SY)",
        "D:(A;;ZZ;;;SY)",
        "D:(A;;FA;;;S-1-5)",
        "D:(A;;FA;;;S-1-5-4294967296)",
        "D:(A;;0xZZ;;;SY)",
        "D:(A;;09;;;SY)",
        "D:(A;X;FA;;;SY)",
        "D:(A;;FA;;;S-1)",
        "D:(A;;FA;;;Network Service)",
        "D:(;;FA;;;SY)",
        "S:(AU;;FA;;;SY)",
    ],
)
def test_what_is_no_list(sddl):
    with pytest.raises(TlsOpsError, match="not in the expected form"):
        parse(sddl)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("D:(A;;FA;;;SY)(A;;FR;;;NS)", "D:(A;;FR;;;S-1-5-20)(A;;FA;;;SY)", True),
        ("D:(A;;FA;;;SY)", "D:(A;;0x1f01ff;;;SY)", True),
        ("D:(A;;FA;;;SY)", "D:(A;;2032127;;;SY)", True),
        ("D:AI(A;;FA;;;SY)(A;ID;FR;;;NS)", "D:(A;;FA;;;SY)", True),
        ("D:PAI(A;;FA;;;SY)", "D:P(A;;FA;;;SY)", True),
        ("D:P(A;;0xd01f01ff;;;CO)", "D:P(A;;FA;;;CO)", True),
        ("D:P(A;;0x80120089;;;NS)", "D:P(A;;GR;;;NS)", True),
        ("D:P(A;;CCSWLORC;;;NS)", "D:P(A;;0x20089;;;NS)", True),
        ("D:P(A;;CCSWLORC;;;NS)", "D:P(A;;0x20089;;;BA)", False),
        ("D:P(A;;GR;;;NS)", "D:P(A;;GRGW;;;NS)", False),
        ("D:P(A;;FA;;;SY)", "D:(A;;FA;;;SY)", False),
        ("D:(A;;FA;;;SY)", "D:(D;;FA;;;SY)", False),
        ("D:(A;;FA;;;SY)", "D:(A;;FR;;;SY)", False),
        ("D:", "D:NO_ACCESS_CONTROL", False),
    ],
)
def test_what_is_the_same(one, other, same):
    assert parse(one).same(parse(other)) is same
    assert parse(other).same(parse(one)) is same


@pytest.mark.parametrize(
    ("sddl", "part"),
    [
        ("D:P(A;;FA;;;SY)", "D:P(A;;FA;;;SY)"),
        ("O:BAG:DUD:P(A;;FA;;;SY)S:(AU;FA;FA;;;WD)", "D:P(A;;FA;;;SY)"),
        ("O:SYD:AIS:AI", "D:AI"),
        ("D:NO_ACCESS_CONTROL", "D:NO_ACCESS_CONTROL"),
    ],
)
def test_the_part_that_is_written(sddl, part):
    assert discretionary(sddl) == part
    assert parse(part).same(parse(sddl))


def test_accounts_for_people():
    assert is_sid(POOL)
    assert not is_sid("S-1-")
    assert not is_sid("S-1-5")
    assert not is_sid("S-1-5-21-99999999999-1")
    assert not is_sid("NT AUTHORITY\\SYSTEM")
    assert (shown(SYSTEM), shown(POOL)) == ("S-1-5-18 (SYSTEM)", POOL)
    assert known_name("S-1-5-20") == "NETWORK SERVICE"


SIDS = st.builds(
    lambda parts: "S-1-5-" + "-".join(map(str, parts)), st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=6)
)
ENTRIES = st.builds(
    Entry,
    st.sampled_from(["A", "D"]),
    st.sampled_from(["", "ID", "OICI", "OICIIO"]),
    st.one_of(st.sampled_from(["FA", "FR", "GRGX", ""]), st.integers(0, 2**32 - 1).map(hex)),
    SIDS,
)


@given(entries=st.lists(ENTRIES, max_size=8), flags=st.sampled_from(["", "P", "PAI", "AI"]))
def test_what_is_written_is_read(entries, flags):
    written = "".join(f"({each.kind};{each.flags};{each.rights};;;{each.sid})" for each in entries)
    there = parse(f"O:BAG:SYD:{flags}{written}")
    assert there == AccessList("P" in flags, tuple(entries))
    assert there.same(there)
    assert there.readers <= {each.sid for each in entries}


@given(text=st.text(max_size=80) | st.text('D:()AFRSY;"-10xP ', max_size=80).map("D:".__add__))
@example(text="D:" + "(" * 5000)
@example(text="D:(" + '"' * 5001)
@example(text="D:(A;;" + "FA" * 3000 + ";;;SY)")
def test_any_text(text):
    try:
        there = parse(text)
    except TlsOpsError:
        return
    assert there.same(there)
