# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host whose certificate lies below a root that has a cross certificate, for the tests of trusted_root."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operation import Operation
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.operations import reg_delete, run
from ansible_collections.tlsops.windows.plugins.plugin_utils._batch.payload import (
    RegistryValue,
    digest,
    encode_registry,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.host import HostInfo
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.plan import Plan
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.snapshot import Journal, Snapshot
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.stores import (
    PersonalCertificate,
    StoreCopy,
    Stores,
)
from ansible_collections.tlsops.windows.plugins.plugin_utils._model.web import Endpoint, Site
from ansible_collections.tlsops.windows.plugins.plugin_utils._steps.trusted_root import TrustedRoot
from ansible_collections.tlsops.windows.plugins.plugin_utils._tls.look import Served
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.certificate import Certificate

from tests.unit.mint import NOW, Minted, mint
from tests.unit.shelves import copy, real, stores

NONE = bytes.fromhex("3000")
LISTED = bytes.fromhex("301406082b0601050507030206082b06010505070301")
PHYSICAL = ("Registry", "AuthRoot", "Policies", "Enterprise", "System")
G5 = real("verisign_g5_root_selfsigned")


@dataclasses.dataclass(frozen=True)
class Web:
    """As much of a web server as the step asks for."""

    endpoints: tuple[Endpoint, ...]
    sites: tuple[Site, ...]

    def reached_at(self, endpoint: Endpoint) -> tuple[tuple[str, int], ...]:
        return (("127.0.0.1" if endpoint.address == "0.0.0.0" else endpoint.address, endpoint.port),)

    def refresh(self, endpoint: Endpoint) -> tuple[Operation, ...]:  # noqa: ARG002
        return ()

    def refusals(self, certificate: Certificate, provider: str = "") -> tuple[str, ...]:  # noqa: ARG002
        return ()

    def replace(self, endpoint: Endpoint, thumbprint: str, store: str) -> tuple[Operation, ...]:
        if "unknown" in endpoint.settings:
            raise TlsOpsError(f"the record {endpoint.selector} holds what is not understood.")
        return (run("netsh", endpoint.selector, thumbprint, store),)

    def settle(self, endpoint: Endpoint) -> tuple[Operation, ...]:
        return (reg_delete(r"HKLM\journal", endpoint.selector),)


class Fixture:
    """One site whose certificate lies below a newer root; the cross certificate by the old root is in CA."""

    def __init__(self, cross_until: datetime | None = None) -> None:
        self.old = mint("Old Root", ca=True)
        self.new = mint("New Root", ca=True)
        self.cross = mint("New Root", issuer=self.old, key=self.new.key, ca=True, not_after=cross_until)
        self.issuing = mint("Issuing CA", issuer=self.new, ca=True)
        self.leaf = mint("www.example.com", issuer=self.issuing)

    def snapshot(
        self,
        *copies: StoreCopy,
        intermediates: Sequence[Minted] | None = None,
        used: bool = True,
        **changes: Any,
    ) -> Snapshot:
        """``copies`` are those of the newer root; without any it lies in ROOT and AuthRoot with a usage list."""
        held = copies or (copy(self.new, usages=LISTED), copy(self.new, "AuthRoot", usages=LISTED))
        between = (self.issuing, self.cross) if intermediates is None else intermediates
        snapshot = Snapshot(
            host=HOST,
            journal=Journal(),
            stores=stores((self.old,), between, *held),
            personal=(PersonalCertificate("MY", self.leaf.certificate, True),),
            web=Web((endpoint(self.leaf.thumbprint),) if used else (), SITES),
        )
        return dataclasses.replace(snapshot, **changes)


HOST = HostInfo("web01", "10.0.20348", "", "5.1", "4", "FullLanguage", "ja-JP", r"C:\Windows", NOW, True, frozenset())
SITES = (Site("1", "www", "started", ()), Site("2", "renewal", "stopped", ()))
F = Fixture()
EXPIRED = Fixture(cross_until=NOW - timedelta(days=1))


def endpoint(thumbprint: str, **changes: Any) -> Endpoint:
    made = Endpoint("ipport=0.0.0.0:443", "0.0.0.0", 443, "", ("www",), "iis", thumbprint.lower())
    return dataclasses.replace(made, **changes)


def step(state: str = "disabled", *names: str, conflicting: bool | None = None, **arguments: Any) -> TrustedRoot:
    given = {
        "certificates": list(names),
        "conflicting": not names if conflicting is None else conflicting,
        "answer": None,
        "answer_path": None,
        "state": state,
        "force": False,
        "timeout": 300,
    }
    return TrustedRoot.from_arguments(given | arguments, SimpleNamespace())  # type: ignore[arg-type]


def with_answer(made: TrustedRoot, *answer: Minted) -> TrustedRoot:
    return dataclasses.replace(made, answer=tuple(each.certificate for each in answer))


class Target:
    """Does a plan's operations on a registry of Blobs, as the target would."""

    def __init__(self, snapshot: Snapshot) -> None:
        assert snapshot.stores is not None
        self.values = {(each.key, "Blob"): each.blob for each in snapshot.stores.copies if each.store != "Disallowed"}
        self.values |= {
            (rf"HKLM\SOFTWARE\tlsops.windows\Undo\TrustedRoot\{thumbprint}", name): blob
            for thumbprint, saved in snapshot.journal.roots.items()
            for name, blob in saved.items()
        }
        self.disallowed: set[bytes | str] = set()
        self.intermediates: set[bytes | str] = set()
        self.programs: list[Operation] = []

    def do(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            getattr(self, "_" + operation.name.replace(".", "_"))(operation, dict(operation.arguments))

    def undo(self, operations: Sequence[Operation]) -> None:
        self.do([undo for operation in reversed(operations) for undo in operation.undo])

    def _reg_read(self, operation: Operation, arguments: dict[str, Any]) -> None:
        blob = self.values.get((arguments["key"], "Blob"))
        there = encode_registry({"": {"Blob": RegistryValue("Binary", blob)}}) if blob is not None else b""
        assert operation.expect == digest(there)

    def _reg_write(self, _operation: Operation, arguments: dict[str, Any]) -> None:
        self.values[arguments["key"], arguments["name"]] = arguments["data"]

    def _reg_delete(self, _operation: Operation, arguments: dict[str, Any]) -> None:
        self.values.pop((arguments["key"], arguments.get("name", "Blob")), None)

    def _store_add(self, _operation: Operation, arguments: dict[str, Any]) -> None:
        self._store(arguments).add(Certificate(arguments["certificate"]).thumbprint)

    def _store_remove(self, _operation: Operation, arguments: dict[str, Any]) -> None:
        self._store(arguments).discard(arguments["thumbprint"])

    def _store(self, arguments: dict[str, Any]) -> set[bytes | str]:
        return {"Disallowed": self.disallowed, "CA": self.intermediates}[arguments["store"]]

    def _run(self, operation: Operation, _arguments: dict[str, Any]) -> None:
        self.programs.append(operation)


def operations(plan: Plan, *, closing: bool = False) -> list[Operation]:
    done = [operation for change in plan.changes for operation in change.operations]
    return done + [operation for change in plan.changes for operation in change.closing if closing]


def held(snapshot: Snapshot) -> Stores:
    assert snapshot.stores is not None
    return snapshot.stores


def blobs(snapshot: Snapshot) -> dict[str, bytes]:
    return {each.key: each.blob for each in held(snapshot).copies if each.store != "Disallowed"}


class FakeLook:
    """What the listener sends is what the one answer holds: certificates."""

    operations = (run("look"),)

    def __init__(self, address: str, port: int, server_name: str | None = None) -> None:
        self.asked = (address, port, server_name)

    def served(self, answers: Sequence[Any]) -> Served:
        (sent,) = answers
        return Served("TLSv1.2", tuple(sent)) if sent else Served(problem="no connection")
