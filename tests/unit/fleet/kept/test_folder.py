# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host into a folder and back: nothing is lost, and what somebody else changes there comes to the host."""

from __future__ import annotations

import base64
import re
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fleet.kept import files, keys, lines, metabase, state
from tests.fleet.kept import folder as world
from tests.fleet.world import blob
from tests.fleet.world.host import Host
from tests.fleet.world.iis6 import STOPPED as SITE_STOPPED
from tests.fleet.world.keys import DEFAULT_ACCESS, ENHANCED
from tests.fleet.world.options import PRODUCTS, Options
from tests.fleet.world.registry import KINDS, Value
from tests.fleet.world.scenario import load
from tests.fleet.world.services import RUNNING, STOPPED
from tests.fleet.world.stores import MACHINE

SCENARIOS = Path(__file__).parents[3] / "fleet" / "scenarios"
FOLDED = st.text(st.characters(exclude_characters="\\\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
NAMES = FOLDED.filter(lambda text: len(text.lower()) == len(text))
VALUES = st.dictionaries(NAMES.map(str.lower) | st.just(""), st.tuples(st.sampled_from(sorted(KINDS)), st.binary()))


@pytest.fixture(scope="module")
def hosts() -> dict[str, Host]:
    return {name: host for each in ("demo", "g5") for name, host in load(SCENARIOS / f"{each}.yml").hosts.items()}


DEMO = ("web01", "web02", "web03", "web04")


@pytest.mark.parametrize("name", [*DEMO, "g5", "g5-2003", "g5-comes-back", "g5-disabled"])
def test_a_host_of_a_scenario_comes_back_as_it_was(hosts: dict[str, Host], name: str, tmp_path: Path) -> None:
    host = hosts[name]
    world.save(host, tmp_path)
    loaded = world.load(tmp_path)
    assert loaded.digest() == host.digest()
    assert loaded.listening() == host.listening()
    assert loaded.options == host.options
    assert loaded.write_log == []


@pytest.mark.parametrize("product", sorted(PRODUCTS))
def test_a_fresh_host_of_each_product_comes_back(product: str, tmp_path: Path) -> None:
    host = Host("one", product, "ja-JP", Options(accounts={r"CORP\me": "S-1-5-21-1-2-3-1001"}), addresses=("10.0.0.1",))
    world.save(host, tmp_path)
    assert world.load(tmp_path).digest() == host.digest()
    names = {lines.text(name): sid for name, sid in lines.read(tmp_path / "accounts.txt")}
    assert names["network service"] == "S-1-5-20"


@settings(max_examples=60, deadline=None)
@given(tree=st.dictionaries(st.lists(NAMES.map(str.lower), min_size=1, max_size=3).map("\\".join), VALUES, max_size=5))
def test_any_registry_comes_back(tree: dict[str, dict[str, tuple[str, bytes]]]) -> None:
    host = Host("one", "2022")
    for path, values in tree.items():
        host.registry.create(rf"HKLM\SOFTWARE\{path}")
        for name, (kind, data) in values.items():
            host.registry.set(rf"HKLM\SOFTWARE\{path}", name, Value(kind, data))
    with tempfile.TemporaryDirectory() as place:
        world.save(host, Path(place))
        assert world.load(Path(place)).digest() == host.digest()


def test_nothing_has_changed_where_nobody_did_anything(hosts: dict[str, Host], tmp_path: Path) -> None:
    for name, host in hosts.items():
        before, logged = host.digest(), len(host.write_log)
        world.save(host, tmp_path / name)
        world.take(tmp_path / name, host)
        assert (host.digest(), len(host.write_log)) == (before, logged), name


def test_what_a_script_did_comes_to_the_host_and_into_its_log(tmp_path: Path) -> None:
    """The lines are those that PowerShell writes: in any order, keys and values anew."""
    host = load(SCENARIOS / "demo.yml").hosts["web04"]
    world.save(host, tmp_path)
    registry = (tmp_path / "registry.txt").read_text(encoding="ascii").splitlines()
    kept = [line for line in registry if lines.token(r"HKLM\SOFTWARE\Microsoft\InetStp") not in line]
    written = ["value", lines.token(r"HKLM\SOFTWARE\tlsops.windows"), lines.token("Größe"), "DWord", "BwAAAA=="]
    (tmp_path / "registry.txt").write_text("\r\n".join([*reversed(kept), " ".join(written), ""]), encoding="ascii")
    (tmp_path / "services" / "HTTPFilter").write_text("1\n", encoding="ascii")
    (tmp_path / r"C:\Windows\Temp\new.cer").write_bytes(b"new")
    world.take(tmp_path, host)
    assert host.registry.key(r"HKLM\SOFTWARE\Microsoft\InetStp") is None
    value = host.registry.get(r"HKLM\SOFTWARE\tlsops.windows", "größe")
    assert value is not None
    assert value.number == 7
    assert host.services.query("HTTPFilter")[0] == STOPPED
    assert host.services.query("W3SVC")[0] == RUNNING
    assert host.files.read(r"C:\windows\temp\NEW.cer") == b"new"
    told = {(entry["kind"], entry["action"]) for entry in host.write_log}
    assert told >= {("registry", "delete"), ("registry", "set"), ("service", "stop"), ("file", "write")}
    assert {entry["by"] for entry in host.write_log} == {"batch"}
    (tmp_path / r"C:\Windows\Temp\new.cer").unlink()
    world.take(tmp_path, host)
    assert not host.files.exists(r"C:\Windows\Temp\new.cer")


def test_a_key_that_came_with_a_pfx_gets_its_container(tmp_path: Path) -> None:
    """As the stand-ins write it down: the key is in the PFX alone, the certificate's Blob names the container."""
    loaded = load(SCENARIOS / "demo.yml")
    host, other = loaded.hosts["web01"], loaded.hosts["web02"]
    entry = next(each for each in keys.linked(other))
    container = other.keys.open(entry.link)
    world.save(host, tmp_path)
    world.save(other, tmp_path / "other")
    place = rf"{MACHINE}\MY\Certificates\{entry.thumbprint}"
    link = container.link.encode()
    data = blob.build(entry.der, {blob.KEY_PROV_INFO: link})
    with open(tmp_path / "registry.txt", "a", encoding="ascii") as file:
        file.write(f"value {lines.token(place)} {lines.token('Blob')} Binary {lines.token(data)}\n")
    keys.pfx_path(tmp_path, entry.thumbprint).write_bytes(
        keys.pfx_path(tmp_path / "other", entry.thumbprint).read_bytes()
    )
    row = [lines.token(container.name), lines.token(ENHANCED), "1", "1", "1", lines.token("D:(A;;FR;;;S-1-5-20)"), "-"]
    with open(tmp_path / "keys.txt", "a", encoding="ascii") as file:
        file.write(f"container {' '.join(row)}\nlink {entry.thumbprint} {row[0]}\n")
    world.take(tmp_path, host)
    assert host.stores.find("MY", entry.thumbprint) is not None
    found = host.keys.open(entry.link)
    assert found.public == container.public
    assert (found.provider, found.access) == (ENHANCED, "D:(A;;FR;;;NS)")
    world.save(host, tmp_path)
    assert " - \n" not in (tmp_path / "keys.txt").read_text(encoding="ascii"), "from now on it is kept by itself"
    assert world.load(tmp_path).digest() == host.digest()


def test_the_files_of_keys_open_and_those_of_keys_that_are_gone_go(tmp_path: Path) -> None:
    host = load(SCENARIOS / "demo.yml").hosts["web01"]
    world.save(host, tmp_path)
    (entry, *_more) = keys.linked(host)
    data = keys.pfx_path(tmp_path, entry.thumbprint).read_bytes()
    _key, certificate, _chain = pkcs12.load_key_and_certificates(data, keys.PASSWORD.encode())
    assert certificate == entry.certificate
    assert lines.token(DEFAULT_ACCESS) in (tmp_path / "keys.txt").read_text(encoding="ascii").splitlines()[0]
    rows = (tmp_path / "keys.txt").read_text(encoding="ascii").splitlines()
    assert entry.link is not None
    without = [row for row in rows if lines.token(entry.link.container) not in row]
    (tmp_path / "keys.txt").write_text("\n".join(without), encoding="ascii")
    world.take(tmp_path, host)
    assert host.keys.find(entry.link) is None
    world.save(host, tmp_path)
    assert not keys.pfx_path(tmp_path, entry.thumbprint).exists()


def test_the_metabase_takes_what_was_set_there_but_no_state(tmp_path: Path) -> None:
    host = load(SCENARIOS / "demo.yml").hosts["web04"]
    world.save(host, tmp_path)
    text = (tmp_path / "metabase.txt").read_text(encoding="ascii")
    path, state_name = lines.token("W3SVC/1"), lines.token("ServerState")
    changed = re.sub(
        f"value {path} {state_name} number .*", f"value {path} {state_name} number {lines.token('4')}", text
    )
    changed = re.sub(
        rf"(value {path} {lines.token('SSLCertHash')}) .*", rf"\1 binary {lines.token(bytes(20))}", changed
    )
    changed += f"value {path} {lines.token('sslctlidentifier')} text {lines.token('日本')}\n"
    (tmp_path / "metabase.txt").write_text(changed, encoding="ascii")
    world.take(tmp_path, host)
    values = host.metabase.node("W3SVC/1").values
    assert values["SSLCertHash"] == bytes(20)
    assert values["SslCtlIdentifier"] == "日本"
    assert values["ServerState"] != SITE_STOPPED
    assert metabase.read(tmp_path / "metabase.txt")["W3SVC/1"][1]["ServerState"] == SITE_STOPPED


def test_the_files_of_a_share_stay_there_and_programs_are_none(tmp_path: Path) -> None:
    host = Host("one", "2022", options=Options(shared_configuration=r'enabled="true" path="\\files\iis"'))
    world.save(host, tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("\\")]
    program = tmp_path / r"C:\Windows\System32\netsh.exe"
    program.write_text("#!/bin/sh\n", encoding="ascii")
    program.chmod(files.PROGRAM_MODE)
    world.take(tmp_path, host)
    assert not host.files.exists(program.name)
    world.save(host, tmp_path)
    assert program.exists()


def test_files_are_kept_under_their_names_on_posix_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.name", "nt")
    with pytest.raises(OSError, match="without drives"):
        files.save(Host("one", "2022"), tmp_path)


def test_a_line_is_plain_words() -> None:
    assert lines.token("") == "-"
    assert lines.plain("-") == b""
    assert lines.text(lines.token("a b\n\u200e")) == "a b\n\u200e"
    assert base64.b64decode(lines.token("x")) == b"x"


def test_a_host_is_described_with_all_that_makes_it(tmp_path: Path) -> None:
    host = Host("one", "2016", "de-DE", Options(sha2=False, netsh_failures={"add": 5}), addresses=("10.0.0.1",))
    state.describe(host, tmp_path)
    found = state.described(tmp_path)
    assert (found.name, found.product, found.options, found.addresses) == (
        host.name,
        host.product,
        host.options,
        host.addresses,
    )
    assert found.language.tag == "de-DE"
