# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the collection importable as ``ansible_collections.tlsops.windows``, without Ansible and before any test.

At the end it says what ran.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_COLLECTIONS = _ROOT / ".ansible" / "collections"
_LINK = _COLLECTIONS / "ansible_collections" / "tlsops" / "windows"


def _link() -> None:
    _LINK.parent.mkdir(parents=True, exist_ok=True)
    if not _LINK.exists():
        _LINK.symlink_to(Path("../../../.."), target_is_directory=True)  # Windows wants its own separators


_link()
# The folder is on sys.path already (pyproject.toml): that it was not there when Python first looked must be forgotten.
sys.path_importer_cache.pop(str(_COLLECTIONS), None)
importlib.invalidate_caches()
for folder in (str(_COLLECTIONS), str(_ROOT)):
    if folder not in sys.path:
        sys.path.insert(0, folder)

from tests.contract import sides, summary, world  # noqa: E402 - not before the path is there
from tests.contract.instead import Start  # noqa: E402 - likewise


def _own(config: pytest.Config) -> bool:
    """Whether this session's process has run the tests itself (pytest-xdist's workers keep what they have seen)."""
    return not hasattr(config, "workerinput") and not getattr(config.option, "numprocesses", None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Notes on each test of the lane what it runs on, for the summary."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.user_properties.append(("side", summary.side_of(item)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What ran, what did not and why, and which statements of the script a PowerShell has executed."""
    said = summary.ran(terminalreporter.stats)
    if said:
        terminalreporter.section("contract lane")
        terminalreporter.write_line("\n".join([*said, *(summary.measured() if _own(terminalreporter.config) else [])]))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """``TLSOPS_COVER_MIN`` (percent of the statements): the lane fails where a PowerShell has executed fewer."""
    if _own(session.config) and session.exitstatus == 0 and summary.too_few():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts the script with more behind its functions."""

    def started(more: str, setup: world.World | None = None) -> sides.PowerShell:
        return sides.PowerShell(setup or world.World(), tmp_path, more)

    return started
