# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Binding, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import Selector
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis import shared
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.iis.iis7 import Iis7
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.iis_host import NEW, Host, iis, program

ANY, EXACT = "ipport=0.0.0.0:443", "ipport=10.0.0.1:443"
NAMED, CENTRAL = "hostnameport=www.example.com:443", "ccs=443"
HTTPS, WWW = ("https", "*:443:", 0), ("https", "*:443:www.example.com", 0)
AT = ("https", "10.0.0.1:443:www.example.com", 0)


def host(bindings: list[tuple[str, str, int]], records: list[str], **fields: str) -> Host:
    """Its own applicationHost.config is one that was left behind."""
    found = Host({"本番": ("started", bindings)}, {each: iis() for each in records}, redirected=True, **fields)  # type: ignore[arg-type]
    found.config = Host({"Left behind": ("started", [])}).xml()
    return found


@pytest.mark.parametrize(
    ("binding", "records", "flags"),
    [
        (HTTPS, [ANY], 0),
        (WWW, [ANY], 0),
        (WWW, [ANY, NAMED], 1),
        (AT, [NAMED, EXACT], 1),
        (AT, [EXACT, CENTRAL], 0),
        (WWW, [ANY, CENTRAL], 3),
        (HTTPS, [ANY, CENTRAL], 0),
        (HTTPS, [CENTRAL], 2),
        (WWW, [], 0),
        (("http", "*:80:www.example.com", 0), [NAMED], 0),
        (("net.tcp", "808:*", 0), [], 0),
    ],
)
def test_flags_are_those_of_the_record_that_is_there(
    binding: tuple[str, str, int], records: list[str], flags: int
) -> None:
    (site,) = host([binding], records).web().sites
    assert site == Site("1", "本番", "started", (Binding(*binding[:2], flags),))


@pytest.mark.parametrize(
    ("language", "console"), [("ja-JP", "cp932"), ("ja-JP", "utf-8"), ("en-US", "utf-8"), ("zh-TW", "cp950")]
)
def test_names_in_utf_8_or_the_code_page_of_the_language(language: str, console: str) -> None:
    web = host([HTTPS], [ANY], language=language, console=console).web()
    assert ([each.name for each in web.sites], web.unreadable) == (["本番"], (shared.NOTE,))


def test_a_name_that_the_code_page_lacks_is_said() -> None:
    web = host([HTTPS], [ANY], language="de-DE", console="cp850").web()
    (site,) = web.sites
    assert web.unreadable == (shared.NOTE, "The name of site 1 could not be read ('??').")
    for change in (web.start, web.stop):
        with pytest.raises(TlsOpsError, match=r"name of site 1 could not be read.*cannot be started or stopped"):
            change(site)


def test_sites_that_appcmd_does_not_list_are_not_known() -> None:
    own = host([HTTPS], [ANY])
    answers = own.answers()
    answers[7] = Answer("error", kind="exit", number=122, text="ERROR ( hresult:8007007a )")
    web = own.understood(answers)
    with pytest.raises(TlsOpsError, match=r"appcmd does not list its sites: .*8007007a.*exit 122") as refused:
        _other = web.sites
    assert "very many bindings" in refused.value.hint


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ([HTTPS, ("https", "*:444:", 0)], "site '本番' now has the binding https *:444:"),
        ([], "site '本番' no longer has the binding https *:443:"),
        ([HTTPS], ""),
    ],
)
def test_what_is_different_in_the_list_is_told(now: list[tuple[str, str, int]], words: str) -> None:
    own, later = host([HTTPS], [ANY]), host(now, [ANY])
    (check,) = own.web().unchanged
    assert check.differs is not None
    assert words in check.differs(later.answers()[7].payload)
    assert bool(words) == bool(check.differs(later.answers()[7].payload))


def test_a_binding_is_not_added_to_what_other_servers_share() -> None:
    web = host([HTTPS, ("http", "*:80:", 0)], [ANY]).web()
    assert isinstance(web, Iis7)
    (site,) = web.sites
    assert web.attach(site, 443, NEW, "MY")
    with pytest.raises(TlsOpsError, match=r"no https binding on port 8443.*every server that does") as refused:
        web.attach(site, 8443, NEW, "MY")
    assert r"Add the https binding *:8443:" in refused.value.hint


TEXT = st.text('<>/"=SITE.NAMEDbindings,https*:443 &?', max_size=60)


@given(st.one_of(st.binary(max_size=80), TEXT.map(str.encode), TEXT.map(lambda text: f"<a>{text}</a>".encode())))
def test_hostile_output(data: bytes) -> None:
    with contextlib.suppress(TlsOpsError):
        found, _other = shared.sites(program(0, data), "xx", [Selector.parse(ANY)])
        assert all(each.state == "unknown" for each in found)


@given(st.text("https/*:,443www.[]", max_size=60))
def test_hostile_bindings(listed: str) -> None:
    answer = program(0, f'<appcmd><SITE SITE.ID="1" SITE.NAME="A" bindings="{listed}"/></appcmd>'.encode())
    (site,), _other = shared.sites(answer, "en-US", [Selector.parse(NAMED)])
    assert all(each.ssl_flags in (0, 1) for each in site.bindings)
