# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a host asks of its web server, whichever it is: IIS 7 and newer with http.sys, or IIS 6.0 with its metabase."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from .adsi import AdsiObject
from .schannel import Credential


class WebServer(Protocol):
    def listening(self) -> set[tuple[str, int]]:
        """Address (``0.0.0.0`` and ``::`` are any) and port where TLS is accepted."""

    def credential(self, ip: str, port: int, server_name: str | None) -> Credential | None:
        """What a handshake gets; None: it is refused by closing."""

    def states(self) -> dict[str, str]:
        """Name of each site to ``Started``, ``Stopped`` or another word."""

    def sslcert(self, selector: str) -> dict[str, Any] | None:
        """What is kept under a selector; the certificate as upper-case hex."""

    def pools(self) -> Sequence[str]:
        """Application pools with an account of their own."""

    def restart(self, *, crash: bool) -> None:
        """The server restarts, or loses power."""

    def dump(self) -> Iterator[object]:
        """What belongs into the digest of the host."""

    def adsi(self, path: str) -> AdsiObject:
        """Opens a node of the metabase below ``IIS://localhost``."""

    def add_site(self, number: int, entry: dict[str, Any], certificates: dict[str, tuple[str, str]]) -> None:
        """For a scenario: ``certificates`` are their names there to store and thumbprint."""
