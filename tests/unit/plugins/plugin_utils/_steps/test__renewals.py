# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Several renewals of one host together: what one needs of the other, and what keeps them from going together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps._renewals import Claims, place_of

from .test_renewal import OTHER, OWN, CutOff, Target, Web01, web01

REQUEST = {"authority": "public", "names": ["www.example.com"], "key": "rsa-2048", "days": [-1, 198]}
THIRD = {"name": "Third", "bindings": [{"information": "10.0.1.11:445:", "certificate": "old"}]}


def answers(host: Web01) -> list[str]:
    return [str(host.fleet.scenario.answers["web01"][name].mail) for name in ("one", "two")]


def both(host: Web01) -> list[dict[str, Any]]:
    one, two = answers(host)
    return [
        {"answer": one, "production_site": "Production", "renewal_site": "Renewal"},
        {"answer": two, "production_sites": ["oth*"]},
    ]


def renew(host: Web01, entries: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    single = dict.fromkeys(("answer", "production_site", "renewal_site"))
    return host.renew(**single, renewals=entries, **more)


def two_requests() -> dict[str, Any]:
    return {"requests": {"one": REQUEST, "two": REQUEST}}


def test_roots_are_looked_at_once_for_all_and_bound_again_last(tmp_path: Path) -> None:
    with web01(tmp_path, OTHER, THIRD, **two_requests()) as host:
        result = renew(host, both(host))
        assert len(result["trusted_root"]["roots"]) == 1
        assert result["trusted_root"]["rebound"] == ["ipport=10.0.1.11:445"]
        assert [list(each["site_certificate"]["proofs"]) for each in result["renewals"]] == [
            ["ipport=0.0.0.0:443"],
            ["ipport=10.0.1.11:444"],
        ]
        assert [host.chain(port) for port in (443, 444, 445)] == [3, 3, 3]
        again = renew(host, both(host))
        assert (again["changed"], again["diff"]) == (False, [])


def test_a_lost_answer_is_made_up_for(tmp_path: Path) -> None:
    with web01(tmp_path, OTHER, **two_requests()) as host:
        result = renew(host, both(host), loses=True)
        assert result["changed"]
        outcomes = [
            proof["outcome"] for each in result["renewals"] for proof in each["site_certificate"]["proofs"].values()
        ]
        assert outcomes == ["proven", "proven"]
        assert not renew(host, both(host))["changed"]


def test_a_run_that_was_cut_off_is_completed(tmp_path: Path) -> None:
    with web01(tmp_path, OTHER, THIRD, **two_requests()) as host:
        cut = Web01(host.fleet, host.backups, CutOff)
        with pytest.raises(KeyboardInterrupt):
            renew(cut, both(host))
        assert renew(Web01(host.fleet, host.backups, Target), both(host))["changed"]
        assert [host.chain(port) for port in (443, 444, 445)] == [3, 3, 3]
        assert not renew(host, both(host))["changed"]


def test_one_certificate_for_two_entries_is_backed_up_once(tmp_path: Path) -> None:
    with web01(tmp_path, OTHER, **two_requests()) as host:
        one, _two = answers(host)
        entries = [{"answer": one, "production_site": name} for name in ("Production", "Other")]
        result = renew(host, entries)
        first, second = (each["pfx_backup"] for each in result["renewals"])
        assert first["files"] == second["files"]
        assert len(list(host.backups.iterdir())) == 1
        file = [str(next(host.backups.iterdir()))]
        assert not renew(host, entries, backup_destinations=file)["changed"], "one certificate may have one file"


def test_an_installed_certificate_needs_no_answer(tmp_path: Path) -> None:
    with web01(tmp_path, OTHER, **two_requests()) as host:
        first = renew(host, both(host)[:1])
        thumbprint = first["renewals"][0]["certificate_install"]["thumbprint"]
        result = host.renew(answer=None, production_site="Other", renewal_site=None, thumbprint=thumbprint)
        assert "certificate_install" not in result
        assert result["matched"]
        assert result["site_certificate"]["endpoints"][0]["after"] == thumbprint
        assert not result["pfx_backup"]["files"][0]["created"]


def test_the_conflict_of_an_installed_certificate_is_seen(tmp_path: Path) -> None:
    """Nothing uses it yet, and no answer is there: its own chain is looked at all the same."""
    with web01(tmp_path, **two_requests()) as host:
        given = renew(host, both(host)[:1], conflicting_roots="ignored")
        assert "trusted_root" not in given
        thumbprint = given["renewals"][0]["certificate_install"]["thumbprint"]
        result = host.renew(answer=None, thumbprint=thumbprint)
        assert len(result["trusted_root"]["roots"]) == 1
        assert host.chain(443) == 3


def test_what_another_renewal_stops_is_not_looked_at(tmp_path: Path) -> None:
    with web01(tmp_path, renewal={"state": "started", "bindings": OWN}, **two_requests()) as host:
        one, two = answers(host)
        entries = [
            {"answer": one, "binding": "*:8443:"},
            {"answer": two, "production_site": "Production", "renewal_site": "Renewal"},
        ]
        first, second = (each["site_certificate"]["proofs"] for each in renew(host, entries)["renewals"])
        assert "not looked at: site is stopped" in first["ipport=0.0.0.0:8443"]["seen"]
        assert second["ipport=0.0.0.0:443"]["outcome"] == "proven"
        assert not renew(host, entries)["changed"]


def test_no_entry_that_matches_is_one_read(tmp_path: Path) -> None:
    with web01(tmp_path, **two_requests()) as host:
        before = host.host.digest()
        entries = [{"answer": each, "production_site": name} for each, name in zip(answers(host), "XY", strict=True)]
        result = renew(host, entries, no_match="ignore")
        assert (result["matched"], result["changed"]) == (False, False)
        assert [each["matched"] for each in result["renewals"]] == [False, False]
        assert [each.split(":")[0] for each in result["findings"]] == [
            "renewal 1 (production_site 'X')",
            "renewal 2 (production_site 'Y')",
        ]
        assert host.host.digest() == before
        mixed = [{**entries[0], "no_match": "fail"}, entries[1]]
        with pytest.raises(TlsOpsError, match=r"renewal 1 \(production_site 'X'\): there is no web site 'X'"):
            renew(host, mixed, no_match="ignore")


def test_a_renewal_is_named_by_where_it_goes() -> None:
    assert place_of(2, {"production_sites": ["A*", "B"]}).words == "renewal 2 (production_sites 'A*', 'B')"
    assert place_of(1, {"binding": "*:443:"}).words == "renewal 1 (binding '*:443:')"
    assert place_of(3, {}).words == "renewal 3"


def test_an_endpoint_takes_one_certificate_only() -> None:
    claims = Claims()
    claims.add(["ipport=0.0.0.0:443"], "AA", "renewal 1")
    claims.add(["IPPORT=0.0.0.0:443"], "AA", "renewal 2")
    with pytest.raises(TlsOpsError, match="is meant by renewal 1 and by renewal 3"):
        claims.add(["ipport=0.0.0.0:443"], "BB", "renewal 3")
