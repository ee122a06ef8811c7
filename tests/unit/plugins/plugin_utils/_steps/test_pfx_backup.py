# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import store_export_pfx
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import task
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Query, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import PersonalCertificate, StoreCopy, Stores
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.pfx_backup import ARGUMENTS, RULES, PfxBackup
from ansible_collections.tlsops.windows.plugins.plugin_utils._windows.blob import Blob
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import make_pfx, open_pfx, prove

from tests.unit.mint import NOW, Minted, ec_key, mint

ROOT = mint("Root", ca=True)
INTERMEDIATE = mint("Intermediate", ROOT, ca=True)
LEAF = mint("www.example.com", INTERMEDIATE)
OLD = mint("www.example.com", INTERMEDIATE, key=LEAF.key, not_after=NOW - timedelta(days=1))
OTHER = mint("other.example.com", INTERMEDIATE)
CHAIN = (LEAF.certificate, INTERMEDIATE.certificate, ROOT.certificate)
DEFAULT = f"/safe/web01_{LEAF.thumbprint}.pfx"
PASSWORD = "pässword"
HOST = HostInfo("WEB01", "10.0.17763", "", "5.1", "4.0", "FullLanguage", "ja-JP", "C:\\Windows", NOW, True, frozenset())


@dataclasses.dataclass
class Disk:
    """A controller with one safe folder, ``/safe``."""

    files: dict[str, bytes] = dataclasses.field(default_factory=dict)
    host: str = "web01"
    vault: bool = False
    vaulted: tuple[str, ...] = ()

    def resolve(self, path: str) -> str:
        return path + "/" if path in ("/safe", "/usb") else path

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def is_vault(self, path: str) -> bool:
        return path in self.vaulted

    def check_destination(self, path: str, *, allow_unsafe: bool) -> None:
        if path.startswith("/unsafe") and not allow_unsafe:
            raise TlsOpsError("unsafe place.")

    def check_vault(self) -> None:
        if not self.vault:
            raise TlsOpsError("no vault secret.")


@dataclasses.dataclass
class Web:
    sites: tuple[Site, ...]
    endpoints: tuple[Endpoint, ...]


def validated(**given):
    given = {"password": PASSWORD, "destinations": ["/safe"], **given}
    result = ArgumentSpecValidator(ARGUMENTS, **RULES).validate(given)
    if result.error_messages:
        raise TlsOpsError("; ".join(result.error_messages))
    return result.validated_parameters


def step(disk: Disk | None = None, **given) -> PfxBackup:
    if not given.keys() & {"thumbprint", "site", "answer", "answer_path"}:
        given["thumbprint"] = LEAF.thumbprint
    return PfxBackup.from_arguments(validated(**given), disk or Disk())


def store_copy(minted: Minted, store: str) -> StoreCopy:
    key = f"HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\{store}\\Certificates\\{minted.thumbprint}"
    return StoreCopy(key, store, "Registry", Blob.of(minted.der).encode(), minted.certificate)


def snapshot(*personal: PersonalCertificate, **given) -> Snapshot:
    stores = Stores((store_copy(ROOT, "Root"), store_copy(INTERMEDIATE, "CA")), automatic_update=True)
    mine = personal or (PersonalCertificate("WebHosting", LEAF.certificate, True, True, "www 2026"),)
    values = {"stores": stores, "personal": mine, "one_time_password": "one time", **given}
    return Snapshot(HOST, Journal(), **values)


def exported(minted: Minted = LEAF) -> Answer:
    """What Windows exports: leaf and key only, 3DES."""
    return Answer("ok", make_pfx(minted.key, minted.certificate, (), "one time", "windows2003"))


def backup(minted: Minted = LEAF, password: str = PASSWORD) -> bytes:
    return make_pfx(minted.key, minted.certificate, CHAIN[1:], password, "windows2003")


def test_what_is_asked_for():
    assert step().queries() == {Query.PERSONAL, Query.STORES}
    assert step(site="Default Web Site").queries() == {Query.PERSONAL, Query.STORES, Query.WEB}


@pytest.mark.parametrize("compatibility", ["modern", "windows2016", "windows2003"])
def test_a_new_backup(compatibility):
    plan = step(compatibility=compatibility).plan(snapshot())
    (export,) = plan.exports
    assert export.operation == store_export_pfx("WebHosting", LEAF.thumbprint, "one time")
    assert export.operation.secret
    assert [each.path for each in export.files] == [DEFAULT]
    assert plan.result == {
        "thumbprint": LEAF.thumbprint,
        "files": [{"path": DEFAULT, "created": True}],
        "chain": ["CN=www.example.com", "CN=Intermediate", "CN=Root"],
        "compatibility": compatibility,
        "vault": False,
    }
    assert (export.change.before, export.change.after.count(DEFAULT)) == ("", 1)
    assert plan.changes_anything
    content = export.content(exported())
    assert prove(content, PASSWORD, CHAIN).others == CHAIN[1:]


def test_the_second_run_has_nothing_to_do():
    first = step().plan(snapshot()).exports[0].content(exported())
    plan = step(Disk({DEFAULT: first})).plan(snapshot(PersonalCertificate("MY", LEAF.certificate, True, False)))
    assert not plan.changes_anything
    assert plan.result["files"] == [{"path": DEFAULT, "created": False}]
    assert plan.result["chain"] == ["CN=www.example.com", "CN=Intermediate", "CN=Root"]


def test_only_what_is_missing_is_written():
    disk = Disk({DEFAULT: backup()})
    plan = step(disk, destinations=["/safe", "/usb", "/usb/", "/safe/named.pfx"]).plan(snapshot())
    (export,) = plan.exports
    usb = f"/usb/web01_{LEAF.thumbprint}.pfx"
    assert [each.path for each in export.files] == [usb, "/safe/named.pfx"]
    assert plan.result["files"] == [
        {"path": DEFAULT, "created": False},
        {"path": usb, "created": True},
        {"path": "/safe/named.pfx", "created": True},
    ]
    assert DEFAULT in export.change.before
    assert usb not in export.change.before


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (b"junk", "cannot be taken for this backup: this is no PFX file"),
        (backup(password="other"), "cannot be taken for this backup: the password is wrong"),
        (backup(OTHER), "holds other.example.com .* with another key"),
        (backup(OLD), "with the same key, not"),
    ],
    ids=["junk", "password", "key", "reissue"],
)
def test_another_backup_is_never_overwritten(there, words):
    with pytest.raises(TlsOpsError, match=f"{words}.*choose another name"):
        step(Disk({DEFAULT: there})).plan(snapshot())


def test_every_destination_is_checked_before_anything_else():
    with pytest.raises(TlsOpsError, match="unsafe place"):
        step(destinations=["/safe", "/unsafe/a.pfx"]).plan(snapshot())
    step(destinations=["/unsafe/a.pfx"], allow_unsafe_destination=True).plan(snapshot())


@pytest.mark.parametrize(("host", "name"), [("a/../b:5986", "a_.._b_5986"), ("日本", "__"), ("", "host")])
def test_the_default_name_is_a_file_name(host, name):
    plan = step(Disk(host=host)).plan(snapshot())
    assert plan.result["files"][0]["path"] == f"/safe/{name}_{LEAF.thumbprint}.pfx"


def test_a_vault_file():
    with pytest.raises(TlsOpsError, match="no vault secret"):
        step(vault=True)
    plan = step(Disk(vault=True), vault=True).plan(snapshot())
    assert [each.encrypt_with_vault for each in plan.exports[0].files] == [True]
    assert plan.result["vault"] is True


def test_a_backup_that_stays_without_the_vault_is_said():
    disk = Disk({DEFAULT: backup()}, vault=True)
    (warning,) = step(disk, vault=True).plan(snapshot()).warnings
    assert warning.startswith(f"{DEFAULT} is there already and is no Ansible Vault file")
    assert "ansible-vault encrypt" in warning
    assert step(dataclasses.replace(disk, vaulted=(DEFAULT,)), vault=True).plan(snapshot()).warnings == ()
    assert step(disk).plan(snapshot()).warnings == ()
    assert step(Disk(vault=True), vault=True).plan(snapshot()).warnings == ()


def test_a_key_that_cannot_be_exported():
    mine = PersonalCertificate("MY", LEAF.certificate, True, exportable=False)
    with pytest.raises(TlsOpsError, match=r"marked as not exportable.*Exportable = TRUE"):
        step().plan(snapshot(mine))
    (export,) = step().plan(snapshot(dataclasses.replace(mine, exportable=None))).exports
    with pytest.raises(TlsOpsError, match=r"marked as not exportable \(Schl.*0x8009000B"):
        export.content(Answer("error", b"", "hresult", -0x7FF6FFF5, "CryptographicException", "Schlüssel ungültig."))


@pytest.mark.parametrize(
    ("number", "words"),
    [(0x80090016, "private key is missing"), (0x80090010, "access .* was denied"), (0x80070057, "was not exported")],
)
def test_other_errors_of_the_export(number, words):
    with pytest.raises(TlsOpsError, match=words):
        step().plan(snapshot()).exports[0].content(Answer("error", b"", "hresult", number))


def test_an_export_of_something_else():
    content = step().plan(snapshot()).exports[0].content
    with pytest.raises(TlsOpsError, match=f"exported {OTHER.thumbprint}"):
        content(exported(OTHER))
    with pytest.raises(TlsOpsError, match="no PFX"):
        content(Answer("ok", b""))


def test_no_complete_chain():
    stores = Stores((store_copy(INTERMEDIATE, "CA"),), automatic_update=True)
    with pytest.raises(TlsOpsError, match="no trusted chain"):
        step().plan(snapshot(stores=stores))


def test_by_the_answer():
    plan = step(answer=LEAF.pem + INTERMEDIATE.pem).plan(snapshot())
    assert plan.result["thumbprint"] == LEAF.thumbprint
    assert plan.warnings == ()


def test_a_dry_run_of_a_chain_of_tasks():
    """certificate_install would have put the leaf into MY and the intermediate into CA."""
    dummy = PersonalCertificate("REQUEST", mint("dummy", key=LEAF.key).certificate, True, True)
    stores = Stores((store_copy(ROOT, "Root"),), automatic_update=True)
    given = step(answer=LEAF.pem + INTERMEDIATE.pem)
    plan = given.plan(snapshot(dummy, stores=stores, dry_run=True))
    assert len(plan.warnings) == 1
    assert plan.exports[0].operation.arguments[0] == ("store", "MY")
    assert len(plan.result["chain"]) == 3
    with pytest.raises(TlsOpsError, match="not exportable"):
        given.plan(snapshot(dataclasses.replace(dummy, exportable=False), stores=stores, dry_run=True))
    with pytest.raises(TlsOpsError, match="not installed"):
        given.plan(snapshot(dummy, stores=stores))


def test_by_the_site():
    sites = (Site("1", "Default Web Site", "started", ()), Site("2", "Empty", "stopped", ()))
    used = Endpoint("ipport=0.0.0.0:443", "0.0.0.0", 443, "", ("Default Web Site",), "iis", LEAF.thumbprint.lower())
    sni = dataclasses.replace(used, selector="hostnameport=a:443", host="a")
    plan = step(site="default web site").plan(snapshot(web=Web(sites, (used, sni))))
    assert plan.result["thumbprint"] == LEAF.thumbprint
    several = Web(sites, (used, dataclasses.replace(sni, thumbprint=OTHER.thumbprint)))
    for site, web, words in (
        ("None", several, "no site 'None'. There are: Default Web Site, Empty"),
        ("Empty", several, r"no certificate is attached to .*'\. Name the certificate by its thumbprint\."),
        ("Default Web Site", several, "several certificates: ipport=0.0.0.0:443 .*, hostnameport=a:443"),
        ("Default Web Site", None, "has no IIS"),
    ):
        with pytest.raises(TlsOpsError, match=words):
            step(site=site).plan(snapshot(web=web))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"password": ""}, "the backup's password is empty"),
        ({"destinations": []}, "the backup's list of destinations is empty"),
        ({"thumbprint": "12"}, "is not a thumbprint"),
        ({"thumbprint": "12", "site": "x"}, "mutually exclusive"),
        ({"answer_path": "/none"}, "no file /none"),
    ],
)
def test_arguments_that_make_no_sense(given, words):
    with pytest.raises(TlsOpsError, match=words):
        step(**given)


@pytest.mark.parametrize("wrong", ["backup/", "a.pfx", "./a.pfx", "", "~nobody.of.that.name/a.pfx"])
def test_a_destination_does_not_depend_on_the_play(wrong):
    """The play's folder is the installed collection where its own playbook is used."""
    with pytest.raises(TlsOpsError, match="a destination of the backup is not absolute") as error:
        step(destinations=["/safe", wrong])
    assert repr(wrong) in error.value.message
    assert error.value.hint == "Give an absolute path, or one that begins with {{ inventory_dir }}/ ."


def test_a_destination_in_the_home_folder(monkeypatch):
    monkeypatch.setenv("HOME", "/safe")
    assert step(destinations=["~/a.pfx", "$HOME/b.pfx"]).destinations == ("/safe/a.pfx", "/safe/b.pfx")


def test_one_of_the_certificate_s_names_is_required():
    with pytest.raises(TlsOpsError, match="one of the following is required"):
        validated()


def test_an_empty_variable_of_an_inventory_is_not_given():
    empty = {"site": "", "answer": "", "answer_path": ""}
    given = task.validated(
        {"password": PASSWORD, "destinations": ["/safe"], "thumbprint": LEAF.thumbprint, **empty}, ARGUMENTS, RULES
    )
    assert PfxBackup.from_arguments(given, Disk()).plan(snapshot()).result["thumbprint"] == LEAF.thumbprint
    for name in ("site", "thumbprint", "answer"):
        with pytest.raises(TlsOpsError, match="one of thumbprint, answer, answer_path, site is needed, and not empty"):
            step(**{name: ""})


def test_a_password_without_bytes_is_refused_and_not_shown():
    with pytest.raises(TlsOpsError, match=r"lone surrogate.* at place 4.*UTF-8") as error:
        step(password="hor\udcffse")
    assert "hor" not in str(error.value)


def test_the_diff_is_the_same_whatever_chain_an_earlier_task_leaves():
    """A dry run sees the roots as they are, the run those that trusted_root left: the chain may be longer then."""
    old_root = mint("Old Root", ca=True)
    cross = mint("Root", old_root, key=ROOT.key, ca=True)
    longer = Stores(
        (store_copy(old_root, "Root"), store_copy(cross, "CA"), store_copy(INTERMEDIATE, "CA")), automatic_update=True
    )
    short, long = step().plan(snapshot()), step().plan(snapshot(stores=longer))
    assert (len(short.result["chain"]), len(long.result["chain"])) == (3, 4)
    assert short.exports[0].change == long.exports[0].change


def test_no_secret_is_shown():
    given = step()
    plan = given.plan(snapshot())
    text = f"{given!r}{plan.result}{plan.exports[0].change}{plan.exports[0].files}"
    assert PASSWORD not in text
    assert "one time" not in text + repr(plan.snapshot)


def test_the_key_of_the_backup_is_the_exported_one():
    key = ec_key()
    leaf = mint("fresh.example.com", INTERMEDIATE, key=key)
    mine = snapshot(PersonalCertificate("MY", leaf.certificate, True))
    content = step(thumbprint=leaf.thumbprint).plan(mine).exports[0].content(exported(leaf))
    assert open_pfx(content, PASSWORD).key.private_numbers() == key.private_numbers()
