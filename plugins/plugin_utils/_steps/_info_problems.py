# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``tls_info`` finds wrong on a host. Pure."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from .._model.snapshot import Snapshot
from .._model.stores import PersonalCertificate
from .._model.web import Endpoint
from .._windows.clock import CLOCK_SECONDS, outside
from .._windows.personal import MY, WEB_HOSTING
from .._x509.certificate import Certificate
from .._x509.chain import Trust
from .._x509.names import covers
from ._info_certificates import unreadable, usable
from ._info_web import consumers, names_by_record, owner
from ._roots import conflicts, endpoints_of, in_use, known_cases, web_problem
from ._traps import findings


@dataclasses.dataclass(frozen=True)
class Problem:
    """``kind`` never changes; ``where`` names a place: a record, a registry key; empty where there is none."""

    kind: str
    text: str
    where: str = ""
    thumbprint: str = ""

    def result(self) -> dict[str, str]:
        return dataclasses.asdict(self)


def found(snapshot: Snapshot) -> tuple[Problem, ...]:
    """Every problem that what was read shows; of what was not read nothing is said."""
    return (
        *_clock(snapshot),
        *_not_read(snapshot),
        *_left_behind(snapshot),
        *_no_sha2(snapshot),
        *_bindings(snapshot),
        *_dates(snapshot),
        *_chains(snapshot),
        *(Problem(kind, text) for kind, text in findings(snapshot)),
    )


def _clock(snapshot: Snapshot) -> Iterator[Problem]:
    seconds = outside(snapshot)
    if abs(seconds) > CLOCK_SECONDS:
        side = "ahead of" if seconds > 0 else "behind"
        yield Problem(
            "clock",
            f"The server's clock is {abs(seconds):.0f} seconds {side} the controller's: dates of certificates are "
            "judged by a clock that may be wrong, and Kerberos refuses more than 300.",
        )


def _not_read(snapshot: Snapshot) -> Iterator[Problem]:
    problem = web_problem(snapshot)
    if problem:
        yield Problem("web_unreadable", f"{problem} So sites and bindings are not known.")
    for key in snapshot.stores.unreadable if snapshot.stores is not None else ():
        yield Problem("unreadable", f"{key} holds no certificate that can be read.", key)
    for each in (*snapshot.left_out, *unreadable(snapshot)):
        store, _space, thumbprint = each.partition(" ")
        text = f"The certificate {thumbprint} in {store} holds a field that cannot be read: it is left out."
        yield Problem("unreadable", text, store, thumbprint)


def _left_behind(snapshot: Snapshot) -> Iterator[Problem]:
    """What only a later run of another step settles: this one changes nothing."""
    for name in sorted(snapshot.journal.endpoints):
        yield Problem(
            "unfinished",
            f"A run that was cut off may have left {name} without its certificate, or stopped: renewal or "
            "site_certificate for its site puts that right, or proves it.",
            name,
        )
    for thumbprint in sorted(snapshot.journal.rebind):
        yield Problem(
            "unfinished",
            f"A run that changed the root {thumbprint} was cut off before the bindings below it were bound again: "
            "trusted_root does it.",
            thumbprint=thumbprint,
        )


def _no_sha2(snapshot: Snapshot) -> Iterator[Problem]:
    if snapshot.web is not None and snapshot.web.takes_sha2 is False:
        yield Problem(
            "no_sha2",
            "This server cannot use certificates that are signed with SHA-2, as CAs issue them today: install the "
            "hotfix of KB968730 (or KB938397), then restart it.",
        )


def _bindings(snapshot: Snapshot) -> Iterator[Problem]:
    if snapshot.web is None or web_problem(snapshot):
        return
    names = names_by_record(snapshot.web)
    stored = _stored(snapshot.personal or ())
    for endpoint in endpoints_of(snapshot):
        if not endpoint.thumbprint:
            yield from _without(endpoint)
        elif snapshot.personal is not None and endpoint.store.casefold() in _READ:
            one = stored.get((endpoint.store.casefold(), endpoint.thumbprint.upper()))
            wanted = names.get(endpoint.selector, ())
            yield from _serving(endpoint, one, wanted, snapshot.host.clr_version)


_READ = frozenset((MY.casefold(), WEB_HOSTING.casefold()))


def _stored(personal: Sequence[PersonalCertificate]) -> dict[tuple[str, str], PersonalCertificate]:
    return {(one.store.casefold(), one.certificate.thumbprint): one for one in personal}


def _without(endpoint: Endpoint) -> Iterator[Problem]:
    if endpoint.owner == "iis":
        text = f"The https binding of {', '.join(endpoint.sites)} has no certificate: {endpoint.selector} holds none."
        yield Problem("no_certificate", text, endpoint.selector)


def _serving(
    endpoint: Endpoint, one: PersonalCertificate | None, names: Sequence[str], clr_version: str
) -> Iterator[Problem]:
    place, thumbprint = endpoint.selector, endpoint.thumbprint.upper()
    whose = f"{place} ({', '.join(endpoint.sites) or owner(endpoint) or 'no site'})"
    if one is None:
        text = f"{whose} names the certificate {thumbprint}, which is not in the store {endpoint.store}."
        yield Problem("certificate_missing", text, place, thumbprint)
        return
    label = f"{one.certificate.label} ({thumbprint})"
    if not one.has_private_key:
        yield Problem("no_private_key", f"{label} at {whose} has no private key.", place, thumbprint)
    elif usable(one, clr_version) is False:
        text = f"The private key of {label} at {whose} could not be opened."
        yield Problem("private_key_unusable", text, place, thumbprint)
    missing = [name for name in names if not covers(one.certificate, name)]
    if missing:
        text = f"{label} at {whose} does not cover {', '.join(missing)}."
        yield Problem("name_not_covered", text, place, thumbprint)


def _dates(snapshot: Snapshot) -> Iterator[Problem]:
    now = snapshot.host.clock
    for certificate in _used(snapshot):
        label = f"{certificate.label} ({certificate.thumbprint}), which is in use,"
        if now > certificate.not_after:
            text = f"{label} expired on {certificate.not_after:%Y-%m-%d %H:%M} UTC."
            yield Problem("expired", text, thumbprint=certificate.thumbprint)
        elif now < certificate.not_before:
            text = f"{label} is not valid before {certificate.not_before:%Y-%m-%d %H:%M} UTC."
            yield Problem("not_yet_valid", text, thumbprint=certificate.thumbprint)


def _used(snapshot: Snapshot) -> tuple[Certificate, ...]:
    """The certificates that a record or another program names, each once."""
    named = {each.thumbprint for each in consumers(snapshot)}
    others = (one.certificate for one in snapshot.personal or ())
    named_here = (each for each in others if not named.isdisjoint((each.thumbprint, each.sha256)))
    return tuple(dict.fromkeys((*in_use(snapshot), *named_here)))


def _chains(snapshot: Snapshot) -> Iterator[Problem]:
    if snapshot.stores is None:
        return
    trust = Trust(snapshot.stores, snapshot.host.clock)
    served = {each.thumbprint.upper() for each in endpoints_of(snapshot) if each.sites}
    for leaf in in_use(snapshot):
        if leaf.self_signed and leaf.thumbprint not in served:
            continue  # WMSVC makes itself one, and so do the scripts that set up WinRM: no chain is meant
        if not trust.trusted(leaf, expired_leaf=True):
            text = f"{leaf.label} ({leaf.thumbprint}) has no trusted chain: {trust.reasons(leaf, expired_leaf=True)}."
            yield Problem("no_trusted_chain", text, thumbprint=leaf.thumbprint)
    against = conflicts(snapshot)
    for conflict in against:
        yield Problem("root_conflict", conflict.reason, thumbprint=conflict.root.thumbprint)
    for text in known_cases(snapshot, (), against):
        yield Problem("cross_certificate_missing", text[:1].upper() + text[1:])
