# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Makes the collection importable as ``ansible_collections.tlsops.windows``, without Ansible and before any test."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_COLLECTIONS = _ROOT / ".ansible" / "collections"
_LINK = _COLLECTIONS / "ansible_collections" / "tlsops" / "windows"


def _link() -> None:
    _LINK.parent.mkdir(parents=True, exist_ok=True)
    if not _LINK.exists():
        _LINK.symlink_to("../../../..", target_is_directory=True)


_link()
# The folder is on sys.path already (pyproject.toml): that it was not there when Python first looked must be forgotten.
sys.path_importer_cache.pop(str(_COLLECTIONS), None)
importlib.invalidate_caches()
for folder in (str(_COLLECTIONS), str(_ROOT)):
    if folder not in sys.path:
        sys.path.insert(0, folder)
