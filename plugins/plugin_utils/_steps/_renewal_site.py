# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The renewal site's own endpoint: what certificate_install binds on request."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable

from .._batch.operation import Answer
from .._errors import NoMatch, TlsOpsError
from .._model.plan import Change, Outcome, Proof, Verdict
from .._model.web import Endpoint, Site, WebServer
from .._windows.iis.bindings import CENTRAL_STORE, tls_places
from .._x509.certificate import Certificate
from .._x509.leaf import labels
from .._x509.names import covers

_ANY = ("0.0.0.0", "[::]", "::")


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
        f"there is no web site '{name}'; there are: {site_names(web)}.", hint="Name it as IIS Manager shows it."
    )


def site_names(web: WebServer) -> str:
    """The sites that exist, as a person would list them."""
    return ", ".join(f"'{site.name}'" for site in web.sites) or "none"


def uncovered(certificate: Certificate, site: Site, ports: Collection[int] | None = None) -> tuple[str, ...]:
    """Host names of the site's https bindings (on ``ports``, if given) that the certificate does not cover.

    A binding that takes its certificate from the central certificate store needs no other.
    """
    own = [place for binding, place in tls_places(site) if not binding.ssl_flags & CENTRAL_STORE]
    hosts = [place.host for place in own if ports is None or place.port in ports]
    return tuple(host for host in dict.fromkeys(hosts) if host and not covers(certificate, host))


def site_problems(
    web: WebServer, names: Iterable[str], certificate: Certificate, ports: Collection[int] | None = None
) -> list[str]:
    """What speaks against the certificate at these sites: one that is not there, a host name that is not covered."""
    problems: list[str] = []
    for name in names:
        try:
            missing = uncovered(certificate, find_site(web, name), ports)
        except TlsOpsError as error:
            problems.append(as_problem(error))
        else:
            if missing:
                problems.append(f"it does not cover {', '.join(missing)} of the site '{name}'")
    return problems


def as_problem(error: TlsOpsError) -> str:
    """An error as one problem among several; the same error is the same text wherever it is met."""
    return f"{error.message} {error.hint}".strip().rstrip(".")


def bound(web: WebServer, site: Site, port: int, certificate: Certificate, store: str) -> Bound:
    """The certificate at every endpoint of the site on the port; a new endpoint where there is none.

    Raises TlsOpsError where another site's certificate would change with it: one http.sys record is one certificate.
    """
    own = [each for each in web.endpoints if each.port == port and site.name in each.sites]
    for endpoint in own or _in_the_way(web, port):
        _refuse_shared(endpoint, site)
    if not own:
        return _attached(web, site, port, certificate, store)
    result = Bound(web)
    for endpoint in own:
        one = _replaced(result.web or web, endpoint, certificate, store)
        result = Bound(
            one.web,
            (*result.endpoints, *one.endpoints),
            (*result.changes, *one.changes),
            (*result.proofs, *one.proofs),
        )
    return result


def _in_the_way(web: WebServer, port: int) -> list[Endpoint]:
    """What a new binding on every address of the port would share with others."""
    on_port = [each for each in web.endpoints if each.port == port and each.address in _ANY]
    return [each for each in on_port if not each.host and each.owner != "central_store"]


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


def _replaced(web: WebServer, endpoint: Endpoint, certificate: Certificate, store: str) -> Bound:
    after = dataclasses.replace(endpoint, thumbprint=certificate.thumbprint, store=store)
    if endpoint.thumbprint.upper() == certificate.thumbprint and endpoint.store.casefold() == store.casefold():
        return Bound(web, (endpoint,), proofs=(_proof(web, endpoint),))
    change = Change(
        what=f"bind {labels([certificate])} at {endpoint.selector}",
        where=endpoint.selector,
        before=_shown(endpoint),
        after=_shown(after),
        operations=web.replace(endpoint, certificate.thumbprint, store),
        closing=web.settle(endpoint),
    )
    return Bound(web.with_endpoint(after), (after,), (change,), (_proof(web, after),))


def _attached(web: WebServer, site: Site, port: int, certificate: Certificate, store: str) -> Bound:
    new = Endpoint(f"ipport=0.0.0.0:{port}", "0.0.0.0", port, "", (site.name,), "iis")
    there = next((each for each in web.endpoints if each.selector == new.selector), None)  # a record without a site
    after = dataclasses.replace(
        there or new, sites=new.sites, owner=new.owner, thumbprint=certificate.thumbprint, store=store
    )
    change = Change(
        what=f"bind {labels([certificate])} to the site '{site.name}' on port {port}",
        where=after.selector,
        before=_shown(there) if there else "",
        after=f"{_shown(after)}\nhttps binding *:{port}: of the site '{site.name}'",
        operations=web.attach(site, port, certificate.thumbprint, store),
        closing=web.settle(there) if there else (),
    )
    return Bound(web.with_endpoint(after), (after,), (change,), (_proof(web, after),))


def _proof(web: WebServer, wanted: Endpoint) -> Proof:
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
    return f"certificate {endpoint.thumbprint} from {endpoint.store}" if endpoint.thumbprint else ""
