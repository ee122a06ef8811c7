# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.dialect import dialect_of
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.request_inf import NewRequest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.subject import Subject

from tests.unit.request_host import HOST

PLAIN = NewRequest(Subject.parse("CN=a.example.com"), ("a.example.com",), (), "rsa-2048", True)
NAMED = dataclasses.replace(PLAIN, friendly_name="Shop 2027")


@pytest.mark.parametrize(
    ("version", "options", "reissues"),
    [
        ("5.2.3790", (), False),
        ("5.1.2600", (), False),
        ("6.0.6002", ("-q", "-machine"), True),
        ("6.1.7601", ("-q", "-machine"), True),
        ("10.0.26100", ("-q", "-machine"), True),
        ("52.0", ("-q", "-machine"), True),
        ("", ("-q", "-machine"), True),
    ],
)
def test_it_is_chosen_from_what_the_host_says(version: str, options: tuple[str, ...], reissues: bool) -> None:
    dialect = dialect_of(dataclasses.replace(HOST, os_version=version))
    assert (*dialect.quiet, *dialect.machine) == options
    assert dialect.accepts_reissues is reissues
    assert (b"HashAlgorithm" in dialect.inf(PLAIN)) is reissues
    assert ("IIS AppPool" in dialect.pool_accounts) is reissues


@pytest.mark.parametrize(
    ("version", "request_", "told"),
    [
        ("10.0.20348", NAMED, []),
        ("5.2.3790", PLAIN, ["signed with SHA-1"]),
        ("5.2.3790", NAMED, ["signed with SHA-1", "friendly name is left out"]),
    ],
    ids=["new", "2003", "2003-named"],
)
def test_what_is_not_done_is_told(version: str, request_: NewRequest, told: list[str]) -> None:
    found = dialect_of(dataclasses.replace(HOST, os_version=version)).left_out(request_)
    assert len(found) == len(told)
    assert all(words in each for words, each in zip(told, found, strict=True))
