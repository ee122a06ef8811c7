# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A renewal that is cut off, at every message and at every operation: the next run always ends as a clean one does.

``TLSOPS_CUTS=all`` plays every place with every effect, over Basic and NTLM; a number plays one host of that many.
Without it, a part: wherever the host has changed since the place before, cut off so that the next run has to see to it,
at every third place also so that the same run goes on. The table goes to ``build/cut-points.txt``, and is printed.
"""

from __future__ import annotations

import os
import stat

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs12

from .cuts import matrix, part, table, verdict
from .cuts.farm import KINDS, Kind
from .cuts.guard import ONE_ACT
from .cuts.matrix import Ground
from .cuts.points import TRANSPORTS
from .cuts.verdict import Model, Outcome
from .playbook import ROOT

WANTED = os.environ.get("TLSOPS_CUTS", "")
TABLE = ROOT / "build" / "cut-points.txt"
OPENED = 3  # of so many backups one is opened where not all are: their passwords are slow on purpose


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    return Ground(tmp_path_factory.mktemp("cuts"))


@pytest.fixture(scope="module")
def known(ground: Ground) -> dict[Kind, Model]:
    return matrix.models(ground)


@pytest.fixture(scope="module")
def outcomes(ground: Ground, known: dict[Kind, Model]) -> list[Outcome]:
    wanted = [
        cell
        for kind, model in known.items()
        for transport in TRANSPORTS
        for cell in part.wanted(WANTED, matrix.cells(kind, model, transport), model)
    ]
    found = matrix.run(ground, known, wanted, every=bool(WANTED))
    text = "\n".join(table.lines(found)) + "\n"
    TABLE.parent.mkdir(exist_ok=True)
    TABLE.write_text(text, encoding="utf-8")
    print(text)
    return found


def test_a_clean_run_has_every_part_of_a_renewal(known: dict[Kind, Model]) -> None:
    """Else the matrix would prove less than it says."""
    for kind, model in known.items():
        done = {name for names in model.batches for name in names}
        assert done >= {"reg.write", "store.add", "run", "store.export_pfx"}, kind
        assert len(model.batches) >= (6 if kind.web == "iis6" else 2), "portions, and the third command"
        assert model.starts is None or sum(len(model.batches[batch]) - at for batch, at in model.starts.items()) > 15
        assert kind.trouble or done >= {"key.prove", "tcp.exchange"}, kind
        assert model.stays == ONE_ACT, "a delete and an add, a stop and a start: what is looked for must be seen"


@pytest.mark.parametrize("kind", KINDS, ids=[kind.model for kind in KINDS])
def test_every_cut_off_run_heals_or_says_so_and_the_next_one_ends_as_a_clean_one(
    kind: Kind, outcomes: list[Outcome]
) -> None:
    own = [each for each in outcomes if each.cell.kind == kind]
    faults = [table.described(each) for each in own if each.problems]
    assert not faults, "\n".join(faults)
    assert own


def test_runs_heal_wherever_the_design_says_that_they_do(outcomes: list[Outcome]) -> None:
    """A process that was killed, or a connection that was lost, once: the same task reads again and goes on."""
    expected = [each for each in outcomes if verdict.heals(each.cell)]
    other = [table.described(each) for each in expected if each.ended != "healed"]
    assert not other, "\n".join(other)
    assert expected


def test_what_a_run_leaves_without_the_next_one_brings_back(outcomes: list[Outcome]) -> None:
    """It must come to that somewhere, or nothing is shown."""
    for kind in (each for each in KINDS if not each.trouble):
        left = [each for each in outcomes if each.cell.kind == kind and each.gap]
        assert left or WANTED not in ("", "all"), kind
        assert all(each.ended == "error" and each.changed for each in left)


def test_every_backup_opens_and_has_the_key(ground: Ground, outcomes: list[Outcome]) -> None:
    leaves: dict[str, set[bytes]] = {}
    for number, outcome in enumerate(outcomes):
        (path,) = ground.backups.glob(f"{outcome.cell.host}_*.pfx")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        if number % OPENED and not WANTED:
            continue
        key, leaf, others = pkcs12.load_key_and_certificates(path.read_bytes(), matrix.PASSWORD.encode())
        assert key is not None
        assert leaf is not None
        assert key.public_key() == leaf.public_key()
        assert len(others) == 3, "intermediate, cross certificate and old root"
        leaves.setdefault(outcome.cell.kind.web, set()).add(leaf.fingerprint(hashes.SHA256()))
    assert {len(each) for each in leaves.values()} == {1}
    left = [path.name for path in ground.backups.iterdir() if path.suffix != ".pfx"]
    assert not left, "nothing half written"
