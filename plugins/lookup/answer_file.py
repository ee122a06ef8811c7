# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..plugin_utils import _cryptography
from ..plugin_utils._controller import answer_folder
from ..plugin_utils._errors import TlsOpsError
from ..plugin_utils._x509.request import read_request


class LookupModule(LookupBase):
    """``csr`` or ``key_sha256`` is given by name; there is no other option."""

    def run(
        self,
        terms: Sequence[str],
        variables: dict[str, Any] | None = None,  # noqa: ARG002
        **given: Any,
    ) -> list[str]:
        try:
            return [_found(list(terms), given)]
        except TlsOpsError as error:
            raise AnsibleLookupError(f"tlsops.windows.answer_file: {error}") from error


def _found(terms: list[str], given: Mapping[str, Any]) -> str:
    _cryptography.check()
    key = _key(given)
    folder = os.path.expanduser(str(terms[0])) if len(terms) == 1 else ""
    if not os.path.isabs(folder):
        raise TlsOpsError(
            f"{', '.join(map(str, terms)) or 'nothing'} is given as the folder; one absolute path is needed.",
            hint="Begin it with / or with {{ inventory_dir }}/ .",
        )
    found = answer_folder.find(folder, key)
    if not found.path:
        for problem in found.unreadable:
            # The same words for every host: Ansible shows a warning once.
            Display().warning(f"This may be an answer of the CA, but cannot be read: {problem}")
    return found.path


def _key(given: Mapping[str, Any]) -> str:
    """SHA-256 of the public key, upper-case hex. Raises TlsOpsError where not exactly one option says it."""
    if set(given) == {"key_sha256"}:
        key = str(given["key_sha256"]).upper()
        if not re.fullmatch("[0-9A-F]{64}", key):
            raise TlsOpsError(f"key_sha256 is {key!r}; it is 64 hexadecimal digits, as certificate_request returns it.")
        return key
    if set(given) != {"csr"}:
        raise TlsOpsError(f"{', '.join(given) or 'no option'} is given; csr or key_sha256 is needed, nothing else.")
    return read_request(str(given["csr"]).encode("utf-8", "replace")).key_sha256
