# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ``certreq -new`` of Windows Server 2003 is told.

The keys are those of Microsoft's own example (KB321051), the names as it wants them there (KB931351, TechNet ff625722):
"only by adding Base64-encoded text containing the alternative names in ASN.1 format". No server was asked; what these
pages leave open is marked "not proven" here and nowhere else:

- that a value goes on in ``_continue_`` lines where a request has many names;
- that a file in UTF-16 is taken (a subject in other scripts than Latin; SetupAPI reads such files).
"""

from __future__ import annotations

import base64

from .._errors import TlsOpsError
from .._x509.request import alternative_names
from .request_inf import RSA_PROVIDER, NewRequest, csp_lines, file, head, is_csp, key_length

_ROW = 1024  # characters of one line, whole groups of four; SetupAPI reads no string above 4096


def check(request: NewRequest) -> None:
    """Raises TlsOpsError where this Windows cannot make such a key: it has CryptoAPI only, and that has no ECDSA."""
    if not request.key.startswith("rsa-"):
        raise TlsOpsError(
            f"Windows Server 2003 makes RSA keys only, not {request.key}.", hint="Give key_type: rsa for this host."
        )
    if not is_csp(request.key_provider):
        raise TlsOpsError(
            f"the provider '{request.key_provider}' is one of CNG, which came with Windows Server 2008.",
            hint=f"Leave provider out for this host; it is '{RSA_PROVIDER}' then.",
        )


def inf(request: NewRequest) -> bytes:
    """The file. A friendly name has no place in it.

    Raises TlsOpsError where a value cannot be in it; nothing of a value is ever a line, a key or a string of its own.
    """
    check(request)
    names = alternative_names(request.dns_names, request.ip_addresses).public_bytes()
    return file(
        (
            *head(request),
            *csp_lines(request),
            key_length(request),
            "KeyUsage = 0xa0",
            f"Exportable = {str(request.exportable).upper()}",
            "MachineKeySet = TRUE",
            "SMIME = FALSE",
            "PrivateKeyArchive = FALSE",
            "UserProtected = FALSE",
            "UseExistingKeySet = FALSE",
            "RequestType = PKCS10",
            "",
            "[EnhancedKeyUsageExtension]",
            "OID = 1.3.6.1.5.5.7.3.1",
            "",
            "[Extensions]",
            *_rows("2.5.29.17", base64.b64encode(names).decode("ascii")),
        )
    )


def _rows(key: str, text: str) -> tuple[str, ...]:
    first, *others = (text[start : start + _ROW] for start in range(0, len(text), _ROW))
    return f'{key} = "{first}"', *(f'_continue_ = "{each}"' for each in others)
