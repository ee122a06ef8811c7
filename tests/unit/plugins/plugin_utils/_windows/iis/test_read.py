# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import read
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis6 import Iis6
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7
from hypothesis import given
from hypothesis import strategies as st

from tests.unit import iis6_host
from tests.unit.iis_host import Host, iis

ANY = "ipport=0.0.0.0:443"
HOST = Host()
COUNT = len(read.operations())
SITE = {"A": ("started", [("https", "*:443:", 0)])}


def test_a_host_with_iis() -> None:
    web = Host(SITE, {ANY: iis()}, can_update=False, listen_only=("10.0.0.1",)).web()
    assert isinstance(web, Iis7)
    assert (web.version, web.listen_only, web.netsh.can_update) == ("10.0", ("10.0.0.1",), False)
    assert [(each.name, each.state) for each in web.sites] == [("A", "started")]
    assert len(Host().answers()) == len(read.operations())


def test_a_host_without_iis_has_records_but_no_sites() -> None:
    host = Host(records={"ipport=0.0.0.0:5986": iis(app_id="{afebb9ad-9b97-4a91-9ab5-daf4d59122f6}")}, installed=False)
    answers = host.answers()
    missing = Answer("error", kind="hresult", number=0x80070002 - (1 << 32))
    answers[5] = answers[6] = missing
    answers[7:11] = [Answer("error", kind="win32", number=2)] * 4
    web = HOST.understood(answers)
    assert web.sites == ()
    assert [each.owner for each in web.endpoints] == ["foreign"]


@pytest.mark.parametrize(
    ("host", "match"),
    [
        (Host(SITE, config=b"<configuration>"), r"applicationHost\.config"),
    ],
)
def test_problems_are_raised_when_sites_are_asked_for(host: Host, match: str) -> None:
    web = host.web()
    for ask in (lambda: web.sites, lambda: web.endpoints):
        with pytest.raises(TlsOpsError, match=match):
            ask()


@pytest.mark.parametrize("index", [0, 3, 4, 5, 6])
def test_what_cannot_be_read_is_named(index: int) -> None:
    answers = Host(SITE).answers()
    answers[index] = Answer("error", kind="hresult", number=0x80070005 - (1 << 32), text="Access is denied.")
    web = HOST.understood(answers)
    with pytest.raises(TlsOpsError, match=r"cannot be read: Access is denied\. \(hresult 0x80070005\)") as error:
        _other = web.sites
    assert error.value.hint


def test_nothing_is_started_where_the_services_do_not_run() -> None:
    web = Host(SITE, services={"WAS": (1, 3), "W3SVC": (1, 2)}).web()
    assert [each.state for each in web.sites] == ["stopped"]


def test_states_that_appcmd_does_not_tell() -> None:
    answers = Host(SITE).answers()
    answers[7] = Answer("error", kind="exit", number=122)
    assert [each.state for each in HOST.understood(answers).sites] == ["unknown"]


@pytest.mark.parametrize(("version", "known"), [((5, 0), False), ((6, 0), True)], ids=["5", "6"])
def test_older_than_iis_7(version: tuple[int, int], *, known: bool) -> None:
    web = iis6_host.Host(version=version).web()
    if known:
        assert isinstance(web, Iis6)
        assert (web.version, [site.name for site in web.sites]) == ("6.0", ["Shop"])
    else:
        with pytest.raises(TlsOpsError, match=r"this is IIS 5\.0, which is not supported"):
            _other = web.sites


def test_the_metabase_is_asked_for_only_before_windows_vista() -> None:
    """From there on a program that opens it starts the mapper, which binds what it has kept."""
    asked = [each for each in read.operations() if each.name.startswith(("adsi.", "chain."))]
    assert [each.before_os for each in asked] == [6] * 4
    assert not any(each.before_os for each in read.operations() if each not in asked and each.name != "service")


_answers = st.builds(Answer, st.sampled_from(["ok", "error"]), st.binary(max_size=40))


@given(st.lists(_answers, min_size=COUNT, max_size=COUNT))
def test_hostile_answers(answers: list[Answer]) -> None:
    web = HOST.understood(answers)
    with contextlib.suppress(TlsOpsError):
        assert all(each.selector for each in web.endpoints)


def test_without_appcmd_no_site_is_started_or_stopped() -> None:
    answers = Host(SITE).answers()
    answers[7] = Answer("error", kind="win32", number=2)
    web = HOST.understood(answers)
    (site,) = web.sites
    assert site.state == "unknown"
    for act in (web.start, web.stop):
        with pytest.raises(TlsOpsError, match=r"appcmd\.exe is not on this server, so the site 'A'") as error:
            act(site)
        assert "Management Tools" in error.value.hint
