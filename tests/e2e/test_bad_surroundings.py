# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A table of servers and accounts with which a renewal cannot work: each is refused in words, nothing touched."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from .bad import Row, light, renewal, told
from .plain import ANY, NAMES, OLD, RSA, SSTP, at, host, records, scenario, site
from .stage import Case, Stage, staged

STORES = r"HKLM\SOFTWARE\Microsoft\SystemCertificates"
FULL = "A disk of the server is full"
PROTECTED = "The account may not do this there"
SHUT = "The service, or one that it needs, is disabled"
STOPPED = {"W3SVC": {"running": False, "start": 3}, "WAS": {"running": False, "start": 3}}


def server(*, product: str = "2022", state: str = "started", **more: Any) -> dict[str, Any]:
    """A server that waits for the answer to its request."""
    kind = {"authority": RSA, "key": "rsa-2048"} if product == OLD else {"authority": "simple", "key": "ecdsa-p256"}
    described = light(host(site("Production", at("*:443:"), state=state), product=product, **more))
    return described | {
        "requests": {"renewal": {**kind, "names": NAMES}},
        "stores": [{"certificate": f"{kind['authority']}.root", "in": ["Root"]}],
    }


def with_options(**options: Any) -> dict[str, Any]:
    return server(options=options)


# By host: what it is, the cause and what to do as they must be told, and whether a dry run can tell.
SERVERS: dict[str, tuple[dict[str, Any], str, str, bool]] = {
    "no-administrator": (
        with_options(elevated=False, administrator=False),
        "is not an administrator of this server",
        "Administrators",
        True,
    ),
    "filtered": (with_options(elevated=False), "UAC gives this logon no", "LocalAccountTokenFilterPolicy", True),
    "no-powershell": (
        with_options(powershell="missing"),
        "did not find PowerShell",
        "Install Windows PowerShell",
        True,
    ),
    "no-powershell-de": (
        server(options={"powershell": "missing"}, language="de-DE"),
        "did not find PowerShell",
        "Install Windows PowerShell",
        True,
    ),
    "no-powershell-ja": (
        server(options={"powershell": "missing"}, language="ja-JP"),
        "did not find PowerShell",
        "Install Windows PowerShell",
        True,
    ),
    "constrained": (
        with_options(language_mode="ConstrainedLanguage"),
        "runs in Constrained Language Mode",
        "App Control",
        True,
    ),
    "blocked": (with_options(powershell="blocked"), "keep powershell.exe from starting", "Nothing was", True),
    "clock-behind": (server(clock_offset_days=-1095), "is valid only from", "1095 days behind the controller's", True),
    "clock-ahead": (server(clock_offset_days=1095), "expired on", "1095 days ahead of the controller's", True),
    "software-closed": (with_options(denied_keys=[r"HKLM\SOFTWARE"]), "does not open for writing", "permissions", True),
    "my-closed": (with_options(denied_keys=[rf"{STORES}\MY"]), "failed: ", PROTECTED, False),
    "ca-closed": (with_options(denied_keys=[rf"{STORES}\CA"]), "store.add CA failed: ", PROTECTED, False),
    "files-full": (with_options(disk_full="files"), "file.write", FULL, False),
    "all-full": (with_options(disk_full="all"), "not enough space", FULL, False),
    "no-certreq": (with_options(missing_programs=["certreq.exe"]), "certreq.exe", "is not on the server", False),
    "no-netsh": (with_options(missing_programs=["netsh.exe"]), "netsh.exe is not on this server", "sfc /scan", True),
    "no-appcmd": (
        server(state="stopped", options={"missing_programs": [r"inetsrv\appcmd.exe"]}),
        "appcmd.exe is not on this server",
        "Management Tools",
        True,
    ),
    "w3svc-disabled": (
        server(services={"W3SVC": {"running": False, "start": 4}}),
        "W3SVC is disabled",
        "sc conf",
        True,
    ),
    "no-iis": (
        {**with_options(iis=False), "sites": []},
        "there is no web site 'Production'; there are: none",
        "IIS is not installed",
        True,
    ),
    "of-a-service": (
        {**server(), "sites": [site("Production", at("*:443:", app_id=SSTP))]},
        "kept for another program",
        "that program's own tool",
        True,
    ),
    "iis6-filtered": (
        server(product=OLD, options={"elevated": False, "administrator": False}),
        "is not an administrator",
        "Administrators",
        True,
    ),
    "iis6-iisadmin": (
        server(product=OLD, options={"com_starts_iisadmin": False}, services={"IISADMIN": {"running": False}}),
        "the metabase of IIS 6.0 cannot be read",
        "IISADMIN",
        True,
    ),
    "iis6-full": (server(product=OLD, options={"disk_full": "all"}), "not enough space", FULL, False),
}


# What fails when the certificate is in the store already, which stays: by host what it is, the cause, what to do.
BROKEN: dict[str, tuple[dict[str, Any], str, str]] = {
    "netsh-denied": (with_options(netsh_failures={"update": 5}), "(exit 1)", "connect as an administrator"),
    "netsh-no-key": (with_options(netsh_failures={"update": 1312}), "1312", "certutil -repairstore"),
    "netsh-idle": (with_options(netsh_refused_parameters=["certhash"]), "not as it was or should be", "taken back"),
    "appcmd-fails": (
        {**server(), "sites": [{**site("Production", at("*:443:"), state="stopped"), "loaded": False}]},
        "appcmd.exe start site",
        "taken back",
    ),
    "http-disabled": (server(services={**STOPPED, "HTTP": {"running": False, "start": 4}}), "service W3SVC", SHUT),
}


def fleet(hosts: dict[str, dict[str, Any]]) -> dict[str, Any]:
    described = scenario(**hosts)
    described["authorities"][RSA] = {"shape": "plain", "key": "rsa-2048"}
    return described


def rows(stage: Stage) -> dict[str, Row]:
    return {name: Row(renewal(stage, name), cause, todo, dry) for name, (_host, cause, todo, dry) in SERVERS.items()}


def test_servers_on_which_a_renewal_cannot_work(tmp_path: Path) -> None:
    with staged(fleet({name: each for name, (each, *_words) in SERVERS.items()}), tmp_path) as stage:
        told(stage, rows(stage))


def test_a_swap_that_fails_leaves_production_as_it_was(tmp_path: Path) -> None:
    with staged(fleet({name: each for name, (each, *_words) in BROKEN.items()}), tmp_path) as stage:
        before = {name: (records(stage, name), stage.host(name).sites) for name in BROKEN}
        results = stage.cases({name: renewal(stage, name) for name in BROKEN})
        for name, (_host, cause, todo) in BROKEN.items():
            message, hint = results[name]["msg"], results[name]["hint"]
            assert (results[name]["status"], results[name]["stage"]) == ("failed", "apply"), message
            assert cause in message.removesuffix(hint), (name, message)
            assert todo in hint, (name, hint)
            assert "stays in MY and its pending request is completed" in hint
            assert results[name]["changed"], name
            assert (records(stage, name), stage.host(name).sites) == before[name], name
        assert not list(stage.backups.iterdir())


def test_what_is_only_warned_about(tmp_path: Path) -> None:
    """A clock that is a few minutes off, and a .NET that reaches no CNG key: it works, and the result says so."""
    old = server(product="2012", options={"clr": "4.0.30319.34209"})
    with staged(fleet({"clock": server(clock_offset_days=-0.01), "old-net": old}), tmp_path) as stage:
        results = stage.cases({name: renewal(stage, name) for name in ("clock", "old-net")})
        assert [each["status"] for each in results.values()] == ["ok", "ok"], results
        (warning,) = (each for each in results["clock"]["warnings"] if "clock" in each)
        assert warning.startswith("The server's clock is 14 minutes behind the controller's")
        (warning,) = results["old-net"]["warnings"]
        assert "not proven" in warning
        assert "no way to a CNG key" in warning


# A file system that says that it is full, and one that turns out to be (a quota): by the name of the folder.
FULL_DISKS = """
import errno, os, types
statvfs, fsync = os.statvfs, os.fsync
def full(path):
    state = statvfs(path)
    if "/full" not in str(path):
        return state
    return types.SimpleNamespace(f_blocks=1, f_bavail=0, f_frsize=state.f_frsize)
def late(descriptor):
    if "/late" in os.readlink(f"/proc/self/fd/{descriptor}"):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    fsync(descriptor)
os.statvfs, os.fsync = full, late
"""


def test_a_full_disk_of_the_controller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Found before anything is touched, where the file system tells; else all is done and proven but the backup."""
    with staged(fleet({"full": server(), "late": server()}), tmp_path) as stage:
        hook = stage.directory / "hook"
        for folder in (hook, stage.backups / "full", stage.backups / "late"):
            folder.mkdir(mode=0o700)
        (hook / "sitecustomize.py").write_text(FULL_DISKS, encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", str(hook))
        monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")

        def into(name: str) -> Case:
            return renewal(stage, name, backup_destinations=[f"{stage.backups / name}/"])

        told(stage, {"full": Row(into("full"), "/backups/full on the controller is full", "Make room there")})
        failed = stage.cases({"late": into("late")})["late"]
        assert (failed["status"], failed["stage"], failed["changed"]) == ("failed", "report", True)
        assert "cannot be written: No space left on device" in failed["msg"]
        assert "Make room there" in failed["hint"]
        assert "All changes on the host are done and proven: run again for the file" in failed["hint"]
        assert not [path for path in stage.backups.rglob("*") if path.is_file()]
        assert records(stage, "late")[ANY]["certificate"] == stage.thumbprint("late", "renewal")
        monkeypatch.delenv("PYTHONPATH")
        assert stage.cases({"again": into("late")})["again"]["changed"]
        assert [path.name for path in (stage.backups / "late").iterdir()] == [
            f"late_{stage.thumbprint('late', 'renewal')}.pfx"
        ]
