# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What Windows means where it refuses a PFX, and how it must be encrypted for it to read it at all."""

from __future__ import annotations

import re

from .._x509.pfx import Compatibility

ERROR_INVALID_PASSWORD, NTE_BAD_KEY_STATE, NTE_PERM, E_ACCESSDENIED = 0x80070056, 0x8009000B, 0x80090010, 0x80070005
SERVER_2019 = (10, 0, 17763)  # the first server that reads AES in a PFX (ansible.windows issue 582)

_OTHER_LOGON = (
    "Connect with CredSSP (ansible_winrm_transport: credssp, ansible_psrp_auth: credssp; Server 2008 and newer), or "
    "with Kerberos and delegation (ansible_winrm_kerberos_delegation: true); or import the file on the server itself, "
    "in a session there or by a scheduled task that runs with the user's password."
)
_FOLDERS = (
    r"ProgramData\Microsoft\Crypto\RSA\MachineKeys, and of Crypto\Keys beside it (Server 2003: Documents and "
    r"Settings\All Users\Application Data in place of ProgramData)"
)
# winerror.h. That a network logon ends in "the specified network password is not correct" is in the notes of
# ansible.windows.win_certificate_store.
_EXPLAINED = {
    ERROR_INVALID_PASSWORD: "Windows says so of a wrong password, but the file was made for this batch and opens with "
    "it: this network logon may not use the keys that protect private keys (DPAPI), or this Windows cannot read the "
    f"file's cipher. {_OTHER_LOGON}",
    NTE_BAD_KEY_STATE: "This network logon may not use the keys that protect private keys (DPAPI). " + _OTHER_LOGON,
    NTE_PERM: f"The connection's user may not make machine keys. Look at the permissions of {_FOLDERS}. {_OTHER_LOGON}",
    E_ACCESSDENIED: f"The connection's user may not make machine keys. Look at the permissions of {_FOLDERS}.",
}


def explain(number: int) -> str:
    """An HRESULT of the import, signed or unsigned, in words with the next thing to do; "" if unknown."""
    return _EXPLAINED.get(number & 0xFFFFFFFF, "")


def readable_by(os_version: str) -> Compatibility:
    """How a PFX must be encrypted for this Windows (``10.0.17763``) to read it."""
    numbers = re.findall(r"[0-9]+", os_version)[:3]
    return "modern" if tuple(int(each) for each in numbers) >= SERVER_2019 else "windows2003"
