# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a certificate that cannot be a server's on this host. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .._errors import TlsOpsError
from .._model.snapshot import Snapshot
from .._windows.clock import off
from .._x509.certificate import Certificate
from .._x509.checks import Flaw, server_flaws
from .._x509.leaf import labels

_CHAIN = (
    "Where an intermediate is missing, give the CA's answer with it (a file that holds both certificates will do); "
    "where the root is not trusted, install the CA's root among the server's trusted roots: none is taken from an "
    "answer."
)


def advice(flaws: Iterable[Flaw], snapshot: Snapshot, *, broken_chain: bool = False) -> str:
    """Sentences, each once. A clock that is off comes first: dates say nothing then."""
    flaws = tuple(flaws)
    clock = off(snapshot) if broken_chain or any(each.by_clock for each in flaws) else ""
    found = [f"{clock}: set it right first ('w32tm /resync'), then run this again."] if clock else []
    found += [each.todo for each in flaws if not (clock and each.by_clock)]
    found += [_CHAIN] if broken_chain else []
    return " ".join(dict.fromkeys(("Nothing was changed.", *found)))


def check_fit(certificate: Certificate, snapshot: Snapshot, more: Iterable[str] = ()) -> None:
    """Raises TlsOpsError where it cannot be a server's now; ``more`` are further reasons, phrases behind its name."""
    flaws = server_flaws(certificate, snapshot.host.clock)
    problems = [*(each.what for each in flaws), *more]
    if problems:
        raise TlsOpsError(f"{labels([certificate])} {'; '.join(problems)}.", hint=advice(flaws, snapshot))
