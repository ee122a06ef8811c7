# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all tests share: names of cases that are the same in every process, and no deadline for an example."""

from __future__ import annotations

import contextlib

with contextlib.suppress(ImportError):  # the contract lane does without hypothesis
    from hypothesis import settings

    # A slow machine is no fault of an example.
    settings.register_profile("steady", deadline=None)
    settings.load_profile("steady")


def pytest_make_parametrize_id(config: object, val: object, argname: str) -> str | None:  # noqa: ARG001
    """Certificates are made anew in each process: their bytes must not be in a case's name."""
    return argname if isinstance(val, bytes) else None
