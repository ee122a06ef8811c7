# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who names a certificate, the metabase mapper, and shared configuration."""

from __future__ import annotations

import base64
import hashlib
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from tests.fleet.world.host import Host
from tests.fleet.world.named import PLACES, REBIND_TASK, open_metabase
from tests.fleet.world.scenario import Scenario
from tests.unit.fleet.world.asking import APPCMD, CERTIFICATES, SITES, ask, make, run, scenario

TWO = {**CERTIFICATES, "kept": {"authority": "public", "names": ["kept.example.com"]}}
SHARE = r"\\nas\iis\applicationHost.config"
SHARED = {"shared_configuration": 'enabled="true" path="\\\\nas\\iis" '}
TAKE_OUT = ("set", "config", "/section:system.applicationHost/customMetadata")
COMMIT = "/commit:apphost"
CONFIG = r"\System32\inetsrv\config\applicationHost.config"


def with_metabase(**more: Any) -> Scenario:
    return scenario({"iis6_compatibility": True}, certificates=TWO, metabase={"Production": "kept"}, **more)


def sha1(world: Scenario, name: str) -> str:
    return hashlib.sha1(world.certificates["web"][name]).hexdigest()


def bound(host: Host) -> str:
    record = host.sslcert("ipport=0.0.0.0:443")
    return record["certificate"].lower() if record else ""


def test_each_program_keeps_a_thumbprint_in_its_own_form() -> None:
    names = [*PLACES, "ftp", "ftp/Production"]
    world = scenario(consumers=dict.fromkeys(names, "old"))
    host, old = world.hosts["web"], sha1(world, "old")
    kept = {name: host.registry.get(key, value) for name, (key, value, _form) in PLACES.items()}
    assert {name: value.kind for name, value in kept.items() if value} == {
        **{"winrm": "String", "sql": "String"},
        **{"rdp": "Binary", "wmsvc": "Binary", "sstp": "Binary"},
    }
    assert {name: len(value.data) for name, value in kept.items() if value and value.kind == "Binary"} == {
        **{"rdp": 20, "wmsvc": 20, "sstp": 32}
    }
    ftp = [node.get("serverCertHash", "").lower() for node in host.iis.config().iter("ssl")]
    assert ftp == [old, old]
    with pytest.raises(ValueError, match="no consumer: fax"):
        make(consumers={"fax": "old"})


@pytest.mark.parametrize("enabled", [True, False])
def test_the_task_is_xml_in_utf_16(enabled: bool) -> None:
    host = make(certificate_rebind=enabled)
    data = ask(host, ("file.read", "path", REBIND_TASK))[0].payload
    assert data[:2] == b"\xff\xfe"
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    assert ET.fromstring(data).findtext(f"{space}Settings/{space}Enabled") == str(enabled).lower()
    assert ask(make(), ("file.read", "path", REBIND_TASK))[0].status == "error"


def test_a_program_that_opens_the_metabase_brings_the_kept_certificate_back() -> None:
    world = with_metabase()
    host = world.hosts["web"]
    assert bound(host) == sha1(world, "old")
    open_metabase(host)
    assert bound(host) == sha1(world, "kept")
    assert {entry["by"] for entry in host.write_log} == {"IIS 6 compatibility"}


def test_the_binding_is_deleted_where_the_kept_certificate_is_gone() -> None:
    world = with_metabase()
    host = world.hosts["web"]
    host.stores.remove("MY", sha1(world, "kept"))
    open_metabase(host)
    assert bound(host) == ""


def test_nothing_happens_without_iis_6_compatibility_or_for_a_name() -> None:
    world = with_metabase()
    world.hosts["web"].options.iis6_compatibility = False
    open_metabase(world.hosts["web"])
    assert world.hosts["web"].write_log == []
    named = [{"information": "*:443:www.example.com", "ssl_flags": 1, "certificate": "old"}]
    sni = with_metabase(sites=[{"name": "Production", "bindings": named}]).hosts["web"]
    open_metabase(sni)
    assert sni.write_log == []


def test_appcmd_takes_a_property_out() -> None:
    world = with_metabase()
    host = world.hosts["web"]
    element = "/-[path='LM/W3SVC/1'].[id='5506']"
    assert run(host, APPCMD, *TAKE_OUT, element)[0] == 87  # without /commit:apphost
    assert run(host, APPCMD, *TAKE_OUT, element, COMMIT)[0] == 0
    assert [node.get("id") for node in host.iis.config().iter("property")] == ["5511"]
    assert run(host, APPCMD, *TAKE_OUT, element, COMMIT)[0] == 1168
    open_metabase(host)
    assert bound(host) == sha1(world, "old")


def test_the_hash_is_base64() -> None:
    world = with_metabase()
    values = {node.get("id"): node.get("value") for node in world.hosts["web"].iis.config().iter("property")}
    assert values == {"5506": base64.b64encode(bytes.fromhex(sha1(world, "kept"))).decode(), "5511": "MY"}


def test_shared_configuration_is_read_by_appcmd_only() -> None:
    host = make(SHARED, sites=[{**SITES[0], "name": "本番"}], language="ja-JP")
    (said,) = ask(host, ("file.read", "path", SHARE))
    assert (said.status, said.hresult) == ("error", 0x80070005)
    assert b"<site " not in ask(host, ("file.read", "path", host.files.expand("%SystemRoot%") + CONFIG))[0].payload
    code, listed = run(host, APPCMD, "list", "site", "/xml")
    assert (code, "本番".encode("cp932") in listed) == (0, True)
    assert b"sslFlags" not in listed
    assert run(host, APPCMD, "stop", "site", "/site.name:本番")[0] == 0
    edit = "/+bindings.[protocol='https',bindingInformation='*:8443:']"
    assert run(host, APPCMD, "set", "site", "/site.name:本番", edit)[0] == 0
    assert host.write_log[-1]["where"] == SHARE
