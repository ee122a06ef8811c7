# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Who may read the key of a restored certificate: as the user named them, on this host. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from .._errors import TlsOpsError
from .._model.change import Change
from .._model.snapshot import Snapshot
from .._windows.access import is_sid
from .._windows.dialect import dialect_of
from .._windows.personal import MY, WEB_HOSTING, with_key
from .._windows.versions import key_stores
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from ._key_access import Wanted


def checked_accounts(given: Sequence[str]) -> tuple[str, ...]:
    """Names and SIDs, each once. Raises TlsOpsError for what is neither."""
    accounts = tuple(dict.fromkeys(_spelt(str(each).strip()) for each in given))
    wrong = [each for each in accounts if not each or (each.startswith("S-1-") and not is_sid(each))]
    if wrong:
        raise TlsOpsError(f"key_access holds {wrong[0]!r}, which is neither an account's name nor a SID.")
    return accounts


def wanted_access(snapshot: Snapshot, accounts: Sequence[str], like: str) -> Wanted:
    """Raises TlsOpsError where an account or a certificate is named that this host does not know."""
    sids = {each: each if is_sid(each) else snapshot.accounts.get(each, "") for each in accounts}
    unknown = [repr(each) for each, sid in sids.items() if not sid]
    if unknown:
        raise TlsOpsError(
            f"this host knows no account {', '.join(unknown)}.",
            hint="Names differ with the language of Windows; a SID is the same everywhere, such as S-1-5-20 for "
            f"NETWORK SERVICE. {dialect_of(snapshot.host).pool_accounts}",
        )
    return Wanted(tuple(dict.fromkeys(sids.values())), _list_of(like, snapshot) if like else "")


def access_of_new(leaf: Certificate, store: str, wanted: Wanted) -> tuple[Change, ...]:
    """Who may read a key that this plan makes; what is done to it goes back together with the key."""
    if not wanted.anything:
        return ()
    return (
        Change(
            what=f"set who may read the key of {labels([leaf])}",
            where=rf"key of {store}\{leaf.thumbprint}",
            before="",
            after=wanted.lines(),
            operations=(wanted.operation(store, leaf.thumbprint),),
        ),
    )


def _list_of(thumbprint: str, snapshot: Snapshot) -> str:
    own = with_key(snapshot.personal or (), (MY, WEB_HOSTING))
    named = [one for one in own if one.certificate.thumbprint == thumbprint]
    if not named:
        there = labels([one.certificate for one in own][:10])
        stores = " or ".join(key_stores(snapshot.host.os_version))
        raise TlsOpsError(
            f"key_access_like: there is no certificate {thumbprint} with a private key in {stores}.",
            hint=f"With a private key there are: {there}.",
        )
    access = next((one.access for one in named if one.access), "")
    if not access:
        raise TlsOpsError(
            f"key_access_like: who may read the key of {thumbprint} could not be read on this host.",
            hint="Name the accounts by key_access.",
        )
    return access


def _spelt(account: str) -> str:
    return account.upper() if account.upper().startswith("S-1-") else account
