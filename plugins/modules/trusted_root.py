#!/usr/bin/python
# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: trusted_root
short_description: Disable a root that keeps a cross certificate from being sent
version_added: 1.0.0
author:
  - the tlsops.windows authors (@tlsops)
description:
  - Windows gives no site a chain of its own. It takes the shortest trusted path that the machine's stores allow, so
    an enabled self-signed root ends the chain, and a cross certificate with the same name and key is not sent.
  - This step finds such roots in every physical store (Root, AuthRoot, Group Policy, Enterprise, and the store of
    SYSTEM itself), disables them for all purposes, and can bring back the exact bytes that were there before.
  - Nothing is disabled unless another chain exists from what is in the stores, is valid at the target's clock, and
    ends in another enabled root. This holds for every certificate that a TLS endpoint of the host uses.
  - With the CA's answer, the cross certificate and the intermediates that this other chain needs are put into the
    machine's CA store first, where it lacks them, so that no site is without a trusted chain in between. Nothing else
    of the answer is installed, and never a self-signed certificate.
  - Bindings whose chain changes are bound again with the same record, because Schannel keeps the chain that it built,
    and are looked at through the connection to the host. An endpoint that nobody reaches is a warning. A run that was
    cut off before this leaves a mark on the host, and the next run binds again. On IIS 6.0 a site that goes on with
    its old chain is stopped and started, which cuts open connections; a warning says so.
  - An answer that is not for a private key of this host is refused.
options:
  certificates:
    description:
      - The roots, each by its SHA-1 thumbprint or by its name in the catalogue of this collection.
      - The names are V(verisign_g5), V(sectigo_r46), V(sectigo_e46), V(isrg_x1), V(isrg_x2), V(isrg_yr), V(isrg_ye)
        and V(gts_r1). The root's common name works too.
      - Needed with O(state=enabled). Otherwise this or O(conflicting) is needed, and both together are allowed.
    type: list
    elements: str
    default: []
  conflicting:
    description:
      - Also takes every enabled self-signed root that has the subject and the key of a cross certificate in a chain
        which is in use on the host, or is being installed with O(answer) or O(answer_path).
      - A root whose cross certificate has expired is in conflict too; it is then refused to disable it, with that
        reason. With O(answer) or O(answer_path), and where the answer does not hold that cross certificate, it is a
        finding instead, and the root stays as it is.
      - Not allowed with O(state=enabled).
    type: bool
    default: false
  state:
    description:
      - V(disabled) disables every copy of the roots for all purposes. What was there before stays on the host, under
        C(HKLM\SOFTWARE\tlsops.windows\Undo\TrustedRoot).
      - V(distrusted) puts the roots into the store Disallowed. That is stronger, and it breaks the server's own
        outgoing TLS connections below these roots.
      - V(enabled) brings back exactly what this collection saved, and takes the roots out of Disallowed if it put
        them there. A copy that somebody removed or changed since is left alone and is a finding.
      - V(reported) changes nothing.
    type: str
    choices: [disabled, distrusted, enabled, reported]
    required: true
  force:
    description:
      - With O(state=disabled) and O(state=distrusted), acts although no other chain is left, and so takes away the
        only trusted chain; a warning tells the reason. Bindings that would have no trusted chain are not bound again.
      - With O(state=enabled), enables for all purposes a root of which no earlier value was saved, brings back what
        was saved of a copy that was removed or changed since, and takes out of Disallowed what somebody else put there.
    type: bool
    default: false
notes:
  - Windows may enable or fetch a root again, by automatic update, from Active Directory or by Group Policy. The
    result says which of these applies (RV(roots[].comes_back)), and every run looks again.
  - In a dry run of several tasks, M(tlsops.windows.certificate_install) shows what this step would have put into the
    CA store once more, because it is not there yet.
  - Where the web sites cannot be read, that is a finding. Which certificates are in use is not known
    then, and nothing is bound again.
seealso:
  - module: tlsops.windows.certificate_install
  - module: tlsops.windows.site_certificate
  - module: tlsops.windows.renewal
  - name: DigiCert Japan, installing a server ID on IIS 7
    description: Asks for VeriSign's G5 root to be disabled where the cross certificate is used (Japanese).
    link: https://knowledge.digicert.com/ja/jp/solution/SO23584.html
  - name: Sectigo, adding a cross-sign certificate on Windows
    description: Asks for the self-signed R46 or E46 root to be removed or disabled.
    link: https://www.sectigo.com/faqs/detail/add-cross-sign-certificate-to-the-chain-on-windows-platform
extends_documentation_fragment:
  - tlsops.windows.attributes
  - tlsops.windows.target
  - tlsops.windows.answer
"""

EXAMPLES = r"""
- name: No enabled root may stand in the way of a cross certificate that is used or comes with this answer
  tlsops.windows.trusted_root:
    conflicting: true
    answer_path: mails/{{ inventory_hostname }}.eml
    state: disabled

- name: Look only, a compliance check
  tlsops.windows.trusted_root:
    certificates:
      - sectigo_r46
      - sectigo_e46
    conflicting: true
    state: reported

- name: Bring a root back as it was
  tlsops.windows.trusted_root:
    certificates:
      - AD98F9F3E47D753B65D482B3A45217BB6EF5E438
    state: enabled
"""

RETURN = r"""
state:
  description: The state that was asked for.
  returned: success
  type: str
  sample: disabled
automatic_update:
  description: Whether the automatic update of roots is on, so that Windows may fetch or enable one by itself.
  returned: success
  type: bool
  sample: true
roots:
  description: Each root that was named or found.
  returned: success
  type: list
  elements: dict
  contains:
    thumbprint:
      description: Its SHA-1 thumbprint.
      type: str
      sample: AD98F9F3E47D753B65D482B3A45217BB6EF5E438
    label:
      description: What people call it.
      type: str
      sample: Sectigo Public Server Authentication Root R46
    subject:
      description: Its subject; empty where it is in no store.
      type: str
      sample: CN=Sectigo Public Server Authentication Root R46,O=Sectigo Limited,C=GB
    name:
      description: Its name in the catalogue; empty where it is not in there.
      type: str
      sample: sectigo_r46
    page:
      description: The page of its CA that the catalogue names.
      type: str
      sample: https://www.sectigo.com/faqs/detail/add-cross-sign-certificate-to-the-chain-on-windows-platform
    copies:
      description:
        - Its copies, one for each physical store that holds it.
        - V(before) and V(after) are V(enabled), V(restricted) (for other purposes than server authentication),
          V(disabled), or V(absent).
      type: list
      elements: dict
      sample:
        - physical: AuthRoot
          key: HKLM\SOFTWARE\Microsoft\SystemCertificates\AuthRoot\Certificates\AD98F9F3E47D753B65D482B3A45217BB6EF5E438
          before: enabled
          after: disabled
    distrusted_before:
      description: Whether it was in Disallowed.
      type: bool
      sample: false
    distrusted:
      description: Whether it is in Disallowed now.
      type: bool
      sample: false
    comes_back:
      description: What may enable or bring it back on this host.
      type: list
      elements: str
      sample:
        - "automatic update: Windows may enable or fetch it again at the next chain building (KB 2831004)"
    conflicting:
      description: Whether a cross certificate with its name and key is in a chain in use or being installed.
      type: bool
      sample: true
conflicts:
  description: Every pair of an enabled root and a cross certificate that was found, also where it was not asked for.
  returned: success
  type: list
  elements: dict
  contains:
    root:
      description: The root's thumbprint.
      type: str
      sample: AD98F9F3E47D753B65D482B3A45217BB6EF5E438
    cross_certificate:
      description: The cross certificate's thumbprint.
      type: str
      sample: 0123456789ABCDEF0123456789ABCDEF01234567
    issuer:
      description: Who issued the cross certificate.
      type: str
      sample: CN=USERTrust RSA Certification Authority,O=The USERTRUST Network,L=Jersey City,ST=New Jersey,C=US
    not_after:
      description: Until when the cross certificate is valid.
      type: str
      sample: "2038-01-18T23:59:59+00:00"
    expired:
      description: Whether the cross certificate is out of date at the target's clock.
      type: bool
      sample: false
    delivered:
      description: Whether the CA's answer holds it.
      type: bool
      sample: true
    reason:
      description: What the conflict does, with what the catalogue knows of it.
      type: str
      sample: Windows ends the chain at New Root and does not send the cross certificate.
side_effects:
  description: What else changes on the server.
  returned: success
  type: list
  elements: str
  sample:
    - while New Root is in Disallowed, this server's own outgoing TLS connections fail wherever a chain holds it, and
      so do code signatures below it
rebound:
  description: The endpoints that were bound again because their chain changes.
  returned: success
  type: list
  elements: str
  sample: ["ipport=0.0.0.0:443"]
not_looked_at:
  description:
    - The endpoints whose chain changes and that were not bound again, or could not be looked at, each with the reason.
    - Records of other programs and records that no site has a binding for are among them.
  returned: success
  type: dict
  sample: {"ipport=0.0.0.0:8443": "bound again but not looked at: no site that it serves is started"}
proofs:
  description: What each endpoint that was bound again sends now, as it was seen on the host.
  returned: success
  type: dict
  sample:
    chain sent by ipport=0.0.0.0:443:
      outcome: proven
      seen: www.example.com (0123456789ABCDEF0123456789ABCDEF01234567)
      protocol: TLSv1.2
      served: [0123456789ABCDEF0123456789ABCDEF01234567]
restart_required:
  description: Whether an endpoint still sends the old chain, so that the server has to be restarted.
  returned: success
  type: bool
  sample: false
findings:
  description: What a person should know of these roots and was not changed.
  returned: success
  type: list
  elements: str
  sample: []
"""
