# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which endpoints several sites mean, and which errors say that nothing is there."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import NoMatch, TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._site_states import settle
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._targets import (
    of_binding,
    of_site,
    of_sites,
    of_thumbprint,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.httpsys import Record

from tests.unit.iis_host import NEW, OLD, Host, iis

SITES: dict[str, Any] = {
    "Shop 1": ("started", [("https", "*:443:a.example.com", 1)]),
    "Shop 2": ("stopped", [("https", "*:444:", 0)]),
    "Shop CCS": ("started", [("https", "*:443:c.example.com", 3)]),
    "Shop plain": ("started", [("http", "*:80:", 0)]),
    "Other": ("started", [("https", "*:444:", 0)]),
}
RECORDS = {"hostnameport=a.example.com:443": iis(), "ipport=0.0.0.0:444": iis(), "ccs=443": iis()}


def web(**fields: Any) -> Any:
    return Host(**({"sites": SITES, "records": RECORDS} | fields)).web()


def test_a_pattern_means_every_endpoint_of_its_sites_once() -> None:
    targets = of_sites(web(), ["shop*", "Shop 2"], [], lenient=False)
    shared, named = targets.endpoints
    assert (shared.selector, named.selector) == ("ipport=0.0.0.0:444", "hostnameport=a.example.com:443")
    assert targets.asked == ("Shop 1", "Shop 2"), "what only the central store serves is left alone"
    assert [each.selector for each in targets.skipped] == ["ccs=443"]
    assert targets.shared_with(shared) == ("Other",)
    assert targets.findings == ("The site 'Shop plain' matches, but has no https binding: it was left out.",)


def test_a_site_that_only_a_pattern_finds_stays_as_it_is() -> None:
    """Somebody may have stopped it on purpose."""
    own = web(sites={name: site for name, site in SITES.items() if name != "Other"})
    found, named = (of_sites(own, wanted, [], lenient=False) for wanted in (["shop ?"], ["shop ?", "shop 2"]))
    assert found.findings == ("The site 'Shop 2' matches and is stopped: it was not started.",)
    assert named.findings == ()
    states = [settle(own, each.asked, "", serve=True, acting=True, left=each.by_pattern) for each in (found, named)]
    after = [{told["name"]: told["after"] for told in each.production} for each in states]
    assert after == [{"Shop 1": "started", "Shop 2": "stopped"}, {"Shop 1": "started", "Shop 2": "started"}]
    assert [len(each.changes) for each in states] == [0, 1]


def test_what_of_a_list_is_not_there() -> None:
    with pytest.raises(NoMatch, match="no web site 'Portal'; there are: 'Shop 1'"):
        of_sites(web(), ["Portal", "Shop 1"], [], lenient=False)
    targets = of_sites(web(), ["Portal", "X*", "Shop 1"], [], lenient=True)
    assert [each.split(";")[0] for each in targets.findings] == [
        "There is no web site 'Portal'",
        "No web site matches 'X*'.",
    ]
    (finding,) = of_sites(web(), ["Other*", "Shop 1"], ["other"], lenient=False).findings
    assert finding == "'Other*' matches only the renewal site 'Other', which is left out."
    with pytest.raises(NoMatch, match="'Other\\*' matches only the renewal site 'Other', which is left out"):
        of_sites(web(), ["Other*"], ["other"], lenient=False)
    for lenient in (False, True):
        with pytest.raises(TlsOpsError, match="'Shop plain' has no https binding") as error:
            of_sites(web(), ["Shop plain", "Shop 1"], [], lenient=lenient)
        assert not isinstance(error.value, NoMatch)


@pytest.mark.parametrize(
    "look",
    [
        lambda found: of_site(found, "Portal"),
        lambda found: of_sites(found, ["Portal*"], [], lenient=True),
        lambda found: of_sites(found, ["Other*"], ["other"], lenient=True),
        lambda found: of_sites(found, ["*plain"], [], lenient=True),
        lambda found: of_binding(found, "*:8443:"),
        lambda found: of_thumbprint(found, "CC" * 20, NEW),
    ],
)
def test_what_says_that_nothing_is_there(look: Any) -> None:
    with pytest.raises(NoMatch):
        look(web())
    with pytest.raises(TlsOpsError) as error:
        look(web(config=b"no xml"))
    assert not isinstance(error.value, NoMatch), "what cannot be read is a fault"


@pytest.mark.parametrize(
    "look",
    [
        lambda found: of_site(found, "Other"),
        lambda found: of_sites(found, ["*"], [], lenient=True),
        lambda found: of_binding(found, "*:444:"),
        lambda found: of_thumbprint(found, "CC" * 20, NEW),
    ],
)
def test_another_programs_record_is_a_fault(look: Any) -> None:
    foreign = Record("CC" * 20, app_id="{5d89a20c-beab-4389-9447-324788eb944a}")
    with pytest.raises(TlsOpsError) as error:
        look(web(records={**RECORDS, "ipport=0.0.0.0:444": foreign}))
    assert not isinstance(error.value, NoMatch)


def test_many_records_are_not_all_listed() -> None:
    sites = {f"S{port}": ("started", [("https", f"*:{port}:", 0)]) for port in range(8000, 8030)}
    held = {f"ipport=0.0.0.0:{port}": iis(OLD) for port in range(8000, 8030)}
    with pytest.raises(NoMatch, match=f"8009 {OLD}, and 20 more"):
        of_thumbprint(web(sites=sites, records=held), "CC" * 20, NEW)


def test_two_chosen_sites_that_cannot_both_run() -> None:
    with pytest.raises(
        TlsOpsError, match=r"'Shop 2' is stopped .* 'Other', which is to run too, has its binding https"
    ):
        settle(web(), ["Shop 2", "Other"], "", serve=True, acting=True)
    states = settle(web(), ["Shop 1", "Shop 2"], "Other", serve=True, acting=True)
    assert [change.where for change in states.changes] == ["site Other", "site Shop 2"]
    assert [each["after"] for each in states.production] == ["started", "started"]
    assert states.renewal == {"name": "Other", "before": "started", "after": "stopped"}
