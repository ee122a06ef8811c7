# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a fleet tells its user, and what the double may know."""

from __future__ import annotations

import ast
import dataclasses
import os
import signal
import socket
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.fleet import __main__ as command
from tests.fleet.authority import Authority, KeyPool
from tests.fleet.fleet import Fleet
from tests.unit.fleet.fakes import FakeHost, scenario, settings

DOUBLE = Path(command.__file__).parent


def test_the_inventory_is_what_stock_ansible_needs(tmp_path: Path) -> None:
    with Fleet.start(scenario(FakeHost("web01"), FakeHost("web02")), tmp_path, settings=settings()) as fleet:
        inventory = fleet.inventory()["all"]
        assert inventory["hosts"]["web02"] == {"ansible_winrm_path": "/wsman/web02"}
        assert inventory["vars"] == {
            "ansible_connection": "winrm",
            "ansible_host": "127.0.0.1",
            "ansible_port": fleet.port,
            "ansible_user": fleet.account.user,
            "ansible_password": fleet.account.password,
            "ansible_winrm_scheme": "http",
            "ansible_winrm_transport": "ntlm",
            "ansible_winrm_message_encryption": "always",
        }
        assert set(inventory["children"]["windows"]["hosts"]) == {"web01", "web02"}
        other = fleet.inventory(user="me", password="x", transport="basic", extra=1)["all"]["vars"]
        assert (other["ansible_user"], other["ansible_password"], other["extra"]) == ("me", "x", 1)
        assert other["ansible_winrm_message_encryption"] == "auto"


def test_files(tmp_path: Path) -> None:
    text = "Dear customer,\r\nhere it is.\n"
    with Fleet.start(scenario(FakeHost("web01"), web01=text), tmp_path / "new", settings=settings()) as fleet:
        path = fleet.write_files()
        assert yaml.safe_load(path.read_text()) == fleet.inventory()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / "new" / "mails" / "web01.txt").read_bytes() == text.encode()


def test_a_port_in_use_is_an_error_at_the_start(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="address already in use"):
        Fleet.start(scenario(FakeHost("web01")), tmp_path, port=taken.getsockname()[1])
    assert set(threading.enumerate()) == before


def test_the_command_runs_until_a_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    issuing = {"simple": Authority("simple", "plain", datetime.now(UTC), KeyPool())}
    fake = dataclasses.replace(scenario(FakeHost("web01"), web01="mail"), authorities=issuing)
    start = Fleet.start
    monkeypatch.setattr(Fleet, "start", lambda _scenario, directory, port: start(fake, directory, port=port))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    timer = threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGTERM])
    timer.start()
    try:
        assert command.main(["demo", "--directory", str(tmp_path)]) == 0
    finally:
        timer.join()
        for number, handler in handlers.items():
            signal.signal(number, handler)
    shown = capsys.readouterr().out
    assert shown.endswith("ready\n")
    assert str(tmp_path / "inventory.yml") in shown
    assert str(tmp_path / "mails" / "web01.txt") in shown
    issuer = x509.load_pem_x509_certificate((tmp_path / "authorities" / "simple.pem").read_bytes())
    key = load_pem_private_key((tmp_path / "authorities" / "simple.key").read_bytes(), None)
    assert key.public_key() == issuer.public_key()


@pytest.mark.parametrize("path", sorted(DOUBLE.rglob("*.py")), ids=lambda path: str(path.relative_to(DOUBLE)))
def test_the_double_knows_neither_the_collection_nor_ansible(path: Path) -> None:
    """What it stands for is Windows: an assumption shared with the code under test would never show."""
    foreign = ("ansible", "ansible_collections", "plugins")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        else:
            continue
        assert not [name for name in names if name.split(".")[0] in foreign]
