# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files, services, the host itself, a program that is missing."""

from __future__ import annotations

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import operations as do
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import encode_lines, lines

from .case import ERROR, NOTHING, Case, Expected, hresult
from .world import World


def file_cases() -> list[Case]:
    data = bytes(range(256)) * 300
    setup = World(files={"a.bin": data, "empty.bin": b""})
    return [
        Case(
            "file.read, also by an environment variable",
            lambda side: (
                [do.file_read(side.path(n)) for n in ("a.bin", "empty.bin")]
                + [do.file_read(side.path_by_variable("a.bin"))]
            ),
            (Expected(payload=data), NOTHING, Expected(payload=data)),
            setup,
        ),
        Case("file.read of a missing file", lambda side: [do.file_read(side.path("no.bin"))], (hresult(0x80070002),)),
        Case(
            "file.read in a missing folder",
            lambda side: [do.file_read(side.path("no", "no.bin"))],
            (hresult(0x80070003),),
        ),
        Case(
            "file.write makes a new file only",
            lambda side: [do.file_write(side.path("b.bin"), data), do.file_write(side.path("c.bin"), b"")],
            (NOTHING, NOTHING),
            mode="write",
            then=lambda side: [
                do.file_read(side.path("b.bin")),
                do.file_read(side.path("c.bin")),
                do.file_write(side.path("b.bin"), b"x"),
                do.file_read(side.path("b.bin")),
            ],
            then_expected=(Expected(payload=data), NOTHING, ERROR, Expected(payload=data)),
        ),
        Case(
            "file.delete, also of what is not there",
            lambda side: [do.file_delete(side.path("a.bin")), do.file_delete(side.path("a.bin"))],
            (NOTHING, NOTHING),
            setup,
            "write",
            then=lambda side: [do.file_read(side.path("a.bin"))],
            then_expected=(hresult(0x80070002),),
        ),
    ]


def _info(answer: Answer) -> bool:
    found: dict[str, str] = {keyword: fields[0].decode() for keyword, fields in lines(answer.payload)}
    writable = [fields[0].decode() for keyword, fields in lines(answer.payload) if keyword == "writable"]
    names = (
        "computer_name os_version edition powershell_version clr_version language_mode ui_language system_root clock"
    )
    assert found.keys() == {*names.split(), "elevated", "writable"}
    assert writable == [r"HKLM\SOFTWARE", r"HKLM\SOFTWARE\Microsoft\SystemCertificates\ROOT"]
    clock = int(found["clock"]) // 10**7 - 11644473600
    good = found["os_version"] == "10.0.17763" and found["language_mode"] == "FullLanguage"
    return good and found["elevated"] == "1" and found["edition"] == "ServerStandard" and clock > 1_700_000_000


def _service(status: int, start: int) -> bytes:
    return encode_lines([("status", [b"%d" % status]), ("start", [b"%d" % start])])


def host_cases() -> list[Case]:
    setup = World(services={"Spooler": (1, 3), "EventLog": (4, 2)})
    act = [do.service("Spooler", "start"), do.service("EventLog", "stop"), do.service("EventLog", "stop")]
    return [
        Case("host.info", lambda _: [do.host_info()], (Expected(judge=_info),)),
        Case(
            "service query",
            lambda _: [do.service("Spooler", "query"), do.service("EventLog", "query")],
            (Expected(payload=_service(1, 3)), Expected(payload=_service(4, 2))),
            setup,
        ),
        Case(
            "service start and stop, also where it is so already",
            lambda _: [*act, do.service("Spooler", "start")],
            (
                Expected(payload=_service(4, 3)),
                Expected(payload=_service(1, 2)),
                Expected(payload=_service(1, 2)),
                Expected(payload=_service(4, 3)),
            ),
            setup,
            "write",
        ),
        Case("service that does not exist", lambda _: [do.service("nobody", "query")], (ERROR,), setup),
        Case(
            "run of a program that is not there",
            lambda side: [do.run(side.path("no.exe"))],
            (Expected("error", kind="win32", number=2),),
        ),
    ]
