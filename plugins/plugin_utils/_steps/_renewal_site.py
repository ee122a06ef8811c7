# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The renewal site's own endpoint: what certificate_install binds on request."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Collection, Iterable

from .._batch.operation import Answer
from .._errors import NoMatch, TlsOpsError
from .._model.change import Change
from .._model.place import Place, tls_places
from .._model.plan import Outcome, Proof, Verdict
from .._model.web import Endpoint, Site, WebServer
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from .._x509.names import covers
from ._endpoint_proof import Expected, endpoint_proof, unseen

_NO_IIS = (
    "IIS is not installed on this server, so it has no sites: is it the right host? Without a site, "
    "certificate_install puts a certificate into its store."
)


@dataclasses.dataclass(frozen=True)
class Bound:
    """How the site's endpoints come to hold the certificate; nothing in it where they do already."""

    web: WebServer | None  # as it will be; None where it was not asked for
    endpoints: tuple[Endpoint, ...] = ()  # as they will be
    changes: tuple[Change, ...] = ()
    proofs: tuple[Proof, ...] = ()


def find_site(web: WebServer, name: str) -> Site:
    """IIS compares site names without case. Raises NoMatch naming the sites that exist."""
    for site in web.sites:
        if site.name.casefold() == name.casefold():
            return site
    raise NoMatch(
        f"there is no web site '{name}'; there are: {site_names(web)}.",
        hint="Name it as IIS Manager shows it." if web.sites or web.version else _NO_IIS,
    )


def site_names(web: WebServer) -> str:
    """The sites that exist, as a person would list them."""
    return ", ".join(f"'{site.name}'" for site in web.sites) or "none"


def uncovered(
    web: WebServer, certificate: Certificate, site: Site, ports: Collection[int] | None = None
) -> tuple[str, ...]:
    """Host names of the site's https bindings that the certificate does not cover.

    With ``ports`` only of those that get it where it is bound on these: on IIS 6.0 that is every binding of the site. A
    binding that takes its certificate from the central certificate store needs no other.
    """
    bound_there = None if ports is None else _places_of(web, site, ports)
    central = [each for each in web.endpoints if each.owner == "central_store"]
    hosts = [
        place.host
        for binding, place in tls_places(site)
        if (bound_there is None or place in bound_there) and not any(web.meets(site, binding, each) for each in central)
    ]
    return tuple(host for host in dict.fromkeys(hosts) if host and not covers(certificate, host))


def _places_of(web: WebServer, site: Site, ports: Collection[int]) -> set[Place]:
    """What the site serves with the certificate that is bound on these ports."""
    found = [each for port in ports for each in web.endpoints_on(site, port)]
    for port in ports:
        with contextlib.suppress(TlsOpsError):  # whoever binds there says why it cannot
            found.append(web.attachment(site, port))
    https = tls_places(site)
    met = {place for binding, place in https if any(web.meets(site, binding, each) for each in found)}
    return met | {place for _binding, place in https if place.port in ports}


def site_problems(
    web: WebServer, names: Iterable[str], certificate: Certificate, ports: Collection[int] | None = None
) -> list[str]:
    """What speaks against the certificate at these sites: one that is not there, a host name that is not covered."""
    problems: list[str] = []
    for name in names:
        try:
            missing = uncovered(web, certificate, find_site(web, name), ports)
        except TlsOpsError as error:
            problems.append(as_problem(error))
        else:
            if missing:
                problems.append(f"it does not cover {', '.join(missing)} of the site '{name}'")
    return problems


def as_problem(error: TlsOpsError) -> str:
    """An error as one problem among several; the same error is the same text wherever it is met."""
    return f"{error.message} {error.hint}".strip().rstrip(".")


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the endpoints are to hold. Without ``looks`` nobody looks at what they send: the site is stopped next."""

    certificate: Certificate
    store: str
    looks: bool = True


def bound(web: WebServer, site: Site, port: int, wanted: Wanted) -> Bound:
    """The certificate at every endpoint of the site on the port; a new endpoint where there is none.

    Raises TlsOpsError where another site's certificate would change with it: one endpoint is one certificate.
    """
    own = web.endpoints_on(site, port)
    if not own:
        return _attached(web, site, port, wanted)
    for endpoint in own:
        _refuse_shared(endpoint, site)
    result = Bound(web)
    for endpoint in own:
        one = _replaced(result.web or web, endpoint, wanted)
        result = Bound(
            one.web,
            (*result.endpoints, *one.endpoints),
            (*result.changes, *one.changes),
            (*result.proofs, *one.proofs),
        )
    return result


def _refuse_shared(endpoint: Endpoint, site: Site) -> None:
    if endpoint.owner == "central_store":
        raise TlsOpsError(
            f"{endpoint.selector} takes its certificate from the central certificate store.",
            hint="Replace the file on the share, or name another port.",
        )
    others = [f"'{name}'" for name in endpoint.sites if name != site.name]
    if others:
        raise TlsOpsError(
            f"{endpoint.selector} also serves {', '.join(others)}: binding the renewal site '{site.name}' there would "
            "swap the certificate of those sites too.",
            hint="Name another port, give the renewal site an address of its own, or leave bind off.",
        )


def _replaced(web: WebServer, endpoint: Endpoint, wanted: Wanted) -> Bound:
    certificate, store = wanted.certificate, wanted.store
    after = dataclasses.replace(endpoint, thumbprint=certificate.thumbprint, store=store, inherited_from="")
    if endpoint.thumbprint.upper() == certificate.thumbprint and endpoint.store.casefold() == store.casefold():
        return Bound(web, (endpoint,), proofs=(_proof(web, endpoint, wanted),))
    change = Change(
        what=f"bind {labels([certificate])} at {endpoint.selector}",
        where=endpoint.selector,
        before=_shown(endpoint),
        after=_shown(after),
        operations=web.replace(endpoint, certificate.thumbprint, store),
        closing=web.settle(endpoint),
    )
    web = web.with_endpoint(after)
    return Bound(web, (after,), (change,), (_proof(web, after, wanted),))


def _attached(web: WebServer, site: Site, port: int, wanted: Wanted) -> Bound:
    certificate, store = wanted.certificate, wanted.store
    there = web.attachment(site, port)
    after = dataclasses.replace(
        there, sites=(site.name,), owner="iis", thumbprint=certificate.thumbprint, store=store, inherited_from=""
    )
    change = Change(
        what=f"bind {labels([certificate])} to the site '{site.name}' on port {port}",
        where=after.selector,
        before=_shown(there),
        after=f"{_shown(after)}\nhttps binding on port {port} of the site '{site.name}'",
        operations=web.attach(site, port, certificate.thumbprint, store),
        closing=web.settle(there),
    )
    web = web.with_endpoint(after)
    return Bound(web, (after,), (change,), (_proof(web, after, wanted),))


def _proof(web: WebServer, after: Endpoint, wanted: Wanted) -> Proof:
    """What it holds; where a listener that runs may go on with what it had, what that sends as well."""
    if wanted.looks and web.refresh(after):
        with contextlib.suppress(TlsOpsError):  # where http.sys does not listen for it nobody can look
            return _served(web, after, wanted.certificate)
    return _held(web, after)


def _served(web: WebServer, after: Endpoint, certificate: Certificate) -> Proof:
    """Of a renewal site only the leaf counts, and that nobody reaches it fails nothing: Steps 2 and 3 do not need it.

    Raises TlsOpsError where http.sys does not listen for it.
    """
    expected = Expected((certificate,), leaf_only=True)
    proof = endpoint_proof(web, after, expected, (), because=unseen(web, after))
    return dataclasses.replace(proof, before="what it had before")


def _held(web: WebServer, wanted: Endpoint) -> Proof:
    return Proof(
        name=f"binding {wanted.selector}",
        what=f"the certificate at {wanted.selector}",
        operations=(web.read_back(wanted),),
        judge=lambda answers: _judged(web, wanted, answers[0]),
    )


def _judged(web: WebServer, wanted: Endpoint, answer: Answer) -> Verdict:
    if not answer.ok:
        return Verdict(Outcome.NOT_PROVEN, f"the endpoint could not be read: {answer.describe()}")
    seen = web.understood(wanted, answer.payload)
    if seen is None or not seen.thumbprint:
        return Verdict(Outcome.MISSED, "no certificate is bound there")
    same = seen.thumbprint.upper() == wanted.thumbprint and seen.store.casefold() == wanted.store.casefold()
    return Verdict(Outcome.PROVEN if same else Outcome.MISSED, _shown(seen))


def _shown(endpoint: Endpoint) -> str:
    if not endpoint.thumbprint:
        return ""
    inherited = f", inherited from {endpoint.inherited_from}" if endpoint.inherited_from else ""
    return f"certificate {endpoint.thumbprint} from {endpoint.store}{inherited}"
