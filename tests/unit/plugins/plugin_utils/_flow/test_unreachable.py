# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What to do about a host that was not reached, by the words of pywinrm, requests, OpenSSL and Python."""

from __future__ import annotations

import pytest
from ansible_collections.tlsops.windows.plugins.plugin_utils._flow.unreachable import advice

FAILED = "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed:"
POOL = "HTTPSConnectionPool(host='web01', port=5986): Max retries exceeded with url: /wsman (Caused by "


@pytest.mark.parametrize(
    ("words", "todo"),
    [
        ("ntlm: the specified credentials were rejected by the server", "Look at ansible_user and ansible_password"),
        ("basic: Bad HTTP response returned from server. Code 401", "Look at ansible_user and ansible_password"),
        ("Permission denied (publickey,password,keyboard-interactive).", "Look at ansible_user and ansible_password"),
        ("Failed to authenticate the user Administrator with ntlm", "Look at ansible_user and ansible_password"),
        ("No ED25519 host key is known for web01.\r\nHost key verification failed.", "ssh does not know the server"),
        (
            "ntlm: Access is denied. (extended fault data: {'http_status_code': 500, 'wsmanfault_code': 5, "
            "'fault_subcode': 'w:AccessDenied'})",
            "The account has to be an administrator there",
        ),
        ("ntlm: quota (extended fault data: {'wsmanfault_code': 2150859173})", "Runs that broke off have left"),
        (
            f"ntlm: {POOL}SSLError(CertificateError(\"hostname 'web01' doesn't match 'x'\")))",
            "ansible_host is not a name",
        ),
        (
            f"ntlm: {POOL}{FAILED} Hostname mismatch, certificate is not valid for 'web01'. (_ssl.c:1006)')))",
            "ansible_host is not a name",
        ),
        (
            f"ntlm: {POOL}{FAILED} unable to get local issuer certificate (_ssl.c:1006)')))",
            "Name the file with the CA",
        ),
        (f"ntlm: {POOL}NewConnectionError('[Errno 111] Connection refused'))", "Look at ansible_host and ansible_port"),
        (
            f"ntlm: {POOL}ConnectTimeoutError('Connection to web01 timed out.'))",
            "Look at ansible_host and ansible_port",
        ),
        (f"ntlm: {POOL}NameResolutionError('[Errno -2] Name or service not known'))", "Look at ansible_host and"),
        (
            f"ntlm: {POOL}SSLError(SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)')))",
            "Something closed the connection, or does not speak HTTPS there",
        ),
        (
            "ntlm: ('Connection aborted.', RemoteDisconnected('Remote end closed connection without response'))",
            "Something closed the connection, or does not speak HTTPS there",
        ),
        (
            "Failed to connect to the host via ssh: ssh: connect to host web01 port 22: Connection refused",
            "Look at ansible_host and ansible_port, at the service sshd",
        ),
        ("something new", "Look at the connection by itself"),
    ],
)
def test_what_to_do(words: str, todo: str) -> None:
    assert advice(words).startswith(todo)
    assert advice(words).endswith(".")
