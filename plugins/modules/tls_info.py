#!/usr/bin/python
# Copyright: (c) 2026, the tlsops.windows authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
---
module: tls_info
short_description: Tell the whole TLS state of a Windows server
version_added: 1.1.0
author:
  - the tlsops.windows authors (@tlsops)
description:
  - Reads a server's sites and bindings, everything that holds their certificates (http.sys records; on IIS 6.0 the
    sites themselves), the certificates of MY, WebHosting, CA, Root and Disallowed, pending requests, and other programs
    that name a certificate, in one round.
  - Names what is wrong with them (RV(problems)) - certificates that expired, that are missing, that lack their private
    key, a name or a trusted chain, roots that stand in the way of a cross certificate, and traps of Windows itself.
  - Changes nothing. What a run of another step that was cut off has left is told, and stays as it is.
options:
  gather:
    description:
      - What to read. What is not asked for is not read, and its keys are not in the result.
      - The facts of the host are always there.
      - V(web) reads sites, bindings and http.sys records, or the metabase of IIS 6.0.
      - V(certificates) reads the machine's own certificates with what is known of their keys, and pending requests
        (stores MY, WebHosting and REQUEST).
      - V(stores) reads roots, intermediates and the disallowed (stores Root, CA and Disallowed, with each of their
        physical stores).
      - V(consumers) reads which programs other than web sites name a certificate.
      - A problem is only found where both sides of it were read. V(all) finds every one.
    type: list
    elements: str
    choices: [all, web, certificates, stores, consumers]
    default: [all]
notes:
  - No private key is used. Whether one signs is what M(tlsops.windows.site_certificate) and
    M(tlsops.windows.pfx_backup) prove; here RV(certificates[].key_usable) says whether it opened.
  - The chain of a certificate is what the server's stores allow. Whether a listener sends it is not looked at.
  - 2,000 certificates with RSA keys of 2048 bits and 500 bindings, on a simulated server, made an answer of 1.95 MB in
    one command (2.6 MB on the wire, since WinRM encodes it once more) and a result of 1.85 MB. Certificates of a public
    CA are larger, by the timestamps of its logs. Narrow O(gather) where that is too much to keep for every host.
seealso:
  - module: tlsops.windows.trusted_root
  - module: tlsops.windows.site_certificate
  - module: tlsops.windows.renewal
extends_documentation_fragment:
  - tlsops.windows.attributes
  - tlsops.windows.target
"""

EXAMPLES = r"""
- name: Look at everything
  tlsops.windows.tls_info:
    gather: [all]
  register: tls

- name: Name what is wrong, on each server
  ansible.builtin.debug:
    var: tls.findings

- name: No certificate that is in use ends within 30 days
  ansible.builtin.assert:
    that: ending | length == 0
    fail_msg: "{{ ending | map(attribute='subject') | join(', ') }}"
  vars:
    ending: "{{ tls.certificates | selectattr('used_by') | selectattr('days_left', 'lt', 30) }}"

- name: No root conflict, and no record without its certificate
  ansible.builtin.assert:
    that: tls.problems | map(attribute='kind') | intersect(forbidden) | length == 0
  vars:
    forbidden: [root_conflict, certificate_missing, private_key_unusable]

- name: Who still uses the old certificate
  ansible.builtin.debug:
    msg: "{{ tls.certificates | selectattr('thumbprint', 'eq', old_thumbprint) | map(attribute='used_by') }}"

- name: Read sites and records only
  tlsops.windows.tls_info:
    gather: [web]
"""

RETURN = r"""
host:
  description: What the server says of itself.
  returned: success
  type: dict
  contains:
    computer_name:
      description: Its NetBIOS name.
      type: str
      sample: WEB01
    os_version:
      description: The version of Windows in numbers.
      type: str
      sample: 10.0.20348
    build:
      description: The build number.
      type: int
      sample: 20348
    edition:
      description: The edition as the registry names it.
      type: str
      sample: ServerStandard
    iis_version:
      description: The version of IIS. Empty where there is none or it is not known, null where O(gather) lacks V(web).
      type: str
      sample: "10.0"
    powershell_version:
      description: The version of the PowerShell that answered.
      type: str
      sample: 5.1.20348.2760
    clr_version:
      description: The version of its .NET runtime.
      type: str
      sample: 4.0.30319.42000
    language_mode:
      description: Its language mode.
      type: str
      sample: FullLanguage
    ui_language:
      description: The language in which Windows was installed.
      type: str
      sample: ja-JP
    elevated:
      description: Whether the connection's user holds full administrator rights.
      type: bool
      sample: true
    clock:
      description: The server's clock, in UTC (ISO 8601).
      type: str
      sample: "2026-11-22T09:30:00+00:00"
    clock_difference:
      description:
        - The server's clock minus the controller's, in seconds.
        - The time that the server took to answer makes it smaller, by a few seconds where it has much to read.
      type: float
      sample: -0.4
    automatic_root_update:
      description: Whether the automatic update of roots is on. It is null where O(gather) lacks V(stores).
      type: bool
      sample: true
sites:
  description: The web sites.
  returned: O(gather) has V(web)
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: Production
    id:
      description: Its number in IIS.
      type: str
      sample: "1"
    state:
      description: V(started), V(stopped), V(starting), V(stopping), or V(unknown) where IIS does not tell.
      type: str
      sample: started
    bindings:
      description: Its bindings, those of other protocols than https too.
      type: list
      elements: dict
      contains:
        protocol:
          description: V(http), V(https) or another.
          type: str
          sample: https
        information:
          description: Address, port and host name.
          type: str
          sample: "*:443:www.example.com"
        ssl_flags:
          description: The number C(sslFlags).
          type: int
          sample: 1
        flags:
          description:
            - Its bits by name - V(sni), V(central_store), V(disable_http2), V(disable_ocsp_stapling),
              V(disable_quic), V(disable_tls13), V(disable_legacy_tls), V(negotiate_client_certificate).
            - A bit that is not known is a hexadecimal number.
          type: list
          elements: str
          sample: [sni]
records:
  description:
    - Everything that holds a certificate for TLS, whoever owns it. From IIS 7 on these are the records of http.sys; on
      IIS 6.0 each site that has SecureBindings is one.
  returned: O(gather) has V(web)
  type: list
  elements: dict
  contains:
    selector:
      description: Its name, as C(netsh) takes it; on IIS 6.0 as in C(metabase=W3SVC/1).
      type: str
      sample: ipport=0.0.0.0:443
    address:
      description: The address it is for; V(0.0.0.0) and V([::]) are any.
      type: str
      sample: 0.0.0.0
    port:
      description: The port it is for.
      type: int
      sample: 443
    host:
      description: The host name it is for (SNI); empty for every name.
      type: str
      sample: ""
    sites:
      description: The sites whose https bindings it answers for.
      type: list
      elements: str
      sample: [Production]
    owner:
      description: The program it belongs to, V(IIS) or another; empty where that is not known.
      type: str
      sample: IIS
    thumbprint:
      description: The SHA-1 thumbprint of its certificate; empty for the central certificate store.
      type: str
      sample: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
    store:
      description: The certificate store that it names.
      type: str
      sample: MY
    inherited_from:
      description:
        - The place above it that its certificate comes from, such as C(W3SVC) for all sites of IIS 6.0; empty where it
          is its own.
      type: str
      sample: ""
    app_id:
      description: The identifier of the program that made it.
      returned: for a record of http.sys
      type: str
      sample: "{4dc3e181-e14b-4a21-b022-59fc669b0914}"
    flags:
      description: Its C(DefaultFlags) (C(HTTP_SERVICE_CONFIG_SSL_FLAG_*)).
      returned: for a record of http.sys
      type: int
      sample: 0
    check_mode:
      description: How client certificates are checked (C(DefaultSslCertCheckMode)).
      returned: for a record of http.sys
      type: int
      sample: 0
    revocation_freshness_time:
      description: Seconds after which a revocation list is fetched again; 0 is the system's own time.
      returned: for a record of http.sys
      type: int
      sample: 0
    url_retrieval_timeout:
      description: Milliseconds that fetching a revocation list may take; 0 is the system's own time.
      returned: for a record of http.sys
      type: int
      sample: 0
    ctl_identifier:
      description: The list of issuers that client certificates may have.
      returned: for a record of http.sys
      type: str
      sample: ""
    ctl_store:
      description: The store of that list.
      returned: for a record of http.sys
      type: str
      sample: ""
    unknown:
      description: Values of the record that are not understood. No step of this collection writes such a record.
      returned: for a record of http.sys
      type: list
      elements: str
      sample: []
certificates:
  description:
    - Every certificate that was read, once, however many stores it lies in.
    - A pending request is among them, by the certificate that Windows keeps in the store REQUEST for it.
  returned: O(gather) has V(certificates) or V(stores)
  type: list
  elements: dict
  contains:
    thumbprint:
      description: Its SHA-1 thumbprint.
      type: str
      sample: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
    sha256:
      description: Its SHA-256 thumbprint.
      type: str
      sample: 96BCEC06264976F37460779ACF28C5A7CFE8A3C0AAE11A8FFCEE05C0BDDF08C6
    subject:
      description: Its subject.
      type: str
      sample: CN=www.example.com,O=Example Company,C=JP
    names:
      description:
        - The host names and IP addresses that it is for, from its subject alternative name.
        - The common name where it has no such extension and is no CA's.
      type: list
      elements: str
      sample: [www.example.com, example.com]
    issuer:
      description: Its issuer.
      type: str
      sample: CN=Example Server CA,O=Example Trust,C=JP
    not_before:
      description: From when it is valid.
      type: str
      sample: "2026-06-01T00:00:00+00:00"
    not_after:
      description: Until when it is valid.
      type: str
      sample: "2026-12-17T23:59:59+00:00"
    days_left:
      description: Whole days until then by the server's clock; negative for one that is expired.
      type: int
      sample: 25
    key_algorithm:
      description: V(RSA), V(ECDSA), or V(other).
      type: str
      sample: RSA
    key_size:
      description: The size of its key in bits; 0 where it is not known.
      type: int
      sample: 2048
    stores:
      description: The stores it lies in - V(MY), V(WebHosting), V(REQUEST), V(CA), V(Root), V(Disallowed).
      type: list
      elements: str
      sample: [MY]
    has_private_key:
      description: Whether a store of the machine links a private key to it. Known with V(certificates) in O(gather).
      type: bool
      sample: true
    key_usable:
      description:
        - Whether that key opened.
        - It is null where there is no key, or where this server's .NET opens no CNG keys (before 4.6).
      type: bool
      sample: true
    exportable:
      description: Whether its key may be exported. It is null where that is not known.
      type: bool
      sample: true
    provider:
      description: The provider that keeps its key; empty where that is not known.
      type: str
      sample: Microsoft Software Key Storage Provider
    key_spec:
      description: 1 for key exchange, 2 for signature, 0 for a CNG key or where there is none.
      type: int
      sample: 0
    friendly_name:
      description: What people call it; may be empty.
      type: str
      sample: www.example.com this year
    archived:
      description: Whether Windows hides it (a renewed certificate is archived).
      type: bool
      sample: false
    sites:
      description: The sites that serve it.
      type: list
      elements: str
      sample: [Production]
    used_by:
      description: What uses it - by RV(records[].selector), and RV(consumers[].program).
      type: list
      elements: str
      sample: ["ipport=0.0.0.0:443", Remote Desktop RDP-Tcp]
roots:
  description: What each root is allowed for, by the physical stores it lies in.
  returned: O(gather) has V(stores)
  type: list
  elements: dict
  contains:
    thumbprint:
      description: Its SHA-1 thumbprint; RV(certificates) has the rest.
      type: str
      sample: AD98F9F3E47D753B65D482B3A45217BB6EF5E438
    label:
      description: What people call it.
      type: str
      sample: Sectigo Public Server Authentication Root R46
    disallowed:
      description: Whether it lies in Disallowed too, which is stronger than any usage.
      type: bool
      sample: false
    copies:
      description: Its copies. Windows takes the usages of all of them together.
      type: list
      elements: dict
      contains:
        physical:
          description: V(Registry), V(AuthRoot), V(Policies), V(Enterprise), or V(System) for the store of SYSTEM.
          type: str
          sample: AuthRoot
        state:
          description:
            - V(enabled), V(restricted) (for other purposes than server authentication), or V(disabled).
          type: str
          sample: enabled
        allowed_usages:
          description: The allowed usages. It is null for all of them, and empty for none.
          type: list
          elements: str
          sample: [clientAuth, serverAuth]
consumers:
  description: Places other than RV(records) that name a certificate. FTP sites need V(web) in O(gather) too.
  returned: O(gather) has V(consumers)
  type: list
  elements: dict
  contains:
    program:
      description: What people call the program.
      type: str
      sample: Remote Desktop RDP-Tcp
    place:
      description: Where the thumbprint stands.
      type: str
      sample: HKLM\SYSTEM\CurrentControlSet\Control\Terminal Server\WinStations\RDP-Tcp, SSLCertificateSHA1Hash
    thumbprint:
      description: The thumbprint that it names.
      type: str
      sample: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
certificate_rebind:
  description: Whether the scheduled task "Certificate Rebind" of IIS is on, which moves bindings by itself.
  returned: O(gather) has V(consumers)
  type: bool
  sample: false
problems:
  description: What is wrong, or could not be read.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description:
        - V(no_certificate) is an https binding without a record.
        - V(certificate_missing) is a record whose certificate is not in its store.
        - V(no_private_key) and V(private_key_unusable) are a certificate at a record whose key is missing or does not
          open.
        - V(name_not_covered) is a host name of a binding that its certificate does not cover.
        - V(expired) and V(not_yet_valid) are a certificate in use, by the server's clock.
        - V(no_trusted_chain) is a certificate at a record whose chain the server's stores do not complete. What a
          program other than a site has signed for itself, as the IIS management service does, is not one.
        - V(root_conflict) is an enabled root that keeps a cross certificate from being sent, see
          M(tlsops.windows.trusted_root).
        - V(cross_certificate_missing) is a chain that ends in a root for which its CA has a cross certificate.
        - V(kept_certificate) is one that IIS 6 compatibility keeps and would bind again, V(certificate_rebind) the
          scheduled task of that name. Both may undo a swap.
        - V(hidden_name) is a record by name behind one of an exact address. V(foreign_record) is a record of another
          program that bindings of a site meet.
        - V(unfinished) is what a run that was cut off left behind.
        - V(no_sha2) is a Windows Server 2003 that cannot use certificates signed with SHA-2, for want of a hotfix.
        - V(clock) is a clock that is more than 5 minutes off.
        - V(web_unreadable) and V(unreadable) are what is not known because it could not be read.
      type: str
      sample: expired
    text:
      description: A sentence.
      type: str
      sample: www.example.com (1F0C...), which is in use, expired on 2026-11-01 23:59 UTC.
    where:
      description: The record or the place that it is about; empty where there is none.
      type: str
      sample: ipport=0.0.0.0:443
    thumbprint:
      description: The certificate that it is about; empty where there is none.
      type: str
      sample: 1F0C4C0B0B9C7A0A2B7E7E2D5A4B7F3C2D1E0F9A
findings:
  description: The sentences of RV(problems), each once.
  returned: success
  type: list
  elements: str
  sample: []
proofs:
  description: Always empty for this step.
  returned: success
  type: dict
  sample: {}
restart_required:
  description: Always false for this step.
  returned: success
  type: bool
  sample: false
"""
