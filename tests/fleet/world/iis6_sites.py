# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sites as the metabase of IIS 6.0 has them: name, bindings, what two started ones cannot share."""

from __future__ import annotations

import dataclasses
import re
from typing import Any

from .metabase import Data, Metabase

BINDINGS = {"SecureBindings": "https", "ServerBindings": "http"}


@dataclasses.dataclass(frozen=True)
class Site:
    number: int
    comment: str
    secure: tuple[str, ...]
    plain: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"W3SVC/{self.number}"

    @property
    def selector(self) -> str:
        return f"metabase={self.path}"

    @property
    def endpoints(self) -> list[tuple[str, int]]:
        """Address (empty is any) and port of each SecureBinding; one that is none (``*:443:``) is passed over."""
        found = (re.fullmatch(r"([0-9.]*):([0-9]+):(.*)", text) for text in self.secure)
        return [(each[1], int(each[2])) for each in found if each]

    @property
    def mixed(self) -> bool:
        """Whether it has an address and port for HTTP and for SSL: http.sys refuses the second of them."""
        found = (re.fullmatch(r"([0-9.]*):([0-9]+):(.*)", text) for text in self.plain)
        return not {(each[1], int(each[2])) for each in found if each}.isdisjoint(self.endpoints)

    @property
    def claims(self) -> set[tuple[bool, str]]:
        """What two started sites cannot both have."""
        return {(True, text.lower()) for text in self.secure} | {(False, text.lower()) for text in self.plain}


def sites(metabase: Metabase) -> list[Site]:
    nodes = metabase.node("W3SVC").nodes.values()
    numbers = sorted(int(node.name) for node in nodes if node.kind == "IIsWebServer")
    return [site_of(metabase, number) for number in numbers]


def site_of(metabase: Metabase, number: int) -> Site:
    path = f"W3SVC/{number}"
    comment = metabase.get(path, "ServerComment")
    secure, plain = (_texts(metabase, path, name) for name in BINDINGS)
    return Site(number, str(comment[0]) if comment else "", secure, plain)


def _texts(metabase: Metabase, path: str, name: str) -> tuple[str, ...]:
    found = metabase.get(path, name)
    return found[0] if found and isinstance(found[0], tuple) else ()


def shown_names(found: list[Site]) -> dict[int, str]:
    """By number: ServerComment; where several sites have the same one, or none, with the path."""
    comments = [site.comment for site in found]
    twice = {site.number: f"{site.comment} ({site.path})" for site in found if comments.count(site.comment) > 1}
    return {site.number: site.path if not site.comment else twice.get(site.number, site.comment) for site in found}


def configured(entry: dict[str, Any]) -> dict[str, Data]:
    """The properties of a scenario's site, in the form of one of IIS 7: ``*:443:`` becomes ``:443:``."""
    bindings = entry.get("bindings", [])
    if not entry.get("loaded", True) or any(each.get("ssl_flags") or each.get("record") for each in bindings):
        raise ValueError("IIS 6.0 has neither sslFlags nor http.sys records, and no site that is not loaded")
    values: dict[str, Data] = {"ServerAutoStart": entry.get("state", "started") == "started"}
    if entry["name"]:
        values["ServerComment"] = entry["name"]
    for name, protocol in BINDINGS.items():
        texts = [each["information"] for each in bindings if each.get("protocol", "https") == protocol]
        if texts:
            values[name] = tuple(text.removeprefix("*") for text in texts)
    return values
