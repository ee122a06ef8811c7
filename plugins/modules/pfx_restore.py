#!/usr/bin/python
# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pfx_restore
short_description: Put a server certificate with its private key from a PFX file on the controller into a store
version_added: 1.1.0
description:
  - Opens the PFX on the controller, where a wrong password, a missing key or a damaged file is found before the host
    is contacted.
  - The key and its certificate alone travel, in a PFX made anew under a random one-time password, in a form that the
    host's Windows reads. The PFX is opened on the host once, to import it. Nothing is written to a file there.
  - Intermediates that the host lacks go into its CA store. A self-signed certificate goes nowhere, unless
    O(trusted_root=added).
  - Afterwards the host signs with the key and the controller verifies the signature. Where that fails, certificate
    and key are taken away again.
  - A certificate that is there with a key that opens is left alone; only who may read its key is set, where asked for.
options:
  path:
    description:
      - The PFX file (PKCS#12) on the controller. An absolute path, or one that begins with C(~) or with
        C({{ inventory_dir }}/). An Ansible Vault file is decrypted.
      - It holds one private key, with its certificate and any others. Its ciphers are AES, 3DES or RC2, as
        M(tlsops.windows.pfx_backup), Windows' export wizard and openssl write them. RC2 and RC4 need a controller
        whose C(cryptography) has them; the packages from PyPI have.
    type: path
    required: true
  password:
    description:
      - The password of the PFX.
      - Ansible hands the arguments of a task to every callback plugin, whatever C(no_log) says. One that records them
        has to be told to leave this out.
    type: str
    required: true
  store:
    description:
      - The store of the machine.
    type: str
    choices: [MY, WebHosting]
    default: MY
  exportable:
    description:
      - Whether the key can be exported again, for the next backup. This is decided here, and cannot be changed
        afterwards. For a key that is there already, a difference is a finding.
    type: bool
    default: true
  friendly_name:
    description:
      - The name that Windows shows for the certificate. Without it, that in the file, or else the one that it has.
    type: str
  key_access:
    description:
      - Accounts that may read the key, besides those that may anyway (C(SYSTEM) and the administrators, as Windows
        sets it). Names or SIDs. Nobody loses anything.
      - Names differ with the language of Windows, SIDs do not, such as C(S-1-5-20) for C(NETWORK SERVICE). The account
        of an application pool is C(IIS AppPool\name), where that pool exists; on IIS 6.0 it is the identity that the
        pool runs as, mostly C(S-1-5-20).
      - A name that the host does not know is refused before anything is touched. A SID is taken as it is.
      - Mutually exclusive with O(key_access_like).
    type: list
    elements: str
  key_access_like:
    description:
      - The thumbprint of another certificate of the host. The list of who may use its key is copied, as a whole.
      - Mutually exclusive with O(key_access).
    type: str
  trusted_root:
    description:
      - What to do about the file's root when the host does not trust it. V(ignored) leaves it out and says so in a
        finding. V(added) puts it into the machine's trusted roots.
      - With V(added) it is refused where the root would keep a cross certificate that is in use from being sent, or
        lies among the certificates that are not trusted. A root that is disabled on the host stays so.
    type: str
    choices: [ignored, added]
    default: ignored
  allow_unencrypted:
    description:
      - Go on over a connection that does not encrypt (Basic over HTTP). The key would then travel under a password
        that travelled the same way.
    type: bool
    default: false
extends_documentation_fragment:
  - tlsops.windows.attributes
  - tlsops.windows.target
notes:
  - Windows may refuse the import to a network logon, which has no access to the keys that protect private keys
    (DPAPI), and calls that a wrong password (0x80070056). Then connect with CredSSP
    (C(ansible_winrm_transport=credssp)) or with Kerberos and delegation
    (C(ansible_winrm_kerberos_delegation=true)).
  - On Windows Server 2003, which has no CNG, a backup with an ECDSA key is refused before anything is touched.
  - An expired certificate, or one that is not for servers, is restored with a warning.
seealso:
  - module: tlsops.windows.pfx_backup
  - module: tlsops.windows.site_certificate
  - module: tlsops.windows.trusted_root
author:
  - the tlsops.windows authors (@tlsops)
"""

EXAMPLES = r"""
- name: Put the backup of the old server into the new one
  tlsops.windows.pfx_restore:
    path: /srv/backup/certificates/web01.example.com_1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A.pfx
    password: "{{ vault_pfx_password }}"

- name: Into the store WebHosting, not exportable, readable for a service and an application pool
  tlsops.windows.pfx_restore:
    path: "{{ inventory_dir }}/backup/{{ inventory_hostname }}.pfx"
    password: "{{ vault_pfx_password }}"
    store: WebHosting
    exportable: false
    key_access:
      - S-1-5-20
      - IIS AppPool\Shop

- name: With the same readers as the certificate beside it
  tlsops.windows.pfx_restore:
    path: /srv/backup/certificates/shop.pfx
    password: "{{ vault_pfx_password }}"
    key_access_like: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
"""

RETURN = r"""
thumbprint:
  description: The certificate in the file.
  returned: success
  type: str
  sample: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
subject:
  description: Its subject.
  returned: success
  type: str
  sample: CN=www.example.com
names:
  description: The DNS names and IP addresses that it is for.
  returned: success
  type: list
  elements: str
  sample: [www.example.com]
not_after:
  description: When it expires.
  returned: success
  type: str
  sample: "2027-03-01T23:59:59+00:00"
store:
  description: The store of the machine.
  returned: success
  type: str
  sample: MY
path:
  description: The file on the controller.
  returned: success
  type: str
  sample: /srv/backup/certificates/web01.example.com_1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A.pfx
friendly_name:
  description: The name that the certificate has there. One that this run puts there has the name that was asked for,
    or that of the file.
  returned: success
  type: str
  sample: www 2026
imported:
  description: Whether this run put it there (or, in check mode, would); V(false) where it was there with its key.
  returned: success
  type: bool
  sample: true
key:
  description: Where the key lies. Each is null where the host did not say, and in check mode before an import.
  returned: success
  type: dict
  contains:
    provider:
      description: The provider (CSP or KSP) that holds the key.
      type: str
    key_spec:
      description: V(1) key exchange, V(2) signature, V(0) for a CNG key. IIS needs V(1) or V(0).
      type: int
    exportable:
      description: Whether it can be exported.
      type: bool
  sample:
    provider: Microsoft Enhanced Cryptographic Provider v1.0
    key_spec: 1
    exportable: true
key_access:
  description: The SIDs of O(key_access), all of which may read the key. Empty with O(key_access_like).
  returned: success
  type: list
  elements: str
  sample: [S-1-5-20]
intermediates:
  description: The intermediates of the file that lie in a chain of the certificate.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: SHA-1, in upper-case hex.
      type: str
    subject:
      description: Its subject.
      type: str
    added:
      description: Whether this run put it into the CA store (or, in check mode, would).
      type: bool
  sample:
    - thumbprint: 0A1B2C3D4E5F60718293A4B5C6D7E8F901234567
      subject: CN=Example Issuing CA
      added: true
roots:
  description: The roots of the file that end a chain of the certificate.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: SHA-1, in upper-case hex.
      type: str
    subject:
      description: Its subject.
      type: str
    state:
      description: C(there), C(disabled), C(missing), or C(added) by this run (or, in check mode, to be added).
      type: str
  sample:
    - thumbprint: 89ABCDEF0123456789ABCDEF0123456789ABCDEF
      subject: CN=Example Root
      state: there
findings:
  description: What the file holds and was left out, and what is there already otherwise than asked for.
  returned: success
  type: list
  elements: str
  sample: []
proofs:
  description:
    - C(private_key) is the signature that the key made, with C(provider), C(key_spec) and C(exportable).
    - C(key_access) is the list of the key as it was read back, with its C(readers), where one was asked for.
    - Empty where nothing was done.
  returned: success
  type: dict
  sample:
    private_key:
      outcome: proven
      seen: a signature (rsa-pkcs1-sha256) by the certificate's key
      algorithm: rsa-pkcs1-sha256
      provider: Microsoft Enhanced Cryptographic Provider v1.0
      key_spec: 1
      exportable: true
restart_required:
  description: Always V(false) for this step.
  returned: success
  type: bool
  sample: false
"""
