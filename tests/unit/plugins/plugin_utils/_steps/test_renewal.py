# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The parts of a renewal together, on the double in this process: batches go to it without Ansible or WinRM."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import hashlib
import secrets
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import flow, task
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.files import ControllerFiles
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.target import UnknownOutcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps import renewal, trusted_root
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.renewal import Renewal
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.trusted_root import TrustedRoot

from tests.fleet import batch as fleet_batch
from tests.fleet.fleet import Fleet

DEMO = Path("tests/fleet/scenarios/demo.yml")
PRODUCTION = "ipport=0.0.0.0:443"


@dataclasses.dataclass
class Target:
    """The double's host, asked directly. With ``loses`` the answer to the first write batch never arrives."""

    host: Any
    loses: bool = False

    def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
        nonce = secrets.token_hex(16)
        text = wire.encode(operations, nonce=nonce, mode=mode, deadline=timeout, mutex_wait=60)
        answer = self.host.execute(text.splitlines())
        if self.loses and mode == "write":
            self.loses = False
            raise UnknownOutcome("reset by peer")
        return wire.decode(answer, nonce=nonce, count=len(operations))

    def learn(self, info: HostInfo) -> None:
        """It takes batches of any size."""

    def encrypts(self) -> bool:
        return True

    def reconnect(self) -> None:
        """A new connection to the same host."""


class CutOff(Target):
    """Dies in the write batch where the last record is about to be swapped."""

    def batch(self, operations: Sequence[Operation], *, mode: str, timeout: int) -> tuple[Answer, ...]:
        if mode == "read":
            return super().batch(operations, mode=mode, timeout=timeout)
        swaps = [
            at for at, each in enumerate(operations) if each.name == "reg.write" and "SslBinding" in str(each.arguments)
        ]
        super().batch(operations[: swaps[-1]], mode=mode, timeout=timeout)
        raise KeyboardInterrupt


@dataclasses.dataclass(frozen=True)
class Web01:
    """The demo's host of that name, whose root ends its chains early, and what the CA sent for it."""

    fleet: Fleet
    backups: Path
    target: type[Target] = Target

    @property
    def host(self) -> Any:
        return self.fleet.hosts["web01"]

    @property
    def answer(self) -> str:
        return str(self.fleet.scenario.mails["web01"])

    @property
    def old(self) -> bytes:
        return bytes(self.fleet.scenario.certificates["web01"]["old"])

    def renew(self, *, loses: bool = False, **arguments: Any) -> dict[str, Any]:
        given = {
            "answer": self.answer,
            "production_site": "Production",
            "renewal_site": "Renewal",
            "backup_password": "a password",
            "backup_destinations": [f"{self.backups}/"],
        } | arguments
        return self._run(renewal, Renewal, given, loses=loses)

    def roots(self, **arguments: Any) -> dict[str, Any]:
        return self._run(trusted_root, TrustedRoot, {"conflicting": True, "state": "disabled"} | arguments)

    def _run(self, module: Any, step: Any, arguments: dict[str, Any], *, loses: bool = False) -> dict[str, Any]:
        present = {name: value for name, value in arguments.items() if value is not None}
        files = ControllerFiles(DataLoader(), "web01")
        made = step.from_arguments(task.validated(present, module.ARGUMENTS, module.RULES), files)
        target: Any = self.target(self.host, loses)
        return flow.run(
            made,
            target,
            task.Options(False, 300, False),
            lambda file, content: files.write(file.path, content, vault=file.encrypt_with_vault),
        )

    def chain(self, port: int) -> int:
        """So many certificates are sent there."""
        return len(self.host.credential("10.0.1.11", port, None).chain)


@contextlib.contextmanager
def web01(
    tmp_path: Path, *sites: dict[str, Any], renewal: dict[str, Any] | None = None, **more: Any
) -> Iterator[Web01]:
    """``sites`` are further ones, ``renewal`` what is different of the renewal site, ``more`` of the host."""
    scenario = yaml.safe_load(DEMO.read_text(encoding="utf-8"))
    host = scenario["hosts"]["web01"] | more
    host["sites"] = [host["sites"][0], host["sites"][1] | (renewal or {}), *sites]
    scenario["hosts"] = {"web01": host}
    tmp_path.chmod(0o700)
    (tmp_path / "backups").mkdir(mode=0o700)
    with Fleet.start(scenario, tmp_path) as fleet:
        yield Web01(fleet, tmp_path / "backups")


OWN = [{"information": "*:8443:", "certificate": "old"}]
OTHER = {"name": "Other", "bindings": [{"information": "10.0.1.11:444:", "certificate": "old"}]}


def test_a_renewal_site_that_runs_is_stopped_and_so_not_looked_at(tmp_path: Path) -> None:
    with web01(tmp_path, renewal={"state": "started", "bindings": OWN}) as host:
        result = host.renew()
        part = result["trusted_root"]
        assert part["rebound"] == ["ipport=0.0.0.0:8443"]
        assert "no site that it serves is started" in part["not_looked_at"]["ipport=0.0.0.0:8443"]
        assert part["roots"], "the parts of one step are one part of the result"
        assert (host.chain(443), host.chain(8443)) == (3, 3)
        assert not host.renew()["changed"]


def test_a_binding_made_while_the_root_was_enabled_is_bound_again(tmp_path: Path) -> None:
    with web01(tmp_path, renewal={"state": "started"}) as host:
        assert host.renew(bind=True, port=8443)["trusted_root"]["rebound"] == ["ipport=0.0.0.0:8443"]
        assert (host.chain(443), host.chain(8443)) == (3, 3)


def test_another_site_keeps_its_certificate_and_sends_the_new_chain(tmp_path: Path) -> None:
    with web01(tmp_path, OTHER) as host:
        part = host.renew()["trusted_root"]
        assert part["rebound"] == ["ipport=10.0.1.11:444"]
        assert [proof["outcome"] for proof in part["proofs"].values()] == ["proven"]
        assert (host.chain(443), host.chain(444)) == (3, 3)


def test_a_mail_that_quotes_the_old_certificate_is_no_other_renewal(tmp_path: Path) -> None:
    with web01(tmp_path) as host:
        body = base64.encodebytes(host.old).decode()
        quoted = f"{host.answer}\n-----BEGIN CERTIFICATE-----\n{body}-----END CERTIFICATE-----\n"
        result = host.renew(answer=quoted)
        assert result["trusted_root"]["rebound"] == []
        assert result["site_certificate"]["proofs"][PRODUCTION]["outcome"] == "proven"


def test_an_unknown_flag_of_another_site_does_not_stop_a_renewal(tmp_path: Path) -> None:
    odd = {"name": "Other", "bindings": [{**OTHER["bindings"][0], "record": {"flags": 0x2000}}]}  # type: ignore[index,dict-item]
    with web01(tmp_path, odd) as host:
        result = host.renew()
        part = result["trusted_root"]
        assert "not bound again" in part["not_looked_at"]["ipport=10.0.1.11:444"]
        assert part["proofs"]["chain sent by ipport=10.0.1.11:444"]["outcome"] == "restart required"
        assert result["restart_required"]


def test_a_wrong_thumbprint_is_no_green_run(tmp_path: Path) -> None:
    with web01(tmp_path) as host:
        before = host.host.digest()
        with pytest.raises(TlsOpsError, match="no endpoint of IIS holds the certificate A") as error:
            host.renew(production_site=None, replaces="AB" * 20)
        assert "replaces" in error.value.hint
        assert host.host.digest() == before
        thumbprint = hashlib.sha1(host.old).hexdigest()
        assert host.renew(production_site=None, replaces=thumbprint)["changed"]
        assert not host.renew(production_site=None, replaces=thumbprint)["changed"]


def test_a_restart_that_is_needed_is_told_although_the_answer_was_lost(tmp_path: Path) -> None:
    with web01(tmp_path, options={"schannel_keeps_chain_until_restart": True}) as host:
        host.renew(conflicting_roots="ignored")
        result = host.renew(loses=True)
        assert result["restart_required"]
        assert result["trusted_root"]["proofs"][f"chain sent by {PRODUCTION}"]["outcome"] == "restart required"


@pytest.mark.parametrize("alone", [True, False])
def test_a_run_that_was_cut_off_before_it_bound_again_is_completed_by_the_next(tmp_path: Path, *, alone: bool) -> None:
    with web01(tmp_path, OTHER) as host:

        def run(on: Web01) -> dict[str, Any]:
            return on.roots(answer=on.answer) if alone else on.renew()

        with pytest.raises(KeyboardInterrupt):
            run(dataclasses.replace(host, target=CutOff))
        assert host.chain(444) == 2
        assert run(host)["changed"]
        assert (host.chain(443), host.chain(444)) == (3, 3)
        assert not run(host)["changed"]


def test_an_endpoint_that_nobody_reaches_does_not_stop_a_renewal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    perform = fleet_batch.perform

    def unreachable(host: Any, operation: Any, *more: Any) -> Any:
        if operation.name == "tcp.exchange" and operation.arguments.text("address") == "10.9.9.9":
            return fleet_batch.Outcome("error", "win32", 10060, "", "timed out")
        return perform(host, operation, *more)

    monkeypatch.setattr(fleet_batch, "perform", unreachable)
    with web01(
        tmp_path, {"name": "Other", "bindings": [{"information": "10.9.9.9:443:", "certificate": "old"}]}
    ) as host:
        result = host.renew()
        (proof,) = result["trusted_root"]["proofs"].values()
        assert proof["outcome"] == "unproven"
        assert host.chain(443) == 3


def test_the_pre_check_alone_leaves_every_site_with_the_chain_that_holds(tmp_path: Path) -> None:
    with web01(tmp_path, OTHER) as host:
        result = host.roots(answer=host.answer)
        assert result["rebound"] == [PRODUCTION, "ipport=10.0.1.11:444"]
        assert result["diff"][0]["before"] == ""
        assert (host.chain(443), host.chain(444)) == (3, 3)
        assert not host.roots(answer=host.answer)["changed"]
        install = host.renew()["certificate_install"]
        assert [each["added"] for each in install["intermediates"]] == [False, False]
