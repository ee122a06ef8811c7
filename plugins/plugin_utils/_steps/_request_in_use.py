# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The certificate in use that a request is to renew: which it is, whether it is due, and what has replaced it."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timedelta
from typing import Any

from .._model.snapshot import Snapshot
from .._model.stores import PersonalCertificate
from .._windows.personal import MY, WEB_HOSTING, with_key
from .._x509.certificate import Certificate
from .._x509.checks import server_problems
from ._certificate import resolve
from ._request_wanted import Wanted
from ._site import thumbprint_of

_DAY = timedelta(days=1)


@dataclasses.dataclass(frozen=True)
class InUse:
    """``at`` is the target's clock (aware, UTC); ``due_days`` None: due whenever it is asked."""

    certificate: Certificate
    at: datetime
    due_days: int | None

    @property
    def due(self) -> bool:
        return self.is_due(self.certificate)

    def is_due(self, certificate: Certificate) -> bool:
        """Whether a certificate ends within ``due_days``."""
        return self.due_days is None or certificate.not_after - self.at <= self.due_days * _DAY

    @property
    def result(self) -> dict[str, Any]:
        return {
            "thumbprint": self.certificate.thumbprint,
            "not_after": self.certificate.not_after.isoformat(),
            "days_left": (self.certificate.not_after - self.at) // _DAY,
        }


def in_use(snapshot: Snapshot, *, thumbprint: str, site: str, due_days: int | None) -> InUse | None:
    """The certificate by its thumbprint, or the one that ``site`` uses; None where neither is given.

    Raises NoMatch where there is no such certificate or site, TlsOpsError where the site uses none or several.
    """
    otherwise = "Leave site out and give subject or names."
    wanted = thumbprint_of(snapshot, site, otherwise=otherwise) if site else thumbprint
    if not wanted:
        return None
    return InUse(resolve(snapshot, thumbprint=wanted).certificate, snapshot.host.clock, due_days)


def successor(wanted: Wanted, used: InUse, snapshot: Snapshot) -> PersonalCertificate | None:
    """A certificate with its key that has the wanted names and key, ends later, can serve and is not due itself.

    Then a request was answered and installed before. One that is self-signed is nobody's answer.
    """
    found = [
        one
        for one in with_key(snapshot.personal or (), (MY, WEB_HOSTING))
        if one.certificate.not_after > used.certificate.not_after
        and not one.archived
        and wanted.answered_by(one.certificate)
        and not one.certificate.self_signed
        and not (used.due_days is not None and used.is_due(one.certificate))
        and not server_problems(one.certificate, used.at)
    ]
    return max(found, key=lambda one: (one.certificate.not_after, one.certificate.thumbprint), default=None)
