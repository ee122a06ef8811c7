# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A whole life of certificates in which everything that is secret is known, and the places where it could show."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from cryptography.hazmat.primitives import serialization

from tests.fleet import doors
from tests.fleet.auth import Account
from tests.fleet.batch import read_header, read_request
from tests.fleet.fleet import Fleet
from tests.fleet.world.host import Host

from . import life, secret, watched
from .secret import Secret
from .stage import Stage
from .tap import Tap
from .watched import Watched

SPARE = "spare"
SECOND = "early"
DOORS = {SPARE: "psrp-ntlm", SECOND: "ssh-powershell"}  # all others have WinRM
TEXTS = {
    "the connection's password": "C0nnect-&<9>\"w'$(x)",
    "the role's backup password": "Backup 1; $(Get-Date) `\"é'日本",
    "the second backup's password": "Backup-2/vault=\\d\\n%TEMP%^&",
    "the wrong password": "Wr0ng-passw0rd-of-a-restore",
    "the passphrase of the CA's key": "CA key's pass%2Fphrase+",
    "the wrong passphrase": "Wr0ng-passphrase-of-the-CA",
    "the vault password": "Vault-pa55-word",
    "a password in a list": "L1sted-passw0rd",
    "a password under a misspelled name": "M1sspelled-passw0rd",
}
_NAMES = {name: f"secret_{number}" for number, name in enumerate(TEXTS)}


@dataclasses.dataclass
class Life:
    """``stage`` is what hosts there are; ``given`` what the user has put on the controller; ``one_time`` the passwords
    that travelled, and ``pfx`` the files under them, by host."""

    stage: Stage
    given: Path
    tap: Tap
    one_time: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    pfx: dict[str, set[bytes]] = dataclasses.field(default_factory=dict)

    @property
    def restored(self) -> Path:
        return self.stage.backups / "web01.pfx"

    def secrets(self) -> list[Secret]:
        """All there are by now: texts, one-time passwords, and the keys of all hosts and of the CA."""
        found = [secret.text(name, value) for name, value in TEXTS.items()]
        for host, passwords in self.one_time.items():
            found += [secret.text(f"a one-time password of {host}", each) for each in sorted(passwords)]
        for name in self.stage.fleet.hosts:
            for number, container in enumerate(self.stage.host(name).keys.all()):
                found.append(secret.private_key(f"key {number} of {name}", container.key))
        issuer = self.stage.fleet.scenario.authorities["simple"].certificates["intermediate"]  # type: ignore[attr-defined]
        return [*found, secret.private_key("the CA's key", issuer.key)]

    def travelled(self) -> list[Secret]:
        return [secret.octets(f"a PFX of {host}", each[-64:]) for host, found in self.pfx.items() for each in found]

    def listen(self, name: str) -> None:
        """Takes one-time passwords and what they protect out of the batches that reach a host."""
        world = self.stage.host(name)
        execute = world.execute

        def listening(lines: list[str], at: Any) -> Any:
            nonce, header = read_header(lines[0])
            for operation in read_request(nonce, header, lines[1:]).operations:
                if "pfx" in operation.name:
                    self.one_time.setdefault(name, set()).add(operation.arguments.text("password"))
                if operation.name == "store.import_pfx":
                    self.pfx.setdefault(name, set()).add(operation.arguments.raw("pfx"))
            return execute(lines, at)

        world.execute = listening

    def served(self, name: str) -> Secret:
        """What is no secret, and in many an answer: the end of the certificate that a host had from the beginning."""
        der = self.stage.fleet.scenario.certificates[name]["old"]  # type: ignore[attr-defined]
        return secret.octets(f"the certificate of {name}", der[-64:])

    def run(self, playbook: Path, name: str, *options: str) -> Watched:
        sampler = watched.Sampler()
        for host in self.stage.fleet.hosts:
            self.stage.fleet.faults.watch(
                host, lambda _batch, when, _number, what: sampler.look() if _telling(when, what) else None
            )
        given = [
            "-e",
            f"@{self.given / 'variables.json'}",
            "--vault-password-file",
            str(self.given / "vault"),
            *options,
        ]
        folder = self.stage.directory / name
        return watched.run(playbook, self.stage.inventory, folder, *given, sampler=sampler)


def _telling(when: str, operation: str) -> bool:
    return when == "before" and operation in ("host.info", "store.export_pfx", "store.import_pfx", "key.prove")


@contextlib.contextmanager
def begun(directory: Path) -> Iterator[Life]:
    """A fleet with a password of its own behind a tap, and what a user keeps on the controller."""
    directory.chmod(0o700)
    for name in ("backups", "given"):
        (directory / name).mkdir(mode=0o700)
    account = Account("Auditor", TEXTS["the connection's password"])
    with Fleet.start(_scenario(), directory, account=account) as fleet, Tap(fleet.port) as tap:
        stage = Stage(fleet, directory, fleet.write_files())
        found = Life(stage, directory / "given", tap)
        _give(found)
        for name in fleet.hosts:
            found.listen(name)
        yield found


def _scenario() -> dict[str, Any]:
    spare = {"product": "2022", "stores": [{"certificate": f"simple.{role}", "in": [store]} for role, store in _STORES]}
    return {**life.FLEET, "hosts": {**life.FLEET["hosts"], SPARE: spare}}


_STORES = (("root", "Root"), ("intermediate", "CA"))


def _give(found: Life) -> None:
    """Inventory, variables, vault password and CA: what holds secrets because the user put them there."""
    inventory = yaml.safe_load(found.stage.inventory.read_text(encoding="utf-8"))
    inventory["all"]["vars"]["ansible_port"] = found.tap.port
    for name, door in DOORS.items():
        own = doors.variables(found.stage.fleet, name, door)
        inventory["all"]["hosts"][name] = own | ({"ansible_port": found.tap.port} if door == "psrp-ntlm" else {})
    found.stage.inventory.write_text(yaml.safe_dump(inventory, allow_unicode=True), encoding="utf-8")
    issuer = found.stage.fleet.scenario.authorities["simple"].certificates["intermediate"]  # type: ignore[attr-defined]
    kind = serialization.BestAvailableEncryption(TEXTS["the passphrase of the CA's key"].encode())
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (found.given / "ca.pem").write_bytes(issuer.certificate.public_bytes(serialization.Encoding.PEM))
    (found.given / "ca.key").write_bytes(issuer.key.private_bytes(*form, kind))
    (found.given / "vault").write_text(TEXTS["the vault password"], encoding="utf-8")
    variables = {_NAMES[name]: value for name, value in TEXTS.items()}
    (found.given / "variables.json").write_text(json.dumps(variables), encoding="utf-8")


def variable(name: str) -> str:
    """A secret as a playbook names it."""
    return f"{{{{ {_NAMES[name]} }}}}"


def digests(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def playbook(found: Life) -> Path:
    """Request, own CA, renewal with backup, a second backup, a restore elsewhere; then what is refused; all printed."""
    path = found.stage.directory / "life.json"
    path.write_text(json.dumps([_renewals(found), _second(found), _restore(found), _refusals(found)]), encoding="utf-8")
    return path


def _play(hosts: str, tasks: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"name": f"On {hosts}", "hosts": hosts, "gather_facts": False, **more, "tasks": tasks}


def _shown(name: str) -> list[dict[str, Any]]:
    """A result is printed, and kept in the fact cache."""
    value = f"{{{{ {name} }}}}"
    return [
        {"name": f"Print {name}", "ansible.builtin.debug": {"var": name}},
        {"name": f"Keep {name}", "ansible.builtin.set_fact": {f"kept_{name}": value, "cacheable": True}},
    ]


def _renewals(found: Life) -> dict[str, Any]:
    variables = {
        "renewal_sign": "own_ca",
        "renewal_production_site": "Production",
        "renewal_backup_password": variable("the role's backup password"),
        "renewal_backup_destinations": [str(found.stage.backups / "{{ inventory_hostname }}.pfx")],
        "renewal_ca_certificate_path": str(found.given / "ca.pem"),
        "renewal_ca_key_path": str(found.given / "ca.key"),
        "renewal_ca_key_passphrase": variable("the passphrase of the CA's key"),
    }
    role = {"name": "Renew", "ansible.builtin.include_role": {"name": "tlsops.windows.renewal"}, "vars": variables}
    shown = [*_shown("renewal_request"), *_shown("renewal_signed"), *_shown("renewal_result")]
    return _play(":".join(life.DUE), [role, *shown])


def _second(found: Life) -> dict[str, Any]:
    call = {
        "site": "Production",
        "password": variable("the second backup's password"),
        "destinations": [str(found.stage.backups / "{{ inventory_hostname }}.vault")],
        "vault": True,
    }
    task = {"name": "Second backup", "tlsops.windows.pfx_backup": call, "register": "second"}
    return _play(SECOND, [task, *_shown("second")])


def _restore(found: Life) -> dict[str, Any]:
    call = {"path": str(found.restored), "password": variable("the role's backup password")}
    task = {"name": "Restore", "tlsops.windows.pfx_restore": call, "register": "restored"}
    return _play(SPARE, [task, *_shown("restored")])


def _refusals(found: Life) -> dict[str, Any]:
    wrong, path = variable("the wrong password"), str(found.restored)
    signing = {"csr": "{{ renewal_request.csr }}", "ca_key_path": f"{found.given}/ca.key"}
    signing |= {"ca_certificate_path": f"{found.given}/ca.pem", "ca_key_passphrase": variable("the wrong passphrase")}
    backup = {"site": "Production", "destinations": [f"{found.stage.backups}/none/x.pfx"]}
    calls: dict[str, tuple[str, Mapping[str, Any]]] = {
        "wrong password": ("pfx_restore", {"path": path, "password": wrong}),
        "a list": ("pfx_restore", {"path": path, "password": [variable("a password in a list")]}),
        "misspelled": ("pfx_restore", {"path": path, "pasword": variable("a password under a misspelled name")}),
        "no folder": ("pfx_backup", {**backup, "password": wrong}),
        "wrong passphrase": ("certificate_sign", signing),
    }
    tasks = []
    for number, (name, (module, arguments)) in enumerate(calls.items()):
        task = {"name": name, f"tlsops.windows.{module}": arguments, "register": f"refused_{number}"}
        tasks += [{**task, "ignore_errors": True}, *_shown(f"refused_{number}")]
    tasks.append({"name": "The host goes into a retry file", "ansible.builtin.fail": {"msg": "The end."}})
    return _play("web01", tasks)


def on_the_server(world: Host) -> dict[str, bytes]:
    """What lies about on a host: registry, files, its web server, what it logged, and what the double wrote down."""
    registry = [(where, each, value.kind, value.data) for where, each, value in world.registry.dump()]
    return {
        "registry": _flat(registry),
        "files": _flat([*world.files.dump(), *((each, world.files.read(each)) for each in world.files.following)]),
        "web server": _flat(list(world.web.dump())),
        "events": "\n".join(text for _number, text in world.events.events).encode("utf-8", "surrogatepass"),
        "write log": _flat(world.write_log),
    }


def _flat(value: Any) -> bytes:
    """Every text and every run of bytes in a value, one behind the other."""
    if isinstance(value, bytes):
        return value + b"\n"
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass") + b"\n"
    if isinstance(value, Mapping):
        return b"".join(_flat(each) for pair in value.items() for each in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return b"".join(map(_flat, value))
    return str(value).encode() + b"\n"
