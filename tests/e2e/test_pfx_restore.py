# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server is replaced: what pfx_backup took from the old one comes into new ones, and is served there as before."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultLib, VaultSecret

from . import witness
from .plain import ANY, FIRST, OLD, PRODUCTION, records, site
from .plain import host as plain_host
from .stage import PASSWORD, Case, Stage, staged

ROOT, INTERMEDIATE = "simple.root", "simple.intermediate"
SERVICE, LOCAL = "S-1-5-20", "S-1-5-19"
DOMAIN = "S-1-5-21-1004336348-1177238915-682003330"
READERS = "D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;NS)"
CROSS = {"certificate": "public.cross", "in": ["CA"]}
NEW = site("Production", {"information": "*:443:"})


def old_server() -> dict[str, Any]:
    made = plain_host(PRODUCTION, product="2016")
    made["certificates"]["old"] |= {"key": "rsa-2048", "friendly_name": "www 本番"}
    made["certificates"] = {"old": made["certificates"]["old"]}
    return made


def new_server(product: str, *stores: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A server without the certificate; with its root, unless ``stores`` says otherwise."""
    trusted = list(stores) or [{"certificate": ROOT, "in": ["Root"]}]
    return {"product": product, "stores": trusted, "sites": [NEW], **more}


def fleet(**hosts: dict[str, Any]) -> dict[str, Any]:
    authorities: dict[str, Any] = {"simple": {"shape": "plain", "key": "rsa-2048"}, "public": {"shape": "cross"}}
    return {"authorities": authorities, "hosts": {"old": old_server(), **hosts}}


def backed_up(stage: Stage, compatibility: str = "modern") -> Path:
    """The old server's backup, made by the step itself."""
    path = stage.directory / f"{compatibility}.pfx"
    wanted = {"site": "Production", "password": PASSWORD, "destinations": [str(path)], "compatibility": compatibility}
    assert stage.cases({"backup": Case("old", "pfx_backup", wanted)})["backup"]["changed"]
    return path


def restore(host: str, path: Path | str, **more: Any) -> Case:
    return Case(host, "pfx_restore", {"path": str(path), "password": PASSWORD, **more})


def container(stage: Stage, host: str, store: str = "MY") -> Any:
    entry = stage.host(host).stores.find(store, stage.thumbprint("old", "old"))
    return stage.host(host).keys.open(entry.link), entry


def test_backups_come_into_new_servers_in_four_beats(tmp_path: Path) -> None:
    other = {"authority": "simple", "names": ["other.example.com"], "key": "rsa-2048", "access": READERS}
    hosts = {
        "w2003": new_server(OLD),
        "w2003-japanese": new_server(OLD, language="ja-JP"),
        "w2008r2": new_server("2008r2"),
        "w2012r2": new_server("2012r2"),
        "w2016": new_server("2016"),
        "w2019": new_server("2019", options={"accounts": {"EXAMPLE\\Domain Admins": f"{DOMAIN}-512"}}),
        "german": new_server("2022", language="de-DE"),
        "japanese": new_server("2022", language="ja-JP"),
        "like": new_server("2022", certificates={"other": other}),
        "rootless": new_server("2022", {"certificate": INTERMEDIATE, "in": ["CA"]}),
    }
    with staged(fleet(**hosts), tmp_path) as stage:
        path = backed_up(stage)
        own: dict[str, dict[str, Any]] = {
            "w2003": {"key_access": [SERVICE]},
            "w2003-japanese": {"exportable": False, "key_access": ["NETWORK SERVICE"]},
            "w2008r2": {"key_access": [SERVICE]},
            "w2012r2": {"friendly_name": "restored"},
            "w2016": {"exportable": False},
            "w2019": {"store": "WebHosting", "key_access": ["IIS AppPool\\DefaultAppPool", "EXAMPLE\\Domain Admins"]},
            "german": {"key_access": ["NT-AUTORITÄT\\NETZWERKDIENST", LOCAL]},
            "japanese": {"key_access": ["NETWORK SERVICE"]},
            "like": {"key_access_like": stage.thumbprint("like", "other")},
            "rootless": {"trusted_root": "added"},
        }
        common = {"pfx_restore_path": str(path), "pfx_restore_password": PASSWORD}
        named = {host: {f"pfx_restore_{key}": value for key, value in each.items()} for host, each in own.items()}
        stage.set_variables(named, **common)
        beats = stage.beats("tlsops.windows.restore", list(hosts))
        assert all(beats.commands[name] == 2 for name in hosts)
        for name in hosts:
            check_key(stage, name, own[name], beats.done.of(name))
        assert stage.host("rootless").stores.logical("Root")
        assert PASSWORD not in json.dumps([each["result"] for each in beats.done.results], ensure_ascii=False)
        german, _entry = container(stage, "german")
        assert "(A;;FR;;;NS)(A;;FR;;;LS)" in german.access
        assert container(stage, "like")[0].access == READERS
        pool, _entry = container(stage, "w2019", "WebHosting")
        assert "(A;;FR;;;S-1-5-82-" in pool.access
        assert "(A;;FR;;;DA)" in pool.access, "Windows shows it so"
        assert [each["added"] for each in beats.done.of("w2016")["intermediates"]] == [True]
        assert [each["state"] for each in beats.done.of("rootless")["roots"]] == ["added"]


def check_key(stage: Stage, name: str, wanted: dict[str, Any], result: dict[str, Any]) -> None:
    store = wanted.get("store", "MY")
    key, entry = container(stage, name, store)
    assert key.exportable is wanted.get("exportable", True)
    assert entry.friendly_name == wanted.get("friendly_name", "www 本番")
    assert result["imported"] is True
    assert result["key"] == {"provider": key.provider, "key_spec": key.key_spec, "exportable": key.exportable}
    assert result["proofs"]["private_key"]["outcome"] == "proven"
    assert ("key_access" in result["proofs"]) is bool(wanted.keys() & {"key_access", "key_access_like"})


def test_the_new_server_sends_what_the_old_one_did(tmp_path: Path) -> None:
    news = {"new": new_server("2022", language="ja-JP"), "iis6": new_server(OLD)}
    with staged(fleet(**news), tmp_path) as stage:
        path = stage.backups / "old.pfx"
        wanted = {
            "site": "Production",
            "password": PASSWORD,
            "destinations": [str(path)],
            "compatibility": "windows2016",
        }
        hosts = {name: {} for name in news}
        stage.set_variables({"old": {f"pfx_backup_{key}": value for key, value in wanted.items()}, **hosts})
        assert stage.run("tlsops.windows.backup", "--limit", "old").of("old")["changed"]
        before = witness.served_chain(stage.fleet.socket_address("old", "127.0.0.1", 443), "www.example.com")
        thumbprint = stage.thumbprint("old", "old")
        bind = {"production_site": "Production", "thumbprint": thumbprint}
        both = {f"restore {name}": restore(name, path) for name in news}
        both |= {f"bind {name}": Case(name, "site_certificate", bind) for name in news}
        results = stage.cases(both)
        assert {each["status"] for each in results.values()} == {"ok"}, results
        for name, place in (("new", ANY), ("iis6", FIRST)):
            after = witness.served_chain(stage.fleet.socket_address(name, "127.0.0.1", 443), "www.example.com")
            assert after == before
            assert after.names == ("www.example.com", "simple Server CA")
            assert list(records(stage, name)) == [place]
        again = stage.cases(both)
        assert not any(each["changed"] for each in again.values())


def test_every_form_of_backup(tmp_path: Path) -> None:
    names = ["modern", "windows2016", "windows2003", "vault", "wizard"]
    with staged(fleet(**{name: new_server("2012r2") for name in names}), tmp_path) as stage:
        cases = {name: restore(name, backed_up(stage, name)) for name in names[:3]}
        cases["vault"] = restore("vault", in_vault(stage, Path(str(cases["modern"].arguments["path"]))))
        wizard = stage.directory / "wizard.pfx"
        shutil.copy(Path(__file__).parents[1] / "data" / "pfx" / "export_wizard_2012r2.pfx", wizard)
        cases["wizard"] = restore("wizard", wizard, password="secret")
        results = stage.cases(cases, f"--vault-password-file={stage.directory / 'vault_password'}")
        assert {name: each["status"] for name, each in results.items()} == dict.fromkeys(names, "ok"), results
        assert all(each["proofs"]["private_key"]["outcome"] == "proven" for each in results.values())
        assert results["wizard"]["roots"][0]["state"] == "missing"
        assert "is not among the trusted roots" in results["wizard"]["findings"][0]
        assert results["wizard"]["friendly_name"] == "www 2012"


def in_vault(stage: Stage, plain: Path) -> Path:
    (stage.directory / "vault_password").write_text("vault secret", encoding="utf-8")
    path = stage.directory / "vaulted.pfx"
    path.write_bytes(VaultLib([("default", VaultSecret(b"vault secret"))]).encrypt(plain.read_bytes()))
    return path


def test_what_is_there_already_changes_only_in_who_may_read_the_key(tmp_path: Path) -> None:
    with staged(fleet(new=new_server("2022")), tmp_path) as stage:
        path = backed_up(stage)
        stage.cases({"restore": restore("new", path)})
        key, _entry = container(stage, "new")
        play = [restore("new", path, key_access=[SERVICE], exportable=False, friendly_name="other").play("again")]
        again = stage.directory / "again.json"
        again.write_text(json.dumps(play), encoding="utf-8")
        beats = stage.beats(again, ["new"])
        result = beats.done.of("new")
        assert not result["imported"]
        assert [each["after"].splitlines()[-1] for each in result["diff"]] == [
            f"allow {SERVICE} (NETWORK SERVICE): read"
        ]
        assert len(result["findings"]) == 2, "exportable, and the friendly name"
        after, _entry = container(stage, "new")
        assert (after.name, after.exportable, after.access) == (key.name, True, key.access + "(A;;FR;;;NS)")


def test_a_key_that_the_host_cannot_look_at_is_not_imported_twice(tmp_path: Path) -> None:
    """PowerShell 2.0 and .NET 4.5 have no way to a CNG key: store.read tells nothing of it, and it cannot sign."""
    net45 = {"clr": "4.0.30319.34209"}
    described = fleet(blind=new_server("2008r2"), net45=new_server("2012r2", options=net45))
    described["hosts"]["old"]["certificates"]["old"]["key"] = "ecdsa-p256"
    hosts = ["blind", "net45"]
    with staged(described, tmp_path) as stage:
        path = backed_up(stage)
        play = stage.directory / "restore.json"
        play.write_text(json.dumps([restore(name, path).play(f"restore {name}") for name in hosts]), encoding="utf-8")
        beats = stage.beats(play, hosts, looking=hosts)
        for name in hosts:
            result = beats.done.of(name)
            assert result["proofs"]["private_key"]["outcome"] == "unproven"
            assert "not proven" in result["warnings"][0]
            assert result["key"] == {"provider": None, "key_spec": None, "exportable": None}
            assert beats.again.of(name)["imported"] is False
            assert len(stage.host(name).keys.all()) == 1
        access = restore("blind", path, key_access=[SERVICE])
        stage_result = stage.cases({"access": access})["access"]
        assert "cannot be read and set on this host" in stage_result["msg"]


def test_a_certificate_without_its_key_gets_it_back(tmp_path: Path) -> None:
    with staged(fleet(bare=new_server("2019"), broken=new_server("2012r2")), tmp_path) as stage:
        path = backed_up(stage)
        der = stage.fleet.scenario.certificates["old"]["old"]
        stage.host("bare").stores.add("MY", der)
        stage.cases({"first": restore("broken", path)})
        stage.host("broken").keys.change(container(stage, "broken")[0].name, usable=False)
        results = stage.cases({name: restore(name, path) for name in ("bare", "broken")})
        befores = {name: [each["before"] for each in result["diff"]][-1] for name, result in results.items()}
        assert befores == {"bare": "without a private key\n", "broken": "with a private key that does not open\n"}
        assert all(container(stage, name)[0].usable for name in results)


def holdings(stage: Stage, name: str) -> tuple[list[Any], list[Any]]:
    """Every key, and every certificate with its properties."""
    host = stage.host(name)
    entries = [entry for store in ("MY", "CA", "Root") for entry in host.stores.logical(store)]
    return host.keys.all(), [(entry.path, entry.blob) for entry in entries]


def test_what_fails_afterwards_is_taken_back_with_the_key(tmp_path: Path) -> None:
    card = {"pfx_provider": "Microsoft Platform Crypto Provider"}
    with staged(fleet(card=new_server("2022", options=card), bare=new_server("2022", options=card)), tmp_path) as stage:
        path = backed_up(stage)
        stage.host("bare").stores.add("MY", stage.fleet.scenario.certificates["old"]["old"])
        before = {name: holdings(stage, name) for name in ("card", "bare")}
        cases = {name: restore(name, path, key_access=[SERVICE]) for name in before}
        for result in stage.cases(cases).values():
            assert result["status"] == "failed"
            assert "key.acl MY failed" in result["msg"]
            assert "What had been done before it was taken back." in result["hint"]
        assert {name: holdings(stage, name) for name in before} == before


def test_what_is_refused_touches_nothing(tmp_path: Path) -> None:
    both = [{"certificate": ROOT, "in": ["Root"]}, {"certificate": INTERMEDIATE, "in": ["CA"]}]
    hosts = {
        "new": new_server("2022", *both, language="de-DE"),
        "logon": new_server("2022", *both, options={"network_logon_dpapi": False}),
        "w2008r2": new_server("2008r2", *both),
        "w2003": new_server(OLD, *both),
    }
    with staged(fleet(**hosts), tmp_path) as stage:
        path = backed_up(stage)
        junk = stage.directory / "junk.pfx"
        junk.write_bytes(b"junk")
        results = stage.refused(
            {
                "wrong password": (restore("new", path, password="wrong"), "the password is wrong"),
                "relative": (restore("new", "backup.pfx"), "not absolute"),
                "missing": (restore("new", stage.directory / "none.pfx"), "there is no file"),
                "folder": (restore("new", stage.directory), "is not a file"),
                "junk": (restore("new", junk), "no PFX file"),
                "account": (restore("new", path, key_access=["NETWORK SERVICE"]), "no account 'NETWORK SERVICE'"),
                "no pool": (restore("new", path, key_access=["IIS AppPool\\Shop"]), "no account"),
                "like what": (restore("new", path, key_access_like="00" * 20), "there is no certificate"),
                "store": (restore("w2008r2", path, store="WebHosting"), "came with Windows Server 2012"),
                "store of 2003": (restore("w2003", path, store="WebHosting"), "came with Windows Server 2012"),
                "account of 2003": (restore("w2003", path, key_access=["IIS AppPool\\Shop"]), "no account"),
                "network logon": (restore("logon", path), "0x80070056"),
            }
        )
        assert "a SID is the same everywhere" in results["account"]["hint"]
        assert "ansible_winrm_transport: credssp" in results["network logon"]["hint"]
        assert PASSWORD not in str(results)


def test_a_root_that_would_cut_a_chain_short_is_not_added(tmp_path: Path) -> None:
    """The site is served over the cross certificate; the backup holds the root of the same name."""
    old = {"authority": "public", "names": ["www.example.com"], "key": "rsa-2048"}
    public = {role: {"certificate": f"public.{role}", "in": ["CA"]} for role in ("cross", "intermediate")}
    old_root = {"certificate": "public.old_root", "in": ["Root"]}
    new_root = {"certificate": "public.new_root", "in": ["Root"]}
    source = plain_host(PRODUCTION, stores=[new_root, public["intermediate"]], certificates={"old": old})
    source["stores"], source["certificates"] = [new_root, public["intermediate"]], {"old": old}
    served = plain_host(PRODUCTION)
    served["stores"], served["certificates"] = [old_root, *public.values()], {"old": old}
    hosts = {"served": served, "free": new_server("2022", old_root)}
    with staged({**fleet(**hosts), "hosts": {"old": source, **hosts}}, tmp_path) as stage:
        path = backed_up(stage)
        case = restore("served", path, trusted_root="added")
        result = stage.refused({"in use": (case, "must not be added")})["in use"]
        assert "does not send the cross certificate" in result["msg"]
        done = stage.cases({"without": restore("served", path), "free": restore("free", path, trusted_root="added")})
        assert {each["status"] for each in done.values()} == {"ok"}, done
        assert done["without"]["roots"][0]["state"] == "missing"
        assert done["free"]["roots"][0]["state"] == "added"
