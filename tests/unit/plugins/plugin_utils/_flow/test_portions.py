# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A batch in several commands is one batch to whoever asked for it: what is done, what is taken back, what is said."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch import bootstrap, wire
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Answer, Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import (
    file_delete,
    file_read,
    file_write,
    reg_write,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow import apply, flow, portions
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.target import ConnectionTarget, UnknownOutcome
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.task import Options
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.change import Change
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Outcome, Plan
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.quotas import QUOTAS
from tests.fleet.world.host import Host

from .steps import Planned, proof

BIG = b"x" * 30_000  # one operation with it takes 40 KB, so that a command has room for one
NEVER = "0" * 64


@dataclasses.dataclass
class Sender:
    """The double's host behind ``send``; ``faults``: what happens to a command (counted from 1) instead or after."""

    host: Host = dataclasses.field(default_factory=lambda: Host("web01"))
    mode: Any = "write"
    faults: dict[int, Exception] = dataclasses.field(default_factory=dict)
    sizes: list[int] = dataclasses.field(default_factory=list)
    names: list[list[str]] = dataclasses.field(default_factory=list)

    def __call__(self, operations: Sequence[Operation]) -> tuple[Answer, ...]:
        nonce = secrets.token_hex(16)
        text = wire.encode(operations, nonce=nonce, mode=self.mode, deadline=300, mutex_wait=60)
        self.sizes.append(len(bootstrap.stdin(text)))
        self.names.append([each.name for each in operations])
        if len(self.sizes) in self.faults:
            raise self.faults[len(self.sizes)]
        return wire.decode(self.host.execute(text.splitlines()), nonce=nonce, count=len(operations))

    def run(self, *operations: Operation) -> tuple[Answer, ...]:
        return portions.run(operations, self.mode, self)


def write(name: str, data: bytes = BIG) -> Operation:
    path = f"C:\\{name}.bin"
    return dataclasses.replace(file_write(path, data), undo=(file_delete(path),))


def failing() -> Operation:
    return file_read("C:\\missing.txt")


@given(st.lists(st.tuples(st.integers(0, 40_000), st.booleans()), max_size=12))
def test_every_portion_and_what_takes_it_back_fit(sizes: list[tuple[int, bool]]) -> None:
    operations = [
        dataclasses.replace(
            file_write("C:\\a", b"x" * size if own else b""), undo=(file_write("C:\\a", b"" if own else b"y" * size),)
        )
        for size, own in sizes
    ]
    assert [each for portion in portions.cut(operations) for each in portion] == operations
    fits(operations)


def fits(operations: Sequence[Operation]) -> None:
    for portion in portions.cut(operations):
        ok = [Answer("ok")] * len(portion)
        for batch in (portion, apply.taking_back(portion, ok)):
            text = wire.encode(batch, nonce="0" * 32, mode="write", deadline=3600, mutex_wait=60)
            assert len(bootstrap.stdin(text)) <= portions.LIMIT


def test_the_way_back_of_many_small_operations_is_larger_than_they_are_and_fits_too() -> None:
    fits([dataclasses.replace(file_delete("C:\\a"), undo=(file_delete("C:\\b"),))] * 1500)


def test_a_full_command_is_a_message_that_winrm_2_takes() -> None:
    """In base64 and in its envelope, which is below 4 KB."""
    message = -(-portions.LIMIT // 3) * 4 + 4096
    assert message <= QUOTAS["2.0"].envelope


def test_what_fits_is_one_command() -> None:
    sender = Sender()
    assert [each.ok for each in sender.run(write("a", b"1"), write("b", b"2"))] == [True, True]
    assert len(sender.sizes) == 1


def test_a_read_batch_is_simply_cut() -> None:
    sender = Sender(mode="read")
    asked = [file_read(f"C:\\{number}\\{'n' * 20_000}") for number in range(6)]
    answers = sender.run(*asked, failing())
    assert len(sender.sizes) > 1
    assert all(each.missing for each in answers)
    assert len(answers) == 7


def test_a_write_batch_does_in_several_commands_what_it_does_in_one() -> None:
    operations = [write(name) for name in "abc"]
    cut, whole = Sender(), Sender()
    assert cut.run(*operations) == whole(operations)
    assert max(cut.sizes) <= portions.LIMIT < whole.sizes[0]
    assert len(cut.sizes) == 3
    assert cut.host.digest() == whole.host.digest()


def test_a_failure_takes_back_what_earlier_commands_did_newest_first() -> None:
    sender = Sender()
    before = sender.host.digest()
    planned = [write("a"), write("b"), write("c"), failing(), write("d")]
    answers = sender.run(*planned)
    assert [each.status for each in answers] == ["ok", "ok", "ok", "error", "skipped"]
    assert [[each.ok for each in answer.undone] for answer in answers] == [[True], [True], [True], [], []]
    assert sender.host.digest() == before
    deleted = [each["where"] for each in sender.host.write_log if each["action"] == "delete"]
    assert deleted == ["C:\\c.bin", "C:\\b.bin", "C:\\a.bin"]
    sequence = apply.Sequence(tuple(planned), (), (), (), proofs_at=5)
    with pytest.raises(TlsOpsError, match=r"file\.read") as caught:
        apply.check_done(sequence, answers)
    assert caught.value.hint == "What had been done before it was taken back."


def test_a_way_back_that_fails_does_not_stop_the_others_and_is_said() -> None:
    sender = Sender()
    stuck = dataclasses.replace(write("b"), undo=(failing(),))
    answers = sender.run(write("a"), stuck, write("c"), failing())
    assert [[each.ok for each in answer.undone] for answer in answers] == [[True], [False], [True], []]
    assert not sender.host.files.exists("C:\\a.bin")
    with pytest.raises(TlsOpsError) as caught:
        apply.check_done(apply.Sequence((write("a"), stuck, write("c"), failing()), (), (), (), 4), answers)
    assert "Going back failed too" in caught.value.hint


def test_a_command_that_the_host_refuses_takes_the_earlier_ones_back() -> None:
    sender = Sender(faults={3: TlsOpsError("another batch is still running.", hint="Wait.")})
    before = sender.host.digest()
    with pytest.raises(TlsOpsError, match="another batch") as caught:
        sender.run(*map(write, "abc"))
    assert sender.host.digest() == before
    assert caught.value.hint == "Wait. What had been done was taken back."
    assert not caught.value.changed


def test_a_way_back_that_the_host_refuses_is_a_change_that_stays() -> None:
    sender = Sender(faults={3: TlsOpsError("another batch is still running.")})
    with pytest.raises(TlsOpsError, match="takes back those of an earlier command was refused") as caught:
        sender.run(write("a"), write("b"), failing())
    assert caught.value.changed
    assert sender.host.files.exists("C:\\a.bin")


def test_nothing_more_is_sent_once_an_outcome_is_unknown() -> None:
    """What a lost command did nobody knows: to take back what it builds on could break what it has done."""
    sender = Sender(faults={2: UnknownOutcome("reset by peer")})
    with pytest.raises(UnknownOutcome):
        sender.run(*map(write, "abc"))
    assert len(sender.sizes) == 2
    assert sender.host.files.exists("C:\\a.bin")


def test_a_proof_that_fails_lets_the_closing_operations_run() -> None:
    sender = Sender()
    look = dataclasses.replace(failing(), keep_going=True)
    closing = dataclasses.replace(write("closed"), keep_going=True, undo=())
    answers = sender.run(write("a"), write("b"), look, closing)
    assert [each.status for each in answers] == ["ok", "ok", "error", "ok"]
    assert len(sender.sizes) == 3


def test_nothing_is_closed_where_the_command_with_the_proofs_was_lost() -> None:
    sender = Sender(faults={2: UnknownOutcome("reset by peer")})
    look = dataclasses.replace(file_read(f"C:\\{'n' * 40_000}"), keep_going=True)
    closing = dataclasses.replace(write("closed"), keep_going=True, undo=())
    with pytest.raises(UnknownOutcome):
        sender.run(write("a"), look, closing)
    assert not sender.host.files.exists("C:\\closed.bin")


def test_a_plan_is_taken_back_in_as_many_commands_as_it_took() -> None:
    """The flow's own way back, when a proof is missed, is cut like every other batch."""
    sender = Sender()
    before = sender.host.digest()
    planned = [
        dataclasses.replace(write(each, b"1"), undo=(file_delete(f"C:\\{each}.bin"), write("x"))) for each in "abc"
    ]
    done = sender.run(*planned)
    back = apply.taking_back(planned, done)
    sender.sizes.clear()
    answers = sender.run(*back)
    assert len(sender.sizes) > 1
    assert [len(each.undone) for each in answers] == [2, 2, 2, 0]
    sender([file_delete("C:\\x.bin")])
    assert sender.host.digest() == before


def test_what_no_command_has_room_for_is_refused_before_anything_is_sent() -> None:
    sender = Sender()
    with pytest.raises(TlsOpsError, match=r"file\.write takes \d+ bytes.*WinRM 2\.0 has room for") as caught:
        sender.run(write("a"), write("b", b"x" * 80_000))
    assert "psrp" in caught.value.hint
    assert not sender.sizes


def test_half_a_character_is_refused_before_anything_is_sent() -> None:
    sender = Sender()
    with pytest.raises(TlsOpsError, match="lone surrogate"):
        sender.run(write("a"), write("b"), reg_write("HKLM\\SOFTWARE\\\ud800", "n", "String", b""))
    assert not sender.sizes


@dataclasses.dataclass
class Connection:
    """A winrm connection to the double's host, as the target sees one."""

    host: Host
    encrypted: bool = True
    commands: list[bytes] = dataclasses.field(default_factory=list)

    def target(self, plugin: str = "winrm") -> ConnectionTarget:
        methods = ["ntlm"] if self.encrypted else ["basic"]
        connection = SimpleNamespace(
            transport=plugin,
            _winrm_scheme="http",
            _winrm_transport=methods,
            _winrm_kwargs={},
            get_option={"protocol": "http", "port": 5985, "auth": "negotiate"}.get,
        )
        return ConnectionTarget(connection, self.execute)

    def execute(self, _command: str, in_data: bytes) -> dict[str, Any]:
        self.commands.append(in_data)
        lines = in_data.decode("ascii").split("\n\0\0\0\0\n", 1)[1].splitlines()
        return {"stdout": self.host.execute(lines), "stderr": "", "rc": 0}


def plan(*operations: Operation, closing: tuple[Operation, ...] = ()) -> Plan:
    change = Change("make files", "C:\\", "", "made", operations, closing=closing)
    return Plan("planned", cast(Any, None), changes=(change,), proofs=(proof(Outcome.PROVEN),))


def run(connection: Connection, made: Plan, plugin: str = "winrm") -> dict[str, Any]:
    return flow.run(Planned([made]), connection.target(plugin), Options(False, 300, False), lambda *_given: None)


@pytest.mark.parametrize(
    ("product", "plugin", "commands"),
    [("2008r2", "winrm", 4), ("2008r2", "psrp", 2), ("2022", "winrm", 2)],
)
def test_only_a_host_with_winrm_2_gets_more_commands(product: str, plugin: str, commands: int) -> None:
    connection = Connection(Host("web01", product))
    assert run(connection, plan(*map(write, "abc")), plugin)["changed"]
    assert len(connection.commands) == commands
    assert (max(map(len, connection.commands)) <= portions.LIMIT) is (commands == 4)


def test_the_first_batch_is_small_whatever_the_host_is() -> None:
    connection = Connection(Host("web01"))
    target = connection.target()
    target.batch([file_read(f"C:\\{'n' * 40_000}")] * 2, mode="read", timeout=30)
    assert len(connection.commands) == 2


def test_a_secret_goes_into_no_portion_where_nothing_encrypts() -> None:
    connection = Connection(Host("web01", "2008r2"), encrypted=False)
    with pytest.raises(TlsOpsError, match="does not encrypt"):
        run(connection, plan(write("a"), write("b"), dataclasses.replace(write("c"), secret=True)))
    assert len(connection.commands) == 1
    assert not connection.host.write_log
