#!/usr/bin/python

# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: site_certificate
short_description: Swap the certificate of a web site's TLS bindings, and prove it
version_added: 1.0.0
description:
  - Step 2 of a renewal. Gives the endpoints of a web site another certificate, which is on the host already
    (M(tlsops.windows.certificate_install)). From IIS 7 on these are the http.sys records of its https bindings; on IIS
    6.0 it is the site itself, which has one certificate for all of them.
  - Every other value and flag of a record, its application id and its store stay as they were, which is proven by
    reading back. A record with a value or flag that would be lost is refused, and the error says which.
  - The change is atomic where the system can do that (C(netsh http update sslcert), probed on the host), else delete
    and add. The undo travels in the same batch, and the old record is kept in the registry until the new one is proven.
    Where a run was cut off, the next one puts the record back if it is gone, and proves everything.
  - On IIS 6.0 only the certificate and the store of that one site are written, also where it had inherited them, the
    metabase is saved to disk, and where the old certificate is still served then, that one site is stopped and started,
    which a warning tells, and looked at again. A script that was cut off in between leaves word in the registry, and
    the next run starts the site. With O(binding) every site that has it gets the certificate, for all its bindings.
  - Accounts that may read the key of the certificate that is replaced may read the new one's key too, from before the
    swap on. Nothing is taken over where a list cannot be read.
  - One record can serve several sites. They change together and are named before.
  - The services that serve web sites are started if they do not run. With O(production_site) the site is started too.
  - Each changed binding is then looked at through the connection of the inventory, with SNI and without. The leaf and
    the whole chain must be what was planned; otherwise the old record comes back and the error says what was seen.
    A site that is stopped and stays so is not looked at.
  - With O(renewal_site) beside O(production_site) or O(production_sites), other sites that are started and have an
    https binding are named in a finding (the documented procedure ends with only the live site running), and left as
    they are.
options:
  production_site:
    description:
      - The web site whose TLS bindings get the certificate. It is started if it is stopped.
      - Exactly one of O(production_site), O(production_sites), O(binding) and O(replaces) is required.
    type: str
  binding:
    description:
      - One https binding as IIS writes it, C(ip:port:host), as in V(*:443:) or V(*:443:www.example.com).
      - States of sites are left alone.
    type: str
  replaces:
    description:
      - The SHA-1 thumbprint of the old certificate. Every binding of a site that uses it gets the new one, stopped
        sites too. States of sites are left alone.
      - A record of another program that holds it is named and not touched.
    type: str
  thumbprint:
    description:
      - The SHA-1 thumbprint of the new certificate, in the store C(MY) or C(WebHosting) of the machine. It must lie,
        with its private key, in the store that the records name.
      - Exactly one of O(thumbprint), O(answer) and O(answer_path) is required.
    type: str
  renewal_site:
    description:
      - The web site on which the request was made. It is stopped first, because IIS does not start a site that has a
        binding of a started one, and is left stopped. With O(binding) it is refused where it is running and has that
        binding itself.
    type: str
  verify:
    description:
      - V(changed) looks at the bindings where something had to change. V(always) looks at all of them, also where
        nothing had to, and then in a dry run too.
    type: str
    choices: [changed, always]
    default: changed
extends_documentation_fragment:
  - tlsops.windows.attributes
  - tlsops.windows.target
  - tlsops.windows.answer
  - tlsops.windows.choosing
notes:
  - IIS 6.0 to 10. Bindings served from the central certificate store are recognized and left alone.
  - A certificate that no site of the host can serve is refused before anything is touched, in a dry run too (on Windows
    Server 2003 an ECDSA key, a key held by a CNG provider, SHA-2 without the hotfix; anywhere an RSA key of KeySpec 2).
  - Records that belong to AD FS, Web Application Proxy, SSTP, the IIS management service, the WinRM listener or SQL
    Server Reporting Services are never touched.
  - The old certificate stays in its store. Where it is also used by WinRM, Remote Desktop, FTP, SQL Server, the IIS
    management service, SSTP or another program's record, a finding names the place. It is not changed there.
  - Refused where IIS 6 compatibility keeps another certificate for one of the sites (property 5506 in C(customMetadata)
    of applicationHost.config), because the next program that opens the old metabase would bind that one again.
  - A warning where a record of an exact address hides a binding with SNI there, and where the scheduled task for IIS's
    Certificate Rebind is on.
  - With shared configuration (redirection.config) the sites are read by appcmd. Records of http.sys are each server's
    own, so each of the servers needs its swap.
seealso:
  - module: tlsops.windows.certificate_install
  - module: tlsops.windows.pfx_backup
  - module: tlsops.windows.renewal
author:
  - the tlsops.windows authors (@tlsops)
"""

EXAMPLES = r"""
- name: Swap the certificate of the production site, and leave the renewal site stopped
  tlsops.windows.site_certificate:
    production_site: Default Web Site
    renewal_site: Renewal
    answer_path: "{{ inventory_dir }}/answers/{{ inventory_hostname }}.eml"

- name: Replace an old certificate wherever a site uses it
  tlsops.windows.site_certificate:
    replaces: 0A4D5B7F3C2D1E0F9A1F0C4C0B0B9C7A0A2B7E7E
    thumbprint: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A

- name: Give a wildcard certificate to all shops of a host, on the hosts that have any
  tlsops.windows.site_certificate:
    production_sites: ["Shop *", Checkout]
    renewal_site: Renewal
    thumbprint: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
    no_match: ignore

- name: Swap one binding, and look at it even if nothing has to change
  tlsops.windows.site_certificate:
    binding: "*:443:www.example.com"
    thumbprint: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
    verify: always
"""

RETURN = r"""
matched:
  description: Whether the host has what the task asks for. Where it has not, nothing else of the step is returned.
  returned: success
  type: bool
  sample: true
certificate:
  description: The certificate that the bindings are to hold.
  returned: success
  type: dict
  contains:
    thumbprint:
      description: Its SHA-1 thumbprint.
      type: str
    subject:
      description: Its subject.
      type: str
    not_after:
      description: Until when it is valid.
      type: str
  sample:
    thumbprint: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
    subject: CN=www.example.com
    not_after: "2027-03-01T23:59:59+00:00"
key_access:
  description:
    - The SIDs that may read the new certificate's key from now on, because they may read that of a certificate that it
      replaces. Empty where the lists are equal, or one of them could not be read.
  returned: success
  type: list
  elements: str
  sample: [S-1-5-20]
endpoints:
  description: Each endpoint that was meant - an http.sys record, or on IIS 6.0 a site.
  returned: success
  type: list
  elements: dict
  contains:
    selector:
      description: Its name, as C(netsh) takes it; on IIS 6.0 as in C(metabase=W3SVC/1).
      type: str
    sites:
      description: The sites that it serves.
      type: list
      elements: str
    before:
      description: The thumbprint that it held; empty where it had none yet.
      type: str
    after:
      description: The thumbprint that it holds (or, in check mode, would hold).
      type: str
    store:
      description: The certificate store that it names.
      type: str
    shared_with:
      description: Sites that change together with the one that was asked for.
      type: list
      elements: str
    changed:
      description: Whether this run changed it (or, in check mode, would).
      type: bool
  sample:
    - selector: ipport=0.0.0.0:443
      sites: [Default Web Site]
      before: 0A4D5B7F3C2D1E0F9A1F0C4C0B0B9C7A0A2B7E7E
      after: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
      store: MY
      shared_with: []
      changed: true
sites:
  description:
    - The states of the sites that were named, under C(production) and C(renewal). Each has C(name), C(before) and
      C(after). With O(production_sites) there is a list of them under C(production_sites) instead of C(production).
    - A state is C(unknown) where IIS does not list its sites, as with very many bindings, or one is paused. Such
      a site is started or stopped along with a swap, else left as it is, with a warning.
  returned: success
  type: dict
  sample:
    production: {name: Default Web Site, before: started, after: started}
    renewal: {name: Renewal, before: started, after: stopped}
left_alone:
  description: Endpoints of the site that are served from the central certificate store, each with its C(sites).
  returned: success
  type: list
  elements: dict
  sample: []
proofs:
  description:
    - What was found at each endpoint that was looked at, by its selector. C(outcome) is C(proven) or
      C(restart required), C(seen) says it in words, C(served) has an entry for each look.
    - C(remedy) is there where a listener went on with the certificate that it had before, and says what was done so
      that it took the new one. In a dry run C(outcome) can be C(missed) where a run would do that.
  returned: when something was looked at
  type: dict
  sample:
    ipport=0.0.0.0:443:
      outcome: proven
      seen: it holds the certificate, every other value as it was
      served:
        - address: 127.0.0.1
          port: 443
          server_name: www.example.com
          protocol: TLS 1.2
          chain:
            - subject: CN=www.example.com
              thumbprint: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
          problem: ""
restart_required:
  description: Whether a binding still sends the chain that was built before a root changed.
  returned: success
  type: bool
  sample: false
findings:
  description: What a person should know, such as a site that a pattern finds and that has no https binding.
  returned: success
  type: list
  elements: str
  sample: []
"""
