# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a host that was never reached; Ansible's own words say why it was not. Pure.

The connection plugins raise one class for everything, so only the words tell. They are those of pywinrm, requests,
OpenSSL and Python, none of which translates them; a fault of WS-Management has its number in them.
"""

from __future__ import annotations

import re

_FILTERED = (
    "The account has to be an administrator there. UAC filters local accounts other than the built-in Administrator "
    "unless the DWORD LocalAccountTokenFilterPolicy is 1 under "
    r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System on the server."
)
_LISTENER = (
    "Look at ansible_host and ansible_port, at the service WinRM on the server ('winrm enumerate winrm/config/listener'"
    " shows where it listens), and at the firewalls between. Without ansible_port it is HTTPS on port 5986."
)
_SCHEME = (
    "Something closed the connection, or does not speak HTTPS there. Look whether ansible_port and "
    "ansible_winrm_scheme (ansible_psrp_protocol for psrp) are those of a listener of the server ('winrm enumerate "
    "winrm/config/listener'); 5985 is usually HTTP, 5986 HTTPS."
)
_SSH = "Look at ansible_host and ansible_port, at the service sshd on the server, and at the firewalls between."
_NAME = (
    "ansible_host is not a name in the certificate of the server's WinRM listener: reach it by one that is, or give "
    "the listener a certificate with this one."
)
_CA = (
    "Name the file with the CA of the server's WinRM listener: ansible_winrm_ca_trust_path (ansible_psrp_ca_cert for "
    "psrp). Where the certificate itself has expired, give the listener a new one."
)
_REJECTED = (
    "Look at ansible_user and ansible_password, at whether the account is locked or its password has expired, and at "
    "ansible_winrm_transport (for psrp ansible_psrp_auth, for ssh ansible_ssh_private_key_file)."
)
_HOST_KEY = (
    "ssh does not know the server, or knows another key of it: compare the fingerprint on the server, then put its key "
    "into the known hosts of the user who runs Ansible."
)
_SHELLS = (
    "Runs that broke off have left their shells there (MaxShellsPerUser). They end by themselves after the idle "
    "time-out, two hours by default; 'Restart-Service WinRM' on the server ends them at once."
)
_OTHERWISE = "Look at the connection by itself: 'ansible <host> -m ansible.builtin.raw -a hostname -vvv'."

# The first that is found. MS-WSMV 2.2.9.1 for the fault codes: 5 access denied, 2150859173 too many shells.
_SIGNS = (
    (r"wsmanfault_code'?: '?5\b|w:AccessDenied", _FILTERED),
    (r"\b2150859173\b", _SHELLS),
    (r"credentials were rejected|code 401|Authentication failed|failed to authenticate|Permission denied", _REJECTED),
    (r"Host key verification failed", _HOST_KEY),
    (r"mismatch|doesn't match|is not valid for", _NAME),
    (r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|self[- ]signed certificate", _CA),
    (r"via ssh|^ssh:", _SSH),
    (r"WRONG_VERSION_NUMBER|Connection aborted|Connection reset|RemoteDisconnected", _SCHEME),
    (r"refused|timed out|unreachable|No route|Name or service not known|getaddrinfo|resolve|Errno", _LISTENER),
)


def advice(words: str) -> str:
    """A sentence or two."""
    return next((todo for sign, todo in _SIGNS if re.search(sign, words, re.IGNORECASE)), _OTHERWISE)
