#!/usr/bin/python
# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_request
short_description: Make a key and a certificate signing request (CSR) on the target, or return the one that waits
version_added: 1.1.0
description:
  - Makes the key and the request with C(certreq) in the machine's own stores. The key never leaves the target.
  - The request comes back as PEM. Its signature, its names and its key are checked on the controller before that.
  - A pending request that fits already is returned again, and nothing is changed. It fits when it has the same names
    and the same type and size of key, when its private key is there, and when it has O(subject) and O(provider) where
    these are given. Of several the newest one is taken. A copy of each request that this module makes is kept in the
    registry of the target, under C(HKLM\SOFTWARE\tlsops.windows\Request), until the answer is installed.
  - Where something else made the pending request (IIS Manager, C(certreq) by hand), its key signs the same request
    once more. Nothing is written then. One that shows no names and may be the one that is wanted ends the task, so
    that no second request is made by accident.
  - With O(renew_from) or O(site) it renews. Names, subject and key type come from the certificate in use, O(due_days)
    says when to begin, and where a certificate with the same names and key that ends later is installed already, no
    request is made.
options:
  subject:
    description:
      - The subject, as in V(CN=www.example.com,O="Example, Inc.",C=JP), with the most specific attribute first.
        Values with a comma stand in quotation marks, or have a backslash before it.
      - Keywords are V(CN), V(O), V(OU), V(L), V(S) or V(ST), V(C), V(STREET), V(DC), V(E), V(SERIALNUMBER), V(SN),
        V(G), V(I) and V(T); any other attribute is named by its OID.
      - Quotation marks, backslashes, per cent signs and control characters in a value are refused.
      - Without it the subject of the certificate in use, else V(CN=) and the first name of up to 64 characters.
      - One of O(subject), O(names), O(ip_addresses), O(renew_from) and O(site) is required.
    type: str
  names:
    description:
      - The DNS names. Names in other scripts become their ASCII form (V(xn--...)). A wildcard is the whole first label.
      - Without it those of the certificate in use, else the common name of O(subject).
    type: list
    elements: str
  ip_addresses:
    description:
      - IP addresses that the certificate is for.
      - Without it those of the certificate in use; an empty list takes none over.
    type: list
    elements: str
  key_type:
    description:
      - The type of the key. Windows Server 2003 makes V(rsa) only.
      - Without it that of the certificate in use, else V(rsa).
    type: str
    choices: [rsa, ecdsa-p256, ecdsa-p384]
  key_size:
    description:
      - Bits of an RSA key.
      - Without it those of the RSA certificate in use (2048 where it has fewer), else 2048.
    type: int
    choices: [2048, 3072, 4096]
  friendly_name:
    description:
      - What the certificate will be called in the certificate console and in IIS Manager. On Windows Server 2003 it is
        left out, with a warning.
    type: str
  exportable:
    description:
      - Whether the key may be exported. M(tlsops.windows.pfx_backup) needs that, and it cannot be changed afterwards.
    type: bool
    default: true
  provider:
    description:
      - The key provider. Without it V(Microsoft RSA SChannel Cryptographic Provider) for RSA, which every Windows has
        and serves TLS with, and V(Microsoft Software Key Storage Provider) for ECDSA.
      - Any C(... Key Storage Provider), or one of Microsoft's providers of CryptoAPI for RSA keys. Windows Server 2003
        takes the latter only.
    type: str
  renew_from:
    description:
      - The SHA-1 thumbprint of the certificate that is to be renewed, in C(MY) or C(WebHosting) with its key.
      - Mutually exclusive with O(site).
    type: str
  site:
    description:
      - A web site. The certificate that it uses is the one to be renewed.
    type: str
  due_days:
    description:
      - A request is made only when the certificate in use ends within so many days, by the clock of the target.
        Before that there is nothing to do, which takes one round. From 0 to 36500.
      - Only with O(renew_from) or O(site). Without it the renewal is always due.
    type: int
  csr_path:
    description:
      - Write the request to this file on the controller too. A folder (one that exists, or a path that ends in a
        slash) gets a file named after the host and the first name, as in C(web01_www.example.com.csr).
      - An absolute path, or one that begins with C(~), or with C({{ inventory_dir }}/). The folder has to exist.
      - In a folder a second request of the host that waits too, with the same first name but other names or another
        key, gets a file of its own, as in C(web01_www.example.com_2.csr).
      - A file that holds an older request for one of the names is replaced. Any other file of that name ends the task
        before anything is touched; so does, where a file is given and no folder, a request whose key is not on this
        host. Several hosts take a folder, or a file each.
    type: path
  no_match:
    description:
      - What to do on a host that has no such site as O(site), or no such certificate as O(renew_from).
      - V(fail) is an error. V(ignore) leaves the host as it is, with RV(state=no_match) and a finding that says what
        was looked for and what there is.
    type: str
    choices: [fail, ignore]
    default: fail
extends_documentation_fragment:
  - tlsops.windows.attributes
  - tlsops.windows.target
notes:
  - Making a request cannot be taken back. Where a later part of the task fails, the error says that the pending
    request stays, and how to delete it.
  - Windows Server 2003 is told in its own way. It makes RSA keys of CryptoAPI only; an ECDSA key or a key storage
    provider is refused before anything is touched. It signs the request with SHA-1, which some CAs refuse, and takes no
    O(friendly_name); both are warnings.
seealso:
  - module: tlsops.windows.certificate_install
  - module: tlsops.windows.renewal
author:
  - the tlsops.windows authors (@tlsops)
"""

EXAMPLES = r"""
- name: Ask for the renewal of what the site uses, 30 days before it ends, and write the request for the CA
  tlsops.windows.certificate_request:
    site: Production
    due_days: 30
    csr_path: "{{ inventory_dir }}/requests/"
  register: request

- name: Show it
  ansible.builtin.debug:
    var: request.csr

- name: A new name, with an ECDSA key
  tlsops.windows.certificate_request:
    subject: CN=shop.example.jp,O=株式会社例,L=Chiyoda,S=Tokyo,C=JP
    names: [shop.example.jp, www.shop.example.jp]
    key_type: ecdsa-p256
    friendly_name: shop.example.jp 2027

- name: Renew one certificate with a longer key and one more name
  tlsops.windows.certificate_request:
    renew_from: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
    names: [www.example.com, example.com, new.example.com]
    key_type: rsa
    key_size: 3072
"""

RETURN = r"""
state:
  description:
    - V(made), a request was made (or, in check mode, would be).
    - V(pending), one that fits is waiting for its answer.
    - V(not_due), the certificate in use lasts longer than O(due_days).
    - V(installed), the answer to an earlier request is installed, see RV(installed).
    - V(no_match), with O(no_match=ignore), nothing here is what was asked for.
  returned: success
  type: str
  sample: made
csr:
  description:
    - The request, PEM. Empty where none is needed, and in check mode where it would be made only by the run, or
      signed again together with a missing file.
  returned: success
  type: str
  sample: "-----BEGIN CERTIFICATE REQUEST-----\nMIIC...\n-----END CERTIFICATE REQUEST-----\n"
key_sha256:
  description: SHA-256 of the public key (SubjectPublicKeyInfo), upper-case hex. The CA's answer has the same key.
  returned: success
  type: str
  sample: 6B86B273FF34FCE19D6B804EFF5A3F5747ADA4EAA22F1D49C01E52DDB7875B4B
due:
  description: Whether the certificate in use ends within O(due_days). Always V(true) without it.
  returned: success
  type: bool
  sample: true
in_use:
  description: The certificate that is to be renewed. Empty without O(renew_from) and O(site), and where there is none.
  returned: success
  type: dict
  contains:
    thumbprint:
      description: Its SHA-1 thumbprint.
      type: str
    not_after:
      description: Its end, UTC.
      type: str
    days_left:
      description: Whole days until then, by the clock of the target. Negative where it has ended.
      type: int
  sample:
    thumbprint: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
    not_after: "2026-12-12T23:59:59+00:00"
    days_left: 20
subject:
  description: The subject of the request, or of the certificate in RV(state=not_due) and RV(state=installed).
  returned: success
  type: str
  sample: CN=www.example.com,O="Example, Inc.",C=JP
names:
  description: The DNS names, then the IP addresses.
  returned: success
  type: list
  elements: str
  sample: [www.example.com, example.com, 10.0.0.1]
key:
  description: Type and size of the key.
  returned: success
  type: str
  sample: rsa-2048
exportable:
  description: Whether the key may be exported. Null where Windows does not say, and for RV(state=not_due) and
    RV(state=no_match).
  returned: success
  type: bool
  sample: true
installed:
  description: The thumbprint of the certificate that has the wanted names and key already. Else empty.
  returned: success
  type: str
  sample: ""
files:
  description: The file of O(csr_path).
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The absolute path.
      type: str
    created:
      description: Whether this run wrote it (or, in check mode, would). V(false) where it held this request already.
      type: bool
  sample:
    - path: /srv/requests/web01_www.example.com.csr
      created: true
findings:
  description: Other pending requests that fit too; what was looked for, where RV(state=no_match).
  returned: success
  type: list
  elements: str
  sample: []
proofs:
  description:
    - C(request) for one that was made, or signed again, in this run. Its C(sha1) says whether the signature is by
      SHA-1, all that PowerShell 2.0 has; some CAs refuse that.
    - C(private_key) for a pending one whose key told nothing of itself, as under PowerShell 2.0.
  returned: success
  type: dict
  sample:
    request:
      outcome: proven
      seen: a request signed by its key with SHA-2
      sha1: false
restart_required:
  description: Always V(false) for this step.
  returned: success
  type: bool
  sample: false
"""
