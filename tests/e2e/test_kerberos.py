# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The renewal over WinRM with Kerberos and HTTPS, in a realm of its own: with ``TLSOPS_KERBEROS=1`` only.

It needs a KDC (Debian: krb5-kdc, krb5-admin-server, krb5-user) and pykerberos, which has to be built (libkrb5-dev).
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.fleet import realm
from tests.fleet.auth import Account

from .cuts.farm import farm
from .roads import play

pytestmark = pytest.mark.skipif(
    os.environ.get("TLSOPS_KERBEROS") != "1", reason="Kerberos is not tried: it needs a KDC, and TLSOPS_KERBEROS=1"
)
ACCOUNT = Account("operator", "Loopback-0nly", realm.SERVICE)
ROADS = {"iis7": "winrm-kerberos-https", "iis6": "winrm-kerberos-https"}


def test_four_beats_with_kerberos(tmp_path: Path) -> None:
    assert not realm.missing(), "this file's docstring says what is needed"
    with (
        realm.realm(tmp_path / "realm", ACCOUNT.user, ACCOUNT.password),
        play(tmp_path, farm(), ROADS, account=ACCOUNT) as (stage, playbook),
    ):
        beats = stage.beats(playbook, list(ROADS))
        assert beats.commands["iis7"] == 2
        log = (tmp_path / "realm" / "kdc.log").read_text(encoding="utf-8")
        assert f"{ACCOUNT.user}@{realm.NAME} for HTTP/localhost@{realm.NAME}" in log
        wrong = stage.run(playbook, "--extra-vars", "ansible_password=wrong")
        assert {each["status"] for each in wrong.results} == {"unreachable"}
