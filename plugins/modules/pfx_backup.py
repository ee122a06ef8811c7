#!/usr/bin/python
# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pfx_backup
short_description: Back up a server certificate with its private key and chain as a PFX file on the controller
version_added: 1.0.0
description:
  - Exports the private key and the certificate in memory on the target, under a random one-time password. Nothing is
    written on the target.
  - On the controller they are encrypted again under O(password), together with the whole chain, the root included.
    The PFX is opened again and proven (the key belongs to the certificate, the chain is complete) before it is
    written.
  - Each file is written with mode 0600 from its first byte, whole or not at all, and never over another file.
    Where a file system has no modes (FAT, as on many USB sticks), the way it is mounted decides who may read it.
  - A file that is there already, opens with O(password) and holds this certificate with its key is left alone. Any
    other file of that name ends the task before anything is touched.
options:
  thumbprint:
    description:
      - The SHA-1 thumbprint of the certificate, in the store C(MY) or C(WebHosting) of the machine.
      - Exactly one of O(thumbprint), O(answer), O(answer_path) and O(site) is required.
    type: str
  site:
    description:
      - The name of a web site. Its current certificate is backed up; with several different ones, name one by
        O(thumbprint).
    type: str
  password:
    description:
      - The password of the PFX, text or a whole number. Anything else, such as a list, is refused.
      - Programs do not agree on how characters other than ASCII become bytes in a PFX, so a password of ASCII
        characters opens in most of them.
      - Ansible hands the arguments of a task to every callback plugin, whatever C(no_log) says. One that records them
        has to be told to leave this out.
    type: str
    required: true
  destinations:
    description:
      - Files or folders on the controller, the same backup for each. Name a second medium as well.
      - A folder (one that exists, or a path that ends in a slash) gets the default name, the host's name in the
        inventory and the thumbprint, as in C(web01.example.com_1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A.pfx).
      - Each is an absolute path, or begins with C(~), or with C({{ inventory_dir }}/) to be beside the inventory. A
        relative path is refused. It would be inside the installed collection where the collection's own playbook is
        used.
      - All are checked before anything is touched on the target. A folder has to exist. Refused are a symbolic link,
        and, unless O(allow_unsafe_destination) is set, a folder inside a git work tree or one that others may write
        to.
    type: list
    elements: path
    required: true
  compatibility:
    description:
      - V(modern) encrypts with AES-256 and PBKDF2 with HMAC-SHA-256, and protects with a SHA-256 MAC. Windows reads
        it from Server 2019 on.
      - V(windows2016) and V(windows2003) encrypt key and certificates with 3DES and protect with a SHA-1 MAC, for
        Server 2016 and older. V(windows2003) derives the key with as few rounds as that system does itself, so it
        needs the longer password.
    type: str
    choices: [modern, windows2016, windows2003]
    default: modern
  vault:
    description:
      - Write the PFX as an Ansible Vault file, encrypted with the vault secret of this run (that of
        E(ANSIBLE_VAULT_ENCRYPT_IDENTITY) if set, else the first).
      - A file that is there already is left as it is; one that is not encrypted so is named in a warning.
    type: bool
    default: false
  allow_unsafe_destination:
    description:
      - Write into a git work tree, or into a folder that others may write to, all the same.
    type: bool
    default: false
  allow_unencrypted:
    description:
      - Go on over a connection that does not encrypt (Basic over HTTP). The key would then travel under a password
        that travelled the same way.
    type: bool
    default: false
extends_documentation_fragment:
  - tlsops.windows.attributes
  - tlsops.windows.target
  - tlsops.windows.answer
notes:
  - Whatever O(compatibility) says, M(tlsops.windows.pfx_restore) can put the backup into every Windows. It matters
    where the file is imported by hand, and on Windows Server 2003 it is V(windows2003) then.
  - The key has to be exportable. That is decided when it is made, and cannot be changed afterwards.
seealso:
  - module: tlsops.windows.certificate_install
  - module: tlsops.windows.site_certificate
  - module: tlsops.windows.renewal
author:
  - the tlsops.windows authors (@tlsops)
"""

EXAMPLES = r"""
- name: Back up the certificate that the CA has just issued, to two media
  tlsops.windows.pfx_backup:
    answer_path: "{{ inventory_dir }}/answers/{{ inventory_hostname }}.eml"
    password: "{{ vault_pfx_password }}"
    destinations:
      - /srv/backup/certificates/
      - /media/usb/certificates/

- name: Back up what a site uses now, readable for Server 2012 R2
  tlsops.windows.pfx_backup:
    site: Default Web Site
    password: "{{ vault_pfx_password }}"
    destinations: [/srv/backup/certificates/]
    compatibility: windows2016

- name: Keep the backup beside the inventory, as an Ansible Vault file
  tlsops.windows.pfx_backup:
    thumbprint: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
    password: "{{ vault_pfx_password }}"
    destinations: ["{{ inventory_dir }}/backup/{{ inventory_hostname }}.pfx"]
    vault: true
    allow_unsafe_destination: true
"""

RETURN = r"""
thumbprint:
  description: The certificate in the backup.
  returned: success
  type: str
  sample: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
files:
  description: Each destination's file on the controller.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The absolute path.
      type: str
    created:
      description: Whether this run made it (or, in check mode, would); V(false) where a good backup was there.
      type: bool
  sample:
    - path: /srv/backup/certificates/web01.example.com_1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A.pfx
      created: true
chain:
  description: The subjects of the certificates in the backup, the server's own first.
  returned: success
  type: list
  elements: str
  sample:
    - CN=www.example.com
    - CN=Sectigo Public Server Authentication CA OV R36,O=Sectigo Limited,C=GB
    - CN=Sectigo Public Server Authentication Root R46,O=Sectigo Limited,C=GB
compatibility:
  description: The option of that name. What is said of a new file; a file that was there may be encrypted otherwise.
  returned: success
  type: str
  sample: modern
vault:
  description: The option of that name.
  returned: success
  type: bool
  sample: false
findings:
  description: Always empty for this step.
  returned: success
  type: list
  elements: str
  sample: []
proofs:
  description: Always empty for this step. A backup that cannot be proven is an error, and is not written.
  returned: success
  type: dict
  sample: {}
restart_required:
  description: Always V(false) for this step.
  returned: success
  type: bool
  sample: false
"""
