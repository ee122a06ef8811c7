# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible.utils.display import Display

from ..plugin_utils import _cryptography
from ..plugin_utils._controller import answer_folder
from ..plugin_utils._errors import TlsOpsError
from ..plugin_utils._x509.request import read_request


class LookupModule(LookupBase):
    """``csr`` is given by name, and is the only option."""

    def run(
        self,
        terms: Sequence[str],
        variables: dict[str, Any] | None = None,  # noqa: ARG002
        **given: Any,
    ) -> list[str]:
        try:
            if set(given) != {"csr"}:
                raise TlsOpsError(f"{', '.join(given) or 'no option'} is given; csr is needed, and is all there is.")
            return [_found(list(terms), str(given["csr"]))]
        except TlsOpsError as error:
            raise AnsibleLookupError(f"tlsops.windows.answer_file: {error}") from error


def _found(terms: list[str], csr: str) -> str:
    _cryptography.check()
    folder = os.path.expanduser(str(terms[0])) if len(terms) == 1 else ""
    if not os.path.isabs(folder):
        raise TlsOpsError(
            f"{', '.join(map(str, terms)) or 'nothing'} is given as the folder; one absolute path is needed.",
            hint="Begin it with / or with {{ inventory_dir }}/ .",
        )
    request = read_request(csr.encode("utf-8", "replace"))
    found = answer_folder.find(folder, request.public_key)
    if not found.path:
        for problem in found.unreadable:
            # The same words for every host: Ansible shows a warning once.
            Display().warning(f"This may be an answer of the CA, but cannot be read: {problem}")
    return found.path
