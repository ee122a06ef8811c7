# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which site names a list of names and shell patterns means. Pure."""

from __future__ import annotations

import dataclasses
import fnmatch
from collections.abc import Collection, Sequence


@dataclasses.dataclass(frozen=True)
class Match:
    """``names`` are all that were found, in the order in which IIS has them; ``named`` those given by their very name.

    ``unknown`` are names, and ``unused`` patterns, that found nothing; ``shut`` are patterns, each with what it found,
    that found sites only which no pattern is to find.
    """

    names: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    shut: tuple[tuple[str, tuple[str, ...]], ...] = ()


def is_pattern(text: str) -> bool:
    """Whether it holds ``*``, ``?`` or ``[``. IIS allows only the bracket in a name."""
    return any(mark in text for mark in "*?[")


def matched(sites: Sequence[str], wanted: Sequence[str], never: Collection[str]) -> Match:
    """What ``wanted`` means among ``sites``; a pattern never finds a site named in ``never``.

    Case does not count, as in IIS. The very name of a site means that site, whatever marks it holds.
    """
    excluded = {each.casefold() for each in never}
    named: set[str] = set()
    found: set[str] = set()
    unknown: list[str] = []
    unused: list[str] = []
    shut: list[tuple[str, tuple[str, ...]]] = []
    for each in wanted:
        own = {site for site in sites if site.casefold() == each.casefold()}
        if own:
            named |= own
        elif not is_pattern(each):
            unknown.append(each)
        else:
            fitting = tuple(site for site in sites if _fits(site, each))
            hits = {site for site in fitting if site.casefold() not in excluded}
            found |= hits
            if fitting and not hits:
                shut.append((each, fitting))
            unused += [] if fitting else [each]
    names = tuple(site for site in sites if site in named | found)
    return Match(names, frozenset(named), tuple(unknown), tuple(unused), tuple(shut))


def _fits(site: str, pattern: str) -> bool:
    # lower(), not casefold(): it keeps the number of characters, which "?" counts.
    return fnmatch.fnmatchcase(site.lower(), pattern.lower())
