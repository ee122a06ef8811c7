#!/usr/bin/python

# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_sign
short_description: Sign a certificate request with a certificate authority of one's own
version_added: 1.1.0
description:
  - A certificate authority (CA), whose certificate and key are files on the controller, answers a certificate signing
    request (CSR) with a certificate for a web server.
  - It runs on the controller only. The host is not contacted, and its connection is not used.
  - Of the request the key, the subject and the names are taken over. Everything else is the CA's to say - basic
    constraints without CA, key usage, extended key usage for server authentication, and both key identifiers.
  - The validity begins five minutes before now, and ends no later than the CA's own certificate.
author:
  - the tlsops.windows authors (@tlsops)
options:
  csr:
    description:
      - The request as text, in PEM form. Its own signature is checked.
      - Refused are a request without a name in its subject alternative name (SAN), one that asks for a CA certificate,
        an RSA key below 2048 bits, and a key that Windows cannot serve TLS with.
    type: str
    required: true
  names:
    description:
      - The DNS names and IP addresses that the request may ask for. One that asks for any other is refused, also as the
        common name of its subject.
      - Without it, any name is signed. An empty list allows none, and is refused.
    type: list
    elements: str
  ca_certificate_path:
    description:
      - A file on the controller with the CA's certificate, PEM or DER.
      - Refused are one that is no CA's, that has expired, that is not for server authentication (extended key usage),
        or whose name constraints do not allow the names.
      - Of several certificates in it the one that belongs to the key is the CA's; the others go into the answer.
    type: path
    required: true
  ca_key_path:
    description:
      - A file on the controller with the CA's private key in PEM form. It may be encrypted, or an Ansible Vault file.
      - RSA from 2048 bits, or ECDSA on P-256, P-384 or P-521.
    type: path
    required: true
  ca_key_passphrase:
    description:
      - The passphrase of an encrypted key.
      - Ansible hands the arguments of a task to every callback plugin, whatever C(no_log) says. One that records them
        has to be told to leave this out.
    type: str
  ca_chain_path:
    description:
      - A file on the controller with further certificates for the answer, PEM or DER, where the CA is itself signed by
        another one.
    type: path
  days:
    description:
      - For how many days the certificate is valid.
    type: int
    default: 90
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target or the
      controller.
    support: full
    details:
      - All is checked, and nothing is signed. RV(answer) and RV(thumbprint) are empty then.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff
      mode.
    support: none
  platform:
    description: Target OS/families that can be operated against.
    platforms: windows
    support: full
  action:
    description: Indicates this has a corresponding action plugin so some parts of the options can be executed on
      the controller.
    support: full
  async:
    description: Supports being used with the C(async) keyword.
    support: none
requirements:
  - cryptography on the controller
notes:
  - Nothing is written, neither a file nor a list of what was signed. Each run signs again, with a new serial number.
  - The host that serves the certificate has to trust the CA's root already. A self-signed certificate is left out of
    the answer, because no root is ever taken from one.
seealso:
  - module: tlsops.windows.certificate_request
  - module: tlsops.windows.certificate_install
  - module: tlsops.windows.renewal
"""

EXAMPLES = r"""
- name: Sign the request that was made on the host
  tlsops.windows.certificate_sign:
    csr: "{{ request.csr }}"
    names:
      - www.example.com
      - shop.example.com
    ca_certificate_path: /srv/ca/issuing.pem
    ca_key_path: /srv/ca/issuing.key
    ca_key_passphrase: "{{ vault_ca_passphrase }}"
  register: signed

- name: Install the answer
  tlsops.windows.certificate_install:
    answer: "{{ signed.answer }}"
"""

RETURN = r"""
answer:
  description:
    - The certificate and the CA's, in PEM form, to be given to a step as its O(tlsops.windows.renewal#module:answer).
    - A self-signed one is left out. Empty in a dry run.
  returned: success
  type: str
  sample: |
    -----BEGIN CERTIFICATE-----
    ...
    -----END CERTIFICATE-----
thumbprint:
  description: The certificate's SHA-1 thumbprint. Empty in a dry run.
  returned: success
  type: str
  sample: 0F1E2D3C4B5A69788796A5B4C3D2E1F001234567
not_before:
  description: From when it is valid (ISO 8601, UTC). Empty in a dry run.
  returned: success
  type: str
  sample: "2026-11-22T09:55:00+00:00"
not_after:
  description: Until when it is valid (ISO 8601, UTC). Empty in a dry run.
  returned: success
  type: str
  sample: "2027-02-20T10:00:00+00:00"
days:
  description: For how many whole days it is valid, fewer than asked for where the CA's own certificate ends before.
    0 in a dry run.
  returned: success
  type: int
  sample: 90
names:
  description: The DNS names and IP addresses of the request.
  returned: success
  type: list
  elements: str
  sample:
    - www.example.com
    - shop.example.com
subject:
  description: The subject of the request.
  returned: success
  type: str
  sample: CN=www.example.com,O=Example Company,C=JP
issuer:
  description: The subject of the CA.
  returned: success
  type: str
  sample: CN=Example Issuing CA,O=Example Company,C=JP
changed:
  description: Whether a certificate was made, or would be in a dry run.
  returned: always
  type: bool
  sample: true
step:
  description: The step that failed.
  returned: failure
  type: str
  sample: certificate_sign
stage:
  description: Where in the way of the task it failed.
  returned: failure
  type: str
  sample: task
hint:
  description: The next thing to do.
  returned: failure
  type: str
  sample: Nothing was signed. Check ca_certificate_path and ca_key_path.
"""
