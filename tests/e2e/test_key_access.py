# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may read the old certificate's key may read the new one's, before production changes to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .plain import ANY, FIRST, NAMES, OLD, PRODUCTION, scenario, swap
from .plain import host as plain_host
from .stage import PASSWORD, Case, Stage, diffs, staged

POOL = "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"
READERS = f"D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;NS)(A;;FR;;;{POOL})"


def host(product: str = "2022", **certificates: dict[str, Any]) -> dict[str, Any]:
    """Two programs beside IIS read the old key."""
    made = plain_host(PRODUCTION, product=product)
    old = {**made["certificates"]["old"], "access": READERS}
    new = {**made["certificates"]["new"], **certificates.get("new", {})}
    return {**made, "certificates": {"old": old, "new": new}}


def access(stage: Stage, name: str, thumbprint: str) -> str:
    entry = stage.host(name).stores.find("MY", thumbprint)
    return str(stage.host(name).keys.open(entry.link).access)


def test_a_swap_in_four_beats(tmp_path: Path) -> None:
    hosts = {"plain": host(), "half": host(new={"access": "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;NS)"})}
    hosts["iis6"] = host(OLD)
    with staged(scenario(**hosts), tmp_path) as stage:
        plays = [swap(stage, name).play(name) for name in hosts]
        path = stage.directory / "swap.json"
        path.write_text(json.dumps(plays), encoding="utf-8")
        beats = stage.beats(path, list(hosts))
        granted = {"plain": ["S-1-5-20", POOL], "half": [POOL], "iis6": ["S-1-5-20", POOL]}
        for name in hosts:
            assert beats.done.of(name)["key_access"] == beats.dry.of(name)["key_access"] == granted[name]
            assert beats.again.of(name)["key_access"] == []
            key, record = diffs(beats.done, name)
            assert key["before_header"].startswith("key of MY\\")
            assert key["after"].endswith(f"allow {POOL}: read\n")
            assert (FIRST if name == "iis6" else ANY) in record["before_header"]
            new = access(stage, name, stage.thumbprint(name, "new"))
            assert "(A;;FR;;;NS)" in new
            assert f"(A;;FR;;;{POOL})" in new
            assert beats.commands[name] == (3 if name == "iis6" else 2)


def test_a_renewal_from_the_pending_request_s_key(tmp_path: Path) -> None:
    made = host()
    requests = {"renewal": {"authority": "simple", "names": NAMES, "key": "rsa-2048"}}
    made = {**made, "certificates": {"old": made["certificates"]["old"]}, "requests": requests}
    with staged(scenario(one=made), tmp_path) as stage:
        wanted = {
            "renewal_answer_path": stage.answer("one"),
            "renewal_production_site": "Production",
            "renewal_backup_password": PASSWORD,
            "renewal_backup_destinations": [str(stage.backups)],
        }
        stage.set_variables({"one": wanted})
        beats = stage.beats("tlsops.windows.renew", ["one"])
        assert beats.done.of("one", "renew")["site_certificate"]["key_access"] == ["S-1-5-20", POOL]
        assert f"(A;;FR;;;{POOL})" in access(stage, "one", stage.thumbprint("one", "renewal"))


def test_a_swap_that_fails_takes_the_readers_back(tmp_path: Path) -> None:
    made = host(new={"authority": "simple"})
    made["options"] = {"netsh_failures": {"update": 5, "add": 5}}
    with staged(scenario(one=made), tmp_path) as stage:
        thumbprint = stage.thumbprint("one", "new")
        before = access(stage, "one", thumbprint)
        result = stage.cases({"swap": Case("one", "site_certificate", dict(swap(stage, "one").arguments))})["swap"]
        assert result["status"] == "failed", result
        assert access(stage, "one", thumbprint) == before
