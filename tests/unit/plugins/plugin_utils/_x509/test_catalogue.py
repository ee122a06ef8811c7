# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import csv
import json
import pathlib
from datetime import UTC, datetime

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.catalogue import by_thumbprint, entries, named

from tests.unit.shelves import DATA, real

CERTIFICATES = {
    "verisign_g5": "verisign_g5_root_selfsigned",
    "sectigo_r46": "sectigo_server_auth_root_r46",
    "sectigo_e46": "sectigo_server_auth_root_e46",
    "isrg_x1": "isrg_root_x1",
    "isrg_x2": "isrg_root_x2",
    "isrg_yr": "isrg_root_yr",
    "isrg_ye": "isrg_root_ye",
    "gts_r1": "gts_root_r1",
}


def test_every_entry_is_the_certificate_it_says() -> None:
    assert {entry.name for entry in entries()} == set(CERTIFICATES)
    for entry in entries():
        certificate = real(CERTIFICATES[entry.name])
        assert (entry.sha1, entry.sha256) == (certificate.thumbprint, certificate.sha256)
        assert certificate.self_signed


def test_cross_certificates_have_the_name_and_key_of_their_root() -> None:
    index = list(csv.DictReader((DATA / "certs/index.tsv").open(encoding="utf-8"), delimiter="\t"))
    files = {row["sha1"]: row["name"] for row in index}
    for entry in entries():
        root = real(CERTIFICATES[entry.name])
        crosses = [real(files[thumbprint]) for thumbprint in entry.crosses]
        assert all((each.subject, each.public_key) == (root.subject, root.public_key) for each in crosses)
        if crosses and entry.cross_until:
            assert max(each.not_after for each in crosses).date() == entry.cross_until.date()


def test_the_programme_is_what_microsofts_list_holds() -> None:
    (path,) = DATA.glob("authroot_ctl_*.json")
    listed = json.loads(path.read_text("utf-8"))
    assert {entry.sha1 for entry in entries() if entry.programme} <= set(listed)
    assert not {entry.sha1 for entry in entries() if not entry.programme} & set(listed)


@pytest.mark.parametrize("name", ["verisign_g5", "G5", " VeriSign Class 3 Public Primary Certification Authority - g5"])
def test_names_and_aliases_ignore_case(name: str) -> None:
    found = named(name)
    assert found is not None
    assert found == by_thumbprint("4EB6D578499B1CCF5F581EAD56BE3D9B6744A5E5")


def test_no_name_means_two_roots() -> None:
    names = [name.casefold() for entry in entries() for name in {entry.name, entry.title, *entry.aliases}]
    assert len({name for name in names if names.count(name) > 1} - {entry.title.casefold() for entry in entries()}) == 0
    assert named("no such root") is None


def test_a_case_ends_with_its_last_cross_certificate() -> None:
    g5, r46 = named("verisign_g5"), named("sectigo_r46")
    assert g5 is not None
    assert r46 is not None
    assert g5.in_use(datetime(2021, 11, 7, 12, tzinfo=UTC))
    assert not g5.in_use(datetime(2021, 11, 8, tzinfo=UTC))
    assert r46.in_use(datetime(2099, 1, 1, tzinfo=UTC))


def test_reasons_are_sentences_with_a_page() -> None:
    assert all(entry.reason.endswith(".") and entry.page.startswith("https://") for entry in entries())
    assert pathlib.Path("plugins/plugin_utils/_x509/catalogue.json").read_bytes().count(b"\r") == 0
