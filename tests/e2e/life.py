# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hosts whose certificates go their whole way by the role renewal, the CA that answers, and what tests ask of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from tests.fleet import mail

from . import witness
from .plain import OLD, RSA, at, scenario, site
from .playbook import Run
from .stage import PASSWORD, Stage

PASSPHRASE = "the passphrase of the CA's key"
NAMES = {
    "early": ["early.example.com"],
    "web01": ["www.example.com", "shop.example.com"],
    "web02": ["intra.example.com"],
}
DUE = ["web01", "web02"]
ADDRESSES = {"early": "10.0.1.10", "web01": "10.0.1.11", "web02": "10.0.1.12"}
LANGUAGES = {"web02": "ja-JP"}
PRODUCTS = {"web02": OLD}


def host(name: str) -> dict[str, Any]:
    """A host whose certificate ends in 26 days; that of ``early`` in 80."""
    days = [-10, 80] if name == "early" else [-173, 26]
    stores = {"root": "Root", "intermediate": "CA"}
    return {
        "product": PRODUCTS.get(name, "2022"),
        "language": LANGUAGES.get(name, "en-US"),
        "addresses": [ADDRESSES[name]],
        "stores": [{"certificate": f"simple.{role}", "in": [store]} for role, store in stores.items()],
        "certificates": {"old": {"authority": "simple", "names": NAMES[name], "key": "rsa-2048", "days": days}},
        "sites": [site("Production", at("*:443:"))],
    }


FLEET = scenario(**{name: host(name) for name in NAMES})
FLEET["authorities"] = {"simple": FLEET["authorities"][RSA]}  # one CA for all; Server 2003 knows no ECDSA


def furnished(stage: Stage, sign: str, **more: Any) -> Path:
    """Sets the role's variables, and gives a playbook with a task before and after the role, and a play after it."""
    stage.set_variables(
        {name: {} for name in NAMES},
        renewal_sign=sign,
        renewal_production_site="Production",
        renewal_backup_password=PASSWORD,
        renewal_backup_destinations=[f"{stage.backups}/"],
        **more,
    )
    said = {"name": "Afterwards", "ansible.builtin.debug": {"var": "renewal_state"}}
    plays = [
        {
            "name": "Life",
            "hosts": "all",
            "gather_facts": False,
            "roles": ["tlsops.windows.renewal"],
            "post_tasks": [said],
        },
        {"name": "Another play", "hosts": "all", "gather_facts": False, "tasks": [{**said, "name": "The other play"}]},
    ]
    path = stage.directory / "life.json"
    path.write_text(json.dumps(plays), encoding="utf-8")
    return path


def manual(stage: Stage, **more: Any) -> Path:
    folder = stage.directory / "ca"
    folder.mkdir()
    return furnished(stage, "manual", renewal_folder=str(folder), **more)


def own_ca(stage: Stage, **more: Any) -> Path:
    """The scenario's intermediate CA, its key encrypted, on the controller."""
    issuer = stage.fleet.scenario.authorities["simple"].certificates["intermediate"]  # type: ignore[attr-defined]
    kind = serialization.BestAvailableEncryption(PASSPHRASE.encode())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (stage.directory / "ca.pem").write_bytes(issuer.certificate.public_bytes(serialization.Encoding.PEM))
    (stage.directory / "ca.key").write_bytes(issuer.key.private_bytes(*form, kind))
    paths = {"certificate": "ca.pem", "key": "ca.key"}
    given = {f"renewal_ca_{name}_path": str(stage.directory / path) for name, path in paths.items()}
    return furnished(stage, "own_ca", renewal_ca_key_passphrase=PASSPHRASE, **given, **more)


def states(run: Run, task: str = "Afterwards") -> dict[str, str]:
    """What later tasks of the play saw of each host; no host failed."""
    assert run.returncode == 0, run.output
    assert {each["status"] for each in run.results} <= {"ok", "skipped"}, run.output
    return {each["host"]: each["result"]["renewal_state"] for each in run.results if each["task"] == task}


def commands(stage: Stage) -> dict[str, int]:
    return {name: stage.fleet.traffic(name).commands for name in NAMES}


def files(stage: Stage) -> dict[str, bytes]:
    """The CA's folder and the backups."""
    found = [path for folder in ("ca", "backups") for path in (stage.directory / folder).glob("*")]
    return {str(path): path.read_bytes() for path in found}


def looked(stage: Stage, play: Path) -> Run:
    """A dry run, which writes nothing on any host or on the controller."""
    before, kept = stage.digests(list(NAMES)), files(stage)
    logs = {name: len(stage.host(name).write_log) for name in NAMES}
    run = stage.run(play, "--check", "--diff")
    assert stage.digests(list(NAMES)) == before, "the dry run changed a host"
    assert {name: len(stage.host(name).write_log) for name in NAMES} == logs, "the dry run wrote"
    assert files(stage) == kept, "the dry run wrote on the controller"
    return run


def done(stage: Stage, play: Path, *options: str) -> tuple[Run, Mapping[str, int]]:
    """A run, and the WinRM commands that it took."""
    stage.fleet.reset_traffic()
    run = stage.run(play, "--diff", *options)
    return run, commands(stage)


def request_of(stage: Stage, name: str) -> x509.CertificateSigningRequest:
    (path,) = (stage.directory / "ca").glob(f"{name}_*.csr")
    return x509.load_pem_x509_csr(path.read_bytes())


def answered(stage: Stage, name: str, file: str, form: str = "pem") -> x509.Certificate:
    """The CA signs what it was handed in, and its mail is saved under an arbitrary name."""
    request = request_of(stage, name)
    authority = stage.fleet.scenario.authorities["simple"]  # type: ignore[attr-defined]
    names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    leaf = authority.issue(request.public_key(), names.get_values_for_type(x509.DNSName), (0, 198))
    text = mail.compose(form, leaf, authority.chain(), name)
    (stage.directory / "ca" / file).write_text(text, encoding="utf-8", newline="")
    return leaf


def served(stage: Stage, name: str) -> witness.ServedChain:
    return witness.served_chain(stage.fleet.socket_address(name, ADDRESSES[name], 443))


def including(stage: Stage, file: str, *includes: tuple[str, Mapping[str, Any]]) -> Path:
    """A playbook that includes the role once for each entry, and goes on where it fails: a name, and its variables."""
    blocks = []
    for name, variables in includes:
        role = {
            "name": name,
            "ansible.builtin.include_role": {"name": "tlsops.windows.renewal"},
            "vars": dict(variables),
        }
        shown = {"state": "{{ renewal_state | default('') }}", "result": "{{ renewal_result | default({}) }}"}
        said = {"name": f"After {name}", "ansible.builtin.debug": {"msg": shown}}
        failed = {"name": f"Refused {name}", "ansible.builtin.debug": {"msg": "{{ ansible_failed_result.msg }}"}}
        blocks.append({"name": name, "block": [role, said], "rescue": [failed]})
    path = stage.directory / file
    play = {"name": "Including", "hosts": "all", "gather_facts": False, "tasks": blocks}
    path.write_text(json.dumps([play]), encoding="utf-8")
    return path


COMMON = {"renewal_sign": "manual", "renewal_production_site": "Production"}
