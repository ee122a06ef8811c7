# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How one Windows is told to make a request and to take the answer, and whose keys its application pools read.

Server 2003 (5.2): ``certreq -new in out`` and ``certreq -accept file`` as in Microsoft's KB321051. Neither ``-q`` nor
``-machine`` is on its pages (TechNet cc755435, cc736326), so neither is used; that ``-accept`` takes the machine's
pending request without them is KB321051, that it takes one of the wizard of IIS 6.0 too is not proven. A key that no
pending request holds any more is linked with ``certutil -repairstore`` (KB889651, written for this Windows).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from .._model.host import HostInfo
from . import request_inf, request_inf_2003
from .request_inf import NewRequest


@dataclasses.dataclass(frozen=True)
class Dialect:
    """``quiet``: what keeps certreq from asking. ``machine``: what has ``-accept`` look for keys outside of REQUEST.

    ``machine`` empty: it cannot. ``inf`` makes the file for ``-new``; it raises TlsOpsError where this Windows cannot
    make what is asked for. ``left_out`` says in words what of a request this Windows does not do; ``pool_accounts`` by
    which account an application pool of its IIS reads keys.
    """

    quiet: tuple[str, ...]
    machine: tuple[str, ...]
    inf: Callable[[NewRequest], bytes]
    left_out: Callable[[NewRequest], tuple[str, ...]]
    names_keys: bool  # whether a friendly name can be asked for
    cng: bool  # whether keys can be others than RSA keys of CryptoAPI
    pool_accounts: str

    @property
    def accepts_reissues(self) -> bool:
        return bool(self.machine)


def dialect_of(host: HostInfo) -> Dialect:
    """That of Server 2003 where the host says that it is Windows 5 (``5.2.3790``), else that of all newer ones."""
    return _SERVER_2003 if host.os_version.partition(".")[0] == "5" else _SERVER_2008


def _nothing(_request: NewRequest) -> tuple[str, ...]:
    return ()


def _without_hash_and_name(request: NewRequest) -> tuple[str, ...]:
    sha1 = "the request is signed with SHA-1, all that certreq of Windows Server 2003 does; some CAs refuse it."
    name = "the friendly name is left out: certreq of Windows Server 2003 takes none."
    return sha1, *([name] if request.friendly_name else [])


_SERVER_2008 = Dialect(
    ("-q",),
    ("-machine",),
    request_inf.inf,
    _nothing,
    names_keys=True,
    cng=True,
    pool_accounts="An application pool's account is 'IIS AppPool\\<pool>', where that pool exists.",
)
_SERVER_2003 = Dialect(
    (),
    (),
    request_inf_2003.inf,
    _without_hash_and_name,
    names_keys=False,
    cng=False,
    pool_accounts="An application pool of IIS 6.0 has no account of its own: name the identity that it runs as, mostly "
    "NETWORK SERVICE.",
)
