# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._errors import TlsOpsError
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.passwords import password_bytes
from ansible_collections.tlsops.windows.plugins.plugin_utils._x509.pfx import open_pfx


def test_any_other_text() -> None:
    assert password_bytes("é \"$(x)' 本", "it") == "é \"$(x)' 本".encode()


@pytest.mark.parametrize(
    ("text", "words"), [("se\0cret", "NUL"), ("se\ud800cret", "lone surrogate")], ids=["nul", "half"]
)
def test_what_would_end_elsewhere_or_has_no_bytes(text: str, words: str) -> None:
    with pytest.raises(TlsOpsError, match=f"the backup's password holds .*{words}.* at place 3") as error:
        password_bytes(text, "the backup's password")
    assert "cret" not in str(error.value)
    with pytest.raises(TlsOpsError, match=words):
        open_pfx(b"", text)
