# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What round 1 asks of a host's web server, and the web server that its answers show."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ..._batch.operation import Answer, Operation
from ..._batch.operations import file_read, reg_read, service
from ..._batch.payload import RegistryValue, registry
from ..._errors import TlsOpsError
from ..._model.host import HostInfo
from ..._model.web import Site, WebServer
from .. import httpsys, netsh
from . import bindings, read6, shared, site_states, unchanged
from .configured import Configured, configured
from .endpoints import endpoints
from .iis7 import SERVICES, Iis7
from .problem import Problem
from .services import runs, state
from .xml_reader import elements

INETSTP = r"HKLM\SOFTWARE\Microsoft\InetStp"
REDIRECTION = r"%SystemRoot%\System32\inetsrv\config\redirection.config"

_UNREADABLE = "The account needs administrator rights, and no other program may hold the file."
_SUPPORTED = "Supported are IIS 6.0 (Windows Server 2003) to IIS 10."


def operations() -> tuple[Operation, ...]:
    """What to ask; ``parse`` reads the answers in this order. An error is data."""
    return (
        *(reg_read(key) for key in httpsys.KEYS.values()),
        reg_read(httpsys.PARAMETERS, depth=0, value="ListenOnlyList"),
        reg_read(INETSTP, depth=0),
        file_read(bindings.CONFIG),
        file_read(REDIRECTION),
        site_states.query(),
        *(service(name, "query") for name in SERVICES),
        *netsh.probes(),
        *read6.operations(),
    )


def parse(answers: Sequence[Answer], host: HostInfo) -> WebServer:
    """The host's web server. What is wrong with it is raised when a step asks for its sites or endpoints.

    Which one it is says the version in the registry; each leaves aside what was asked for the other.
    """
    older = len(answers) - len(read6.operations())
    try:
        return _parse(answers[:older], answers[older:], host.ui_language)
    except TlsOpsError as error:
        return Iis7(problem=Problem(error.message, error.hint))


@dataclasses.dataclass(frozen=True)
class _Configuration:
    """``unreadable``: sentences about what is not known of it."""

    sites: tuple[Site, ...] = ()
    named: Configured = dataclasses.field(default_factory=Configured)
    unreadable: tuple[str, ...] = ()
    shared: bool = False


def _parse(answers: Sequence[Answer], of_iis6: Sequence[Answer], language: str) -> WebServer:
    *_records, listen, version, _config, _redirection, _states, _was, w3svc, _update, _switches = answers
    product = _subtree(version, INETSTP).get("", {})
    major = _major(product)
    if product and major < 6:
        raise TlsOpsError(f"this is IIS {_version(product) or major}, which is not supported.", hint=_SUPPORTED)
    if major == 6:
        listening = _listen_only(_subtree(listen, httpsys.PARAMETERS))
        return read6.parse(of_iis6, w3svc, listening)
    return _iis7(answers, product, language)


def _iis7(answers: Sequence[Answer], product: dict[str, RegistryValue], language: str) -> Iis7:
    *records, listen, _product, config, redirection, states, was, w3svc, update, switches = answers
    found: dict[httpsys.Selector, httpsys.Record] = {}
    digests: dict[tuple[str, str, int], str] = {}
    for kind, answer in zip(httpsys.KEYS, records, strict=True):
        subtree = _subtree(answer, httpsys.KEYS[kind])
        found |= httpsys.records(kind, subtree)
        digests |= httpsys.digests(kind, subtree)
    services = {name: own for name, each in zip(SERVICES, (was, w3svc), strict=True) if (own := state(each))}
    if _shared(product, redirection):
        found_sites, unreadable = shared.sites(states, language, found)
        configuration = _Configuration(found_sites, unreadable=unreadable, shared=True)
    else:
        configuration = _local(product, config)
    running = all(runs(name, services) for name in SERVICES)

    def listed(answer: Answer) -> tuple[Site, ...]:
        known = shared.sites(answer, language, found)[0] if configuration.shared else configuration.sites
        return _with_states(known, answer)

    sites = listed(states) if running else _with_states(configuration.sites, None)
    checks = unchanged.states(states, listed) if running else ()
    return Iis7(
        known_sites=sites,
        known_endpoints=endpoints(found, sites),
        listen_only=_listen_only(_subtree(listen, httpsys.PARAMETERS)),
        netsh=netsh.Netsh.probed((update, switches)),
        services=services,
        digests=digests,
        version=_version(product),
        metabase_certificates=configuration.named.metabase,
        consumers=configuration.named.consumers,
        unreadable=configuration.unreadable,
        shared=configuration.shared,
        lacks_appcmd=bool(product) and states.missing,
        unchanged=checks if configuration.shared or not product else (*unchanged.configuration(config), *checks),
    )


def _subtree(answer: Answer, key: str) -> dict[str, dict[str, RegistryValue]]:
    """Empty where the key is missing; raises TlsOpsError where it cannot be read."""
    if answer.missing:
        return {}
    if not answer.ok:
        raise TlsOpsError(f"{key} cannot be read: {answer.describe()}.", hint=_UNREADABLE)
    return registry(answer.payload)


def _shared(product: dict[str, RegistryValue], redirection: Answer) -> bool:
    """Raises TlsOpsError where redirection.config cannot be read."""
    return bool(product) and _redirected(redirection)


def _local(product: dict[str, RegistryValue], config: Answer) -> _Configuration:
    """Nothing at all where IIS is not installed; raises TlsOpsError where the sites cannot be known."""
    if not product:
        return _Configuration()
    if not config.ok:
        raise TlsOpsError(f"{bindings.CONFIG} cannot be read: {config.describe()}.", hint=_UNREADABLE)
    root = elements(config.payload, "applicationHost.config")
    named = configured(root)
    return _Configuration(
        bindings.sites(root), named, tuple(f"{place} is not understood." for place in named.unreadable)
    )


def _major(product: dict[str, RegistryValue]) -> int:
    value = product.get("MajorVersion")
    return value.number if value else 0


def _version(product: dict[str, RegistryValue]) -> str:
    return f"{_major(product)}.{product['MinorVersion'].number}" if "MinorVersion" in product else ""


def _redirected(answer: Answer) -> bool:
    """IIS docs, configurationRedirection: the file is there on every server, its switch says whether it counts."""
    if answer.missing:
        return False
    if not answer.ok:
        raise TlsOpsError(f"{REDIRECTION} cannot be read: {answer.describe()}.", hint=_UNREADABLE)
    root = elements(answer.payload, "redirection.config")
    return any(each.get("enabled", "").lower() == "true" for each in root.iter("configurationRedirection"))


def _with_states(sites: tuple[Site, ...], answer: Answer | None) -> tuple[Site, ...]:
    """``answer`` is None where the services do not run: nothing is started then, whatever appcmd says."""
    if answer is None:
        return tuple(dataclasses.replace(site, state="stopped") for site in sites)
    states = site_states.states(answer)
    return tuple(dataclasses.replace(site, state=states.get(site.identifier, "unknown")) for site in sites)


def _listen_only(keys: dict[str, dict[str, RegistryValue]]) -> tuple[str, ...]:
    value = keys.get("", {}).get("ListenOnlyList")
    return tuple(text for text in value.texts if text) if value else ()
