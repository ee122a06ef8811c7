#!/usr/bin/python
# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: certificate_install
short_description: Install the certificate that a CA sent, with its private key and its chain
version_added: 1.0.0
description:
  - Takes the CA's answer as it came (a mail, PEM, PKCS#7, DER) and finds the server's own certificate in it by the
    public key of a pending request on the host, or of a certificate that is in the store already (the CA issued again
    for the same request). The order in the answer does not matter.
  - Before anything is touched it checks the validity at the host's own clock, key strength, signature algorithm, key
    usage, the chain up to a root that the host trusts, and the host names of the sites it is for. All problems are in
    one error.
  - Intermediate and cross certificates that are part of a chain of the certificate and not on the host yet go to the
    store C(CA). A self-signed certificate of the answer goes nowhere, it could bring back a root that was disabled.
  - C(certreq) gets the certificate alone, without a dialog and with a time limit. Its file is removed, on a failure
    too.
  - The private key is proven. The host signs, the controller verifies.
  - A certificate that is installed already is left alone.
options:
  renewal_site:
    description:
      - The site that serves to renew certificates.
      - With O(bind) the certificate must cover the host names of its C(https) bindings on O(port). Without O(bind)
        nothing is changed at it, and it only has to be there.
    type: str
  port:
    description: The port at which O(renewal_site) gets the certificate.
    type: int
    default: 443
  bind:
    description:
      - Bind the certificate to O(renewal_site) on O(port). Requires O(renewal_site).
      - What the site has on that port is swapped; where it has nothing there, a binding on all addresses is made.
      - On IIS 6.0 a started site is looked at behind that. If it goes on with what it had, it is stopped and started,
        which cuts open connections, and a warning says so. That it cannot be reached is a warning too.
      - This is refused where another site is served by the same record (IP address and port), because it would get the
        certificate too.
    type: bool
    default: false
  for_sites:
    description: Further sites whose C(https) host names the certificate must cover. Nothing is changed at them.
    type: list
    elements: str
    default: []
  store:
    description:
      - The store of the machine in which the certificate is wanted. C(certreq) always installs into V(MY), for
        V(WebHosting) it is copied from there.
      - Where it is not given, it is the store from which the sites of O(for_sites) take their certificates now, and
        V(MY) where they have none. Sites that use different stores need it.
      - V(WebHosting) exists since Windows Server 2012.
    type: str
    choices: [MY, WebHosting]
extends_documentation_fragment:
  - tlsops.windows.attributes
  - tlsops.windows.target
  - tlsops.windows.answer
notes:
  - One of O(answer) and O(answer_path) is required.
  - An answer that holds a private key is refused, nothing of it is used or shown.
  - A certificate that was accepted stays when a later operation of the same run fails, since its pending request is
    gone by then. The error says so, and the next run finds it installed.
  - The certificate needs a subject alternative name. Browsers ignore the common name.
  - The pending request is found by its key alone, whatever made it, the wizard of IIS 6.0 among others. On Windows
    Server 2003 a certificate for a key that no pending request holds any more (RV(matched=reissue)) gets it by
    C(certutil -repairstore); elsewhere certreq links that too.
  - With O(bind) it is refused where IIS 6 compatibility keeps another certificate for O(renewal_site) (property 5506 in
    C(customMetadata) of applicationHost.config), and where a binding would have to be added to a configuration that
    other servers share (redirection.config).
seealso:
  - module: tlsops.windows.trusted_root
  - module: tlsops.windows.site_certificate
  - module: tlsops.windows.pfx_backup
  - module: tlsops.windows.renewal
author:
  - the tlsops.windows authors (@tlsops)
"""

EXAMPLES = r"""
- name: Install the certificate from the mail that the CA sent
  tlsops.windows.certificate_install:
    answer_path: "{{ inventory_dir }}/answers/{{ inventory_hostname }}.eml"
    for_sites: [Default Web Site]

- name: Install it and bind it to the renewal site
  tlsops.windows.certificate_install:
    answer_path: "{{ inventory_dir }}/answers/{{ inventory_hostname }}.p7b"
    renewal_site: Renewal
    port: 8443
    bind: true

- name: Install from text, into the store that is made for many certificates
  tlsops.windows.certificate_install:
    answer: "{{ lookup('ansible.builtin.file', 'www.example.com.pem') }}"
    store: WebHosting
"""

RETURN = r"""
thumbprint:
  description: The certificate's SHA-1 thumbprint.
  returned: success
  type: str
  sample: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
subject:
  description: Its subject.
  returned: success
  type: str
  sample: CN=www.example.com
names:
  description: The DNS names and IP addresses that it covers.
  returned: success
  type: list
  elements: str
  sample: [www.example.com, example.com]
not_after:
  description: Until when it is valid (ISO 8601, UTC).
  returned: success
  type: str
  sample: "2027-05-01T23:59:59+00:00"
store:
  description: The store of the machine that holds it.
  returned: success
  type: str
  sample: MY
matched:
  description:
    - What had its private key. V(pending request), V(reissue) (an older certificate for the same request), or
      V(installed) (the certificate itself, it was there already).
  returned: success
  type: str
  sample: pending request
intermediates:
  description: The certificates of the answer that are part of its chain.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: The SHA-1 thumbprint.
      type: str
    subject:
      description: The subject.
      type: str
    added:
      description: Whether this run put it (or, in check mode, would) into the store C(CA); V(false) where it was there.
      type: bool
  sample:
    - thumbprint: 2D1E0F9A1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C
      subject: CN=Sectigo Public Server Authentication CA OV R36,O=Sectigo Limited,C=GB
      added: true
left_out:
  description: The certificates of the answer that go to no store.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: The SHA-1 thumbprint.
      type: str
    subject:
      description: The subject.
      type: str
    reason:
      description: Why. V(self-signed), V(not in a chain of this certificate), or V(expired).
      type: str
  sample:
    - thumbprint: 7A0A2B7E7E2D5A4B7F3C2D1E0F9A1F0C4C0B0B9C
      subject: CN=Sectigo Public Server Authentication Root R46,O=Sectigo Limited,C=GB
      reason: self-signed
endpoints:
  description: Where the renewal site holds the certificate; empty without O(bind).
  returned: success
  type: list
  elements: str
  sample: ["ipport=0.0.0.0:8443"]
findings:
  description: What a person should know, such as the certificates of the answer that were left out.
  returned: success
  type: list
  elements: str
  sample: []
proofs:
  description:
    - What was looked at after the change, by what it proves. With O(bind), an entry for each endpoint, such as
      C(binding ipport=0.0.0.0:8443); for a started site of IIS 6.0 it is named C(metabase=W3SVC/2), and has what
      M(tlsops.windows.site_certificate) has there.
    - Empty in check mode, and where nothing had to change. A certificate that is installed already with a key that
      did not open is proven in every run.
  returned: success
  type: dict
  contains:
    private_key:
      description:
        - The proof that the certificate has its private key. C(outcome) is V(proven), or V(unproven) where the system
          has no way to sign with a key of that kind (a CNG key under PowerShell 2.0). C(seen) says it in words.
        - C(provider), C(key_spec) (0 for a CNG key) and C(exportable) are what the key says of itself; empty, 0 and
          null where it did not open to the system, as in the second case.
      type: dict
  sample:
    private_key:
      outcome: proven
      seen: a signature (rsa-pkcs1-sha256) by the certificate's key
      algorithm: rsa-pkcs1-sha256
      provider: Microsoft RSA SChannel Cryptographic Provider
      key_spec: 1
      exportable: true
restart_required:
  description: Always V(false) for this step.
  returned: success
  type: bool
  sample: false
"""
