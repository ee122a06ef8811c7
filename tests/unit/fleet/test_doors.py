# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""WinRM over HTTPS and SSH as clients see them, and what an inventory says for each way in."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest
import requests
import spnego
from requests.auth import HTTPBasicAuth
from requests_ntlm import HttpNtlmAuth
from spnego.channel_bindings import GssChannelBindings

from tests.fleet import doors
from tests.fleet.auth import USER_FILE, Gate
from tests.fleet.fleet import Fleet
from tests.unit.fleet.fakes import FakeHost, command_line, scenario, settings, stdin
from tests.unit.fleet.test_auth import ACCOUNT, negotiated

KERBEROS = "winrm-kerberos-https"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with Fleet.start(scenario(FakeHost("web01")), folder, settings=settings(), https=("127.0.0.1",)) as running:
        yield running


def post(fleet: Fleet, name: str = "127.0.0.1", **more: object) -> int:
    url = f"https://{name}:{fleet.https_port}/wsman/web01"
    variables = doors.variables(fleet, "web01", "winrm-ntlm-https")
    given = {"verify": variables["ansible_winrm_ca_trust_path"], **more}
    return requests.post(url, timeout=10, **given).status_code  # type: ignore[arg-type]


def test_both_ways_to_log_in_over_https(fleet: Fleet) -> None:
    account = fleet.account
    assert post(fleet, auth=HTTPBasicAuth(account.user, account.password)) == 200
    assert post(fleet, auth=HttpNtlmAuth(account.user, account.password)) == 200
    assert post(fleet, auth=HttpNtlmAuth(account.user, "wrong")) == 401
    assert post(fleet) == 401


def test_the_certificate_is_for_these_names_only_and_by_this_ca_only(fleet: Fleet) -> None:
    with pytest.raises(requests.exceptions.SSLError, match=r"doesn't match|Hostname mismatch|not valid for"):
        post(fleet, "localhost")
    with pytest.raises(requests.exceptions.SSLError, match=r"self-signed|unable to get local issuer"):
        post(fleet, verify=True)


def test_no_plain_http_at_the_port_of_https(fleet: Fleet) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        requests.post(f"http://127.0.0.1:{fleet.https_port}/wsman/web01", timeout=10)


@pytest.mark.parametrize(("data", "granted"), [(b"right", True), (b"wrong", False), (b"", False)])
def test_channel_bindings_are_checked(data: bytes, granted: bool) -> None:
    gate = Gate(ACCOUNT, GssChannelBindings(application_data=b"right"))
    sent = GssChannelBindings(application_data=data) if data else None
    options = spnego.NegotiateOptions.use_ntlm
    with USER_FILE.knows(ACCOUNT):
        client = spnego.client("operator", "secret", protocol="ntlm", channel_bindings=sent, options=options)
        assert negotiated(gate, client) is granted


def test_a_fleet_without_https_says_so(tmp_path: Path) -> None:
    with (
        Fleet.start(scenario(FakeHost("web01")), tmp_path, settings=settings()) as plain,
        pytest.raises(ValueError, match="no HTTPS listener"),
    ):
        doors.variables(plain, "web01", "psrp-basic-https")


@pytest.mark.parametrize("door", sorted(doors.DOORS))
def test_every_door_leads_to_a_port_that_listens(fleet: Fleet, door: str) -> None:
    variables = doors.variables(fleet, "web01", door)
    with socket.create_connection(("127.0.0.1", variables["ansible_port"]), 5):
        assert variables["ansible_connection"] == door.partition("-")[0]
    assert variables["ansible_host"] == ("localhost" if door == KERBEROS else "127.0.0.1")


@dataclasses.dataclass(frozen=True)
class Done:
    stdout: bytes
    stderr: bytes
    code: int | None


def ssh(fleet: Fleet, line: str, data: bytes = b"", **more: object) -> Done:
    async def run() -> Done:
        service, port = await asyncio.to_thread(fleet.ssh, "web01")
        host_key = asyncssh.import_public_key(service.known_hosts.read_text().partition(" ")[2])
        given = {"username": fleet.account.user, "client_keys": [str(service.key_file)], **more}
        async with asyncssh.connect(
            "127.0.0.1", port, known_hosts=([host_key], [], []), config=None, agent_path=None, **given
        ) as connection:
            done = await connection.run(line, input=data, encoding=None)
            return Done(bytes(done.stdout or b""), bytes(done.stderr or b""), done.exit_status)

    return asyncio.run(run())


def test_a_batch_over_ssh(fleet: Fleet) -> None:
    assert ssh(fleet, command_line(), stdin("batch 1", "end")) == Done(b"batch 1\r\nend", b"", 0)


def test_any_other_command_over_ssh_is_refused(fleet: Fleet) -> None:
    done = ssh(fleet, "whoami")
    assert (done.stdout, done.code) == (b"", 1)
    assert b"only runs the shipped script" in done.stderr


def test_only_the_account_and_its_key_get_in(fleet: Fleet) -> None:
    for wrong in ({"username": "guest"}, {"client_keys": [asyncssh.generate_private_key("ssh-ed25519")]}):
        with pytest.raises(asyncssh.PermissionDenied):
            ssh(fleet, command_line(), stdin("batch"), **wrong)


def test_the_key_is_for_its_owner_only(fleet: Fleet) -> None:
    service, _port = fleet.ssh("web01")
    assert service.key_file.stat().st_mode & 0o777 == 0o600
    assert service.key_file.parent.stat().st_mode & 0o777 == 0o700
