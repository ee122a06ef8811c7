# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Passwords as the libraries take them."""

from __future__ import annotations

from .._errors import TlsOpsError


def password_bytes(password: str, what: str) -> bytes:
    """The password in UTF-8. Raises TlsOpsError, which names it as ``what`` and does not show it.

    OpenSSL and Windows end a password at a NUL; cryptography's loader of PFX files dies of one, and prints it.
    """
    if "\0" in password:
        raise TlsOpsError(
            f"{what} holds a NUL character at place {password.index(chr(0)) + 1}, where Windows would end it.",
            hint="Choose one without; where it came from a file, that may be in UTF-16 and must be UTF-8.",
        )
    try:
        return password.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TlsOpsError(
            f"{what} holds half a character (a lone surrogate) at place {error.start + 1}.",
            hint="It was read in the wrong encoding: the file or variable that holds it must be UTF-8.",
        ) from None
