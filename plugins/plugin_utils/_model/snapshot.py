# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that round 1 read from a host, as one value; a plan also hands on the snapshot as it will be."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .consumers import Consumers
    from .host import HostInfo
    from .stores import PersonalCertificate, Stores
    from .web import WebServer


class Query(enum.Enum):
    """What a step may ask for; host facts and the journal are always read."""

    STORES = "stores"
    PERSONAL = "personal"
    WEB = "web"
    CONSUMERS = "consumers"


@dataclasses.dataclass(frozen=True)
class Accounts:
    """Asks for the SIDs of accounts that a user named."""

    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Journal:
    """What an earlier run left under ``HKLM\\SOFTWARE\\tlsops.windows\\Undo``: the way back that survives the process.

    ``endpoints``: selector -> JSON text of the settings an endpoint had.
    ``roots``: thumbprint -> (registry key -> old Blob).
    ``distrusted``: thumbprints that this collection put into Disallowed.
    ``rebind``: thumbprints of roots that were changed by a run that may not have come to binding certificates again.
    ``requests``: name -> certificate request (PEM or DER, as certreq wrote it) that this collection made here.
    ``files``: paths of passing files that a run which was cut off may have left.
    """

    endpoints: Mapping[str, str] = dataclasses.field(default_factory=dict)
    roots: Mapping[str, Mapping[str, bytes]] = dataclasses.field(default_factory=dict)
    distrusted: frozenset[str] = frozenset()
    rebind: frozenset[str] = frozenset()
    requests: Mapping[str, bytes] = dataclasses.field(default_factory=dict)
    files: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A host at one moment. What was not asked for is None."""

    host: HostInfo
    journal: Journal
    stores: Stores | None = None
    personal: tuple[PersonalCertificate, ...] | None = None
    left_out: tuple[str, ...] = ()  # store and thumbprint of what no library can read, and ``personal`` lacks
    web: WebServer | None = None
    consumers: Consumers | None = None
    accounts: Mapping[str, str] = dataclasses.field(default_factory=dict)  # name as asked -> SID, empty if unknown
    asked_at: datetime | None = None  # the controller's clock (aware, UTC) when the host was asked
    read_at: datetime | None = None  # and when its answer was there
    dry_run: bool = False  # a step may then accept what an earlier task of the play would have made, and says so
    prove_all: bool = False  # what an earlier batch did is unknown: a step proves all that it is about
    nonce: str = ""  # random hex of this run, for temporary names on the target
    one_time_password: str = dataclasses.field(default="", repr=False)  # protects a PFX on its way to the controller
