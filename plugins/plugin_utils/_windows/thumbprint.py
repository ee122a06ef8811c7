# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Thumbprints as programs keep them: bytes, or text that a person may have pasted."""

from __future__ import annotations

import re

_SIZES = (20, 32)  # SHA-1, SHA-256
_HEX = re.compile("(?:[0-9A-F]{40}|[0-9A-F]{64})")
_PASTED = re.compile("[\\s:\u200e\u200f]")  # the certificate dialog's text begins with an invisible mark


def of_bytes(data: bytes) -> str | None:
    """Upper-case hex; empty where no certificate is named (nothing, or only zeros); None where it is no thumbprint."""
    if not any(data):
        return ""
    return data.hex().upper() if len(data) in _SIZES else None


def of_text(text: str) -> str | None:
    """As ``of_bytes``, from hex."""
    bare = _PASTED.sub("", text.rstrip("\0")).upper()
    if not bare:
        return ""
    return of_bytes(bytes.fromhex(bare)) if _HEX.fullmatch(bare) else None
