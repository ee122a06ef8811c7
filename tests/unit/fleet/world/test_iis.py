# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites: appcmd's words, collisions, bindings, where http.sys listens."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.fleet.world import httpsys
from tests.fleet.world.host import Host
from tests.fleet.world.registry import Key
from tests.unit.fleet.world.asking import APPCMD, ask, make, run

COLLIDING: list[dict[str, Any]] = [
    {"name": "Production", "state": "stopped", "bindings": [{"information": "*:443:", "certificate": "old"}]},
    {"name": "Renewal", "bindings": [{"information": "*:443:"}, {"information": "*:80:", "protocol": "http"}]},
]


def appcmd(host: Host, *arguments: str) -> tuple[int, bytes]:
    return run(host, APPCMD, *arguments)


def test_the_list_as_xml() -> None:
    code, output = appcmd(make(sites=COLLIDING), "list", "site", "/xml")
    assert code == 0
    sites = list(ET.fromstring(output))
    assert [dict(site.attrib) for site in sites] == [
        {"SITE.NAME": "Production", "SITE.ID": "1", "bindings": "https/*:443:", "state": "Stopped"},
        {"SITE.NAME": "Renewal", "SITE.ID": "2", "bindings": "https/*:443:,http/*:80:", "state": "Started"},
    ]


def test_a_japanese_name_comes_in_the_code_page() -> None:
    host = make(language="ja-JP", sites=[{"name": "本番サイト"}])
    assert 'SITE.NAME="本番サイト"'.encode("cp932") in appcmd(host, "list", "site", "/xml")[1]
    assert "本番サイト".encode() in ask(host, ("file.read", "path", host.iis.path))[0].payload
    assert appcmd(host, "stop", "site", "/site.name:本番サイト")[0] == 0
    assert host.sites == {"本番サイト": "Stopped"}


def test_a_colliding_start_is_183_and_leaves_the_site_stopped() -> None:
    host = make(sites=COLLIDING)
    code, output = appcmd(host, "start", "site", "/site.name:Production")
    assert code == 183
    assert b"hresult:800700b7" in output
    assert host.sites["Production"] == "Stopped"
    assert appcmd(host, "stop", "site", "/site.name:renewal")[0] == 0
    assert appcmd(host, "start", "site", "/site.name:Production")[0] == 0
    assert host.sites == {"Production": "Started", "Renewal": "Stopped"}
    assert [(entry["action"], entry["by"]) for entry in host.write_log] == [
        ("stopped", "appcmd"),
        ("started", "appcmd"),
    ]


def test_error_numbers() -> None:
    host = make(sites=[{"name": "Shared", "state": "stopped", "loaded": False}])
    assert appcmd(host, "start", "site", "/site.name:Nobody")[0] == 1168
    assert appcmd(host, "start", "site", "/site.name:Shared")[0] == 0x10D8
    assert appcmd(host, "delete", "site", "/site.name:Shared")[0] == 87
    stopped = make(services={"W3SVC": {"running": False}})
    assert appcmd(stopped, "start", "site", "/site.name:Production")[0] == 1062
    many = make({"appcmd_lists_at_most": 1}, sites=COLLIDING)
    assert appcmd(many, "list", "site", "/xml")[0] == 0x7A


def test_bindings_are_edited_in_the_file_and_change_what_listens() -> None:
    host = make(sites=[{"name": "Renewal", "bindings": [{"information": "*:80:", "protocol": "http"}]}])
    told = []
    host.changed = lambda: told.append(host.listening())
    edit = "bindings.[protocol='https',bindingInformation='*:8443:',sslFlags='0']"
    assert appcmd(host, "set", "site", "/site.name:Renewal", f"/+{edit}")[0] == 0
    assert told == [{("0.0.0.0", 8443)}]
    assert host.credential("0.0.0.0", 8443, None) is None  # appcmd makes no http.sys record
    assert appcmd(host, "set", "site", "/site.name:Renewal", f"/+{edit}")[0] == 183
    assert appcmd(host, "set", "site", "/site.name:Renewal", f"/-{edit}")[0] == 0
    assert appcmd(host, "set", "site", "/site.name:Renewal", f"/-{edit}")[0] == 1168
    assert host.listening() == set()
    assert b"IIS configuration sections" in ask(host, ("file.read", "path", host.iis.path))[0].payload


def test_a_binding_that_collides_deactivates_the_site() -> None:
    host = make(sites=[COLLIDING[1], {"name": "Other"}])
    edit = "/+bindings.[protocol='https',bindingInformation='*:443:']"
    assert appcmd(host, "set", "site", "/site.name:Other", edit)[0] == 0
    assert host.sites["Other"] == "Stopped"


def test_listening_follows_sites_records_and_the_listen_list() -> None:
    assert make().listening() == {("0.0.0.0", 443)}
    record = [{"ipport": "[::]:443", "certificate": "old"}, {"ipport": "10.0.0.1:443", "certificate": "old"}]
    assert make(records=record).listening() == {("0.0.0.0", 443), ("::", 443), ("10.0.0.1", 443)}
    listed = make({"listen_only": ["10.0.0.5"]})
    assert listed.listening() == {("10.0.0.5", 443)}
    assert listed.endpoint("127.0.0.1", 443) is None
    assert listed.endpoint("10.0.0.5", 443) == ("10.0.0.5", 443)
    host = make(addresses=["10.0.0.9"])
    assert host.endpoint("10.0.0.9", 443) == ("0.0.0.0", 443)
    assert host.endpoint("10.0.0.8", 443) is None


def test_ccs_and_foreign_records() -> None:
    sites = [{"name": "Central", "bindings": [{"information": "*:443:www.example.com", "ssl_flags": 3}]}]
    records: list[dict[str, Any]] = [{"ccs": 443}]
    records += [{"ipport": "0.0.0.0:444", "certificate": "old", "app_id": "{ba195980-cd49-458b-9e23-c84ee0adcd75}"}]
    host = make(sites=sites, records=records)
    ccs, foreign = host.sslcert("ccs=443"), host.sslcert("ipport=0.0.0.0:444")
    assert ccs
    assert foreign
    assert (ccs["certificate"], foreign["app_id"]) == ("", "{ba195980-cd49-458b-9e23-c84ee0adcd75}")
    assert host.credential("0.0.0.0", 443, "www.example.com") is None


def test_shared_configuration_and_extra_sections() -> None:
    host = make({"shared_configuration": 'enabled="true" path="\\\\share\\iis" '}, config_extra="<customMetadata />")
    redirection = host.files.read(r"C:\Windows\System32\inetsrv\config\redirection.config")
    assert ET.fromstring(redirection).find("configurationRedirection").get("enabled") == "true"  # type: ignore[union-attr]
    assert host.iis.config().find("customMetadata") is not None


def test_where_it_listens_is_told_without_reading_every_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each connection asks: with a read of all records for every binding 200 sites took minutes."""
    names = [f"s{number}.example.com" for number in range(20)]
    bindings = [{"information": f"*:443:{name}", "ssl_flags": 1, "certificate": "old"} for name in names]
    host = make(sites=[{"name": "Shops", "bindings": bindings}])
    read: list[str] = []
    original = httpsys._record

    def record(kind: str, key: Key) -> httpsys.Record:
        read.append(kind)
        return original(kind, key)

    monkeypatch.setattr(httpsys, "_record", record)
    assert host.listening() == {("0.0.0.0", 443)}
    assert read == []
    assert host.httpsys.answering("10.0.0.1", 443, names[7]) is not None
    assert read == ["hostnameport"]
