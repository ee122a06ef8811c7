# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What round 1 asks of IIS 6.0, and the web server that its answers show.

Nothing of it is done from Windows Vista and Server 2008 on. There a program that opens the metabase starts the mapper
of IIS 6 compatibility, which binds certificates that it has kept (IIS support blog, "SSL Bindings are randomly getting
deleted for a website"): a look would change the host.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..._batch.operation import Answer, Operation
from ..._batch.operations import adsi_read, service
from ..._errors import TlsOpsError
from ..._model.consumers import Consumer
from ..._model.web import Site, WebServer
from . import sha2, sites6, unchanged
from .iis6 import METABASE_SERVICE, TLS_SERVICE, Iis6
from .metabase import CERTIFICATE, SERVICE, SITE_CLASS, SITE_PROPERTIES, Nodes, nodes
from .problem import Problem
from .services import runs, state

_BEFORE_OS = 6
# IIS 6.0 SDK: the other services whose virtual servers have a certificate, and the class of these.
_MAIL = {"SMTP": ("SMTPSVC", "IIsSmtpServer"), "NNTP": ("NNTPSVC", "IIsNntpServer")}
_ABOVE_SITES = "IIS, for web sites without a certificate of their own"
_NO_SHA2 = (
    "Whether this server can use certificates that are signed with SHA-2 (KB968730) could not be found out: the "
    "handshake after a swap shows it."
)


def operations() -> tuple[Operation, ...]:
    """What to ask; ``parse`` reads the answers in this order. An error is data.

    The services come last: Windows starts that of the metabase where it is asked for something and does not run.
    """
    asked = (
        adsi_read(SERVICE, *SITE_PROPERTIES, children=SITE_CLASS),
        *(adsi_read(path, CERTIFICATE, children=name) for path, name in _MAIL.values()),
        sha2.query(),
        service(METABASE_SERVICE, "query"),
        service(TLS_SERVICE, "query"),
    )
    return tuple(dataclasses.replace(each, before_os=_BEFORE_OS) for each in asked)


def parse(answers: Sequence[Answer], w3svc: Answer, listen_only: tuple[str, ...]) -> WebServer:
    """``w3svc`` is the answer about that service. What is wrong is raised when a step asks for the sites."""
    web, *mail, sample, iisadmin, httpfilter = answers
    try:
        asked = zip((METABASE_SERVICE, TLS_SERVICE, SERVICE), (iisadmin, httpfilter, w3svc), strict=True)
        services = {name: own for name, each in asked if (own := state(each))}
        found = _read(web)
        sites = sites6.sites(found, running=runs(SERVICE, services))
        checks = unchanged.metabase(operations()[0], web)
        server = Iis6(sites, found, services=services, listen_only=listen_only, unchanged=checks)
        _checked = server.endpoints
    except TlsOpsError as error:
        return Iis6(problem=Problem(error.message, error.hint))
    consumers, unreadable = _consumers(found, mail)
    takes_sha2 = sha2.usable(sample)
    told = [*_unreadable(sites), *unreadable, *([_NO_SHA2] if takes_sha2 is None else [])]
    return dataclasses.replace(server, consumers=consumers, unreadable=tuple(told), takes_sha2=takes_sha2)


def _read(answer: Answer) -> Nodes:
    """Nothing where the World Wide Web service is not installed. Raises TlsOpsError."""
    if answer.missing:
        return {}
    if not answer.ok:
        raise TlsOpsError(
            f"the metabase of IIS 6.0 cannot be read: {answer.describe()}.",
            hint="The service IIS Admin (IISADMIN) has to run, and the account needs administrator rights.",
        )
    return nodes(answer.payload)


def _unreadable(sites: Sequence[Site]) -> list[str]:
    return [sentence for site in sites for sentence in sites6.unreadable(site)]


def _consumers(web: Nodes, mail: Sequence[Answer]) -> tuple[tuple[Consumer, ...], list[str]]:
    """What else in the metabase names a certificate, and sentences about what could not be read."""
    consumers = [each for each in sites6.consumers(_ABOVE_SITES, {SERVICE: web.get(SERVICE, {})}) if each.thumbprint]
    unreadable: list[str] = []
    for (program, (path, _class)), answer in zip(_MAIL.items(), mail, strict=True):
        try:
            named = list(sites6.consumers(program, _read(answer)))
        except TlsOpsError as error:
            unreadable.append(f"The certificates of {program} (metabase, {path}) are not known: {error.message}")
            continue
        consumers += [each for each in named if each.thumbprint]
        unreadable += [f"{each.place} is not understood." for each in named if not each.thumbprint]
    return tuple(consumers), unreadable
