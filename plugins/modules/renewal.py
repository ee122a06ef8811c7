#!/usr/bin/python

# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: renewal
short_description: Renew the certificate of a web site, from the CA's mail to a proven backup
version_added: 1.0.0
description:
  - The steps of a renewal as one task. Pre-check of the trusted roots (M(tlsops.windows.trusted_root)), installation of
    what the certificate authority (CA) sent (M(tlsops.windows.certificate_install)), swap of the production site's
    certificate (M(tlsops.windows.site_certificate)) and backup of the key pair (M(tlsops.windows.pfx_backup)).
  - Everything is read and checked first. Nothing is touched unless the whole plan holds.
  - One round to the host reads, one more does and proves. Where nothing has to change, the first is the only one. Where
    a site of IIS 6.0 still serves the old certificate then, a third one stops and starts that site and looks again.
  - Where a proof fails, what has a way back is put back, and the error says what was seen.
author:
  - the tlsops.windows authors (@tlsops)
extends_documentation_fragment:
  - tlsops.windows.attributes
  - tlsops.windows.answer
  - tlsops.windows.choosing
  - tlsops.windows.target
options:
  production_site:
    description:
      - The web site whose TLS bindings get the new certificate, all of them. It is left started.
      - Exactly one of O(production_site), O(production_sites), O(binding), O(replaces) and O(renewals) is required.
    type: str
  binding:
    description:
      - One binding, as C(ip:port:host) the way IIS writes it, for example V(*:443:www.example.com).
    type: str
  replaces:
    description:
      - The SHA-1 thumbprint of the old certificate. Every binding of a site that uses it gets the new one, stopped
        sites too.
    type: str
  thumbprint:
    description:
      - The SHA-1 thumbprint of a new certificate that is installed already, in C(MY) or C(WebHosting). There is no
        installation part then.
      - Exactly one of O(answer), O(answer_path), O(thumbprint) and O(renewals) is required.
    type: str
    version_added: 1.1.0
  renewal_site:
    description:
      - The web site on which the signing request was made. It is stopped first where its bindings collide with
        those of the production site, and is left stopped.
    type: str
  port:
    description: The port of the renewal site's TLS binding. Used with O(bind=true).
    type: int
    default: 443
  bind:
    description:
      - Whether to bind the new certificate to O(renewal_site) first.
      - Refused where another site has the same IP address and port, because that site would get the certificate too.
    type: bool
    default: false
  renewals:
    description:
      - Several renewals of one host in one task, still in two rounds. Each entry has a certificate and says where it
        goes, instead of the task itself. All other options are the task's own.
      - Each is planned on the host as those before leave it, a step of all before the next step of any. Nothing is
        touched unless all of it holds, and an error names the entry by number and site.
      - Refused are an endpoint that two entries give different certificates, a site that one entry stops and another
        one leaves started, a backup file that two certificates would share, and an entry that replaces the certificate
        that another one binds.
    type: list
    elements: dict
    version_added: 1.1.0
    suboptions:
      answer:
        description: As O(answer).
        type: str
      answer_path:
        description: As O(answer_path).
        type: path
      thumbprint:
        description:
          - As O(thumbprint).
          - Exactly one of O(renewals[].answer), O(renewals[].answer_path) and O(renewals[].thumbprint) is required.
        type: str
      production_site:
        description:
          - As O(production_site).
          - Exactly one of O(renewals[].production_site), O(renewals[].production_sites), O(renewals[].binding) and
            O(renewals[].replaces) is required.
        type: str
      production_sites:
        description:
          - As O(production_sites). A pattern never means the renewal site of any entry.
        type: list
        elements: str
      binding:
        description: As O(binding).
        type: str
      replaces:
        description: As O(replaces).
        type: str
      renewal_site:
        description: As O(renewal_site).
        type: str
      port:
        description: As O(port).
        type: int
        default: 443
      bind:
        description: As O(bind).
        type: bool
        default: false
      no_match:
        description:
          - As O(no_match), which holds where this is not given. With V(ignore) this entry is left out and the others go
            on.
        type: str
        choices: [fail, ignore]
  verify:
    description:
      - With V(changed) the host is asked what its bindings serve after something was changed.
      - With V(always) it is asked although nothing had to change, and then in a dry run too.
    type: str
    choices: [changed, always]
    default: changed
  backup_password:
    description:
      - The password of the backup, text or a whole number. Keep it in Ansible Vault or in another secret store.
      - The key leaves the host only under a random password made for this one task.
    type: str
    required: true
  backup_destinations:
    description:
      - Where the backup goes on the controller, once for each entry, so that a second medium can be among them.
      - A folder, existing or ending in C(/), gets a file named after host and thumbprint. Anything else is the file
        itself.
      - Each is an absolute path, or begins with C(~), or with C({{ inventory_dir }}/) to be beside the inventory. A
        relative path is refused.
      - They are checked before anything is touched on the host.
    type: list
    elements: path
    required: true
  backup_compatibility:
    description:
      - Which Windows must be able to open the backup.
      - V(modern) is AES-256, PBKDF2 and SHA-256, for Windows Server 2019 and newer and for OpenSSL.
      - V(windows2016) and V(windows2003) use the older forms that these can open.
    type: str
    choices: [modern, windows2016, windows2003]
    default: modern
  backup_vault:
    description: Whether to write the backup as an Ansible Vault file, with the vault secret that the play has loaded.
    type: bool
    default: false
  allow_unsafe_destination:
    description: Whether to write the backup into a git work tree, or into a folder that others may write to.
    type: bool
    default: false
  allow_unencrypted:
    description:
      - Whether the key, under its one-time password, may travel over a connection that does not encrypt (Basic, HTTP).
    type: bool
    default: false
  conflicting_roots:
    description:
      - What to do with an enabled self-signed root that has the name and key of a cross certificate in the new
        chain and so would cut that chain short.
      - V(disabled) turns it off for all purposes in place. V(distrusted) puts it into the Disallowed store. V(reported)
        only says so, V(ignored) does not look.
      - Its old bytes stay on the host. M(tlsops.windows.trusted_root) brings them back.
    type: str
    choices: [disabled, distrusted, reported, ignored]
    default: disabled
seealso:
  - module: tlsops.windows.trusted_root
  - module: tlsops.windows.certificate_install
  - module: tlsops.windows.site_certificate
  - module: tlsops.windows.pfx_backup
"""

EXAMPLES = r"""
- name: Renew the certificate of the site Production
  tlsops.windows.renewal:
    answer_path: "{{ inventory_dir }}/answers/{{ inventory_hostname }}.eml"
    production_site: Production
    renewal_site: Renewal
    backup_password: "{{ vault_pfx_password }}"
    backup_destinations: [/srv/backup/tls/, /mnt/second/tls/]

- name: Renew wherever the old certificate is in use, and leave the roots as they are
  tlsops.windows.renewal:
    answer_path: "{{ inventory_dir }}/answers/{{ inventory_hostname }}.eml"
    replaces: 6A1F2B9C0D3E4F5061728394A5B6C7D8E9F00112
    conflicting_roots: reported
    backup_password: "{{ vault_pfx_password }}"
    backup_destinations: [/srv/backup/tls/]
    backup_compatibility: windows2016

- name: Renew all shops and the intranet of a host in one task; a host without an intranet has the shops renewed
  tlsops.windows.renewal:
    renewals:
      - answer_path: "{{ inventory_dir }}/answers/{{ inventory_hostname }}_shops.eml"
        production_sites: ["Shop *"]
        renewal_site: Renewal
      - answer_path: "{{ inventory_dir }}/answers/{{ inventory_hostname }}_intranet.eml"
        production_site: Intranet
        no_match: ignore
    backup_password: "{{ vault_pfx_password }}"
    backup_destinations: [/srv/backup/tls/]
"""

RETURN = r"""
matched:
  description:
    - Whether the host has what the task asks for. With O(renewals), whether it has that of any entry. Where it has not,
      no step is in the result.
  returned: success
  type: bool
  sample: true
renewals:
  description:
    - With O(renewals), an entry for each, in order, with its own C(matched), C(certificate_install), C(pfx_backup) and
      C(site_certificate), which are not at the top then. RV(trusted_root) is the host's and stays at the top.
  returned: success, with O(renewals)
  type: list
  elements: dict
  sample:
    - matched: true
      certificate_install: {thumbprint: 0F1E2D3C4B5A69788796A5B4C3D2E1F001234567}
      pfx_backup: {thumbprint: 0F1E2D3C4B5A69788796A5B4C3D2E1F001234567}
      site_certificate: {matched: true}
    - matched: false
trusted_root:
  description:
    - The part of the pre-check, as M(tlsops.windows.trusted_root) returns it. With O(renewals) it is one for all new
      certificates together.
  returned: success, unless O(conflicting_roots=ignored)
  type: dict
  sample: {state: disabled, automatic_update: true, roots: []}
certificate_install:
  description: The part of Step 1, as M(tlsops.windows.certificate_install) returns it.
  returned: success, unless O(thumbprint) or O(renewals) is given
  type: dict
  sample: {thumbprint: 0F1E2D3C4B5A69788796A5B4C3D2E1F001234567}
site_certificate:
  description: The part of Step 2, as M(tlsops.windows.site_certificate) returns it.
  returned: success, unless O(renewals) is given
  type: dict
  sample: {matched: true, certificate: {thumbprint: 0F1E2D3C4B5A69788796A5B4C3D2E1F001234567}}
pfx_backup:
  description: The part of Step 3, as M(tlsops.windows.pfx_backup) returns it.
  returned: success, unless O(renewals) is given
  type: dict
  sample:
    thumbprint: 0F1E2D3C4B5A69788796A5B4C3D2E1F001234567
    files:
      - {path: /srv/backup/tls/web01_0F1E2D3C4B5A69788796A5B4C3D2E1F001234567.pfx, created: true}
changed:
  description: Whether anything was changed, or would be in a dry run.
  returned: always
  type: bool
  sample: true
diff:
  description: One entry for each change of all steps, from the plan alone, so that a dry run shows what a run does.
  returned: success
  type: list
  elements: dict
  sample:
    - before_header: ipport=0.0.0.0:443
      before: "certificate: 6A1F2B9C0D3E4F5061728394A5B6C7D8E9F00112"
      after: "certificate: 0F1E2D3C4B5A69788796A5B4C3D2E1F001234567"
findings:
  description: What a person should know and may want to act on.
  returned: success
  type: list
  elements: str
  sample: []
restart_required:
  description: Whether a host still serves what it had built before and has to be restarted.
  returned: success
  type: bool
  sample: false
step:
  description: The step that failed.
  returned: failure
  type: str
  sample: site_certificate
stage:
  description: Where in the way of the task it failed.
  returned: failure
  type: str
  sample: verify
hint:
  description: The next thing to do.
  returned: failure
  type: str
  sample: The old state was put back.
"""
