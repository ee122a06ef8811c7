# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A host's whole TLS state in one round. It changes nothing: a run is a dry run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from .._model.plan import Controller, Plan
from .._model.snapshot import Query, Snapshot
from ._info_certificates import certificates, roots
from ._info_problems import found
from ._info_web import consumers, host_facts, records, sites

# What one word of ``gather`` reads.
_READS = {
    "web": Query.WEB,
    "certificates": Query.PERSONAL,
    "stores": Query.STORES,
    "consumers": Query.CONSUMERS,
}

ARGUMENTS: dict[str, Any] = {
    "gather": {"type": "list", "elements": "str", "choices": ["all", *_READS], "default": ["all"]},
    "timeout": {"type": "int", "default": 300},
}
RULES: dict[str, Any] = {}


@dataclasses.dataclass(frozen=True)
class TlsInfo:
    """``wanted`` is what is read besides the facts of the host."""

    name: ClassVar[str] = "tls_info"
    repairs: ClassVar[bool] = False  # what a cut off run left is told, and stays
    wanted: frozenset[Query]

    @classmethod
    def from_arguments(cls, arguments: Mapping[str, Any], controller: Controller) -> TlsInfo:  # noqa: ARG003
        words = set(map(str, arguments["gather"]))
        return cls(frozenset(query for word, query in _READS.items() if words & {word, "all"}))

    def queries(self) -> frozenset[Query]:
        return self.wanted

    def plan(self, snapshot: Snapshot) -> Plan:
        problems = found(snapshot)
        return Plan(
            self.name,
            snapshot,
            result={
                "host": host_facts(snapshot),
                **self._gathered(snapshot),
                "problems": [each.result() for each in problems],
            },
            findings=tuple(dict.fromkeys(each.text for each in problems)),
        )

    def _gathered(self, snapshot: Snapshot) -> dict[str, Any]:
        """Only what was read: an empty list says that there is none."""
        parts: dict[str, Any] = {}
        if snapshot.web is not None:
            parts |= {"sites": sites(snapshot), "records": records(snapshot)}
        if snapshot.personal is not None or snapshot.stores is not None:
            parts["certificates"] = certificates(snapshot)
        if snapshot.stores is not None:
            parts["roots"] = roots(snapshot)
        if snapshot.consumers is not None:
            parts["consumers"] = [dataclasses.asdict(each) for each in consumers(snapshot)]
            parts["certificate_rebind"] = snapshot.consumers.certificate_rebind
        return parts
