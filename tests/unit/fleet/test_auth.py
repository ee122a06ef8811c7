# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import spnego

from tests.fleet.auth import USER_FILE, Account, CannotDecrypt, Gate

ACCOUNT = Account("operator", "secret")


@pytest.fixture(autouse=True)
def _account() -> Iterator[None]:
    with USER_FILE.knows(ACCOUNT):
        yield


def client(password: str = "secret") -> spnego.ContextProxy:
    return spnego.client("operator", password, protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)


def negotiated(gate: Gate, context: spnego.ContextProxy) -> bool:
    """Whether the gate lets this client in."""
    token = base64.b64encode(context.step() or b"").decode()
    verdict = gate.check({"authorization": f"Negotiate {token}"})
    assert not verdict.granted
    challenge = dict(verdict.headers)["WWW-Authenticate"].removeprefix("Negotiate ")
    token = base64.b64encode(context.step(base64.b64decode(challenge)) or b"").decode()
    return gate.check({"authorization": f"Negotiate {token}"}).granted


def log_in(gate: Gate, password: str = "secret") -> spnego.ContextProxy:
    context = client(password)
    assert negotiated(gate, context) == (password == "secret")
    return context


@pytest.mark.parametrize(
    ("credentials", "granted"), [(b"operator:secret", True), (b"operator:wrong", False), (b"secret", False)]
)
def test_basic_is_for_one_request(credentials: bytes, granted: bool) -> None:
    gate = Gate(ACCOUNT)
    assert gate.check({"authorization": f"Basic {base64.b64encode(credentials).decode()}"}).granted == granted
    assert not gate.check({}).granted


def test_ntlm_is_for_the_connection() -> None:
    gate = Gate(ACCOUNT)
    log_in(gate)
    assert gate.check({}).granted
    assert not Gate(ACCOUNT).check({}).granted


def test_a_wrong_password_can_be_corrected_on_the_same_connection() -> None:
    gate = Gate(ACCOUNT)
    log_in(gate, "wrong")
    assert not gate.check({}).granted
    log_in(gate)
    assert gate.check({}).granted


def test_both_ways_of_offering_are_named() -> None:
    assert [value.split()[0] for _other, value in Gate(ACCOUNT).check({}).headers] == ["Negotiate", "Basic"]


def test_decrypt_knows_its_own_key_only() -> None:
    gates = Gate(ACCOUNT), Gate(ACCOUNT)
    log_in(gates[0])
    log_in(gates[1])
    content_type, body = gates[0].encrypt(b"message")
    with pytest.raises(CannotDecrypt):
        gates[1].decrypt(content_type, body)
    with pytest.raises(CannotDecrypt):
        Gate(ACCOUNT).decrypt(content_type, body)
    with pytest.raises(CannotDecrypt):
        gates[1].decrypt(content_type, b"something")


def test_a_plain_body_stays_plain() -> None:
    assert Gate(ACCOUNT).decrypt("application/soap+xml", b"<a/>") == (b"<a/>", False)


@pytest.mark.parametrize(
    ("user", "password"), [("a:b", "c"), ("dom\\a", "c"), ("a@b", "c"), ("a", "b:c"), ("a\n", "b")]
)
def test_accounts_that_the_file_cannot_hold_are_refused(user: str, password: str) -> None:
    with pytest.raises(ValueError, match="local account"):
        Account(user, password)


def test_the_file_is_private_and_goes_with_the_last_fleet() -> None:
    path = Path(os.environ["NTLM_USER_FILE"])
    with USER_FILE.knows(ACCOUNT), USER_FILE.knows(Account("another", "secret")):
        assert path.read_text() == ":operator:secret\n:another:secret\n"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_text() == ":operator:secret\n"
    with pytest.raises(ValueError, match="another password"), USER_FILE.knows(Account("operator", "x")):
        pass
    assert path.read_text() == ":operator:secret\n"
