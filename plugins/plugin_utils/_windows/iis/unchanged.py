# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The reads that stop a batch where the web sites are no longer as round 1 read them, and what differs, in words.

Other parts of a file change too, and a site that was on its way arrives: no words then, and the plan is made anew.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Sequence

from ..._batch.operation import Answer, Operation
from ..._batch.operations import file_read
from ..._batch.payload import digest
from ..._model.web import Site
from . import bindings, site_states
from .metabase import AUTO_START, NAME, STATE, STATES, Nodes, Value, Values, nodes
from .xml_reader import elements

_SHOWN = 5  # differences in one sentence
_ON_ITS_WAY = ("starting", "stopping", "unknown")  # states that change by themselves

Differences = Callable[[bytes, bytes], Iterable[str]]  # between two payloads, in words


def configuration(answer: Answer) -> tuple[Operation, ...]:
    """The check of applicationHost.config."""
    return _same(file_read(bindings.CONFIG), answer, _of_configurations)


def states(answer: Answer, sites: Callable[[Answer], Sequence[Site]]) -> tuple[Operation, ...]:
    """The check of what appcmd lists; ``sites`` are those of an answer of it, with their states."""

    def differences(before: bytes, now: bytes) -> Iterator[str]:
        then, later = (sites(Answer("ok", payload)) for payload in (before, now))
        return _of_sites(then, later)

    return _same(site_states.query(), answer, differences)


def metabase(read: Operation, answer: Answer) -> tuple[Operation, ...]:
    """The check of the metabase's sites; ``read`` is the operation of ``answer``."""
    return _same(read, answer, lambda before, now: _of_nodes(nodes(before), nodes(now)))


def _same(read: Operation, answer: Answer, differences: Differences) -> tuple[Operation, ...]:
    """The same read with the same payload expected; nothing where it failed."""
    if not answer.ok:
        return ()
    before = answer.payload

    def differs(now: bytes) -> str:
        found = list(differences(before, now))
        more = [f"and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
        what = "; ".join([*found[:_SHOWN], *more])
        return f"the web sites have changed since they were read: {what}" if what else ""

    return (dataclasses.replace(read, expect=digest(before), differs=differs),)


def _of_configurations(before: bytes, now: bytes) -> Iterator[str]:
    then, later = (bindings.sites(elements(each, "applicationHost.config")) for each in (before, now))
    return _of_sites(then, later)


def _of_sites(before: Sequence[Site], now: Sequence[Site]) -> Iterator[str]:
    earlier, later = ({site.identifier: site for site in sites} for sites in (before, now))
    yield from (f"site '{each.name}' is new" for each in now if each.identifier not in earlier)
    for then in before:
        site = later.get(then.identifier)
        if site is None:
            yield f"site '{then.name}' is no longer there"
            continue
        if site.name != then.name:
            yield f"site '{then.name}' is called '{site.name}'"
        if site.state != then.state and then.state not in _ON_ITS_WAY:
            yield f"site '{then.name}' was {then.state} and is {site.state}"
        yield from (f"site '{then.name}' no longer has the binding {each}" for each in _only(then, site))
        yield from (f"site '{then.name}' now has the binding {each}" for each in _only(site, then))


def _only(one: Site, other: Site) -> Iterator[str]:
    """The bindings that the other one does not have; each with its flags where that has it with others."""
    there, named = set(other.bindings), set(map(str, other.bindings))
    for each in one.bindings:
        if each not in there:
            yield f"{each} with sslFlags {each.ssl_flags}" if str(each) in named else str(each)


def _of_nodes(before: Nodes, now: Nodes) -> Iterator[str]:
    for path in [*before, *(each for each in now if each not in before)]:
        name = (before.get(path) or now.get(path) or {}).get(NAME)
        label = f"{path} ('{name.text}')" if name else path
        if path not in now or path not in before:
            yield f"{label} is {'new' if path in now else 'no longer there'}"
            continue
        then, later = before[path], now[path]
        passing = _passing(then)
        for each in [*then, *(one for one in later if one not in then)]:
            if then.get(each) != later.get(each) and each not in passing:
                yield f"{label}: {each} was {_shown(each, then)} and is {_shown(each, later)}"


def _passing(values: Values) -> tuple[str, ...]:
    """What IIS itself changes of a site that is on its way from one state to another (TechNet cc782812)."""
    state = values.get(STATE)
    on_its_way = state is not None and state.kind == "number" and STATES.get(state.number) in _ON_ITS_WAY
    return (STATE, AUTO_START) if on_its_way else ()


def _shown(name: str, values: Values) -> str:
    value: Value | None = values.get(name)
    if value is None:
        return "not set"
    if name == STATE and value.kind == "number":
        return STATES.get(value.number, str(value.number))
    plain = value.data.hex().upper() if value.kind == "binary" else value.data.decode("utf-8", "replace")
    return plain.replace("\0", " ") or "empty"
