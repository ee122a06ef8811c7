# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A look at what one TLS listener sends, through the connection to the host: bytes out, bytes back, judged here."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Sequence

from .._batch.operation import Answer, Operation
from .._batch.operations import tcp_exchange
from .._x509.certificate import Certificate
from .._x509.checks import unreadable
from .client_hello import client_hello
from .flight import SERVER_HELLO_DONE, Flight, parse_flight
from .tls13 import Tls13


@dataclasses.dataclass(frozen=True)
class Served:
    """What was seen. ``problem`` is empty when a chain was; nothing here says whether the chain is a good one."""

    protocol: str = ""
    certificates: tuple[Certificate, ...] = ()
    problem: str = ""


@dataclasses.dataclass(frozen=True)
class Look:
    """One look at ``address`` (a literal) and ``port``, with ``server_name`` in SNI or without.

    The two operations ask for TLS 1.0 to 1.2 and for TLS 1.3. The second one's keys live in this object: give the
    answers to the ``served`` of the object that made the operations, as often as they were run.
    """

    address: str
    port: int
    server_name: str | None = None

    @functools.cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Raises TlsOpsError for a server name that can be no host name."""
        return (
            tcp_exchange(self.address, self.port, client_hello(self.server_name), ends_with=SERVER_HELLO_DONE),
            tcp_exchange(self.address, self.port, self._tls13.hello),
        )

    @functools.cached_property
    def _tls13(self) -> Tls13:
        return Tls13(self.server_name)

    def served(self, answers: Sequence[Answer]) -> Served:
        """Judges the answers to ``operations``: the chain in clear where there is one, else that of TLS 1.3."""
        readers: tuple[Callable[[bytes], Flight], ...] = (parse_flight, self._tls13.read)
        problems: list[str] = []
        for answer, reader in zip(answers, readers, strict=False):
            seen = _seen(answer, reader)
            if not seen.problem:
                return seen
            problems.append(seen.problem)
        return Served(problem=_together(problems))


def _seen(answer: Answer, reader: Callable[[bytes], Flight]) -> Served:
    if not answer.ok:
        return Served(problem=f"no connection: {answer.describe()}")
    flight = reader(answer.payload)
    if flight.problem:
        return Served(flight.protocol, problem=flight.problem)
    certificates = tuple(Certificate(der) for der in flight.certificates)
    problem = next(filter(None, map(unreadable, certificates)), "")
    if problem:
        return Served(flight.protocol, problem=f"the server sent something that is {problem}.")
    return Served(flight.protocol, certificates)


def _together(problems: list[str]) -> str:
    if not problems:
        return "nothing was asked"
    if len(set(problems)) == 1:
        return problems[0]
    return f"up to TLS 1.2: {problems[0]}; TLS 1.3: {'; '.join(problems[1:])}"
