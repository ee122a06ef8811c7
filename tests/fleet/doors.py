# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways into a host of a fleet: what an inventory says for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import realm

if TYPE_CHECKING:
    from .fleet import Fleet


def variables(fleet: Fleet, host: str, door: str) -> dict[str, Any]:
    """A host's variables for the door of that name, one of ``DOORS``; they win over those of ``Fleet.inventory``.

    Raises KeyError for another name, ValueError where the fleet has no HTTPS listener.
    """
    common = {
        "ansible_host": "127.0.0.1",
        "ansible_user": fleet.account.user,
        "ansible_password": fleet.account.password,
    }
    return common | DOORS[door](fleet, host)


def _winrm(transport: str, *, https: bool) -> Callable[[Fleet, str], dict[str, Any]]:
    def made(fleet: Fleet, host: str) -> dict[str, Any]:
        own: dict[str, Any] = {
            "ansible_connection": "winrm",
            "ansible_winrm_transport": transport,
            "ansible_winrm_path": f"/wsman/{host}",
        }
        if not https:
            always = "auto" if transport == "basic" else "always"
            plain = {"ansible_winrm_scheme": "http", "ansible_winrm_message_encryption": always}
            return own | plain | {"ansible_port": fleet.port}
        return own | {
            "ansible_port": fleet.https_port,
            "ansible_winrm_scheme": "https",
            "ansible_winrm_message_encryption": "auto",
            "ansible_winrm_server_cert_validation": "validate",
            "ansible_winrm_ca_trust_path": _ca(fleet),
        }

    return made


def _kerberos(fleet: Fleet, host: str) -> dict[str, Any]:
    return _winrm("kerberos", https=True)(fleet, host) | {
        "ansible_host": "localhost",  # the name of the service's principal
        "ansible_user": f"{fleet.account.user}@{realm.NAME}",
        "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"],
    }


def _psrp(auth: str, *, https: bool) -> Callable[[Fleet, str], dict[str, Any]]:
    def made(fleet: Fleet, host: str) -> dict[str, Any]:
        own: dict[str, Any] = {
            "ansible_connection": "psrp",
            "ansible_psrp_auth": auth,
            "ansible_psrp_path": f"wsman/{host}",
        }
        if not https:
            plain = {"ansible_psrp_protocol": "http", "ansible_psrp_message_encryption": "always"}
            return own | plain | {"ansible_port": fleet.port}
        return own | {
            "ansible_port": fleet.https_port,
            "ansible_psrp_protocol": "https",
            "ansible_psrp_cert_validation": "validate",
            "ansible_psrp_ca_cert": _ca(fleet),
        }

    return made


def _ssh(shell: str) -> Callable[[Fleet, str], dict[str, Any]]:
    def made(fleet: Fleet, host: str) -> dict[str, Any]:
        service, port = fleet.ssh(host)
        options = {
            "UserKnownHostsFile": service.known_hosts,
            "GlobalKnownHostsFile": "none",
            "HostKeyAlias": service.ALIAS,
            "StrictHostKeyChecking": "yes",
            "IdentitiesOnly": "yes",
        }
        return {
            "ansible_connection": "ssh",
            "ansible_shell_type": shell,
            "ansible_port": port,
            "ansible_password": None,  # the key instead
            "ansible_ssh_private_key_file": str(service.key_file),
            "ansible_ssh_common_args": " ".join(
                ["-F none", *(f"-o {name}={value}" for name, value in options.items())]
            ),
        }

    return made


def _ca(fleet: Fleet) -> str:
    """The file with the root of the service's own certificate."""
    if fleet.https is None:
        raise ValueError("this fleet has no HTTPS listener: Fleet.start(..., https=(names of its certificate))")
    path = fleet.directory / "winrm-ca.pem"
    path.write_text(fleet.https.ca, encoding="ascii")
    return str(path)


DOORS: dict[str, Callable[[Fleet, str], dict[str, Any]]] = {
    "winrm-basic": _winrm("basic", https=False),
    "winrm-ntlm": _winrm("ntlm", https=False),
    "winrm-basic-https": _winrm("basic", https=True),
    "winrm-ntlm-https": _winrm("ntlm", https=True),
    "winrm-kerberos-https": _kerberos,
    "psrp-ntlm": _psrp("ntlm", https=False),
    "psrp-negotiate": _psrp("negotiate", https=False),
    "psrp-basic-https": _psrp("basic", https=True),
    "psrp-ntlm-https": _psrp("ntlm", https=True),
    "ssh-powershell": _ssh("powershell"),
    "ssh-cmd": _ssh("cmd"),
}
