# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers on which writing fails, accounts without rights, PowerShell that does not run, IIS that is not there."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fleet.world.host import Host
from tests.fleet.world.options import Options

from .asking import APPCMD, CERTREQ, NETSH, Op, ask

MY = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\MY"
KEY = rf"{MY}\Certificates\AB"
WHOAMI = r"%SystemRoot%\System32\whoami.exe", "/groups", "/fo", "csv", "/nh"


def run(program: str, *arguments: str) -> Op:
    return ("run", "program", program, *(each for argument in arguments for each in ("argument", argument)))


def host(**options: Any) -> Host:
    return Host("web", options=Options(**options))


def writable(world: Host) -> list[str]:
    (said,) = ask(world, ("host.info",))
    return [fields[0].decode() for keyword, *fields in said.rows if keyword == "writable"]


def test_a_key_that_is_closed_takes_nothing() -> None:
    world = host(denied_keys=[MY])
    with world.journal.silence():
        world.registry.create(KEY)
    before = world.digest()
    written, deleted, elsewhere = ask(
        world,
        ("reg.write", "key", KEY, "name", "x", "kind", "String", "data", "y"),
        ("reg.delete", "key", KEY),
        ("reg.delete", "key", r"HKLM\SOFTWARE\nothing"),
    )
    assert (written.hresult, deleted.hresult, elsewhere.status) == (0x80070005, 0x8013150A, "ok")
    assert world.digest() == before
    assert r"HKLM\SOFTWARE" in writable(world)


def test_what_is_closed_is_not_writable() -> None:
    root = r"HKLM\SOFTWARE\Microsoft\SystemCertificates\ROOT"
    assert writable(host()) == [r"HKLM\SOFTWARE", root]
    assert writable(host(denied_keys=[root.lower()])) == [r"HKLM\SOFTWARE"]
    assert writable(host(denied_keys=[r"HKLM\SOFTWARE"])) == []
    assert writable(host(denied_keys=[r"HKLM\SOFT"])) == [r"HKLM\SOFTWARE", root]


@pytest.mark.parametrize(("full", "number"), [("files", 0), ("all", 0x80070070), ("", 0)])
def test_a_full_disk(full: str, number: int) -> None:
    world = host(disk_full=full)
    file, value = ask(
        world,
        ("file.write", "path", r"C:\Windows\Temp\x", "data", "y"),
        ("reg.write", "key", r"HKLM\SOFTWARE\x", "name", "x", "kind", "String", "data", "y"),
    )
    assert file.hresult == (0x80070070 if full else 0)
    assert value.hresult == number


@pytest.mark.parametrize("program", [NETSH, APPCMD, CERTREQ])
def test_a_program_that_is_missing(program: str) -> None:
    name = program.removeprefix("%SystemRoot%\\System32\\")
    (said,) = ask(host(missing_programs=[name]), run(program, "list", "site"))
    assert (said.kind, said.number) == ("win32", 2)


@pytest.mark.parametrize(
    ("elevated", "administrator", "how"),
    [(True, True, "Enabled group"), (False, True, "Group used for deny only"), (False, False, "")],
)
def test_the_groups_of_a_token(elevated: bool, administrator: bool, how: str) -> None:
    (said,) = ask(host(elevated=elevated, administrator=administrator), run(*WHOAMI))
    output = dict((keyword, fields[0]) for keyword, *fields in said.rows)["stdout"].decode()
    assert ('"S-1-5-32-544"' in output) is administrator
    assert how in output


@pytest.mark.parametrize(
    ("language", "options", "words"),
    [
        ("en-US", {"powershell": "missing"}, "'PowerShell' is not recognized"),
        ("de-DE", {"powershell": "missing"}, 'Der Befehl "PowerShell"'),
        ("ja-JP", {"powershell": "missing"}, "'PowerShell' は、内部コマンド"),
        ("fr-FR", {"powershell": "blocked"}, "blocked by group policy"),
        ("ja-JP", {"language_mode": "ConstrainedLanguage"}, "CannotCreateTypeConstrainedLan"),
        ("en-US", {}, ""),
    ],
)
def test_what_comes_instead_of_powershell(language: str, options: dict[str, str], words: str) -> None:
    said = Host("web", language=language, options=Options(**options)).instead_of_powershell()
    assert words in said
    assert bool(said) is bool(words)


def test_without_iis_there_is_http_sys_and_nothing_else_of_it() -> None:
    world = host(iis=False)
    version, config, site, netsh, w3svc, http = ask(
        world,
        ("reg.read", "key", r"HKLM\SOFTWARE\Microsoft\InetStp"),
        ("file.read", "path", r"%SystemRoot%\System32\inetsrv\config\applicationHost.config"),
        run(APPCMD, "list", "site", "/xml"),
        run(NETSH, "http", "show", "sslcert"),
        ("service", "name", "W3SVC", "action", "query"),
        ("service", "name", "HTTP", "action", "query"),
    )
    assert (version.status, version.payload) == ("ok", b"")
    assert (config.status, site.number, netsh.status) == ("error", 2, "ok")
    assert (w3svc.status, http.status) == ("error", "ok")
    assert world.sites == {}
    assert world.listening() == set()
